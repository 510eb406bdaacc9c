"""SFrame, RFC 9605: one encrypted media frame, its header and its keys, in every suite.

What it is: the header codec (section 4.3), key derivation (4.4.2), encryption and decryption of
one frame (4.4.3, 4.4.4) and the ciphers (4.5). Suites 6 to 8 are the 256-bit siblings of 1 to 3
from draft-barnes-sframe-iana-256; the official vectors hold them, so this module has them too.

What it is not for: choosing keys, counting frames or refusing replays. That is `frame_keys`,
which also refuses every suite but the product's (`PRODUCT_SUITE`).

    frame  =  header || ciphertext || tag
    header =  config byte || KID (0-8 bytes) || CTR (0-8 bytes)
    config =  X K K K  Y C C C      X=0: KID is KKK itself; X=1: KID follows in KKK+1 bytes
                                    (Y and CCC say the same of CTR)
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from visavis.core.errors import Code, PeerError, UsageError

NONCE_LENGTH: Final = 12
"""Nn of every suite, in bytes (RFC 9605, 4.5)."""

MAX_FIELD: Final = 2**64 - 1
"""The largest KID or CTR a header can carry (RFC 9605, 4.3)."""

PRODUCT_SUITE: Final = 5
"""AES_256_GCM_SHA512_128, the one suite Visavis sends and accepts."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One row of the SFrame cipher suite registry.

    Attributes:
        name: The registry's name.
        hash_name: Hash of the key derivation, and of HMAC where the suite has one.
        key_length: Nk, bytes.
        tag_length: Nt, bytes.
        cipher_key_length: Nka, bytes of AES-CTR key at the front of the key; 0 means AES-GCM.
    """

    name: str
    hash_name: str
    key_length: int
    tag_length: int
    cipher_key_length: int = 0


SUITES: Final[dict[int, Suite]] = {
    1: Suite("AES_128_CTR_HMAC_SHA256_80", "sha256", 48, 10, 16),
    2: Suite("AES_128_CTR_HMAC_SHA256_64", "sha256", 48, 8, 16),
    3: Suite("AES_128_CTR_HMAC_SHA256_32", "sha256", 48, 4, 16),
    4: Suite("AES_128_GCM_SHA256_128", "sha256", 16, 16),
    5: Suite("AES_256_GCM_SHA512_128", "sha512", 32, 16),
    6: Suite("AES_256_CTR_HMAC_SHA512_80", "sha512", 96, 10, 32),
    7: Suite("AES_256_CTR_HMAC_SHA512_64", "sha512", 96, 8, 32),
    8: Suite("AES_256_CTR_HMAC_SHA512_32", "sha512", 96, 4, 32),
}

_HASHES: Final = {"sha256": hashes.SHA256, "sha512": hashes.SHA512}


def suite_of(suite: int) -> Suite:
    """Return the parameters of a suite (RFC 9605, 4.5).

    Raises:
        UsageError: No such suite.
    """
    found = SUITES.get(suite)
    if found is None:
        raise UsageError("no such SFrame suite")
    return found


def _encode_field(value: int) -> tuple[int, bytes]:
    if not 0 <= value <= MAX_FIELD:
        raise UsageError("an SFrame header field has 64 bits")
    if value < 8:
        return value, b""
    encoded = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return 8 | (len(encoded) - 1), encoded


def encode_header(kid: int, ctr: int) -> bytes:
    """Encode an SFrame header in its shortest form (RFC 9605, 4.3).

    Args:
        kid: Key id, 0 to 2**64-1.
        ctr: Frame counter, 0 to 2**64-1.

    Returns:
        1 to 17 bytes.

    Raises:
        UsageError: A value does not fit 64 bits.
    """
    kid_nibble, kid_bytes = _encode_field(kid)
    ctr_nibble, ctr_bytes = _encode_field(ctr)
    return bytes([kid_nibble << 4 | ctr_nibble]) + kid_bytes + ctr_bytes


def decode_header(data: bytes) -> tuple[int, int, int]:
    """Decode the header at the front of a frame (RFC 9605, 4.3).

    Args:
        data: An SFrame frame, or its beginning; what follows the header is not looked at.

    Returns:
        KID, CTR, and the header's length in bytes (1 to 17).

    Raises:
        PeerError: `MALFORMED`: cut short (CK-200), or longer than it needs to be (CK-201).
    """
    if not data:
        raise PeerError(Code.MALFORMED, "CK-200: no SFrame header")
    position = 1
    values: list[int] = []
    for nibble in (data[0] >> 4, data[0] & 15):
        if nibble < 8:
            values.append(nibble)
            continue
        length = (nibble & 7) + 1
        encoded = data[position : position + length]
        if len(encoded) < length:
            raise PeerError(Code.MALFORMED, "CK-200: SFrame header cut short")
        # CK-201: one header has one spelling, else a relay could mark frames by respelling them.
        if encoded[0] == 0 or (length == 1 and encoded[0] < 8):
            raise PeerError(Code.MALFORMED, "CK-201: SFrame header is not in its shortest form")
        values.append(int.from_bytes(encoded, "big"))
        position += length
    return values[0], values[1], position


def mls_kid(epoch: int, leaf: int, context: int, *, epoch_bits: int, leaf_bits: int) -> int:
    """Return the KID of an MLS member's frames (RFC 9605, 5.2).

    Args:
        epoch: MLS epoch; only its `epoch_bits` low bits go in.
        leaf: The sender's leaf index, below 2**leaf_bits.
        context: Distinguishes a sender's encoders and transports.
        epoch_bits: E.
        leaf_bits: S.

    Raises:
        UsageError: A value is out of range.
    """
    if epoch < 0 or not 0 <= leaf < 1 << leaf_bits or context < 0:
        raise UsageError("epoch, leaf or context out of range for an SFrame KID")
    return (context << (leaf_bits + epoch_bits)) | (leaf << epoch_bits) | epoch % (1 << epoch_bits)


def key_label(suite: int, kid: int) -> bytes:
    """Return the HKDF label of the key (RFC 9605, 4.4.2)."""
    return b"SFrame 1.0 Secret key " + kid.to_bytes(8, "big") + suite.to_bytes(2, "big")


def salt_label(suite: int, kid: int) -> bytes:
    """Return the HKDF label of the salt (RFC 9605, 4.4.2)."""
    return b"SFrame 1.0 Secret salt " + kid.to_bytes(8, "big") + suite.to_bytes(2, "big")


def derive_secret(suite: int, base_key: bytes) -> bytes:
    """Return `sframe_secret` = HKDF-Extract("", base_key) (RFC 9605, 4.4.2)."""
    return hmac.digest(b"", base_key, suite_of(suite).hash_name)


def seal(suite: int, key: bytes, nonce: bytes, associated_data: bytes, plaintext: bytes) -> bytes:
    """Encrypt with the suite's AEAD (RFC 9605, 4.5).

    Args:
        suite: 1 to 8.
        key: Nk bytes.
        nonce: 12 bytes, never used before with this key.
        associated_data: Authenticated, not encrypted.
        plaintext: Any length.

    Returns:
        Ciphertext || tag.
    """
    parameters = suite_of(suite)
    if not parameters.cipher_key_length:
        return AESGCM(key).encrypt(nonce, plaintext, associated_data)
    split = parameters.cipher_key_length
    ciphertext = _ctr(key[:split], nonce, plaintext)
    return ciphertext + _tag(parameters, key[split:], nonce, associated_data, ciphertext)


def unseal(suite: int, key: bytes, nonce: bytes, associated_data: bytes, data: bytes) -> bytes:
    """Decrypt what `seal` made (RFC 9605, 4.5).

    Raises:
        PeerError: `DECRYPTION`: cut short, or the tag does not fit (CK-203).
    """
    parameters = suite_of(suite)
    # CK-203: nothing of a frame whose tag is wrong is ever returned.
    if len(data) < parameters.tag_length:
        raise PeerError(Code.DECRYPTION, "CK-203: SFrame frame shorter than its tag")
    if not parameters.cipher_key_length:
        try:
            return AESGCM(key).decrypt(nonce, data, associated_data)
        except InvalidTag:
            raise PeerError(Code.DECRYPTION, "CK-203: SFrame tag") from None
    split = parameters.cipher_key_length
    ciphertext, tag = data[: -parameters.tag_length], data[-parameters.tag_length :]
    expected = _tag(parameters, key[split:], nonce, associated_data, ciphertext)
    if not hmac.compare_digest(tag, expected):
        raise PeerError(Code.DECRYPTION, "CK-203: SFrame tag")
    return _ctr(key[:split], nonce, ciphertext)


def _ctr(key: bytes, nonce: bytes, data: bytes) -> bytes:
    # RFC 9605, 4.5.1: the initial counter block is the nonce and 32 zero bits.
    encryptor = Cipher(algorithms.AES(key), modes.CTR(nonce + bytes(4))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _tag(suite: Suite, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
    # RFC 9605, 4.5.1: the lengths keep associated data and ciphertext from sliding into each other.
    lengths = b"".join(n.to_bytes(8, "big") for n in (len(aad), len(ciphertext), suite.tag_length))
    tag = hmac.digest(key, lengths + nonce + aad + ciphertext, suite.hash_name)
    return tag[: suite.tag_length]


@dataclass(frozen=True, slots=True)
class SframeKey:
    """The key and salt of one KID (RFC 9605, 4.4.2). For sending or for receiving, never both."""

    suite: int
    kid: int
    key: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    _gcm: AESGCM | None = field(repr=False, compare=False, default=None)

    @classmethod
    def derive(cls, suite: int, kid: int, base_key: bytes) -> SframeKey:
        """Derive key and salt from a base key (RFC 9605, 4.4.2).

        Args:
            suite: 1 to 8.
            kid: Key id, 0 to 2**64-1.
            base_key: From MLS: `MLS-Exporter("SFrame 1.0 Base Key", "", Nk)` (RFC 9605, 5.2).

        Raises:
            UsageError: No such suite, or the KID does not fit.
        """
        parameters = suite_of(suite)
        if not 0 <= kid <= MAX_FIELD:
            raise UsageError("an SFrame KID has 64 bits")
        secret = derive_secret(suite, base_key)
        algorithm = _HASHES[parameters.hash_name]()

        def expand(label: bytes, length: int) -> bytes:
            return HKDFExpand(algorithm, length, label).derive(secret)

        key = expand(key_label(suite, kid), parameters.key_length)
        salt = expand(salt_label(suite, kid), NONCE_LENGTH)
        # The cipher object is kept because making it costs as much as a short frame.
        return cls(suite, kid, key, salt, None if parameters.cipher_key_length else AESGCM(key))

    def nonce(self, ctr: int) -> bytes:
        """Return salt XOR CTR, 12 bytes (RFC 9605, 4.4.3)."""
        return (int.from_bytes(self.salt, "big") ^ ctr).to_bytes(NONCE_LENGTH, "big")

    def encrypt(self, ctr: int, metadata: bytes, plaintext: bytes) -> bytes:
        """Encrypt one frame (RFC 9605, 4.4.3).

        Args:
            ctr: Never used before with this key: a repeat gives away both frames.
            metadata: Authenticated with the frame, not sent by this function.
            plaintext: The frame.

        Returns:
            Header || ciphertext || tag.
        """
        header = encode_header(self.kid, ctr)
        associated_data = header + metadata
        if self._gcm is not None:
            return header + self._gcm.encrypt(self.nonce(ctr), plaintext, associated_data)
        return header + seal(self.suite, self.key, self.nonce(ctr), associated_data, plaintext)

    def decrypt(self, metadata: bytes, data: bytes) -> tuple[int, bytes]:
        """Decrypt one frame (RFC 9605, 4.4.4).

        Args:
            metadata: The same as at the sender.
            data: Header || ciphertext || tag.

        Returns:
            CTR and plaintext. Whether CTR was seen before is the caller's question.

        Raises:
            PeerError: `MALFORMED` header; `DECRYPTION`: another KID (CK-202) or tag (CK-203).
        """
        kid, ctr, header_length = decode_header(data)
        # CK-202: a frame is only ever opened with the key that its header names.
        if kid != self.kid:
            raise PeerError(Code.DECRYPTION, "CK-202: SFrame KID of another key")
        associated_data = data[:header_length] + metadata
        sealed, nonce = data[header_length:], self.nonce(ctr)
        if self._gcm is None:
            return ctr, unseal(self.suite, self.key, nonce, associated_data, sealed)
        try:
            return ctr, self._gcm.decrypt(nonce, sealed, associated_data)
        except InvalidTag:
            raise PeerError(Code.DECRYPTION, "CK-203: SFrame tag") from None
