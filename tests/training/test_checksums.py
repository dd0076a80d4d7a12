"""A checkpoint that was cut off, changed or lost: named, and the one before."""

import pytest
import tensorflow as tf
from checkpointing import open_checkpoints, write_checkpoints
from full_disk import files_limited

from nircolor_tf.errors import DiskFullError, InputError
from nircolor_tf.training import checkpoint_files, checksums
from nircolor_tf.training.checkpoints import Checkpoints, newest_whole


@pytest.fixture
def workdir(tmp_path):
    write_checkpoints(tmp_path)
    return tmp_path


def names(workdir, pattern):
    return sorted(p.name for p in (workdir / "checkpoints").glob(pattern))


def data_file(workdir, prefix):
    (path,) = (workdir / "checkpoints").glob(f"{prefix}.data*")
    return path


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def change(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def remove(path):
    path.unlink()


def test_each_checkpoint_has_its_checksums(workdir):
    assert names(workdir, "ckpt-*.sha256") == [
        f"ckpt-{number}.sha256" for number in (2, 3, 4)
    ]
    assert names(workdir, "best-*.sha256") == ["best-2.sha256", "best-4.sha256"]
    for path in (workdir / "checkpoints").glob("*.sha256"):
        assert checksums.problem(path.with_suffix("")) is None
        lines = path.read_text().splitlines()
        assert [line.split("  ")[1] for line in lines] == names(
            workdir, f"{path.stem}.[id]*"
        )


@pytest.mark.parametrize("harm", [cut, change, remove])
@pytest.mark.parametrize("suffix", ["index", "data-00000-of-00001"])
def test_the_newest_is_damaged(workdir, harm, suffix, caplog):
    harm(workdir / "checkpoints" / f"ckpt-4.{suffix}")
    checkpoints, step, weight = open_checkpoints(workdir)
    assert checkpoints.restore_latest()
    assert (int(step), float(weight)) == (3, 3.0)
    assert f"ckpt-4: ckpt-4.{suffix} is " in caplog.text
    assert "taking" in caplog.text
    assert "ckpt-3" in caplog.text
    # Trained again, it is whole.
    step.assign(4)
    checkpoints.save_latest()
    assert newest_whole(workdir).endswith("ckpt-4")


@pytest.mark.parametrize("kept", ["", "half a line", "one line"])
def test_the_checksums_are_damaged(workdir, kept):
    path = workdir / "checkpoints" / "ckpt-4.sha256"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(
        {"": "", "half a line": lines[0][:20], "one line": lines[0]}[kept]
    )
    assert checksums.problem(path.with_suffix("")) == (
        "ckpt-4.sha256 is damaged or cut off"
    )
    assert newest_whole(workdir).endswith("ckpt-3")


def test_all_are_damaged(workdir):
    for number in (2, 3, 4):
        cut(data_file(workdir, f"ckpt-{number}"))
    checkpoints, *_ = open_checkpoints(workdir)
    with pytest.raises(
        InputError, match=r"ckpt-4: .*cut off; .*ckpt-2: .*copy"
    ):
        checkpoints.restore_latest()


def test_a_lost_list_of_checkpoints_does_not_begin_anew(workdir):
    (workdir / "checkpoints" / "checkpoint").unlink()
    checkpoints, step, _ = open_checkpoints(workdir)
    assert checkpoints.restore_latest()
    assert int(step) == 4


@pytest.mark.parametrize("harm", [cut, change, remove])
def test_the_best_is_damaged(workdir, harm, caplog):
    harm(data_file(workdir, "best-4"))
    checkpoints, _, weight = open_checkpoints(workdir)
    record = checkpoints.restore_best()
    assert record["step"] == 2
    assert record["metrics"] == {"std/psnr": 2.0}
    assert float(weight) == 2.0
    assert "best-4: best-4.data-00000-of-00001 is " in caplog.text
    harm(data_file(workdir, "best-2"))
    with pytest.raises(InputError, match=r"best-4: .*best-2: .*=latest"):
        open_checkpoints(workdir)[0].restore_best()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"step": 4}'),
        '{"step": "../4", "minutes": 1, "metrics": {}}',
        '{"step": 4, "minutes": 1, "metrics": {}, "previous": 2}',
    ],
)
def test_a_damaged_record_of_the_best_is_named(workdir, text):
    (workdir / "checkpoints" / "best.json").write_text(text)
    with pytest.raises(InputError, match=r"best\.json: damaged"):
        open_checkpoints(workdir)[0].restore_best()


