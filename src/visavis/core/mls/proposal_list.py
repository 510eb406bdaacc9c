"""Lists of proposals: which a commit may hold, and what they do to the tree (RFC 9420, 12.2, 12.3).

One function for sending and receiving alike, so that we never send what we would refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from visavis.core.mls.checks import ensure
from visavis.core.mls.framing import Sender, SenderType
from visavis.core.mls.group_context import GroupContext
from visavis.core.mls.key_package import KeyPackageStruct, check_key_package, member_of
from visavis.core.mls.leaf_check import Rules, check_leaf, check_together
from visavis.core.mls.leaf_node import (
    MLS10,
    Extensions,
    ExtensionType,
    LeafSource,
    MemberInfo,
)
from visavis.core.mls.proposals import (
    Add,
    ExternalInit,
    ExternalPsk,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    PskId,
    ReInit,
    Remove,
    ResumptionUsage,
    Update,
)
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.suite import suite_of
from visavis.core.mls.tree_check import check_unique_keys
from visavis.core.mls.treekem import check_replacement

P = TypeVar("P")

_NOT_IN_CONTEXT = {
    ExtensionType.APPLICATION_ID,
    ExtensionType.RATCHET_TREE,
    ExtensionType.EXTERNAL_PUB,
    ExtensionType.LAST_RESORT,
}


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal and who made it; for those in a commit by value, the committer."""

    proposal: Proposal
    sender: Sender


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a list of proposals.

    Attributes:
        tree: The tree after them.
        extensions: Extensions of the new group context.
        psks: PSKs in the order of the list.
        added: (leaf index, key package) in the order of the list.
        removed: Members as they were.
        updated: Leaf indices whose members updated themselves.
        external_init: KEM output of an external commit.
        reinit: The group ends with this commit.
        path_required: The commit must have a path (12.4).
    """

    tree: RatchetTree
    extensions: Extensions
    psks: tuple[PskId, ...]
    added: tuple[tuple[int, KeyPackageStruct], ...]
    removed: tuple[MemberInfo, ...]
    updated: tuple[int, ...]
    external_init: bytes | None
    reinit: bool
    path_required: bool


def _of(items: Sequence[Proposed], kind: type[P]) -> list[tuple[P, Sender]]:
    return [(item.proposal, item.sender) for item in items if isinstance(item.proposal, kind)]


def check_proposal(
    proposal: Proposal, sender: Sender, tree: RatchetTree, context: GroupContext, rules: Rules
) -> None:
    """Check one proposal by itself (RFC 9420, 12.1), on receipt and again in a commit.

    Args:
        proposal: The proposal.
        sender: Who made it.
        tree: The tree of the current epoch.
        context: The current group context.
        rules: Time and credential validation.

    Raises:
        PeerError: CK-011 to CK-036, CK-077 to CK-079, CK-083, CK-085, CK-086.
        VisavisError: Whatever the validator raises.
    """
    suite = tree.suite
    match proposal:
        case Add(package):
            check_key_package(package, suite, rules)
        case Update(leaf):
            ensure("CK-083", sender.sender_type is SenderType.MEMBER)
            ensure("CK-020", leaf.source is LeafSource.UPDATE)
            old = tree.leaf(sender.index)
            ensure("CK-086", old is not None)
            assert old is not None
            check_replacement(old, leaf)
            check_leaf(
                leaf,
                suite,
                rules,
                group_id=context.group_id,
                leaf_index=sender.index,
                replaces=MemberInfo.of(old, sender.index),
            )
        case Remove(removed):
            ensure("CK-086", tree.leaf(removed) is not None)
        case PreSharedKey(psk):
            ensure("CK-077", len(psk.nonce) == suite.nh)
            ordinary = isinstance(psk, ExternalPsk) or psk.usage is ResumptionUsage.APPLICATION
            ensure("CK-078", ordinary)
        case ReInit(version=version, cipher_suite=cipher_suite):
            ensure("CK-079", version >= MLS10)
            suite_of(cipher_suite)
        case ExternalInit():
            ensure("CK-075", sender.sender_type is SenderType.NEW_MEMBER_COMMIT)
        case GroupContextExtensions(extensions):
            ensure("CK-085", not _NOT_IN_CONTEXT & {e.extension_type for e in extensions})


def _check_list(items: Sequence[Proposed], committer: int | None) -> None:
    """Check what 12.2 says about the list as a whole."""
    updates, removes = _of(items, Update), _of(items, Remove)
    ensure("CK-070", all(sender.index != committer for _, sender in updates))
    ensure("CK-071", all(remove.removed != committer for remove, _ in removes))
    touched = [sender.index for _, sender in updates] + [r.removed for r, _ in removes]
    ensure("CK-072", len(set(touched)) == len(touched))
    ensure("CK-073", len(_of(items, GroupContextExtensions)) <= 1)
    ensure("CK-074", not _of(items, ReInit) or len(items) == 1)
    ensure("CK-075", len(_of(items, ExternalInit)) == (1 if committer is None else 0))
    psks = [proposal.psk.encode() for proposal, _ in _of(items, PreSharedKey)]
    ensure("CK-076", len(set(psks)) == len(psks))
    if committer is None:
        rest = [i for i in items if not isinstance(i.proposal, ExternalInit | PreSharedKey)]
        only_remove = all(isinstance(i.proposal, Remove) for i in rest)
        ensure("CK-080", only_remove and len(rest) <= 1)


def apply_proposals(
    items: Sequence[Proposed],
    tree: RatchetTree,
    context: GroupContext,
    committer: int | None,
    rules: Rules,
) -> Applied:
    """Check a commit's proposals and apply them to a copy of the tree.

    Args:
        items: The proposals in the commit's order.
        tree: The tree of the current epoch; it stays as it is.
        context: The current group context.
        committer: Leaf index of the committer, None for an external joiner.
        rules: Time and credential validation.

    Returns:
        What comes of them, before any path.

    Raises:
        PeerError: CK-011 to CK-036, CK-070 to CK-086.
        VisavisError: Whatever the validator raises.
    """
    _check_list(items, committer)
    for item in items:
        check_proposal(item.proposal, item.sender, tree, context, rules)
    after = tree.copy()
    extensions = context.extensions
    for change, _ in _of(items, GroupContextExtensions):
        extensions = change.extensions
    updated: list[int] = []
    for update, sender in _of(items, Update):
        after.update(sender.index, update.leaf_node)
        updated.append(sender.index)
    removed: list[MemberInfo] = []
    for remove, _ in _of(items, Remove):
        removed.append(MemberInfo.of(tree.member(remove.removed), remove.removed))
        after.remove(remove.removed)
    added = tuple((after.add(a.key_package.leaf_node), a.key_package) for a, _ in _of(items, Add))
    if items:
        check_unique_keys(after)
        check_together((leaf for _, leaf in after.leaves()), extensions)
    inits = _of(items, ExternalInit)
    demanding = Update | Remove | ExternalInit | GroupContextExtensions
    return Applied(
        tree=after,
        extensions=extensions,
        psks=tuple(proposal.psk for proposal, _ in _of(items, PreSharedKey)),
        added=added,
        removed=tuple(removed),
        updated=tuple(updated),
        external_init=inits[0][0].kem_output if inits else None,
        reinit=bool(_of(items, ReInit)),
        path_required=not items or any(isinstance(i.proposal, demanding) for i in items),
    )


def choose(
    pending: Sequence[tuple[bytes, Proposed]], committer: int, by_value: Sequence[Proposal]
) -> list[tuple[bytes, Proposed]]:
    """Pick the pending proposals that one commit can hold together with our own.

    Args:
        pending: (reference, proposal) in the order of arrival.
        committer: Our leaf index.
        by_value: What we add ourselves; it takes precedence.

    Returns:
        The references and proposals to include: no Update of ours, a Remove before an Update of
        the same leaf, the newest Update, the first of what may occur once (RFC 9420, 12.2).
    """
    removed = {p.removed for p in by_value if isinstance(p, Remove)}
    keys = {member_of(p.key_package).signature_key for p in by_value if isinstance(p, Add)}
    psks = {p.psk.encode() for p in by_value if isinstance(p, PreSharedKey)}
    context_changed = any(isinstance(p, GroupContextExtensions) for p in by_value)
    for _, item in pending:
        if isinstance(item.proposal, Remove):
            removed.add(item.proposal.removed)
    newest = {i.sender.index: r for r, i in pending if isinstance(i.proposal, Update)}
    done = {p.removed for p in by_value if isinstance(p, Remove)} | {committer}
    chosen: list[tuple[bytes, Proposed]] = []
    for reference, item in pending:
        match item.proposal:
            case Update():
                leaf = item.sender.index
                take = leaf != committer and leaf not in removed and newest[leaf] == reference
            case Remove(leaf):
                take = leaf not in done
                done.add(leaf)
            case Add(package):
                key = member_of(package).signature_key
                take = key not in keys
                keys.add(key)
            case PreSharedKey(psk):
                take = psk.encode() not in psks
                psks.add(psk.encode())
            case GroupContextExtensions():
                take = not context_changed
                context_changed = True
            case ReInit() | ExternalInit():
                take = False
        if take:
            chosen.append((reference, item))
    return chosen
