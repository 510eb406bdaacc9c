"""Leaf nodes and what they are made of: credentials, capabilities, lifetimes, extensions.

RFC 9420, sections 5.3, 7.2 and 13. Structures only; the rules of 7.3 are in `leaf_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from visavis.core.mls import codec
from visavis.core.mls.checks import ensure
from visavis.core.mls.codec import Reader
from visavis.core.mls.suite import Suite

MLS10: Final = 1
"""The only protocol version."""


class ExtensionType(IntEnum):
    """The extension types of RFC 9420, 17.3, and `last_resort`."""

    APPLICATION_ID = 1
    RATCHET_TREE = 2
    REQUIRED_CAPABILITIES = 3
    EXTERNAL_PUB = 4
    EXTERNAL_SENDERS = 5
    LAST_RESORT = 0x000A


DEFAULT_EXTENSIONS: Final = frozenset(range(1, 6))
"""Types that every client supports and that are not listed in capabilities (RFC 9420, 7.2)."""
DEFAULT_PROPOSALS: Final = frozenset(range(1, 8))
"""Proposal types that are not listed in capabilities."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: a type and its opaque data."""

    extension_type: int
    data: bytes

    def encode(self) -> bytes:
        """Encode."""
        return codec.u16(self.extension_type) + codec.opaque(self.data)

    @staticmethod
    def read(reader: Reader) -> Extension:
        """Decode."""
        return Extension(reader.uint(2), reader.opaque())


Extensions = tuple[Extension, ...]


def encode_extensions(extensions: Sequence[Extension]) -> bytes:
    """Encode a list of extensions."""
    return codec.vector(e.encode() for e in extensions)


def read_extensions(reader: Reader) -> Extensions:
    """Decode a list of extensions, each type at most once (CK-007)."""
    extensions = reader.items(Extension.read)
    ensure("CK-007", len({e.extension_type for e in extensions}) == len(extensions))
    return extensions


def find_extension(extensions: Sequence[Extension], wanted: int) -> bytes | None:
    """Return the data of the extension of one type, if it is there."""
    return next((e.data for e in extensions if e.extension_type == wanted), None)


class CredentialType(IntEnum):
    """Credential types (RFC 9420, 17.5)."""

    BASIC = 1
    X509 = 2


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential: what the authentication service vouches for.

    Attributes:
        credential_type: The product uses `BASIC`; `X509` is parsed, never issued.
        body: The identity of a basic credential; the certificates' encoding of an X.509 one.
    """

    credential_type: CredentialType
    body: bytes

    @staticmethod
    def basic(identity: bytes) -> Credential:
        """Make a basic credential."""
        return Credential(CredentialType.BASIC, identity)

    def encode(self) -> bytes:
        """Encode."""
        return codec.u16(self.credential_type) + codec.opaque(self.body)

    @staticmethod
    def read(reader: Reader) -> Credential:
        """Decode; other types have no known shape and are refused (CK-005)."""
        kind = codec.read_tag(reader, 2, CredentialType)
        body = reader.opaque()
        if kind is CredentialType.X509:
            certificates = Reader(body)
            while certificates.left:
                certificates.opaque()
        return Credential(kind, body)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a client supports beyond the defaults (RFC 9420, 7.2)."""

    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]
    extensions: tuple[int, ...]
    proposals: tuple[int, ...]
    credentials: tuple[int, ...]

    def encode(self) -> bytes:
        """Encode."""
        lists = (
            self.versions,
            self.cipher_suites,
            self.extensions,
            self.proposals,
            self.credentials,
        )
        return b"".join(codec.vector(map(codec.u16, values)) for values in lists)

    @staticmethod
    def read(reader: Reader) -> Capabilities:
        """Decode."""
        return Capabilities(
            reader.items(codec.read_u16),
            reader.items(codec.read_u16),
            reader.items(codec.read_u16),
            reader.items(codec.read_u16),
            reader.items(codec.read_u16),
        )


