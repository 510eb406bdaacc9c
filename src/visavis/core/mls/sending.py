"""Making and sending proposals, and application messages; commits are in `commit_create`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from visavis.core.mls.framing import Sender, SenderType
from visavis.core.mls.kem import Rng
from visavis.core.mls.key_package import UnverifiedKeyPackage, sign_leaf
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import Extension, LeafSource
from visavis.core.mls.proposal_list import check_proposal
from visavis.core.mls.proposals import (
    Add,
    ExternalPsk,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    PskId,
    Remove,
    ResumptionPsk,
    ResumptionUsage,
    Update,
)
from visavis.core.mls.protection import protect_private, protect_public, sign_content
from visavis.core.mls.receive import remember
from visavis.core.mls.state import GroupState
from visavis.core.mls.wire import WireFormat


def send_application(
    state: GroupState, content: bytes, authenticated_data: bytes, rng: Rng, pad_to: int
) -> tuple[GroupState, bytes]:
    """Sign and encrypt an application message.

    Args:
        state: The current state.
        content: The plaintext.
        authenticated_data: Travels in the clear.
        rng: Source of randomness.
        pad_to: Padding.

    Returns:
        The state without the key it used, and the MLSMessage.
    """
    view = state.view()
    signed = sign_content(
        view,
        WireFormat.PRIVATE_MESSAGE,
        Sender(SenderType.MEMBER, state.own_leaf),
        content,
        authenticated_data,
        state.signature_private,
    )
    message, secret_tree = protect_private(view, signed, rng, pad_to)
    return replace(state, secret_tree=secret_tree), message


def send_proposal(
    state: GroupState, proposal: Proposal, rules: Rules, rng: Rng, *, public: bool
) -> tuple[GroupState, bytes]:
    """Frame a proposal of ours and make it pending.

    Args:
        state: The current state.
        proposal: The proposal.
        rules: Time and credential validation.
        rng: Source of randomness.
        public: As PublicMessage.

    Returns:
        The state with it pending, and the MLSMessage.

    Raises:
        PeerError: It is not valid.
        VisavisError: Whatever the validator raises.
    """
    me = Sender(SenderType.MEMBER, state.own_leaf)
    check_proposal(proposal, me, state.tree, state.context, rules)
    wire_format = WireFormat.PUBLIC_MESSAGE if public else WireFormat.PRIVATE_MESSAGE
    view = state.view()
    signed = sign_content(view, wire_format, me, proposal, b"", state.signature_private)
    if public:
        message = protect_public(state.suite, signed, view.context, state.keys.membership)
    else:
        message, secret_tree = protect_private(view, signed, rng)
        state = replace(state, secret_tree=secret_tree)
    return remember(state, signed, proposal), message


def new_proposals(
    state: GroupState,
    rng: Rng,
    *,
    add: Sequence[bytes],
    remove: Sequence[int],
    psks: Sequence[bytes | int],
    extensions: Sequence[Extension] | None,
) -> list[Proposal]:
    """Make proposals of what shall change.

    Args:
        state: The current state.
        rng: Source of randomness.
        add: Key packages (MLSMessages) to add.
        remove: Leaf indices to remove.
        psks: PSKs to mix in: ids of external ones, or epochs of this group (resumption).
        extensions: New extensions of the group context, if they are to change.

    Returns:
        The proposals; they are not checked yet.

    Raises:
        PeerError: A key package cannot be read.
    """
    proposals: list[Proposal] = [Remove(leaf) for leaf in remove]
    proposals += [Add(UnverifiedKeyPackage.parse(data).struct) for data in add]
    proposals += [PreSharedKey(_psk_id(state, psk, rng)) for psk in psks]
    if extensions is not None:
        proposals.append(GroupContextExtensions(tuple(extensions)))
    return proposals


def _psk_id(state: GroupState, psk: bytes | int, rng: Rng) -> PskId:
    nonce = rng(state.suite.nh)
    if isinstance(psk, bytes):
        return ExternalPsk(psk, nonce)
    return ResumptionPsk(ResumptionUsage.APPLICATION, state.context.group_id, psk, nonce)


def new_update(state: GroupState, rng: Rng) -> tuple[Update, GroupState]:
    """Make an Update of our leaf and keep its private key until a commit takes it up."""
    suite = state.suite
    private, public = suite.kem.derive_key_pair(rng(suite.kem.nsk))
    leaf = replace(
        state.tree.member(state.own_leaf),
        encryption_key=public,
        source=LeafSource.UPDATE,
        lifetime=None,
        parent_hash=None,
    )
    leaf = sign_leaf(suite, leaf, state.signature_private, state.context.group_id, state.own_leaf)
    updates = {**state.pending_updates, public: private}
    return Update(leaf), replace(state, pending_updates=updates)
