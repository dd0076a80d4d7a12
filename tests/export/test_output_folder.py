"""What an export may replace, and what is left when it fails."""

import errno
import os
from pathlib import Path

import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.export import export, output_folder, renewal

OVERWRITE = export.Options(overwrite=True)


def write_folder(folder, *names):
    """A folder with a file of each name, which holds that name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    return folder


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        if path.is_file()
        else ""
        for path in folder.rglob("*")
    }


def test_overwrite_replaces_an_export(tmp_path):
    old = write_folder(tmp_path / "old", "card.json", "model.tflite")
    empty = write_folder(tmp_path / "empty")
    for output in (old, empty, tmp_path / "new"):
        assert output_folder.check(output, True, []) == output
        with output_folder.replacing(output) as folder:
            write_folder(folder, "card.json")
        assert tree(output) == {"card.json": "card.json"}
    assert {path.name for path in tmp_path.iterdir()} == {"old", "empty", "new"}
    with pytest.raises(InputError, match=r"old: exists already; .*--over"):
        output_folder.check(old, False, [])


@pytest.mark.parametrize("name", ['a"b', "-a", "a\n", "", "a:b"])
def test_a_folder_that_gives_no_name_is_refused(tmp_path, name):
    output = tmp_path / "models" / name if name else "."
    for write in (export.export_workdir, renewal.renew):
        with pytest.raises(InputError, match="gives the export its name: "):
            write(tmp_path, output, OVERWRITE)
    assert not (tmp_path / "models").exists()


def test_overwrite_replaces_nothing_else(tmp_path):
    workdir = write_folder(tmp_path / "run", "config.json", "best.json")
    export_folder = write_folder(tmp_path / "models" / "one", "card.json")
    write_folder(tmp_path, "file")
    (tmp_path / "link").symlink_to(export_folder)
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    before = tree(tmp_path)
    for name, message in (
        ("run", "run: no export; --overwrite replaces an export, a folder "),
        ("models", "models: no export"),
        ("file", "file: no export"),
        ("link", "link: a link; --overwrite replaces a folder"),
        ("dead", "dead: a link"),
    ):
        output = tmp_path / name
        with pytest.raises(InputError, match=message):
            export.export_workdir(workdir, output, OVERWRITE)
        with pytest.raises(InputError, match=message):
            renewal.renew(export_folder, output, OVERWRITE)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["workdir", "estimator", "representative"])
def test_an_export_is_not_made_of_what_it_replaces(tmp_path, name):
    output = write_folder(tmp_path / "models", "card.json")
    (tmp_path / "link").symlink_to(output)
    inputs = {"workdir": "run"} | {name: tmp_path / "link" / name}
    write_folder(output / name, "config.json")
    before = tree(tmp_path)
    workdir = inputs.pop("workdir")
    options = export.Options(overwrite=True, **inputs)
    with pytest.raises(InputError, match=f"models: .*{name} is in it, which"):
        export.export_workdir(workdir, output, options)
    assert tree(tmp_path) == before


def test_a_renewed_export_lies_beside_the_old_one(tmp_path):
    source = write_folder(tmp_path / "models" / "old", "card.json")
    write_folder(tmp_path / "models", "card.json")
    before = tree(tmp_path)
    # The copy of a folder into itself has no end.
    with pytest.raises(InputError, match=r"old/new: a folder in .*old, of"):
        renewal.renew(source, source / "new", export.Options())
    with pytest.raises(InputError, match=r"models: .*old is in it, which"):
        renewal.renew(source, source.parent, OVERWRITE)
    options = export.Options(overwrite=True, representative=source / "nir")
    with pytest.raises(InputError, match=r"old: .*nir is in it, which"):
        renewal.renew(source, source, options)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (OSError, InputError, "old: cannot be written: Input/output error"),
        (KeyboardInterrupt, KeyboardInterrupt, None),
    ],
)
def test_what_was_there_comes_back_when_the_new_one_gets_no_name(
    tmp_path, monkeypatch, error, expected, message
):
    output = write_folder(tmp_path / "old", "card.json", "model.tflite")
    before, replace = tree(tmp_path), Path.replace

    def fail(source, target):
        if (source / "model.onnx").exists():
            raise error(errno.EIO, os.strerror(errno.EIO))
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", fail)
    with (
        pytest.raises(expected, match=message),
        output_folder.replacing(output) as folder,
    ):
        write_folder(folder, "card.json", "model.onnx")
    assert tree(tmp_path) == before


def test_what_came_meanwhile_is_not_replaced(tmp_path):
    for name in ("file", "run"):
        output = tmp_path / name
        with (
            pytest.raises(InputError, match=f"{name}: no export"),
            output_folder.replacing(output) as folder,
        ):
            write_folder(folder, "card.json")
            if name == "file":
                output.write_text("")
            else:
                write_folder(output, "config.json")
    assert sorted(tree(tmp_path)) == ["file", "run", "run/config.json"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for output in (tmp_path / "file" / "new", Path("/proc/new")):
        with (
            pytest.raises(InputError, match=f"{output}: cannot be written: "),
            output_folder.replacing(output),
        ):
            raise AssertionError
