"""Passkeys: signing up with one, logging in, adding and removing (WebAuthn Level 3; docs/adr/0016).

A challenge is 32 random bytes inside a sealed session: for one ceremony of one kind, two minutes,
one try (CK-440). A login names nobody: the browser offers the passkeys it has for this server, and
an unknown one, a removed one and a bad signature are one refusal (CK-442).

The account root comes wrapped under a key that only the passkey gives (PRF); we store the wrap and
hand it back after a good assertion. That key never comes here.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request

from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.ports.clock import day_text
from visavis.ports.passkeys import NewPasskey
from visavis.ports.random import shuffled
from visavis.ports.stored import NewAccount
from visavis.server import signup_links
from visavis.server.accounts import Handle, Name, free_handle
from visavis.server.auth import (
    CurrentAccount,
    EitherAccount,
    Token,
    WithServices,
    Work,
    address_of,
)
from visavis.server.devices import DeviceRegistration
from visavis.server.login import logged_in
from visavis.server.relying_party import Assertion, RelyingParty
from visavis.server.sessions import CEREMONY_S, Kind
from visavis.server.wire import (
    Attestation,
    AuthenticatorData,
    Bytes32,
    ClientData,
    CredentialId,
    Empty,
    Keystore,
    LinkToken,
    Message,
    RootWrap,
    Session,
    Signature,
)

router: Final = APIRouter(tags=["passkeys"])

CHALLENGE_BYTES: Final = 32
_ID: Final = 16
_NOBODY: Final = bytes(_ID)


class CreatedPasskey(Message):
    """A new passkey (AuthenticatorAttestationResponse) and the account root wrapped by it."""

    credential_id: CredentialId
    client_data: ClientData
    attestation_object: Attestation
    root_wrap: RootWrap


class PasskeySignupStart(Message):
    """The link and the wished name."""

    link_token: LinkToken
    name: Name


class PasskeySignupStarted(Message):
    """The handle, what the authenticator is asked, and what to bring to `finish`."""

    handle: Handle
    user_handle: Bytes32
    challenge: Bytes32
    session: Session


class PasskeySignupFinish(Message):
    """The passkey, the keystore, the recovery login's public key, the first device."""

    session: Session
    passkey: CreatedPasskey
    keystore: Keystore
    recovery_key: Bytes32
    device: DeviceRegistration


class PasskeyLoginStarted(Message):
    """What the authenticator is asked, and what to bring to `finish`."""

    challenge: Bytes32
    session: Session


class PasskeyLoginFinish(Message):
    """The authenticator's answer (AuthenticatorAssertionResponse).

    `user_handle` is missing where an authenticator was asked for one passkey by name.
    """

    session: Session
    credential_id: CredentialId
    client_data: ClientData
    authenticator_data: AuthenticatorData
    signature: Signature
    user_handle: Bytes32 | None = None


class PasskeyLoggedIn(Message):
    """A token for 15 minutes, the keystore, and the root as this passkey wraps it."""

    account_token: Bytes32
    keystore: Keystore
    root_wrap: RootWrap


class PasskeyAddStarted(Message):
    """What the authenticator is asked, and the passkeys that it must not make a second of."""

    user_handle: Bytes32
    challenge: Bytes32
    session: Session
    credential_ids: list[CredentialId]


class PasskeyAddFinish(Message):
    """The new passkey."""

    session: Session
    passkey: CreatedPasskey


class PasskeyItem(Message):
    """One line of the owner's list; the day as YYYY-MM-DD."""

    credential_id: CredentialId
    created_day: str


class WaysIn(Message):
    """How the account is opened, beside the recovery code."""

    password: bool
    passkeys: list[PasskeyItem]


class PasskeyRemove(Message):
    """Which one."""

    credential_id: CredentialId


def relying_party(services: WithServices) -> RelyingParty:
    """Return who we are to authenticators.

    Raises:
        AuthorizationError: REFUSED (CK-443), this server has no name that passkeys could be
            bound to.
    """
    if services.relying_party is None:
        raise AuthorizationError(Code.REFUSED, "CK-443: no passkeys without a name and TLS")
    return services.relying_party


Party = Annotated[RelyingParty, Depends(relying_party)]


@router.post("/v1/passkeys/signup/start")
async def signup_start(
    body: PasskeySignupStart,
    request: Request,
    services: WithServices,
    _party: Party,
    work: Work = None,
) -> PasskeySignupStarted:
    """Check the link, choose a handle, ask for a passkey. Nothing is stored."""
    services.throttle.admit(address_of(request), None, work)
    link_hash = signup_links.verify(services.keys, body.link_token, services.clock.now())
    if await services.store.link_spent(link_hash, services.today()):
        raise signup_links.refused()
    handle = await free_handle(services, body.name)
    account_id, challenge = services.rng(_ID), services.rng(CHALLENGE_BYTES)
    sealed = body.link_token + account_id + challenge + handle.encode()
    return PasskeySignupStarted(
        handle=handle,
        user_handle=services.keys.user_handle(account_id),
        challenge=challenge,
        session=services.sessions.seal(Kind.PASSKEY_SIGNUP, sealed, CEREMONY_S),
    )


