"""The small scope of the contact machine: enough states and events to tell every rule from its
neighbour. The table test asserts every pair; `tools/draw_machines.py` draws from the same scope.

`ANNA` is the contact, `BOB` somebody else; `_2` is a newer device list, `_0` an older one, `_EVIL`
another identity key for Anna's account.
"""

from __future__ import annotations

from typing import Final

from visavis.core.contact import MAX_WAITING, step
from visavis.core.contact_types import (
    Accepted,
    AcceptReceived,
    Asked,
    Blocked,
    ContactBlocked,
    ContactRemoved,
    ContactUnblocked,
    DeadlineReached,
    DevicesChanged,
    Ended,
    EndReason,
    Event,
    IdentityTrusted,
    InviteCreated,
    Invited,
    InviteFollowed,
    InviteWithdrawn,
    LinkUse,
    Person,
    RejoinReceived,
    RequestApproved,
    RequestDeclined,
    Requested,
    RequestReceived,
    State,
    Stranger,
    Suspended,
)
from visavis.core.identity import identity_hash
from visavis.core.ids import AccountId, Digest, IdentityKey, RequestToken

KEY: Final = IdentityKey(b"k" * 32)
EVIL_KEY: Final = IdentityKey(b"e" * 32)
ANNA: Final = Person(AccountId(b"a" * 16), KEY, 5)
ANNA_0: Final = Person(ANNA.account_id, KEY, 4)
ANNA_2: Final = Person(ANNA.account_id, KEY, 6)
EVIL: Final = Person(ANNA.account_id, EVIL_KEY, 2)
EVIL_0: Final = Person(ANNA.account_id, EVIL_KEY, 1)
EVIL_2: Final = Person(ANNA.account_id, EVIL_KEY, 3)
THIRD: Final = Person(ANNA.account_id, IdentityKey(b"t" * 32), 1)
BOB: Final = Person(AccountId(b"b" * 16), IdentityKey(b"B" * 32), 1)
T: Final = RequestToken(b"1" * 16)
U: Final = RequestToken(b"2" * 16)
HASH: Final = identity_hash(KEY)
LOW: Final = Digest(bytes(32))
HIGH: Final = Digest(b"\xff" * 32)
EARLY, DUE, LATE = 99, 100, 101

SMALL_STATES: Final[dict[str, State]] = {
    "stranger": Stranger(),
    "invited": Invited(LinkUse.SINGLE, DUE),
    "invited_multi": Invited(LinkUse.MULTI, DUE),
    "requested": Requested(HASH, HIGH, T, DUE),
    "requested_low": Requested(HASH, LOW, T, DUE),
    "requested_handle": Requested(None, HIGH, T, DUE),
    "asked": Asked(ANNA, T, DUE),
    "accepted": Accepted(ANNA, T),
    "suspended": Suspended(ANNA, EVIL, T),
    "blocked": Blocked(Accepted(ANNA, T)),
    "blocked_asked": Blocked(Asked(ANNA, T, DUE)),
    "blocked_suspended": Blocked(Suspended(ANNA, EVIL, T)),
    "ended": Ended(EndReason.REMOVED),
}

SMALL_EVENTS: Final[dict[str, Event]] = {
    "invite_created": InviteCreated(LinkUse.SINGLE, DUE),
    "invite_created_multi": InviteCreated(LinkUse.MULTI, DUE),
    "invite_withdrawn": InviteWithdrawn(),
    "invite_followed": InviteFollowed(HASH, HIGH, T, 0),
    "handle_asked": InviteFollowed(None, HIGH, T, 0),
    "approved": RequestApproved(),
    "declined": RequestDeclined(),
    "trusted": IdentityTrusted(EVIL_KEY),
    "trusted_other": IdentityTrusted(KEY),
    "contact_blocked": ContactBlocked(),
    "unblocked": ContactUnblocked(),
    "removed": ContactRemoved(),
    "request": RequestReceived(ANNA, T, 0, EARLY),
    "request_last": RequestReceived(ANNA, T, MAX_WAITING - 1, EARLY),
    "request_full": RequestReceived(ANNA, T, MAX_WAITING, EARLY),
    "request_late": RequestReceived(ANNA, T, 0, DUE),
    "request_again": RequestReceived(ANNA, U, 0, EARLY),
    "request_newer": RequestReceived(ANNA_2, U, 0, EARLY),
    "request_older": RequestReceived(ANNA_0, U, 0, EARLY),
    "request_evil": RequestReceived(EVIL, U, 0, EARLY),
    "request_bob": RequestReceived(BOB, U, 0, EARLY),
    "accept": AcceptReceived(ANNA, T, EARLY),
    "accept_late": AcceptReceived(ANNA, T, DUE),
    "accept_other_token": AcceptReceived(ANNA, U, EARLY),
    "accept_evil": AcceptReceived(EVIL, T, EARLY),
    "devices_same": DevicesChanged(ANNA),
    "devices_newer": DevicesChanged(ANNA_2),
    "devices_older": DevicesChanged(ANNA_0),
    "devices_evil": DevicesChanged(EVIL),
    "devices_evil_newer": DevicesChanged(EVIL_2),
    "devices_evil_older": DevicesChanged(EVIL_0),
    "devices_third": DevicesChanged(THIRD),
    "devices_bob": DevicesChanged(BOB),
    "rejoin_same": RejoinReceived(ANNA),
    "rejoin_newer": RejoinReceived(ANNA_2),
    "rejoin_evil": RejoinReceived(EVIL),
    "deadline_early": DeadlineReached(EARLY),
    "deadline": DeadlineReached(DUE),
    "deadline_late": DeadlineReached(LATE),
}

MACHINE: Final = ("contact", "docs/protocol/contact.md", step, SMALL_STATES, SMALL_EVENTS)
