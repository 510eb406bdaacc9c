"""What a file is, by content and by name; names that are safe to show and save (R-106)."""

from __future__ import annotations

import zipfile

import pytest
from tests.core.file_type_examples import (
    BY_CONTENT,
    BY_NAME,
    OFFICE,
    SAFE_NAMES,
    SAVED_NAMES,
    UNSAFE,
    archive,
)

from visavis.core.errors import AuthorizationError
from visavis.core.file_name import (
    MAX_SAFE_BYTES,
    REFUSED_EXTENSIONS,
    extension,
    is_refused,
    safe_name,
    with_extension,
)
from visavis.core.file_type import EXTENSIONS, SHOWN_TYPES, FileType, file_type
from visavis.core.file_zip import MAX_ENTRIES, ZipEntries


def verdict(data: bytes, name: str = "file") -> str:
    try:
        return file_type(data, name).value
    except AuthorizationError as error:
        return f"{error.code} {error.detail[:6]}"


@pytest.mark.parametrize(("data", "expected"), BY_CONTENT, ids=range(len(BY_CONTENT)))
def test_by_content(data: bytes, expected: str) -> None:
    assert verdict(data) == expected


@pytest.mark.parametrize(("name", "expected"), BY_NAME)
def test_by_name(name: str, expected: str) -> None:
    assert verdict(b"hello", name) == expected


def test_there_is_an_example_of_every_type() -> None:
    assert {expected for _, expected in BY_CONTENT} == {*FileType, UNSAFE}


def test_the_name_never_makes_a_file_what_it_is_not() -> None:
    assert verdict(b"hello", "a.jpg") == FileType.TEXT
    assert verdict(b"\x7fELF", "a.jpg") == UNSAFE
    assert verdict(b"\xff\xd8\xff", "a.exe") == UNSAFE


def test_only_pictures_of_four_kinds_are_shown_by_themselves() -> None:
    assert {kind.value for kind in SHOWN_TYPES} == {
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
    }


def test_no_type_ends_in_what_is_refused() -> None:
    endings = [ending for group in EXTENSIONS.values() for ending in group]
    assert len(endings) == len(set(endings))
    assert not REFUSED_EXTENSIONS.intersection(endings)
    for ending in ("exe", "bat", "cmd", "js", "jar", "apk", "msi", "scr", "lnk", "html", "svg"):
        assert ending in REFUSED_EXTENSIONS
        assert is_refused(f"x.{ending.upper()}")


@pytest.mark.parametrize(("name", "expected"), SAFE_NAMES)
def test_safe_names(name: str, expected: str) -> None:
    safe = safe_name(name)
    assert safe == expected
    assert safe_name(safe) == safe
    assert len(safe.encode()) <= MAX_SAFE_BYTES + 1
    assert not set(safe) & set("/\\:\0")
    assert safe not in {"", ".", ".."}


@pytest.mark.parametrize(("name", "kind", "expected"), SAVED_NAMES)
def test_what_is_saved_ends_as_its_content_asks(name: str, kind: FileType, expected: str) -> None:
    assert with_extension(name, EXTENSIONS.get(kind, ())) == expected


def test_endings() -> None:
    assert [extension(name) for name in ("a.B", "a", "a.tar.gz", "a.b c", "a." + "x" * 17)] == [
        *("b", "", "gz", "", ""),
    ]


def test_a_hostile_archive_costs_no_more_than_its_bytes() -> None:
    packed = archive(OFFICE, "word/document.xml")
    at = packed.index(b"PK\1\2")
    for where, value in ((28, b"\xff\xff"), (30, b"\xff\xff"), (32, b"\xff\xff")):
        bad = packed[: at + where] + value + packed[at + where + 2 :]
        assert verdict(bad) in {FileType.ZIP, FileType.DOCX}
    many = b"PK\3\4" + b"PK\1\2" + bytes(42)
    many = many[:4] + (b"PK\1\2" + bytes(42)) * (MAX_ENTRIES + 10)
    end = b"PK\5\6" + bytes(12) + (4).to_bytes(4, "little") + bytes(2)
    assert len(ZipEntries.read(many + end).names) == MAX_ENTRIES + 1


def test_what_zipfile_reads_we_read() -> None:
    """An archive behind other bytes, as installers and polyglots have it."""
    packed = archive("META-INF/MANIFEST.MF", before=b"PK\3\4 something else")
    assert zipfile.is_zipfile(__import__("io").BytesIO(packed))
    assert verdict(packed) == UNSAFE