@router.post("/v1/passkeys/signup/finish")
async def signup_finish(body: PasskeySignupFinish, services: WithServices, party: Party) -> Empty:
    """Create the account with its passkey and first device, and spend the link."""
    sealed = services.sessions.take(Kind.PASSKEY_SIGNUP, body.session)
    token, rest = sealed[: signup_links.TOKEN_BYTES], sealed[signup_links.TOKEN_BYTES :]
    account_id, challenge = rest[:_ID], rest[_ID : _ID + CHALLENGE_BYTES]
    handle = rest[_ID + CHALLENGE_BYTES :].decode()
    link_hash = signup_links.verify(services.keys, token, services.clock.now())
    await services.store.create_account(
        NewAccount(
            account_id=account_id,
            handle_tag=services.keys.handle_tag(handle),
            opaque_record=b"",
            recovery_key=body.recovery_key,
            keystore=body.keystore,
            device=body.device.new_device(),
            passkey=_checked(party, challenge, body.passkey),
        ),
        link_hash,
        services.today(),
    )
    return Empty()


@router.post("/v1/passkeys/login/start")
async def login_start(
    request: Request, services: WithServices, _party: Party, work: Work = None
) -> PasskeyLoginStarted:
    """Ask for any passkey of this server."""
    services.throttle.admit(address_of(request), None, work)
    challenge = services.rng(CHALLENGE_BYTES)
    session = services.sessions.seal(Kind.PASSKEY_LOGIN, challenge, CEREMONY_S)
    return PasskeyLoginStarted(challenge=challenge, session=session)


@router.post("/v1/passkeys/login/finish")
async def login_finish(
    body: PasskeyLoginFinish, services: WithServices, party: Party
) -> PasskeyLoggedIn:
    """Check the answer; on success hand out token, keystore and the wrapped root."""
    challenge = services.sessions.take(Kind.PASSKEY_LOGIN, body.session)
    known = await services.store.passkey(body.credential_id, services.today())
    # CK-442: an unknown passkey takes the same steps, against a key and a handle of nobody.
    public_key = services.passkey_decoy if known is None else known.public_key
    owner = _NOBODY if known is None else known.account_id
    assertion = Assertion(
        body.credential_id, body.client_data, body.authenticator_data, body.signature
    )
    used = party.is_used(challenge, assertion, public_key)
    expected = services.keys.user_handle(owner)
    theirs = hmac.compare_digest(body.user_handle or expected, expected)
    if known is None or not used or not theirs:
        raise PeerError(Code.PASSKEY_REFUSED, "CK-442: no such passkey, or not its holder")
    done = await logged_in(services, owner)
    return PasskeyLoggedIn(
        account_token=done.account_token, keystore=done.keystore, root_wrap=known.root_wrap
    )


@router.get("/v1/passkeys")
async def list_ways(services: WithServices, account_id: EitherAccount) -> WaysIn:
    """Return how the account is opened, for its owner; passkeys in random order."""
    account = await services.store.account(account_id, services.today())
    found = await services.store.passkeys(account_id, services.today())
    return WaysIn(
        password=account is not None and account.opaque_record != b"",
        passkeys=[
            PasskeyItem(credential_id=one.credential_id, created_day=day_text(one.created_day))
            for one in shuffled(found, services.rng)
        ],
    )


@router.post("/v1/passkeys/start")
async def add_start(
    services: WithServices, _party: Party, account_id: CurrentAccount
) -> PasskeyAddStarted:
    """Ask for one more passkey."""
    challenge = services.rng(CHALLENGE_BYTES)
    session = services.sessions.seal(Kind.PASSKEY_ADD, account_id + challenge, CEREMONY_S)
    found = await services.store.passkeys(account_id, services.today())
    return PasskeyAddStarted(
        user_handle=services.keys.user_handle(account_id),
        challenge=challenge,
        session=session,
        credential_ids=[one.credential_id for one in shuffled(found, services.rng)],
    )


@router.post("/v1/passkeys/finish")
async def add_finish(
    body: PasskeyAddFinish, services: WithServices, party: Party, account_id: CurrentAccount
) -> Empty:
    """Add the passkey to the account that asked for it."""
    sealed = services.sessions.take(Kind.PASSKEY_ADD, body.session)
    # CK-440: begun for one account, it ends for no other.
    if not hmac.compare_digest(sealed[:_ID], account_id):
        raise PeerError(Code.EXPIRED, "CK-440: begun for another account")
    passkey = _checked(party, sealed[_ID:], body.passkey)
    await services.store.add_passkey(account_id, passkey, services.today())
    return Empty()


@router.post("/v1/passkeys/remove")
async def remove(
    body: PasskeyRemove, services: WithServices, account_id: CurrentAccount, token: Token
) -> Empty:
    """Remove a passkey, never the last way in (CK-444); all other account tokens end.

    One of another account and one that never was are the same refusal (CK-445).
    """
    if not await services.store.remove_passkey(account_id, body.credential_id):
        raise AuthorizationError(Code.REFUSED, "CK-445: no such passkey of this account")
    services.sessions.drop_account(account_id, keep=token)
    return Empty()


def _checked(party: RelyingParty, challenge: bytes, created: CreatedPasskey) -> NewPasskey:
    public_key = party.register(
        challenge, created.credential_id, created.client_data, created.attestation_object
    )
    return NewPasskey(created.credential_id, public_key, created.root_wrap)
