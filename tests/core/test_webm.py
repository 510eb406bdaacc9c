"""WebM of recordings: read as it was written, nothing else is read, and cut as it should be.

That real players take it is in `test_webm_players.py`.
"""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Iterator

import pytest
from tests.core.webm_examples import (
    LARGE,
    MONO,
    PARTS,
    SOURCES,
    VIDEO,
    content,
    delta_frame,
    frames,
    key_frame,
    pictures,
    sound,
)
from tests.core.webm_hostile import HOSTILE

from visavis.core.ebml import Element, child, elements, read_unsigned, vint
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import ConsentKey, Digest, Secret32
from visavis.core.recording_types import Kind
from visavis.core.vp8 import key_frame_size
from visavis.core.vvrec import MAX_PART, Part, seal_part
from visavis.core.webm import _encode, joined, read_part, write_part
from visavis.core.webm_heads import HEAD, Id
from visavis.core.webm_types import MAX_BYTES, MAX_FRAMES, Frame, Media, Source, VideoTrack


def segment_of(data: bytes) -> Element:
    return child(data, Element(0, len(HEAD), len(data)), Id.SEGMENT)


def all_of(data: bytes, parent: Element, *path: int) -> list[Element]:
    """Return the elements at the end of a path."""
    found = [parent]
    for ident in path:
        found = [one for each in found for one in elements(data, each) if one.ident == ident]
    return found


def numbers(data: bytes, parent: Element, *path: int) -> list[int]:
    return [read_unsigned(data, one) for one in all_of(data, parent, *path)]


def clusters(data: bytes) -> list[tuple[int, list[tuple[int, int]]]]:
    """Return when each Cluster begins, and of its blocks the time in it and the flags."""
    found = []
    for one in all_of(data, segment_of(data), Id.CLUSTER):
        blocks = [
            (int.from_bytes(data[b.start + 1 : b.start + 3], "big"), data[b.start + 3])
            for b in all_of(data, one, Id.SIMPLE_BLOCK)
        ]
        found.append((numbers(data, one, Id.TIMESTAMP)[0], blocks))
    return found


def read_or_refused(data: bytes) -> Media | None:
    """Return None for what is refused as malformed; anything else is raised on."""
    try:
        return read_part(data)
    except PeerError as error:
        if error.code is not Code.MALFORMED:
            raise
        return None


class TestParts:
    @pytest.mark.parametrize("name", PARTS)
    def test_is_read_as_it_was_written(self, name: str) -> None:
        data = write_part(PARTS[name])
        assert read_part(data) == PARTS[name]
        assert write_part(read_part(data)) == data

    @pytest.mark.parametrize("name", LARGE)
    def test_large_ones_too(self, name: str) -> None:
        track, length, runs = LARGE[name]
        media = Media(track, length, frames(*runs))
        assert read_part(write_part(media)) == media

    @pytest.mark.parametrize("name", HOSTILE)
    def test_nothing_else_is_read(self, name: str) -> None:
        data, check = HOSTILE[name]
        with pytest.raises(PeerError, match=check) as caught:
            read_part(data)
        assert caught.value.code is Code.MALFORMED

    def test_every_check_refuses_something(self) -> None:
        assert {check for _, check in HOSTILE.values()} == {f"CK-{n}" for n in range(950, 957)}

    @pytest.mark.parametrize("name", ["one packet", "sound", "another size later", "pictures"])
    def test_every_truncation_and_every_changed_byte(self, name: str) -> None:
        """It is refused, or read as what it is: an Opus packet of other bytes, a longer part."""
        data, read = write_part(PARTS[name]), 0
        for at in range(len(data)):
            assert read_or_refused(data[:at]) is None
            for value in {data[at] ^ (1 << bit) for bit in range(8)} | {0, 0x7F, 0x80, 0xFF}:
                if value == data[at]:
                    continue
                changed = data[:at] + bytes([value]) + data[at + 1 :]
                if (media := read_or_refused(changed)) is not None:
                    assert media != PARTS[name]
                    assert write_part(media) == changed
                    read += 1
        assert 0 < read < 4 * len(data), "some changes are other parts, most are none"

    def test_what_fits_can_be_sealed(self) -> None:
        """The largest part is written, read and sealed, and one byte more is not."""
        room = MAX_BYTES - len(write_part(Media(MONO, 20, sound(1, size=4_000_000)))) + 4_000_000
        data = write_part(Media(MONO, 20, (Frame(0, bytes(room)),)))
        assert len(data) == MAX_BYTES
        assert read_part(data).length == 20
        with pytest.raises(UsageError, match="too large"):
            write_part(Media(MONO, 20, (Frame(0, bytes(room + 1)),)))
        # It is one in all but its size, which is judged before anything is read.
        with pytest.raises(PeerError, match="CK-950"):
            read_part(_encode(Media(MONO, 20, (Frame(0, bytes(room + 1)),))))
        part = Part(0, ConsentKey(bytes(32)), Kind.AUDIO, 0, 20, data)
        sealed = seal_part(part, Digest(bytes(32)), Secret32(bytes(32)), Secret32(bytes(32)))
        assert len(sealed.sealed) == MAX_PART

    def test_frames_are_counted_while_they_are_read(self) -> None:
        most = Media(MONO, 0, (Frame(0, b"x"),) * MAX_FRAMES)
        data = write_part(most)
        assert read_part(data) == most
        with pytest.raises(UsageError, match="CK-953"):
            write_part(Media(MONO, 0, (Frame(0, b"x"),) * (MAX_FRAMES + 1)))
        # One more block in the last Cluster, whose size has three bytes, as the Segment's.
        one = b"\xa3\x85\x81\0\0\x80x"
        assert data.endswith(one)
        segment = segment_of(data)
        (cluster,) = all_of(data, segment, Id.CLUSTER)
        more = (
            data[: segment.start - 3]
            + vint(segment.end - segment.start + len(one))
            + data[segment.start : cluster.start - 3]
            + vint(cluster.end - cluster.start + len(one))
            + data[cluster.start :]
            + one
        )
        with pytest.raises(PeerError, match="CK-953 part: too many"):
            read_part(more)

    @pytest.mark.parametrize(
        ("media", "check"),
        [
            (Media(VIDEO, 20, sound(1)), "CK-954"),
            (Media(VIDEO, 20, (Frame(0, delta_frame()),)), "CK-955"),
            (Media(VideoTrack(16_384, 1), 20, pictures(1)), "CK-952"),
            (Media(MONO, 20, ()), "CK-953"),
            (Media(MONO, 20, (Frame(0, b""),)), "CK-953"),
            (Media(MONO, 19, (Frame(20, b"x"),)), "CK-953"),
            (Media(MONO, 20, (Frame(2, b"x"), Frame(1, b"x"))), "CK-953"),
        ],
    )
    def test_what_others_refuse_is_not_written(self, media: Media, check: str) -> None:
        with pytest.raises(UsageError, match=check):
            write_part(media)


