"""Serves the pages beside the API, from the same origin.

::

    /v1/..., /healthz        the API, as if there were no pages
    /privacy, /.well-known   the API too: documents made from the inventory, not from the build
    a file of the build      the file, in the best coding that the browser takes
    a path without a dot     index.html, if a browser navigates there: links such as /signup#TOKEN;
                             the fragment stays in the browser
    anything else            the API, which has no such path either and answers a problem

Everything is in memory and the same for everybody. Nothing is noted about who asked for what, no
cookie is set, no date is sent. Not behind `Hygiene`: that forbids caches to keep anything, and
pages may be kept. Their headers are constants, all of them here and in `web_headers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from starlette.types import ASGIApp, Receive, Scope, Send

from visavis.server.web_files import HASHED, INDEX, File, Form, read_folder
from visavis.server.web_headers import security

API: Final = ("/v1", "/healthz", "/privacy", "/.well-known")
_BELOW_API: Final = tuple(f"{path}/" for path in API)

HOW_TO_BUILD: Final = (
    b"Visavis is running, but its pages are not built yet.\n"
    b"Run  make setup  where it was installed, then start it again.\n"
)

_ROUTE: Final = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?", re.ASCII)
"""Paths of the app: no dot, so that a missing file is missing, and nothing that is a path anywhere
else (CK-520)."""

_MAX_ROUTE: Final = 256

_REFUSED: Final = re.compile(rb"[qQ]\s*=\s*0(?:\.0*)?")

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Answer:
    """One form of a file, with everything that is said about it, made before anybody asks."""

    form: Form
    found: Headers
    unchanged: Headers


class Pages:
    """The pages of one build.

    Args:
        files: From `read_folder`.
        https: People reach this server over TLS, its own or a proxy's.
    """

    def __init__(self, files: Mapping[str, File], *, https: bool) -> None:
        self._answers = {path: _answers(file, https=https) for path, file in files.items()}

    @classmethod
    def read(cls, folder: Path | None, *, https: bool) -> Self | None:
        """Return the pages in a folder, or None if there are none.

        Args:
            folder: What `tools/build_web.sh` made, or None.
            https: People reach this server over TLS, its own or a proxy's.

        Raises:
            UsageError: See `read_folder`.
        """
        files = None if folder is None else read_folder(folder)
        return None if files is None else cls(files, https=https)

    def answer(self, path: str, headers: Mapping[bytes, bytes]) -> tuple[int, Headers, bytes]:
        """Return status, headers and body for a path.

        Args:
            path: Decoded, as the browser sent it.
            headers: Of the request.

        Raises:
            LookupError: Nothing of ours.
        """
        answers = self._answers.get(path)
        if answers is None:
            if not _is_route(path, headers):
                raise LookupError
            answers = self._answers[INDEX]
        taken = _codings(headers.get(b"accept-encoding", b""))
        answer = next((one for one in answers if taken(one.form.encoding)), answers[-1])
        if _names(headers.get(b"if-none-match", b""), answer.form.etag.encode()):
            return 304, answer.unchanged, b""
        return 200, answer.found, answer.form.body


class Web:
    """Puts the pages before the API.

    Args:
        api: Everything that is not a page.
        pages: None if there are none.
        https: As for `Pages`.
    """

    def __init__(self, api: ASGIApp, pages: Pages | None, *, https: bool) -> None:
        self._api = api
        self._pages = pages
        self._unbuilt = _unbuilt(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope["path"]
        if path.startswith(_BELOW_API) or path in API:
            await self._api(scope, receive, send)
            return
        try:
            status, headers, body = self._answer(scope["method"], path, scope["headers"])
        except LookupError:
            await self._api(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        # A HEAD is answered like a GET, its length included, without the body (RFC 9110, 9.3.2).
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body})

    def _answer(self, method: str, path: str, headers: Headers) -> tuple[int, Headers, bytes]:
        if method not in {"GET", "HEAD"}:
            raise LookupError
        if self._pages is not None:
            return self._pages.answer(path, _joined(headers))
        if path != "/":
            raise LookupError
        return 404, self._unbuilt, HOW_TO_BUILD


def _answers(file: File, *, https: bool) -> tuple[_Answer, ...]:
    """Return the answers for each form of a file."""
    document = file.media_type.startswith("text/html")
    # Of what has no hash in its name the browser asks each time whether it is still the same: a
    # mended page must reach people at once.
    kept = "public, max-age=31536000, immutable" if file.hashed else "no-cache"
    common = [
        ("cache-control", kept),
        *([("vary", "accept-encoding")] if len(file.forms) > 1 else []),
        *security(document=document, https=https),
    ]
    out = []
    for form in file.forms:
        about = [*common, ("etag", form.etag)]
        coding = [] if form.encoding == "identity" else [("content-encoding", form.encoding)]
        whole = [
            ("content-type", file.media_type),
            ("content-length", str(len(form.body))),
            *coding,
            *about,
        ]
        out.append(_Answer(form, _raw(whole), _raw(about)))
    return tuple(out)


def _unbuilt(*, https: bool) -> Headers:
    return _raw(
        [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(HOW_TO_BUILD))),
            ("cache-control", "no-store"),
            *security(document=True, https=https),
        ]
    )


def _raw(headers: list[tuple[str, str]]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in headers]


def _joined(headers: Headers) -> Mapping[bytes, bytes]:
    """Return headers by name; one that came twice is one list (RFC 9110, 5.3)."""
    out: dict[bytes, bytes] = {}
    for name, value in headers:
        out[name] = out[name] + b"," + value if name in out else value
    return out


def _is_route(path: str, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a browser navigates to what may be a screen of the app."""
    return (
        b"text/html" in headers.get(b"accept", b"")
        and not path.startswith(HASHED)
        and len(path) <= _MAX_ROUTE
        and _ROUTE.fullmatch(path) is not None
    )


def _codings(header: bytes) -> Callable[[str], bool]:
    """Return what tells whether a content coding may be sent (RFC 9110, 12.5.3)."""
    wanted: dict[str, bool] = {}
    for part in header.split(b","):
        name, _, weight = part.partition(b";")
        wanted[name.strip().lower().decode("latin-1")] = not _REFUSED.fullmatch(weight.strip())
    others = wanted.get("*", False)
    return lambda name: wanted.get(name, others)


def _names(header: bytes, etag: bytes) -> bool:
    """Tell whether `If-None-Match` names what would be sent (RFC 9110, 13.1.2)."""
    named = [one.strip().removeprefix(b"W/") for one in header.split(b",")]
    return etag in named or named == [b"*"]
