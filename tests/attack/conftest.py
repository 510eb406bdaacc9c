"""The server and people of the SDK's tests, for attacks on them."""

from __future__ import annotations

from tests.sdk.conftest import people, server

__all__ = ["people", "server"]
