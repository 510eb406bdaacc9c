"""Proposals and commits as they travel (RFC 9420, 12.1 and 12.4). Structures only, unchecked.

The rules for lists of proposals are in `proposal_list`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from visavis.core.mls import codec
from visavis.core.mls.checks import refusal
from visavis.core.mls.codec import Reader
from visavis.core.mls.key_package import KeyPackageStruct
from visavis.core.mls.leaf_node import Extensions, LeafNode, encode_extensions, read_extensions


class ProposalType(IntEnum):
    """Proposal types (RFC 9420, 17.4)."""

    ADD = 1
    UPDATE = 2
    REMOVE = 3
    PSK = 4
    REINIT = 5
    EXTERNAL_INIT = 6
    GROUP_CONTEXT_EXTENSIONS = 7


class PskType(IntEnum):
    """Kinds of pre-shared keys (RFC 9420, 8.4)."""

    EXTERNAL = 1
    RESUMPTION = 2


class ResumptionUsage(IntEnum):
    """What a resumption PSK is used for."""

    APPLICATION = 1
    REINIT = 2
    BRANCH = 3


@dataclass(frozen=True, slots=True)
class ExternalPsk:
    """PreSharedKeyID of a key that the application supplied under a name."""

    psk_id: bytes
    nonce: bytes

    def encode(self) -> bytes:
        """Encode."""
        return codec.u8(PskType.EXTERNAL) + codec.opaque(self.psk_id) + codec.opaque(self.nonce)


@dataclass(frozen=True, slots=True)
class ResumptionPsk:
    """PreSharedKeyID of the resumption secret of a group's epoch."""

    usage: ResumptionUsage
    group_id: bytes
    epoch: int
    nonce: bytes

    def encode(self) -> bytes:
        """Encode."""
        return (
            codec.u8(PskType.RESUMPTION)
            + codec.u8(self.usage)
            + codec.opaque(self.group_id)
            + codec.u64(self.epoch)
            + codec.opaque(self.nonce)
        )


PskId: TypeAlias = ExternalPsk | ResumptionPsk


def read_psk_id(reader: Reader) -> PskId:
    """Decode a PreSharedKeyID."""
    if codec.read_tag(reader, 1, PskType) is PskType.EXTERNAL:
        return ExternalPsk(reader.opaque(), reader.opaque())
    usage = codec.read_tag(reader, 1, ResumptionUsage)
    return ResumptionPsk(usage, reader.opaque(), reader.uint(8), reader.opaque())


@dataclass(frozen=True, slots=True)
class Add:
    """Add the device with this key package (12.1.1)."""

    key_package: KeyPackageStruct

    def body(self) -> bytes:
        """Encode without the type."""
        return self.key_package.encode()


