"""Frames of more than 8 bit: no pixel is overwritten, none left out."""

import av
import clips
import numpy as np
import pytest

from nircolor_tf.images import channels
from nircolor_tf.inference import frame_pixels
from nircolor_tf.inference.video_reader import VideoFile

# At some widths FFmpeg's threads wrote into each other's rows.
WIDTHS = (642, 664, 854, 1366)


def levels(height, width, low, high):
    generator = np.random.default_rng(width)
    size = (height, width)
    return generator.integers(low, high, size, np.uint16, endpoint=True)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("pixels", "bits"),
    [("yuv420p10le", 10), ("yuv422p10le", 10), ("yuv444p16le", 16)],
)
def test_luma_has_every_pixel(pixels, bits, width):
    black, white = 16 << (bits - 8), 235 << (bits - 8)
    luma = levels(480, width, black, white)
    frame = clips.frame_of(luma, pixels)
    expected = (luma - float(black)) / (white - black) * (2**bits - 1)
    for _ in range(6):  # a race is not lost each time
        nir = frame_pixels.nir_levels(frame, channels.GRAY, "frame", False)
        np.testing.assert_allclose(nir[..., 0], expected, atol=0.6)


@pytest.mark.parametrize("width", [640, 854, 1366])
@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_planes_of_rgb_beside_alpha_have_every_pixel(bits, order, width):
    rgb = levels(96, 3 * width, 0, 2**bits - 1).reshape(96, width, 3)
    frame = av.VideoFrame(width, 96, f"gbrap{bits}{order}")
    dtype = np.dtype("<u2" if order == "le" else ">u2")
    for plane, channel in zip(frame.planes, (1, 2, 0, 0), strict=True):
        rows = np.frombuffer(plane, dtype).reshape(plane.height, -1)
        rows[:, :width] = rgb[..., channel]
    for name, channel in (("red", 0), ("green", 1), ("blue", 2)):
        nir = frame_pixels.nir_levels(
            frame, channels.Channel(name), "frame", False
        )
        np.testing.assert_array_equal(nir[..., 0], rgb[..., channel])


@pytest.mark.parametrize(
    ("pixels", "width"),
    [("yuv420p10le", 854), ("yuv420p10le", 1366), ("gbrap12le", 640)],
)
def test_a_deep_video_of_one_level_has_one(tmp_path, pixels, width):
    image = np.full((480, width), 500, np.uint16)
    path = clips.write_clip(tmp_path / "nir.mkv", [image] * 4, pixels)
    rgb = pixels.startswith("gbr")
    video = VideoFile(path, channels.Channel("green" if rgb else "gray"))
    for frame in video.frames():
        assert frame.nir.shape == (480, width, 1)
        assert np.unique(frame.nir).size == 1
    video.close()
