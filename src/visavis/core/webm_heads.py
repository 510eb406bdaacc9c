"""What stands in WebM before its frames: head, Info, Tracks, and where things are.

RFC 9559, 5.1, and the WebM container guidelines; of Opus RFC 7845, 5.1. No date, nothing random.
Not for: frames (`webm`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from visavis.core.ebml import (
    Element,
    child,
    double,
    element,
    read_double,
    read_unsigned,
    shortest,
    text,
    unsigned,
)
from visavis.core.errors import Code, PeerError
from visavis.core.webm_types import AudioTrack, Track, VideoTrack

_OPUS_RATE: Final = 48_000
_PRE_SKIP: Final = 312
"""Samples that an Opus encoder looks ahead (6.5 ms), by which sound comes out later than it went
in. Players drop them at the beginning and play all by as much earlier (RFC 7845, 4.2)."""

_SEEK_PRE_ROLL_NS: Final = 80_000_000  # RFC 7845, 4.6: what a decoder needs until it is right
_NS: Final = 1_000_000_000
_APP: Final = "visavis"
_VIDEO, _AUDIO = 1, 2  # TrackType


class Id(IntEnum):
    """Elements (RFC 8794, 11.2; RFC 9559, 5.1)."""

    EBML = 0x1A45DFA3
    EBML_VERSION = 0x4286
    EBML_READ_VERSION = 0x42F7
    EBML_MAX_ID_LENGTH = 0x42F2
    EBML_MAX_SIZE_LENGTH = 0x42F3
    DOC_TYPE = 0x4282
    DOC_TYPE_VERSION = 0x4287
    DOC_TYPE_READ_VERSION = 0x4285
    SEGMENT = 0x18538067
    SEEK_HEAD = 0x114D9B74
    SEEK = 0x4DBB
    SEEK_ID = 0x53AB
    SEEK_POSITION = 0x53AC
    INFO = 0x1549A966
    TIMESTAMP_SCALE = 0x2AD7B1
    DURATION = 0x4489
    MUXING_APP = 0x4D80
    WRITING_APP = 0x5741
    TRACKS = 0x1654AE6B
    TRACK_ENTRY = 0xAE
    TRACK_NUMBER = 0xD7
    TRACK_UID = 0x73C5
    TRACK_TYPE = 0x83
    FLAG_LACING = 0x9C
    NAME = 0x536E
    LANGUAGE = 0x22B59C
    CODEC_ID = 0x86
    CODEC_PRIVATE = 0x63A2
    CODEC_DELAY = 0x56AA
    SEEK_PRE_ROLL = 0x56BB
    VIDEO = 0xE0
    PIXEL_WIDTH = 0xB0
    PIXEL_HEIGHT = 0xBA
    AUDIO = 0xE1
    SAMPLING_FREQUENCY = 0xB5
    CHANNELS = 0x9F
    CUES = 0x1C53BB6B
    CUE_POINT = 0xBB
    CUE_TIME = 0xB3
    CUE_TRACK_POSITIONS = 0xB7
    CUE_TRACK = 0xF7
    CUE_CLUSTER_POSITION = 0xF1
    CLUSTER = 0x1F43B675
    TIMESTAMP = 0xE7
    SIMPLE_BLOCK = 0xA3


HEAD: Final = element(
    Id.EBML,
    unsigned(Id.EBML_VERSION, 1),
    unsigned(Id.EBML_READ_VERSION, 1),
    unsigned(Id.EBML_MAX_ID_LENGTH, 4),
    unsigned(Id.EBML_MAX_SIZE_LENGTH, 8),
    text(Id.DOC_TYPE, "webm"),
    unsigned(Id.DOC_TYPE_VERSION, 4),
    unsigned(Id.DOC_TYPE_READ_VERSION, 2),
)


def info(length: int) -> bytes:
    """Return what is said of the whole.

    Args:
        length: How long it is, milliseconds.
    """
    return element(
        Id.INFO,
        unsigned(Id.TIMESTAMP_SCALE, _NS // 1000),
        double(Id.DURATION, length),
        text(Id.MUXING_APP, _APP),
        text(Id.WRITING_APP, _APP),
    )


def track_entry(number: int, track: Track, name: str = "") -> bytes:
    """Return what is said of a track.

    Args:
        number: From 1.
        track: It.
        name: What players call it; empty: nothing.
    """
    if isinstance(track, VideoTrack):
        kind, codec = _VIDEO, _vp8(track.width, track.height)
    else:
        kind, codec = _AUDIO, _opus(track.channels)
    return element(
        Id.TRACK_ENTRY,
        unsigned(Id.TRACK_NUMBER, number),
        unsigned(Id.TRACK_UID, number),
        unsigned(Id.TRACK_TYPE, kind),
        unsigned(Id.FLAG_LACING, 0),
        text(Id.NAME, name) if name else b"",
        text(Id.LANGUAGE, "und"),
        codec,
    )


def _opus(channels: int) -> bytes:
    head = b"OpusHead\x01" + bytes([channels]) + _PRE_SKIP.to_bytes(2, "little")
    head += _OPUS_RATE.to_bytes(4, "little") + bytes(3)  # no gain; mono or stereo
    rate = double(Id.SAMPLING_FREQUENCY, _OPUS_RATE)
    return b"".join(
        (
            text(Id.CODEC_ID, "A_OPUS"),
            element(Id.CODEC_PRIVATE, head),
            unsigned(Id.CODEC_DELAY, _PRE_SKIP * _NS // _OPUS_RATE),
            unsigned(Id.SEEK_PRE_ROLL, _SEEK_PRE_ROLL_NS),
            element(Id.AUDIO, rate, unsigned(Id.CHANNELS, channels)),
        )
    )


def _vp8(width: int, height: int) -> bytes:
    sides = (unsigned(Id.PIXEL_WIDTH, width), unsigned(Id.PIXEL_HEIGHT, height))
    return text(Id.CODEC_ID, "V_VP8") + element(Id.VIDEO, *sides)


def seek_head(top: Sequence[tuple[Id, bytes]], at: int) -> bytes:
    """Return where elements are (RFC 9559, 5.1.1).

    Args:
        top: They, one after the other.
        at: Where the first stands, counted from the beginning of the Segment's content.
    """
    seeks: list[bytes] = []
    for ident, data in top:
        where = _position(Id.SEEK_POSITION, at)
        seeks.append(element(Id.SEEK, element(Id.SEEK_ID, shortest(ident)), where))
        at += len(data)
    return element(Id.SEEK_HEAD, *seeks)


def cues(points: Sequence[tuple[int, int]], at: int) -> bytes:
    """Return where key frames are (RFC 9559, 5.1.5).

    Args:
        points: When each is, and how far its Cluster is behind the first.
        at: Where the first Cluster stands, counted as in `seek_head`.
    """
    written: list[bytes] = []
    for when, behind in points:
        where = _position(Id.CUE_CLUSTER_POSITION, at + behind)
        positions = element(Id.CUE_TRACK_POSITIONS, unsigned(Id.CUE_TRACK, 1), where)
        written.append(element(Id.CUE_POINT, unsigned(Id.CUE_TIME, when), positions))
    return element(Id.CUES, *written)


def _position(ident: Id, at: int) -> bytes:
    """Return a place. Each has four bytes, so no length depends on what stands where."""
    return element(ident, at.to_bytes(4, "big"))


def read_info(data: bytes, whole: Element) -> int:
    """Return how long the whole is, milliseconds.

    Raises:
        PeerError: MALFORMED (CK-951, CK-953), it does not say that.
    """
    length = read_double(data, child(data, whole, Id.DURATION))
    if not length.is_integer():
        raise PeerError(Code.MALFORMED, "CK-953 part: a length that is no number of milliseconds")
    return int(length)


def read_tracks(data: bytes, tracks: Element) -> Track:
    """Return the first track.

    Raises:
        PeerError: MALFORMED (CK-951, CK-952), it is neither Opus nor VP8.
    """
    entry = child(data, tracks, Id.TRACK_ENTRY)
    codec = child(data, entry, Id.CODEC_ID)
    match data[codec.start : codec.end]:
        case b"A_OPUS":
            audio = child(data, entry, Id.AUDIO)
            return AudioTrack(_unsigned_in(data, audio, Id.CHANNELS))
        case b"V_VP8":
            video = child(data, entry, Id.VIDEO)
            width = _unsigned_in(data, video, Id.PIXEL_WIDTH)
            return VideoTrack(width, _unsigned_in(data, video, Id.PIXEL_HEIGHT))
        case _:
            raise PeerError(Code.MALFORMED, "CK-952 part: neither Opus nor VP8")


def _unsigned_in(data: bytes, parent: Element, ident: Id) -> int:
    return read_unsigned(data, child(data, parent, ident))
