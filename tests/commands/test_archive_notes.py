"""What bin/archive.py says of the images, beside how many there were."""

import runpy

import numpy as np
import pytest
from absl import flags

from nircolor_tf.inference import archive


@pytest.fixture
def command(repository):
    """bin/archive.py, in this process."""
    others = set(flags.FLAGS)
    path = repository / "nircolor_tf" / "commands" / "archive.py"
    main = runpy.run_path(str(path))["main"]

    def run(**values):
        arguments = [f"--{name}={value}" for name, value in values.items()]
        flags.FLAGS(["archive.py", *arguments])
        main()

    yield run
    for name in set(flags.FLAGS) - others:
        delattr(flags.FLAGS, name)


def test_notes(command, tmp_path, monkeypatch, capsys):
    levels = {(0, high, np.dtype(np.uint16)) for high in (1023, 4095)}
    outcome = archive.Outcome(0, 9, {}, frozenset(levels))
    monkeypatch.setattr(archive, "colorize_archive", lambda *_, **__: outcome)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.dng").write_bytes(b"")
    command(input=tmp_path, output=tmp_path / "out")
    first, *notes = capsys.readouterr().out.splitlines()
    assert first.startswith("colorized 9 images, ")
    assert notes == [
        "  note: brightness is not comparable: 2 ranges were used, as each "
        "image got its own; --range=0,4095 gives all the same, if they are of "
        "one camera",
        "  note: not colorized: 1 file of other types (.dng)",
    ]
