"""Login by password (OPAQUE) and by recovery code (Ed25519 challenge).

For a handle that does not exist every step is taken all the same, with a decoy record and a decoy
key: same calls to store and cryptography, same lengths, same answer at the end (T-ENUM).
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter, Request

from visavis.core.errors import Code, PeerError
from visavis.ports.stored import Account
from visavis.server.accounts import Handle
from visavis.server.auth import WithServices, Work, address_of
from visavis.server.keys import fingerprint
from visavis.server.opaque import STATE_BYTES
from visavis.server.services import Services
from visavis.server.sessions import Kind
from visavis.server.wire import (
    Bytes32,
    Bytes64,
    Bytes96,
    Bytes320,
    Keystore,
    Message,
    Session,
)

router: Final = APIRouter(tags=["login"])

RECOVERY_LABEL: Final = b"visavis recovery v1"
CHALLENGE_BYTES: Final = 32
_ID: Final = 16
_NOBODY: Final = bytes(_ID)
_PRINT: Final = 32


class LoginStart(Message):
    """A handle and OPAQUE's credential request (RFC 9807, 6.1)."""

    handle: Handle
    opaque_request: Bytes96


class LoginStarted(Message):
    """OPAQUE's credential response and what to bring to `finish`."""

    opaque_response: Bytes320
    session: Session


class LoginFinish(Message):
    """OPAQUE's last message."""

    session: Session
    opaque_finalization: Bytes64


class LoggedIn(Message):
    """A token for 15 minutes, and the wrapped root key."""

    account_token: Bytes32
    keystore: Keystore


class RecoveryStart(Message):
    """A handle."""

    handle: Handle


class RecoveryStarted(Message):
    """What to sign, and what to bring to `finish`."""

    session: Session
    challenge: Bytes32


class RecoveryFinish(Message):
    """Ed25519 signature over `visavis recovery v1` || challenge."""

    session: Session
    signature: Bytes64


@router.post("/v1/login/start")
async def login_start(
    body: LoginStart, request: Request, services: WithServices, work: Work = None
) -> LoginStarted:
    """Answer OPAQUE's credential request, alike for handles that exist and those that do not."""
    services.throttle.admit(address_of(request), body.handle, work)
    tag = services.keys.handle_tag(body.handle)
    account = await services.store.account_by_handle(tag, services.today())
    # CK-447: an account without a password is answered as one that does not exist.
    record = (account.opaque_record or None) if account is not None else None
    challenge = services.opaque.challenge(tag, record, body.opaque_request)
    began_with = _id_of(account) + fingerprint(record or b"") + challenge.state
    session = services.sessions.seal(Kind.LOGIN, began_with)
    return LoginStarted(opaque_response=challenge.response, session=session)


@router.post("/v1/login/finish")
async def login_finish(body: LoginFinish, services: WithServices) -> LoggedIn:
    """Check OPAQUE's last message; on success hand out token and keystore."""
    sealed = services.sessions.open(Kind.LOGIN, body.session)
    account_id, began_with = sealed[:_ID], sealed[_ID : _ID + _PRINT]
    state = sealed[_ID + _PRINT : _ID + _PRINT + STATE_BYTES]
    right = services.opaque.finish(state, body.opaque_finalization)
    # CK-418: nobody logs in as the decoy, and a wrong password reads the same as no such handle.
    if not right or account_id == _NOBODY:
        raise PeerError(Code.LOGIN_FAILED, "CK-418: login failed")
    account = await services.store.account(account_id, services.today())
    # CK-687: whoever began with a password that was changed since would get a token for it.
    if account is None or fingerprint(account.opaque_record) != began_with:
        raise PeerError(Code.LOGIN_FAILED, "CK-687: the password was changed meanwhile")
    services.sessions.spend(body.session)
    return await logged_in(services, account_id)


@router.post("/v1/recovery/start")
async def recovery_start(
    body: RecoveryStart, request: Request, services: WithServices, work: Work = None
) -> RecoveryStarted:
    """Return a challenge, alike for handles that exist and those that do not."""
    services.throttle.admit(address_of(request), body.handle, work)
    tag = services.keys.handle_tag(body.handle)
    account = await services.store.account_by_handle(tag, services.today())
    decoy = _decoy_key(services, tag)  # made in both cases: equal work
    key = decoy if account is None else account.recovery_key
    challenge = services.rng(CHALLENGE_BYTES)
    session = services.sessions.seal(Kind.RECOVERY, _id_of(account) + key + challenge)
    return RecoveryStarted(session=session, challenge=challenge)


@router.post("/v1/recovery/finish")
async def recovery_finish(body: RecoveryFinish, services: WithServices) -> LoggedIn:
    """Check the signature; on success hand out token and keystore."""
    sealed = services.sessions.open(Kind.RECOVERY, body.session)
    account_id, key, challenge = sealed[:_ID], sealed[_ID : _ID + 32], sealed[_ID + 32 :]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(body.signature, RECOVERY_LABEL + challenge)
        right = True
    except (InvalidSignature, ValueError):
        right = False
    if not right or account_id == _NOBODY:
        raise PeerError(Code.LOGIN_FAILED, "CK-418: recovery failed")
    services.sessions.spend(body.session)
    return await logged_in(services, account_id)


async def logged_in(services: Services, account_id: bytes) -> LoggedIn:
    """Return a token and the keystore of an account whose owner has just proved themselves.

    Raises:
        PeerError: LOGIN_FAILED, the account was deleted between start and finish.
    """
    keystore = await services.store.keystore(account_id)
    if keystore is None:
        raise PeerError(Code.LOGIN_FAILED, "CK-418: the account is gone")
    await services.store.touch_account(account_id, services.today())
    return LoggedIn(account_token=services.sessions.issue(account_id), keystore=keystore)


def _id_of(account: Account | None) -> bytes:
    return _NOBODY if account is None else account.account_id


def _decoy_key(services: Services, tag: bytes) -> bytes:
    seed = services.keys.decoy("recovery key", tag)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)
