"""How a conversation begins: the group made from a request, and the contact written with it (P2).

Not for deciding whether it may begin: that is the contact machine, whose shell is
`visavis.sdk.first_contact`.
"""

from __future__ import annotations

from collections.abc import Callable

from visavis.core.content import encode_outer
from visavis.core.content_outer import ContactAccept, ContactRequest
from visavis.core.content_records import UNSIGNED, DeviceAddress, JoiningDevice
from visavis.core.content_signed import sign_accept, sign_request
from visavis.core.credential import UnverifiedCredential
from visavis.core.device_list import DeviceList
from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.ids import GroupId, RequestToken, SequencerHandle
from visavis.core.mls import Group, UnverifiedKeyPackage
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Known
from visavis.sdk.contact_records import ACCEPTED_KIND, ASKED_KIND, note_made
from visavis.sdk.decisions import restore
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.history import NoticeKind
from visavis.sdk.membership import Membership
from visavis.sdk.never_record import tell_anew
from visavis.sdk.outbox import Outbox


def make_request(books: Books, token: RequestToken, destination: bytes) -> ContactRequest:
    """Make and sign a request with an address of its own; inside a transaction.

    Made again for the same token it has the same address and a fresh key package: a repeated
    request must not use up another capability.
    """
    given = books.addresses.current_or_mint(Purpose.REQUEST, token)
    address = books.addresses.address(given)
    joining = JoiningDevice(books.device, books.keep_key_package(), address)
    profile = books.profile
    request = ContactRequest(
        token, books.own_list.data, profile.handle, (joining,), books.device, UNSIGNED
    )
    return sign_request(request, profile.signature_private, destination)


class NewConversations:
    """Makes conversations.

    Args:
        books: What this device keeps.
        outbox: For answers.
        membership: To mark new groups.
        changed: Told when contacts have changed (the vault should be written).
    """

    def __init__(
        self, books: Books, outbox: Outbox, membership: Membership, changed: Callable[[], None]
    ) -> None:
        self._books = books
        self._outbox = outbox
        self._membership = membership
        self._changed = changed

    def create(
        self,
        offered: DeviceList,
        request: ContactRequest,
        *,
        by_handle: bool,
        asked_for: str = "",
    ) -> None:
        """Make the group from the request's key packages and queue the answers.

        Args:
            offered: Whose request it is.
            request: The request.
            by_handle: It came by our handle.
            asked_for: Our handle when it came.

        Raises:
            PeerError: A key package is refused.
        """
        books = self._books
        now = books.now()
        account = offered.account_id
        books.lists.learn(offered)
        for entry in request.devices:
            package = UnverifiedKeyPackage.parse(entry.key_package).verify(
                now=now, validator=books.lists.validator
            )
            stands = UnverifiedCredential.parse(package.identity).verify(package.signature_key)
            # CK-579: the key package must be of the very device it is sent as.
            if (stands.account_id, stands.device_id) != (account, entry.device):
                raise PeerError(Code.BAD_CREDENTIAL, "CK-579: another device's key package")
        first = books.create_group()
        made = first.commit(
            add=[entry.key_package for entry in request.devices], rng=books.rng, now=now
        )
        first.wipe()
        given = books.contact_address(account)
        record = GroupRecord(
            GroupId(made.group.group_id),
            GroupKind.CONVERSATION,
            account,
            SequencerHandle.random(books.rng),
            sequenced=False,
            announced=given.name,
        )
        self.stand(record, made.group, request.name, given, request.token, by_handle=by_handle)
        known = books.contacts.get(account)
        if known is None or made.welcome is None:
            raise FatalError(Code.UNEXPECTED, "a commit that adds has a Welcome")
        own = (DeviceAddress(books.device, books.addresses.address(given)),)
        name = books.own_handle.towards(account, asked_for)
        for entry in request.devices:
            known.addresses[entry.device] = entry.address
            accept = ContactAccept(
                request.token,
                books.own_list.data,
                name,
                own,
                made.welcome,
                record.group_id,
                record.sequencer,
                books.device,
                UNSIGNED,
            )
            private = books.profile.signature_private
            signed = sign_accept(accept, private, entry.address.mailbox)
            self._outbox.put(account, entry.device, encode_outer(signed))
        books.contacts.save(known)
        note_made(books.store, account)
        self.finish(record)

    def stand(
        self,
        record: GroupRecord,
        state: Group,
        name: str,
        given: Given,
        token: RequestToken,
        *,
        by_handle: bool,
    ) -> None:
        """Write the contact and its conversation; an earlier conversation is linked to (P5)."""
        books = self._books
        account = record.account
        known = books.contacts.get(account)
        is_new = known is None
        if known is None:
            shown = books.contacts.name_for(account, name)
            known = Known(account, shown, record.group_id, record.sequencer)
        else:
            record.thread = known.thread or known.group
            known.thread = record.thread
            earlier = books.groups.get(known.group)
            if earlier is not None:  # so that the thread's order goes on (see `GroupRecord.count`)
                record.count = earlier.count
        known.group, known.sequencer, known.member = record.group_id, record.sequencer, True
        old = books.addresses.current(Purpose.CONTACT, account)
        if old is not None and old.name != given.name:
            books.addresses.revoke(old, books.now())
        if given.purpose is not Purpose.CONTACT:
            books.addresses.rebind(given, Purpose.CONTACT, account)
        books.groups.save(record, state)
        books.contacts.save(known)
        if is_new:
            restore(books, known)
        tell_anew(books, account)
        books.store.put(ACCEPTED_KIND, account, token)
        books.store.delete(ASKED_KIND, account)  # what they asked for, they have
        kind = NoticeKind.CONTACT_BY_HANDLE if by_handle else NoticeKind.CONTACT_ADDED
        books.history.notice(kind, account, None, books.now())

    def finish(self, record: GroupRecord) -> None:
        """Have everything else follow."""
        self._membership.mark(record)
        self._changed()
        self._books.history.publish()
