"""Receiving a commit (RFC 9420, 12.4.2)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.framing import AuthenticatedContent, Sender, SenderType
from visavis.core.mls.leaf_check import Rules, check_leaf
from visavis.core.mls.leaf_node import LeafSource, MemberInfo
from visavis.core.mls.proposal_list import Applied, Proposed, apply_proposals
from visavis.core.mls.proposals import Commit, ProposalRef, UpdatePath
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.state import GroupState, NextEpoch, advance, provisional_context
from visavis.core.mls.suite import Suite
from visavis.core.mls.treekem import check_replacement, merge_path, open_path

EXTERNAL_INIT_LABEL = b"MLS 1.0 external init secret"


@dataclass(frozen=True, slots=True)
class CommitApplied:
    """A commit began a new epoch.

    Attributes:
        epoch: The new epoch; for a removed member the one it was removed in.
        committer: Who committed; an external joiner with its new place.
        added: New members with their places, an external joiner included.
        removed: Members that are gone, with the places they had.
        self_removed: We are one of them.
        authenticated_data: What its author said beside it.
    """

    epoch: int
    committer: MemberInfo
    added: tuple[MemberInfo, ...]
    removed: tuple[MemberInfo, ...]
    self_removed: bool
    authenticated_data: bytes = b""


def resolve(state: GroupState, commit: Commit, sender: Sender) -> list[Proposed]:
    """Find the proposals a commit refers to (CK-081, CK-082)."""
    items: list[Proposed] = []
    for item in commit.proposals:
        if isinstance(item, ProposalRef):
            ensure("CK-081", sender.sender_type is SenderType.MEMBER)
            found = state.pending.get(item.reference)
            if found is None:
                raise refusal("CK-082")
            items.append(found)
        else:
            items.append(Proposed(item, sender))
    return items


def process_commit(
    state: GroupState, signed: AuthenticatedContent, commit: Commit, rules: Rules
) -> tuple[GroupState, CommitApplied]:
    """Apply a commit whose signature (and membership tag or encryption) was already verified.

    Args:
        state: The state it arrived in.
        signed: The commit as it was framed.
        commit: Its content.
        rules: Time and credential validation.

    Returns:
        The state after it, and what it did.

    Raises:
        PeerError: Any of CK-011 to CK-047 and CK-070 to CK-109.
        VisavisError: Whatever the validator raises.
    """
    sender = signed.framed.sender
    external = sender.sender_type is SenderType.NEW_MEMBER_COMMIT
    ensure("CK-108", external or sender.sender_type is SenderType.MEMBER)
    committer = None if external else sender.index
    ensure("CK-107", committer != state.own_leaf)
    items = resolve(state, commit, sender)
    applied = apply_proposals(items, state.tree, state.context, committer, rules)
    ensure("CK-100", commit.path is not None or not applied.path_required)
    who = _committer(state, committer, commit.path, applied, rules)
    added = [MemberInfo.of(p.leaf_node, index) for index, p in applied.added]
    if external:
        added.append(who)
    if any(member.leaf_index == state.own_leaf for member in applied.removed):
        gone = CommitApplied(
            *(state.context.epoch, who, tuple(added), applied.removed),
            self_removed=True,
            authenticated_data=signed.framed.authenticated_data,
        )
        return state.after_removal(), gone
    privates = _own_privates(state, applied)
    commit_secret = bytes(state.suite.nh)
    if commit.path is not None:
        assert who.leaf_index is not None  # _committer gives a place
        commit_secret = _receive_path(state, applied, commit.path, who.leaf_index, privates)
    init = state.keys.init
    if applied.external_init is not None:
        init = receive_external_init(state.suite, state.keys.external, applied.external_init)
    after = NextEpoch(
        applied.tree,
        applied.extensions,
        state.own_leaf,
        privates,
        init,
        commit_secret,
        applied.psks,
        applied.reinit,
    )
    following, _ = advance(state, signed, after)
    tag = signed.auth.confirmation_tag or b""
    # The tag proves that the committer reached the same epoch secret for the same transcript.
    ensure("CK-106", hmac.compare_digest(following.confirmation_tag, tag))
    done = CommitApplied(
        *(following.context.epoch, who, tuple(added), applied.removed),
        self_removed=False,
        authenticated_data=signed.framed.authenticated_data,
    )
    return following, done


def _committer(
    state: GroupState,
    committer: int | None,
    path: UpdatePath | None,
    applied: Applied,
    rules: Rules,
) -> MemberInfo:
    """Check the path's leaf (7.3) and say who committed; puts an external joiner into the tree."""
    if path is None:
        assert committer is not None  # an external commit requires a path (CK-100)
        return MemberInfo.of(state.tree.member(committer), committer)
    leaf = path.leaf_node
    ensure("CK-020", leaf.source is LeafSource.COMMIT)
    replaces: MemberInfo | None
    if committer is None:
        # A joiner that replaces its old self must be acceptable in its place (12.2).
        replaces = applied.removed[0] if applied.removed else None
        place = applied.tree.add(leaf)
    else:
        old = state.tree.member(committer)
        check_replacement(old, leaf)
        place, replaces = committer, MemberInfo.of(old, committer)
    check_leaf(
        leaf,
        state.suite,
        rules,
        group_id=state.context.group_id,
        leaf_index=place,
        replaces=replaces,
    )
    return MemberInfo.of(leaf, place)


def keep_privates(privates: dict[int, bytes], tree: RatchetTree) -> dict[int, bytes]:
    """Drop the private keys of nodes that the proposals blanked."""
    return {i: k for i, k in privates.items() if i < tree.width and tree.node(i) is not None}


def _own_privates(state: GroupState, applied: Applied) -> dict[int, bytes]:
    privates = keep_privates(state.privates, applied.tree)
    if state.own_leaf in applied.updated:
        key = applied.tree.member(state.own_leaf).encryption_key
        ensure("CK-109", key in state.pending_updates)
        privates[2 * state.own_leaf] = state.pending_updates[key]
    return privates


def _receive_path(
    state: GroupState,
    applied: Applied,
    path: UpdatePath,
    committer: int,
    privates: dict[int, bytes],
) -> bytes:
    """Merge and open the path; updates `privates` and returns the commit secret."""
    filtered = merge_path(applied.tree, committer, path)
    for node in applied.tree.direct_path(2 * committer):
        privates.pop(node, None)
    context = provisional_context(
        state.context, applied.extensions, applied.tree.tree_hash()
    ).encode()
    opened = open_path(
        applied.tree,
        filtered,
        path,
        state.own_leaf,
        privates,
        context,
        [index for index, _ in applied.added],
    )
    privates.update(opened.privates)
    return opened.commit_secret


def receive_external_init(suite: Suite, external: bytes, kem_output: bytes) -> bytes:
    """Recover the init secret of an external commit (RFC 9420, 8.3)."""
    private, _ = suite.kem.derive_key_pair(external)
    return suite.hpke.receive_export(private, kem_output, b"", EXTERNAL_INIT_LABEL, suite.nh)