def test_what_players_are_told() -> None:
    """Of Opus: RFC 7845, 5.1; 312 samples of 48,000 a second are 6.5 ms."""
    data = write_part(PARTS["sound"])
    segment = segment_of(data)
    entry = (Id.TRACKS, Id.TRACK_ENTRY)

    def bytes_of(*path: int) -> bytes:
        (one,) = all_of(data, segment, *path)
        return data[one.start : one.end]

    assert bytes_of(*entry, Id.CODEC_ID) == b"A_OPUS"
    assert bytes_of(*entry, Id.CODEC_PRIVATE) == struct.pack(
        "<8sBBHIhB", b"OpusHead", 1, 2, 312, 48_000, 0, 0
    )
    assert numbers(data, segment, *entry, Id.CODEC_DELAY) == [6_500_000]
    assert numbers(data, segment, *entry, Id.SEEK_PRE_ROLL) == [80_000_000]
    assert numbers(data, segment, *entry, Id.AUDIO, Id.CHANNELS) == [2]
    assert struct.unpack(">d", bytes_of(*entry, Id.AUDIO, Id.SAMPLING_FREQUENCY)) == (48_000,)
    assert numbers(data, segment, *entry, Id.TRACK_TYPE) == [2]
    assert numbers(data, segment, Id.INFO, Id.TIMESTAMP_SCALE) == [1_000_000]
    assert struct.unpack(">d", bytes_of(Id.INFO, Id.DURATION)) == (110,)
    for application in (Id.MUXING_APP, Id.WRITING_APP):
        assert bytes_of(Id.INFO, application) == b"visavis"
    data = write_part(PARTS["pictures"])
    segment = segment_of(data)
    assert bytes_of(*entry, Id.CODEC_ID) == b"V_VP8"
    assert numbers(data, segment, *entry, Id.VIDEO, Id.PIXEL_WIDTH) == [320]
    assert numbers(data, segment, *entry, Id.VIDEO, Id.PIXEL_HEIGHT) == [240]
    assert numbers(data, segment, *entry, Id.TRACK_TYPE) == [1]


