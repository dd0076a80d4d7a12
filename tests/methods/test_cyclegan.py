"""CycleGAN as two papers' baseline: with pairs and without.

The contract that every method keeps is in test_methods.py.
"""

import numpy as np
import pytest
import smoke
from contract import make_batch
from stubs import without_networks

from nircolor_tf.data import manifest
from nircolor_tf.errors import InputError
from nircolor_tf.methods import cyclegan
from nircolor_tf.training import build, trainer
from nircolor_tf.training.evaluator import Evaluator


def make_method(variant="unet256,smoke", **changes):
    config = smoke.load_config("cyclegan", variant)
    config.update_from_flattened_dict(changes)
    return build.make_method(config)


def biased(kernel, inputs, outputs):
    """A convolution's parameters; InstanceNorm has none."""
    return kernel**2 * inputs * outputs + outputs


def test_golden_parameter_counts_of_the_resnet_pair():
    method = make_method("resnet")

    def generator(inputs, outputs):
        return (
            biased(7, inputs, 64)
            + biased(3, 64, 128)
            + biased(3, 128, 256)
            + 9 * 2 * biased(3, 256, 256)
            + biased(3, 256, 128)
            + biased(3, 128, 64)
            + biased(7, 64, outputs)
        )

    def discriminator(channels):
        return (
            biased(4, channels, 64)
            + biased(4, 64, 128)
            + biased(4, 128, 256)
            + biased(4, 256, 512)
            + biased(4, 512, 1)
        )

    assert (generator(1, 3), generator(3, 1)) == (11_371_907, 11_371_905)
    assert (discriminator(3), discriminator(1)) == (2_764_737, 2_762_689)
    assert {
        name: network.count_params()
        for name, network in method.networks.items()
    } == {
        "colorizer": generator(1, 3),
        "rgb_to_nir": generator(3, 1),
        "rgb_discriminator": discriminator(3),
        "nir_discriminator": discriminator(1),
    }


@pytest.mark.parametrize(
    ("variant", "steps", "data"),
    [
        # Table I of ATCycleGAN: 800 epochs of 372 pairs.
        ("unet256", (550 * 372, 250 * 372), ("paired",)),
        # CycleGAN's 200 epochs, on ColorNet's 706 pairs taken apart.
        ("resnet", (100 * 706, 100 * 706), ("paired", "unpaired")),
    ],
)
def test_phases_and_rates(variant, steps, data, monkeypatch):
    without_networks(monkeypatch, cyclegan)
    small = {"network.filters": 4, "discriminator.filters": 4}
    small["schedule.epoch_images"] = steps[1] // {"unet256": 250}.get(
        variant, 100
    )
    constant, decay = make_method(variant, **small).phases()
    assert (constant.name, decay.name) == ("constant", "decay")
    assert (constant.steps, decay.steps) == steps
    assert constant.data == decay.data == data
    assert constant.losses == decay.losses
    for phase, rates in (
        (constant, (2e-4, 2e-4, 2e-4)),
        (decay, (2e-4, 1e-4, 0.0)),
    ):
        assert phase.rates.keys() == set(phase.optimizers)
        for rate in phase.rates.values():
            found = [rate(progress) for progress in (0.0, 0.5, 1.0)]
            assert found == pytest.approx(rates)
    four = make_method(variant, **small, **{"data.batch_size": 4}).phases()
    assert four[0].steps == {"unet256": 550 * 93, "resnet": 100 * 177}[variant]


def test_an_unknown_pairing_is_refused():
    with pytest.raises(
        InputError,
        match=r"config\.pairing is 'both'; expected 'paired' or 'unp",
    ):
        make_method(pairing="both")


def values_of(method, batch):
    """Every loss and scalar of the first phase, as numbers."""
    total, scalars = method.phases()[0].losses(batch)
    return {k: float(v) for k, v in {**total, **scalars}.items()}


