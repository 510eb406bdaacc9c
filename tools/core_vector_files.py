"""Files: what they are, what they are called, what is stripped from them, how they are sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from core_vector_kit import Json, flipped, outcome, plain
from tests.core import file_fixtures as made
from tests.core.file_type_examples import BY_CONTENT, BY_NAME, SAFE_NAMES, SAVED_NAMES

from visavis.core.errors import VisavisError
from visavis.core.file_name import (
    REFUSED_EXTENSIONS,
    extension,
    is_refused,
    safe_name,
    with_extension,
)
from visavis.core.file_seal import (
    CHUNK_BYTES,
    PLAIN_BYTES,
    SALT_BYTES,
    open_file,
    seal_file,
)
from visavis.core.file_type import EXTENSIONS, FileType, file_type
from visavis.core.ids import Digest, FileKey
from visavis.core.strip import strip
from visavis.core.thumbnail import thumbnail_of

KEY: Final = FileKey(bytes(range(32)))
SALT: Final = bytes(range(100, 128))
SIZES: Final = (1, PLAIN_BYTES, PLAIN_BYTES + 1, 4 * PLAIN_BYTES, 4 * PLAIN_BYTES + 1)


def content(size: int) -> bytes:
    """Return a file of this size that each language makes by itself."""
    return bytes((31 * n + (n >> 8)) & 0xFF for n in range(size))


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _type(data: bytes, name: str) -> str:
    try:
        return file_type(data, name).value
    except VisavisError:
        return outcome(file_type, data, name)


def _stripped(data: bytes, kind: FileType) -> str:
    clean, result = strip(data, kind)
    return f"{result} {_short(clean)}"


def _damages(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Yield damaged copies: cut at many places, and one byte changed at many places."""
    for at in range(0, len(data), 1 + len(data) // 60):
        yield "cut", at, data[:at]
    for at in range(0, len(data), 1 + len(data) // 120):
        yield "flip", at, data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _strip_vector(name: str, kind: FileType, data: bytes) -> Json:
    clean, result = strip(data, kind)
    return {
        "name": name,
        "type": kind.value,
        "data": data.hex(),
        "result": result.value,
        "clean": clean.hex(),
        "damages": [
            [how, at, _stripped(bad, kind), _type(bad, "file")] for how, at, bad in _damages(data)
        ],
    }


def _fixtures() -> Iterator[tuple[str, FileType, bytes]]:
    for name, (kind, data, _) in made.STRIPPED.items():
        yield name, kind, data
    for name, (kind, data) in (made.CLEAN | made.UNSTRIPPABLE).items():
        yield name, kind, data


def _seal_vector(size: int) -> Json:
    data = content(size)
    blob = seal_file(data, KEY, lambda _: SALT)
    return {
        "size": size,
        "sha256": Digest.sha256(data).hex(),
        "length": len(blob),
        "blob": hashlib.sha256(blob).hexdigest(),
    }


def _opens() -> list[list[Any]]:
    """Changes of the blob of a file of 65,521 bytes, and of what is said about it."""
    size = PLAIN_BYTES + 1
    data = content(size)
    blob, digest = seal_file(data, KEY, lambda _: SALT), Digest.sha256(data)
    rows: list[list[Any]] = []

    def row(change: str, at: int, bad: bytes, **said: Any) -> None:
        asked = {"key": KEY, "digest": digest, "size": size} | said
        result = outcome(open_file, bad, asked["key"], asked["digest"], asked["size"])
        rows.append([change, at, result])

    row("none", 0, blob)
    for at in (0, SALT_BYTES, CHUNK_BYTES, CHUNK_BYTES + SALT_BYTES, len(blob) - 1):
        row("flip", at, flipped(blob, at))
    for at in (0, 1, SALT_BYTES, SALT_BYTES + CHUNK_BYTES, len(blob) - 1):
        row("cut", at, blob[:at])
    row("more", 1, blob + b"\0")
    for at in range(3):  # swapped with the next
        start, middle, end = (SALT_BYTES + (at + n) * CHUNK_BYTES for n in range(3))
        swapped = blob[:start] + blob[middle:end] + blob[start:middle] + blob[end:]
        row("swap", at, swapped)
    for said in (0, 1, size - 1, size + 1, 4 * PLAIN_BYTES + 1, 25_000_001):
        row("size", said, blob, size=said)
    row("key", 0, blob, key=FileKey(flipped(KEY, 0)))
    row("digest", 0, blob, digest=Digest(flipped(digest, 0)))
    return rows


def _thumbnails() -> list[list[str | None]]:
    tall, wide = made.jpeg(picture=made.jpeg_picture(8, 512)), made.jpeg_picture(513, 8)
    offered = (
        made.JPEG_PHOTO,
        made.JPEG_ORIENTED,
        tall,
        made.jpeg(picture=wide),
        made.jpeg(picture=made.jpeg_picture().replace(b"\xff\xc0", b"\xff\xc3")),
        made.jpeg(picture=made.jpeg_picture().replace(b"\xff\xc0", b"\xff\xdd")),
        made.PNG_PLAIN,
        made.JPEG_PHOTO[:40],
        b"",
    )
    return [[data.hex(), plain(thumbnail_of(data))] for data in offered]


def file_vectors() -> Json:
    """Everything about files that the twin must decide or make alike."""
    return {
        "types": [[data.hex(), _type(data, "file")] for data, _ in BY_CONTENT],
        "names": [
            [name, safe_name(name), extension(safe_name(name)), is_refused(name)]
            for name in [
                *(name for name, _ in BY_NAME),
                *(name for name, _ in SAFE_NAMES),
                *(f"x.{ending}" for ending in sorted(REFUSED_EXTENSIONS)),
            ]
        ],
        "saved": [
            [name, kind.value, with_extension(name, EXTENSIONS.get(kind, ()))]
            for name, kind, _ in SAVED_NAMES
        ],
        "endings": [[kind.value, *EXTENSIONS.get(kind, ())] for kind in FileType],
        "strips": [_strip_vector(*each) for each in _fixtures()],
        "thumbnails": _thumbnails(),
        "key": KEY.hex(),
        "salt": SALT.hex(),
        "seals": [_seal_vector(size) for size in SIZES],
        "opens": _opens(),
    }
