"""States, events and effects of the contact machine (`visavis.core.contact`).

Times are unix seconds: these things outlive a process. What peers sent has been verified before it
becomes an event here (`content_signed`, `identity`): a `Person` is read from a signed device list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from visavis.core.errors import Code
from visavis.core.ids import AccountId, Digest, IdentityKey, RequestToken


class LinkUse(StrEnum):
    """How often an invite link may be used."""

    SINGLE = "single"
    MULTI = "multi"


class EndReason(StrEnum):
    """Why nothing came, or remained, of a contact."""

    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, as a verified device list shows it.

    Args:
        account_id: Their account.
        identity_key: What signed the list.
        list_version: The list's version.
    """

    account_id: AccountId
    identity_key: IdentityKey
    list_version: int


# States


@dataclass(frozen=True, slots=True)
class Stranger:
    """Nothing has happened yet."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A link of ours is out."""

    use: LinkUse
    expires_at: float


@dataclass(frozen=True, slots=True)
class Requested:
    """We followed somebody's link, or asked for a handle, and wait for the answer."""

    inviter: Digest | None
    """`identity_hash` that the link pinned; a handle pins nobody."""
    own: Digest
    """Our own, to settle who answers when both followed each other's link."""
    token: RequestToken
    expires_at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody followed our multi-use link, or asked for our handle, and waits for a tap."""

    person: Person
    token: RequestToken
    expires_at: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """A contact: the conversation exists or is being made."""

    person: Person
    token: RequestToken
    """Of the request that made the conversation, to know a repeated one."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """The contact spoke under another identity key: nothing goes out until the person decides."""

    person: Person
    offered: Person
    token: RequestToken


@dataclass(frozen=True, slots=True)
class Blocked:
    """The person does not want to hear from them; `former` comes back on unblocking."""

    former: Asked | Accepted | Suspended


@dataclass(frozen=True, slots=True)
class Ended:
    """Final."""

    reason: EndReason


State: TypeAlias = Stranger | Invited | Requested | Asked | Accepted | Suspended | Blocked | Ended


# Events: what the person did


@dataclass(frozen=True, slots=True)
class InviteCreated:
    """The person made a link."""

    use: LinkUse
    expires_at: float


@dataclass(frozen=True, slots=True)
class InviteWithdrawn:
    """The person took the link back."""


@dataclass(frozen=True, slots=True)
class InviteFollowed:
    """The person opened somebody's link, which was whole and fresh, or asked for a handle."""

    inviter: Digest | None
    own: Digest
    token: RequestToken
    now: float


@dataclass(frozen=True, slots=True)
class RequestApproved:
    """The person tapped "accept"."""


@dataclass(frozen=True, slots=True)
class RequestDeclined:
    """The person tapped "no"."""


@dataclass(frozen=True, slots=True)
class IdentityTrusted:
    """The person compared safety numbers and goes on with this very key."""

    identity_key: IdentityKey


@dataclass(frozen=True, slots=True)
class ContactBlocked:
    """The person blocked them."""


@dataclass(frozen=True, slots=True)
class ContactUnblocked:
    """The person took that back."""


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """The person removed the contact, or gave up a request of their own."""


# Events: what peers did, verified


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """Somebody followed a link of ours or asked for our handle (`content_signed.verify_request`).

    Args:
        person: The requester.
        token: To go into the answer.
        waiting: Requests that wait for a tap already, over the whole account.
        now: Unix seconds.
    """

    person: Person
    token: RequestToken
    waiting: int
    now: float


@dataclass(frozen=True, slots=True)
class AcceptReceived:
    """The answer to a request of ours (`content_signed.verify_accept`)."""

    person: Person
    token: RequestToken
    now: float


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """A verified device list came over this contact's own address or conversation."""

    person: Person


@dataclass(frozen=True, slots=True)
class RejoinReceived:
    """The contact lost its state and asks to be added again, over its own address (P5)."""

    person: Person


# Events: time


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """A deadline set earlier may have come."""

    now: float


Event: TypeAlias = (
    InviteCreated
    | InviteWithdrawn
    | InviteFollowed
    | RequestApproved
    | RequestDeclined
    | IdentityTrusted
    | ContactBlocked
    | ContactUnblocked
    | ContactRemoved
    | RequestReceived
    | AcceptReceived
    | DevicesChanged
    | RejoinReceived
    | DeadlineReached
)


# Effects


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Send `DeadlineReached` at this time, also after a restart."""

    at: float


@dataclass(frozen=True, slots=True)
class RevokeLink:
    """Revoke the link's capability at the server: further requests are refused there."""


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Send `contact.request` with this token to the link's address."""

    token: RequestToken


@dataclass(frozen=True, slots=True)
class BeginContact:
    """Start a machine of its own at `Stranger` for this request and give it the same event."""

    person: Person
    token: RequestToken


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Show the request; nothing goes back to the requester until a tap."""

    person: Person


@dataclass(frozen=True, slots=True)
class CreateConversation:
    """Make the group from the request's key packages and send `contact.accept`."""

    person: Person
    token: RequestToken


@dataclass(frozen=True, slots=True)
class JoinConversation:
    """Pin the identity and join the group by the Welcome in the answer."""

    person: Person


@dataclass(frozen=True, slots=True)
class RecordDevices:
    """Keep the newer device list, and drop addresses of devices that are not on it."""

    person: Person


@dataclass(frozen=True, slots=True)
class AnnounceDevices:
    """Tell the person in the conversation that the contact's devices changed."""

    person: Person


@dataclass(frozen=True, slots=True)
class ReaddDevices:
    """Commit the Add of the rejoining devices and the removal of leaves off the list."""

    person: Person


@dataclass(frozen=True, slots=True)
class WarnIdentityChanged:
    """Show both keys' safety numbers; hold everything that would go out to the contact."""

    offered: Person


@dataclass(frozen=True, slots=True)
class PinIdentity:
    """Replace the pinned identity by this one; a "compared" mark for the old one lapses."""

    person: Person


@dataclass(frozen=True, slots=True)
class RetryHeld:
    """Feed what was held because of the identity change again."""


@dataclass(frozen=True, slots=True)
class RevokeAddresses:
    """Revoke every capability this contact holds: it cannot put anything into our mailboxes."""


@dataclass(frozen=True, slots=True)
class MintAddresses:
    """Give the contact fresh addresses (`contact.devices`)."""


@dataclass(frozen=True, slots=True)
class ForgetContact:
    """Delete keys, addresses and record of this contact on this device and in the vault."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A peer broke the rules or came too late; the state is unchanged and nothing is sent."""

    code: Code


Effect: TypeAlias = (
    SetDeadline
    | RevokeLink
    | SendRequest
    | BeginContact
    | AskPerson
    | CreateConversation
    | JoinConversation
    | RecordDevices
    | AnnounceDevices
    | ReaddDevices
    | WarnIdentityChanged
    | PinIdentity
    | RetryHeld
    | RevokeAddresses
    | MintAddresses
    | ForgetContact
    | Reject
)


@dataclass(frozen=True, slots=True)
class Step:
    """What `step` returns: persist `state`, then carry out `effects` in order."""

    state: State
    effects: tuple[Effect, ...] = ()
