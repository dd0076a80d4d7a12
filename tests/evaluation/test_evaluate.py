"""Runs on a split: what is measured, what is refused, what survives."""

import csv
import dataclasses
import gc
import json
import weakref

import numpy as np
import pytest
from small_split import COUNT, HEIGHT, WIDTH

from nircolor_tf.data import manifest
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import (
    baselines,
    fid_kid,
    lpips_metric,
    runs,
    summaries,
)
from nircolor_tf.images import image_files
from nircolor_tf.metrics import display, intervals, protocols
from nircolor_tf.report import tables


def gray(_, nir):
    return np.repeat(nir, 3, axis=-1)


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_number_is_that_of_its_protocol(measure, data):
    evaluation, folder = measure(str(data / "near"), str(data / "far"))
    lines = read_csv(folder / "per_image.csv")
    assert len(lines) == 2 * COUNT
    for line in lines:
        files = [data / k / f"{line['name']}.png" for k in (line["run"], "rgb")]
        prediction, truth = map(image_files.read_rgb, files)
        for protocol in ("std", "hkbu"):
            for key, value in protocols.measure(
                prediction, truth, protocol
            ).items():
                assert float(line[f"{protocol}/{key}"]) == pytest.approx(value)
        assert line["scene"] == str(int(line["name"][-2:]) // 2)
    # MAE of near: 12, 11, ... 1 levels.
    (near, far) = read_csv(folder / "table.csv")
    assert float(near["std/mae"]) == pytest.approx(6.5 / 255)
    assert float(far["std/mae"]) == pytest.approx(16.5 / 255)
    # Two images show one scene.
    expected = intervals.mean_interval(
        [(COUNT - i) / 255 for i in range(COUNT)],
        [str(i // 2) for i in range(COUNT)],
    )
    interval = [float(near[f"std/mae {end}"]) for end in ("low", "high")]
    assert interval == pytest.approx(expected)
    assert (near["images"], near["failed"]) == ("12", "0")
    # 16x20 is too small for MS-SSIM: no number, not a wrong one.
    assert "std/ms_ssim" not in near
    summary = json.loads((folder / "summary.json").read_text())
    assert summary == json.loads(json.dumps(summaries.summarize(evaluation)))
    assert summary["data"] == {
        "manifest": "manifest.csv",
        "protocol": "folder",
        "split": "test",
        "images": 12,
        "scenes": 6,
        "warning": "",
    }
    assert summary["runs"][0]["mean"]["std/mae"] == pytest.approx(6.5 / 255)
    assert not evaluation.problems


def test_runs_are_compared_image_by_image(measure, data):
    evaluation, _ = measure(str(data / "near"), f"b={data / 'far'}")
    (difference,) = [
        d
        for d in summaries.summarize(evaluation)["differences"]
        if d["metric"] == "std/psnr"
    ]
    expected = np.mean(
        [20 * np.log10((i + 10) / i) for i in range(1, COUNT + 1)]
    )
    assert difference["difference"] == pytest.approx(expected)
    low, high = difference["interval"]
    text = f"near better than b by {expected:.2f} dB PSNR, interval {low:.2f}"
    assert difference["text"] == f"{text}..{high:.2f}"
    assert text in tables.format_report(evaluation)
    # Of an error, less is better.
    sentence = {
        d["metric"]: d["text"]
        for d in summaries.summarize(evaluation)["differences"]
    }["std/ae"]
    assert sentence.startswith("near better than b by ")


def test_the_table_of_the_papers(measure, data):
    evaluation, folder = measure(f"a|b={data / 'near'}")
    first, _, heading, rule, row = (
        (folder / "table.md").read_text().splitlines()
    )
    assert first == "folder, split test, 12 images; mean [95% interval]"
    assert heading.startswith("| run | PSNR dB (std) | SSIM (std) | AE degrees")
    assert heading.count("|") == rule.count("|") == row.count("|")
    low, high = evaluation.results[0].intervals["std/psnr"]
    mean = evaluation.results[0].means["std/psnr"]
    assert row.startswith(f"| a/b (?) | {mean:.2f} [{low:.2f}, {high:.2f}] |")


def test_no_difference_is_called_none(measure, data):
    evaluation, _ = measure(f"a={data / 'near'}", f"b={data / 'near'}")
    for difference in summaries.summarize(evaluation)["differences"]:
        assert difference["text"].startswith("a and b are equal in ")
        assert difference["interval"] == (0, 0)


def test_identical_images_are_perfect_and_valid_json(measure, data):
    evaluation, folder = measure(str(data / "rgb"))
    means = evaluation.results[0].means
    for key, value in means.items():
        if key.startswith("std/"):
            ideal = display.METRICS[key.removeprefix("std/")].ideal
            assert value == pytest.approx(ideal, abs=1e-9), key
    text = (folder / "summary.json").read_text()
    assert "Infinity" not in text
    (run,) = json.loads(text)["runs"]
    assert run["mean"]["std/psnr"] == pytest.approx(58.9226, abs=1e-4)
    assert run["interval"]["std/psnr"] == pytest.approx(
        [run["mean"]["std/psnr"]] * 2
    )
    assert "58.92" in tables.format_report(evaluation)


def test_a_bad_image_costs_itself_alone(measure, data, tmp_path):
    (tmp_path / "some").mkdir()
    for path in sorted((data / "near").iterdir())[2:]:
        (tmp_path / "some" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "some" / "image_02.png").write_bytes(b"no image")
    image_files.write_image(
        tmp_path / "some" / "image_03.png",
        np.zeros((HEIGHT + 1, WIDTH, 3), np.uint8),
    )
    evaluation, folder = measure(str(tmp_path / "some"), str(data / "near"))
    some, near = evaluation.results
    assert list(some.failures) == [f"image_0{i}" for i in range(4)]
    assert "no image image_00.png" in some.failures["image_00"]
    assert "not a readable image" in some.failures["image_02"]
    assert "(17, 20, 3)" in some.failures["image_03"]
    assert len(some.images) == 8
    assert len(near.images) == 12
    assert some.column("std/mae") == pytest.approx(
        {k: v for k, v in near.column("std/mae").items() if k in some.images}
    )
    assert len(evaluation.problems) == 4
    assert "some: 4 of 12 images failed: image_00: " in evaluation.problems[0]
    assert "4 FAILED" in tables.format_report(evaluation)
    (line, _) = read_csv(folder / "table.csv")
    assert (line["images"], line["failed"]) == ("8", "4")
    assert summaries.summarize(evaluation)["differences"][0]["images"] == 8


def test_a_model_may_fail_as_it_likes(measure, model):
    def predict(_, nir):
        if nir[0, 0, 0] * 255 < 100:
            raise RuntimeError("out of paper")
        result = gray(_, nir)
        if nir[0, 0, 0] * 255 < 150:
            result[3, 4] = np.nan
        return result

    model(predict)
    evaluation, _ = measure("model")
    reasons = set(evaluation.results[0].failures.values())
    assert "RuntimeError: out of paper" in reasons
    assert any("1 of 320 pixels are not finite" in text for text in reasons)
    assert 0 < len(evaluation.results[0].images) < COUNT


def test_no_two_models_are_in_memory(measure, data, monkeypatch):
    class Model:
        def __call__(self, name, nir):
            if name == "image_00":
                gc.collect()
                assert len(alive) == 1
            return gray(name, nir)

    alive, open_run = weakref.WeakSet(), runs.open_run

    def open_fake(name, checkpoint):
        run, _ = open_run(name, checkpoint)
        model = Model()
        alive.add(model)
        return run, model

    monkeypatch.setattr(runs, "open_run", open_fake)
    evaluation, _ = measure(str(data / "near"), str(data / "far"))
    assert not evaluation.problems


def test_an_unloadable_model_costs_itself_alone(measure, data, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"method": "supervised"}')
    (tmp_path / "empty").mkdir()
    (tmp_path / "others").mkdir()
    other = sorted((data / "near").iterdir())[0].read_bytes()
    (tmp_path / "others" / "another.png").write_bytes(other)
    evaluation, folder = measure(
        str(broken),
        str(tmp_path / "others"),
        str(data / "near"),
        str(tmp_path / "empty"),
        "nowhere",
    )
    assert [result.name for result in evaluation.results] == ["near"]
    assert set(evaluation.unmeasured) == {
        "broken",
        "others",
        "empty",
        "nowhere",
    }
    assert "all 12 images failed" in evaluation.unmeasured["others"]
    assert "config.network is missing" in evaluation.unmeasured["broken"]
    assert "neither an export" in evaluation.unmeasured["empty"]
    assert evaluation.unmeasured["nowhere"] == "nowhere: no such folder"
    assert len(evaluation.problems) == 4
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["unmeasured"] == evaluation.unmeasured


def test_nothing_measured_leaves_nothing(measure, tmp_path):
    with pytest.raises(InputError, match=r"no run measured:\n  nowhere: "):
        measure("nowhere")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "report").write_text("")
    with pytest.raises(InputError, match="report: cannot be made a folder"):
        measure("nowhere")


def test_baselines(measure, data):
    evaluation, _ = measure(str(data / "near"), baselines=True)
    # The split 'train' is empty: no mean color.
    assert [result.name for result in evaluation.results] == [
        "near",
        "NIR as it is",
    ]
    near, unchanged = evaluation.results
    truth = image_files.read_rgb(data / "rgb" / "image_00.png") / 255
    expected = np.abs(truth - truth[..., :1]).mean()
    assert unchanged.images["image_00"].metrics["std/mae"] == pytest.approx(
        expected
    )
    assert unchanged.contamination.state == "clean"
    examples = manifest.read_manifest(data / "manifest.csv")
    train = [dataclasses.replace(e, split="train") for e in examples[:3]]
    _, (mean, predict) = baselines.open_baselines(
        train + examples[3:], near.run
    )
    # It has seen those images.
    assert mean.training.count("pair") == 3
    color = np.mean(
        [image_files.read_rgb(e.rgb).mean((0, 1)) / 255 for e in train], axis=0
    )
    result = predict("", np.zeros((4, 5, 1), np.float32))
    np.testing.assert_allclose(
        result, np.broadcast_to(color, (4, 5, 3)), atol=1e-6
    )


def test_a_baseline_that_fails_costs_itself_alone(measure, data, monkeypatch):
    def open_baselines(examples, run):
        return [(dataclasses.replace(run, kind="baseline"), gray)]

    monkeypatch.setattr(baselines, "open_baselines", open_baselines)
    evaluation, _ = measure(str(data / "near"), baselines=True)
    assert "another run has that name" in evaluation.unmeasured["baselines"]
    assert len(evaluation.results) == 1


def test_translations_are_measured_apart(measure, data, model):
    open_run = runs.open_run
    model(lambda _, nir: nir, target="gray")
    make_gray = runs.open_run
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(
            runs,
            "open_run",
            lambda name, checkpoint: (
                make_gray if name.label == "gray" else open_run
            )(name, checkpoint),
        )
        evaluation, folder = measure(str(data / "near"), "gray")
    assert "makes gray, and near makes rgb" in evaluation.unmeasured["gray"]
    evaluation, folder = measure("model", baselines=True)
    gray, unchanged = read_csv(folder / "table.csv")
    assert gray["std/psnr"] == unchanged["std/psnr"]
    assert "std/ae" not in gray


def test_robustness_curves(measure, data, model):
    model(gray)
    evaluation, folder = measure("model", robustness=2)
    points = read_csv(folder / "robustness.csv")
    assert {point["images"] for point in points} == {"2"}
    names = [f"image_{i:02}" for i in (0, 11)]
    expected = np.mean(
        [evaluation.results[0].column("std/psnr")[name] for name in names]
    )
    undegraded = [
        p for p in points if (p["degradation"], p["strength"]) == ("blur", "0")
    ]
    assert float(undegraded[0]["psnr"]) == pytest.approx(expected, abs=1e-5)
    for suffix in ("svg", "png"):
        assert (folder / f"robustness.{suffix}").stat().st_size > 1000
    # What a later report does not have must not look like a part of it.
    measure("model")
    assert not (folder / "robustness.csv").exists()


def test_fid_failing_costs_nothing_else(measure, data, monkeypatch):
    def set_metrics(predictions, truths):
        assert len(list(predictions.iterdir())) == COUNT
        for path in truths.iterdir():
            index = int(path.stem)
            truth = data / "rgb" / f"image_{index:02}.png"
            np.testing.assert_array_equal(
                image_files.read_image(path), image_files.read_image(truth)
            )
        raise InputError("no weights")

    monkeypatch.setattr(fid_kid, "load_inception", lambda: None)
    monkeypatch.setattr(fid_kid, "set_metrics", set_metrics)
    evaluation, _ = measure(str(data / "near"), perceptual=("fid",))
    assert evaluation.unmeasured == {"near, FID and KID": "no weights"}
    assert len(evaluation.results[0].images) == COUNT


def test_lpips_is_one_more_metric(measure, data, monkeypatch):
    class Lpips:
        def measure(self, prediction, truth):
            return {"lpips": 0.25, "lpips_ab": 0.125}

    monkeypatch.setattr(lpips_metric, "Lpips", Lpips)
    evaluation, folder = measure(str(data / "near"), perceptual=("lpips",))
    (line,) = read_csv(folder / "table.csv")
    assert (line["std/lpips"], line["std/lpips_ab"]) == ("0.25", "0.125")
    assert "LPIPS" in tables.format_report(evaluation)
