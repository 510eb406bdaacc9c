"""Group state as bytes: a version byte, then MLS encoding throughout.

For the encrypted local store only: this holds every secret of the group. It never enters vault,
export or backup (protocol.md P5), because restored state reuses keys and forks groups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.mls import codec
from visavis.core.mls.checks import ensure
from visavis.core.mls.codec import Reader
from visavis.core.mls.framing import Sender
from visavis.core.mls.group_context import GroupContext
from visavis.core.mls.key_schedule import EpochKeys
from visavis.core.mls.leaf_node import MemberInfo
from visavis.core.mls.proposal_list import Proposed
from visavis.core.mls.proposals import encode_proposal, read_proposal
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.secret_tree import MessageKey, Ratchet, SecretTree
from visavis.core.mls.state import GroupState, PastEpoch, Status
from visavis.core.mls.suite import Suite, suite_of

K = TypeVar("K")
V = TypeVar("V")

VERSION: Final = 1


def _encode_map(
    values: Mapping[K, V], key: Callable[[K], bytes], value: Callable[[V], bytes]
) -> bytes:
    return codec.vector(key(k) + value(v) for k, v in values.items())


def _read_map(
    reader: Reader, key: Callable[[Reader], K], value: Callable[[Reader], V]
) -> dict[K, V]:
    return dict(reader.items(lambda inner: (key(inner), value(inner))))


def _encode_ratchet(ratchet: Ratchet) -> bytes:
    kept = _encode_map(
        ratchet.kept, codec.u32, lambda k: codec.opaque(k.key) + codec.opaque(k.nonce)
    )
    return codec.opaque(ratchet.secret) + codec.u32(ratchet.generation) + kept


def _read_ratchet(reader: Reader) -> Ratchet:
    def key(inner: Reader) -> MessageKey:
        return MessageKey(inner.opaque(), inner.opaque())

    return Ratchet(reader.opaque(), reader.uint(4), _read_map(reader, codec.read_u32, key))


def _encode_secret_tree(tree: SecretTree) -> bytes:
    return (
        codec.u32(tree.leaf_count)
        + _encode_map(tree.secrets, codec.u32, codec.opaque)
        + _encode_map(tree.handshake, codec.u32, _encode_ratchet)
        + _encode_map(tree.application, codec.u32, _encode_ratchet)
    )


def _read_secret_tree(reader: Reader, suite: Suite) -> SecretTree:
    return SecretTree(
        suite,
        reader.uint(4),
        _read_map(reader, codec.read_u32, codec.read_opaque),
        _read_map(reader, codec.read_u32, _read_ratchet),
        _read_map(reader, codec.read_u32, _read_ratchet),
    )


_KEYS: Final = (
    "init",
    "sender_data",
    "exporter",
    "external",
    "membership",
    "resumption",
    "epoch_authenticator",
)


def _encode_keys(keys: EpochKeys) -> bytes:
    return b"".join(codec.opaque(getattr(keys, name)) for name in _KEYS)


def _read_keys(reader: Reader) -> EpochKeys:
    return EpochKeys(**{name: reader.opaque() for name in _KEYS})


def _encode_member(member: MemberInfo) -> bytes:
    assert member.leaf_index is not None  # members of an epoch have places
    return (
        codec.u32(member.leaf_index)
        + codec.opaque(member.identity)
        + codec.opaque(member.signature_key)
    )


def _read_member(reader: Reader) -> MemberInfo:
    return MemberInfo(reader.uint(4), reader.opaque(), reader.opaque())


def _encode_past(past: PastEpoch) -> bytes:
    return (
        codec.u64(past.epoch)
        + codec.opaque(past.context)
        + codec.vector(map(_encode_member, past.members))
        + codec.opaque(past.sender_data)
        + _encode_secret_tree(past.secret_tree)
    )


def _read_past(reader: Reader, suite: Suite) -> PastEpoch:
    return PastEpoch(
        reader.uint(8),
        reader.opaque(),
        reader.items(_read_member),
        reader.opaque(),
        _read_secret_tree(reader, suite),
    )


def _encode_resumption(key: tuple[bytes, int]) -> bytes:
    return codec.opaque(key[0]) + codec.u64(key[1])


def _read_resumption(reader: Reader) -> tuple[bytes, int]:
    return reader.opaque(), reader.uint(8)


def encode_state(state: GroupState) -> bytes:
    """Serialise a state.

    Args:
        state: The state.

    Returns:
        Version byte and encoding; equal states give equal bytes.
    """
    return (
        codec.u8(VERSION)
        + codec.u8(state.status)
        + state.context.encode()
        + codec.opaque(state.tree.encode())
        + _encode_keys(state.keys)
        + codec.opaque(state.interim)
        + codec.opaque(state.confirmation_tag)
        + codec.u32(state.own_leaf)
        + codec.opaque(state.signature_private)
        + _encode_map(state.privates, codec.u32, codec.opaque)
        + _encode_secret_tree(state.secret_tree)
        + _encode_map(
            state.pending,
            codec.opaque,
            lambda p: p.sender.encode() + encode_proposal(p.proposal),
        )
        + _encode_map(state.pending_updates, codec.opaque, codec.opaque)
        + codec.vector(map(_encode_past, state.past))
        + _encode_map(state.resumption, _encode_resumption, codec.opaque)
        + _encode_map(state.psks, codec.opaque, codec.opaque)
    )


def decode_state(data: bytes) -> GroupState:
    """Restore a state.

    Args:
        data: From `encode_state`.

    Returns:
        The state.

    Raises:
        FatalError: Another version, or damaged: the group must be rejoined (protocol.md P5).
    """
    reader = Reader(data)
    try:
        if reader.uint(1) != VERSION:
            raise FatalError(Code.MALFORMED, "a stored group has an unknown version")
        state = _read_state(reader)
        reader.finish()
    except PeerError as error:
        raise FatalError(Code.MALFORMED, "a stored group is damaged") from error
    return state


def _read_state(reader: Reader) -> GroupState:
    status = codec.read_tag(reader, 1, Status)
    context = GroupContext.read(reader)
    suite = suite_of(context.cipher_suite)
    state = GroupState(
        suite=suite,
        context=context,
        tree=RatchetTree.decode(suite, reader.opaque()),
        keys=_read_keys(reader),
        interim=reader.opaque(),
        confirmation_tag=reader.opaque(),
        own_leaf=reader.uint(4),
        signature_private=reader.opaque(),
        privates=_read_map(reader, codec.read_u32, codec.read_opaque),
        secret_tree=_read_secret_tree(reader, suite),
        pending=_read_map(
            reader,
            codec.read_opaque,
            lambda r: _proposed(Sender.read(r), r),
        ),
        pending_updates=_read_map(reader, codec.read_opaque, codec.read_opaque),
        past=reader.items(lambda r: _read_past(r, suite)),
        resumption=_read_map(reader, _read_resumption, codec.read_opaque),
        psks=_read_map(reader, codec.read_opaque, codec.read_opaque),
        status=status,
    )
    # Catches state that was cut together from two copies; the store's own seal catches the rest.
    ensure("CK-042", state.tree.tree_hash() == context.tree_hash)
    return state


def _proposed(sender: Sender, reader: Reader) -> Proposed:
    return Proposed(read_proposal(reader), sender)