def test_checkpoints_of_an_older_version_have_no_checksums(workdir):
    for path in (workdir / "checkpoints").glob("*.sha256"):
        path.unlink()
    checkpoints, step, weight = open_checkpoints(workdir)
    assert checkpoints.restore_latest()
    assert int(step) == 4
    assert checkpoints.restore_best()["step"] == 4
    assert float(weight) == 4.0


RESTORES = pytest.mark.parametrize(
    ("prefix", "restore"),
    [
        ("ckpt-4", Checkpoints.restore_latest),
        ("ckpt-4", Checkpoints.restore_latest_weights),
        ("best-4", Checkpoints.restore_best),
    ],
)


@RESTORES
@pytest.mark.parametrize("suffix", ["index", "data-00000-of-00001"])
def test_without_checksums_what_tensorflow_cannot_read_is_named(
    workdir, prefix, restore, suffix
):
    folder = workdir / "checkpoints"
    (folder / f"{prefix}.sha256").unlink()
    # The data begins with the weight.
    path = folder / f"{prefix}.{suffix}"
    path.write_bytes(path.read_bytes()[:8] if suffix == "index" else b"")
    with pytest.raises(
        InputError, match=f"{prefix}: damaged, or not a checkpoint of this con"
    ):
        restore(open_checkpoints(workdir)[0])


@RESTORES
def test_weights_of_another_shape_are_named(workdir, prefix, restore):
    checkpoints, *_ = open_checkpoints(workdir, [0.0, 0.0])
    with pytest.raises(
        InputError, match=f"{prefix}: damaged, or not a checkpoint of this con"
    ):
        restore(checkpoints)


def test_a_checkpoint_that_does_not_fit_leaves_the_others(workdir):
    checkpoints, step, _ = open_checkpoints(workdir)
    checkpoints.restore_latest()
    before = names(workdir, "*")
    step.assign(5)
    for save in (
        checkpoints.save_latest,
        lambda: checkpoints.save_best({"std/psnr": 5.0}),
    ):
        with (
            files_limited(16),
            pytest.raises(
                DiskFullError, match=r"-5: cannot be written: .* needs \d+ byt"
            ),
        ):
            save()
        assert names(workdir, "*") == before
    assert checkpoints.best_record()["step"] == 4
    # With room again, the next save is as any other.
    checkpoints.save_latest()
    assert newest_whole(workdir).endswith("ckpt-5")


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_process_dies_while_it_saves(tmp_path, monkeypatch, moved):
    """Also in the first save, of which then nothing or all is there."""
    checkpoints, step, _ = open_checkpoints(tmp_path)
    step.assign(1)
    moves, replace = [], checkpoint_files.os.replace

    def dying(source, target):
        # The checksums themselves are moved once before.
        if len(moves) == moved + 1:
            raise KeyboardInterrupt
        moves.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_files.os, "replace", dying)
        patch.setattr(checkpoint_files, "remove_unfinished", lambda folder: 0)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save_latest()
    resumed, step, _ = open_checkpoints(tmp_path)
    # Data alone is no checkpoint; with its index it is whole.
    assert resumed.restore_latest() == (moved == 2)
    step.assign(2)
    resumed.save_latest()
    assert newest_whole(tmp_path).endswith("ckpt-2")
    assert not (tmp_path / "checkpoints" / ".unfinished").exists()


def test_what_a_damaged_future_left_goes(workdir):
    cut(data_file(workdir, "ckpt-4"))
    checkpoints, step, _ = open_checkpoints(workdir)
    checkpoints.restore_latest()
    assert int(step) == 3
    checkpoints.save_latest()
    assert newest_whole(workdir).endswith("ckpt-3")
    assert not names(workdir, "ckpt-4*")


def test_the_best_is_saved_twice_at_a_step(tmp_path):
    checkpoints, step, weight = open_checkpoints(tmp_path)
    for number, psnr in ((1, 1.0), (2, 2.0), (2, 3.0)):
        step.assign(number)
        weight.assign(psnr)
        checkpoints.save_best({"std/psnr": psnr})
    assert names(tmp_path, "best-*.index") == ["best-1.index", "best-2.index"]
    assert checkpoints.best_record()["previous"]["step"] == 1


def test_tensorflow_finds_the_newest_of_a_relative_workdir(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    checkpoints, step, _ = open_checkpoints("run")
    step.assign(3)
    checkpoints.save_latest()
    newest = tf.train.latest_checkpoint("run/checkpoints")
    assert newest == "run/checkpoints/ckpt-3"
