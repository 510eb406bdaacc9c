"""The passkeys part of the Store port (WebAuthn Level 3): public keys and wraps, nothing of use.

What is *not* here: names of passkeys or of who made them, signature counters (a count of uses),
and the day of the last use. The same rules as in `visavis.ports.store`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

MAX_PASSKEYS: Final = 16
"""Passkeys one account may have. More would help nobody, and each is a row."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What is kept of a passkey.

    Args:
        credential_id: As its authenticator named it, 1 to 1,023 bytes.
        public_key: COSE_Key, as in its attested credential data (WebAuthn, 6.5.1).
        root_wrap: The account root, wrapped by a key that only this passkey gives.
    """

    credential_id: bytes
    public_key: bytes
    root_wrap: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A stored passkey."""

    credential_id: bytes
    account_id: bytes
    public_key: bytes
    root_wrap: bytes = field(repr=False)
    created_day: int


class PasskeyStore(Protocol):
    """Passkeys of accounts. They end with their account (R-78)."""

    async def add_passkey(self, account_id: bytes, passkey: NewPasskey, today: int) -> None:
        """Add a passkey.

        Raises:
            PeerError: CONFLICT if the credential id is known; TOO_MANY_PASSKEYS; REFUSED if the
                account is gone.
        """
        ...

    async def passkey(self, credential_id: bytes, today: int) -> Passkey | None:
        """Return a passkey by its credential id."""
        ...

    async def passkeys(self, account_id: bytes, today: int) -> tuple[Passkey, ...]:
        """Return an account's passkeys."""
        ...

    async def remove_passkey(self, account_id: bytes, credential_id: bytes) -> bool:
        """Delete a passkey of the account; False if it has none of this id.

        Raises:
            PeerError: LAST_WAY_IN (CK-444) if the account has no password and no other passkey.
        """
        ...
