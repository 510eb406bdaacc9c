"""What a person does about their data: see it, shorten it, delete one thing, freeze it, end it.

The part of the facade (`client.py`) behind "your data". Not for: what the answers look like
(`server_data.py`, `local_data.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from visavis.core.deletion_receipt import Erased
from visavis.core.errors import UsageError
from visavis.core.recovery import RecoveryCode
from visavis.sdk.addresses import ROTATE_KIND
from visavis.sdk.client_recordings import Recorded
from visavis.sdk.group_book import ROTATE_GROUP_KIND
from visavis.sdk.groups import GroupKind
from visavis.sdk.local_data import LocalData, local_data
from visavis.sdk.receipts import Asked, Deletion, NoReceipt, receipt_key
from visavis.sdk.rename import rename
from visavis.sdk.server_data import (
    Choices,
    DataClass,
    DataRow,
    DataTable,
    ServerData,
    choices_from,
    read_server_data,
    read_value,
)
from visavis.sdk.vault_emptying import empty_vault
from visavis.transport.account_data import AccountDataApi

_ERASED: Final = {
    DataClass.ENVELOPES: Erased.ENVELOPES,
    DataClass.KEY_PACKAGES: Erased.KEY_PACKAGES,
    DataClass.PUSH: Erased.PUSH,
    DataClass.HANDLE: Erased.HANDLE,
}
"""What is deleted by one request, and has a receipt."""


@dataclass(slots=True)
class YourData(Recorded):
    """The part of `Client` that is about the person's own data."""

    # Seeing

    async def server_data(self, in_days: int = 0) -> ServerData:
        """Return the literal rows that the server has of our account.

        Args:
            in_days: 0 for now; else what would be left by then if nothing else happened.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        return await read_server_data(self._data_api, in_days)

    async def server_value(self, table: DataTable, row: DataRow, column: str) -> bytes:
        """Return the bytes of a value, also of one that came as length and hash.

        Raises:
            PeerError: UNEXPECTED, they are not those of the hash.
            AuthorizationError: REFUSED, the row is gone by now.
        """
        return await read_value(self._data_api, table, row, column)

    async def local_data(self) -> LocalData:
        """Return how much this device itself keeps."""
        return local_data(self._session.books)

    @property
    def _data_api(self) -> AccountDataApi:
        return self._session.device_api.account_data

    # Mending

    async def rename(
        self, name: str, password: str = "", *, recovery_code: str | None = None
    ) -> str:
        """Take another handle: the wished name, and digits that the server chooses (R-82).

        Contacts are told in their conversations, each when it is next there, and see which name
        took the place of which; our other devices too. From then on the handle of before is
        anybody's: it finds nobody, and may be given to whoever signs up.

        Args:
            name: Lower-case letters, digits, - and _.
            password: The account's. With a recovery code it becomes that; "" if the account has
                none (it was made with a passkey).
            recovery_code: In the password's place as proof.

        Returns:
            The new handle, for example maria.10077.

        Raises:
            AuthorizationError: LOGIN_FAILED; REFUSED, this device was shut out.
            PeerError: WEAK_PASSWORD; MISTYPED, the name or the recovery code; QUOTA, it was changed
                often today; ROLLED_BACK. Nothing was changed.
            UnavailableError: It is not known whether it was changed. Asking for the same name again
                settles it.
        """
        code = None if recovery_code is None else RecoveryCode.from_text(recovery_code)
        return await rename(self._session, name, password, code)

    # Having less kept, or nothing done with it

    async def choices(self) -> Choices:
        """Return what we chose, and the operator's days.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        return choices_from(await self._data_api.settings())

    async def set_account_days(self, days: int | None) -> Choices:
        """Have the account end after so many days without use; None: as the operator has it.

        Args:
            days: 7 at least, and no more than `choices().most_account_days`.

        Raises:
            PeerError: MALFORMED, it is neither. Nothing was changed.
        """
        return await self._choose(await self.choices(), account_days=days)

    async def set_envelope_days(self, days: int | None) -> Choices:
        """Have what no device of ours fetches end after so many days; None: as the operator has it.

        Args:
            days: 1 at least, and no more than `choices().most_envelope_days`.

        Raises:
            PeerError: MALFORMED, it is neither. Nothing was changed.
        """
        return await self._choose(await self.choices(), envelope_days=days)

    async def set_restricted(self, restricted: bool) -> Choices:  # noqa: FBT001 - its one argument
        """Freeze what the server does with our account (GDPR 18), or take that back.

        While it is frozen, the account does not exist to others: nobody reaches us, also not our
        other devices, and no call goes through the relay. Taken back, contacts get fresh addresses
        in place of those that were refused to them; each of our devices says it for its own.

        Raises:
            UnavailableError: The server cannot be reached; say it again.
        """
        chosen = await self._choose(await self.choices(), restricted=restricted)
        if not restricted:
            self._renew_addresses()
        return chosen

    async def delete_from_server(self, what: DataClass) -> Deletion:
        """Delete one kind of data that the server has of us; says how many rows it was.

        * PUSH: this device's subscription. A closed app does not ring until that is switched on.
        * HANDLE: our handle is hidden, as before `set_findable`.
        * KEY_PACKAGES: this device's. Contacts cannot let it in until it uploads some (in a day).
        * ENVELOPES: what waits for this device and did not come yet, unread. Senders do not know.
        * VAULT: emptied. A device that logs in then starts without contacts, until one that has
          them writes the vault anew, as it does with its next change. No receipt: to the server
          these are writes like any other.

        Raises:
            UsageError: ACCOUNT or DEVICES (`close_account`, `revoke`), or OTHER.
            UnavailableError: The server cannot be reached; say it again.
        """
        if what is DataClass.VAULT:
            return Deletion(await empty_vault(self._session), NoReceipt.NONE)
        if what not in _ERASED:
            raise UsageError("close the account, or revoke a device")
        profile, erased = self._session.books.profile, _ERASED[what]
        key = await receipt_key(profile.origin)
        rows, data = await self._delete(erased)
        asked = Asked(profile.origin, key, erased, profile.device_id, self._session.books.now())
        return Deletion(rows, asked.checked(data, rows))

    async def _delete(self, what: Erased) -> tuple[int, bytes | None]:
        match what:
            case Erased.ENVELOPES:
                return await self._data_api.delete_envelopes()
            case Erased.KEY_PACKAGES:
                return await self._data_api.delete_key_packages()
            case Erased.PUSH:
                return await self._data_api.delete_push()
            case Erased.HANDLE:
                rows = await self._rows_of(DataClass.HANDLE)
                return rows, await self._session.by_handle.set_findable(findable=False)
            case Erased.ACCOUNT:
                raise UsageError("close the account")

    async def _rows_of(self, what: DataClass) -> int:
        found = (await self.server_data()).footprint.get(what)
        return 0 if found is None else found.rows

    async def _choose(self, now: Choices, **changed: int | bool | None) -> Choices:
        wanted = {
            "account_days": now.account_days,
            "envelope_days": now.envelope_days,
            "restricted": now.restricted,
            **changed,
        }
        return choices_from(await self._data_api.put_settings(wanted))

    def _renew_addresses(self) -> None:
        """Have every contact, and our other devices, get a fresh address of this device."""
        books = self._session.books
        with books.store.transaction():
            books.store.put(ROTATE_KIND, books.account, b"")
            for known in books.contacts.all():
                books.store.put(ROTATE_KIND, known.account, b"")
            for record in books.groups.all():
                if record.kind is GroupKind.GROUP:
                    books.store.put(ROTATE_GROUP_KIND, record.group_id, b"")
        for record in books.groups.all():
            self._session.membership.mark(record)
        self._session.housekeeping.kick()
