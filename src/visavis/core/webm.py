"""WebM, as far as recordings need it: Opus and VP8 (RFC 9559; the WebM container guidelines).

A *part* is some seconds of one track, a file that plays by itself (`docs/protocol/recording.md`):

    part    = EBML header || Segment (SeekHead, Info, Tracks, Cues if video, Cluster ...)
    Cluster = Timestamp || SimpleBlock ...; the next one begins with each video key frame, and
              before one would be longer than 5 s or larger than 1 MiB

The same frames give the same bytes in both languages: no date, nothing random. So `read_part` takes
only what `write_part` would have written: it looks for the few fields that matter, writes them anew
and compares. Nothing can hide in a part, and no player sees in it what we did not.

`joined` puts many tracks into one file as they come, for an export. Not for: decoding, mixing, or
how a part is sealed (`vvrec`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from visavis.core.ebml import (
    UNKNOWN_SIZE,
    Element,
    element,
    elements,
    malformed,
    read_unsigned,
    shortest,
    unsigned,
    vint,
)
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.vp8 import MAX_SIDE, key_frame_size
from visavis.core.webm_heads import (
    HEAD,
    Id,
    cues,
    info,
    read_info,
    read_tracks,
    seek_head,
    track_entry,
)
from visavis.core.webm_types import (
    MAX_BYTES,
    MAX_FRAMES,
    MAX_LENGTH,
    AudioTrack,
    Frame,
    Media,
    Source,
    Track,
    VideoTrack,
)

MAX_CLUSTER_MS: Final = 5_000
MAX_CLUSTER_BYTES: Final = 2**20
"""At most so much in a Cluster (RFC 9559 recommends 5 s and 5 MB), unless one frame is larger.
Times in it have 16 bits and a sign, so 32,767 ms is the end. Higher: `joined` holds more in memory,
and players read more to seek; lower: more heads."""

_KEY_FRAME: Final = 0x80
_BLOCK_HEAD: Final = 4


def write_part(media: Media) -> bytes:
    """Return a part.

    Whoever writes frames that came from others asks `vp8.key_frame_size` of each when it comes.

    Raises:
        UsageError: Readers would refuse it: CK-952 to CK-955, or it is larger than `MAX_BYTES`.
    """
    try:
        _check(media)
    except PeerError as error:
        raise UsageError(f"would write what readers refuse: {error.detail}") from None
    data = _encode(media)
    if len(data) > MAX_BYTES:
        raise UsageError("would write what readers refuse: a part that is too large")
    return data


def read_part(data: bytes) -> Media:
    """Read a part.

    Raises:
        PeerError: MALFORMED (CK-950 to CK-956), it is not what `write_part` writes.
    """
    # CK-950: one header, one segment and nothing behind, of a size that a part may have.
    if len(data) > MAX_BYTES or not data.startswith(HEAD):
        raise _malformed("CK-950", "it does not begin as one, or is too large")
    segment = next(elements(data, Element(0, len(HEAD), len(data))), None)
    if segment is None or (segment.ident, segment.end) != (Id.SEGMENT, len(data)):
        raise _malformed("CK-950", "it is not one segment")
    track, length = None, None
    frames: list[Frame] = []
    for one in elements(data, segment):
        match one.ident:
            case Id.INFO:
                length = read_info(data, one)
            case Id.TRACKS:
                track = read_tracks(data, one)
            case Id.CLUSTER:
                _read_frames(data, one, frames)
            case Id.SEEK_HEAD | Id.CUES:
                pass  # CK-956 compares them
            case _:
                raise malformed("an element that does not belong there")
    if track is None or length is None:
        raise malformed("an element is missing")
    media = Media(track, length, tuple(frames))
    _check(media)
    # CK-956: what stands there besides, or otherwise, another player could take for more.
    if _encode(media) != data:
        raise _malformed("CK-956", "it is not as we would write it")
    return media


def joined(sources: Sequence[Source], length: int) -> Iterator[bytes]:
    """Yield a file that has all tracks, piece by piece; it holds one Cluster in memory.

    The size of the Segment is told as unknown, as in a live stream.

    Args:
        sources: Its tracks, at least one.
        length: How long the whole is, milliseconds.

    Raises:
        UsageError: There is no track, or the frames of one are not in order of time.
        PeerError: MALFORMED (CK-954), a frame of a video is none.
    """
    if not sources:
        raise UsageError("nothing to join")
    numbered = list(enumerate(sources, start=1))
    entries = (track_entry(number, source.track, source.name) for number, source in numbered)
    tracks = element(Id.TRACKS, *entries)
    yield HEAD + shortest(Id.SEGMENT) + UNKNOWN_SIZE + info(length) + tracks
    blocks = (_blocks(number, source.track, source.frames) for number, source in numbered)
    for cluster in _clusters(heapq.merge(*blocks, key=lambda block: block.at)):
        yield cluster.encode()


@dataclass(frozen=True, slots=True)
class _Block:
    """A frame, and of which track it is."""

    number: int
    at: int
    data: bytes
    is_video: bool
    is_key: bool

    @property
    def is_cue(self) -> bool:
        """Players can begin here; of sound they can anywhere."""
        return self.is_video and self.is_key


class _Cluster:
    """Blocks in order of time; it begins when its first one does."""

    def __init__(self, first: _Block) -> None:
        self.at = first.at
        self.is_cue = first.is_cue
        self._blocks = [first]
        self._size = len(first.data)

    def takes(self, block: _Block) -> bool:
        """Add a block, if it may stand in this one."""
        size = self._size + len(block.data)
        if block.is_cue or block.at - self.at > MAX_CLUSTER_MS or size > MAX_CLUSTER_BYTES:
            return False
        self._blocks.append(block)
        self._size = size
        return True

    def encode(self) -> bytes:
        """Return it with its SimpleBlocks (RFC 9559, 5.1.3 and 10.2)."""
        written = [unsigned(Id.TIMESTAMP, self.at)]
        for block in self._blocks:
            after = (block.at - self.at).to_bytes(2, "big")
            flags = bytes([_KEY_FRAME if block.is_key else 0])
            written.append(element(Id.SIMPLE_BLOCK, vint(block.number), after, flags, block.data))
        return element(Id.CLUSTER, *written)


def _blocks(number: int, track: Track, frames: Iterable[Frame]) -> Iterator[_Block]:
    is_video = isinstance(track, VideoTrack)
    last = 0
    for frame in frames:
        if frame.at < last:
            raise UsageError("frames of a track come in order of time")
        last = frame.at
        is_key = not is_video or key_frame_size(frame.data) is not None
        yield _Block(number, frame.at, frame.data, is_video, is_key)


def _clusters(blocks: Iterable[_Block]) -> Iterator[_Cluster]:
    cluster: _Cluster | None = None
    for block in blocks:
        if cluster is None:
            cluster = _Cluster(block)
        elif not cluster.takes(block):
            yield cluster
            cluster = _Cluster(block)
    if cluster is not None:
        yield cluster


def _encode(media: Media) -> bytes:
    """Return a part, whether readers take it or not."""
    clusters: list[bytes] = []
    points: list[tuple[int, int]] = []
    size = 0
    for cluster in _clusters(_blocks(1, media.track, media.frames)):
        if cluster.is_cue:
            points.append((cluster.at, size))
        clusters.append(cluster.encode())
        size += len(clusters[-1])
    top = [
        (Id.INFO, info(media.length)),
        (Id.TRACKS, element(Id.TRACKS, track_entry(1, media.track))),
    ]
    if points:
        top.append((Id.CUES, cues(points, 0)))
    behind = len(seek_head(top, 0))
    seek = seek_head(top, behind)
    if points:
        top[-1] = (Id.CUES, cues(points, behind + sum(len(data) for _, data in top)))
    return HEAD + element(Id.SEGMENT, seek, *(data for _, data in top), *clusters)


def _read_frames(data: bytes, cluster: Element, frames: list[Frame]) -> None:
    begin = 0
    for one in elements(data, cluster):
        match one.ident:
            case Id.TIMESTAMP:
                begin = read_unsigned(data, one)
            case Id.SIMPLE_BLOCK:
                # A byte of number, two of time, one of flags: CK-956 compares number and flags.
                start = one.start + _BLOCK_HEAD
                if start >= one.end or len(frames) == MAX_FRAMES:
                    raise _malformed("CK-953", "too many frames, or an empty one")
                after = int.from_bytes(data[one.start + 1 : one.start + 3], "big")
                frames.append(Frame(begin + after, data[start : one.end]))
            case _:
                raise malformed("an element that does not belong there")


def _check(media: Media) -> None:
    """Refuse what no part may hold.

    Raises:
        PeerError: MALFORMED (CK-952 to CK-955).
    """
    # CK-952: a track is one that players have a decoder for.
    match media.track:
        case AudioTrack(channels) if channels not in {1, 2}:
            raise _malformed("CK-952", "neither one channel nor two")
        case VideoTrack(width, height) if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise _malformed("CK-952", "a picture of impossible size")
    # CK-953: times go on, and end with the part: no part plays into another.
    if not 0 < len(media.frames) <= MAX_FRAMES:
        raise _malformed("CK-953", "no frame, or too many")
    last = 0
    for frame in media.frames:
        if frame.at < last or not frame.data:
            raise _malformed("CK-953", "a frame that is empty, or out of order")
        last = frame.at
    if not last <= media.length <= MAX_LENGTH:
        raise _malformed("CK-953", "a frame after the end, or too long a part")
    if isinstance(media.track, VideoTrack):
        first, *_ = [key_frame_size(frame.data) for frame in media.frames]
        # CK-955: without a key frame at its beginning nothing of it could be shown by itself.
        if first != (media.track.width, media.track.height):
            raise _malformed("CK-955", "it does not begin with a key frame of its size")


def _malformed(check: str, why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"{check} part: {why}")
