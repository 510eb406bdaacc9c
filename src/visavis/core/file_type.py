"""What a file is, by its content (R-106): a short list, everything else is bytes to download.

    file_type(data, name)   the type, or UNSAFE_FILE for what a system or browser would run (CK-295)

The sender asks before anything is encrypted, the receiver asks again before a byte is handed out:
neither believes the other, and neither believes a name. A name can only add a refusal.

Not for: proving that a file is harmless. A document or picture may still attack the program that
opens it; what is refused here is what runs because it was opened. Nor for looking into archives.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from visavis.core.errors import AuthorizationError, Code
from visavis.core.file_name import is_refused
from visavis.core.file_zip import ZipEntries

MAX_FILE_BYTES: Final = 25_000_000
"""25 MB, the most a message carries; with its seal it fits the largest blob (25 MiB)."""


class FileType(StrEnum):
    """Every type that a message can name."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    GIF = "image/gif"
    AVIF = "image/avif"
    HEIC = "image/heic"
    MP4 = "video/mp4"
    MOV = "video/quicktime"
    WEBM = "video/webm"
    MP3 = "audio/mpeg"
    OGG = "audio/ogg"
    M4A = "audio/mp4"
    WAV = "audio/wav"
    PDF = "application/pdf"
    TEXT = "text/plain"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ODT = "application/vnd.oasis.opendocument.text"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    ODP = "application/vnd.oasis.opendocument.presentation"
    ZIP = "application/zip"
    BINARY = "application/octet-stream"


SHOWN_TYPES: Final = frozenset({FileType.JPEG, FileType.PNG, FileType.WEBP, FileType.GIF})
"""Pictures that an application may show by itself; everything else is played or saved on demand."""

EXTENSIONS: Final[dict[FileType, tuple[str, ...]]] = {
    FileType.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    FileType.PNG: ("png",),
    FileType.WEBP: ("webp",),
    FileType.GIF: ("gif",),
    FileType.AVIF: ("avif",),
    FileType.HEIC: ("heic", "heif"),
    FileType.MP4: ("mp4", "m4v"),
    FileType.MOV: ("mov", "qt"),
    FileType.WEBM: ("webm",),
    FileType.MP3: ("mp3",),
    FileType.OGG: ("ogg", "oga", "ogv", "opus"),
    FileType.M4A: ("m4a", "m4b"),
    FileType.WAV: ("wav",),
    FileType.PDF: ("pdf",),
    FileType.DOCX: ("docx", "dotx"),
    FileType.XLSX: ("xlsx", "xltx"),
    FileType.PPTX: ("pptx", "potx", "ppsx"),
    FileType.ODT: ("odt", "ott"),
    FileType.ODS: ("ods", "ots"),
    FileType.ODP: ("odp", "otp"),
}
"""Endings that fit a type: what is saved ends in one of them. Types that are missing have many."""

_PROGRAMS: Final = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",  # Mach-O, and so the next six
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",  # also a Java class
    b"\xca\xfe\xba\xbf",
    b"\xbe\xba\xfe\xca",
    b"#!",
    b"\xef\xbb\xbf#!",
    b"dex\n",
    b"\x00asm",
    b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F",  # .lnk
    b"!<arch>\n",  # .deb
    b"\xed\xab\xee\xdb",  # .rpm
    b"FWS",
    b"CWS",
    b"ZWS",
    b"ITSF",  # .chm
    b"[Desktop Entry]",
    b"[InternetShortcut]",
    b"Windows Registry Editor",
    b"REGEDIT4",
)
_MSI: Final = bytes.fromhex("84100c0000000000c000000000000046")
"""Class of a compound file that is an installer (or a patch or transform, two bits apart)."""
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_MARKUP: Final = re.compile(
    rb"<!doctype[ \t\n\r\f\v]+(?:html|svg)|<(?:[a-z][a-z0-9_.-]{0,63}:)?"
    rb"(?:html|svg|script|iframe|frameset)[ \t\n\r\f\v/>]",
    re.IGNORECASE,
)
"""What makes a browser run something, wherever it stands in a document of markup."""
_HTML: Final = re.compile(
    rb"<(?:head|body|title|style|link|meta|base|img|form|table|div|font|object|embed|applet|marquee"
    rb"|details|video|audio|math|template|a|b|p|br|h1|!--)[ \t\n\r\f\v/>-]",
    re.IGNORECASE,
)
"""Beginnings that a browser takes for HTML by itself (WHATWG MIME Sniffing, 7.1)."""
_SPACE: Final = b" \t\r\n\x0b\x0c\xef\xbb\xbf\x00"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_MP4_BRANDS: Final = frozenset(
    b"isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 mp41 mp42 avc1 M4VH M4VP dash msdh mmp4 3gp4"
    b" 3gp5 3gp6 3g2a MSNV XAVC CAEP nvr1".split()
) | {b"M4V ", b"f4v "}
_ODF: Final[dict[bytes, FileType]] = {
    b"application/vnd.oasis.opendocument.text": FileType.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": FileType.ODS,
    b"application/vnd.oasis.opendocument.presentation": FileType.ODP,
}
_OFFICE: Final[dict[bytes, FileType]] = {
    b"word/document.xml": FileType.DOCX,
    b"xl/workbook.xml": FileType.XLSX,
    b"ppt/presentation.xml": FileType.PPTX,
}
_RUNNING_ENTRIES: Final = (
    b"meta-inf/manifest.mf",  # .jar, .apk
    b"androidmanifest.xml",
    b"classes.dex",
    b"appxmanifest.xml",
    b"appxmetadata/appxbundlemanifest.xml",
    b"extension.vsixmanifest",
)
_MACROS: Final = (b"vbaproject.bin", b"/xl4macros", b"/macrosheets/")


