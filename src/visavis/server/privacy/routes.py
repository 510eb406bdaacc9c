"""`/privacy` and `/.well-known/`: the documents about privacy, open to anyone.

Nothing is noted about who reads what; the opt-out signal is read, shown and forgotten (R-84). Pages
come with the headers of `web_headers.reading`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from visavis.core.errors import Code
from visavis.server.privacy import pages, record, twin, well_known
from visavis.server.privacy.documents import Documents, WithDocuments
from visavis.server.privacy.facts import Facts
from visavis.server.problems import problem

router: Final = APIRouter(tags=["privacy"])

Language = Literal["en", "de", "es"]
DEFAULT: Final[Language] = "en"
OptOut = Annotated[
    str | None,
    Header(alias="Sec-GPC", description="`1`: opts out of sale and sharing."),
]


class LinkedData(JSONResponse):
    """JSON-LD that is written already."""

    media_type = twin.MEDIA_TYPE

    def render(self, content: bytes) -> bytes:
        """Return the content as it is."""
        return content


class Csv(PlainTextResponse):
    """Comma-separated values (RFC 4180)."""

    media_type = "text/csv"


def _page(documents: Documents, key: tuple[str, ...], make: Callable[[Facts], str]) -> HTMLResponse:
    return HTMLResponse(documents.once(key, make), headers=documents.headers)


def _short(documents: Documents, language: Language, signal: str | None) -> HTMLResponse:
    out = signal == "1"  # GPC, 2.3: nothing else is the signal
    key = ("short", language, "out" if out else "")
    return _page(documents, key, lambda facts: pages.short(facts, language, opted_out=out))


def _recipients(documents: Documents, language: Language) -> HTMLResponse:
    key = ("recipients", language)
    return _page(documents, key, lambda facts: pages.recipients(facts, language))


def _record(documents: Documents, language: Language) -> HTMLResponse:
    key = ("record", language)
    return _page(documents, key, lambda facts: pages.record(facts, record.make(facts, language)))


@router.get("/privacy", response_class=HTMLResponse)
async def notice(documents: WithDocuments, sec_gpc: OptOut = None) -> HTMLResponse:
    """Return the short notice in English."""
    return _short(documents, DEFAULT, sec_gpc)


@router.get("/privacy/recipients", response_class=HTMLResponse)
async def recipients_page(documents: WithDocuments) -> HTMLResponse:
    """Return who outside this server learns something, in English."""
    return _recipients(documents, DEFAULT)


@router.get("/privacy/record", response_class=HTMLResponse)
async def record_page(documents: WithDocuments) -> HTMLResponse:
    """Return the record of processing (GDPR 30) in English."""
    return _record(documents, DEFAULT)


@router.get("/privacy/record.json", response_model=record.Record)
async def record_json(documents: WithDocuments) -> Response:
    """Return the record of processing (GDPR 30) in English."""
    made = documents.once(
        ("record.json",), lambda facts: record.make(facts, DEFAULT).model_dump_json()
    )
    return Response(made, media_type=JSONResponse.media_type)


@router.get("/privacy/record.csv", response_class=Csv)
async def record_csv(documents: WithDocuments) -> Csv:
    """Return the record of processing (GDPR 30) in English, a row for each listed thing."""
    return Csv(
        documents.once(("record.csv",), lambda facts: record.to_csv(record.make(facts, DEFAULT)))
    )


@router.get("/privacy/notice.jsonld", response_class=LinkedData)
async def notice_jsonld(documents: WithDocuments) -> LinkedData:
    """Return the notice for machines (DPV, JSON-LD), in all languages."""
    return LinkedData(
        documents.once(("twin",), lambda facts: json.dumps(twin.make(facts), ensure_ascii=False))
    )


@router.get("/privacy/{language}", response_class=HTMLResponse)
async def notice_in(
    documents: WithDocuments, language: Language, sec_gpc: OptOut = None
) -> HTMLResponse:
    """Return the short notice in a language."""
    return _short(documents, language, sec_gpc)


@router.get("/privacy/{language}/details", response_class=HTMLResponse)
async def details_in(documents: WithDocuments, language: Language) -> HTMLResponse:
    """Return everything that is kept, read and sent, in a language."""
    return _page(documents, ("details", language), lambda facts: pages.details(facts, language))


@router.get("/privacy/{language}/recipients", response_class=HTMLResponse)
async def recipients_in(documents: WithDocuments, language: Language) -> HTMLResponse:
    """Return who outside this server learns something, in a language."""
    return _recipients(documents, language)


@router.get("/privacy/{language}/record", response_class=HTMLResponse)
async def record_in(documents: WithDocuments, language: Language) -> HTMLResponse:
    """Return the record of processing (GDPR 30) in a language."""
    return _record(documents, language)


@router.get("/.well-known/privacy.json")
async def privacy_json(documents: WithDocuments) -> well_known.PrivacyIndex:
    """Return where the documents about privacy are, and a summary."""
    return well_known.index(documents.facts)


@router.get("/.well-known/gpc.json")
async def gpc_json(documents: WithDocuments) -> well_known.Gpc:
    """Return that Global Privacy Control is honoured."""
    return well_known.gpc(documents.facts)


@router.get("/.well-known/security.txt", response_class=PlainTextResponse)
async def security_txt(documents: WithDocuments) -> Response:
    """Return whom to tell of a weakness (RFC 9116); 404 where the operator gave no contact."""
    text = well_known.security(documents.facts)
    if text is None:
        return problem(Code.REFUSED, 404)
    return PlainTextResponse(text)