def own_capabilities(suite_id: int, supports: Sequence[int] = ()) -> Capabilities:
    """Return what our own leaves say: one suite, basic credentials, `last_resort`.

    Args:
        suite_id: The suite.
        supports: Further extension types.
    """
    extensions = (int(ExtensionType.LAST_RESORT), *supports)
    return Capabilities((MLS10,), (suite_id,), extensions, (), (CredentialType.BASIC,))


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a key package may be used, in unix seconds, both ends included."""

    not_before: int
    not_after: int


class LeafSource(IntEnum):
    """Where a leaf node came from (RFC 9420, 7.2)."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


@dataclass(frozen=True, slots=True)
class LeafNode:
    """A member's leaf: its keys, its credential, and its signature over both.

    Attributes:
        encryption_key: HPKE public key.
        signature_key: Public key its messages are signed with.
        credential: Who this is.
        capabilities: What it supports.
        source: How the leaf got here; it decides which of the next two is there.
        lifetime: Only with source key package.
        parent_hash: Only with source commit.
        extensions: Extensions.
        signature: Over all the above, and for update and commit over group id and leaf index, so
            that a leaf cannot be moved to another group or place.
    """

    encryption_key: bytes
    signature_key: bytes
    credential: Credential
    capabilities: Capabilities
    source: LeafSource
    lifetime: Lifetime | None
    parent_hash: bytes | None
    extensions: Extensions
    signature: bytes

    def _unsigned(self) -> bytes:
        source = codec.u8(self.source)
        if self.lifetime is not None:
            source += codec.u64(self.lifetime.not_before) + codec.u64(self.lifetime.not_after)
        if self.parent_hash is not None:
            source += codec.opaque(self.parent_hash)
        return (
            codec.opaque(self.encryption_key)
            + codec.opaque(self.signature_key)
            + self.credential.encode()
            + self.capabilities.encode()
            + source
            + encode_extensions(self.extensions)
        )

    def encode(self) -> bytes:
        """Encode."""
        return self._unsigned() + codec.opaque(self.signature)

    @staticmethod
    def read(reader: Reader) -> LeafNode:
        """Decode."""
        encryption_key, signature_key = reader.opaque(), reader.opaque()
        credential, capabilities = Credential.read(reader), Capabilities.read(reader)
        source = codec.read_tag(reader, 1, LeafSource)
        lifetime = parent_hash = None
        if source is LeafSource.KEY_PACKAGE:
            lifetime = Lifetime(reader.uint(8), reader.uint(8))
        elif source is LeafSource.COMMIT:
            parent_hash = reader.opaque()
        return LeafNode(
            encryption_key,
            signature_key,
            credential,
            capabilities,
            source,
            lifetime,
            parent_hash,
            read_extensions(reader),
            reader.opaque(),
        )

    def to_be_signed(self, group_id: bytes, leaf_index: int) -> bytes:
        """Return LeafNodeTBS (RFC 9420, 7.2); key-package leaves ignore group and place."""
        if self.source is LeafSource.KEY_PACKAGE:
            return self._unsigned()
        return self._unsigned() + codec.opaque(group_id) + codec.u32(leaf_index)

    def verify_signature(self, suite: Suite, group_id: bytes = b"", leaf_index: int = 0) -> None:
        """Raise unless the leaf's own signature is good (CK-014)."""
        suite.verify_with_label(
            self.signature_key,
            b"LeafNodeTBS",
            self.to_be_signed(group_id, leaf_index),
            self.signature,
        )


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """A member as applications see it.

    Attributes:
        leaf_index: Its place in the tree; None while it is only proposed.
        identity: The basic credential's identity.
        signature_key: Its public signature key.
        extensions: Of its leaf, which that key signs.
    """

    leaf_index: int | None
    identity: bytes = field(repr=False)
    signature_key: bytes = field(repr=False)
    extensions: Extensions = field(default=(), repr=False)

    @staticmethod
    def of(leaf: LeafNode, leaf_index: int | None) -> MemberInfo:
        """Describe the member with this leaf."""
        return MemberInfo(leaf_index, leaf.credential.body, leaf.signature_key, leaf.extensions)
