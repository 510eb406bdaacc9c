"""Errors on HTTP: RFC 9457 problem details, with our code and the sentence a person reads.

Never in a problem: what was sent, whether something exists, an address, a stack. All refusals of
one kind are the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from visavis.core.errors import (
    MEANINGS,
    AuthorizationError,
    Code,
    FatalError,
    UsageError,
    VisavisError,
)
from visavis.server import logging

STATUS: Final[Mapping[Code, int]] = {
    Code.REFUSED: 403,
    Code.SIGNUP_LINK: 403,
    Code.LOGIN_FAILED: 401,
    Code.PASSKEY_REFUSED: 401,
    Code.EXPIRED: 410,
    Code.CONFLICT: 409,
    Code.LAST_WAY_IN: 409,
    Code.TOO_MANY_PASSKEYS: 409,
    Code.TOO_LARGE: 413,
    Code.QUOTA: 429,
    Code.UNAVAILABLE: 503,
    Code.DISK_FULL: 507,
    Code.NO_RELAY: 503,
}
"""HTTP status by code; what is not listed is the sender's mistake: 400."""

SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "The sentence a person reads."},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(str(code) for code in Code)},
        "counter": {"type": "integer", "description": "With conflict on a vault."},
        "work": {
            "type": "object",
            "description": "With quota: solve this and send it as Visavis-Work.",
            "properties": {"challenge": {"type": "string"}, "bits": {"type": "integer"}},
        },
    },
}
"""The problem as the OpenAPI description gives it."""

CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


class ProblemError(VisavisError):
    """An error with members of its own in the problem (RFC 9457, 3.2), such as work to do."""

    def __init__(self, code: Code, detail: str, *, members: Mapping[str, Any]) -> None:
        super().__init__(code, detail)
        self.members = dict(members)


class BearerError(AuthorizationError):
    """No token, or one that is unknown or too old: 401 instead of 403."""

    def __init__(self) -> None:
        super().__init__(Code.REFUSED, "no good bearer token")


def problem(
    code: Code,
    status: int,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a problem response."""
    body = {
        "type": "about:blank",
        "title": MEANINGS[code].person,
        "status": status,
        "code": str(code),
        **(members or {}),
    }
    return JSONResponse(
        body, status, media_type="application/problem+json", headers=dict(headers or {})
    )


def from_error(error: VisavisError) -> JSONResponse:
    """Return the problem for an error raised on purpose."""
    if isinstance(error, UsageError | FatalError):
        return problem(Code.UNAVAILABLE, 500)
    status = 401 if isinstance(error, BearerError) else STATUS.get(error.code, 400)
    members = error.members if isinstance(error, ProblemError) else None
    return problem(error.code, status, members, CHALLENGE if status == 401 else None)


def install(app: FastAPI) -> None:
    """Make `app` answer every error as a problem."""

    @app.exception_handler(VisavisError)
    async def _ours(_request: Request, error: VisavisError) -> JSONResponse:
        if isinstance(error, UsageError | FatalError):
            logging.failure("request_failed", error)
        return from_error(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, _error: RequestValidationError) -> JSONResponse:
        # The library's own answer repeats the input; ours says only that it was malformed.
        return problem(Code.MALFORMED, 400)

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        code = Code.REFUSED if error.status_code in {401, 403, 404} else Code.MALFORMED
        return problem(code, error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
        logging.failure("request_failed", error)
        return problem(Code.UNAVAILABLE, 500)
