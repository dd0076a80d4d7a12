"""Bad configs: refused with the key named, before anything is written."""

import pytest
import smoke

from nircolor_tf.errors import InputError
from nircolor_tf.training import build, trainer


@pytest.fixture
def config(pairs_manifest):
    return smoke.smoke_config("supervised", "unet256,smoke", pairs_manifest)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "config.seed is -1; expected 0 to 1000000000"),
        ({"seed": 2**32}, "config.seed is 4294967296; expected 0 to"),
        ({"method": "color"}, "config.method is 'color'; expected .*colornet"),
        ({"network.name": "unet"}, "config.network.name is 'unet'; .*unet256"),
        ({"rate.schedule": "step"}, "config.rate.schedule is 'step'; .*cosine"),
        ({"rate.warmup": 1.0}, r"config.rate.warmup is 1.0; .*0 <= warmup < 1"),
        (
            {"train.steps": 0},
            "config.train or .* phases {'train': 0} steps; .* at least 1 in",
        ),
        ({"train.log_every": -1}, "config.train.log_every is -1"),
        ({"data.batch_size": 0}, "config.data.batch_size is 0; .* at least 1"),
        ({"data.zoom": (1.4,)}, "config.data.zoom is .*; expected two numbers"),
        ({"data.zoom": (80.0, 140.0)}, "zoom is .*140.*at most .*: 4 px of an"),
        ({"data.sources.town.zoom": (1.0, 99.0)}, "town.zoom is .*: 4 px of"),
        ({"data.gamma": (2.0, 1.0)}, "config.data.gamma is .*0 < low <= high"),
        ({"data.exposure": (0.0, 1.0)}, "config.data.exposure is .*0 < low"),
        ({"data.noise": 1.5}, "config.data.noise is 1.5; expected 0 to 1"),
        (
            {"data.mirror_probability": 50.0},
            "mirror_probability is 50.0; .* 0 to 1",
        ),
        ({"data.sources.town.share": -1.0}, "town.share is -1.0; .*at least 0"),
        ({"data.sources.town.zoom": (1.0, 0.5)}, "town.zoom is .*0 < low <="),
        (
            {"data.sources.town.share": 1.0, "data.photo_probability": 0.5},
            "photo_probability is 0.5; expected 0 with data.sources",
        ),
        ({"inference.guided_radius": -1}, "guided_radius is -1; .* at least 0"),
        ({"inference.half_share": 1.5}, "half_share is 1.5; expected 0 to 1"),
        ({"inference.least_mean": -0.5}, "least_mean is -0.5; .* 0 to 1"),
        (
            {"inference.half_share": 0.5, "inference.working_size": 0},
            "half_share is 0.5; expected 0 without a working_size",
        ),
        ({"inference.guided_epsilon": 0.0}, "epsilon is 0.0; .*more than 0"),
        ({"train.accumulate": 0}, "config.train.accumulate is 0"),
        ({"train.accumulate": 4}, "accumulate is 4; .* batch of 2 a multiple"),
        ({"train.precision": "half"}, "precision is 'half'; .* or float16"),
        ({"train.average_decay": 1.0}, "average_decay is 1.0; .* less than 1"),
        ({"rate.peak": -1e-3}, "config.rate.peak is -0.001; .*more than 0"),
        ({"optimizer.beta_1": 1.0}, "optimizer.beta_1 is 1.0; .* less than 1"),
        ({"optimizer.epsilon": 0.0}, "optimizer.epsilon is 0.0; .*more than 0"),
        ({"optimizer.weight_decay": -0.1}, "decay is -0.1; expected at least"),
        ({"loss.l1": -1.0}, "config.loss.l1 is -1.0; expected at least 0"),
        ({"loss.mix_alpha": 5.0}, "config.loss.mix_alpha is 5.0; .* 0 to 1"),
        ({"loss.mix_form": "w"}, "loss.mix_form is 'w'; .* pyramid, zhao"),
        (
            {"network.activation": "relu"},
            "config.network.activation is 'relu'; expected 'tanh' or 'sigmoid'",
        ),
        (
            {"network.activation": "tanh"},
            r"value_range is \(0.0, 1.0\); expected \(-1.0, 1.0\), what config",
        ),
        ({"data.crop": 40}, "config.data.crop is 40; .* a multiple of 16"),
        (
            {"loss.l1": 0.0},
            "config.loss is .*'l1': 0.0.* a weight that is not 0",
        ),
        ({"data.manifest": ""}, "config.data.manifest is empty"),
        ({"data.manifest": "no.csv"}, "no.csv: cannot be read"),
        ({"evaluate.split": "test"}, "split 'test'.*train, unpaired, val"),
        ({"evaluate.best_metric": "std/mae"}, "is 'std/mae'; .* std/psnr or"),
        ({"evaluate.protocols": ("std", "own")}, "protocols is 'own'; .*hkbu"),
        ({"evaluate.grid_images": -1}, "grid_images is -1; .* at least 0"),
        ({"network.norm": "group"}, "config.network, 'unet256': 'group'"),
        ({"network.filters": -8}, "config.network, 'unet256': .*filters"),
    ],
)
def test_bad_configs_are_refused_before_anything_is_written(
    changes, message, config, tmp_path, one_replica
):
    config.update_from_flattened_dict(changes)
    with pytest.raises(InputError, match=message):
        trainer.train(config, tmp_path / "w", one_replica)
    assert not (tmp_path / "w").exists()


