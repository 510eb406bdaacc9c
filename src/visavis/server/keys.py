"""The server's own secrets: one OPAQUE setup and one root key, outside database and backups.

A thief with only the database cannot test guesses: passwords need the OPAQUE setup (P4), handles
need the handle key. Files lie in the keys folder with mode 0600 and are made on first use; making
them is safe when the server and `visavis admin signup-link` start at the same moment.
"""

from __future__ import annotations

import contextlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import opaque_ke_py
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core.errors import Code, FatalError
from visavis.ports.random import Rng
from visavis.server.config import blur_times

OPAQUE_SETUP_FILE: Final = "opaque-setup"
ROOT_FILE: Final = "root-key"
ROOT_BYTES: Final = 32
VAPID_SEED_BYTES: Final = 48
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256 (SP 800-186, 3.2.1.3)."""


@dataclass(frozen=True, slots=True, repr=False)
class ServerKeys:
    """All secrets of a server. Never printed, never stored beside the data they protect.

    Args:
        opaque_setup: RFC 9807 server setup: OPRF seed and AKE key pair, 128 bytes.
        handle_key: Keys the tag under which a handle is stored.
        decoy_key: Makes the answers for unknown and hidden handles (P2).
        signup_key: Signs sign-up links.
        passkey_key: Makes the user handles of passkeys.
        push_key: Seals push subscriptions.
        vapid_seed: Makes the key with which push services know this server (RFC 8292).
        erasure_name_key: Makes the names of erasure keys.
        receipt_seed: Private half of the Ed25519 key that signs deletion receipts.
    """

    opaque_setup: bytes
    handle_key: bytes
    decoy_key: bytes
    signup_key: bytes
    passkey_key: bytes
    push_key: bytes
    vapid_seed: bytes
    erasure_name_key: bytes
    receipt_seed: bytes

    @classmethod
    def load(cls, folder: Path, rng: Rng) -> Self:
        """Read the secrets, making on first use what is missing.

        Args:
            folder: The keys folder; made with mode 0700.
            rng: Source of random bytes.

        Raises:
            FatalError: A file is there but damaged. Restore it; accounts depend on it.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        root = _read_or_make(folder / ROOT_FILE, lambda: rng(ROOT_BYTES))
        setup = _read_or_make(
            folder / OPAQUE_SETUP_FILE, lambda: bytes(opaque_ke_py.server_setup().to_bytes())
        )
        if len(root) != ROOT_BYTES:
            raise FatalError(Code.UNAVAILABLE, f"{ROOT_FILE} is damaged")
        try:
            opaque_ke_py.ServerSetupData.from_bytes(setup)
        except ValueError:
            raise FatalError(Code.UNAVAILABLE, f"{OPAQUE_SETUP_FILE} is damaged") from None
        return cls(
            opaque_setup=setup,
            handle_key=_derive(root, "handle"),
            decoy_key=_derive(root, "decoy"),
            signup_key=_derive(root, "signup"),
            passkey_key=_derive(root, "passkey"),
            push_key=_derive(root, "push"),
            vapid_seed=_derive(root, "vapid", VAPID_SEED_BYTES),
            erasure_name_key=_derive(root, "erasure name"),
            receipt_seed=_derive(root, "receipt"),
        )

    def vapid(self) -> ec.EllipticCurvePrivateKey:
        """Return the VAPID key pair (P-256), always the same for one keys folder.

        From 128 bits more than the order has (FIPS 186-5, A.2.1), so that no scalar is likelier.
        """
        scalar = int.from_bytes(self.vapid_seed, "big") % (P256_ORDER - 1) + 1
        return ec.derive_private_key(scalar, ec.SECP256R1())

    @property
    def receipt_key(self) -> bytes:
        """What checks deletion receipts: Ed25519, 32 bytes; published in `privacy.json`."""
        return self._receipt_pair().public_key().public_bytes_raw()

    def sign_receipt(self, message: bytes) -> bytes:
        """Return the signature (RFC 8032) of a deletion receipt; a label begins the message."""
        return self._receipt_pair().sign(message)

    def _receipt_pair(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.receipt_seed)

    def handle_tag(self, handle: str) -> bytes:
        """Return the 32 bytes under which a handle is stored.

        The database never holds a handle: a dictionary of names does not open a stolen copy.
        """
        return hmac.digest(self.handle_key, handle.encode(), "sha256")

    def user_handle(self, account_id: bytes) -> bytes:
        """Return WebAuthn's user handle of an account: 32 bytes, stored by authenticators only.

        It looks random and names no account (WebAuthn, 14.6.1); made anew instead of stored, so
        that a stolen database and a found authenticator do not fit together.
        """
        return hmac.digest(self.passkey_key, account_id, "sha256")

    def decoy(self, purpose: str, subject: bytes) -> bytes:
        """Return 32 bytes that look random and are always the same for this purpose and subject."""
        label = purpose.encode()
        return hmac.digest(self.decoy_key, bytes([len(label)]) + label + subject, "sha256")


def fingerprint(secret: bytes) -> bytes:
    """Return SHA-256, under which tokens, links and capabilities are known to the store."""
    return sha256(secret).digest()


def _derive(root: bytes, purpose: str, length: int = 32) -> bytes:
    info = f"visavis server key {purpose} v1".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(root)


def _read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        # link() fails if another process was faster: then its file is the one that counts.
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
        blur_times(path.parent)
    return path.read_bytes()