def test_unpaired_knows_nothing_of_the_nirs_own_rgb():
    method = make_method(pairing="unpaired")
    # A pair term there would show: its weight is not 0.
    assert method.config.loss.pair == 60.0
    batch = make_batch(method, ("paired", "unpaired"))
    before = values_of(method, batch)
    assert not [name for name in before if name.endswith("/pair")]
    batch["paired"]["rgb"] = 1 - batch["paired"]["rgb"]
    # A spectral norm would move on; these discriminators have none.
    assert values_of(method, batch) == before
    batch["unpaired"]["rgb"] = 1 - batch["unpaired"]["rgb"]
    assert values_of(method, batch) != before


def test_paired_compares_with_it():
    method = make_method(pairing="paired")
    batch = make_batch(method)
    values = values_of(method, batch)
    fake_rgb = method.colorizer(batch["nir"], training=True)
    fake_nir = method.rgb_to_nir(batch["rgb"], training=True)
    for name, fake, real in (
        ("colorizer/pair", fake_rgb, batch["rgb"]),
        ("rgb_to_nir/pair", fake_nir, batch["nir"]),
    ):
        expected = np.abs(np.asarray(fake) - real).mean()
        assert values[name] == pytest.approx(expected, rel=1e-5)
    weights = method.config.loss
    expected = sum(
        weights[name.rpartition("/")[2]] * value
        for name, value in values.items()
        if name.startswith(("colorizer/", "rgb_to_nir/"))
    )
    assert values["generator_optimizer"] == pytest.approx(expected, rel=1e-5)


def test_unpaired_from_pairs_needs_no_photos(
    pairs_manifest, tmp_path, one_replica, monkeypatch
):
    without_networks(monkeypatch, cyclegan)
    examples = manifest.read_manifest(pairs_manifest)
    pairs = [example for example in examples if example.split != "unpaired"]
    path = tmp_path / "manifest.csv"
    manifest.write_manifest(path, pairs)
    config = smoke.smoke_config("cyclegan", "unet256,smoke", path)
    config.pairing = "unpaired"
    assert config.data.unpaired_from == ("pairs",)
    method = trainer.train(config, tmp_path / "a", one_replica, stop_at=1)
    assert method.phases()[0].data == ("paired", "unpaired")
    config.data.unpaired_from = ("photos",)
    with pytest.raises(InputError, match="the manifest has no photos"):
        trainer.train(config, tmp_path / "b", one_replica)
    assert not (tmp_path / "b").exists()


def test_evaluation_shows_both_directions(pairs_manifest):
    method = make_method()
    # 48x56 is no multiple of 16: what the networks see is 48x48.
    examples = manifest.select(manifest.read_manifest(pairs_manifest), "val")
    shown = []
    visuals = method.visuals

    def recorded(nir, rgb):
        images = visuals(nir, rgb)
        shown.append(
            {name: np.asarray(image) for name, image in images.items()}
        )
        return images

    method.visuals = recorded
    config = method.config.evaluate
    _, grids = Evaluator(method, examples, config).evaluate()
    assert list(grids) == ["NIR, colorized, truth", "visuals"]
    assert len(shown) == config.grid_images == 2
    for named in shown:
        assert [*named] == [
            "nir",
            "fake rgb",
            "cycled nir",
            "rgb",
            "fake nir",
            "cycled rgb",
        ]
        assert {image.shape[:3] for image in named.values()} == {(1, 48, 48)}
        np.testing.assert_array_equal(
            named["cycled rgb"], method.colorizer(named["fake nir"])
        )
        np.testing.assert_array_equal(
            named["cycled nir"], method.rgb_to_nir(named["fake rgb"])
        )
    # Every tile is in the grid, row by row, as 8-bit values.
    grid = grids["visuals"]
    assert grid.dtype == np.uint8
    for named in shown:
        for image in named.values():
            tile = np.rint(image[0] * 255).astype(np.uint8)
            assert contains(grid, np.broadcast_to(tile, (48, 48, 3)))


def contains(grid, tile):
    """Whether a tile is somewhere in a grid."""
    height, width = tile.shape[:2]
    corners = np.argwhere(
        (grid[: 1 - height, : 1 - width] == tile[0, 0]).all(axis=-1)
    )
    return any(
        np.array_equal(grid[top : top + height, left : left + width], tile)
        for top, left in corners
    )
