"""A member's state in one epoch, and the step into the next (RFC 9420, 8 and 12.4).

`GroupState` is immutable. Everything that receives or sends makes a new one from the old, so a
refused message changes nothing by construction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from visavis.core.mls import codec, key_schedule
from visavis.core.mls.checks import refusal
from visavis.core.mls.framing import AuthenticatedContent
from visavis.core.mls.group_context import GroupContext
from visavis.core.mls.key_schedule import EpochKeys, JoinerSecrets
from visavis.core.mls.leaf_check import check_together
from visavis.core.mls.leaf_node import Extensions, MemberInfo
from visavis.core.mls.proposal_list import Proposed
from visavis.core.mls.proposals import ExternalPsk, PskId
from visavis.core.mls.protection import EpochView
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.suite import Suite

PAST_EPOCHS: Final = 4
"""Epochs whose application messages can still be read. Higher: messages that come later than
more commits are read, and stolen state opens them for longer. Lower: the reverse."""
RESUMPTION_EPOCHS: Final = 32
"""Epochs whose resumption PSK is kept, the current one included. They open no messages."""


class Status(IntEnum):
    """Whether the group can be used; `OUTSIDE` is an external joiner's view of the epoch before."""

    OUTSIDE = 0
    ACTIVE = 1
    REMOVED = 2
    REINITIALISED = 3


@dataclass(frozen=True, slots=True)
class PastEpoch:
    """What remains of an epoch that is over: enough to read its late application messages."""

    epoch: int
    context: bytes
    members: tuple[MemberInfo, ...]
    sender_data: bytes
    secret_tree: SecretTree

    def member(self, leaf_index: int) -> MemberInfo | None:
        """Find who was at a leaf then."""
        return next((m for m in self.members if m.leaf_index == leaf_index), None)

    def view(self, suite: Suite, group_id: bytes) -> EpochView:
        """Return what opening a message needs."""

        def key(leaf_index: int) -> bytes | None:
            member = self.member(leaf_index)
            return None if member is None else member.signature_key

        return EpochView(
            suite, group_id, self.epoch, self.context, self.sender_data, self.secret_tree, key
        )


@dataclass(frozen=True, slots=True)
class GroupState:
    """Everything a member holds.

    Attributes:
        suite: The suite.
        context: Group context of the epoch.
        tree: Ratchet tree of the epoch; never changed in place.
        keys: Secrets of the epoch.
        interim: Interim transcript hash.
        confirmation_tag: Tag of the commit that began the epoch.
        own_leaf: Our leaf index.
        signature_private: Our signature key.
        privates: Private keys of our leaf and parents above it, by node index.
        secret_tree: Message keys.
        pending: Proposals of this epoch by reference, in order of arrival.
        pending_updates: Private keys of Updates we proposed, by public key.
        past: Ended epochs, oldest first, at most `PAST_EPOCHS`.
        resumption: Resumption PSKs by (group id, epoch).
        psks: External PSKs by id, as the application supplied them.
        status: Whether the group can be used.
    """

    suite: Suite
    context: GroupContext
    tree: RatchetTree
    keys: EpochKeys
    interim: bytes
    confirmation_tag: bytes
    own_leaf: int
    signature_private: bytes
    privates: dict[int, bytes]
    secret_tree: SecretTree
    pending: dict[bytes, Proposed]
    pending_updates: dict[bytes, bytes]
    past: tuple[PastEpoch, ...]
    resumption: dict[tuple[bytes, int], bytes]
    psks: dict[bytes, bytes]
    status: Status

    def __repr__(self) -> str:
        group = self.context.group_id[:3].hex()
        return f"GroupState({group}, epoch={self.context.epoch}, leaf={self.own_leaf})"

    def view(self) -> EpochView:
        """Return what sending and opening messages of the current epoch needs."""

        def key(leaf_index: int) -> bytes | None:
            leaf = self.tree.leaf(leaf_index)
            return None if leaf is None else leaf.signature_key

        return EpochView(
            self.suite,
            self.context.group_id,
            self.context.epoch,
            self.context.encode(),
            self.keys.sender_data,
            self.secret_tree,
            key,
        )

    def members(self) -> tuple[MemberInfo, ...]:
        """Return all members in the order of their leaves."""
        return tuple(MemberInfo.of(leaf, index) for index, leaf in self.tree.leaves())

    def psk(self, psk_id: PskId) -> bytes:
        """Look a PSK up (CK-084)."""
        if isinstance(psk_id, ExternalPsk):
            value = self.psks.get(psk_id.psk_id)
        else:
            value = self.resumption.get((psk_id.group_id, psk_id.epoch))
        if value is None:
            raise refusal("CK-084")
        return value

    def ended(self) -> PastEpoch:
        """Return what is kept of this epoch once it is over."""
        return PastEpoch(
            self.context.epoch,
            self.context.encode(),
            self.members(),
            self.keys.sender_data,
            self.secret_tree.for_past_epoch(self.own_leaf),
        )

    def after_removal(self) -> GroupState:
        """Return the state of a removed member: no key but those of ended epochs."""
        none = EpochKeys(b"", b"", b"", b"", b"", b"", b"")
        over = self.status is Status.REMOVED  # already: its keys are gone
        past = self.past if over else (*self.past, self.ended())[-PAST_EPOCHS:]
        return replace(
            self,
            keys=none,
            signature_private=b"",
            privates={},
            secret_tree=SecretTree(self.suite, self.tree.leaf_count, {}, {}, {}),
            pending={},
            pending_updates={},
            past=past,
            resumption={},
            psks={},
            status=Status.REMOVED,
        )


