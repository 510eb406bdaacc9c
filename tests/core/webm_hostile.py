"""What is no part of a recording, and the check that says so."""

from __future__ import annotations

import struct
from typing import Final

from tests.core.webm_examples import PARTS, delta_frame, key_frame

from visavis.core.ebml import UNKNOWN_SIZE, double, element, shortest, text, unsigned
from visavis.core.webm import write_part
from visavis.core.webm_heads import HEAD, Id, info, track_entry
from visavis.core.webm_types import AudioTrack, Track, VideoTrack

SOUND: Final = write_part(PARTS["one packet"])
PICTURE: Final = write_part(PARTS["one picture"])
NO_TIME: Final = write_part(PARTS["no time at all"])
MANY: Final = write_part(PARTS["pictures"])

VOID: Final = element(0xEC, b"\0")
INFO: Final = info(20)
MONO: Final = element(Id.TRACKS, track_entry(1, AudioTrack(1)))


def block(data: bytes, after: int = 0, number: int = 0x81, flags: int = 0x80) -> bytes:
    head = bytes([number]) + after.to_bytes(2, "big") + bytes([flags])
    return element(Id.SIMPLE_BLOCK, head + data)


def cluster(*blocks: bytes, at: int = 0) -> bytes:
    return element(Id.CLUSTER, unsigned(Id.TIMESTAMP, at), *blocks)


ONE: Final = cluster(block(b"\0"))


def segment(*content: bytes) -> bytes:
    return HEAD + element(Id.SEGMENT, *content)


def lasting(duration: bytes) -> bytes:
    return segment(element(Id.INFO, element(Id.DURATION, duration)), MONO, ONE)


def of(track: Track, *frames: bytes) -> bytes:
    tracks = element(Id.TRACKS, track_entry(1, track))
    return segment(INFO, tracks, cluster(*(block(data) for data in frames)))