class TestClusters:
    def test_each_key_frame_of_video_begins_one_and_is_a_cue(self) -> None:
        data = write_part(PARTS["pictures"])
        delta = [(40, 0), (80, 0), (120, 0)]
        assert clusters(data) == [
            (0, [(0, 0x80), *delta]),
            (160, [(0, 0x80), *delta]),
            (320, [(0, 0x80)]),
        ]
        segment = segment_of(data)
        found = {one.start: one for one in elements(data, segment)}
        points = (Id.CUES, Id.CUE_POINT)
        where = (*points, Id.CUE_TRACK_POSITIONS, Id.CUE_CLUSTER_POSITION)
        assert numbers(data, segment, *points, Id.CUE_TIME) == [0, 160, 320]
        places = numbers(data, segment, *where)
        assert len(places) == 3
        for place, when in zip(places, (0, 160, 320), strict=True):
            # Positions are of heads; that of a Cluster is its id and here one byte of size.
            cluster = found[segment.start + place + 5]
            assert cluster.ident == Id.CLUSTER
            assert numbers(data, cluster, Id.TIMESTAMP) == [when]

    @pytest.mark.parametrize(("name", "count"), [("sound", 2), ("pictures", 3)])
    def test_the_seek_head_names_what_stands_there(self, name: str, count: int) -> None:
        data = write_part(PARTS[name])
        segment = segment_of(data)
        idents = numbers(data, segment, Id.SEEK_HEAD, Id.SEEK, Id.SEEK_ID)
        places = numbers(data, segment, Id.SEEK_HEAD, Id.SEEK, Id.SEEK_POSITION)
        assert idents == [Id.INFO, Id.TRACKS, Id.CUES][:count]
        for ident, place in zip(idents, places, strict=True):
            head = data[segment.start + place :][:4]
            assert int.from_bytes(head, "big") == ident

    def test_one_is_at_most_five_seconds_long(self) -> None:
        last = (Frame(0, b"x"), Frame(5_000, b"x"), Frame(5_001, b"x"))
        data = write_part(Media(MONO, 6_000, last))
        assert clusters(data) == [(0, [(0, 0x80), (5_000, 0x80)]), (5_001, [(0, 0x80)])]
        # A picture that is no key frame can begin one too, and is no cue.
        still = (Frame(0, key_frame()), Frame(40_000, delta_frame()))
        data = write_part(Media(VIDEO, 60_000, still))
        assert clusters(data) == [(0, [(0, 0x80)]), (40_000, [(0, 0)])]
        assert numbers(data, segment_of(data), Id.CUES, Id.CUE_POINT, Id.CUE_TIME) == [0]

    def test_one_holds_at_most_a_mebibyte(self) -> None:
        half = content(2**19)
        data = write_part(Media(MONO, 3, tuple(Frame(at, half) for at in range(3))))
        assert [len(blocks) for _, blocks in clusters(data)] == [2, 1]


class TestJoined:
    def test_all_frames_are_there_in_order_of_time(self) -> None:
        pieces = list(joined(SOURCES, 2**33 + 80))
        data = b"".join(pieces)
        assert len(pieces) > 5
        head = len(pieces[0])
        times = {number: list[int]() for number in range(1, len(SOURCES) + 1)}
        order: list[int] = []
        for cluster in elements(data, Element(0, head, len(data))):
            assert cluster.ident == Id.CLUSTER
            begin = numbers(data, cluster, Id.TIMESTAMP)[0]
            for block in all_of(data, cluster, Id.SIMPLE_BLOCK):
                after = int.from_bytes(data[block.start + 1 : block.start + 3], "big")
                times[data[block.start] & 0x7F].append(begin + after)
                order.append(begin + after)
        assert order == sorted(order)
        for number, source in enumerate(SOURCES, start=1):
            assert times[number] == [frame.at for frame in source.frames]

    def test_tracks_beyond_one_byte_of_number(self) -> None:
        many = [Source(MONO, f"{n}", (Frame(n, b"x"),)) for n in range(130)]
        data = b"".join(joined(many, 200))
        assert b"\xa3\x86\x40\x80" in data, "track 128"

    def test_where_nothing_was_said_there_is_no_cluster(self) -> None:
        (head,) = joined([Source(MONO, "", ())], 20)
        assert head.startswith(HEAD)

    def test_frames_out_of_order_are_not_written(self) -> None:
        with pytest.raises(UsageError, match="order of time"):
            list(joined([Source(MONO, "", (Frame(2, b"x"), Frame(1, b"x")))], 20))
        with pytest.raises(UsageError, match="nothing"):
            list(joined([], 20))
        with pytest.raises(PeerError, match="CK-954"):
            list(joined([Source(VIDEO, "", (Frame(2, b"\0"),))], 20))

    def test_an_hour_needs_no_more_memory_than_a_cluster(self) -> None:
        length = 3_600_000
        packet, key, delta = bytes(500), key_frame(rest=bytes(4_000)), delta_frame(bytes(900))

        def speech() -> Iterator[Frame]:
            for at in range(0, length, 60):
                yield Frame(at, packet)

        def picture() -> Iterator[Frame]:
            for at in range(0, length, 200):
                yield Frame(at, delta if at % 2_000 else key)

        sources = [Source(MONO, "", speech()), Source(VIDEO, "", picture())]
        size = largest = 0
        tracemalloc.start()
        try:
            for piece in joined(sources, length):
                size += len(piece)
                largest = max(largest, len(piece))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert size > 45_000_000
        assert largest < 2**20
        assert peak < 2_000_000


class TestVp8:
    def test_says_whether_it_is_a_key_frame_and_its_size(self) -> None:
        assert key_frame_size(key_frame(640, 360)) == (640, 360)
        assert key_frame_size(key_frame(0x4001, 0xFFFF)) == (1, 16_383)
        assert key_frame_size(key_frame(rest=b"")) == (320, 240)
        assert key_frame_size(delta_frame(b"")) is None

    @pytest.mark.parametrize("size", range(10))
    def test_a_cut_head_is_none(self, size: int) -> None:
        with pytest.raises(PeerError, match="CK-954"):
            key_frame_size(key_frame()[:size])
