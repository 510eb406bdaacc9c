"""What a person does with groups: begin one, ask people in, name it, remove, leave.

Each of it is one commit, or a message of the conversation of two; what follows from it is
`group_membership`'s. A rule that others would refuse us by is said to the person beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from visavis.core.content import encode_in_group, encode_outer
from visavis.core.content_group import GroupLeave, GroupTerms
from visavis.core.content_inner import MessageFile, MessageText
from visavis.core.content_outer import Mls
from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError
from visavis.core.group_rules import encode_terms, leaf_digest, sign_departure
from visavis.core.ids import AccountId, Digest, GroupId, MessageId, SequencerHandle
from visavis.core.mls import Group
from visavis.sdk.books import Books
from visavis.sdk.conversation import Conversations
from visavis.sdk.group_book import PICTURE_DUE_KIND
from visavis.sdk.group_ending import erase_group
from visavis.sdk.group_invites import GroupInvites
from visavis.sdk.group_membership import Change, GroupMembership
from visavis.sdk.group_names import is_contact, name_in_group
from visavis.sdk.group_steps import Stepping
from visavis.sdk.group_targets import told_in_group
from visavis.sdk.group_tree import accounts_in, extension_of, leaves_of, terms_in
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.history import Message
from visavis.sdk.outbox import Outbox
from visavis.sdk.sequencer import Sequencers


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group.

    Args:
        account: Theirs.
        name: A contact's name; of anybody else what they call themselves, unverified.
        contact: They are a contact of ours, under the key that we know.
        keeper: They may remove others and name keepers.
        devices: How many of theirs are in the group.
        own: It is we.
    """

    account: AccountId
    name: str
    contact: bool
    keeper: bool
    devices: int
    own: bool


@dataclass(frozen=True, slots=True)
class PeopleGroup:
    """A group, as the person sees it.

    Args:
        group: Its id.
        name: What it is called.
        members: Who is in it, the longest there first.
        invited: Names of those we asked who have not said yes.
        picture: Its picture, if it has one and it is here.
        state: "member", or "left" or "removed" of one we are out of.
    """

    group: GroupId
    name: str
    members: tuple[Member, ...] = ()
    invited: tuple[str, ...] = ()
    picture: bytes | None = field(default=None, repr=False)
    state: str = "member"