def channels(number: bytes) -> bytes:
    audio = element(Id.AUDIO, element(Id.CHANNELS, number))
    entry = element(Id.TRACK_ENTRY, text(Id.CODEC_ID, "A_OPUS"), audio)
    return segment(INFO, element(Id.TRACKS, entry), ONE)


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return it with other bytes of the same length, which stand there once."""
    assert data.count(old) == 1, "the fixture holds what is changed"
    assert len(old) == len(new)
    return data.replace(old, new)


VIDEO: Final = VideoTrack(320, 240)
BEHIND: Final = SOUND[len(HEAD) + 6 :]  # the content of its segment: id of 4 bytes, size of 2

HOSTILE: Final[dict[str, tuple[bytes, str]]] = {
    "nothing": (b"", "CK-950"),
    "another file": (b"RIFF" + bytes(60), "CK-950"),
    "another type of EBML": (changed(SOUND, b"webm", b"webn"), "CK-950"),
    "the header alone": (HEAD, "CK-950"),
    "no segment": (HEAD + VOID, "CK-950"),
    "two segments": (SOUND + SOUND[len(HEAD) :], "CK-950"),
    "something behind": (SOUND + b"\0", "CK-950"),
    "something behind that is whole": (SOUND + VOID, "CK-950"),
    "a live stream": (HEAD + shortest(Id.SEGMENT) + UNKNOWN_SIZE + BEHIND, "CK-951"),
    "a size of all ones": (
        segment(shortest(Id.SEEK_HEAD) + b"\xff" + bytes(127), INFO, MONO, ONE),
        "CK-951",
    ),
    "a size that is believed no further": (segment(INFO, b"\xec\x82\0"), "CK-951"),
    "a size of eight bytes": (segment(b"\xec\x01" + b"\xff" * 6 + b"\xfe"), "CK-951"),
    "a size of nine bytes": (segment(b"\xec\0" + bytes(9)), "CK-951"),
    "an id of five bytes": (segment(b"\x08" + bytes(9)), "CK-951"),
    "an id without a size": (segment(INFO, b"\xec"), "CK-951"),
    "an empty segment": (segment(), "CK-951"),
    "no tracks": (segment(INFO, ONE), "CK-951"),
    "no info": (segment(MONO, ONE), "CK-951"),
    "something else in it": (segment(INFO, MONO, ONE, VOID), "CK-951"),
    "attachments": (segment(INFO, MONO, ONE, element(0x1941A469, b"")), "CK-951"),
    "something else in a cluster": (segment(INFO, MONO, cluster(VOID)), "CK-951"),
    "no length": (segment(element(Id.INFO), MONO, ONE), "CK-951"),
    "a length of four bytes": (lasting(struct.pack(">f", 20)), "CK-951"),
    "no track": (segment(INFO, element(Id.TRACKS), ONE), "CK-951"),
    "channels of nine bytes": (channels(bytes(8) + b"\1"), "CK-951"),
    "a time of nine bytes": (
        segment(INFO, MONO, element(Id.CLUSTER, element(Id.TIMESTAMP, bytes(9)))),
        "CK-951",
    ),
    "another codec": (changed(PICTURE, b"V_VP8", b"V_VP9"), "CK-952"),
    "no channel": (channels(b""), "CK-952"),
    "three channels": (channels(b"\3"), "CK-952"),
    "more channels than there are": (channels(b"\xff" * 8), "CK-952"),
    "a picture without a side": (of(VideoTrack(0, 240), key_frame()), "CK-952"),
    "a picture that is too wide": (of(VideoTrack(16_384, 240), key_frame()), "CK-952"),
    "a picture that is too high": (of(VideoTrack(320, 16_384), key_frame()), "CK-952"),
    "half a millisecond": (lasting(struct.pack(">d", 0.5)), "CK-953"),
    "no number": (lasting(struct.pack(">d", float("nan"))), "CK-953"),
    "for ever": (lasting(struct.pack(">d", float("inf"))), "CK-953"),
    "too long": (lasting(struct.pack(">d", 600_001)), "CK-953"),
    "as long as can be": (lasting(struct.pack(">d", 1e308)), "CK-953"),
    "less than nothing": (lasting(struct.pack(">d", -1)), "CK-953"),
    "a zero below zero": (
        changed(NO_TIME, double(Id.DURATION, 0), element(Id.DURATION, struct.pack(">d", -0.0))),
        "CK-956",
    ),
    "no cluster": (segment(INFO, MONO), "CK-953"),
    "an empty cluster": (segment(INFO, MONO, cluster()), "CK-953"),
    "an empty block": (segment(INFO, MONO, element(Id.CLUSTER, element(0xA3))), "CK-953"),
    "an empty frame": (segment(INFO, MONO, cluster(block(b""))), "CK-953"),
    "after the end": (segment(INFO, MONO, cluster(block(b"\0", after=21))), "CK-953"),
    "long after the end": (segment(INFO, MONO, cluster(block(b"\0"), at=2**64 - 1)), "CK-953"),
    "before the cluster": (segment(INFO, MONO, cluster(block(b"\0", after=0xFFFF))), "CK-953"),
    "back in time": (
        segment(INFO, MONO, cluster(block(b"\0", after=2), block(b"\0", after=1))),
        "CK-953",
    ),
    "a frame without its tag": (of(VIDEO, key_frame(), b"\1\0"), "CK-954"),
    "a key frame without its head": (of(VIDEO, key_frame()[:9]), "CK-954"),
    "a key frame without its mark": (of(VIDEO, key_frame().replace(b"*", b"+")), "CK-954"),
    "a key frame without a width": (of(VIDEO, key_frame(width=0x4000)), "CK-954"),
    "a key frame without a height": (of(VIDEO, key_frame(height=0x8000)), "CK-954"),
    "no key frame first": (of(VIDEO, delta_frame(), key_frame()), "CK-955"),
    "a key frame of another width": (of(VIDEO, key_frame(width=321)), "CK-955"),
    "a key frame of another height": (of(VIDEO, key_frame(height=241)), "CK-955"),
    "nowhere said where things are": (segment(INFO, MONO, ONE), "CK-956"),
    "another application": (changed(SOUND, b"WA\x87visavis", b"WA\x87another"), "CK-956"),
    "a track of another number": (changed(SOUND, b"\xd7\x81\1", b"\xd7\x81\2"), "CK-956"),
    "a block of another track": (changed(SOUND, b"\x81\0\0\x80", b"\x82\0\0\x80"), "CK-956"),
    "a block of laced frames": (changed(SOUND, b"\x81\0\0\x80", b"\x81\0\0\x82"), "CK-956"),
    "sound that is no key frame": (changed(SOUND, b"\x81\0\0\x80", b"\x81\0\0\0"), "CK-956"),
    "a picture that says it is none": (changed(PICTURE, b"\x81\0\0\x80", b"\x81\0\0\0"), "CK-956"),
    "a cue elsewhere": (changed(MANY, b"\xb3\x81\xa0", b"\xb3\x81\xa1"), "CK-956"),
    "a longer form of a size": (
        HEAD + shortest(Id.SEGMENT) + (0x200000 | len(BEHIND)).to_bytes(3, "big") + BEHIND,
        "CK-956",
    ),
    "two clusters for one": (
        segment(INFO, MONO, cluster(block(b"\0")), cluster(block(b"\0"), at=20)),
        "CK-956",
    ),
}
