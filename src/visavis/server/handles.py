"""`/v1/handle/start|finish`: an account takes another handle (R-82).

The handle is chosen as at sign-up: the wished name with digits that nobody has. The database knows
a handle by its tag only, and the tag is OPAQUE's credential identifier, so an account with a
password brings a new record with it. Tag, record and keystore change in one transaction: there is
no moment in which one of them speaks of another handle. From then on the old handle is one that
nobody has; whoever signs up may be given it.

    start   account token -> handle, OPAQUE's registration response (if there is a password)
    finish  record, keystore, what the keystore replaces -> stored together or not at all

Not for: telling contacts. The server does not know them (`visavis.sdk.rename`).
"""

from __future__ import annotations

import hmac
from typing import Final

from fastapi import APIRouter

from visavis.core.errors import Code, PeerError
from visavis.server.accounts import Handle, Name, free_handle
from visavis.server.auth import CurrentAccount, Token, WithServices
from visavis.server.keys import fingerprint
from visavis.server.problems import BearerError
from visavis.server.quotas import Spend
from visavis.server.sessions import Kind
from visavis.server.wire import Bytes32, Bytes64, Bytes192, Empty, Keystore, Message, Session

router: Final = APIRouter(tags=["accounts"])

_ID: Final = 16


class HandleStart(Message):
    """The wished name, and OPAQUE's registration request; null without a password."""

    name: Name
    opaque_request: Bytes32 | None


class HandleStarted(Message):
    """The handle, OPAQUE's registration response and what to bring to `finish`."""

    handle: Handle
    opaque_response: Bytes64 | None
    session: Session


class HandleFinish(Message):
    """OPAQUE's new record, and the keystore that goes with it: stored with the handle, or not.

    `replaces` is SHA-256 of the keystore that the new one was made from.
    """

    session: Session
    opaque_record: Bytes192 | None
    keystore: Keystore
    replaces: Bytes32


@router.post("/v1/handle/start")
async def handle_start(
    body: HandleStart, services: WithServices, account_id: CurrentAccount
) -> HandleStarted:
    """Choose a handle and answer OPAQUE's registration request for it. Nothing is stored.

    429 after some tries a day (CK-762).
    """
    account = await services.store.account(account_id, services.today())
    if account is None:
        raise BearerError
    # CK-761: as in the store, where it is asked once more.
    if (account.opaque_record == b"") is not (body.opaque_request is None):
        raise PeerError(Code.MALFORMED, "CK-761: a record exactly where there is a password")
    # CK-762: counted here and not at the end, or whoever wants one handle asks until they get it:
    # the one that somebody else gave up a moment ago.
    key = fingerprint(account_id)
    if not services.renames.spend(Spend.HANDLE, key, 1, services.clock.monotonic()):
        raise PeerError(Code.QUOTA, "CK-762: the handle was changed often today")
    handle = await free_handle(services, body.name)
    response = None
    if body.opaque_request is not None:
        tag = services.keys.handle_tag(handle)
        response = services.opaque.registration_response(tag, body.opaque_request)
    session = services.sessions.seal(Kind.HANDLE, account_id + handle.encode())
    return HandleStarted(handle=handle, opaque_response=response, session=session)


@router.post("/v1/handle/finish")
async def handle_finish(
    body: HandleFinish, services: WithServices, account_id: CurrentAccount, token: Token
) -> Empty:
    """Replace handle, record and keystore in one transaction; other account tokens end.

    409 if another keystore is stored than the one it replaces (CK-680): nothing is changed, and the
    session is good for another try.
    """
    sealed = services.sessions.open(Kind.HANDLE, body.session)
    # CK-760: begun for one account, it ends for no other.
    if not hmac.compare_digest(sealed[:_ID], account_id):
        raise PeerError(Code.EXPIRED, "CK-760: begun for another account")
    handle = sealed[_ID:].decode()
    record = b"" if body.opaque_record is None else services.opaque.record(body.opaque_record)
    tag = services.keys.handle_tag(handle)
    changed = await services.store.replace_handle(
        account_id, tag, record, body.keystore, body.replaces
    )
    if not changed:
        raise BearerError
    services.sessions.spend(body.session)
    services.sessions.drop_account(account_id, keep=token)
    return Empty()