class GroupActions:
    """Groups, for whoever acts in them.

    Args:
        books: What this device keeps.
        outbox: For the word of leaving.
        conversations: Sends in groups.
        sequencers: To be at the newest epoch.
        invites: Asks people in.
        membership: Makes commits.
        after: Told when something is to be sent or committed.
    """

    def __init__(
        self,
        books: Books,
        outbox: Outbox,
        conversations: Conversations,
        sequencers: Sequencers,
        invites: GroupInvites,
        membership: GroupMembership,
        *,
        after: Callable[[], None],
    ) -> None:
        self._books = books
        self._outbox = outbox
        self._conversations = conversations
        self._sequencers = sequencers
        self._invites = invites
        self._membership = membership
        self._after = after

    # Looking

    def all(self) -> list[PeopleGroup]:
        """Return the groups that we are in, and those whose thread is here, by name."""
        books = self._books
        found = [
            self.shown(record)
            for record in books.groups.all()
            if record.kind is GroupKind.GROUP and books.groups.state(record).is_active
        ]
        found += [
            PeopleGroup(one.group, one.name, state=one.why) for one in books.group_book.past()
        ]
        return sorted(found, key=lambda one: (one.name, one.group))

    def require(self, group: GroupId) -> GroupRecord:
        """Return a group that we are in.

        Raises:
            AuthorizationError: REFUSED, we are in no such group.
        """
        record = self._books.groups.get(group)
        if (
            record is None
            or record.kind is not GroupKind.GROUP
            or not self._books.groups.state(record).is_active
        ):
            raise AuthorizationError(Code.REFUSED, "in no such group")
        return record

    def shown(self, record: GroupRecord) -> PeopleGroup:
        """Return a group as the person sees it."""
        books, group = self._books, record.group_id
        state = books.groups.state(record)
        terms, leaves = terms_in(state), leaves_of(state)
        members = tuple(
            Member(
                account,
                name_in_group(books, group, account),
                is_contact(books, group, account),
                account in terms.keepers,
                sum(leaf.account == account for leaf in leaves),
                account == books.account,
            )
            for account in accounts_in(state)
        )
        known = [books.contacts.get(one.account) for one in self._invites.given(group)]
        picture = books.group_book.picture(group)
        if picture is not None and terms.picture != Digest.sha256(picture):
            picture = None
        invited = tuple(sorted(one.name for one in known if one is not None))
        return PeopleGroup(group, terms.name, members, invited, picture)

    def name_of(self, group: GroupId, account: AccountId) -> str:
        """Return the name to show for who is, or was, in a group."""
        return name_in_group(self._books, group, account)

    # Beginning, naming

    async def create(self, name: str) -> PeopleGroup:
        """Begin a group with ourselves in it, as its keeper.

        Raises:
            UsageError: The name is empty, too long, or has characters that no line has.
            UnavailableError: QUOTA, no address is left to give.
        """
        books = self._books
        terms = GroupTerms(name, (books.account,))
        encode_terms(terms)
        state = books.create_group(extension_of(terms))
        record = GroupRecord(
            GroupId(state.group_id),
            GroupKind.GROUP,
            books.account,
            SequencerHandle.random(books.rng),
            sequenced=False,
        )
        with books.store.transaction():
            books.groups.save(record, books.groups.open(record, state.to_bytes()))
            books.group_book.put_terms(record.group_id, terms)
            for leaf in leaves_of(books.groups.state(record)):
                books.group_book.learn(record.group_id, leaf.list)
        self._membership.look(record)
        self._after()
        return self.shown(record)

    async def invite(self, group: GroupId, contact: AccountId) -> None:
        """Ask a contact into a group; raises as `GroupInvites.invite`."""
        record = self.require(group)
        state = self._books.groups.state(record)
        stands = self._books.group_book.stands
        # Who lost all devices that are in it may be asked again, and comes in with the new one.
        members = {
            leaf.account for leaf in leaves_of(state) if stands(group, leaf.account, leaf.device)
        }
        await self._invites.invite(record, terms_in(state), members, contact)

    async def rename(self, group: GroupId, name: str) -> None:
        """Call a group otherwise; anybody may.

        Raises:
            UsageError: As `create`.
            AuthorizationError: REFUSED, we are in no such group.
            UnavailableError: The server is away; it goes on with the next look.
        """
        encode_terms(GroupTerms(name, (self._books.account,)))
        await self._change(group, lambda terms, _: replace(terms, name=name))

    async def set_picture(self, group: GroupId, picture: bytes | None) -> None:
        """Give a group a picture, or take it away; raises as `rename`.

        Args:
            group: Which.
            picture: Stripped and small (`MAX_PICTURE_BYTES`); None for none.
        """
        digest = None if picture is None else Digest.sha256(picture)
        if picture is not None:
            self._books.group_book.put_picture(self.require(group).group_id, picture)
        await self._change(group, lambda terms, _: replace(terms, picture=digest))
        if picture is not None:
            self._books.store.put(PICTURE_DUE_KIND, group, b"")
            self._membership.look(self.require(group))
            self._after()

    async def name_keeper(self, group: GroupId, account: AccountId, *, keeper: bool) -> None:
        """Name a member a keeper, or take that back.

        Raises:
            AuthorizationError: REFUSED, only keepers may.
            UsageError: No member; or nobody would be a keeper.
            UnavailableError: As `rename`.
        """

        def named(terms: GroupTerms, state: Group) -> GroupTerms:
            self._require_keeper(terms)
            if account not in accounts_in(state):
                raise UsageError("no member of this group")
            others = set(terms.keepers) - {account}
            keepers = others | {account} if keeper else others
            if not keepers:
                raise UsageError("a group has a keeper")
            return replace(terms, keepers=tuple(sorted(keepers)))

        await self._change(group, named)

    async def remove(self, group: GroupId, account: AccountId) -> None:
        """Remove a member, with all their devices.

        Raises:
            AuthorizationError: REFUSED, only keepers may.
            UsageError: No member, or we ourselves: that is `leave`.
            UnavailableError: As `rename`.
        """

        def wanted(state: Group) -> Change | None:
            leaves = leaves_of(state)
            self._require_keeper(terms_in(state))
            gone = tuple(leaf.index for leaf in leaves if leaf.account == account)
            return Change(remove=gone) if gone else None

        record = self.require(group)
        if account == self._books.account:
            raise UsageError("nobody removes themselves")
        if account not in accounts_in(self._books.groups.state(record)):
            raise UsageError("no member of this group")
        async with self._books.groups.lock(record):
            await self._membership.commit(record, wanted)
        self._books.history.publish()
        self._after()

    async def _change(
        self, group: GroupId, change: Callable[[GroupTerms, Group], GroupTerms]
    ) -> None:
        def wanted(state: Group) -> Change | None:
            terms = terms_in(state)
            after = change(terms, state)
            return None if after == terms else Change(terms=after)

        record = self.require(group)
        async with self._books.groups.lock(record):
            await self._membership.commit(record, wanted)
        self._books.history.publish()
        self._after()

    def _require_keeper(self, terms: GroupTerms) -> None:
        if self._books.account not in terms.keepers:
            raise AuthorizationError(Code.REFUSED, "CK-832: only a keeper may do this")

    # Leaving

    async def leave(self, group: GroupId) -> None:
        """Leave a group, with all our devices: our keys are erased at once.

        The others remove us on our signed word; MLS lets nobody remove themselves.

        Raises:
            AuthorizationError: REFUSED, we are in no such group.
            UnavailableError: The server is away: nothing was changed.
        """
        books, record = self._books, self.require(group)
        async with books.groups.lock(record):
            try:
                await self._sequencers.pull(record)
            except PeerError:
                # Somebody has broken the group: whoever is in it can still go.
                books.counters.drop("group broken")
            record = books.groups.newest(record)
            with Stepping(books, record), books.store.transaction():
                self._say_farewell(record)
                erase_group(books, record, "left")
            books.store.scrub()
        try:
            await self._outbox.flush()
        finally:
            self._outbox.kick()
            self._after()

    def _say_farewell(self, record: GroupRecord) -> None:
        books, state = self._books, self._books.groups.state(record)
        if not state.is_active:
            return
        leaf = leaf_digest(state.encryption_key(state.own_leaf))
        private = books.profile.signature_private
        word = sign_departure(record.group_id, books.account, books.device, leaf, private)
        said = GroupLeave(MessageId.random(books.rng), books.now(), word)
        count = (record.count + 1).to_bytes(8, "big")
        message = state.encrypt(encode_in_group(said), authenticated_data=count, rng=books.rng)
        content = encode_outer(Mls(message))
        for account, device in told_in_group(books, record):
            address = books.resolve(account, device)
            if address is not None:  # kept by itself: the group is gone in a moment
                self._outbox.put_fixed(address, content)

    # Talking

    async def say(self, group: GroupId, content: MessageText | MessageFile) -> Message:
        """Send a text or a file to everybody in a group.

        Raises:
            AuthorizationError: REFUSED, we are in no such group.
        """
        books, record = self._books, self.require(group)
        entry = Message.in_group(group, books.account, content, outgoing=True)

        def kept(newest: GroupRecord) -> MessageText | MessageFile:
            books.history.add(entry, content.id, newest.count + 1)
            return content

        await self._conversations.send_in_group(record, kept)
        return entry
