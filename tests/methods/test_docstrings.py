"""The docstrings' tables against the code, line by line."""

import ast
import functools
import operator
import pkgutil
import re
import sys
import tokenize
from pathlib import Path

import pytest
import smoke
from contract import shared_method

from nircolor_tf.methods import METHODS, adversarial

BOXES = "Figure box -> attribute -> class"
TERMS = "Loss term -> equation -> config key"

of_every_method = pytest.mark.parametrize("name", sorted(METHODS))


def docstring(name):
    """A method's, with dotted names in one piece where a line breaks them."""
    text = sys.modules[METHODS[name].__module__].__doc__
    return re.sub(r"\n +\.(?=\w)", ".", text)


def table(name, heading):
    """The text between a heading and the next empty line."""
    _, found, rest = docstring(name).partition(heading)
    assert found, f"no table '{heading}'"
    return rest.partition("\n\n")[0]


def variants_of(file):
    """What a config file can be told after its colon."""
    return list(smoke.load_module(file)["VARIANTS"])


@functools.cache
def all_configs():
    """Every variant of every config file, and its name; to be read only."""
    return [
        (f"{file}:{variant}", smoke.load_config(file, variant))
        for file in smoke.FILES
        for variant in variants_of(file)
    ]


def configs_of(method):
    return [(name, c) for name, c in all_configs() if c.method == method]


def smoke_methods(name):
    for experiment in smoke.SMOKE:
        if smoke.load_config(*experiment).method == name:
            yield shared_method(*experiment)


@of_every_method
def test_every_config_key_named_is_there(name):
    keys = re.findall(r"\bconfig\.(\w+(?:\.\w+)*)", docstring(name))
    assert keys
    for where, config in configs_of(name):
        for key in keys:
            try:
                operator.attrgetter(key)(config)
            except AttributeError:
                pytest.fail(f"configs/{where}: no config.{key}")


@of_every_method
def test_the_table_of_terms_is_what_config_loss_has(name):
    named = set(re.findall(r"\bconfig\.loss\.(\w+)", table(name, TERMS)))
    for where, config in configs_of(name):
        assert named == set(config.loss), where
    for function in re.findall(r"`(\w+)`", table(name, TERMS)):
        assert hasattr(METHODS[name], function), function


@of_every_method
def test_the_table_of_boxes_is_what_the_method_has(name):
    for method in smoke_methods(name):
        named, kinds = set(), ()
        # A row is indented by four, what continues it by more.
        for row in re.split(r"\n {4}(?=\S)", table(name, BOXES))[1:]:
            _, attribute, paths = " ".join(row.split()).rsplit(" -> ", 2)
            named.add(attribute)
            if paths != "the same":
                kinds = kinds_in(paths)
            part = (
                method.networks[attribute]
                if attribute in method.networks
                else operator.attrgetter(attribute)(method)
            )
            if kinds:
                parts = part if isinstance(part, list) else [part]
                assert {type(part) for part in parts} <= set(kinds), row
        assert set(method.networks) <= named


def kinds_in(paths):
    """The classes that a cell names; of a dictionary, those in it."""
    targets = [
        pkgutil.resolve_name(f"nircolor_tf.{path}")
        for path in re.findall(r"\b((?:networks|inference)(?:\.\w+)+)", paths)
    ]
    assert targets, paths
    kinds = [
        kind
        for target in targets
        for kind in (target.values() if isinstance(target, dict) else [target])
    ]
    return [kind for kind in kinds if isinstance(kind, type)]


@pytest.mark.parametrize("file", smoke.FILES)
def test_a_config_file_names_its_variants_and_no_other(file):
    text = smoke.load_module(file)["__doc__"]
    variants = set(filter(None, variants_of(file)))
    words = {word for variant in variants for word in variant.split(",")}
    missing = {w for w in words if not re.search(rf"\b{w}\b", text)}
    assert not missing
    named = re.findall(r"`[:,]?(\w+(?:,\w+)?)`", text)
    named += re.findall(rf"configs/{file}\.py:(\S+)", text)
    assert set(named) <= words | variants


@of_every_method
def test_a_config_that_a_method_names_is_there(name):
    pattern = r"configs/(\w+)\.py:(\w+)"
    for file, variant in re.findall(pattern, docstring(name)):
        assert variant in variants_of(file)


def equations_in(text):
    """The numbers after 'eq.': '5, 7 and 9', '5 to 8', one by one."""
    found = set()
    for cited in re.findall(
        r"\beq\. (\d+(?:(?:, | and | to )\d+)*)", text, re.IGNORECASE
    ):
        for group in re.split(", | and ", cited):
            first, *last = map(int, group.split(" to "))
            found |= set(range(first, (last or [first])[0] + 1))
    return found


def citations(path):
    """The comments and the functions' docstrings of a file, one by one."""
    with Path(path).open() as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.string
    for node in ast.walk(ast.parse(Path(path).read_text())):
        if isinstance(node, ast.FunctionDef):
            yield ast.get_docstring(node) or ""


@pytest.mark.parametrize(
    ("name", "equations"),
    # CoColor's eq. 1 and 2 are probabilities, no losses.
    [("cocolor", set(range(3, 12))), ("mpfnet", set(range(1, 6)))],
)
def test_every_equation_is_named_cited_and_tested(name, equations):
    assert equations_in(table(name, TERMS)) == equations
    cited = set()
    for text in citations(sys.modules[METHODS[name].__module__].__file__):
        cited |= equations_in(text)
    # Shared code cites several papers, each by its name.
    paper = docstring(name).partition(":")[0]
    for text in citations(adversarial.__file__):
        for of_paper in re.findall(rf"{paper}'s (eq\. [^;\n]*)", text):
            cited |= equations_in(of_paper)
    assert equations <= cited
    tests = Path(__file__).with_name(f"test_{name}.py").read_text()
    tested = re.findall(r"^def test_equation_(\d+)_", tests, re.MULTILINE)
    assert set(map(int, tested)) == equations


def test_equations_are_read_as_they_are_written():
    text = "eq. 5, 7 and 9 -> eq. 3, lambda_4; Eq. 11 to 13, alpha 2"
    assert equations_in(text) == {3, 5, 7, 9, 11, 12, 13}
