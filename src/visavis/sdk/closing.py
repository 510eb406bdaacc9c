"""The end of an account: at the server, then on this device.

Groups of people are left first, once the proof was good: what is said to them needs an account.
Then in this order, because the other way round a server that cannot be reached would leave an
account that nobody can close. Deleting at the server is one transaction; what its log and free
pages held is overwritten within a minute (P7). Blobs hang on no account and end within their 30
days.

What is on this device is erased as when it is shut out (`erasing.py`).
"""

from __future__ import annotations

import contextlib

from visavis.core.deletion_receipt import Erased
from visavis.core.errors import AuthorizationError, PeerError, VisavisError
from visavis.core.recovery import RecoveryCode
from visavis.sdk.groups import GroupKind
from visavis.sdk.own_handle import login_of_ours
from visavis.sdk.receipts import Asked, NoReceipt, Receipt, receipt_key
from visavis.sdk.server_data import read_account_id
from visavis.sdk.session import Session


async def close_at_server(session: Session, proof: str | RecoveryCode) -> Receipt | NoReceipt:
    """Have the server delete the account, and check its receipt.

    Args:
        session: Ours.
        proof: The account's password, or its recovery code.

    Raises:
        AuthorizationError: LOGIN_FAILED; nothing was changed.
        UnavailableError: It is not known whether the account is deleted.
    """
    profile = session.books.profile
    key = await receipt_key(profile.origin)
    subject = None if key is None else await _account_id(session)
    async with login_of_ours(session.books, proof) as login:
        await _leave_groups(session)
        data = await login.ask(lambda api: api.delete_account())
    asked = Asked(profile.origin, key, Erased.ACCOUNT, subject, session.books.now())
    return asked.checked(data, rows=1)


async def _leave_groups(session: Session) -> None:
    """Say to every group that we leave: else we would stand in their rosters until a keeper looks.

    One that cannot be told does not keep the account open.
    """
    for record in session.books.groups.all():
        if record.kind is GroupKind.GROUP:
            with contextlib.suppress(VisavisError):
                await session.group_actions.leave(record.group_id)


async def _account_id(session: Session) -> bytes | None:
    """Return the account's id at the server; None if this device is not let in any more."""
    try:
        return await read_account_id(session.device_api.account_data)
    except (AuthorizationError, PeerError):
        return None
