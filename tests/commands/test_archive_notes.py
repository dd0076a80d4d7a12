"""What bin/archive.py says of the images, beside how many there were."""

import numpy as np
import pytest

from nircolor_tf.inference import archive


@pytest.fixture
def command(load_command):
    return load_command("archive")


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
