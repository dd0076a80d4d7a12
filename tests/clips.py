"""Small videos for tests, written and read by PyAV."""

from fractions import Fraction

import av
import numpy as np

from nircolor_tf.images import channels as channel_names
from nircolor_tf.images import ranges
from nircolor_tf.inference import video
from nircolor_tf.inference.colorizer import Colorizer

RATE = Fraction(24000, 1001)

# Without loss, and with checksums.
OPTIONS = {"libx264": {"qp": "0", "bf": "0"}, "ffv1": {"level": "3"}}


def tint(nir):
    return nir * np.float32([1, 0.5, 0.25])


def gray(level, height=24, width=32):
    return np.full((height, width), level, np.uint8)


def frame_of(image, pixels, chroma=0):
    """A frame of gray levels (H, W), with neutral chroma, or of RGB."""
    if image.ndim == 3:
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        return frame.reformat(format=pixels)
    frame = av.VideoFrame(*image.shape[::-1], pixels)
    bits = frame.format.components[0].bits
    for number, plane in enumerate(frame.planes):
        dtype = np.uint8 if bits == 8 else "<u2"
        rows = np.frombuffer(plane, dtype).reshape(plane.height, -1)
        if number == 0:
            rows[:, : plane.width] = image
        else:
            rows[:] = 2 ** (bits - 1) + chroma
    return frame


def write_clip(
    path,
    images,
    pixels="gray",
    codec="ffv1",
    rate=RATE,
    times=None,
    sound=None,
    sound_start=0,
    chroma=0,
    turn=None,
    title=None,
    **settings,
):
    """Writes images as a video.

    `times` are seconds; without them the images follow at `rate`. `sound` is a
    codec, for a tone of a second. `turn` is (degrees, mirrored). `settings` are
    attributes of the encoder.
    """
    with av.open(str(path), "w") as clip:
        if title:
            clip.metadata["title"] = title
        stream = clip.add_stream(
            codec, rate=rate, options=OPTIONS.get(codec), pix_fmt=pixels
        )
        stream.height, stream.width = images[0].shape[:2]
        unit = Fraction(1, 1000) if times else 1 / rate
        stream.codec_context.time_base = unit
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        if turn:
            stream.set_display_rotation(turn[0], hflip=turn[1])
        if sound:
            tone = clip.add_stream(sound, rate=48000)
            clip.start_encoding()
            clip.mux(packets_of_a_tone(tone, sound_start))
        for number, image in enumerate(images):
            frame = frame_of(image, pixels, chroma)
            frame.color_range = settings.get("color_range", 0)
            frame.pts = round(times[number] / unit) if times else number
            frame.time_base = unit
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode())
    return str(path)


def packets_of_a_tone(stream, start, seconds=1):
    phase = np.arange(48000 * seconds) * (2 * np.pi * 440 / 48000)
    wave = (np.sin(phase) * 8000).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(
        np.repeat(wave, 2)[None], format="s16", layout="stereo"
    )
    frame.sample_rate = 48000
    frame.pts = round(start * 48000)
    frame.time_base = Fraction(1, 48000)
    return [*stream.encode(frame), *stream.encode()]


def read_clip(path):
    """Returns the RGB frames and their times."""
    with av.open(str(path)) as clip:
        frames = list(clip.decode(video=0))
        images = np.stack(
            [frame.to_ndarray(format="rgb24") for frame in frames]
        )
        return images, [frame.time for frame in frames]


def read_sound(path):
    """Returns the bytes of the encoded sound, and where it starts, seconds."""
    with av.open(str(path)) as clip:
        packets = [packet for packet in clip.demux(audio=0) if packet.size]
        start = packets[0].pts * packets[0].time_base
        return b"".join(map(bytes, packets)), float(start)


def colorize(
    source,
    target,
    predict=tint,
    values="auto",
    smoothing=0.0,
    overwrite=False,
    max_frames=None,
    channels=3,
    channel="gray",
    camera_size=None,
):
    return video.colorize_video(
        Colorizer(predict, channels=channels),
        str(source),
        target,
        ranges.parse(values),
        smoothing,
        overwrite,
        max_frames,
        channel_names.parse(channel),
        camera_size,
    )


class Recorder:
    """A model that keeps what it is given."""

    def __init__(self):
        self.frames = []

    def __call__(self, nir):
        self.frames.append(nir[0, ..., 0].copy())
        return tint(nir)
