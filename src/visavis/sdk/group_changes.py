"""What a commit of a group of people changed: addresses, lists, and what the person is told.

Called inside the transaction of the commit, ours or another member's, once it was judged
(`group_tree.judge`). Not for: making commits (`group_membership`).
"""

from __future__ import annotations

from collections.abc import Callable

from visavis.core.content import decode_change, encode_outer
from visavis.core.content_group import GroupChange
from visavis.core.content_outer import CommitHint
from visavis.core.content_records import MemberDevice
from visavis.core.errors import PeerError
from visavis.core.ids import AccountId, GroupId
from visavis.sdk.books import Books
from visavis.sdk.group_book import ENDING_KIND, JOINER_KIND, PICTURE_DUE_KIND, ROTATE_GROUP_KIND
from visavis.sdk.group_names import name_in_group
from visavis.sdk.group_tree import terms_in
from visavis.sdk.groups import GroupRecord, credential_of
from visavis.sdk.history import NoticeKind
from visavis.sdk.outbox import Outbox
from visavis.sdk.sequencer import Applied


class GroupChanges:
    """Takes note of commits.

    Args:
        books: What this device keeps.
        outbox: For whom a commit of ours removed.
        mark: Has a group looked at soon.
    """

    def __init__(self, books: Books, outbox: Outbox, mark: Callable[[GroupRecord], None]) -> None:
        self._books = books
        self._outbox = outbox
        self._mark = mark

    def applied(self, change: Applied) -> None:
        """Note what a commit changed. Called inside its transaction."""
        books, record = self._books, change.record
        group = record.group_id
        said = decode_change(change.data)
        accounts = set()
        for member in change.members:
            credential = credential_of(member)
            accounts.add(credential.account_id)
            books.group_book.learn(group, credential.device_list)
        if change.self_removed:
            self._thrown_out(record, change, said)
            return
        for one in said.joined:  # of devices that it adds, and no others (CK-839)
            if (one.account, one.device) != (books.account, books.device):
                self._take_address(group, one)
        for account, device in change.added:
            books.store.delete(JOINER_KIND, group + account + device)
        self._tell(change, said, accounts)
        for account, device in change.removed:
            gone = books.group_book.member(group, account, device)
            if change.own and gone is not None:  # so that they hear of it, and pull it
                hint = encode_outer(CommitHint(group, books.groups.state(record).epoch))
                self._outbox.put_fixed(gone.address, hint)
            books.group_book.forget_device(group, account, device)
            books.group_book.forget_left(group, account)
        if change.removed:
            # What they knew of addresses must be worth nothing (P13).
            books.store.put(ROTATE_GROUP_KIND, group, b"")
        if change.added and change.own:
            books.store.put(PICTURE_DUE_KIND, group, b"")
        self._mark(record)

    def broken(self, record: GroupRecord) -> None:
        """Tell the person that a member has stopped a group: nobody goes along with its commit."""
        books, group = self._books, record.group_id
        terms = books.group_book.terms(group)
        if terms is not None:
            with books.store.transaction():
                count, now = books.groups.state(record).epoch, books.now()
                books.history.group_notice(NoticeKind.GROUP_BROKEN, group, count, now, terms.name)
            books.history.publish()

    def _take_address(self, group: GroupId, member: MemberDevice) -> None:
        try:
            member.address.require_server(self._books.profile.origin)
        except PeerError as error:
            self._books.counters.drop(f"group {error.code}")
            return
        self._books.group_book.put_member(group, member)

    def _thrown_out(self, record: GroupRecord, change: Applied, said: GroupChange) -> None:
        """Note that we are out: the keys go with the next look, and a person is told."""
        books, group = self._books, record.group_id
        ours = change.by == books.account or any(w.account == books.account for w in said.left)
        books.store.put(ENDING_KIND, group, b"left" if ours else b"removed")
        terms = books.group_book.terms(group)
        if not ours and terms is not None:
            by = name_in_group(books, group, change.by)
            books.history.group_notice(
                NoticeKind.GROUP_REMOVED_US, group, books.now(), books.now(), terms.name, by=by
            )
        self._mark(record)

    def _tell(self, change: Applied, said: GroupChange, accounts: set[AccountId]) -> None:
        """Tell the person what others see too: who came, who went, what it is called."""
        books, group = self._books, change.record.group_id
        state = books.groups.state(change.record)
        now, terms, count = books.now(), terms_in(state), state.epoch * 256
        added, removed = {a for a, _ in change.added}, {a for a, _ in change.removed}
        stayed = accounts - {account for account in added if not self._was_there(change, account)}
        left = {word.account for word in said.left}
        notices = [(NoticeKind.GROUP_MEMBER_JOINED, who) for who in sorted(accounts - stayed)]
        for who in sorted(removed - accounts):
            kind = NoticeKind.GROUP_MEMBER_LEFT if who in left else NoticeKind.GROUP_MEMBER_REMOVED
            notices.append((kind, who))
        before = books.group_book.terms(group) or terms
        if before.name != terms.name and not change.own:
            notices.append((NoticeKind.GROUP_RENAMED, change.by))
        if before.picture != terms.picture and not change.own:
            notices.append((NoticeKind.GROUP_PICTURE, change.by))
        named = set(terms.keepers) - set(before.keepers)
        notices += [(NoticeKind.GROUP_KEEPERS, who) for who in sorted(named)]
        for number, (kind, who) in enumerate(notices):
            by = name_in_group(books, group, who)
            books.history.group_notice(kind, group, count + number, now, terms.name, by=by)
        books.group_book.put_terms(group, terms)

    @staticmethod
    def _was_there(change: Applied, account: AccountId) -> bool:
        new = {device for owner, device in change.added if owner == account}
        here = {
            credential.device_id
            for credential in map(credential_of, change.members)
            if credential.account_id == account
        }
        return bool(here - new) or account in {owner for owner, _ in change.removed}
