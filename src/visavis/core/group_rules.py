"""What a commit of a group of people may do: one rule, which every member applies alike (ADR 24).

    accounts   anybody brings in a contact that said yes; a keeper removes whom it wants; whoever
               leaves is removed by the others, on its signed word
    terms      anybody changes name and picture; keepers name keepers
    keepers    there is always one: when the last one goes, the member in the lowest leaf is it

A commit is judged by the epoch that it leads from, by what it changes, and by nothing that one
member knows and another does not: not by contacts, blocks, newest lists elsewhere, or clocks. What
one refuses all refuse, so a member that breaks a rule can stop the group (P8) but never split it.

Not for: whether somebody may invite us (`contact_rules`), or who sends what to whom (`sdk`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from visavis.core import cbor
from visavis.core.content import decode_record, encode_record
from visavis.core.content_group import Departure, GroupChange, GroupTerms
from visavis.core.content_records import MAX_LEAVES, UNSIGNED
from visavis.core.device_list import DeviceList
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import sign, verify
from visavis.core.ids import AccountId, DeviceId, Digest, GroupId

EXTENSION: Final = 0xF0A1
"""Type of the group context extension with the terms: private use (RFC 9420, 17.3)."""
INVITE_S: Final = 7 * 86_400
"""Seconds for which a yes to an invite is taken. Longer lets an old yes come as a surprise."""
_LABEL: Final = b"visavis group.leave v1\0"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One device in the group.

    Args:
        index: Its place in the tree.
        account: Whose.
        device: Which.
        list: The device list that its credential carries.
        key: SHA-256 of its encryption key; None where it need not be known.
    """

    index: int
    account: AccountId
    device: DeviceId
    list: DeviceList
    key: Digest | None = None


@dataclass(frozen=True, slots=True)
class Epoch:
    """What a commit leads from, or to.

    Args:
        terms: What was agreed on; None for us whom the commit removes: we cannot read it.
        leaves: In the order of their places.
    """

    terms: GroupTerms | None
    leaves: tuple[Leaf, ...]

    @property
    def accounts(self) -> set[AccountId]:
        """Whose devices are in it."""
        return {leaf.account for leaf in self.leaves}


def encode_terms(terms: GroupTerms) -> bytes:
    """Return the extension's data.

    Raises:
        UsageError: Out of bounds, or keepers that are not sorted or stand twice.
    """
    try:
        data = encode_record(terms)
        decode_terms(data)
    except PeerError as error:
        raise UsageError(f"terms that others refuse: {error.detail}") from None
    return data


def decode_terms(data: bytes) -> GroupTerms:
    """Decode the extension's data.

    Raises:
        PeerError: MALFORMED (CK-250, CK-271); also for keepers out of order, so that terms have
            one form (CK-830).
    """
    terms = decode_record(GroupTerms, data)
    if list(terms.keepers) != sorted(set(terms.keepers)):
        raise PeerError(Code.MALFORMED, "CK-830 keepers out of order, or twice")
    return terms


def terms_of(extensions: Sequence[tuple[int, bytes]]) -> GroupTerms:
    """Return the terms in the extensions of a group context.

    Raises:
        PeerError: UNEXPECTED for anything but the one extension that a group has (CK-830);
            MALFORMED.
    """
    # CK-830: `external_senders` would let outsiders speak, and a group without terms has no keeper.
    if [kind for kind, _ in extensions] != [EXTENSION]:
        raise PeerError(Code.UNEXPECTED, "CK-830 a group has its terms and no other extension")
    return decode_terms(extensions[0][1])


def sign_departure(
    group: GroupId, account: AccountId, device: DeviceId, leaf: Digest, private: bytes
) -> Departure:
    """Say that an account leaves.

    Args:
        group: Which group.
        account: Ours.
        device: This one.
        leaf: SHA-256 of the encryption key in its leaf.
        private: Its signature key, 32 bytes.
    """
    word = Departure(account, device, leaf, UNSIGNED)
    return replace(word, signature=sign(private, _LABEL, _departure_bytes(group, word)))


def check_departure(group: GroupId, word: Departure, leaves: Iterable[Leaf]) -> None:
    """Check that a device which is in the group says that its account leaves (CK-834).

    The word is bound to the key in the leaf, which no later leaf of the same device has: said
    before somebody came back, it does not remove them again.

    Raises:
        PeerError: BAD_CREDENTIAL, no such leaf; BAD_SIGNATURE.
    """
    for leaf in leaves:
        if (leaf.account, leaf.device, leaf.key) == (word.account, word.device, word.leaf):
            listed = leaf.list.find(leaf.device)
            assert listed is not None  # a leaf is on the list that it carries (CK-264)
            verify(listed.signature_key, _LABEL, _departure_bytes(group, word), word.signature)
            return
    raise PeerError(Code.BAD_CREDENTIAL, "CK-834 the word of a device that is not in the group")


