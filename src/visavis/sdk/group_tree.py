"""A group of people as its MLS state shows it: terms, roster, and whether a commit keeps the rules.

Not for: the rules themselves (`visavis.core.group_rules`), or what we keep beside the state
(`group_book`).
"""

from __future__ import annotations

from visavis.core.content import decode_change
from visavis.core.content_group import GroupChange, GroupTerms
from visavis.core.group_rules import (
    EXTENSION,
    Epoch,
    Leaf,
    check_commit,
    encode_terms,
    leaf_digest,
    terms_of,
)
from visavis.core.ids import AccountId, GroupId
from visavis.core.mls import CommitApplied, Extension, Group, MemberInfo
from visavis.sdk.groups import credential_of


def extension_of(terms: GroupTerms) -> tuple[Extension, ...]:
    """Return terms as the extensions of a group context."""
    return (Extension(EXTENSION, encode_terms(terms)),)


def terms_in(state: Group) -> GroupTerms:
    """Return the terms of a group.

    Raises:
        PeerError: There are none, or there is something else (CK-830).
    """
    return terms_of([(one.extension_type, one.data) for one in state.extensions])


def leaves_of(state: Group) -> tuple[Leaf, ...]:
    """Return who is in the group, in the order of their places."""
    return tuple(
        _leaf(member, state) for member in state.members() if member.leaf_index is not None
    )


def accounts_in(state: Group) -> list[AccountId]:
    """Return the accounts of a group, each once, the one in the lowest leaf first."""
    return list(dict.fromkeys(leaf.account for leaf in leaves_of(state)))


def epoch_of(state: Group) -> Epoch:
    """Return what a commit is judged by; raises as `terms_in`."""
    return Epoch(terms_in(state), leaves_of(state))


def judge(group: GroupId, before: Epoch, state: Group, result: CommitApplied) -> None:
    """Judge a commit that somebody else made, before anything of it is kept.

    Args:
        group: Which group.
        before: What it led from.
        state: After it; if it removed us, only its roster is known.
        result: What it did.

    Raises:
        PeerError: A rule is broken; nobody goes along.
    """
    removed = {member.leaf_index for member in result.removed if member.leaf_index is not None}
    if result.self_removed:
        stay = tuple(leaf for leaf in before.leaves if leaf.index not in removed)
        after = Epoch(None, (*stay, *(_leaf(member) for member in result.added)))
    else:
        after = epoch_of(state)
    assert result.committer.leaf_index is not None  # a member (CK-585)
    change = decode_change(result.authenticated_data)
    check_commit(group, before, after, result.committer.leaf_index, removed, change)


def judge_own(
    group: GroupId, before: Group, after: Group, removed: tuple[int, ...], change: GroupChange
) -> None:
    """Judge a commit of ours: we never offer what others would refuse. Raises as `judge`."""
    left = before.own_leaf
    check_commit(group, epoch_of(before), epoch_of(after), left, set(removed), change)


def _leaf(member: MemberInfo, state: Group | None = None) -> Leaf:
    assert member.leaf_index is not None  # it stands in the tree
    credential = credential_of(member)
    key = None if state is None else leaf_digest(state.encryption_key(member.leaf_index))
    return Leaf(
        member.leaf_index, credential.account_id, credential.device_id, credential.device_list, key
    )