def file_type(data: bytes, name: str) -> FileType:
    """Return what a file is.

    Args:
        data: The whole content.
        name: As it came: its ending can only lead to a refusal.

    Raises:
        AuthorizationError: UNSAFE_FILE (CK-295): opening it would run something, by its content or
            by its name.
    """
    if is_refused(name):
        raise _unsafe("by its name")
    found = _by_magic(data)
    if found is not None:
        return found
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_type(data)
    _refuse_programs(data)
    return FileType.TEXT if _is_text(data) else FileType.BINARY


def _unsafe(why: str) -> AuthorizationError:
    return AuthorizationError(Code.UNSAFE_FILE, f"CK-295: a program {why}")


def _by_magic(data: bytes) -> FileType | None:
    if data.startswith(b"\xff\xd8\xff"):
        return FileType.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileType.PNG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return FileType.GIF
    if data.startswith(b"RIFF"):
        return {b"WEBP": FileType.WEBP, b"WAVE": FileType.WAV}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return _iso_type(data)
    if data[4:8] in {b"moov", b"mdat", b"wide"}:
        return FileType.MOV
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return FileType.WEBM if b"\x42\x82\x84webm" in data[:64] else None
    if data.startswith(b"OggS\x00"):
        return FileType.OGG
    if data.startswith(b"%PDF-"):
        return FileType.PDF
    if data.startswith(b"ID3") or (data[:1] == b"\xff" and _is_mp3_frame(data)):
        return FileType.MP3
    return None


def _is_mp3_frame(data: bytes) -> bool:
    """Say whether a frame header of layer III stands here: version, rate and bit rate all legal."""
    return (
        len(data) >= 4
        and data[1] & 0xE6 == 0xE2  # sync, layer III
        and data[1] & 0x18 != 0x08
        and data[2] & 0xF0 not in {0x00, 0xF0}
        and data[2] & 0x0C != 0x0C
    )


def _iso_type(data: bytes) -> FileType | None:
    """Return the type of an ISO base media file by its brands (ISO/IEC 14496-12, 4.3)."""
    size = min(int.from_bytes(data[:4], "big"), len(data), 1024)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, size - 3, 4))]
    if data[8:12] == b"qt  ":
        return FileType.MOV
    if data[8:12] in {b"M4A ", b"M4B "}:
        return FileType.M4A
    if _AVIF_BRANDS.intersection(brands):
        return FileType.AVIF
    if _HEIF_BRANDS.intersection(brands):
        return FileType.HEIC
    return FileType.MP4 if _MP4_BRANDS.intersection(brands) else None


def _zip_type(data: bytes) -> FileType:
    entries = ZipEntries.read(data)
    names = [name.lower().replace(b"\\", b"/") for name in entries.names]
    if any(name in _RUNNING_ENTRIES for name in names):
        raise _unsafe("in an archive that a system runs")
    if any(mark in f"/{name.decode('latin-1')}".encode() for name in names for mark in _MACROS):
        raise _unsafe("in a document with macros")
    if entries.mimetype in _ODF:
        return _ODF[entries.mimetype]
    if b"[content_types].xml" in names:
        for name, found in _OFFICE.items():
            if name in names:
                return found
    return FileType.ZIP


def _refuse_programs(data: bytes) -> None:
    if data.startswith(_PROGRAMS) or data[:9].lower() == b"@echo off":
        raise _unsafe("by its content")
    # DOS, Windows and EFI; a text that begins with these letters has no zero in its first bytes.
    if data.startswith((b"MZ", b"ZM")) and b"\0" in data[:64]:
        raise _unsafe("by its content")
    if data.startswith(_OLE) and _MSI in data[: 4 * 1024 * 1024]:
        raise _unsafe("by its content")
    if data[-512:-508] == b"koly":  # a disk image of macOS
        raise _unsafe("by its content")
    start = data[:4096].lstrip(_SPACE)
    if start.startswith(b"<") and (_HTML.match(start) or _MARKUP.search(data)):
        raise _unsafe("for a browser")


def _is_text(data: bytes) -> bool:
    if _CONTROL.search(data):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
