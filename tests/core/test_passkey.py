"""The account root under a passkey: what opens it, and what does not."""

from __future__ import annotations

import os

import pytest

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError
from visavis.core.ids import AccountId
from visavis.core.keywrap import Purpose, unwrap, wrap
from visavis.core.passkey import (
    PADDED,
    ROOT_WRAP_BYTES,
    PasskeyRoot,
    open_root,
    wrap_root,
)

ACCOUNT = AccountId.random(os.urandom)
PRF, ROOT = os.urandom(32), os.urandom(32)


@pytest.mark.parametrize("handle", ["ab.00000", "a" * 24 + ".99999"])
def test_a_root_comes_back_and_the_length_says_nothing_of_the_handle(handle: str) -> None:
    wrapped = wrap_root(PRF, ACCOUNT, PasskeyRoot(ROOT, handle), os.urandom)
    assert len(wrapped) == ROOT_WRAP_BYTES == 156
    assert open_root(PRF, ACCOUNT, wrapped) == PasskeyRoot(ROOT, handle)
    assert ROOT.hex() not in repr(PasskeyRoot(ROOT, handle))


def test_without_the_authenticators_key_nothing_opens() -> None:
    wrapped = wrap_root(PRF, ACCOUNT, PasskeyRoot(ROOT, "anna.48213"), os.urandom)
    for prf, account in (
        (os.urandom(32), ACCOUNT),
        (bytes(32), ACCOUNT),
        (PRF, AccountId.random(os.urandom)),
    ):
        with pytest.raises(AuthorizationError) as caught:
            open_root(prf, account, wrapped)
        assert caught.value.code is Code.LOGIN_FAILED
    # Another purpose is another key: a passkey's wrap is no recovery wrap (CK-257).
    with pytest.raises(AuthorizationError):
        unwrap(Purpose.ROOT_BY_RECOVERY, PRF, wrapped, context=bytes(ACCOUNT))


@pytest.mark.parametrize(
    "body",
    [
        {"v": 1, "root": ROOT[:31], "handle": "anna.48213"},
        {"v": 1, "root": ROOT, "handle": "anna"},
        {"v": 1, "root": ROOT},
        {"v": 1, "root": ROOT, "handle": "anna.48213", "more": 1},
        {"v": 2, "root": ROOT, "handle": "anna.48213"},
    ],
)
def test_what_opens_and_is_not_whole_is_refused(body: dict[str, object]) -> None:
    padded = (cbor.encode(body) + b"\x80").ljust(PADDED, b"\0")
    wrapped = wrap(Purpose.ROOT_BY_PASSKEY, PRF, padded, os.urandom, context=bytes(ACCOUNT))
    with pytest.raises((AuthorizationError, PeerError)) as caught:
        open_root(PRF, ACCOUNT, wrapped)
    assert caught.value.code in {Code.LOGIN_FAILED, Code.MALFORMED}


def test_nothing_else_is_wrapped() -> None:
    for prf, root, handle in (
        (PRF[:31], ROOT, "anna.48213"),
        (PRF, ROOT[:31], "anna.48213"),
        (PRF, ROOT, "anna"),
    ):
        with pytest.raises(UsageError):
            wrap_root(prf, ACCOUNT, PasskeyRoot(root, handle), os.urandom)
