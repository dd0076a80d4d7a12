"""Damaged files through the public entry points: an error of ours, or none.

No crash, no hang, and nothing half-written. Images have a test of their own,
tests/commands/test_damaged_files.py.
"""

import contextlib
import json
import shutil
from fractions import Fraction
from pathlib import Path

import checkpointing
import clips
import numpy as np
import pytest
import smoke
from damage import COUNTS, changed, damaged, fuzz
from hypothesis import strategies as st

from nircolor_tf import errors
from nircolor_tf.data import manifest, training_data
from nircolor_tf.inference import cards, digests, models
from nircolor_tf.training import checking, command_log, config_files
from nircolor_tf.training.checkpoints import Checkpoints

ACCEPTED = errors.InputError
NOISE = np.random.default_rng(0).integers(0, 255, (4, 32, 48), np.uint8)


def as_json(tree):
    return json.dumps(tree).encode()


@COUNTS
def test_manifests(count, pairs_manifest, tmp_path):
    content = pairs_manifest.read_bytes()
    path = tmp_path / "manifest.csv"

    def check(data):
        path.write_bytes(data)
        with contextlib.suppress(ACCEPTED):
            for example in manifest.read_manifest(path):
                assert "/" not in example.name
                assert example.width > 0

    fuzz(count, damaged(content), check)
    rows = [line.split(",") for line in content.decode().splitlines()]
    texts = st.text(st.characters(codec="utf-8"), max_size=9)
    texts |= st.integers().map(str) | st.sampled_from(["../x", "1e9", "nan"])
    fuzz(
        count,
        changed(rows[:4], texts).map(
            lambda rows: "\n".join(
                ",".join(row) if isinstance(row, list) else row for row in rows
            ).encode()
        ),
        check,
    )


@COUNTS
@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("training_data.csv", training_data.read),
        ("commands.json", command_log.read),
    ],
)
def test_records(count, file, read, tmp_path):
    path = tmp_path / file
    training_data.write(tmp_path, training_data.NOTHING)
    command_log.append(tmp_path, "bin/train.py --workdir=a", 0)

    def check(data):
        path.write_bytes(data)
        with contextlib.suppress(ACCEPTED):
            read(tmp_path)

    fuzz(count, damaged(path.read_bytes()), check)


@COUNTS
def test_configs(count, tmp_path, pairs_manifest):
    config = smoke.smoke_config("atcyclegan", "smoke", pairs_manifest)
    path = tmp_path / config_files.CONFIG_FILE
    tree = json.loads(config.to_json())

    def check(data):
        path.write_bytes(data)
        with contextlib.suppress(ACCEPTED):
            read = config_files.read_config(tmp_path)
            checking.check_config(read, 1)

    fuzz(count, damaged(json.dumps(tree).encode()), check)
    fuzz(count, changed(tree).map(as_json), check)


LATEST = ("ckpt-4.sha256", "ckpt-4.index", "ckpt-4.data-00000-of-00001")
BEST = ("best-4.sha256", "best-4.index", "best-4.data-00000-of-00001")


@COUNTS
@pytest.mark.parametrize("file", [*LATEST, *BEST])
def test_checkpoints(count, file, tmp_path):
    """Where one is damaged the one before is taken."""
    checkpointing.write_checkpoints(tmp_path)
    path = tmp_path / "checkpoints" / file
    whole, before = (4.0, 3.0) if file in LATEST else (4.0, 2.0)
    checkpoints, _, weight = checkpointing.open_checkpoints(tmp_path)

    def check(data):
        path.write_bytes(data)
        weight.assign(0.0)
        if file in LATEST:
            assert checkpoints.restore_latest()
        else:
            checkpoints.restore_best()
        # The checksums may be damaged in a line's end alone.
        assert weight in ((before, whole) if "sha256" in file else (before,))

    fuzz(count, damaged(path.read_bytes()), check)


