"""The built pages, read once into memory: what a path may answer is known before anybody asks.

Not for anything that changes or belongs to a person. A request only looks its path up in a table,
so no path, however it is spelt, reaches the file system (CK-520).

Beside a file may lie its compressed forms, `FILE.br` and `FILE.gz` (`tools/build_web.sh`). They are
forms of that file, not files of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from visavis.core import base64url
from visavis.core.errors import UsageError

INDEX: Final = "/index.html"
HASHED: Final = "/assets/"
"""Where the build puts files whose names change with their content."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""Files of one folder, in all. A build has a tenth of it; a folder named by mistake has more."""

ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Content codings, the better one first, and what their files end in."""

TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "video/webm",
}
"""Media types by suffix: the machine's own table differs from one to the next."""

UNKNOWN_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Form:
    """A file in one content coding.

    Attributes:
        encoding: The coding's name, or "identity".
        body: Its bytes.
        etag: Strong validator: a hash of exactly these bytes (RFC 9110, 8.8.3). It says nothing
            about who asks: everybody gets the same.
    """

    encoding: str
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is served.

    Attributes:
        media_type: What it is.
        hashed: Its name changes with its content, so it may be kept for good.
        forms: The best one first; plain bytes last.
    """

    media_type: str
    hashed: bool
    forms: tuple[Form, ...]


def read_folder(folder: Path) -> Mapping[str, File] | None:
    """Return every file of a built folder by its path, such as `/assets/app-Bx3f.js`.

    Hidden files and symbolic links are passed over (CK-520).

    Args:
        folder: What `tools/build_web.sh` made.

    Returns:
        None if there is no such folder, or no index.html in it.

    Raises:
        UsageError: CK-521: more than 64 MiB.
    """
    found: dict[str, bytes] = {}
    room = MAX_BYTES
    for path in _plain_files(folder):
        room -= path.stat().st_size
        # CK-521: a folder named by mistake must not fill the memory.
        if room < 0:
            raise UsageError(f"CK-521: {folder} is too large to be a build of the pages")
        found["/" + path.relative_to(folder).as_posix()] = path.read_bytes()
    if INDEX not in found:
        return None
    files = {name: _file(name, found) for name in sorted(found) if not _is_form(name, found)}
    files["/"] = files[INDEX]
    return files


def _plain_files(folder: Path) -> Iterator[Path]:
    """Yield regular files; a link may point anywhere, so none is followed (CK-520)."""
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _is_form(name: str, found: Mapping[str, bytes]) -> bool:
    return any(
        name.endswith(suffix) and name.removesuffix(suffix) in found for _, suffix in ENCODINGS
    )


def _file(name: str, found: Mapping[str, bytes]) -> File:
    plain = found[name]
    forms = [
        _form(coding, found[name + suffix])
        for coding, suffix in ENCODINGS
        # A form that saves nothing only costs the reader work.
        if len(found.get(name + suffix, plain)) < len(plain)
    ]
    return File(
        TYPES.get(Path(name).suffix, UNKNOWN_TYPE),
        name.startswith(HASHED),
        (*forms, _form("identity", plain)),
    )


def _form(encoding: str, body: bytes) -> Form:
    return Form(encoding, body, f'"{base64url.encode(sha256(body).digest()[:16])}"')
