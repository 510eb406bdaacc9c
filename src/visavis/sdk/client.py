"""The SDK: one device of one account, for applications (docs/sdk.md shows it at work).

    async with await Client.open(profile, password) as client:
        await client.sync()
        contact = await client.find_contact("bob")
        await client.send_message(contact, "Hello")
        call = await client.call(contact, media="video", source=..., sink=...)

A profile is a folder with one encrypted store, and one process at a time has it. Every call is
end-to-end encrypted; there is no setting that turns it off (R-16). Errors are `VisavisError`s;
their `describe()` is the sentence for the person.

The facade stands in parts, each the base of the next: what it shows (`client_shown.py`), files
(`client_files.py`), how people become contacts (`client_meeting.py`), the history of calls
(`client_calls.py`), the person's own data (`your_data.py`), moving to another server
(`client_move.py`), calls (`client_calling.py`), and here all the rest. Not for: how a profile comes
to be (`client_entry.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from visavis.core.content_records import Rules, Standing
from visavis.core.move_file import Moved
from visavis.core.recovery import RecoveryCode
from visavis.sdk import closing, devices, pairing
from visavis.sdk.client_calling import Calling
from visavis.sdk.client_entry import Pairing, enter_by_login, enter_by_opening, enter_by_signup
from visavis.sdk.client_shown import Contact
from visavis.sdk.devices import Device
from visavis.sdk.erasing import destroy_profile
from visavis.sdk.knowing import keep_identity
from visavis.sdk.move import Arriving
from visavis.sdk.receipts import NoReceipt, Receipt
from visavis.sdk.unlock import Kdf

__all__ = ["Client", "Contact"]


@dataclass(slots=True)
class Client(Calling):
    """One device at work; made by `signup`, `login` or `open`, used as a context manager."""

    _recovery: RecoveryCode | None = field(default=None, repr=False)

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
        session, recovery = await enter_by_signup(profile, server, signup_link, name, password, kdf)
        return cls(session, allow_loopback, _recovery=recovery)

    @classmethod
    async def move_in(
        cls,
        profile: Path,
        server: str,
        signup_link: str,
        name: str,
        password: str,
        moved: Moved,
        *,
        allow_loopback: bool = False,
        kdf: Kdf | None = None,
    ) -> Self:
        """Go on with an account at another server: with its identity, history and settings.

        Its contacts are awaited here (`awaited`): each becomes a contact again when they have moved
        as well. Bring a file in once. Two accounts that speak for one identity are two lines of
        its device list, and whoever has met one of them refuses the other (CK-263).

        Args:
            profile: An empty folder, or one that does not exist.
            server: The other server's origin.
            signup_link: Of that server.
            name: As for `signup`.
            password: The account's at that server; as for `signup`.
            moved: What `move_out` put into the file; see `visavis.sdk.move.read_file`.
            allow_loopback: As for `signup`.
            kdf: For tests; leave it out.

        Raises:
            As `signup`; nothing was made.
        """
        arriving = Arriving(moved)
        session, recovery = await enter_by_signup(
            profile, server, signup_link, name, password, kdf, arriving
        )
        return cls(session, allow_loopback, _recovery=recovery)

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
        session = await enter_by_login(
            profile,
            server,
            handle,
            password,
            recovery_code=recovery_code,
            lost_devices=lost_devices,
            on_pairing=on_pairing,
            on_digits=on_digits,
            kdf=kdf,
        )
        return cls(session, allow_loopback)

    @classmethod
    async def open(cls, profile: Path, password: str, *, allow_loopback: bool = False) -> Self:
        """Open a profile. The server need not be there.

        Raises:
            AuthorizationError: STORE_LOCKED, the password is wrong or there is no profile.
            UnavailableError: STORE_BUSY, another process has the profile.
        """
        return cls(await enter_by_opening(profile, password), allow_loopback)

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
        await self._end_calls()
        await self._session.close()

    # Who we are

    @property
    def recovery_code(self) -> str | None:
        """The recovery code, right after `signup` only: it is kept nowhere."""
        return None if self._recovery is None else self._recovery.to_text()

    # Receiving

    async def sync(self, timeout_s: float = 30.0) -> None:
        """Receive and process all that is waiting, and send all that can be sent.

        Raises:
            UnavailableError: The server cannot be reached; nothing is lost.
            AuthorizationError: SHUT_OUT, our account has shut this device out: what it held is
                erased. REFUSED, the server says that there is no such device.
        """
        await self._session.sync(timeout_s)

    # Contacts

    async def keep_identity(self, contact: Contact) -> None:
        """Go on with the key we know, after an identity change was shown and found to be false."""
        keep_identity(self._session.books, contact.account)

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
        await self._leave_call_with(contact)
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
        await devices.change_password(self._session, old, new)

    async def close_account(
        self, password: str = "", *, recovery_code: str | None = None
    ) -> Receipt | NoReceipt:
        """Close the account for ever, at the server and in this profile folder.

        No row of it remains at the server. Contacts are told nothing; other devices of ours are cut
        off and keep what they hold until their profiles are removed too. The client is closed when
        this returns.

        Args:
            password: The account's.
            recovery_code: In its place.

        Returns:
            The server's receipt, checked; or why there is none that counts: the account is closed
            all the same, as far as the server says.

        Raises:
            AuthorizationError: LOGIN_FAILED. Nothing was changed.
            PeerError: MISTYPED, the recovery code.
            UnavailableError: The server cannot be reached; the profile is still there.
        """
        code = None if recovery_code is None else RecoveryCode.from_text(recovery_code)
        receipt = await closing.close_at_server(self._session, password if code is None else code)
        store = self._session.books.store
        await self.close()
        destroy_profile(store)
        return receipt
