"""Where the members of a group of people are reached, and whose capability its sequencer is shown.

Members need not be contacts: each group has addresses of its own (P13), and what is known of them
is in `group_book`.
"""

from __future__ import annotations

from typing import Final

from visavis.core.address import ContactAddress
from visavis.core.ids import AccountId, DeviceId
from visavis.sdk.books import Books
from visavis.sdk.group_book import slot_of
from visavis.sdk.group_tree import leaves_of
from visavis.sdk.groups import GroupRecord

PRESENTED: Final = 4
"""Addresses shown to a sequencer, one after the other, before our own. More of them reach it after
more members were removed at once; each costs a question."""


def told_in_group(books: Books, record: GroupRecord) -> list[tuple[AccountId, DeviceId]]:
    """Return to whom goes what is said in a group: `Books.resolve` knows their addresses.

    A device whose address nobody has told us yet is left out; it announces it. Devices of ours are
    reached over their own address until then.
    """
    group, found = record.group_id, []
    for leaf in leaves_of(books.groups.state(record)):
        if (leaf.account, leaf.device) == (books.account, books.device):
            continue
        if books.group_book.member(group, leaf.account, leaf.device) is not None:
            slot = slot_of(group, leaf.account, leaf.device)
            found.append((AccountId(group), slot))
        elif leaf.account == books.account:
            found.append((leaf.account, leaf.device))
    return found


def presented_in_group(books: Books, record: GroupRecord) -> list[ContactAddress]:
    """Return the addresses whose capabilities may be shown to the group's sequencer.

    All members show the one of the lowest leaf, so that the server does not see at a sequencer who
    is in a group (P8); only if it is refused the next ones, and our own last.
    """
    group = record.group_id
    own = books.addresses.address(books.group_address(group))
    found = []
    for leaf in leaves_of(books.groups.state(record)):
        if (leaf.account, leaf.device) == (books.account, books.device):
            found.append(own)
            break
        member = books.group_book.member(group, leaf.account, leaf.device)
        if member is not None and len(found) < PRESENTED:
            found.append(member.address)
    return found if own in found else [*found, own]
