"""Group context, GroupInfo and Welcome as structures (RFC 9420, 8.1, 12.4.3)."""

from __future__ import annotations

from dataclasses import dataclass

from visavis.core.mls import codec
from visavis.core.mls.checks import ensure
from visavis.core.mls.codec import Reader
from visavis.core.mls.leaf_node import MLS10, Extensions, encode_extensions, read_extensions
from visavis.core.mls.proposals import HpkeCiphertext, PskId, read_psk_id


@dataclass(frozen=True, slots=True)
class GroupContext:
    """What all members of an epoch agree on."""

    cipher_suite: int
    group_id: bytes
    epoch: int
    tree_hash: bytes
    confirmed_transcript_hash: bytes
    extensions: Extensions

    def encode(self) -> bytes:
        """Encode."""
        return (
            codec.u16(MLS10)
            + codec.u16(self.cipher_suite)
            + codec.opaque(self.group_id)
            + codec.u64(self.epoch)
            + codec.opaque(self.tree_hash)
            + codec.opaque(self.confirmed_transcript_hash)
            + encode_extensions(self.extensions)
        )

    @staticmethod
    def read(reader: Reader) -> GroupContext:
        """Decode (CK-006)."""
        ensure("CK-006", reader.uint(2) == MLS10)
        return GroupContext(
            reader.uint(2),
            reader.opaque(),
            reader.uint(8),
            reader.opaque(),
            reader.opaque(),
            read_extensions(reader),
        )


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """What a joiner needs to know about a group, signed by a member (12.4.3)."""

    context: GroupContext
    extensions: Extensions
    confirmation_tag: bytes
    signer: int
    signature: bytes

    def to_be_signed(self) -> bytes:
        """Return GroupInfoTBS."""
        return (
            self.context.encode()
            + encode_extensions(self.extensions)
            + codec.opaque(self.confirmation_tag)
            + codec.u32(self.signer)
        )

    def encode(self) -> bytes:
        """Encode."""
        return self.to_be_signed() + codec.opaque(self.signature)

    @staticmethod
    def read(reader: Reader) -> GroupInfo:
        """Decode."""
        return GroupInfo(
            GroupContext.read(reader),
            read_extensions(reader),
            reader.opaque(),
            reader.uint(4),
            reader.opaque(),
        )


@dataclass(frozen=True, slots=True)
class GroupSecrets:
    """The secrets a joiner gets, sealed to its init key (12.4.3.1)."""

    joiner_secret: bytes
    path_secret: bytes | None
    psks: tuple[PskId, ...]

    def encode(self) -> bytes:
        """Encode."""
        path = None if self.path_secret is None else codec.opaque(self.path_secret)
        psks = codec.vector(p.encode() for p in self.psks)
        return codec.opaque(self.joiner_secret) + codec.optional(path) + psks

    @staticmethod
    def read(reader: Reader) -> GroupSecrets:
        """Decode."""
        return GroupSecrets(
            reader.opaque(), reader.optional(codec.read_opaque), reader.items(read_psk_id)
        )


@dataclass(frozen=True, slots=True)
class EncryptedGroupSecrets:
    """GroupSecrets for the key package with this reference."""

    new_member: bytes
    sealed: HpkeCiphertext

    def encode(self) -> bytes:
        """Encode."""
        return codec.opaque(self.new_member) + self.sealed.encode()

    @staticmethod
    def read(reader: Reader) -> EncryptedGroupSecrets:
        """Decode."""
        return EncryptedGroupSecrets(reader.opaque(), HpkeCiphertext.read(reader))


@dataclass(frozen=True, slots=True)
class Welcome:
    """The invitation into an epoch, for all members added by one commit."""

    cipher_suite: int
    secrets: tuple[EncryptedGroupSecrets, ...]
    encrypted_group_info: bytes

    def encode(self) -> bytes:
        """Encode."""
        return (
            codec.u16(self.cipher_suite)
            + codec.vector(s.encode() for s in self.secrets)
            + codec.opaque(self.encrypted_group_info)
        )

    @staticmethod
    def read(reader: Reader) -> Welcome:
        """Decode."""
        return Welcome(reader.uint(2), reader.items(EncryptedGroupSecrets.read), reader.opaque())
