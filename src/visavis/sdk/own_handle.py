"""The handle of our account, as this device knows it, and who has yet to be told of it (R-82).

The keystore says which handle holds. A device hears of it by a login, from another device of ours
(`self.handle`) or from the vault; the newest stands, in whatever order they come (CK-765).

A change whose answer never came may have been made or not. So the handle that was offered is noted
before the server is asked, and a login tries it when the one we know fails (`login_of_ours`).

Not for: making the change (`visavis.sdk.rename`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from visavis.core import cbor
from visavis.core.content_inner import ContactName, Inner
from visavis.core.content_self import SelfHandle
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.handle import Renamed, is_newer
from visavis.core.ids import AccountId, MessageId
from visavis.core.recovery import RecoveryCode
from visavis.sdk.account import Accounts
from visavis.sdk.history import History, NoticeKind
from visavis.sdk.login import Login
from visavis.sdk.profile import Profile
from visavis.sdk.store import Store

if TYPE_CHECKING:
    from visavis.sdk.books import Books
    from visavis.sdk.conversation import Conversations
    from visavis.sdk.groups import GroupRecord

_KIND: Final = "handle"
_NEWEST: Final = b"newest"
_OFFERED: Final = b"offered"
_UNTOLD_KIND: Final = "handle.untold"
"""By account: contacts, and our own devices, that this device has yet to tell of our handle."""


class OwnHandle:
    """Which handle is ours. All that writes is done inside a transaction.

    Args:
        store: Of the profile.
        profile: Its `handle` follows.
        history: For the notice.
        now: Unix seconds.
    """

    def __init__(
        self, store: Store, profile: Profile, history: History, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._profile = profile
        self._history = history
        self._now = now
        store.on_rollback(self._reload)

    @property
    def newest(self) -> Renamed | None:
        """The newest that we know; None if it was never changed."""
        data = self._store.get(_KIND, _NEWEST)
        return None if data is None else Renamed.from_cbor(cbor.decode(data))

    @property
    def offered(self) -> str | None:
        """The handle of a change that may have been made or not."""
        data = self._store.get(_KIND, _OFFERED)
        return None if data is None else data.decode()

    def offer(self, handle: str | None) -> None:
        """Note what the server is about to be asked for; None if that is settled."""
        if handle is None:
            self._store.delete(_KIND, _OFFERED)
        else:
            self._store.put(_KIND, _OFFERED, handle.encode())

    def take(self, said: Renamed | None, *, notice: bool = True) -> bool:
        """Take over a handle if it is newer (CK-765); say whether it was.

        Args:
            said: By keystore, vault or another device of ours.
            notice: The person is to be told: it was changed elsewhere.
        """
        if said is None or not is_newer(said, self.newest):
            return False
        was = self._profile.handle
        self._store.put(_KIND, _NEWEST, cbor.encode(said.to_cbor()))
        self._profile.handle = said.handle
        self._profile.save(self._store)
        if notice and was != said.handle:
            kind, account = NoticeKind.OWN_HANDLE_CHANGED, self._profile.account_id
            self._history.renamed(kind, account, (was, said.handle), said.count, self._now())
        return True

    def towards(self, account: AccountId, asked_for: str) -> str:
        """Return the name with which to answer a request.

        Who asked for one handle takes an answer under no other (CK-289): they are answered under
        the one they asked for, and told the present one in the conversation.

        Args:
            account: Who asked.
            asked_for: Our handle when they did; "" if they came over a link.
        """
        if asked_for in {"", self._profile.handle}:
            return self._profile.handle
        self.have_told([account])
        return asked_for

    def have_told(self, accounts: Iterable[AccountId]) -> None:
        """Have these accounts told: contacts, and our own for our other devices."""
        for account in accounts:
            self._store.put(_UNTOLD_KIND, account, b"")

    def _reload(self) -> None:
        self._profile.handle = Profile.load(self._store).handle


def have_all_told(books: Books) -> None:
    """Have all contacts told which handle is ours, and our other devices."""
    contacts = (known.account for known in books.contacts.all())
    books.own_handle.have_told((*contacts, books.account))


class HandleTelling:
    """Tells contacts and our other devices which handle is ours.

    Args:
        books: What this device keeps.
        conversations: To tell them.
    """

    def __init__(self, books: Books, conversations: Conversations) -> None:
        self._books = books
        self._conversations = conversations

    async def tell(self) -> None:
        """Tell everybody who can be told now; the others when they can be, also after a crash.

        Raises:
            FatalError: The store cannot be trusted any more.
        """
        books = self._books
        for key, _ in books.store.items(_UNTOLD_KIND):
            account = AccountId(key)
            known = books.contacts.get(account)
            # What was written is in the outbox, whether or not the server was there.
            with contextlib.suppress(AuthorizationError, PeerError, UnavailableError):
                if account == books.account:
                    await self._tell_siblings()
                elif known is None:
                    books.store.delete(_UNTOLD_KIND, account)
                elif known.may_reach_us and books.contacts.addresses(account):
                    await self._conversations.send_made(account, self._for(account), durable=True)

    async def _tell_siblings(self) -> None:
        books = self._books
        newest = books.own_handle.newest
        # Before it is said: a crash in between is made good by the vault, and a server that is
        # away would have it said again and again.
        books.store.delete(_UNTOLD_KIND, books.account)
        if newest is not None:
            said = SelfHandle(newest.handle, newest.count)
            await self._conversations.send_self(said, durable=True)

    def _for(self, account: AccountId) -> Callable[[GroupRecord], Inner | None]:
        """Make the content in the transaction that sends it, so that it is said once."""
        books = self._books

        def make(_: GroupRecord) -> Inner | None:
            newest = books.own_handle.newest
            if newest is None or books.store.get(_UNTOLD_KIND, account) is None:
                return None
            books.store.delete(_UNTOLD_KIND, account)
            message = MessageId.random(books.rng)
            return ContactName(message, books.now(), newest.handle, newest.count)

        return make


@asynccontextmanager
async def login_of_ours(books: Books, proof: str | RecoveryCode) -> AsyncIterator[Login]:
    """Log in to our account, under the handle that holds.

    Args:
        books: What this device keeps.
        proof: The account's password, or its recovery code.

    Raises:
        AuthorizationError: LOGIN_FAILED.
    """
    accounts, known = Accounts(books.profile.origin), books.profile.handle
    offered = books.own_handle.offered

    def at(handle: str) -> contextlib.AbstractAsyncContextManager[Login]:
        if isinstance(proof, str):
            return accounts.login(handle, proof)
        return accounts.recover(handle, proof)

    async with AsyncExitStack() as stack:
        try:
            login = await stack.enter_async_context(at(known))
        except AuthorizationError as error:
            if error.code is not Code.LOGIN_FAILED or offered is None or offered == known:
                raise
            login = await stack.enter_async_context(at(offered))
        yield login
