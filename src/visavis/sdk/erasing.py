"""The end of a profile on this device: the account was closed, or the device shut out (R-10).

What is overwritten and deleted is the profile's database, which holds all that it has. Overwriting
reaches the file's own blocks; disks that write elsewhere (SSDs, file systems with snapshots) may
keep the old ones. There all of it stays sealed, under a key that only the password opens.
"""

from __future__ import annotations

import contextlib

from visavis.core.errors import AuthorizationError, Code, PeerError, VisavisError
from visavis.core.farewell import verify_farewell
from visavis.sdk.books import Books
from visavis.sdk.store import DATABASE_FILES, LOCK, Store
from visavis.store.wiping import wipe
from visavis.transport.device_api import DeviceApi


async def explain_refusal(books: Books, api: DeviceApi, refused: VisavisError) -> VisavisError:
    """Return why the server knows this device no more: SHUT_OUT if the account has signed that.

    A server's word alone changes nothing here (CK-750).

    Args:
        books: Ours.
        api: With this device's token.
        refused: What the server said.

    Raises:
        UnavailableError: It could not be asked; ask again later.
    """
    if refused.code is not Code.REFUSED:
        return refused
    farewell = await api.farewell()
    if farewell is None:
        return refused
    try:
        verify_farewell(books.own_list.identity_key, books.account, books.device, farewell)
    except PeerError:
        return refused
    return AuthorizationError(Code.SHUT_OUT, "this device was shut out of its account")


def destroy_profile(store: Store) -> None:
    """Overwrite and delete a profile's files; its store is closed.

    Only what we made: the folder itself goes if nothing else is in it.
    """
    folder = store.profile
    for name in (*DATABASE_FILES, LOCK):
        wipe(folder / name)
    with contextlib.suppress(OSError):  # something of the person's lies there too
        folder.rmdir()