@dataclass(frozen=True, slots=True)
class NextEpoch:
    """What goes into the next epoch (12.4.2).

    Attributes:
        tree: Ratchet tree with proposals and path applied.
        extensions: Extensions of its context.
        own_leaf: Our leaf index in it.
        privates: Our private keys in it.
        init: Init secret of the old epoch, or the one of an external commit.
        commit_secret: From the path; zeros without one.
        psks: PSKs in order.
        reinit: The group ends here.
    """

    tree: RatchetTree
    extensions: Extensions
    own_leaf: int
    privates: dict[int, bytes]
    init: bytes
    commit_secret: bytes
    psks: tuple[PskId, ...]
    reinit: bool


def provisional_context(
    context: GroupContext, extensions: Extensions, tree_hash: bytes
) -> GroupContext:
    """Return the context that path secrets are sealed under (12.4.1)."""
    return replace(context, epoch=context.epoch + 1, tree_hash=tree_hash, extensions=extensions)


def advance(
    state: GroupState, signed: AuthenticatedContent, after: NextEpoch
) -> tuple[GroupState, JoinerSecrets]:
    """Enter the next epoch.

    Args:
        state: The state in the old epoch.
        signed: The commit; its confirmation tag is not looked at.
        after: What the commit leads to.

    Returns:
        The new state, whose `confirmation_tag` a receiver compares with the commit's, and the
        secrets a Welcome needs.

    Raises:
        PeerError: CK-023 to CK-026 about the members together, CK-084.
    """
    suite = state.suite
    check_together((leaf for _, leaf in after.tree.leaves()), after.extensions)
    confirmed = key_schedule.confirmed_hash(
        suite,
        state.interim,
        codec.u16(signed.wire_format)
        + signed.framed.encode()
        + codec.opaque(signed.auth.signature),
    )
    context = replace(
        provisional_context(state.context, after.extensions, after.tree.tree_hash()),
        confirmed_transcript_hash=confirmed,
    )
    encoded = context.encode()
    joiner = key_schedule.joiner_secret(suite, after.init, after.commit_secret, encoded)
    psk = key_schedule.psk_secret(suite, [(p, state.psk(p)) for p in after.psks])
    joiner_secrets = key_schedule.mix_psk(suite, joiner, psk)
    secrets = key_schedule.epoch_secrets(suite, joiner_secrets, encoded)
    tag = suite.kdf.mac(secrets.confirmation, confirmed)
    resumption = {
        **state.resumption,
        (context.group_id, context.epoch): secrets.keys.resumption,
    }
    past = () if state.status is Status.OUTSIDE else (*state.past, state.ended())[-PAST_EPOCHS:]
    following = replace(
        state,
        context=context,
        tree=after.tree,
        keys=secrets.keys,
        interim=key_schedule.interim_hash(suite, confirmed, tag),
        confirmation_tag=tag,
        own_leaf=after.own_leaf,
        privates=after.privates,
        secret_tree=SecretTree.start(suite, secrets.encryption, after.tree.leaf_count),
        pending={},
        pending_updates={},
        past=past,
        resumption=dict(list(resumption.items())[-RESUMPTION_EPOCHS:]),
        status=Status.REINITIALISED if after.reinit else Status.ACTIVE,
    )
    return following, joiner_secrets