@dataclass(frozen=True, slots=True)
class Update:
    """Replace the sender's leaf (12.1.2)."""

    leaf_node: LeafNode

    def body(self) -> bytes:
        """Encode without the type."""
        return self.leaf_node.encode()


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the member at a leaf (12.1.3)."""

    removed: int

    def body(self) -> bytes:
        """Encode without the type."""
        return codec.u32(self.removed)


@dataclass(frozen=True, slots=True)
class PreSharedKey:
    """Mix a pre-shared key into the next epoch (12.1.4)."""

    psk: PskId

    def body(self) -> bytes:
        """Encode without the type."""
        return self.psk.encode()


@dataclass(frozen=True, slots=True)
class ReInit:
    """End this group and begin one with other parameters (12.1.5)."""

    group_id: bytes
    version: int
    cipher_suite: int
    extensions: Extensions

    def body(self) -> bytes:
        """Encode without the type."""
        return (
            codec.opaque(self.group_id)
            + codec.u16(self.version)
            + codec.u16(self.cipher_suite)
            + encode_extensions(self.extensions)
        )


@dataclass(frozen=True, slots=True)
class ExternalInit:
    """The joiner's contribution to the next epoch's secret (12.1.6)."""

    kem_output: bytes

    def body(self) -> bytes:
        """Encode without the type."""
        return codec.opaque(self.kem_output)


@dataclass(frozen=True, slots=True)
class GroupContextExtensions:
    """Replace the extensions of the group context (12.1.7)."""

    extensions: Extensions

    def body(self) -> bytes:
        """Encode without the type."""
        return encode_extensions(self.extensions)


Proposal: TypeAlias = (
    Add | Update | Remove | PreSharedKey | ReInit | ExternalInit | GroupContextExtensions
)

_TYPE_OF = {
    Add: ProposalType.ADD,
    Update: ProposalType.UPDATE,
    Remove: ProposalType.REMOVE,
    PreSharedKey: ProposalType.PSK,
    ReInit: ProposalType.REINIT,
    ExternalInit: ProposalType.EXTERNAL_INIT,
    GroupContextExtensions: ProposalType.GROUP_CONTEXT_EXTENSIONS,
}


def encode_proposal(proposal: Proposal) -> bytes:
    """Encode a proposal."""
    return codec.u16(_TYPE_OF[type(proposal)]) + proposal.body()


def read_proposal_body(reader: Reader, kind: ProposalType) -> Proposal:
    """Decode a proposal whose type is already known."""
    match kind:
        case ProposalType.ADD:
            return Add(KeyPackageStruct.read(reader))
        case ProposalType.UPDATE:
            return Update(LeafNode.read(reader))
        case ProposalType.REMOVE:
            return Remove(reader.uint(4))
        case ProposalType.PSK:
            return PreSharedKey(read_psk_id(reader))
        case ProposalType.REINIT:
            return ReInit(reader.opaque(), reader.uint(2), reader.uint(2), read_extensions(reader))
        case ProposalType.EXTERNAL_INIT:
            return ExternalInit(reader.opaque())
        case ProposalType.GROUP_CONTEXT_EXTENSIONS:
            return GroupContextExtensions(read_extensions(reader))


def read_proposal(reader: Reader) -> Proposal:
    """Decode a proposal; a type we do not know has no length, so it is refused (CK-005)."""
    return read_proposal_body(reader, codec.read_tag(reader, 2, ProposalType))


@dataclass(frozen=True, slots=True)
class ProposalRef:
    """A proposal named by its hash (RFC 9420, 5.2)."""

    reference: bytes


ProposalOrRef: TypeAlias = (
    Add
    | Update
    | Remove
    | PreSharedKey
    | ReInit
    | ExternalInit
    | (GroupContextExtensions)
    | ProposalRef
)


def _encode_proposal_or_ref(item: ProposalOrRef) -> bytes:
    if isinstance(item, ProposalRef):
        return codec.u8(2) + codec.opaque(item.reference)
    return codec.u8(1) + encode_proposal(item)


def _read_proposal_or_ref(reader: Reader) -> ProposalOrRef:
    match reader.uint(1):
        case 1:
            return read_proposal(reader)
        case 2:
            return ProposalRef(reader.opaque())
        case _:
            raise refusal("CK-005")


@dataclass(frozen=True, slots=True)
class HpkeCiphertext:
    """A path secret sealed to one node (RFC 9420, 7.6)."""

    kem_output: bytes
    ciphertext: bytes

    def encode(self) -> bytes:
        """Encode."""
        return codec.opaque(self.kem_output) + codec.opaque(self.ciphertext)

    @staticmethod
    def read(reader: Reader) -> HpkeCiphertext:
        """Decode."""
        return HpkeCiphertext(reader.opaque(), reader.opaque())


@dataclass(frozen=True, slots=True)
class UpdatePathNode:
    """A new key for one parent, and its secret for each node of the copath's resolution."""

    encryption_key: bytes
    secrets: tuple[HpkeCiphertext, ...]

    def encode(self) -> bytes:
        """Encode."""
        return codec.opaque(self.encryption_key) + codec.vector(s.encode() for s in self.secrets)

    @staticmethod
    def read(reader: Reader) -> UpdatePathNode:
        """Decode."""
        return UpdatePathNode(reader.opaque(), reader.items(HpkeCiphertext.read))


@dataclass(frozen=True, slots=True)
class UpdatePath:
    """New keys for the committer's leaf and the parents above it (RFC 9420, 7.6)."""

    leaf_node: LeafNode
    nodes: tuple[UpdatePathNode, ...]

    def encode(self) -> bytes:
        """Encode."""
        return self.leaf_node.encode() + codec.vector(n.encode() for n in self.nodes)

    @staticmethod
    def read(reader: Reader) -> UpdatePath:
        """Decode."""
        return UpdatePath(LeafNode.read(reader), reader.items(UpdatePathNode.read))


@dataclass(frozen=True, slots=True)
class Commit:
    """A list of proposals, by value or by reference, and perhaps a path (RFC 9420, 12.4)."""

    proposals: tuple[ProposalOrRef, ...]
    path: UpdatePath | None

    def encode(self) -> bytes:
        """Encode."""
        path = None if self.path is None else self.path.encode()
        return codec.vector(map(_encode_proposal_or_ref, self.proposals)) + codec.optional(path)

    @staticmethod
    def read(reader: Reader) -> Commit:
        """Decode."""
        return Commit(reader.items(_read_proposal_or_ref), reader.optional(UpdatePath.read))
