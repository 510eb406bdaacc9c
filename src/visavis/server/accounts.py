"""Sign-up, password change, keystore and the end of an account.

Sign-up needs a link. The handle is the wished name with a random suffix, so that signing up never
tells whether a name is taken (P2). Until `finish` nothing is stored.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import Field

from visavis.core.errors import Code, UnavailableError
from visavis.core.handle import HANDLE_FORM, NAME_FORM
from visavis.ports.random import below
from visavis.ports.stored import NewAccount, RemovedDevice
from visavis.server import erasure, receipts, signup_links
from visavis.server.auth import CurrentAccount, Token, WithServices, Work, address_of
from visavis.server.devices import DeviceRegistration
from visavis.server.keys import fingerprint
from visavis.server.problems import BearerError
from visavis.server.services import Services
from visavis.server.sessions import Kind
from visavis.server.wire import (
    Bytes32,
    Bytes64,
    Bytes192,
    Empty,
    Keystore,
    LinkToken,
    Message,
    Receipted,
    Session,
)

router: Final = APIRouter(tags=["accounts"])

NAME_PATTERN: Final = f"^{NAME_FORM}$"
HANDLE_PATTERN: Final = f"^{HANDLE_FORM}$"
SUFFIXES: Final = 100_000
TRIES: Final = 20
"""Free suffixes looked for before giving up; with a tenth of them free, 20 tries fail 1 in 8."""

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=24)]
Handle = Annotated[str, Field(pattern=HANDLE_PATTERN, max_length=30)]


class SignupStart(Message):
    """The link, the wished name and OPAQUE's registration request (RFC 9807, 5.1)."""

    link_token: LinkToken
    name: Name
    opaque_request: Bytes32


class SignupStarted(Message):
    """The handle, OPAQUE's registration response and what to bring to `finish`."""

    handle: Handle
    opaque_response: Bytes64
    session: Session


class SignupFinish(Message):
    """OPAQUE's record, the keystore, the recovery login's public key, the first device."""

    session: Session
    opaque_record: Bytes192
    keystore: Keystore
    recovery_key: Bytes32
    device: DeviceRegistration


class PasswordStart(Message):
    """OPAQUE's registration request for the new password."""

    opaque_request: Bytes32


class PasswordStarted(Message):
    """OPAQUE's registration response."""

    opaque_response: Bytes64


class PasswordFinish(Message):
    """OPAQUE's new record and the keystore that goes with it: stored together or not at all (P4).

    `replaces` is SHA-256 of the keystore that the new one was made from.
    """

    opaque_record: Bytes192
    keystore: Keystore
    replaces: Bytes32


class KeystoreBody(Message):
    """The keystore: opaque to the server."""

    keystore: Keystore


class KeystoreChange(Message):
    """A new keystore, and SHA-256 of the one that it was made from."""

    keystore: Keystore
    replaces: Bytes32


@router.post("/v1/signup/start")
async def signup_start(
    body: SignupStart, request: Request, services: WithServices, work: Work = None
) -> SignupStarted:
    """Check the link, choose a handle, answer OPAQUE's registration request."""
    services.throttle.admit(address_of(request), None, work)
    link_hash = signup_links.verify(services.keys, body.link_token, services.clock.now())
    if await services.store.link_spent(link_hash, services.today()):
        raise signup_links.refused()
    handle = await free_handle(services, body.name)
    response = services.opaque.registration_response(
        services.keys.handle_tag(handle), body.opaque_request
    )
    session = services.sessions.seal(Kind.SIGNUP, body.link_token + handle.encode())
    return SignupStarted(handle=handle, opaque_response=response, session=session)


@router.post("/v1/signup/finish")
async def signup_finish(body: SignupFinish, services: WithServices) -> Empty:
    """Create the account with its first device, and spend the link."""
    sealed = services.sessions.open(Kind.SIGNUP, body.session)
    token, handle = (
        sealed[: signup_links.TOKEN_BYTES],
        sealed[signup_links.TOKEN_BYTES :].decode(),
    )
    link_hash = signup_links.verify(services.keys, token, services.clock.now())
    await services.store.create_account(
        NewAccount(
            account_id=services.rng(16),
            handle_tag=services.keys.handle_tag(handle),
            opaque_record=services.opaque.record(body.opaque_record),
            recovery_key=body.recovery_key,
            keystore=body.keystore,
            device=body.device.new_device(),
        ),
        link_hash,
        services.today(),
    )
    services.sessions.spend(body.session)
    return Empty()


@router.post("/v1/password/start")
async def password_start(
    body: PasswordStart, services: WithServices, account_id: CurrentAccount
) -> PasswordStarted:
    """Answer OPAQUE's registration request for a new password."""
    account = await services.store.account(account_id, services.today())
    if account is None:
        raise BearerError
    response = services.opaque.registration_response(account.handle_tag, body.opaque_request)
    return PasswordStarted(opaque_response=response)


@router.post("/v1/password/finish")
async def password_finish(
    body: PasswordFinish, services: WithServices, account_id: CurrentAccount, token: Token
) -> Empty:
    """Replace record and keystore in one transaction; other account tokens end.

    409 if another keystore is stored than the one it replaces (CK-680): nothing is changed.
    """
    record = services.opaque.record(body.opaque_record)
    if not await services.store.replace_password(account_id, record, body.keystore, body.replaces):
        raise BearerError
    services.sessions.drop_account(account_id, keep=token)
    return Empty()


@router.put("/v1/keystore")
async def put_keystore(
    body: KeystoreChange, services: WithServices, account_id: CurrentAccount
) -> Empty:
    """Replace the keystore, or answer 409 and change nothing if another is stored (CK-680)."""
    if not await services.store.set_keystore(account_id, body.keystore, body.replaces):
        raise BearerError
    return Empty()


@router.get("/v1/keystore")
async def get_keystore(services: WithServices, account_id: CurrentAccount) -> KeystoreBody:
    """Return the keystore."""
    keystore = await services.store.keystore(account_id)
    if keystore is None:
        raise BearerError
    return KeystoreBody(keystore=keystore)


@router.delete("/v1/account")
async def delete_account(services: WithServices, account_id: CurrentAccount) -> Receipted:
    """Delete the account: no row of it remains (R-78), its devices are cut off at once.

    Its erasure key is destroyed first, so that no backup opens what it holds of it (R-76).
    """
    devices = await services.store.devices(account_id, services.today())
    await erasure.destroy(services, account_id)
    try:
        await services.store.delete_account(account_id)
        services.sessions.drop_account(account_id)
        # Again: a backup that ran meanwhile made a new one for what it still saw.
        await erasure.destroy(services, account_id)
        services.renames.forget(fingerprint(account_id))
    finally:
        services.listeners.removed(  # CK-428: see `delete_device`
            [RemovedDevice(one.device_id, one.mailbox_id) for one in devices]
        )
    return Receipted(receipt=receipts.of_account(services, account_id))


async def free_handle(services: Services, name: str) -> str:
    """Return the name with a random suffix that nobody has."""
    for _ in range(TRIES):
        handle = f"{name}.{below(SUFFIXES, services.rng):05}"
        tag = services.keys.handle_tag(handle)
        if await services.store.account_by_handle(tag, services.today()) is None:
            return handle
    raise UnavailableError(Code.UNAVAILABLE, "no free suffix was found")
