"""Reads a video file through FFmpeg's libraries (PyAV)."""

import collections
import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.logging

from nircolor_tf.errors import InputError
from nircolor_tf.images.channels import Channel
from nircolor_tf.inference import frame_pixels
from nircolor_tf.inference.capture import (
    Frame,
    Properties,
    SizeGuard,
    counted,
)

# The lengths that a file says and has may differ by so much, seconds.
_LENGTH_TOLERANCE = 1

# Of a frame, which is held as floats several times: 6 GB.
_MAX_PIXELS = 2**26

# A higher rate is taken for the unit of the times, frames per second.
_MOST_STEPS = 240

# FFmpeg's AVFMT_NOTIMESTAMPS and AV_CODEC_FLAG_OUTPUT_CORRUPT.
_WITHOUT_TIMES = 0x80
_OUTPUT_DAMAGED = 1 << 3

_NOT_SHOWN = av.stream.Disposition.attached_pic | (
    av.stream.Disposition.timed_thumbnails
)

# Lists of other files, which need not be those that the user gave.
_PLAYLISTS = {*("concat", "dash", "hls", "imf", "vobsub", "webm_dash_manifest")}
_FORMATS = ",".join(sorted(av.formats_available - _PLAYLISTS))

# Of the container itself, which the result has anew.
_OWN_METADATA = (
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "duration",
)


def open_container(path: str) -> av.container.InputContainer:
    """Opens a file, and no other that it may refer to.

    Raises:
        InputError: It is no video that FFmpeg can read.
    """
    try:
        return av.open(
            f"file:{path}",
            metadata_errors="replace",
            container_options={
                "protocol_whitelist": "file",
                "format_whitelist": _FORMATS,
            },
        )
    except av.ArgumentError as error:  # of a format that is not in the list
        raise InputError(
            f"{path}: a list of other files, as ffconcat, or damaged; expected "
            "a video"
        ) from error
    except (av.FFmpegError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{path}: not a video that FFmpeg can read: {reason}"
        ) from error


