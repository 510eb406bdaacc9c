"""OPAQUE, the server's side (RFC 9807), with a decoy record for handles that do not exist.

The library (opaque-ke, suite ristretto255-SHA512-3DH) gives the protocol; this file gives it one
shape for known and unknown handles: the same calls, the same lengths. The server never sees a
password, and what it keeps cannot be tried against guesses without the setup file (P4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import opaque_ke_py as opaque

from visavis.core.errors import Code, PeerError
from visavis.ports.random import Rng

STATE_BYTES: Final = 128


@dataclass(frozen=True, slots=True)
class Challenge:
    """The server's answer to a credential request and what it must remember until the end."""

    response: bytes
    state: bytes


class OpaqueServer:
    """The OPAQUE server of one installation.

    Args:
        setup: Serialised server setup, 128 bytes.
        rng: Source of random bytes for the decoy's password, which is thrown away at once.
    """

    def __init__(self, setup: bytes, rng: Rng) -> None:
        self._setup = opaque.ServerSetupData.from_bytes(setup)
        password = rng(32)
        start = opaque.client_registration_start(password)
        answer = opaque.server_registration_start(self._setup, start.get_message(), b"decoy")
        end = opaque.client_registration_finish(password, start.get_state(), answer.get_message())
        self._decoy = opaque.server_registration_finish(end.get_message()).get_password_file()

    def registration_response(self, identifier: bytes, request: bytes) -> bytes:
        """Answer a registration request (RFC 9807, 5.2): 32 bytes in, 64 out.

        Args:
            identifier: The handle's tag, RFC 9807's credential_identifier: a record made for one
                account is of no use to another (CK-417).
            request: From the client.

        Raises:
            PeerError: MALFORMED.
        """
        try:
            answer = opaque.server_registration_start(self._setup, request, identifier)
        except ValueError:
            raise PeerError(Code.MALFORMED, "no registration request") from None
        return bytes(answer.get_message())

    def record(self, upload: bytes) -> bytes:
        """Return the record to store from the client's upload: 192 bytes in, 192 out.

        Raises:
            PeerError: MALFORMED.
        """
        try:
            return bytes(opaque.server_registration_finish(upload).get_password_file())
        except ValueError:
            raise PeerError(Code.MALFORMED, "no registration record") from None

    def challenge(self, identifier: bytes, record: bytes | None, request: bytes) -> Challenge:
        """Answer a credential request (RFC 9807, 6.3): 96 bytes in, 320 out.

        CK-414: without a record the decoy is used, with the same work and the same lengths, so
        that nobody learns which handles exist (RFC 9807, 10.9). The OPRF key depends on the
        identifier in both cases, so asking twice tells nothing either.

        Raises:
            PeerError: MALFORMED.
        """
        try:
            start = opaque.server_login_start(
                self._setup, self._decoy if record is None else record, request, identifier
            )
        except ValueError:
            raise PeerError(Code.MALFORMED, "no credential request") from None
        return Challenge(bytes(start.get_message()), bytes(start.get_state()))

    def finish(self, state: bytes, finalization: bytes) -> bool:
        """Return whether the client knew the password (RFC 9807, 6.4.4): 64 bytes in."""
        try:
            opaque.server_login_finish(state, finalization)
        except ValueError:
            return False
        return True
