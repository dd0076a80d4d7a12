"""Copies the sound of one video to another, unchanged."""

import heapq
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from nircolor_tf import files
from nircolor_tf.errors import DiskFullError
from nircolor_tf.inference.video_reader import open_container
from nircolor_tf.inference.video_writer import FORMATS

# A decoder needs so much before the first sound that is to be heard, seconds.
_PREROLL = Fraction(1, 10)

# Packets come in order. FFmpeg keeps them 10 s by default, in case that they do
# not, which is gigabytes of lossless pictures; microseconds.
_INTERLEAVING = {"max_interleave_delta": "500000"}

# Sound may be off by so much unnoticed, seconds.
_LATENESS = Fraction(1, 20)

# Where a file does not say which speakers its channels are for, mp4 wants to
# know it. FFmpeg's names.
_SPEAKERS = {"1 channels": "mono", "2 channels": "stereo"}


class _CopyError(Exception):
    """Sound that cannot be copied; the message says why."""


def add_sound(
    silent: Path,
    source: str,
    origin: Fraction,
    end: Fraction | None,
    name: Path,
) -> tuple[Path, str]:
    """Adds the sound of a video to the pictures of another.

    Args:
        silent: The video without sound.
        source: The video with the sound.
        origin: Its time stamp at time 0 of `silent`, seconds.
        end: Where the sound is cut, seconds of `silent`; None for nowhere.
        name: Of the whole video, for errors.

    Returns:
        The file with sound, or `silent` where there is none; and a note on
        the sound.

    Raises:
        DiskFullError: There is no room for it.
    """
    with open_container(source) as sounds:
        if not sounds.streams.audio:
            return silent, "the input has no sound"
        target = silent.with_stem("sound")
        try:
            with (
                open_container(str(silent)) as pictures,
                av.open(
                    f"file:{target}",
                    "w",
                    format=FORMATS[target.suffix.lower()].container,
                    container_options=_INTERLEAVING,
                ) as result,
            ):
                note = _copy(pictures, sounds, result, origin, end)
        except (av.FFmpegError, _CopyError) as error:
            refusal = files.refusal(name, error)
            if isinstance(refusal, DiskFullError):
                raise refusal from error
            reason = getattr(error, "strerror", None) or str(error)
            return silent, f"without sound, which cannot be copied: {reason}"
    return target, note


def _copy(
    pictures: av.container.InputContainer,
    sounds: av.container.InputContainer,
    result: av.container.OutputContainer,
    origin: Fraction,
    end: Fraction | None,
) -> str:
    result.metadata.update(pictures.metadata)
    shown = pictures.streams.video[0]
    copies = {shown: result.add_stream_from_template(shown, opaque=True)}
    # Without it Matroska may say 1000 frames a second, its unit of time.
    copies[shown].codec_context.framerate = shown.average_rate
    refused = []
    for stream in sounds.streams.audio:
        try:
            copy = result.add_stream_from_template(stream)
        except ValueError:
            refused.append(_codec(stream))
        else:
            copy.metadata.update(stream.metadata)
            speakers = _SPEAKERS.get(copy.codec_context.layout.name)
            if speakers:
                copy.codec_context.layout = speakers
            copies[stream] = copy
    refusal = f"{result.format.name} does not take {', '.join(refused)}"
    if len(copies) == 1:
        raise _CopyError(refusal)
    sound = _packets(sounds, copies, origin, end)
    if result.format.name == "avi":
        sound = _from_the_start(sound)
    damaged = 0
    for packet in heapq.merge(
        _packets(pictures, copies, Fraction(0), None), sound, key=_time
    ):
        packet.stream = copies[packet.stream]
        try:
            result.mux(packet)
        except av.error.InvalidDataError:
            if packet.stream.type != "audio":
                raise
            damaged += 1
    losses = [refusal] if refused else []
    if damaged:
        losses.append(f"{damaged} of its packets damaged")
    if losses:
        return f"sound copied in part: {', '.join(losses)}"
    return "sound copied"


def _codec(stream: av.AudioStream) -> str:
    context = stream.codec_context
    return "an unknown codec" if context is None else context.name


def _packets(
    container: av.container.InputContainer,
    copies: dict[av.stream.Stream, av.stream.Stream],
    origin: Fraction,
    end: Fraction | None,
) -> Iterator[av.Packet]:
    """Yields the packets of the streams in `copies`, from time 0."""
    streams = [stream for stream in container.streams if stream in copies]
    latest = dict.fromkeys(streams)
    ended = set()
    for packet in container.demux(streams):
        if packet.size == 0:  # marks the end
            continue
        if packet.dts is None:
            raise _CopyError("it has no times")
        shift = round(origin / packet.time_base)
        packet.dts -= shift
        packet.pts = packet.dts if packet.pts is None else packet.pts - shift
        before = latest[packet.stream]
        if before is not None and packet.dts < before:
            raise _CopyError("its times go back")
        latest[packet.stream] = packet.dts
        if end is not None and _time(packet) >= end:
            ended.add(packet.stream)
            if len(ended) == len(streams):
                return
        elif not packet.is_discard or _time(packet) >= -_PREROLL:
            yield packet


def _from_the_start(sound: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """Leaves out what is before time 0, where an AVI file starts everything."""
    started = set()
    for packet in sound:
        if packet.dts + (packet.duration or 0) / 2 < 0:
            continue
        packet.pts = packet.dts = max(packet.dts, 0)
        if packet.stream not in started and _time(packet) > _LATENESS:
            raise _CopyError(
                f"it starts {float(_time(packet)):.2f} s after the pictures, "
                "which avi cannot hold"
            )
        started.add(packet.stream)
        yield packet


def _time(packet: av.Packet) -> Fraction:
    return packet.dts * packet.time_base
