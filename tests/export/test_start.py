"""A training that starts from an export."""

import json
import shutil

import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.data import distill, lineage, training_data
from nircolor_tf.errors import InputError
from nircolor_tf.export import (
    captured_weights,
    export,
    saved_model,
    start,
)
from nircolor_tf.training import (
    build,
    command_log,
    model_lineage,
    restore,
    trainer,
)


@pytest.fixture(scope="module")
def config(pairs_manifest):
    return smoke.tiny_config(pairs_manifest)


@pytest.fixture(scope="module")
def workdir(config, one_replica, tmp_path_factory):
    folder = tmp_path_factory.mktemp("start") / "base"
    command = "bin/train.py --workdir=base"
    trainer.train(config, folder, one_replica, command=command)
    return folder


@pytest.fixture(scope="module")
def exported(workdir):
    folder = workdir.with_name("exported")
    export.export_workdir(
        workdir, folder, export.Options(command="bin/export.py --output=x")
    )
    return folder


@pytest.fixture(scope="module")
def older(exported):
    """An export from before weights were stored by name."""
    folder = exported.with_name("older")
    shutil.copytree(exported, folder)
    shutil.rmtree(folder / "weights")
    return folder


def largest(first, second):
    return max(np.abs(a - b).max() for a, b in zip(first, second, strict=True))


def test_reads_the_best_weights_of_a_workdir_and_of_its_export(
    workdir, exported, older
):
    method, _ = restore.load_method(workdir, "best")
    expected = method.colorizer.get_weights()
    for source in (workdir, exported, older):
        weights = start.read(source).weights
        assert list(weights) == ["colorizer"]
        # All but the order is known of an older one; none is almost right.
        assert largest(weights["colorizer"], expected) == 0.0


def test_reads_an_older_export_whose_network_mirrors(
    config, tmp_path, monkeypatch
):
    config = config.copy_and_resolve_references()
    config.inference.mirror = True
    method = build.make_method(config)
    run_network = saved_model.run_network

    def mirroring(method, path, image):
        mirrored = run_network(method, path, tf.reverse(image, [2]))
        plain = run_network(method, path, image)
        return (plain + tf.reverse(mirrored, [2])) / 2

    paths = method.inference_paths()
    with monkeypatch.context() as patch:
        patch.setattr(saved_model, "run_network", mirroring)
        saved_model.write(method, paths, tmp_path / "model")
    config.seed = 1
    other = build.make_method(config)
    networks = [each.colorizer.get_weights() for each in (method, other)]
    assert largest(*networks) > 0.01
    captured_weights.read(
        other, other.inference_path("n2c"), tmp_path / "model", "network"
    )
    assert largest(other.colorizer.get_weights(), networks[0]) == 0.0


def test_has_seen_what_the_model_has_seen_and_says_so(
    exported, config, one_replica, tmp_path
):
    seen = training_data.read(exported).images
    other = exported.with_name("with_other_images")
    other.mkdir()
    for path in exported.iterdir():
        (other / path.name).symlink_to(path)
    pair, validation = (
        training_data.TrainingImage(
            "elsewhere", role, "folder", "9", digit * 16, "0" * 16
        )
        for role, digit in (("pair", "1"), ("validation", "2"))
    )
    (other / training_data.FILE).unlink()
    images = training_data.TrainingData((*seen, pair, validation))
    training_data.write(other, images)
    bound = json.loads((other / "card.json").read_text())
    bound["terms"] = "Research only."
    bound["training"]["data"] = "photos of lakes"
    (other / "card.json").unlink()
    (other / "card.json").write_text(json.dumps(bound))
    config = config.copy_and_resolve_references()
    config.data.terms, config.data.description = "Ask us.", "our streets"
    trainer.train(config, tmp_path / "on", one_replica, 1, start.read(other))
    assert pair in training_data.read(tmp_path / "on").images
    # A later run of the same training adds what it knows, and forgets nothing.
    lineage.add(tmp_path / "on", [])
    card = export.export_workdir(
        tmp_path / "on", tmp_path / "card", export.Options(checkpoint="latest")
    )
    assert card["training"]["started_from"]["name"] == "exported"
    assert card["terms"] == "Ask us. Research only."
    assert card["training"]["data"] == "our streets; exported: photos of lakes"
    # Its own three, not that of the start as well.
    own = card["validation"]
    assert (own["images"], own["protocol"]) == (3, "folder")
    assert training_data.read(tmp_path / "card").count("validation") == 4
    again = start.read(tmp_path / "card")
    assert again.record["started_from"]["name"] == "exported"


