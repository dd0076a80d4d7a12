"""Nothing half-written, and words for what a full disk refuses."""

import os
import re
import shutil

import pytest
from full_disk import files_limited, no_space

from nircolor_tf import files
from nircolor_tf.errors import DiskFullError, InputError


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    return path


def test_a_file_that_does_not_fit_leaves_the_old_one(old):
    with (
        files_limited(1000),
        pytest.raises(
            DiskFullError,
            match=re.escape(
                f"{old}: cannot be written: File too large: it needs 2,000 "
                "bytes; `ulimit -f` allows files of 1,000 bytes"
            ),
        ),
        files.replacing(old, 2000) as temporary,
    ):
        temporary.write_bytes(bytes(2000))
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (None, "; {folder} has 0.5 MB left"),
        (800_000, ": it needs 0.8 MB; {folder} has 0.5 MB left, 0.3 MB are "),
        (400_000, ": it needs 0.4 MB; {folder} has 0.5 MB left"),
    ],
)
def test_what_is_missing_is_said(old, monkeypatch, needed, words):
    usage = shutil.disk_usage(old)._replace(free=500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    expected = f"{old}: cannot be written: No space left on device" + words
    with (
        pytest.raises(
            DiskFullError, match=re.escape(expected.format(folder=old.parent))
        ),
        files.replacing(old, needed),
    ):
        raise no_space()
    assert old.read_text() == "old"


def test_what_a_library_says_of_a_full_disk_is_understood(old):
    error = RuntimeError("ckpt-3; No space left on device")
    assert isinstance(files.refusal(old, error), DiskFullError)
    error = RuntimeError("ckpt-3; Permission denied")
    refused = files.refusal(old, error)
    assert type(refused) is InputError
    assert str(refused).endswith("cannot be written: ckpt-3; Permission denied")


def test_a_row_is_added_whole_or_not_at_all(old):
    with (
        files_limited(100),
        pytest.raises(DiskFullError, match=f"{old}: cannot be written"),
        files.appending(old) as file,
    ):
        file.write("new" * 100)
    assert old.read_text() == "old"
    with files.appending(old) as file:
        file.write(", new")
    assert old.read_text() == "old, new"


def test_two_processes_of_one_number_write_apart(old, monkeypatch):
    """Each is process 1 of its container; the folder is one."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with files.replacing(old) as first:
        first.write_text("first")
        with files.replacing(old) as second:
            second.write_text("second")
        assert old.read_text() == "second"
    assert old.read_text() == "first"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize("letter", ["a", "\N{HIRAGANA LETTER A}"])
def test_a_name_as_long_as_the_system_takes(tmp_path, letter):
    name = letter * (251 // len(letter.encode())) + ".png"
    with files.replacing(tmp_path / name) as temporary:
        temporary.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "folder"
    with files.new_folder(folder) as temporary:
        (temporary / "file").write_text("new")
        assert not folder.exists()
        with pytest.raises(KeyError), files.new_folder(folder) as other:
            (other / "file").write_text("half")
            raise KeyError
        assert temporary.exists()
    assert (folder / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_a_killed_process_left_is_named(tmp_path, caplog):
    for name in (".new.12ab34cd.partial", ".newer.12ab34cd.partial"):
        (tmp_path / name).mkdir()
    with files.new_folder(tmp_path / "new"):
        pass
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/.new.12ab34cd.partial: left by a program that was killed, "
        "or that is running; if none is, delete it"
    ]


def test_what_a_killed_process_left_goes(old):
    old.with_name(".file.12345.tmp").write_text("half")
    files.remove_temporaries(old.parent)
    assert list(old.parent.iterdir()) == [old]
    files.remove_temporaries(old.parent / "nowhere")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not a JSON file: "),
        (b"[" * 100_000, "not a JSON file: maximum recursion"),
        (b'"\xff"', "not a JSON file: .*utf-8"),
    ],
)
def test_what_is_no_json_is_named(content, words, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"a.json: {words}"):
        files.read_json(path)


def test_json(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"größe": 1.5}', encoding="utf-8")
    assert files.read_json(path) == {"größe": 1.5}
    with pytest.raises(FileNotFoundError):
        files.read_json(tmp_path / "b.json")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        files.read_json(tmp_path)
