"""The sizes that an image has on its way."""

import subprocess
import sys

import pytest

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
