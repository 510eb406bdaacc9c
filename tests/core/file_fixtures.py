"""Small files made by script, with planted secrets: places, times, names, comments.

`PLANTED` holds, for each fixture, what must be found in it and must be gone after stripping. The
pictures decode (`test_strip.py` decodes them before and after).
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from visavis.core.file_type import FileType

GPS_TEXT: Final = b"52.520008,13.404954"
MAKER: Final = b"Planted Camera 3000"
DAY: Final = b"2026:11:28 17:01:08"
OWNER: Final = b"Anna Planted"
LATITUDE: Final = struct.pack(">6I", 52, 1, 31, 1, 1203, 100)
LATITUDE_LE: Final = struct.pack("<6I", 52, 1, 31, 1, 1203, 100)
XMP: Final = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description exif:GPSLatitude='" + GPS_TEXT + b"'/>"
    b"</x:xmpmeta>"
)
HTML_IN_COMMENT: Final = b"<script>planted()</script>"


def tiff(order: str = ">", orientation: int | None = 6) -> bytes:
    """Return an EXIF block with orientation, maker, time, a maker note, GPS and a thumbnail."""

    def entry(tag: int, kind: int, count: int, value: bytes | int) -> tuple[int, int, int, bytes]:
        if isinstance(value, int):
            value = struct.pack(order + ("H" if kind == 3 else "I"), value)
        return tag, kind, count, value

    def directory(at: int, entries: list[tuple[int, int, int, bytes]], after: int = 0) -> bytes:
        data, extra = struct.pack(order + "H", len(entries)), b""
        free = at + 2 + 12 * len(entries) + 4
        for tag, kind, count, value in entries:
            field = value.ljust(4, b"\0")
            if len(value) > 4:
                field = struct.pack(order + "I", free + len(extra))
                extra += value + bytes(len(value) % 2)
            data += struct.pack(order + "HHI", tag, kind, count) + field
        return data + struct.pack(order + "I", after) + extra

    latitude = struct.pack(order + "6I", 52, 1, 31, 1, 1203, 100)
    gps = [entry(1, 2, 2, b"N\0"), entry(2, 5, 3, latitude), entry(3, 2, 2, b"E\0")]
    exif = [entry(0x9003, 2, 20, DAY + b"\0"), entry(0x927C, 7, 30, b"maker note " + MAKER)]
    first = [entry(0x010F, 2, len(MAKER) + 1, MAKER + b"\0")]
    if orientation is not None:
        first.append(entry(0x0112, 3, 1, orientation))
    first += [entry(0x8298, 2, len(OWNER) + 1, OWNER + b"\0")]
    size = len(directory(8, [*first, entry(0x8769, 4, 1, 0), entry(0x8825, 4, 1, 0)]))
    exif_at = 8 + size
    gps_at = exif_at + len(directory(exif_at, exif))
    main = [*first, entry(0x8769, 4, 1, exif_at), entry(0x8825, 4, 1, gps_at)]
    head = (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, 8)
    return head + directory(8, main) + directory(exif_at, exif) + directory(gps_at, gps)


# JPEG


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


ICC: Final = segment(0xE2, b"ICC_PROFILE\0\x01\x01" + b"a colour profile")
ADOBE: Final = segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
JFIF: Final = segment(0xE0, b"JFIF\0\x01\x01\0\0\x48\0\x48\0\0")


def jpeg_picture(width: int = 8, height: int = 8) -> bytes:
    """Return tables, frame and scan of a grey picture, all blocks the same."""
    blocks = -(-width // 8) * -(-height // 8)
    bits = "00" * blocks
    bits += "1" * (-len(bits) % 8)
    scan = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    one_code = bytes([1] + [0] * 15)
    return (
        segment(0xDB, b"\0" + b"\x01" * 64)
        + segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0")
        + segment(0xC4, b"\0" + one_code + b"\0")
        + segment(0xC4, b"\x10" + one_code + b"\0")
        + segment(0xDA, b"\x01\x01\0\0\x3f\0")
        + scan
        + b"\xff\xd9"
    )


def jpeg(*segments: bytes, picture: bytes | None = None, after: bytes = b"") -> bytes:
    return b"\xff\xd8" + b"".join(segments) + (picture or jpeg_picture()) + after


def exif_segment(order: str = ">", orientation: int | None = 6) -> bytes:
    return segment(0xE1, b"Exif\0\0" + tiff(order, orientation))


JPEG_PHOTO: Final = jpeg(
    segment(0xE0, b"JFIF\0\x01\x01\0\0\x48\0\x48\x01\x01" + b"\x01\x02\x03"),
    segment(0xE0, b"JFXX\0\x13" + OWNER),
    exif_segment(),
    segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
    ICC,
    segment(0xE2, b"MPF\0" + MAKER),
    segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x20" + OWNER),
    b"\xff" + ADOBE,  # a fill byte before a marker
    segment(0xFE, HTML_IN_COMMENT),
    # Another picture after the end, with a place of its own, as phones make them.
    after=jpeg(exif_segment("<")) + GPS_TEXT,
)
JPEG_LITTLE: Final = jpeg(exif_segment("<", 8))
JPEG_UPRIGHT: Final = jpeg(JFIF, exif_segment(">", 1))
JPEG_PLAIN: Final = jpeg(JFIF, ICC)
JPEG_ORIENTED: Final = jpeg(
    JFIF,
    segment(
        0xE1,
        b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" + bytes(6),
    ),
)
JPEG_RESTARTS: Final = jpeg(
    exif_segment(orientation=None),
    picture=jpeg_picture()[:-3] + b"\x3f\xff\x00\xff\xd0\x3f\xff\xff\xfe\x00\x06abcd\xff\xd9",
)
JPEG_NO_END: Final = jpeg(segment(0xFE, OWNER))[:-2]


# PNG


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _stored(data: bytes) -> bytes:
    """Return a zlib stream that stores: the same with every zlib."""
    head = b"\x78\x01\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF)
    return head + data + struct.pack(">I", zlib.adler32(data))


IHDR: Final = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
IDAT: Final = chunk(b"IDAT", _stored(b"\0\x10\x80\0\xff\x40"))
IEND: Final = chunk(b"IEND", b"")


def png(*chunks: bytes, after: bytes = b"") -> bytes:
    return b"\x89PNG\r\n\x1a\n" + IHDR + b"".join(chunks) + IDAT + IEND + after


PNG_PHOTO: Final = png(
    chunk(b"gAMA", struct.pack(">I", 45455)),
    chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    chunk(b"tEXt", b"Author\0" + OWNER),
    chunk(b"zTXt", b"Comment\0\0" + _stored(MAKER)),
    chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    chunk(b"eXIf", tiff()),
    chunk(b"tIME", struct.pack(">HBBBBB", 2026, 11, 28, 17, 1, 8)),
    chunk(b"caNv", DAY),
    after=IDAT + GPS_TEXT,
)
PNG_PLAIN: Final = png(chunk(b"gAMA", struct.pack(">I", 45455)))


# WebP


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def webp(*chunks: bytes, after: bytes = b"") -> bytes:
    inside = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(inside)) + inside + after


VP8L: Final = riff_chunk(b"VP8L", bytes.fromhex("2f000000100710111188 88fe0700".replace(" ", "")))


def vp8x(flags: int) -> bytes:
    return riff_chunk(b"VP8X", struct.pack("<I", flags) + bytes(6))


WEBP_PHOTO: Final = webp(
    vp8x(0x2C),
    riff_chunk(b"ICCP", b"a colour profile"),
    VP8L,
    riff_chunk(b"EXIF", tiff("<", 3)),
    riff_chunk(b"XMP ", XMP),
    riff_chunk(b"JUNK", OWNER),
    after=GPS_TEXT,
)
WEBP_MOVING: Final = webp(
    vp8x(0x0A),
    riff_chunk(b"ANIM", bytes(6)),
    riff_chunk(b"ANMF", bytes(16) + VP8L + riff_chunk(b"note", OWNER)),
    riff_chunk(b"EXIF", b"Exif\0\0" + tiff("<", None)),
)
WEBP_PLAIN: Final = webp(VP8L)


# GIF


def blocks(*parts: bytes) -> bytes:
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


GIF_HEAD: Final = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"
GIF_IMAGE: Final = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02" + blocks(b"\x44\x01")
GIF_LOOP: Final = b"\x21\xff\x0bNETSCAPE2.0" + blocks(b"\x01\0\0")
GIF_TIMING: Final = b"\x21\xf9" + blocks(b"\x04\x0a\0\0")
GIF_PHOTO: Final = (
    GIF_HEAD
    + GIF_LOOP
    + b"\x21\xfe"
    + blocks(OWNER, GPS_TEXT)
    + b"\x21\xff\x0bXMP DataXMP"
    + blocks(XMP[:100], XMP[100:])
    + GIF_TIMING
    + GIF_IMAGE
    + b"\x21\x01"
    + blocks(bytes(12), MAKER)
    + b"\x3b"
    + DAY
)
GIF_PLAIN: Final = GIF_HEAD + GIF_LOOP + GIF_TIMING + GIF_IMAGE + b"\x3b"


# MP4 and MOV: the shape of a film; `test_strip.py` also makes one that plays


def box(kind: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", len(body) + 8) + kind + body


def full_box(kind: bytes, *inside: bytes, version: int = 0) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), *inside)


MOMENT: Final = struct.pack(">I", 3_877_520_468)
"""Seconds since 1904: 14 November 2026, when the planted film was made."""
FTYP: Final = box(b"ftyp", b"isom\0\0\2\0isommp42")
QT_FTYP: Final = box(b"ftyp", b"qt  \0\0\0\0qt  ")
PICTURES: Final = b"pictures and sound are here"
PLACES: Final = b"GPS along the way: " + GPS_TEXT


def track(number: int, handler: bytes, name: bytes, places: list[int], sizes: list[int]) -> bytes:
    table = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 0)),
        full_box(
            b"stsz", struct.pack(">II", 0, len(sizes)), *(struct.pack(">I", s) for s in sizes)
        ),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, len(sizes) // len(places), 1)),
        full_box(b"stco", struct.pack(">I", len(places)), *(struct.pack(">I", p) for p in places)),
    )
    return box(
        b"trak",
        full_box(b"tkhd", MOMENT * 2, struct.pack(">II", number, 0), bytes(64)),
        box(
            b"mdia",
            full_box(b"mdhd", struct.pack(">Q", 3_877_520_468) * 2, bytes(16), version=1),
            full_box(b"hdlr", bytes(4), handler, bytes(12), name + b"\0"),
            box(b"minf", table),
        ),
        box(b"udta", box(b"name", OWNER)),
        full_box(b"meta", OWNER),
    )


def film(ftyp: bytes = FTYP, *, with_places: bool = True) -> bytes:
    media = box(b"mdat", PICTURES, PLACES)
    at = len(ftyp) + 8
    tracks = [track(1, b"vide", MAKER, [at], [len(PICTURES)])]
    if with_places:
        half = len(PLACES) // 2
        start = at + len(PICTURES)
        sizes = [half, len(PLACES) - half]
        tracks.append(track(2, b"meta", b"GPS of " + MAKER, [start, start + half], sizes))
    movie = box(
        b"moov",
        full_box(b"mvhd", MOMENT * 2, bytes(88)),
        *tracks,
        box(b"udta", box(b"\xa9xyz", b"\0\x13\x15\xc7+52.5200+013.4050/"), bytes(4)),
        full_box(b"meta", box(b"ilst", MAKER)),
        box(b"gps ", LATITUDE),
    )
    return ftyp + media + movie + box(b"uuid", bytes(16), XMP) + box(b"free", b"left " + OWNER)


MP4_FILM: Final = film()
MOV_FILM: Final = film(QT_FTYP + box(b"wide"))
MP4_SOUND: Final = film(box(b"ftyp", b"M4A \0\0\0\0M4A isom"), with_places=False)
MP4_PLAIN: Final = (
    FTYP
    + box(b"mdat", PICTURES)
    + box(
        b"moov",
        full_box(b"mvhd", bytes(96)),
        box(b"trak", box(b"mdia", full_box(b"hdlr", bytes(4), b"soun", bytes(12), b"\0"))),
        bytes(4),  # as QuickTime ends a list
    )
)
MP4_FRAGMENTS: Final = (
    FTYP
    + box(
        b"moov",
        full_box(b"mvhd", MOMENT * 2, bytes(88)),
        box(b"trak", box(b"mdia", full_box(b"hdlr", bytes(4), b"vide", bytes(12), MAKER))),
        box(b"mvex"),
        box(b"udta", OWNER),
    )
    + box(
        b"moof",
        full_box(b"mfhd", bytes(4)),
        box(b"traf", full_box(b"tfhd", bytes(4)), box(b"udta", GPS_TEXT)),
        box(b"uuid", OWNER),
    )
    + struct.pack(">I4sQ", 1, b"mdat", 16 + len(PICTURES))
    + PICTURES
    + struct.pack(">I4s", 0, b"uuid")
    + OWNER
)
MP4_PLACES_IN_FRAGMENTS: Final = MP4_FRAGMENTS.replace(b"vide", b"meta", 1)
MOV_COMPRESSED: Final = QT_FTYP + box(b"mdat", PICTURES) + box(b"moov", box(b"cmov", OWNER))


# HEIC and AVIF: the shape of a picture of four items


def heif(ftyp: bytes, version: int, kinds: tuple[bytes, ...]) -> bytes:
    """Return a picture with EXIF, XMP and an item of a kind that nobody knows.

    Versions of the lists differ in the width of numbers and in where items may lie.
    """
    wide = ">I" if version == 2 else ">H"
    contents = (PICTURES, b"\0\0\0\6Exif\0\0" + tiff(), XMP, MAKER)
    items = b"".join(
        full_box(
            b"infe",
            struct.pack(wide, number),
            bytes(2),
            kind + b"\0",
            version=3 if version == 2 else 2,
        )
        for number, kind in enumerate(kinds, 1)
    )
    count = struct.pack(">H" if version == 0 else ">I", len(kinds))
    iinf = full_box(b"iinf", count, items, version=0 if version == 0 else 1)
    in_meta = MAKER if version == 1 else b""
    description = box(b"iprp", box(b"ipco", box(b"ispe", bytes(12)), box(b"udes", OWNER)))

    def meta(at: int) -> bytes:
        """Return the box, with the items lying from `at` on."""
        rows = b""
        for number, content in enumerate(contents, 1):
            is_in_meta = bool(in_meta) and content == MAKER
            method = struct.pack(">H", is_in_meta) if version else b""
            index = bytes(4) if version else b""
            place = 0 if is_in_meta else at
            half = len(content) // 2
            rows += struct.pack(wide, number) + method + bytes(2) + struct.pack(">IH", place, 2)
            rows += index + struct.pack(">II", 0, half)
            rows += index + struct.pack(">II", half, len(content) - half)
            at += 0 if is_in_meta else len(content)
        sizes = b"\x44\x44" if version else b"\x44\x40"
        iloc = full_box(b"iloc", sizes, struct.pack(wide, len(contents)), rows, version=version)
        inside = (iinf, iloc, description, box(b"idat", in_meta), box(b"note", OWNER))
        return full_box(b"meta", full_box(b"hdlr", bytes(4), b"pict", bytes(13)), *inside)

    start = len(ftyp) + len(meta(0)) + 8
    lying = b"".join(c for c in contents if not (in_meta and c == MAKER))
    return ftyp + meta(start) + box(b"mdat", lying) + box(b"uuid", bytes(16), XMP)


HEIC_FTYP: Final = box(b"ftyp", b"heic\0\0\0\0mif1heic")
HEIC_PHOTO: Final = heif(HEIC_FTYP, 0, (b"hvc1", b"Exif", b"mime", b"what"))
AVIF_PHOTO: Final = heif(
    box(b"ftyp", b"avif\0\0\0\0mif1avif"), 1, (b"av01", b"Exif", b"mime", b"what")
)
HEIC_WIDE: Final = heif(HEIC_FTYP, 2, (b"hvc1", b"Exif", b"mime"))
HEIC_PLAIN: Final = HEIC_FTYP + full_box(
    b"meta",
    full_box(b"iinf", b"\0\1", full_box(b"infe", b"\0\1\0\0hvc1\0", version=2)),
    full_box(b"iloc", b"\x44\0", b"\0\1\0\1\0\0\0\1\0\0\0\0\0\0\0\4"),
)


STRIPPED: Final[dict[str, tuple[FileType, bytes, tuple[bytes, ...]]]] = {
    "jpeg-photo": (
        FileType.JPEG,
        JPEG_PHOTO,
        (GPS_TEXT, LATITUDE, LATITUDE_LE, MAKER, DAY, OWNER, HTML_IN_COMMENT, b"\x01\x02\x03"),
    ),
    "jpeg-little": (FileType.JPEG, JPEG_LITTLE, (LATITUDE_LE, MAKER, DAY, OWNER)),
    "jpeg-upright": (FileType.JPEG, JPEG_UPRIGHT, (LATITUDE, MAKER, DAY, OWNER)),
    "jpeg-restarts": (FileType.JPEG, JPEG_RESTARTS, (LATITUDE, MAKER, b"abcd")),
    "jpeg-no-end": (FileType.JPEG, JPEG_NO_END, (OWNER,)),
    "png-photo": (
        FileType.PNG,
        PNG_PHOTO,
        (GPS_TEXT, LATITUDE, MAKER, DAY, OWNER, b"tIME\x07\xea\x0b\x1c"),
    ),
    "webp-photo": (FileType.WEBP, WEBP_PHOTO, (GPS_TEXT, LATITUDE_LE, MAKER, DAY, OWNER)),
    "webp-moving": (FileType.WEBP, WEBP_MOVING, (LATITUDE_LE, MAKER, OWNER)),
    "gif-photo": (FileType.GIF, GIF_PHOTO, (GPS_TEXT, MAKER, DAY, OWNER, b"XMP Data")),
    **{
        name: (kind, data, (LATITUDE, MAKER, DAY, OWNER, GPS_TEXT))
        for name, kind, data in (
            ("heic-photo", FileType.HEIC, HEIC_PHOTO),
            ("heic-wide", FileType.HEIC, HEIC_WIDE),
            ("avif-photo", FileType.AVIF, AVIF_PHOTO),
        )
    },
    "mp4-film": (
        FileType.MP4,
        MP4_FILM,
        (GPS_TEXT, LATITUDE, MAKER, OWNER, MOMENT, b"+52.5200+013.4050/"),
    ),
    "mov-film": (
        FileType.MOV,
        MOV_FILM,
        (GPS_TEXT, LATITUDE, MAKER, OWNER, MOMENT, b"+52.5200+013.4050/"),
    ),
    "m4a-sound": (FileType.M4A, MP4_SOUND, (LATITUDE, MAKER, OWNER, MOMENT, b"+52.5200")),
    "mp4-fragments": (FileType.MP4, MP4_FRAGMENTS, (GPS_TEXT, MAKER, OWNER, MOMENT)),
}
"""Name -> type, file, and what is planted in it and must be gone."""

CLEAN: Final[dict[str, tuple[FileType, bytes]]] = {
    "jpeg-plain": (FileType.JPEG, JPEG_PLAIN),
    "jpeg-oriented": (FileType.JPEG, JPEG_ORIENTED),
    "png-plain": (FileType.PNG, PNG_PLAIN),
    "webp-plain": (FileType.WEBP, WEBP_PLAIN),
    "gif-plain": (FileType.GIF, GIF_PLAIN),
    "mp4-plain": (FileType.MP4, MP4_PLAIN),
    "heic-plain": (FileType.HEIC, HEIC_PLAIN),
    "text": (FileType.TEXT, "Grüße\n".encode()),
}
"""Files in which there is nothing to strip."""

UNSTRIPPABLE: Final[dict[str, tuple[FileType, bytes]]] = {
    "pdf": (FileType.PDF, b"%PDF-1.7\n/Author (" + OWNER + b")"),
    "mp4-places-in-fragments": (FileType.MP4, MP4_PLACES_IN_FRAGMENTS),
    "mov-compressed": (FileType.MOV, MOV_COMPRESSED),
    "mp4-no-movie": (FileType.MP4, FTYP + box(b"mdat", PICTURES)),
    "heic-sequence": (FileType.HEIC, HEIC_PHOTO + box(b"moov")),
    "heic-no-places": (FileType.HEIC, HEIC_FTYP + full_box(b"meta", full_box(b"iinf", bytes(2)))),
    "heic-elsewhere": (FileType.HEIC, HEIC_PHOTO.replace(b"mdat", b"free")),
    "heic-old-items": (FileType.HEIC, HEIC_PHOTO.replace(b"infe\2", b"infe\1")),
    "heic-new-places": (FileType.HEIC, HEIC_PHOTO.replace(b"iloc\0", b"iloc\3")),
    "heic-odd-widths": (FileType.HEIC, HEIC_PHOTO.replace(b"\x44\x40", b"\x43\x40")),
    "heic-whole-file": (FileType.HEIC, HEIC_PLAIN.replace(b"\x44\0\0", b"\x40\0\0")),
    "avif-in-another-item": (
        FileType.AVIF,
        AVIF_PHOTO.replace(b"\0\4\0\1\0\0", b"\0\4\0\2\0\0"),
    ),
    "mp4-head-too-short": (
        FileType.MP4,
        FTYP + box(b"moov", full_box(b"mvhd", bytes(4)), box(b"trak")),
    ),
    "webp-nothing": (FileType.WEBP, webp(riff_chunk(b"EXIF", tiff()))),
    "jpeg-broken": (FileType.JPEG, b"\xff\xd8\xff\xe1\xff\xffExif\0\0"),
    "jpeg-no-scan": (FileType.JPEG, b"\xff\xd8" + JFIF + b"\xff\xd9"),
    "webp-broken": (FileType.WEBP, WEBP_PHOTO[:60]),
    "zip": (FileType.ZIP, b"PK\x05\x06" + bytes(18)),
}
"""Files that stay as they are, and say so."""