class VideoFile:
    """A video file and its frames.

    Args:
        path: The file.
        channel: Which channel of its frames is NIR.

    Attributes:
        properties: For the result.
        count: Frames, as the file says or by its length; 0 where it does not.
        origin: Time stamp of the start, of pictures or sound, seconds.

    Raises:
        InputError: There is no such file, it is no video, or its frames are
            too large.
    """

    def __init__(self, path: str, channel: Channel):
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file")
        self._path = path
        self._channel = channel
        self._container = open_container(path)
        self._stream = _shown_stream(self._container, path)
        self._stream.codec_context.flags |= _OUTPUT_DAMAGED
        self.origin = Fraction(self._container.start_time or 0, av.time_base)
        self.properties = _properties(self._container, self._stream, path)
        self._seconds = Fraction(self._container.duration or 0, av.time_base)
        self.count = self._stream.frames or int(
            self._seconds * self.properties.rate
        )
        self._packets = 0
        self._reason = "the decoder returns nothing"
        self._reached = Fraction(0)
        self._at_end = False
        self._problems = collections.Counter()

    def close(self) -> None:
        """Closes the file."""
        self._container.close()

    def frames(self) -> Iterator[Frame]:
        """Yields frames until there are no more.

        A frame that cannot be decoded is left out, and `notes` says so: the
        others keep their time.

        Raises:
            InputError: A frame lacks the channel, or is of another size or
                depth than the first; or none can be decoded.
        """
        guard = SizeGuard(self._path)
        first_bits = time = None
        number = 0
        aspect = self._stream.sample_aspect_ratio or Fraction(1)
        for number, (frame, damaged) in enumerate(self._decoded(), 1):
            name = f"{self._path}: frame {number}"
            _check_size(frame.width, frame.height, name)
            orientation = frame_pixels.orientation(frame)
            self._problems["odd angle"] += orientation is None
            self._problems["tv gray"] += frame_pixels.is_limited_gray(frame)
            bits = frame_pixels.depth(frame.format, name)
            first_bits = first_bits or bits
            if bits != first_bits:
                raise InputError(
                    f"{name}: the depth changes from {first_bits} to {bits} bit"
                )
            nir = frame_pixels.nir_levels(frame, self._channel, name, damaged)
            guard.check(number, *nir.shape[:2])
            duration = (frame.duration or 0) * self.properties.time_base
            if frame.pts is not None:
                time = frame.pts * self.properties.time_base - self.origin
            elif time is not None:
                time += duration or 1 / self.properties.rate
            time = time or Fraction(0)
            lying = (orientation or 1) >= 5
            yield Frame(
                nir, time, duration, bits, 1 / aspect if lying else aspect
            )
        if not number:
            raise InputError(
                f"{self._path}: none of its {self._packets} frames can be "
                f"decoded: {self._reason}"
            )

    def _decoded(self) -> Iterator[tuple[av.VideoFrame, bool]]:
        """Yields frames, and whether their colors say nothing.

        Errors last until the next frame that does not depend on others. Before
        the first good frame, the decoder has nothing but gray to start from.
        """
        torn = False
        good = 0
        for packet in self._demuxed():
            with _decoder_errors() as errors:
                try:
                    frames = self._stream.decode(packet)
                except av.FFmpegError as error:
                    self._problems["lost"] += 1
                    self._reason = error.strerror
                    torn = True
                    continue
            broken = errors or (packet is not None and packet.is_corrupt)
            for frame in frames:
                torn = torn and not frame.key_frame
                torn = bool(torn or broken or frame.is_corrupt)
                if frame.is_corrupt and not good:
                    self._problems["lost"] += 1
                    continue
                self._problems["torn"] += torn
                self._problems["interlaced"] += frame.interlaced_frame
                yield frame, torn and good > 0
                good += not torn

    def _demuxed(self) -> Iterator[av.Packet | None]:
        """Yields the packets of the pictures, and None at the end of them.

        Looks at those of the sound, too, to see where the file ends.
        """
        streams = [self._stream, *self._container.streams.audio]
        packets = self._container.demux(streams)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                break
            if packet.size == 0 and packet.dts is None:
                break
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                self._reached = max(self._reached, end - self.origin)
            if packet.stream is self._stream:
                self._packets += 1
                if packet.size:  # none repeats the frame before
                    yield packet
        yield None
        self._at_end = True

    def notes(self) -> list[str]:
        """Returns what is to be said of the frames that were read."""
        notes = []
        problems = self._problems
        if self._container.format.flags & _WITHOUT_TIMES:
            notes.append("the file holds no times, and this rate is a guess")
        if problems["odd angle"]:
            notes.append("not turned by its angle, which is not a right one")
        if problems["tv gray"]:
            notes.append(
                "tagged tv range, but gray is read as full range: --range "
                "says otherwise"
            )
        if problems["interlaced"]:
            notes.append("interlaced: a frame shows two moments")
        if problems["lost"]:
            notes.append(f"{counted(problems['lost'])} could not be decoded")
        if problems["torn"]:
            notes.append(f"errors in {counted(problems['torn'])}")
        if self._at_end:
            notes += self._missing()
        left_out = collections.Counter(
            stream.type
            for stream in self._container.streams
            if stream is not self._stream and stream.type != "audio"
        )
        if left_out:
            streams = ", ".join(f"{n} {kind}" for kind, n in left_out.items())
            notes.append(f"without further streams: {streams}")
        return notes

    def _missing(self) -> list[str]:
        # An AVI file counts frames that its camera dropped, too.
        length = self._stream.frames / self.properties.rate
        dropped = self._container.format.name == "avi" and (
            self._reached >= length - _LENGTH_TOLERANCE
        )
        if self._packets < self._stream.frames and not dropped:
            return [
                f"the input says that it has {self._stream.frames} frames, "
                f"and ends after {self._packets}"
            ]
        if self._reached < self._seconds - _LENGTH_TOLERANCE:
            return [
                f"the input says that it takes {float(self._seconds):.1f} s, "
                f"and ends after {float(self._reached):.1f} s"
            ]
        return []


def _shown_stream(
    container: av.container.InputContainer, path: str
) -> av.VideoStream:
    """Returns the first stream of pictures that is no cover or preview."""
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & _NOT_SHOWN
    ]
    if not streams:
        raise InputError(f"{path}: there is no video in it")
    stream = streams[0]
    if stream.codec_context is None:
        raise InputError(f"{path}: FFmpeg cannot decode its pictures")
    _check_size(stream.width, stream.height, path)
    return stream


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > _MAX_PIXELS:
        raise InputError(
            f"{name}: has {width} x {height} pixels; expected at most "
            f"{_MAX_PIXELS} (2^26)"
        )


def _properties(
    container: av.container.InputContainer, stream: av.VideoStream, path: str
) -> Properties:
    rate = stream.average_rate or stream.guessed_rate
    if not rate or rate < 0 or not stream.time_base:
        raise InputError(f"{path}: says {rate} frames per second")
    steady_rate = stream.guessed_rate or rate
    if steady_rate > _MOST_STEPS:
        steady_rate = rate
    metadata = {
        name: value
        for name, value in container.metadata.items()
        if name.lower() not in _OWN_METADATA
    }
    return Properties(
        Fraction(rate),
        Fraction(steady_rate),
        Fraction(stream.time_base),
        metadata,
    )


@contextlib.contextmanager
def _decoder_errors() -> Iterator[list]:
    """Lists what decoders report: some return a damaged frame as a good one."""
    av.logging.set_skip_repeated(False)
    av.logging.set_level(av.logging.ERROR)
    try:
        # Not local: threads of the decoder report, too.
        with av.logging.Capture(local=False) as errors:
            yield errors
    finally:
        av.logging.set_level(None)