@COUNTS
@pytest.mark.parametrize(
    ("file", "restore"),
    [
        *((file, Checkpoints.restore_latest) for file in LATEST[1:]),
        *((file, Checkpoints.restore_latest_weights) for file in LATEST[1:]),
        *((file, Checkpoints.restore_best) for file in BEST[1:]),
    ],
)
def test_checkpoints_of_older_versions(count, file, restore, tmp_path):
    """Without checksums TensorFlow itself reads what is damaged."""
    checkpointing.write_checkpoints(tmp_path)
    path = tmp_path / "checkpoints" / file
    path.with_name(LATEST[0] if file in LATEST else BEST[0]).unlink()
    checkpoints, _, weight = checkpointing.open_checkpoints(tmp_path)

    def check(data):
        path.write_bytes(data)
        with contextlib.suppress(ACCEPTED):
            restore(checkpoints)
            assert weight == 4.0

    fuzz(count, damaged(path.read_bytes()), check)


@COUNTS
def test_best_checkpoints(count, tmp_path):
    checkpointing.write_checkpoints(tmp_path)
    path = tmp_path / "checkpoints" / "best.json"
    content = path.read_bytes()
    checkpoints, _, weight = checkpointing.open_checkpoints(tmp_path)

    def check(data):
        path.write_bytes(data)
        with contextlib.suppress(ACCEPTED):
            record = checkpoints.restore_best()
            assert weight == record["step"]

    fuzz(count, damaged(content), check)
    fuzz(count, changed(json.loads(content)).map(as_json), check)


@pytest.fixture
def export(tiny_export, tmp_path):
    """An export whose card has the digests of its files."""
    folder = tmp_path / "export"
    shutil.copytree(tiny_export, folder)
    card = json.loads((folder / cards.CARD_FILE).read_text())
    # What is in it is not looked at: it is never what its digest says.
    (folder / "model.onnx").write_bytes(bytes(1000))
    card["paths"]["n2c"]["files"]["onnx"] = "model.onnx"
    card[digests.KEY] = digests.of(folder)
    (folder / cards.CARD_FILE).write_text(json.dumps(card))
    return folder


@COUNTS
def test_cards(count, export):
    path = export / cards.CARD_FILE
    content = path.read_text()
    nir = np.full((9, 7, 1), 0.5, np.float32)

    def check(data):
        path.write_bytes(data)
        with contextlib.suppress(ACCEPTED):
            for name in ("n2c", "g2n"):
                color = models.load_export(export, path=name)(nir)
                assert color.shape[:2] == nir.shape[:2]

    fuzz(count, damaged(content.encode()), check)
    tree = json.loads(content)
    fuzz(count, changed(tree).map(as_json), check)


@COUNTS
@pytest.mark.parametrize(
    ("file", "runtime"),
    [
        ("model.tflite", "litert"),
        ("model.onnx", "onnx"),
        ("saved_model/saved_model.pb", "saved_model"),
        ("saved_model/variables/variables.index", "saved_model"),
        ("saved_model/variables/variables.data-00000-of-00001", "saved_model"),
    ],
)
def test_models(count, file, runtime, export):
    path = Path(export, file)

    def check(data):
        path.write_bytes(data)
        with pytest.raises(ACCEPTED, match=f"{path}: damaged, or of another"):
            models.load_export(export, runtime)

    fuzz(count, damaged(path.read_bytes()), check)


@COUNTS
@pytest.mark.parametrize(
    ("codec", "suffix", "pixels"),
    [
        ("mjpeg", ".avi", "yuvj420p"),
        ("ffv1", ".mkv", "gray"),
        ("libx264", ".mp4", "yuv420p"),
        ("mpeg2video", ".ts", "yuv420p"),
    ],
)
def test_videos(count, codec, suffix, pixels, tmp_path):
    source = tmp_path / f"nir{suffix}"
    clips.write_clip(source, list(NOISE), pixels, codec, Fraction(25))
    target = tmp_path / "color.mkv"

    def check(data):
        source.write_bytes(data)
        written = set()
        with contextlib.suppress(ACCEPTED):
            clips.colorize(source, target, overwrite=True, max_frames=9)
            written = {target}
        assert set(tmp_path.iterdir()) - {source} == written
        target.unlink(missing_ok=True)

    fuzz(count, damaged(source.read_bytes()), check)
