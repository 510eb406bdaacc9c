"""The account's device lists are one chain: each successor is signed on top of the newest (ADR 11).

Two lists with one version would fork the account for good: whoever has seen one refuses the other
(CK-263). So the keystore is the head of the chain. A successor is signed on the list in there, and
stands in there, by compare-and-set, before anybody is shown it (CK-681). Who comes second signs
again, on top of the first.

     read keystore -> sign on its list -> compare-and-set -> show the list: rejoin, pairing, vault
          ^                                     |
          +------------ conflict ---------------+

A device that dies after the compare-and-set leaves a list that shows it and nothing behind it. The
next list follows that one; the dead device can be revoked like any other.

Not for: who is told of a list (`visavis.sdk.enrol`, `visavis.sdk.devices`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from visavis.core.device_list import (
    MAX_DEVICES,
    DeviceList,
    ListedDevice,
    sign_successor,
)
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.ids import DeviceId
from visavis.sdk.books import Books
from visavis.sdk.history import NoticeKind
from visavis.sdk.keystore import Keystore
from visavis.sdk.login import Login, require_newer
from visavis.sdk.own_handle import have_all_told
from visavis.sdk.store import Store

KIND: Final = "keystore"
_REVISION: Final = b"revision"


@dataclass(frozen=True, slots=True)
class Signed:
    """What `sign_next` did.

    Args:
        before: The list that was the newest until then.
        newest: The newest now; the same if there was nothing to change.
    """

    before: DeviceList
    newest: DeviceList


async def sign_next(login: Login, choose: Callable[[DeviceList], Iterable[ListedDevice]]) -> Signed:
    """Have the list with the chosen devices be the account's newest.

    Args:
        login: Of the account.
        choose: The devices, given the list they follow; asked again each time another device has
            signed one meanwhile.

    Raises:
        AuthorizationError: TOO_MANY_DEVICES (CK-685), or what `choose` raises. Nothing was signed.
        UnavailableError: It may stand in the keystore or not; nobody was shown it.
    """
    before = login.keys.head

    def change() -> Keystore | None:
        nonlocal before
        before = login.keys.head
        chosen = tuple(sorted(choose(before)))
        if chosen == before.devices:
            return None
        require_room(len(chosen))
        own_list = sign_successor(before, bytes(login.keys.identity_private), chosen)
        return login.keystore.successor(login.keys, own_list=own_list)

    # CK-681: whoever is shown a list may find it in the keystore, so no other has its version.
    await login.amend(change)
    return Signed(before, login.keys.head)


def require_room(count: int) -> None:
    """Check that a list of so many devices can be signed.

    Raises:
        AuthorizationError: TOO_MANY_DEVICES (CK-685): the keystore has one size for everybody.
    """
    if count > MAX_DEVICES:
        raise AuthorizationError(Code.TOO_MANY_DEVICES, "CK-685: the device list is full")


def catch_up(books: Books, login: Login) -> bool:
    """Take over the newest list from the keystore; say whether it is news.

    Raises:
        PeerError: IDENTITY_CHANGED (CK-594): the server answered with the record of somebody who
            has the same password, and we would have changed that account. ROLLED_BACK (CK-682): it
            shows an older keystore than this device has seen; the person is told.
        AuthorizationError: REFUSED (CK-684), this device was shut out meanwhile.
    """
    head = login.keys.head
    if head.identity_key != books.own_list.identity_key:
        raise PeerError(Code.IDENTITY_CHANGED, "CK-594: the keystore is of another identity")
    try:
        require_newer(books.own_list, head)
        _require_revision(books.store, login)
    except PeerError:
        with books.store.transaction():
            books.history.notice(NoticeKind.KEYS_ROLLED_BACK, books.account, None, books.now())
        books.history.publish()
        raise
    require_standing(head, books.device)
    with books.store.transaction():
        remember(books.store, login)
        take_handle(books, login)
        return books.lists.learn(head)


def take_handle(books: Books, login: Login) -> None:
    """Take over the handle that the keystore names; inside a transaction.

    CK-767: the keystore's stands, whatever was typed or lies under a passkey. Who learns it here
    tells contacts as well: the device that changed it may never come back.
    """
    mine = login.keys.handle is not None and login.keys.handle.handle == books.own_handle.offered
    if books.own_handle.take(login.keys.handle, notice=not mine):
        have_all_told(books)


def require_standing(head: DeviceList, device: DeviceId) -> None:
    """Check that the device that is about to change the list stands on it.

    CK-684: a device that was shut out, and does not know yet, would else sign itself back in or
    others out: its person looks at a list that is not the account's any more.

    Raises:
        AuthorizationError: REFUSED.
    """
    if head.find(device) is None:
        raise AuthorizationError(Code.REFUSED, "CK-684: this device is not on the newest list")


def remember(store: Store, login: Login) -> None:
    """Note how far the keystore has come, to notice an older one (CK-682)."""
    store.put(KIND, _REVISION, login.keys.revision.to_bytes(8, "big"))


def _require_revision(store: Store, login: Login) -> None:
    data = store.get(KIND, _REVISION)
    if data is not None and login.keys.revision < int.from_bytes(data, "big"):
        raise PeerError(Code.ROLLED_BACK, "CK-682: the server shows an older keystore")
