"""The SDK: one device of one account, for applications (docs/sdk.md shows it at work).

    async with await Client.open(profile, password) as client:
        await client.sync()
        contact = await client.find_contact("bob")
        await client.send_message(contact, "Hello")
        call = await client.call(contact, media="video", source=..., sink=...)

A profile is a folder with one encrypted store, and one process at a time has it. Every call is
end-to-end encrypted; there is no setting that turns it off (R-16). Errors are `VisavisError`s;
their `describe()` is the sentence for the person.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from visavis.core.contact_rules import ALL_RING
from visavis.core.content_records import Rules, Standing
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    UsageError,
    VisavisError,
)
from visavis.core.ids import AccountId
from visavis.core.recovery import RecoveryCode
from visavis.sdk import devices, enrol, files, pairing
from visavis.sdk.account import Accounts, set_password
from visavis.sdk.contact_book import Known
from visavis.sdk.contact_records import Waiting
from visavis.sdk.device_chain import remember
from visavis.sdk.devices import Device
from visavis.sdk.history import Message, Notice, NoticeKind
from visavis.sdk.knowing import safety_number_with
from visavis.sdk.login import Login
from visavis.sdk.profile import Profile
from visavis.sdk.session import Session
from visavis.sdk.store import Store
from visavis.sdk.unlock import Kdf
from visavis.transport.origin import require_secure

if TYPE_CHECKING:
    from visavis.sdk.calls import Call, CallService, IncomingCall, MissedCall

Pairing = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact, as the person sees it.

    Args:
        account: Their account.
        name: Their handle, for example anna.48213.
        state: "contact", "rejoining", "identity changed" or "blocked".
        devices: How many devices they have.
        verified: The safety number was compared, with the very key they have now.
        rules: Which of their calls ring, and when.
    """

    account: AccountId
    name: str
    state: str
    devices: int
    verified: bool = False
    rules: Rules = ALL_RING


