"""Every command records its command line in what it writes."""

import json
import sys

import pytest

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.training import command_log


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--workdir=runs/one", "--stop_at=5"],
            "--workdir=runs/one --stop_at=5",
        ),
        (["--workdir", "/home/me/runs/one"], "--workdir one"),
        (["--config=/home/me/configs/mpfnet.py:cpu"], "--config=mpfnet.py:cpu"),
        (
            ["--members=/home/me/a,runs/b,/home/me/c/"],
            "--members=a,runs/b,c",
        ),
        (
            ["--compare", "best of all=/home/my files/x:n2c"],
            "--compare 'best of all=x:n2c'",
        ),
        (["--config.data.zoom=(0.5, 1)"], "'--config.data.zoom=(0.5, 1)'"),
    ],
)
def test_a_command_line_can_be_typed_again(arguments, expected, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/home/me/bin/train.py", *arguments])
    assert cli.command_line() == f"bin/train.py {expected}"


def test_each_start_and_resume_is_an_entry(tmp_path):
    assert command_log.read(tmp_path) == []
    for step, command in ((0, "start"), (5, "resume"), (9, "resume")):
        command_log.append(tmp_path, command, step)
    assert json.loads((tmp_path / command_log.FILE).read_text()) == [
        {"step": 0, "command": "start"},
        {"step": 5, "command": "resume"},
        {"step": 9, "command": "resume"},
    ]
    assert command_log.read(tmp_path) == ["start", "resume"]


def test_commands_of_the_sources_come_first_and_once(tmp_path, tiny_export):
    start, on, mean = (tmp_path / name for name in ("start", "on", "mean"))
    for folder in (start, on, mean):
        folder.mkdir()
    command_log.append(start, "start", 0)
    command_log.append(on, "on", 0, [start])
    # The export is of an older version: it has no record.
    command_log.append(mean, "combine", 7, [on, tiny_export, start])
    assert command_log.read(mean) == ["start", "on", "combine"]
    assert json.loads((mean / command_log.FILE).read_text()) == [
        {"step": None, "command": "start"},
        {"step": None, "command": "on"},
        {"step": 7, "command": "combine"},
    ]


@pytest.mark.parametrize("text", ["{", "{}", '[{"step": 0}]', '["start"]'])
def test_a_malformed_record_is_named(text, tmp_path):
    (tmp_path / command_log.FILE).write_text(text)
    with pytest.raises(InputError, match=r"commands\.json: "):
        command_log.read(tmp_path)
