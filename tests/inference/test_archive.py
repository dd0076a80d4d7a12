"""Archives: a list becomes files, whatever fails or is killed meanwhile."""

import contextlib
import csv
import dataclasses
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from nircolor_tf.errors import DiskFullError, InputError
from nircolor_tf.images import image_files
from nircolor_tf.inference import (
    archive,
    archive_lists,
    folders,
    models,
    timing,
)
from nircolor_tf.inference.jobs import Job


def write_images(folder, *names):
    rng = np.random.default_rng(0)
    paths = []
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 256, (24, 32, 1), np.uint8)
        image_files.write_image(path, image)
        paths.append(path)
    return paths


def test_a_list_has_paths_of_its_folder_and_may_leave_it(tmp_path):
    listed = tmp_path / "lists" / "images.txt"
    listed.parent.mkdir()
    other = tmp_path / "far" / "b.tif"
    listed.write_text(f"near/a.png\n\n{other}\nnear/../near/a.png\n")
    found = archive_lists.read(listed, Path("out"), "same")
    assert found == [
        Job(listed.parent / "near" / "a.png", Path("out/lists/near/a.png")),
        Job(other, Path("out/far/b.tif")),
    ]
    listed.write_text("../../x/a.png\n")
    (job,) = archive_lists.read(listed, Path("out"), "jpeg")
    assert job.target == Path("out/a.jpg")


def test_names_of_a_list_hold_any_character_but_a_line_feed(tmp_path):
    listed = tmp_path / "images.txt"
    names = [f"a{mark}b.png" for mark in "\u2028\u0085\x0b\x0c\x1c\r \ufeff"]
    for start, end in (("", "\n"), ("\ufeff", "\r\n")):
        listed.write_bytes((start + end.join([*names, ""])).encode())
        images = archive_lists.read(listed, Path("out"), "same")
        assert [job.source for job in images] == [
            tmp_path / name for name in names
        ]
        assert [job.target.name for job in images] == names


def test_a_folder_is_listed_with_its_folders(tmp_path):
    paths = write_images(tmp_path / "in", "a.png", "deep/er/b.png")
    found = archive_lists.read(tmp_path / "in", tmp_path / "out", "same")
    assert [job.source for job in found] == paths
    assert found[1].target == tmp_path / "out" / "deep" / "er" / "b.png"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, r"no such file"),
        (b"\n", r"lists no image"),
        (b"\xff\xfe\xff", r"expected a folder, a text file"),
    ],
)
def test_what_is_no_list_is_named(content, reason, tmp_path):
    listed = tmp_path / "list.txt"
    if content is not None:
        listed.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        archive_lists.read(listed, tmp_path / "out", "same")


def test_zero_bytes_are_no_list_of_lines(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"a.png\0b.png\0")
    with pytest.raises(InputError, match=r"list\.txt: holds zero bytes"):
        archive_lists.read(tmp_path / "list.txt", Path("out"), "same")


def test_a_name_that_is_not_utf8_is_a_dead_letter(tmp_path):
    name = os.fsdecode(b"nir_\xe4.png")
    archive._write_dead_letters(tmp_path / "dead.csv", {name: "no image"})
    assert (tmp_path / "dead.csv").read_bytes() == (
        b"image,reason\nnir_\xe4.png,no image\n"
    )


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    listed = tmp_path / "list.parquet"
    table = {"path": ["a/1.png", None, "b/2.png"], "id": [1, 2, 3]}
    parquet.write_table(pa.table(table), listed)
    found = archive_lists.read(listed, Path("out"), "same")
    assert [job.source for job in found] == [
        tmp_path / "a" / "1.png",
        tmp_path / "b" / "2.png",
    ]
    parquet.write_table(pa.table({"file": ["a.png"]}), listed)
    with pytest.raises(InputError, match="with the column 'path'"):
        archive_lists.read(listed, Path("out"), "same")
    listed.write_bytes(b"no parquet")
    with pytest.raises(InputError, match="expected a Parquet file"):
        archive_lists.read(listed, Path("out"), "same")


@pytest.fixture(scope="module")
def work():
    pytest.importorskip("ray")
    return archive.Work(
        model="default", options=folders.Options(existing="skip")
    )


@pytest.mark.parametrize("brighten", [True, False])
def test_what_every_worker_loads(brighten):
    work = archive.Work("default", brighten=brighten, saturation=1.5)
    colorizer = archive._load(work)
    assert (colorizer.brighten, colorizer.saturation) == (brighten, 1.5)


