"""The sizes that an image has on its way."""

import subprocess
import sys

import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.inference.fusion import COLORNET
from nircolor_tf.inference.steps import Steps


@pytest.mark.parametrize(
    ("size", "shrunk", "seen"),
    [
        ((1, 1), (1, 1), (64, 64)),
        ((128, 500), (128, 500), (128, 512)),
        ((129, 129), (128, 128), (128, 128)),
        ((256, 385), (128, 192), (128, 192)),  # 192.5: to the even number
        ((680, 1024), (128, 193), (128, 256)),
        ((1024, 680), (193, 128), (256, 128)),
    ],
)
def test_an_image_shrinks_and_is_padded(size, shrunk, seen):
    steps = Steps(size_multiple=64, working_size=128)
    assert steps.shrunk_size(*size) == shrunk
    assert steps.network_size(*size) == seen


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        ((64, 200), (64, 200)),  # not shrunk
        ((680, 1024), (128, 192)),
        ((768, 1024), (128, 160)),  # 170.7: nearer to 160
        ((1080, 1920), (128, 224)),  # 227.6
        ((129, 145), (128, 128)),  # 143.9, 144: to the even 4 times 32
        ((129, 159), (128, 128)),  # 157.8: 160 would be longer than it was
        ((1000, 129), (992, 128)),
    ],
)
def test_an_image_that_shrinks_is_stretched_to_what_the_network_takes(
    size, shrunk
):
    steps = Steps(size_multiple=32, working_size=128, stretch=True)
    assert steps.shrunk_size(*size) == shrunk
    assert steps.shrunk_size(*size[::-1]) == shrunk[::-1]


def test_a_side_shorter_than_the_multiple_is_padded():
    steps = Steps(size_multiple=32, working_size=10, stretch=True)
    assert steps.shrunk_size(20, 30) == (10, 15)
    assert steps.network_size(20, 30) == (32, 32)
    assert steps.shrunk_size(20, 80) == (10, 32)


@pytest.mark.parametrize(
    ("side", "sides"),
    [(9, (12,)), (10, (12,)), (11, (12, 12)), (20, (20, 12)), (90, (20, 12))],
)
def test_the_network_sees_what_is_larger_at_half_of_the_size_too(side, sides):
    steps = Steps(4, working_size=20, half_share=0.5)
    assert steps.half_size(3 * side, side)[1] == min(side, 10)
    assert steps.network_sides(side) == sides
    assert steps.at_one_size() == Steps(4, working_size=20)
    assert steps.at_one_size().network_sides(side) == sides[:1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"half_share": -0.1, "working_size": 8}, "-0.1: expected 0 to 1"),
        ({"half_share": 1.1, "working_size": 8}, "1.1: expected 0 to 1"),
        ({"half_share": float("nan"), "working_size": 8}, "nan: expected 0"),
        ({"half_share": 0.5}, "0.5: .* is None; expected 2 px or more"),
        ({"half_share": 0.5, "working_size": 1}, "0.5: .* is 1; expected 2 px"),
    ],
)
def test_a_share_that_cannot_be_is_refused(settings, message):
    with pytest.raises(InputError, match=f"half_share={message}"):
        Steps(**settings)


def test_only_color_is_fused():
    steps = Steps(working_size=8, mirror=True, fusion=COLORNET)
    assert steps.for_target("rgb") == steps
    for target in ("gray", "nir"):
        assert steps.for_target(target) == Steps(working_size=8, mirror=True)


def test_a_description_needs_no_opencv_and_no_tensorflow():
    code = (
        "import sys\n"
        "import nircolor_tf.inference.steps\n"
        "assert not {'cv2', 'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