def test_a_crop_that_a_discriminator_does_not_take(
    pairs_manifest, tmp_path, one_replica
):
    config = smoke.smoke_config("cyclegan", "unet256,smoke", pairs_manifest)
    config.network.levels = 2
    config.data.crop = 24
    build.make_training(config, one_replica)
    config.data.crop = 20
    with pytest.raises(
        InputError,
        match=r"crop is 20; expected at least 24, .* rgb_discriminat",
    ):
        trainer.train(config, tmp_path / "w", one_replica)
    assert not (tmp_path / "w").exists()


def test_a_crop_that_the_window_of_ms_ssim_does_not_fit(
    pairs_manifest, one_replica
):
    config = smoke.smoke_config("landscapes", "smoke", pairs_manifest)
    config.network.levels, config.data.crop = 3, 8
    with pytest.raises(InputError, match=r"crop is 8; expected at least 11, "):
        build.make_training(config, one_replica)
    config.loss.mix_form = "zhao"
    build.make_training(config, one_replica)
    config.loss.mix_form, config.loss.mix = "pyramid", 0.0
    build.make_training(config, one_replica)


def test_superfluous_and_missing_network_keys(config):
    with config.unlocked():
        config.network.depth = 18
    with pytest.raises(InputError, match=r"'unet256': .*'depth'"):
        build.make_method(config)
    with config.unlocked():
        del config.network.depth
        del config.network.levels
    with pytest.raises(InputError, match=r"'unet256': .*'levels'"):
        build.make_method(config)


def test_batch_size_is_a_multiple_of_the_devices(
    config, tmp_path, two_replicas
):
    config.data.batch_size = 3
    with pytest.raises(
        InputError, match=r"is 3; .*multiple of the 2 .*CUDA_VISIBLE_DEVICES=0"
    ):
        trainer.train(config, tmp_path, two_replicas)


def test_xla_compiles_on_one_device(config, tmp_path, two_replicas):
    config.train.jit_compile = True
    with pytest.raises(
        InputError, match="jit_compile is True; expected False with 2 devices"
    ):
        trainer.train(config, tmp_path, two_replicas)


@pytest.mark.parametrize(
    ("experiment", "key", "value"),
    [
        (("dcgan", "smoke"), "discriminator.name", "unet"),
        (("dcgan", "smoke"), "discriminator_rate.schedule", "step"),
        (("dcgan", "smoke"), "discriminator_rate.peak", 0.0),
        (("dcgan", "smoke"), "data.value_range", (0.0, 1.0)),
        (("ensemble", "smoke"), "members.second.name", "unet"),
        (("ensemble", "smoke"), "members.second.activation", "relu"),
    ],
)
def test_the_very_key_is_named(
    experiment, key, value, pairs_manifest, tmp_path, one_replica
):
    config = smoke.smoke_config(*experiment, pairs_manifest)
    config.update_from_flattened_dict({key: value})
    with pytest.raises(InputError, match=rf"^config\.{key} is "):
        trainer.train(config, tmp_path / "w", one_replica)
    assert not (tmp_path / "w").exists()