@pytest.mark.parametrize("saturation", [-1.0, np.inf])
def test_a_mistake_in_the_model_is_told_before_the_first_worker(
    saturation, tmp_path
):
    write_images(tmp_path / "in", "a.png")
    work = archive.Work(
        "default", options=folders.Options(), saturation=saturation
    )
    with pytest.raises(InputError, match=r"saturation=.*: expected 0 or more"):
        archive.colorize_archive(work, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def dead_letters(folder):
    with (folder / archive.FILE).open(newline="") as file:
        return list(csv.reader(file))


@pytest.mark.slow
def test_bad_files_are_named_and_the_rest_is_done_once(work, tmp_path):
    paths = write_images(
        tmp_path / "in", "a.png", "b.png", "deep/c.png", "deep/d.png", "e.png"
    )
    good = paths[1].read_bytes()
    paths[1].write_bytes(good[:60])
    output = tmp_path / "out"
    outcome = archive.colorize_archive(
        work, tmp_path / "in", output, workers=2, batch=2
    )
    assert (outcome.skipped, outcome.colorized) == (0, 4)
    assert outcome.levels == {(0, 255, np.dtype(np.uint8))}
    assert [*outcome.failed] == [str(paths[1])]
    assert dead_letters(output) == [
        ["image", "reason"],
        [str(paths[1]), outcome.failed[str(paths[1])]],
    ]
    colorizer = models.load_export("default", threads=1)
    for path in (paths[0], paths[3]):
        expected = tmp_path / path.name
        folders.colorize_job(colorizer, Job(path, expected), work.options)
        result = output / path.relative_to(tmp_path / "in")
        assert result.read_bytes() == expected.read_bytes()
    times = {path: path.stat().st_mtime_ns for path in output.rglob("*.png")}
    assert len(times) == 4
    paths[1].write_bytes(good)
    outcome = archive.colorize_archive(work, tmp_path / "in", output, workers=1)
    assert (outcome.skipped, outcome.colorized) == (4, 1)
    assert not (output / archive.FILE).exists()
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_what_is_no_image_in_a_list_is_a_dead_letter(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("a.cr2\n")
    work, output = archive.Work(model="default"), tmp_path / "out"
    outcome = archive.colorize_archive(work, listed, output)
    assert (outcome.skipped, outcome.colorized) == (0, 0)
    reason = "unknown image suffix '.cr2'"
    assert dead_letters(output)[1:] == [[str(tmp_path / "a.cr2"), reason]]


def test_a_worker_writes_what_the_command_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_PAUSE", 0.0)
    a, b = write_images(tmp_path / "in", "a.png", "b.png")
    b.write_bytes(b"no image")
    folder = tmp_path / "out"
    batch = {
        "source": np.array([str(a), str(b), str(tmp_path)]),
        "target": np.array([str(folder / f"{n}.png") for n in range(3)]),
    }
    worker = archive._Worker(archive.Work("default"))
    rows = worker(batch)
    levels = list(zip(rows["low"], rows["high"], rows["dtype"], strict=True))
    assert levels == [(0, 255, "uint8"), (0, 0, ""), (0, 0, "")]
    reasons = rows["reason"]
    assert reasons[0] == ""
    assert reasons[1].startswith(f"{b}: ")
    assert reasons[2].startswith(f"{tmp_path}: ")
    colorizer = models.load_export("default", threads=1)
    folders.colorize_path(colorizer, a, tmp_path / "expected.png")
    expected = (tmp_path / "expected.png").read_bytes()
    assert (folder / "0.png").read_bytes() == expected
    assert [path.name for path in folder.iterdir()] == ["0.png"]
    # The batch of a worker that was killed comes again.
    (folder / "0.png").write_bytes(b"done")
    again = worker(batch)
    assert again["reason"] == reasons
    assert again["dtype"] == ["", "", ""]
    assert (folder / "0.png").read_bytes() == b"done"


def test_ranges_that_differ_are_kept_once_each(tmp_path, monkeypatch):
    """Without Ray: one worker has all images, as one batch."""
    source = tmp_path / "in"
    source.mkdir()
    for number in range(6):
        largest = (900, 3000)[number % 2]
        image = np.linspace(0, largest, 12).reshape(3, 4, 1).astype(np.uint16)
        image_files.write_image(source / f"{number}.png", image)

    def colorize(work, missing, workers, batch):
        columns = archive._Worker(work)(
            {
                "source": [str(job.source) for job in missing],
                "target": [str(job.target) for job in missing],
            }
        )
        rows = zip(*columns.values(), strict=True)
        return (dict(zip(columns, row, strict=True)) for row in rows)

    connected = contextlib.nullcontext()
    monkeypatch.setattr(archive, "_connected", lambda *_: connected)
    monkeypatch.setattr(archive, "_colorize", colorize)
    outcome = archive.colorize_archive(
        archive.Work("default"), source, tmp_path / "out"
    )
    uint16 = np.dtype(np.uint16)
    assert outcome.levels == {(0, 1023, uint16), (0, 4095, uint16)}
    assert "2 ranges were used" in folders.warning(outcome.levels)
    outcome = archive.colorize_archive(
        archive.Work("default"), source, tmp_path / "out"
    )
    assert (outcome.skipped, outcome.levels) == (6, frozenset())


def test_what_the_system_refuses_is_tried_again(tmp_path, monkeypatch):
    (image,) = write_images(tmp_path / "in", "a.png")
    pauses = []
    monkeypatch.setattr(archive.time, "sleep", pauses.append)
    read = image_files.read_with_metadata
    failures = [PermissionError("not now"), TimeoutError("not now")]

    def read_later(path):
        if failures:
            raise InputError(f"{path}: not now") from failures.pop()
        return read(path)

    monkeypatch.setattr(image_files, "read_with_metadata", read_later)
    batch = {"source": [image], "target": [tmp_path / "out" / "a.png"]}
    worker = archive._Worker(archive.Work("default"))
    assert worker(batch)["reason"] == [""]
    assert pauses == [1.0, 2.0]
    failures += [PermissionError("not now")] * 3
    batch["target"] = [tmp_path / "out" / "b.png"]
    assert worker(batch)["reason"] == [f"{image}: not now"]


@dataclasses.dataclass(frozen=True)
class Killer:
    """A channel of images whose names kill the worker that reads them."""

    marks: Path

    def of(self, raster, name):
        mark = self.marks / Path(name).stem
        if "always" in name or ("once" in name and not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return raster.bands


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_its_batch(work, tmp_path):
    ray = pytest.importorskip("ray")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    names = [f"{number}.png" for number in range(6)]
    names += ["once.png", "only_once.png", "x_always.png", "y.png"]
    write_images(tmp_path / "in", *names)
    (tmp_path / "marks").mkdir()
    options = dataclasses.replace(
        work.options, channel=Killer(tmp_path / "marks")
    )
    killed = dataclasses.replace(work, options=options)
    output = tmp_path / "out"
    outcome = archive.colorize_archive(
        killed, tmp_path / "in", output, workers=2, batch=2
    )
    assert {path.name for path in (tmp_path / "marks").iterdir()} == {
        "once",
        "only_once",
        "x_always",
    }
    # What comes behind it in its batch is left for another time.
    assert set(outcome.failed.values()) == {"its worker was killed"}
    assert sorted(Path(path).name for path in outcome.failed) == [
        "x_always.png",
        "y.png",
    ]
    assert outcome.colorized == 8
    outcome = archive.colorize_archive(
        killed, tmp_path / "in", output, workers=1, batch=1
    )
    assert [Path(path).name for path in outcome.failed] == ["x_always.png"]
    assert outcome.colorized == 1


class Full:
    """A channel of images whose results do not fit on the disk."""

    def of(self, raster, name):
        raise DiskFullError(f"{name}: no space")


@pytest.mark.slow
def test_a_full_disk_ends_it(work, tmp_path):
    ray = pytest.importorskip("ray")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    write_images(tmp_path / "in", *(f"{number}.png" for number in range(9)))
    options = dataclasses.replace(work.options, channel=Full())
    full = dataclasses.replace(work, options=options)
    with pytest.raises(DiskFullError, match=r"0\.png: no space"):
        archive.colorize_archive(
            full, tmp_path / "in", tmp_path / "out", workers=1, batch=2
        )


@pytest.mark.slow
def test_more_threads_than_cores_are_one_worker(work, tmp_path):
    write_images(tmp_path / "in", "a.png", "b.png")
    work = dataclasses.replace(work, threads=timing.cores() + 1)
    outcome = archive.colorize_archive(work, tmp_path / "in", tmp_path / "out")
    assert outcome.colorized == 2


def test_threads_that_no_machine_has_cores_for(monkeypatch):
    monkeypatch.setattr(archive, "_cores_of_machines", lambda: [2, 8, 4])
    archive._check_cores(8)
    with pytest.raises(InputError, match=r"--threads=9: .*at most 8"):
        archive._check_cores(9)


@pytest.mark.slow
def test_no_cluster(work, tmp_path):
    write_images(tmp_path / "in", "a.png")
    with pytest.raises(InputError, match="no Ray cluster answers"):
        archive.colorize_archive(
            work, tmp_path / "in", tmp_path / "out", address="127.0.0.1:1"
        )
    assert not (tmp_path / "out").exists()