def test_a_student_has_the_terms_of_its_teacher(
    exported, config, one_replica, pairs_manifest, tmp_path
):
    teacher = lineage.Ancestor("teacher", "Research only.", "photos of lakes")
    distill.distill(
        lambda nir: np.repeat(nir, 3, axis=-1),
        training_data.NOTHING,
        pairs_manifest,
        tmp_path / "colored",
        distill.Options(0.5, 0, False, 1),
        [teacher],
    )
    config = config.copy_and_resolve_references()
    config.data.manifest = str(tmp_path / "colored" / "manifest.csv")
    trainer.train(config, tmp_path / "student", one_replica, 1)
    assert lineage.read(tmp_path / "student") == [teacher]
    own, *others = model_lineage.of(tmp_path / "student")
    assert (own.name, others) == ("student", [teacher])
    assert lineage.of_export(exported).name == "exported"


def test_terms_that_an_older_version_wrote_into_the_record(tmp_path, exported):
    older = shutil.copytree(exported, tmp_path / "older")
    card = json.loads((older / "card.json").read_text())
    data = {"terms": "Research only.", "description": "lakes"}
    start = {"name": "first", "config": {"data": data}}
    card["training"]["started_from"] = {"name": "second", "started_from": start}
    (older / "card.json").write_text(json.dumps(card))
    assert lineage.of_export(older).terms == "Research only."


def test_texts_are_joined_without_repetition():
    own = lineage.Ancestor("own", "Ask us.", "streets")
    others = [
        lineage.Ancestor("a", "Ask us. Research only.", "streets"),
        lineage.Ancestor("b", "Research only.", "lakes"),
        lineage.Ancestor("c", "", "lakes"),
    ]
    assert lineage.join_terms([own, *others]) == "Ask us. Research only."
    assert lineage.join_data(own.data, others) == "streets; c: lakes"


def test_a_malformed_lineage_is_named(tmp_path):
    (tmp_path / lineage.FILE).write_text('[{"model": "x"}]')
    with pytest.raises(InputError, match=r"lineage\.json: .*name, terms"):
        lineage.read(tmp_path)


def test_refuses_what_is_no_model(tmp_path):
    with pytest.raises(InputError, match=r"config\.json or card\.json"):
        start.read(tmp_path)


def test_refuses_an_export_of_other_networks(exported, older, tmp_path):
    for number, folder in enumerate((exported, older)):
        copy = shutil.copytree(folder, tmp_path / str(number))
        card = json.loads((copy / "card.json").read_text())
        card["config"]["network"]["max_filters"] = 8
        (copy / "card.json").write_text(json.dumps(card))
        with pytest.raises(InputError, match="start from its workdir"):
            start.read(copy)


def test_a_training_has_the_commands_of_what_it_starts_from(
    exported, config, one_replica, tmp_path
):
    commands = ["bin/train.py --workdir=base", "bin/export.py --output=x"]
    card = json.loads((exported / "card.json").read_text())
    assert card["commands"] == command_log.read(exported) == commands
    first = start.read(exported)
    trainer.train(config, tmp_path, one_replica, 1, first, "bin/train.py")
    trainer.train(
        config, tmp_path, one_replica, 2, command="bin/train.py again"
    )
    assert command_log.read(tmp_path) == [
        *commands,
        "bin/train.py",
        "bin/train.py again",
    ]
    entries = json.loads((tmp_path / command_log.FILE).read_text())
    assert [entry["step"] for entry in entries] == [None, None, 0, 1]
