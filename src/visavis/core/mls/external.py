"""Joining without being added: the external commit (RFC 9420, 12.4.3.2)."""

from __future__ import annotations

from dataclasses import dataclass

from visavis.core.mls import codec, key_schedule
from visavis.core.mls.checks import refusal
from visavis.core.mls.commit_create import with_tag
from visavis.core.mls.commit_process import EXTERNAL_INIT_LABEL
from visavis.core.mls.framing import Sender, SenderType
from visavis.core.mls.group_context import GroupInfo
from visavis.core.mls.joining import verify_group_info
from visavis.core.mls.kem import Rng
from visavis.core.mls.key_schedule import EpochKeys
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import (
    Credential,
    ExtensionType,
    LeafNode,
    LeafSource,
    find_extension,
    own_capabilities,
)
from visavis.core.mls.proposal_list import Proposed, apply_proposals
from visavis.core.mls.proposals import Commit, ExternalInit, Proposal, Remove
from visavis.core.mls.protection import protect_public, sign_content
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.state import GroupState, NextEpoch, Status, advance, provisional_context
from visavis.core.mls.suite import suite_of
from visavis.core.mls.treekem import new_path
from visavis.core.mls.wire import WireFormat, read_message_of


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who joins: its identity, its signature key, and the leaf of its old self, if any."""

    identity: bytes
    signature_private: bytes
    resync_leaf: int | None


def external_state(
    group_info: bytes, joiner: Joiner, rules: Rules, rng: Rng, ratchet_tree: bytes | None = None
) -> tuple[GroupState, bytes]:
    """Join a group by an external commit.

    Args:
        group_info: MLSMessage with a GroupInfo that has external_pub.
        joiner: Who joins.
        rules: Time and credential validation.
        rng: Source of randomness.
        ratchet_tree: The tree, if it is not in the GroupInfo.

    Returns:
        The state after the commit, and the commit as a PublicMessage.

    Raises:
        PeerError: The GroupInfo or its tree fails a check, or has no external_pub (CK-126).
        VisavisError: Whatever the validator raises.
    """
    info = read_message_of(group_info, WireFormat.GROUP_INFO, GroupInfo.read)
    suite = suite_of(info.context.cipher_suite)
    tree = verify_group_info(info, suite, ratchet_tree, rules)
    data = find_extension(info.extensions, ExtensionType.EXTERNAL_PUB)
    if data is None:
        raise refusal("CK-126")
    public = codec.decode(data, codec.read_opaque)
    kem_output, init = suite.hpke.send_export(public, b"", EXTERNAL_INIT_LABEL, suite.nh, rng)
    proposals: list[Proposal] = [ExternalInit(kem_output)]
    if joiner.resync_leaf is not None:
        proposals.append(Remove(joiner.resync_leaf))
    me = Sender(SenderType.NEW_MEMBER_COMMIT)
    items = [Proposed(proposal, me) for proposal in proposals]
    applied = apply_proposals(items, tree, info.context, None, rules)
    own = applied.tree.add(_bare_leaf(suite.suite_id, joiner))

    def context_of(tree_hash: bytes) -> bytes:
        return provisional_context(info.context, applied.extensions, tree_hash).encode()

    path = new_path(
        applied.tree,
        own,
        joiner.signature_private,
        info.context.group_id,
        context_of,
        (),
        rng,
    )
    outside = _outside_state(info, tree, joiner)
    view = outside.view()
    commit = Commit(tuple(proposals), path.path)
    signed = sign_content(
        view, WireFormat.PUBLIC_MESSAGE, me, commit, b"", joiner.signature_private
    )
    after = NextEpoch(
        applied.tree,
        applied.extensions,
        own,
        path.privates,
        init,
        path.commit_secret,
        (),
        reinit=False,
    )
    state, _ = advance(outside, signed, after)
    signed = with_tag(signed, state.confirmation_tag)
    return state, protect_public(suite, signed, view.context, b"")


def _bare_leaf(suite_id: int, joiner: Joiner) -> LeafNode:
    """Return the joiner's leaf before `new_path` gives it a key and a signature."""
    suite = suite_of(suite_id)
    return LeafNode(
        b"",
        suite.signature.public_key(joiner.signature_private),
        Credential.basic(joiner.identity),
        own_capabilities(suite_id),
        LeafSource.COMMIT,
        None,
        b"",
        (),
        b"",
    )


def _outside_state(info: GroupInfo, tree: RatchetTree, joiner: Joiner) -> GroupState:
    """Return the old epoch as an outsider knows it: no secrets, no past."""
    suite = tree.suite
    confirmed = info.context.confirmed_transcript_hash
    return GroupState(
        suite=suite,
        context=info.context,
        tree=tree,
        keys=EpochKeys(b"", b"", b"", b"", b"", b"", b""),
        interim=key_schedule.interim_hash(suite, confirmed, info.confirmation_tag),
        confirmation_tag=info.confirmation_tag,
        own_leaf=0,
        signature_private=joiner.signature_private,
        privates={},
        secret_tree=SecretTree(suite, tree.leaf_count, {}, {}, {}),
        pending={},
        pending_updates={},
        past=(),
        resumption={},
        psks={},
        status=Status.OUTSIDE,
    )
