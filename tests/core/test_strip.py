"""Stripping: planted secrets are there before and gone after, and the pictures still decode."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.core import file_fixtures as fixtures
from tests.core.file_fixtures import CLEAN, STRIPPED, UNSTRIPPABLE, jpeg, jpeg_picture, segment

from visavis.core.file_type import FileType, file_type
from visavis.core.strip import Stripped, strip
from visavis.core.thumbnail import thumbnail_of

PICTURES = {FileType.JPEG, FileType.PNG, FileType.WEBP, FileType.GIF}
SHAPES_ONLY = {"webp-moving", "jpeg-no-end", "jpeg-restarts"}
DECODABLE = [n for n, (k, *_) in STRIPPED.items() if k in PICTURES and n not in SHAPES_ONLY]


def decoded(data: bytes) -> Any:
    with av.open(io.BytesIO(data)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def gps_of_jpeg(data: bytes) -> list[Fraction] | None:
    """Read the latitude as a stranger would: a reader that shares nothing with what is tested."""
    at = data.find(b"Exif\0\0")
    if at < 0:
        return None
    block = data[at + 6 :]
    order = "<" if block[:2] == b"II" else ">"

    def entries(where: int) -> dict[int, int]:
        (count,) = struct.unpack_from(order + "H", block, where)
        rows = (struct.unpack_from(order + "HHII", block, where + 2 + 12 * n) for n in range(count))
        return {tag: value for tag, _, _, value in rows}

    gps = entries(struct.unpack_from(order + "I", block, 4)[0]).get(0x8825)
    if gps is None:
        return None
    numbers = struct.unpack_from(order + "6I", block, entries(gps)[2])
    return [Fraction(*numbers[n : n + 2]) for n in (0, 2, 4)]


@pytest.mark.parametrize("name", STRIPPED)
def test_what_was_planted_is_gone(name: str) -> None:
    kind, data, planted = STRIPPED[name]
    assert file_type(data, "x") is kind
    for secret in planted:
        assert secret in data, "the positive control: the fixture holds what is looked for"
    clean, result = strip(data, kind)
    assert result is Stripped.ALL
    for secret in planted:
        assert secret not in clean
    assert strip(clean, kind) == (clean, Stripped.NOTHING_TO_STRIP)
    assert file_type(clean, "x") is kind


@pytest.mark.parametrize("name", CLEAN)
def test_what_is_clean_stays_as_it_is(name: str) -> None:
    kind, data = CLEAN[name]
    assert file_type(data, "x") is kind
    assert strip(data, kind) == (data, Stripped.NOTHING_TO_STRIP)


@pytest.mark.parametrize("name", UNSTRIPPABLE)
def test_what_cannot_be_stripped_says_so(name: str) -> None:
    kind, data = UNSTRIPPABLE[name]
    assert strip(data, kind) == (data, Stripped.NOT_POSSIBLE)


@pytest.mark.parametrize("name", DECODABLE)
def test_the_picture_is_the_same(name: str) -> None:
    kind, data, _ = STRIPPED[name]
    assert np.array_equal(decoded(data), decoded(strip(data, kind)[0]))


def test_a_stranger_reads_the_place_before_and_not_after() -> None:
    for data in (fixtures.JPEG_PHOTO, fixtures.JPEG_LITTLE, fixtures.JPEG_UPRIGHT):
        assert gps_of_jpeg(data) == [52, 31, Fraction(1203, 100)]
        assert gps_of_jpeg(strip(data, FileType.JPEG)[0]) is None


def test_the_orientation_and_the_colours_stay() -> None:
    clean = strip(fixtures.JPEG_PHOTO, FileType.JPEG)[0]
    assert fixtures.ICC in clean
    assert fixtures.ADOBE in clean
    assert clean.startswith(b"\xff\xd8" + fixtures.JFIF + b"\xff\xe1\x00\x22Exif\0\0MM")
    assert struct.pack(">HHIH", 0x0112, 3, 1, 6) in clean
    assert struct.pack(">HHIH", 0x0112, 3, 1, 8) in strip(fixtures.JPEG_LITTLE, FileType.JPEG)[0]
    assert b"Exif" not in strip(fixtures.JPEG_UPRIGHT, FileType.JPEG)[0]
    assert struct.pack(">HHIH", 0x0112, 3, 1, 6) in strip(fixtures.PNG_PHOTO, FileType.PNG)[0]
    webp = strip(fixtures.WEBP_PHOTO, FileType.WEBP)[0]
    assert struct.pack(">HHIH", 0x0112, 3, 1, 3) in webp
    assert webp[20] == 0x28  # ICC and EXIF, no XMP
    assert strip(fixtures.WEBP_MOVING, FileType.WEBP)[0][20] == 0x02


def test_nothing_moves_in_a_film_or_in_a_list_of_pictures() -> None:
    films = (fixtures.MP4_FILM, fixtures.MOV_FILM, fixtures.MP4_FRAGMENTS)
    pictures = (fixtures.HEIC_PHOTO, fixtures.HEIC_WIDE, fixtures.AVIF_PHOTO)
    for data in (*films, *pictures):
        clean = strip(data, FileType.HEIC if data in pictures else FileType.MP4)[0]
        assert len(clean) == len(data)
        assert clean.index(fixtures.PICTURES) == data.index(fixtures.PICTURES)


def test_a_real_film_still_plays(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    made = {"location": "+52.5200+013.4050/", "title": "Planted", "creation_time": "2026-11-28"}
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(made)
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for number in range(5):
            picture = np.full((32, 32, 3), 40 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    data = path.read_bytes()
    clean, result = strip(data, file_type(data, path.name))
    assert result is Stripped.ALL
    seen = []
    for one in (data, clean):
        with av.open(io.BytesIO(one)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
            seen.append((frames, dict(container.metadata)))
    (before, told), (after, left) = seen
    assert told["location"] == made["location"]
    assert told["title"] == made["title"]
    assert set(left) <= {"major_brand", "minor_version", "compatible_brands"}
    assert len(before) == len(after) == 5
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_boxes_without_end_cost_no_more_than_a_bound() -> None:
    many = fixtures.MP4_PLAIN + fixtures.box(b"free") * 100_000
    assert strip(many, FileType.MP4) == (many, Stripped.NOT_POSSIBLE)


def test_damage_anywhere_is_never_half_a_cleaning() -> None:
    """Cut at any place: a picture is clean, or it stays as it was and says so."""
    for kind, data, planted in STRIPPED.values():
        for at in range(0, len(data), 3):
            clean, result = strip(data[:at], kind)
            if result is Stripped.NOT_POSSIBLE:
                assert clean == data[:at]
            else:
                assert not any(secret in clean for secret in planted)
            changed = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
            clean, result = strip(changed, kind)
            assert result is not Stripped.NOT_POSSIBLE or clean == changed


# Thumbnails


def test_a_thumbnail_is_a_small_clean_jpeg() -> None:
    assert thumbnail_of(None) is None
    clean = thumbnail_of(fixtures.JPEG_PHOTO)
    assert clean == strip(fixtures.JPEG_PHOTO, FileType.JPEG)[0]
    assert thumbnail_of(jpeg(picture=jpeg_picture(512, 8))) is not None


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"<svg/>",
        fixtures.PNG_PLAIN,
        jpeg(picture=jpeg_picture(513, 8)),
        jpeg(picture=jpeg_picture(8, 60_000)),
        jpeg(picture=jpeg_picture().replace(struct.pack(">HH", 8, 8), bytes(4))),
        jpeg(picture=jpeg_picture().replace(b"\xff\xc0", b"\xff\xc3")),
        jpeg(segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\x01\x11\0")),
        jpeg(picture=jpeg_picture().replace(b"\xff\xc0", b"\xff\xdd")),
        jpeg() + bytes(16_384),
        fixtures.JPEG_PHOTO[:40],
    ],
)
def test_what_is_no_thumbnail_counts_as_none(bad: bytes) -> None:
    """CK-300: shown without being asked for, so a bomb, a page or another format is dropped."""
    assert thumbnail_of(bad) is None
