"""TensorFlow's and LiteRT's first lines on the terminal."""

import os
import subprocess
import sys

import pytest

from nircolor_tf import startup_noise

NOISE = (
    b"WARNING: All log messages before absl::InitializeLog() is called are "
    b"written to STDERR\n"
    b"I0000 00:00:1795902027.755327    7047 cudart_stub.cc:31] Could not find "
    b"cuda drivers on your machine, GPU will not be used.\n"
    b"I0000 00:00:1795902027.755327    7047 port.cc:153] oneDNN custom "
    b"operations are on. You may see slightly different numerical results.\n"
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
)
WORTH = (
    b"W0000 00:00:1795902027.755327    7047 other.cc:1] low memory\nINFO: x\n"
)


def test_only_noise_is_dropped(capfd, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    with startup_noise.dropped():
        os.write(2, NOISE + WORTH + NOISE)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == WORTH.decode() + "after\n"
    with pytest.raises(ImportError), startup_noise.dropped():
        os.write(2, WORTH)
        raise ImportError
    assert capfd.readouterr().err == WORTH.decode()
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with startup_noise.dropped():
        os.write(2, NOISE)
    assert capfd.readouterr().err == NOISE.decode()


def test_the_import_of_a_module_is_quiet(tmp_path):
    (tmp_path / "loud.py").write_text(
        f"import os\nos.write(2, {NOISE + WORTH!r})\nvalue = 3\n"
    )
    program = (
        "from nircolor_tf import startup_noise\n"
        "startup_noise.drop_at_import('loud')\n"
        "import json, loud\n"
        "print(loud.value, loud.__spec__.name)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)]),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "3 loud\n"
    assert result.stderr == WORTH.decode()
