"""How this device comes into a group of people: by a Welcome that it expects, checked whole.

Who brought it over which address, who made it, what terms the group has and who else is in it.
Not for: invites (`group_invites`), or conversations of two (`welcomes`).
"""

from __future__ import annotations

from collections.abc import Callable

from visavis.core.content_outer import GroupWelcome
from visavis.core.content_records import Standing
from visavis.core.credential import check_alone
from visavis.core.errors import Code, PeerError
from visavis.core.group_rules import check_roster
from visavis.core.ids import GroupId
from visavis.core.mls import Group, MemberInfo, welcome_references
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.group_ending import erase_group
from visavis.sdk.group_invites import GroupInvites
from visavis.sdk.group_tree import epoch_of, terms_in
from visavis.sdk.groups import GroupKind, GroupRecord, device_of
from visavis.sdk.history import NoticeKind


class GroupWelcomes:
    """Welcomes to groups of people.

    Args:
        books: What this device keeps.
        invites: Which of them we said yes to.
        mark: Has a group looked at soon.
    """

    def __init__(
        self, books: Books, invites: GroupInvites, mark: Callable[[GroupRecord], None]
    ) -> None:
        self._books = books
        self._invites = invites
        self._mark = mark

    def awaits(self, group: bytes) -> bool:
        """Say whether we said yes to a group and are not in it yet."""
        return self._invites.joining(GroupId(group)) is not None

    def receive(self, given: Given, content: GroupWelcome) -> None:
        """Join a group that this device was added to.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books, group = self._books, content.group
        present = books.groups.get(group)
        # CK-584: the id is unique among our groups, or another could be put in the place of one.
        if present is not None and present.kind is not GroupKind.GROUP:
            raise PeerError(Code.WRONG_GROUP, "CK-584: a Welcome to a group that is another's")
        if present is not None and books.groups.state(present).is_active:
            raise PeerError(Code.UNEXPECTED, "we are in this group already")
        with books.store.transaction():
            if present is not None:
                erase_group(books, present, "removed", keep_address=True)
            record = GroupRecord(group, GroupKind.GROUP, books.account, content.sequencer)
            state = self._join(given, content)
            books.groups.save(record, books.groups.open(record, state.to_bytes()))
            state.wipe()
            self._learn(record, content)
            self._invites.is_in(group)
            books.group_book.forget_past(group)
            terms = terms_in(books.groups.state(record))
            books.group_book.put_terms(group, terms)
            epoch, now = books.groups.state(record).epoch, books.now()
            books.history.group_notice(NoticeKind.GROUP_JOINED, group, epoch, now, terms.name)
        self._mark(record)

    def _join(self, given: Given, content: GroupWelcome) -> Group:
        books = self._books
        bundle = books.find_bundle(welcome_references(content.message))
        if bundle is None:
            raise PeerError(Code.UNEXPECTED, "a Welcome for no key package of ours")
        state = Group.join(
            content.message,
            bundle,
            now=books.now(),
            validator=_alone,
            present_validator=_alone,
        )
        if state.group_id != content.group:
            raise PeerError(Code.WRONG_GROUP, "the Welcome is for another group than it says")
        epoch = epoch_of(state)  # CK-830
        check_roster(epoch)  # CK-837, CK-838
        assert state.welcomed_by is not None  # we have just joined
        self._require_expected(given, content.group, state.welcomed_by)
        for leaf in epoch.leaves:
            known = books.lists.newest(leaf.account)
            # CK-841: a contact of ours, or we ourselves, under a key that is not theirs.
            if known is not None and known.identity_key != leaf.list.identity_key:
                raise PeerError(Code.BAD_CREDENTIAL, "CK-841: a known account under another key")
        books.spend_bundle(bundle)
        return state

    def _require_expected(self, given: Given, group: GroupId, maker: MemberInfo) -> None:
        """Refuse a Welcome from anybody but who we said yes to, or a device of ours (CK-840)."""
        books = self._books
        account, device = device_of(maker)
        if given.purpose is Purpose.SIBLING:
            expected = not given.retired_at and account == books.account
        else:
            asked = self._invites.joining(group)
            known = None if asked is None else books.contacts.get(asked.inviter)
            expected = (
                asked is not None
                and known is not None
                and known.standing is Standing.CONTACT
                and given.subject == group
                and not given.retired_at
                and asked.inviter == account
            )
        # CK-598: a stolen device that was shut out could else draw others into a group of its own.
        if not expected or not books.lists.stands(account, device):
            raise PeerError(Code.REFUSED, "CK-840: a Welcome to a group that nobody said yes to")

    def _learn(self, record: GroupRecord, content: GroupWelcome) -> None:
        """Note where the members are reached, as far as whoever let us in knows."""
        books, group = self._books, record.group_id
        present = set()
        for leaf in epoch_of(books.groups.state(record)).leaves:
            books.group_book.learn(group, leaf.list)
            present.add((leaf.account, leaf.device))
        present.discard((books.account, books.device))
        for member in content.members:
            if (member.account, member.device) in present:
                member.address.require_server(books.profile.origin)
                books.group_book.put_member(group, member)


def _alone(new: MemberInfo, replaces: MemberInfo | None) -> None:
    """Judge leaves by themselves: with what else is in the tree they are judged together."""
    check_alone(new, replaces)
