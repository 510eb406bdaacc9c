"""The documents of one server, each made once, when it is first asked for.

They change with the program and its configuration only, so a second reader gets the same bytes, and
nobody can keep the server busy by asking for the longest table again and again. What depends on the
day is not kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Request

from visavis.server import web_headers
from visavis.server.privacy.facts import Facts
from visavis.server.privacy.style import SOURCE
from visavis.server.services import Services


class Documents:
    """Makes documents and keeps them.

    Args:
        services: Of the server they are about.

    Attributes:
        headers: Of each page.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._made: dict[tuple[str, ...], bytes] = {}
        https = services.config.origin.startswith("https://")
        self.headers: Final = dict(web_headers.reading(SOURCE, https=https))

    @property
    def facts(self) -> Facts:
        """What they say, as of today."""
        return Facts.of(self._services)

    def once(self, key: tuple[str, ...], make: Callable[[Facts], str]) -> bytes:
        """Return a document, made by `make` if nobody asked for it before.

        Args:
            key: Its name; a bounded number of them (a key from a request would fill the memory).
            make: Makes it.
        """
        if key not in self._made:
            self._made[key] = make(self.facts).encode()
        return self._made[key]


def documents_of(request: Request) -> Documents:
    """Return the documents of the server that got this request."""
    documents: Documents = request.app.state.documents
    return documents


WithDocuments = Annotated[Documents, Depends(documents_of)]