@dataclass(slots=True)
class Client:
    """One device at work; made by `signup`, `login` or `open`, used as a context manager."""

    _session: Session = field(repr=False)
    _allow_loopback: bool = False
    _recovery: RecoveryCode | None = field(default=None, repr=False)
    _calls: CallService | None = field(default=None, repr=False)

    # Making a profile and opening it

    @classmethod
    async def signup(
        cls,
        profile: Path,
        server: str,
        signup_link: str,
        name: str,
        password: str,
        *,
        allow_loopback: bool = False,
        kdf: Kdf | None = None,
    ) -> Self:
        """Make an account, with this folder as its first device.

        Args:
            profile: An empty folder, or one that does not exist.
            server: The server's origin.
            signup_link: As its operator gave it out.
            name: Lower-case letters, digits, - and _; the server adds digits to make the handle.
            password: 15 characters or more, not a known one (R-91).
            allow_loopback: Calls may use relays on this machine (demo and tests).
            kdf: For tests; leave it out.

        Returns:
            The client; `recovery_code` holds the code to show to the person, this once.

        Raises:
            AuthorizationError: SIGNUP_LINK, WEAK_PASSWORD, STORE_LOCKED (the folder is in use).
            UnavailableError: The server cannot be reached. Nothing was made.
        """
        store, recovery = await enrol.sign_up(profile, server, signup_link, name, password, kdf)
        session = Session(store)
        await session.start()
        client = cls(session, allow_loopback, recovery)
        session.vault.write_soon()
        with contextlib.suppress(VisavisError):  # housekeeping does it later
            await session.housekeeping.upload_key_packages()
            await session.vault.write(if_due=True)
        return client

    @classmethod
    async def login(
        cls,
        profile: Path,
        server: str,
        handle: str,
        password: str,
        *,
        recovery_code: str | None = None,
        lost_devices: bool = False,
        on_pairing: Pairing | None = None,
        on_digits: Pairing | None = None,
        allow_loopback: bool = False,
        kdf: Kdf | None = None,
    ) -> Self:
        """Make this folder another device of an account.

        Either with the recovery code, or by pairing: `on_pairing` is given a link to show, which
        another device approves (`approve_device`); `on_digits` six digits to compare.

        Args:
            profile: An empty folder, or one that does not exist.
            server: The server's origin.
            handle: The full handle, for example anna.48213.
            password: The account's; with a recovery code it becomes the account's.
            recovery_code: As written down at sign-up.
            lost_devices: All other devices are lost: they are shut out (needs the recovery code).
            on_pairing: Shows the pairing link.
            on_digits: Shows the digits.
            allow_loopback: Calls may use relays on this machine (demo and tests).
            kdf: For tests; leave it out.

        Raises:
            AuthorizationError: LOGIN_FAILED, STORE_LOCKED, WEAK_PASSWORD, TOO_MANY_DEVICES.
            PeerError: MISTYPED; DECRYPTION, BAD_SIGNATURE or ROLLED_BACK if the server altered the
                account.
            UnavailableError: The server cannot be reached; NO_ANSWER, no device approved.
        """
        require_secure(server)
        if Store.exists(profile):
            raise AuthorizationError(Code.STORE_LOCKED, "this folder holds a profile already")
        if recovery_code is None and on_pairing is None:
            raise AuthorizationError(Code.LOGIN_FAILED, "needs a recovery code or another device")
        accounts = Accounts(server)
        code = None if recovery_code is None else RecoveryCode.from_text(recovery_code)
        opened = (
            accounts.login(handle, password) if code is None else accounts.recover(handle, code)
        )
        async with opened as login:
            if code is not None:
                enrol.require_password(password, handle)
                await set_password(login, password)
            joined = await enrol.register_device(
                profile,
                password,
                kdf,
                login,
                origin=server,
                handle=handle,
                alone=lost_devices and code is not None,
            )
            try:
                session = Session(joined.device.store)
                try:
                    await session.start()
                    await _enter(session, login, joined, on_pairing, on_digits, code)
                except BaseException:
                    await session.close()
                    raise
            except BaseException:
                await enrol.take_back(login, joined.device.profile.device_id, joined.before)
                enrol.remove_profile(profile)
                raise
        client = cls(session, allow_loopback)
        await client._finish_login()
        return client

    @classmethod
    async def open(cls, profile: Path, password: str, *, allow_loopback: bool = False) -> Self:
        """Open a profile. The server need not be there.

        Raises:
            AuthorizationError: STORE_LOCKED, the password is wrong or there is no profile.
            UnavailableError: STORE_BUSY, another process has the profile.
        """
        store = await asyncio.to_thread(Store.open, profile, password)
        try:
            Profile.load(store).require_active()
            session = Session(store)
        except BaseException:
            store.close()
            raise
        await session.start()
        return cls(session, allow_loopback)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End calls, connections and tasks, and lock the profile."""
        if self._calls is not None:
            await self._calls.close()
            self._calls = None
        await self._session.close()

    # Who we are

    @property
    def handle(self) -> str:
        """Our handle at the server."""
        return self._session.books.profile.handle

    @property
    def recovery_code(self) -> str | None:
        """The recovery code, right after `signup` only: it is kept nowhere."""
        return None if self._recovery is None else self._recovery.to_text()

    # Receiving

    async def sync(self, timeout_s: float = 30.0) -> None:
        """Receive and process all that is waiting, and send all that can be sent.

        Raises:
            UnavailableError: The server cannot be reached; nothing is lost.
            AuthorizationError: REFUSED, this device was revoked.
        """
        await self._session.sync(timeout_s)

    def messages(self) -> AsyncIterator[Message]:
        """Yield the messages that came since the profile was opened, then each as it comes."""
        return self._session.books.history.incoming.read()

    def notices(self) -> AsyncIterator[Notice]:
        """Yield what a person should be told: new devices, changed identities, waiting requests."""
        return self._session.books.history.notices.read()

    async def all_notices(self) -> list[Notice]:
        """Return every notice kept on this device, oldest first."""
        return self._session.books.history.all_notices()

    # Contacts

    async def contacts(self) -> list[Contact]:
        """Return our contacts, by name."""
        return [self._contact(known) for known in self._session.books.contacts.all()]

    async def find_contact(self, prefix: str) -> Contact:
        """Return the contact of this name, or the only one whose name begins so.

        Raises:
            AuthorizationError: UNKNOWN_CONTACT, there is none, or more than one.
        """
        everybody = await self.contacts()
        exact = [contact for contact in everybody if contact.name == prefix]
        found = exact or [contact for contact in everybody if contact.name.startswith(prefix)]
        if len(found) != 1:
            which = "more than one contact" if found else "no contact"
            raise AuthorizationError(Code.UNKNOWN_CONTACT, f"{which} of this name")
        return found[0]

    async def create_invite(self, *, single_use: bool = True, days: int = 7) -> str:
        """Make a link that lets somebody become a contact.

        A single-use link is accepted by itself; for others each request waits (`requests`).
        """
        return self._session.first_contact.create_invite(single_use=single_use, days=days)

    async def accept_invite(self, link: str, *, wait_s: float = 0.0) -> Contact | None:
        """Ask the maker of a link to become a contact.

        Args:
            link: As given by them.
            wait_s: How long to wait for their answer.

        Returns:
            The contact, or None if they have not answered yet; they will when they are back.

        Raises:
            PeerError: MISTYPED, EXPIRED; REFUSED, it is for another server.
            AuthorizationError: REFUSED, it was used or withdrawn. Nothing was sent to anybody.
            UnavailableError: It is kept and sent when the server is back.
        """
        token = await self._session.first_contact.follow(link)
        account = await self._session.first_contact.answered(token, wait_s)
        if account is None:
            return None
        return self._contact(self._require(account))

    async def request_contact(self, handle: str, *, wait_s: float = 0.0) -> Contact | None:
        """Ask whoever has exactly this handle to become a contact.

        It takes a second or two of work, always. Somebody who takes such requests, somebody who
        does not, and a handle that nobody has are alike: nothing in time, size or outcome tells
        them apart. A look-up cannot prove that the server led us to the right person: compare
        safety numbers with a contact that was made this way.

        Args:
            handle: The whole handle, for example anna.48213.
            wait_s: How long to wait for their answer.

        Returns:
            The contact, or None if nobody has agreed yet; perhaps nobody ever will. Asking again
            repeats the request.

        Raises:
            PeerError: MISTYPED, no whole handle; UNEXPECTED, our own.
            UnavailableError: The server cannot be reached. Nothing was sent.
        """
        token = await self._session.by_handle.ask(handle)
        account = await self._session.first_contact.answered(token, wait_s)
        if account is None:
            return None
        return self._contact(self._require(account))

    async def set_findable(self, findable: bool) -> None:  # noqa: FBT001 - its one argument
        """Let whoever knows our exact handle ask to become a contact, or hide it (the default).

        Requests come to this device only, the one on which it was turned on last; they wait there
        (`requests`), 50 at most. Other devices of the account do not see them, and if this device
        is shut out, the handle is hidden again.

        Raises:
            UnavailableError: The server cannot be reached. Say it again.
        """
        await self._session.by_handle.set_findable(findable=findable)
        self._session.housekeeping.kick()

    async def findable(self) -> bool:
        """Say whether requests by our handle come to this device.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        return await self._session.by_handle.findable()

    async def requests(self) -> list[Waiting]:
        """Return who waits: they followed a multi-use link of ours, or asked for our handle."""
        return self._session.first_contact.waiting()

    async def approve_request(self, request: Waiting) -> None:
        """Accept somebody who waits."""
        self._session.first_contact.approve(request.account)
        self._session.housekeeping.kick()

    async def decline_request(self, request: Waiting) -> None:
        """Drop somebody's request; they are not told."""
        self._session.first_contact.decline(request.account)

    async def safety_number(self, contact: Contact) -> str:
        """Return the safety number with a contact: twelve groups of five digits."""
        return " ".join(safety_number_with(self._session.books, contact.account).groups)

    async def safety_text(self, contact: Contact) -> str:
        """Return what our QR code of the safety number says, for `verify_by_text`."""
        return safety_number_with(self._session.books, contact.account).text

    async def keep_identity(self, contact: Contact) -> None:
        """Go on with the key we know, after an identity change was shown and found to be false."""
        books = self._session.books
        known = self._require(contact.account)
        with books.store.transaction():
            known.identity_changed = False
            books.contacts.save(known)
            books.history.forget_notice(NoticeKind.IDENTITY_CHANGED, contact.account)

    async def forget_contact(self, contact: Contact) -> None:
        """Remove a contact: keys and addresses go, and what it holds of ours is refused.

        After an identity change that is real, this and a new invite is the way on.
        """
        self._session.forget_contact(contact.account)

    async def set_verified(self, contact: Contact, *, verified: bool = True) -> None:
        """Note that the safety number was compared and is the same, or take that back.

        The mark is bound to the key that was compared, and our other devices are told of it.
        """
        await self._session.decisions.set_verified(contact.account, verified=verified)

    async def verify_by_text(self, contact: Contact, text: str) -> None:
        """Compare what the QR code on a contact's screen says; if it is the same, note that.

        Raises:
            PeerError: MALFORMED, it is no such text; IDENTITY_CHANGED, it is one and does not match
                (CK-278). Nothing was changed.
        """
        await self._session.decisions.verify_by_text(contact.account, text)

    async def rules(self, contact: Contact) -> Rules:
        """Return which calls of a contact ring, and when."""
        return self._require(contact.account).rules

    async def set_rules(self, contact: Contact, rules: Rules) -> None:
        """Say which calls of a contact ring, and when (R-87); our other devices do the same.

        To the caller a call that may not ring is one that nobody answers. It stands in the thread
        as a missed call.

        Raises:
            UsageError: The rules are out of bounds.
        """
        await self._session.decisions.set_rules(contact.account, rules)

    async def block(self, contact: Contact) -> None:
        """Block a contact: what it holds of ours is refused, by all our devices.

        What is under way with them ends. They can learn that they are refused, as anybody is whose
        address of ours was replaced, and not why.
        """
        if self._calls is not None:
            await self._calls.leave(contact.account)
        await self._session.decisions.set_standing(contact.account, Standing.BLOCKED)

    async def unblock(self, contact: Contact) -> Contact:
        """Unblock a contact: fresh addresses of ours are announced in the conversation.

        Returns:
            The contact as it stands now. "rejoining": this device came to the account while they
            were blocked, and another device of ours or of theirs has to let it in. If none does, or
            if they replaced their own address meanwhile, only a new invite brings the two together;
            it goes on with the same thread.
        """
        await self._session.decisions.set_standing(contact.account, Standing.CONTACT)
        self._session.outbox.kick()
        return self._contact(self._require(contact.account))

    # Messages

    async def send_message(self, contact: Contact, text: str) -> None:
        """Send a text message: kept here, and resent until the server has it.

        Raises:
            AuthorizationError: IDENTITY_CHANGED, the person has to decide first; REFUSED.
            UnavailableError: We wait to be let into the conversation again.
        """
        await self._session.conversations.send_text(contact.account, text)

    async def prepare_file(self, path: Path, name: str | None = None) -> files.PreparedFile:
        """Read a file, decide what it is, and take out what it says besides. Nothing is sent.

        Args:
            path: The file, 25 MB at most.
            name: What to call it; its own name without this.

        Returns:
            The file as it would be sent. Its `stripped` is "not_possible" for documents, archives
            and some media: tell the person before sending that it may say who made it, and where.

        Raises:
            OSError: It cannot be read.
            AuthorizationError: UNSAFE_FILE, it could run as a program.
            PeerError: TOO_LARGE, also for an empty file.
        """
        data = await asyncio.to_thread(files.read_file, path)
        return await asyncio.to_thread(files.prepare_file, data, name or path.name)

    async def send_file(
        self, contact: Contact, file: Path | files.PreparedFile, thumbnail: bytes | None = None
    ) -> Message:
        """Send a file: sealed under a key of its own, for thirty days at the server.

        Args:
            contact: To whom.
            file: A path, or what `prepare_file` made of one.
            thumbnail: A small JPEG (16 KiB, 512 by 512 at most); anything else is left out.

        Raises:
            OSError: As `prepare_file`.
            AuthorizationError: As `prepare_file` and `send_message`.
            PeerError: As `prepare_file`.
            UnavailableError: The server is away, has no room, or it is enough for one day.
                Nothing was sent.
        """
        prepared = await self.prepare_file(file) if isinstance(file, Path) else file
        return await files.send_file(self._session, contact.account, prepared, thumbnail)

    async def open_file(self, message: Message) -> files.OpenedFile:
        """Fetch the file of a message; it is handed out only when every check has passed.

        Raises:
            AuthorizationError: UNSAFE_FILE, it could run as a program; EXPIRED, the server does
                not have it any more (thirty days).
            PeerError: DECRYPTION, it is not what the message speaks of.
            UnavailableError: The server cannot be reached.
        """
        if message.file is None:
            raise UsageError("this message has no file")
        return await files.fetch_file(self._session, message.file)

    async def save_file(self, message: Message, folder: Path) -> Path:
        """Fetch the file of a message into a folder; never over another one. Returns its path.

        Raises:
            OSError: It cannot be written there.
            AuthorizationError: As `open_file`.
            PeerError: As `open_file`.
            UnavailableError: As `open_file`.
        """
        return await asyncio.to_thread(files.save, await self.open_file(message), folder)

    async def history(self, contact: Contact) -> list[Message]:
        """Return the conversation with a contact, oldest first."""
        return self._session.books.history.messages(contact.account)

    # Calls

    async def call(
        self,
        contact: Contact,
        media: str = "video",
        *,
        source: Any,
        sink: Any,
        leave_no_trace: bool = False,
        confidential: bool = False,
    ) -> Call:
        """Call a contact.

        Args:
            contact: Whom.
            media: "video" or "voice".
            source: Where our picture and sound come from.
            sink: Where theirs go.
            leave_no_trace: Do not tell them of the call if nobody answers it.
            confidential: Only to a verified contact, through a relay, and keeping nothing of it.

        Raises:
            AuthorizationError: NOT_VERIFIED, `confidential` and the safety number was not compared.
        """
        calls = await self._call_service()
        return await calls.call(
            contact.account,
            media,
            source=source,
            sink=sink,
            leave_no_trace=leave_no_trace,
            confidential=confidential,
        )

    async def incoming(self) -> AsyncIterator[IncomingCall]:
        """Yield calls that ring on this device."""
        calls = await self._call_service()
        async for call in calls.incoming():
            yield call

    async def missed(self) -> AsyncIterator[MissedCall]:
        """Yield calls that could not ring here, or rang while we were away."""
        calls = await self._call_service()
        async for call in calls.missed():
            yield call

    async def _call_service(self) -> CallService:
        if self._calls is None:
            from visavis.sdk.calls import CallService  # noqa: PLC0415 - aiortc loads late

            self._calls = CallService(self._session, allow_loopback=self._allow_loopback)
            await self._calls.start()
        return self._calls

    # Devices and password

    async def devices(self) -> list[Device]:
        """Return the account's devices."""
        return await devices.list_devices(self._session)

    async def approve_device(self, link: str, confirm: pairing.Confirm) -> str:
        """Let a new device in; `confirm` is asked with six digits. Returns its short id."""
        return await pairing.approve(self._session, link, confirm)

    async def revoke(
        self, device: Device | str, password: str = "", *, recovery_code: str | None = None
    ) -> None:
        """Shut a device out, everywhere, with the account's password or its recovery code.

        Raises:
            AuthorizationError: LOGIN_FAILED; UNKNOWN_DEVICE, also for this one.
            PeerError: MISTYPED, the recovery code.
        """
        short_id = device.short_id if isinstance(device, Device) else device
        proof = password if recovery_code is None else RecoveryCode.from_text(recovery_code)
        await devices.revoke(self._session, short_id, proof)

    async def change_password(self, old: str, new: str) -> None:
        """Change the account's password, and the one that opens this profile.

        The recovery code stays. Other devices keep opening with the old password.

        Raises:
            AuthorizationError: LOGIN_FAILED, the old one is wrong; WEAK_PASSWORD.
        """
        enrol.require_password(new, self.handle)
        store, profile = self._session.books.store, self._session.books.profile
        async with Accounts(profile.origin).login(profile.handle, old) as login:
            devices.refresh(self._session, login)
            # Both passwords open the profile until the server has answered: no moment without one.
            await asyncio.to_thread(store.add_password, new)
            try:
                await set_password(login, new)
            except VisavisError as error:
                if not isinstance(error, UnavailableError):
                    store.drop_newest_password()
                raise
            store.keep_newest_password()
            remember(store, login)

    async def _finish_login(self) -> None:
        """Write the vault, and read what came meanwhile."""
        session = self._session
        session.vault.write_soon()
        with contextlib.suppress(VisavisError):  # housekeeping does it later
            await session.vault.write(if_due=True)
            await session.sync()

    def _require(self, account: AccountId) -> Known:
        known = self._session.books.contacts.get(account)
        if known is None:
            raise AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours")
        return known

    def _contact(self, known: Known) -> Contact:
        newest = self._session.books.lists.newest(known.account)
        count = 0 if newest is None else len(newest.devices)
        verified = self._session.is_verified(known.account)
        return Contact(known.account, known.name, known.state, count, verified, known.rules)


async def _enter(
    session: Session,
    login: Login,
    joined: enrol.Joined,
    on_pairing: Pairing | None,
    on_digits: Pairing | None,
    code: RecoveryCode | None,
) -> None:
    """Become a device that others know: by pairing, or by asking to be added again."""
    enrol.enter(session, joined)
    # First, because who hears of us adds us at once, with the key packages found at the server.
    with contextlib.suppress(VisavisError):  # housekeeping does it later
        await session.housekeeping.upload_key_packages()
    if code is None and joined.contents is not None:
        if on_pairing is None:
            raise PeerError(Code.UNEXPECTED, "pairing without a way to show the link")
        side = pairing.NewSide(session, joined.own_list, joined.before)
        on_pairing(side.link)
        await side.run(on_digits or (lambda _: None))
        session.books.profile.activate(session.books.store)
        return
    with session.books.store.transaction():
        enrol.queue_rejoins(session, login)
        session.books.profile.activate(session.books.store)
    session.outbox.kick()
    for lost in joined.lost:
        await devices.delete_at_server(login, lost)
