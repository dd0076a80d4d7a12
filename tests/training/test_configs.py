"""The files in configs/: complete, short, and nothing said twice."""

import itertools

import pytest
import smoke

from nircolor_tf.methods import METHODS

COMMON = smoke.load_module("common")["COMMON"]
SECTIONS = {name for name, value in COMMON.items() if isinstance(value, dict)}
# No common value suits an experiment.
DECIDED = {
    "data.batch_size",
    "data.crop",
    "train.evaluate_every",
    "train.checkpoint_every",
}
LINES = 120

of_every_file = pytest.mark.parametrize("file", smoke.FILES)


def flat(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def configs_of(file):
    for variant in smoke.load_module(file)["VARIANTS"]:
        yield variant, smoke.load_config(file, variant)


@of_every_file
def test_every_variant_has_the_keys_of_its_method(file):
    for variant, config in configs_of(file):
        keys = {
            key
            for key in dict(smoke.flatten(config))
            if key.partition(".")[0] in {"seed", *SECTIONS}
        }
        # A method whose phases are no epochs of a schedule has one length.
        method = METHODS[config.method]
        steps = set() if "schedule" in method.config_keys else {"train.steps"}
        assert keys == dict(flat(COMMON)).keys() | DECIDED | steps, variant
        assert set(config) == {"method", *COMMON, *method.config_keys}, variant


@of_every_file
def test_variants_of_one_kind_have_the_same_keys(file):
    keys = {}
    for variant, config in configs_of(file):
        network = config.network.name if "network" in config else ""
        kind = config.method, network
        keys.setdefault(kind, {})[variant] = dict(smoke.flatten(config))
    for variants in keys.values():
        for first, second in itertools.pairwise(variants.values()):
            assert first.keys() == second.keys()
            for key, value in first.items():
                assert type(value) is type(second[key]), key


@of_every_file
def test_a_file_is_short(file):
    text = (smoke.CONFIGS / f"{file}.py").read_text()
    assert len(text.splitlines()) <= LINES


@of_every_file
def test_a_file_names_nothing_that_is_common(file):
    decisions = dict(flat(smoke.load_module(file)["CONFIG"]))
    assert not [
        key
        for key, value in flat(COMMON)
        if key in decisions and decisions[key] == value
    ]


def test_a_key_that_every_file_decides_is_not_common():
    decisions = [smoke.load_module(file)["CONFIG"] for file in smoke.FILES]
    for key, _ in flat(COMMON):
        assert any(key not in dict(flat(each)) for each in decisions), key


def test_every_common_key_is_described():
    lines = (smoke.CONFIGS / "common.py").read_text().splitlines()
    for key, _ in flat(COMMON):
        last = key.rpartition(".")[2]
        (index, *_) = [
            i
            for i, line in enumerate(lines)
            if line.strip().startswith(f'"{last}":')
        ]
        # Keys of one group stand below one comment.
        while lines[index].strip().startswith(('"', "}")):
            index -= 1
        assert lines[index].strip().startswith("#"), key


@pytest.mark.parametrize(
    ("layers", "merged"),
    [
        ([{"a": 1}, {"a": 2, "b": 3}], {"a": 2, "b": 3}),
        ([{"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}], {"a": {"x": 1, "y": 3}}),
        ([{"a": {"x": {"z": 1}}}, {"a": {"x": {}}}], {"a": {"x": {"z": 1}}}),
        ([{"a": (1, 2)}, {"a": (3,)}], {"a": (3,)}),
        ([], {}),
    ],
)
def test_the_last_layer_decides(layers, merged):
    assert smoke.load_module("common")["merge"](*layers) == merged


def test_names_of_two_kinds():
    combinations = smoke.load_module("common")["combinations"]
    assert [name for name, _, _ in combinations(("", "acd"), ("", "cpu"))] == [
        "",
        "cpu",
        "acd",
        "acd,cpu",
    ]


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ({"data": {"zom": 1.0}}, r"mine\.py: unknown key data\.zom; .*zoom"),
        ({"train": {"step": 1}}, r"mine\.py: unknown key train\.step; .*steps"),
    ],
)
def test_a_misspelt_key_is_refused(decisions, message):
    make_config = smoke.load_module("common")["make_config"]
    with pytest.raises(ValueError, match=message):
        make_config("mine.py", decisions, {"": {}}, "")
