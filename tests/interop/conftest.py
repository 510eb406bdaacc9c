"""One Node process for all tests of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.interop.ts_mls import NodePeer


@pytest.fixture(scope="session")
def node() -> Iterator[NodePeer]:
    with NodePeer() as peer:
        yield peer
