"""Models that one is made of color an image by the same steps."""

import pytest
import smoke

from nircolor_tf.errors import InputError
from nircolor_tf.training import compatibility, config_files

CONFIG = smoke.load_config("landscapes", "smoke")
OTHERS = {
    "mirror": True,
    "working_size": 99,
    "guided_radius": 7,
    "guided_epsilon": 0.5,
    "half_share": 0.75,
    "least_mean": 0.125,
    "stretch": True,
    "whiten": True,
}


def test_every_key_of_inference_is_here():
    assert set(OTHERS) == set(CONFIG.inference)


@pytest.mark.parametrize("key", [*OTHERS, "a_younger_one"])
@pytest.mark.parametrize("described", [False, True])
def test_every_key_is_compared(key, described):
    other = CONFIG.copy_and_resolve_references()
    with other.unlocked():
        other.inference[key] = OTHERS.get(key, 1)
    configs = [CONFIG, other]
    if described:
        configs = [config_files.describe_config(config) for config in configs]
    compatibility.check("runs/b", configs[0], CONFIG, "runs/a has it")
    with pytest.raises(
        InputError,
        match=rf"runs/b: config\.inference\.{key} is {OTHERS.get(key, 1)}; "
        "expected .*, as runs/a has it",
    ):
        compatibility.check("runs/b", configs[1], configs[0], "runs/a has it")


@pytest.mark.parametrize("described", [False, True])
def test_what_a_network_computes_is_compared(described):
    alike = CONFIG.copy_and_resolve_references()
    alike.network.dropout = 0.25
    other = CONFIG.copy_and_resolve_references()
    other.network.activation = "tanh"
    if described:
        alike, other = map(config_files.describe_config, (alike, other))
    compatibility.check_network("runs/b", alike, CONFIG, "runs/a has it")
    compatibility.check_network("runs/b", {}, CONFIG, "runs/a has it")
    with pytest.raises(
        InputError,
        match=r"runs/b: config\.network\.activation is tanh; expected sigmoid, "
        "as runs/a has it",
    ):
        compatibility.check_network("runs/b", other, CONFIG, "runs/a has it")


def test_the_range_of_values_and_named_sections_are_compared():
    other = CONFIG.copy_and_resolve_references()
    other.network.dropout = 0.25
    compatibility.check("b", other, CONFIG, "a")
    with pytest.raises(InputError, match=r"config\.network\.dropout is 0\.25"):
        compatibility.check("b", other, CONFIG, "a", ("inference", "network"))
    other.data.value_range = (-1.0, 1.0)
    with pytest.raises(
        InputError, match=r"data\.value_range is \(-1\.0, 1\.0\); expected \(0"
    ):
        compatibility.check("b", other, CONFIG, "a")
