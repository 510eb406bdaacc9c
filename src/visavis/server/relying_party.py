"""WebAuthn's relying party (Level 3, section 7): who we are to authenticators, and what we check.

The library `webauthn` parses and verifies; this file fixes what it is asked for: our own name, our
own origin and no other, a user who was present *and* verified (a found phone alone opens nothing),
the algorithms below. Attestation is not asked for: which make of authenticator somebody has is none
of our business, and trusting a list of makers would shut people out (WebAuthn, 14.4).

Not kept: the signature counter. It counts uses, synced passkeys always say 0, and what a clone of a
passkey could open here it could open with the counter watched as well (docs/adr/0016).
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from visavis.core.errors import Code, PeerError

ALGORITHMS: Final = (-8, -7, -257)
"""COSE names (RFC 9053, RFC 8812): EdDSA, ES256, and RS256 because Windows Hello knows no other."""

LOCAL: Final = "localhost"
_ES256_KEY: Final = bytes.fromhex("a5 0102 0326 2001 215820")
_ES256_Y: Final = bytes.fromhex("225820")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator answered to a challenge (WebAuthn, 5.2.2)."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """This server, as authenticators know it.

    Args:
        rp_id: The name that passkeys are bound to: the domain, or `localhost`.
        origin: The one origin whose pages may ask for them.
    """

    rp_id: str
    origin: str

    @classmethod
    def of(cls, origin: str) -> Self | None:
        """Return the relying party of a server's origin; None where passkeys cannot be.

        Browsers give passkeys to pages over TLS, and to `localhost`, never to addresses in numbers
        (WebAuthn, 5.1.3). On one's own machine the page is the same under both names.
        """
        parts = urlsplit(origin)
        host = parts.hostname or ""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            if host == LOCAL or parts.scheme == "https":
                return cls(host, origin)
            return None
        if not address.is_loopback or parts.scheme != "http":
            return None
        port = "" if parts.port is None else f":{parts.port}"
        return cls(LOCAL, f"http://{LOCAL}{port}")

    def register(
        self, challenge: bytes, credential_id: bytes, client_data: bytes, attestation: bytes
    ) -> bytes:
        """Check a new passkey (WebAuthn, 7.1) and return its public key, a COSE_Key.

        Args:
            challenge: That was asked.
            credential_id: As the browser names it.
            client_data: JSON, as signed.
            attestation: The attestation object.

        Raises:
            PeerError: PASSKEY_REFUSED (CK-441): wrong origin, relying party, challenge or ceremony,
                user not verified, an algorithm we do not take, or damage.
        """
        # Late: it costs every start 0.3 s, and most of a server's life needs none of it.
        from webauthn import verify_registration_response  # noqa: PLC0415
        from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415
        from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415
        from webauthn.helpers.structs import (  # noqa: PLC0415
            AuthenticatorAttestationResponse,
            RegistrationCredential,
        )

        try:
            verified = verify_registration_response(
                credential=RegistrationCredential(
                    id=bytes_to_base64url(credential_id),
                    raw_id=credential_id,
                    response=AuthenticatorAttestationResponse(client_data, attestation),
                ),
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_verification=True,
                supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in ALGORITHMS],
            )
        except Exception as error:  # noqa: BLE001 - a stranger's bytes: whatever the parser stumbles over
            raise _refused(type(error).__name__) from None
        # What the browser names and what the authenticator made must be one thing (7.1, 25).
        if verified.credential_id != credential_id or _is_framed(client_data):
            raise _refused("not the passkey it says, or asked for by another page")
        return verified.credential_public_key

    def is_used(self, challenge: bytes, assertion: Assertion, public_key: bytes) -> bool:
        """Say whether the holder of a passkey answered this challenge (WebAuthn, 7.2; CK-441).

        Args:
            challenge: That was asked.
            assertion: The answer.
            public_key: As `register` returned it.
        """
        from webauthn import verify_authentication_response  # noqa: PLC0415 - as above
        from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415
        from webauthn.helpers.structs import (  # noqa: PLC0415
            AuthenticationCredential,
            AuthenticatorAssertionResponse,
        )

        try:
            verify_authentication_response(
                credential=AuthenticationCredential(
                    id=bytes_to_base64url(assertion.credential_id),
                    raw_id=assertion.credential_id,
                    response=AuthenticatorAssertionResponse(
                        assertion.client_data, assertion.authenticator_data, assertion.signature
                    ),
                ),
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=public_key,
                credential_current_sign_count=0,  # not kept, see above
                require_user_verification=True,
            )
        except Exception:  # noqa: BLE001 - as above: everything but "yes" is "no"
            return False
        return not _is_framed(assertion.client_data)


def decoy_key() -> bytes:
    """Return the public key of nobody, as a COSE_Key (RFC 9053, 7.1.1).

    CK-442: the answer of an unknown passkey is checked against it, so that it takes the same steps.
    """
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (value.to_bytes(32, "big") for value in (numbers.x, numbers.y))
    return _ES256_KEY + x + _ES256_Y + y


def _is_framed(client_data: bytes) -> bool:
    """Say whether another origin's page had ours in a frame; it never has (7.1, 11)."""
    return bool(json.loads(client_data).get("crossOrigin", False))


def _refused(detail: str) -> PeerError:
    return PeerError(Code.PASSKEY_REFUSED, f"CK-441: {detail}")