def _departure_bytes(group: GroupId, word: Departure) -> bytes:
    return cbor.encode([group, word.account, word.device, word.leaf])


def leaf_digest(encryption_key: bytes) -> Digest:
    """Return what a departure names a leaf by."""
    return Digest(hashlib.sha256(encryption_key).digest())


def keepers_after(keepers: Iterable[AccountId], staying: Sequence[Leaf]) -> tuple[AccountId, ...]:
    """Return who keeps the group when nobody else is named: those that stay, or the longest there.

    Args:
        keepers: Of the epoch before.
        staying: Leaves that were there before and still are, in the order of their places.
    """
    present = {leaf.account for leaf in staying}
    left = sorted(set(keepers) & present)
    return tuple(left or [staying[0].account])


def check_commit(
    group: GroupId,
    before: Epoch,
    after: Epoch,
    committer: int,
    removed: AbstractSet[int],
    change: GroupChange,
) -> None:
    """Check a commit before anything of it is kept.

    Args:
        group: Which group.
        before: The epoch that it leads from; its terms are known.
        after: What it leads to.
        committer: Leaf of whoever made it.
        removed: Leaves that it removes: a place may have another device in it at once.
        change: What it says beside its proposals.

    Raises:
        PeerError: UNEXPECTED, a rule is broken (CK-832 to CK-839); as `check_departure`.
    """
    author = next((leaf for leaf in before.leaves if leaf.index == committer), None)
    if before.terms is None or author is None:
        raise UsageError("a commit is judged by an epoch that is known, and made by a member")
    gone = [leaf for leaf in before.leaves if leaf.index in removed]
    present = {leaf.index for leaf in before.leaves} - removed
    check_roster(after)
    left = _departed(group, before, after, change)
    is_keeper = author.account in before.terms.keepers
    for leaf in gone:
        if leaf.account == author.account or leaf.account in left or _is_unlisted(leaf, after):
            continue
        # CK-832: who is in the group is not for everybody to say.
        if not is_keeper:
            raise _refused("CK-832 removed by somebody who is no keeper")
        # CK-833: a person is in a group or is not; one device of them alone is not removed.
        if leaf.account in after.accounts:
            raise _refused("CK-833 one device removed, and others of its account left in")
    # CK-839: what a commit says is of what it does; else it could move the address of a member.
    added = {_name(leaf) for leaf in after.leaves if leaf.index not in present}
    if not {(one.account, one.device) for one in change.joined} <= added:
        raise _refused("CK-839 an address of a device that is not added")
    if after.terms is not None:
        staying = [leaf for leaf in after.leaves if leaf.index in present]
        _check_keepers(before.terms, after.terms, after, staying, is_keeper=is_keeper)


def check_roster(after: Epoch) -> None:
    """Check the devices of an epoch by themselves (CK-837, CK-838).

    Raises:
        PeerError: UNEXPECTED.
    """
    # CK-838: with more the Welcome would not fit an envelope, and nobody could be let in any more.
    if len(after.leaves) > MAX_LEAVES:
        raise _refused("CK-838 more devices than a group may have")
    if len({_name(leaf) for leaf in after.leaves}) != len(after.leaves):
        raise _refused("CK-837 one device in two leaves")
    keys = {(leaf.account, leaf.list.identity_key) for leaf in after.leaves}
    # CK-837: else somebody could stand in the roster as a device of somebody else.
    if len(keys) != len(after.accounts):
        raise _refused("CK-837 devices of one account under two identity keys")


def _departed(group: GroupId, before: Epoch, after: Epoch, change: GroupChange) -> set[AccountId]:
    left = {word.account for word in change.left}
    for word in change.left:
        check_departure(group, word, before.leaves)
    # CK-833: all their devices go, and nobody's word is used for anything less.
    if len(left) != len(change.left) or left & after.accounts:
        raise _refused("CK-833 somebody left, and a device of theirs is still there")
    return left


def _is_unlisted(leaf: Leaf, after: Epoch) -> bool:
    """Say whether the account itself shows, inside the group, that it has shut the device out."""
    return any(
        other.account == leaf.account
        and other.list.version > leaf.list.version
        and other.list.find(leaf.device) is None
        for other in after.leaves
    )


def _check_keepers(
    before: GroupTerms,
    after: GroupTerms,
    epoch: Epoch,
    staying: Sequence[Leaf],
    *,
    is_keeper: bool,
) -> None:
    # CK-836: a group without a keeper could never remove anybody again.
    if not set(after.keepers) <= epoch.accounts:
        raise _refused("CK-836 a keeper who is no member")
    # CK-835: keepers name keepers; for anybody else it follows from who stays.
    if not is_keeper and after.keepers != keepers_after(before.keepers, staying):
        raise _refused("CK-835 keepers named by somebody who is none")


def _name(leaf: Leaf) -> tuple[AccountId, DeviceId]:
    return leaf.account, leaf.device


def _refused(why: str) -> PeerError:
    return PeerError(Code.UNEXPECTED, why)
