"""`true` is not version 1, although Python calls them equal."""

from __future__ import annotations

import pytest

from visavis.core import cbor
from visavis.core.errors import PeerError


def test_the_version_is_taken_out() -> None:
    assert cbor.decode_versioned(cbor.encode({"v": 1, "a": 2})) == {"a": 2}
    assert cbor.decode_versioned(cbor.encode({"v": 3}), 3) == {}


@pytest.mark.parametrize("wrong", [{"v": True}, {"v": 2}, {"v": "1"}, {"v": None}, {}, [1]])
def test_another_version_is_refused(wrong: object) -> None:
    with pytest.raises(PeerError):
        cbor.decode_versioned(cbor.encode(wrong))
