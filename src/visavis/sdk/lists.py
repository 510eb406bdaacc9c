"""The newest device list known of each account, ours included: who may stand in a group (P3).

A list is learnt only when it is signed by the identity key that we hold for the account; another
key raises IDENTITY_CHANGED and nothing is replaced (CK-563).
"""

from __future__ import annotations

from typing import Final

from visavis.core.credential import make_present_validator, make_validator
from visavis.core.device_list import DeviceList, UnverifiedDeviceList, accept_list
from visavis.core.ids import AccountId, DeviceId
from visavis.core.mls import CredentialValidator
from visavis.sdk.store import Store

KIND: Final = "list"
PREVIOUS_KIND: Final = "list.previous"


class DeviceLists:
    """The book of device lists, in the store and in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lists: dict[AccountId, DeviceList] = {}
        self._load()
        store.on_rollback(self._load)
        self.validator: CredentialValidator = make_validator(self.newest)
        self.present_validator: CredentialValidator = make_present_validator(self.newest)

    def _load(self) -> None:
        stored = (UnverifiedDeviceList.parse(data).verify() for _, data in self._store.items(KIND))
        self._lists = {known.account_id: known for known in stored}

    def newest(self, account: AccountId) -> DeviceList | None:
        """Return the newest list of an account, or None for a stranger."""
        return self._lists.get(account)

    def learn(self, offered: DeviceList) -> bool:
        """Keep a list if it is newer than what we have; say whether it was.

        Raises:
            PeerError: IDENTITY_CHANGED (CK-563), BAD_CREDENTIAL for a fork.
        """
        known = self._lists.get(offered.account_id)
        if known is not None and accept_list(known, offered) is known:
            return False
        with self._store.transaction():
            if known is not None:
                self._store.put(PREVIOUS_KIND, offered.account_id, known.data)
            self._store.put(KIND, offered.account_id, offered.data)
        self._lists[offered.account_id] = offered
        return True

    def before(self, account: AccountId) -> DeviceList | None:
        """Return the list we held before the newest one (to recognise a repeated rejoin)."""
        data = self._store.get(PREVIOUS_KIND, account)
        return None if data is None else UnverifiedDeviceList.parse(data).verify()

    def forget(self, account: AccountId) -> None:
        """Forget an account (a contact removed, or its new identity accepted by the person)."""
        self._store.delete(KIND, account)
        self._store.delete(PREVIOUS_KIND, account)
        self._lists.pop(account, None)

    def stands(self, account: AccountId, device: DeviceId) -> bool:
        """Say whether the device is on the newest list of its account."""
        known = self._lists.get(account)
        return known is not None and known.find(device) is not None
