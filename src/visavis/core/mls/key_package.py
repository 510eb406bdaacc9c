"""Key packages (RFC 9420, 10): how a device lets others add it to groups while it is away.

What comes from outside is an `UnverifiedKeyPackage` until `verify` returns a `KeyPackage`. What we
make ourselves is a `KeyPackageBundle`: the package and its private keys, used once and then wiped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from visavis.core.errors import Code, FatalError, PeerError, UsageError
from visavis.core.mls import codec
from visavis.core.mls.checks import ensure
from visavis.core.mls.codec import Reader
from visavis.core.mls.kem import Rng
from visavis.core.mls.leaf_check import CredentialValidator, Rules, check_leaf
from visavis.core.mls.leaf_node import (
    MLS10,
    Credential,
    Extension,
    Extensions,
    ExtensionType,
    LeafNode,
    LeafSource,
    Lifetime,
    MemberInfo,
    encode_extensions,
    own_capabilities,
    read_extensions,
)
from visavis.core.mls.suite import SUITE_ID, Suite, suite_of
from visavis.core.mls.wire import WireFormat, read_message_of, wrap_message

_BUNDLE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class KeyPackageStruct:
    """The structure KeyPackage of RFC 9420, 10, unchecked."""

    version: int
    cipher_suite: int
    init_key: bytes
    leaf_node: LeafNode
    extensions: Extensions
    signature: bytes

    def to_be_signed(self) -> bytes:
        """Return KeyPackageTBS."""
        return (
            codec.u16(self.version)
            + codec.u16(self.cipher_suite)
            + codec.opaque(self.init_key)
            + self.leaf_node.encode()
            + encode_extensions(self.extensions)
        )

    def encode(self) -> bytes:
        """Encode."""
        return self.to_be_signed() + codec.opaque(self.signature)

    @staticmethod
    def read(reader: Reader) -> KeyPackageStruct:
        """Decode."""
        return KeyPackageStruct(
            reader.uint(2),
            reader.uint(2),
            reader.opaque(),
            LeafNode.read(reader),
            read_extensions(reader),
            reader.opaque(),
        )

    def reference(self, suite: Suite) -> bytes:
        """Return the KeyPackageRef (RFC 9420, 5.2)."""
        return suite.ref_hash(b"MLS 1.0 KeyPackage Reference", self.encode())


def check_key_package(package: KeyPackageStruct, suite: Suite, rules: Rules) -> None:
    """Make the checks of RFC 9420, 10.1, those of the leaf included.

    Args:
        package: What was received.
        suite: The suite it must be for.
        rules: Time and credential validation.

    Raises:
        PeerError: CK-020 to CK-036.
        VisavisError: Whatever the credential validator raises.
    """
    same = package.version == MLS10 and package.cipher_suite == suite.suite_id
    ensure("CK-035", same)
    ensure("CK-020", package.leaf_node.source is LeafSource.KEY_PACKAGE)
    # One key for both would let a leaked Welcome key open later path secrets.
    ensure("CK-036", package.init_key != package.leaf_node.encryption_key)
    suite.kem.check_public_key(package.init_key)
    check_leaf(package.leaf_node, suite, rules)
    suite.verify_with_label(
        package.leaf_node.signature_key,
        b"KeyPackageTBS",
        package.to_be_signed(),
        package.signature,
    )


@dataclass(frozen=True, slots=True)
class KeyPackage:
    """A key package that passed every check.

    Attributes:
        identity: Identity of its basic credential.
        signature_key: Public signature key of the device.
        not_after: Last second of its lifetime, unix seconds.
        supports: Extension types that its leaf lists.
        extensions: Of its leaf.
        last_resort: It may be used more than once.
        reference: Its KeyPackageRef.
        data: The MLSMessage as received.
    """

    identity: bytes
    signature_key: bytes
    not_after: int
    supports: tuple[int, ...]
    extensions: Extensions
    last_resort: bool
    reference: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class UnverifiedKeyPackage:
    """A key package that parses; nothing else is known about it."""

    struct: KeyPackageStruct
    data: bytes

    @staticmethod
    def parse(data: bytes) -> UnverifiedKeyPackage:
        """Parse an MLSMessage that holds a key package.

        Raises:
            PeerError: Malformed, or a message of another kind (CK-008).
        """
        struct = read_message_of(data, WireFormat.KEY_PACKAGE, KeyPackageStruct.read)
        return UnverifiedKeyPackage(struct, data)

    def verify(
        self, *, now: int, validator: CredentialValidator, suite_id: int = SUITE_ID
    ) -> KeyPackage:
        """Make all checks of RFC 9420, 10.1.

        Args:
            now: Unix seconds.
            validator: Raises for a credential it does not accept.
            suite_id: The suite that the package must be for.

        Returns:
            The checked package.

        Raises:
            PeerError: A check failed.
            VisavisError: Whatever the validator raises.
        """
        suite = suite_of(suite_id)
        check_key_package(self.struct, suite, Rules(now, validator, sending=True))
        leaf = self.struct.leaf_node
        assert leaf.lifetime is not None  # of a leaf with source key package (CK-020)
        return KeyPackage(
            leaf.credential.body,
            leaf.signature_key,
            leaf.lifetime.not_after,
            leaf.capabilities.extensions,
            leaf.extensions,
            is_last_resort(self.struct),
            self.struct.reference(suite),
            self.data,
        )


def is_last_resort(package: KeyPackageStruct) -> bool:
    """Tell whether the package may be used more than once."""
    return any(e.extension_type == ExtensionType.LAST_RESORT for e in package.extensions)


@dataclass(frozen=True, slots=True)
class KeyPackageBundle:
    """A key package of ours with its private keys.

    Attributes:
        key_package: The MLSMessage to publish.
        init_private: Opens the Welcome; spent by the first join unless `last_resort`.
        encryption_private: Private key of the leaf.
        signature_private: Private signature key of the device.
        reference: KeyPackageRef, by which a Welcome names it.
    """

    key_package: bytes
    init_private: bytes
    encryption_private: bytes
    signature_private: bytes
    reference: bytes

    def __repr__(self) -> str:
        return f"KeyPackageBundle({self.reference[:3].hex()})"

    def struct(self) -> KeyPackageStruct:
        """Return the package as a structure."""
        return read_message_of(self.key_package, WireFormat.KEY_PACKAGE, KeyPackageStruct.read)

    def to_bytes(self) -> bytes:
        """Serialise: a version byte, then the five fields."""
        fields = (
            self.key_package,
            self.init_private,
            self.encryption_private,
            self.signature_private,
            self.reference,
        )
        return codec.u8(_BUNDLE_VERSION) + b"".join(codec.opaque(f) for f in fields)

    @staticmethod
    def from_bytes(data: bytes) -> KeyPackageBundle:
        """Restore what `to_bytes` wrote.

        Raises:
            FatalError: Another version, or damaged.
        """
        reader = Reader(data)
        try:
            if reader.uint(1) != _BUNDLE_VERSION:
                raise FatalError(Code.MALFORMED, "a stored key package has an unknown version")
            fields = [reader.opaque() for _ in range(5)]
            reader.finish()
        except PeerError as error:
            raise FatalError(Code.MALFORMED, "a stored key package is damaged") from error
        return KeyPackageBundle(*fields)

    def wipe(self) -> None:
        """Drop the private keys.

        Python cannot overwrite bytes; what this ends is our references to them.
        """
        for name in ("init_private", "encryption_private", "signature_private"):
            object.__setattr__(self, name, b"")


def new_key_package(
    *,
    identity: bytes,
    signature_private: bytes,
    not_before: int,
    not_after: int,
    rng: Rng,
    suite_id: int = SUITE_ID,
    supports: Sequence[int] = (),
    leaf_extensions: Sequence[Extension] = (),
    last_resort: bool = False,
) -> KeyPackageBundle:
    """Make a key package with fresh init and encryption keys.

    Args:
        identity: Identity for the basic credential.
        signature_private: The device's private signature key.
        not_before: First second of its lifetime, unix seconds.
        not_after: Last second of its lifetime.
        rng: Source of randomness.
        suite_id: The suite.
        supports: Extension types that the leaf supports besides the ordinary.
        leaf_extensions: Of the leaf, which supports their types too.
        last_resort: Mark it as usable more than once, for when all others are used up.

    Returns:
        The package and its private keys.

    Raises:
        UsageError: The lifetime ends before it begins.
        PeerError: Unknown suite (CK-010) or signature key of another one (CK-016).
    """
    if not_after < not_before:
        raise UsageError("a key package's lifetime ends before it begins")
    suite = suite_of(suite_id)
    init_private, init_key = suite.kem.derive_key_pair(rng(suite.kem.nsk))
    encryption_private, leaf = new_leaf(
        suite,
        Credential.basic(identity),
        signature_private,
        Lifetime(not_before, not_after),
        rng,
        supports,
        leaf_extensions,
    )
    extensions = (Extension(ExtensionType.LAST_RESORT, b""),) if last_resort else ()
    package = KeyPackageStruct(MLS10, suite_id, init_key, leaf, extensions, b"")
    signature = suite.sign_with_label(signature_private, b"KeyPackageTBS", package.to_be_signed())
    package = replace(package, signature=signature)
    return KeyPackageBundle(
        wrap_message(WireFormat.KEY_PACKAGE, package.encode()),
        init_private,
        encryption_private,
        signature_private,
        package.reference(suite),
    )


def new_leaf(
    suite: Suite,
    credential: Credential,
    signature_private: bytes,
    lifetime: Lifetime,
    rng: Rng,
    supports: Sequence[int] = (),
    leaf_extensions: Sequence[Extension] = (),
) -> tuple[bytes, LeafNode]:
    """Make a signed key-package leaf; returns (encryption private key, leaf)."""
    private, public = suite.kem.derive_key_pair(rng(suite.kem.nsk))
    leaf = LeafNode(
        public,
        suite.signature.public_key(signature_private),
        credential,
        own_capabilities(
            suite.suite_id, (*supports, *(one.extension_type for one in leaf_extensions))
        ),
        LeafSource.KEY_PACKAGE,
        lifetime,
        None,
        tuple(leaf_extensions),
        b"",
    )
    return private, sign_leaf(suite, leaf, signature_private)


def sign_leaf(
    suite: Suite,
    leaf: LeafNode,
    signature_private: bytes,
    group_id: bytes = b"",
    leaf_index: int = 0,
) -> LeafNode:
    """Return the leaf with a fresh signature for its place."""
    signature = suite.sign_with_label(
        signature_private, b"LeafNodeTBS", leaf.to_be_signed(group_id, leaf_index)
    )
    return replace(leaf, signature=signature)


def member_of(package: KeyPackageStruct) -> MemberInfo:
    """Describe the device a key package belongs to."""
    return MemberInfo.of(package.leaf_node, None)
