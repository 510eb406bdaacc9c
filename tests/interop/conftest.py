"""One Node process for all tests of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.interop.ts_mls import NodePeer
from tests.interop.web_twin import WebNode


@pytest.fixture(scope="session")
def node() -> Iterator[NodePeer]:
    with NodePeer() as peer:
        yield peer


@pytest.fixture(scope="session")
def twin() -> Iterator[WebNode]:
    with WebNode() as peer:
        yield peer
