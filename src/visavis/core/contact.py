"""The contact machine: from a link to a conversation, and what may befall it after.

Pure: `step` takes a state and one event and returns the next state and the effects to carry out.
One machine for each relationship, on each device; a multi-use link is a machine of its own that
begins one per request. The drawing, made by running `step`, is in docs/protocol/contact.md.

Which machine gets an event: `RequestReceived` goes to the machine of the account that asks, if
there is one; else to the one in `Requested` whose link pinned that identity; else to that of the
link it came by. One that came by our handle goes to a machine of its own, at `Stranger`, unless the
account is blocked or waits already: nothing that anybody can look up is accepted by itself
(CK-291). Everything else a contact sends goes to the machine whose address it came by.

Towards a requester, declining, ignoring, a full queue, an expired link and being blocked are alike:
nothing is sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from visavis.core import contact_types as c
from visavis.core.contact_types import Event, LinkUse, Person, Reject, State, Step
from visavis.core.errors import Code, UsageError
from visavis.core.identity import identity_hash

MAX_WAITING: Final = 50
"""Requests that wait for a tap, over the whole account. Higher lets a link that went public bury
the one request that matters; lower lets fewer strangers fill the queue."""

REQUEST_LIFETIME_S: Final = 30 * 86_400
"""Seconds a request waits on either side; as long as a server keeps an envelope."""


def step(state: State, event: Event) -> Step:
    """Advance one contact by one event.

    Args:
        state: As the previous call returned it, or `Stranger()`.
        event: One thing that happened; peers' messages already verified.

    Returns:
        The next state, and effects to carry out in order once it is stored.

    Raises:
        UsageError: Our own code sent an event that makes no sense here.
    """
    match state:
        case c.Stranger():
            return _from_stranger(state, event)
        case c.Invited():
            return _from_invited(state, event)
        case c.Requested():
            return _from_requested(state, event)
        case c.Asked():
            return _from_asked(state, event)
        case c.Accepted():
            return _from_accepted(state, event)
        case c.Suspended():
            return _from_suspended(state, event)
        case c.Blocked():
            return _from_blocked(state, event)
        case c.Ended():
            return _from_ended(state, event)
    assert_never(state)


def _from_stranger(state: c.Stranger, event: Event) -> Step:
    match event:
        case c.InviteCreated(use, expires_at):
            return Step(c.Invited(use, expires_at), (c.SetDeadline(expires_at),))
        case c.InviteFollowed(inviter, own, token, now):
            at = now + REQUEST_LIFETIME_S
            requested = c.Requested(inviter, own, token, at)
            return Step(requested, (c.SendRequest(token), c.SetDeadline(at)))
        case c.RequestReceived(waiting=waiting) if waiting >= MAX_WAITING:
            # CK-280: strangers cannot fill the store or bury the request that matters.
            return _reject(state, Code.QUOTA)
        case c.RequestReceived(person, token, _, now):
            at = now + REQUEST_LIFETIME_S
            return Step(c.Asked(person, token, at), (c.AskPerson(person), c.SetDeadline(at)))
        case c.AcceptReceived() | c.DevicesChanged() | c.RejoinReceived():
            return _reject(state, Code.UNEXPECTED)
        case c.DeadlineReached():
            return Step(state)
        case (
            c.InviteWithdrawn()
            | c.RequestApproved()
            | c.RequestDeclined()
            | c.IdentityTrusted()
            | c.ContactBlocked()
            | c.ContactUnblocked()
            | c.ContactRemoved()
        ):
            raise UsageError("nobody is there yet")
    assert_never(event)


def _from_invited(state: c.Invited, event: Event) -> Step:
    match event:
        case c.RequestReceived(now=now) if now >= state.expires_at:
            # CK-281: an old link that turns up later opens nothing.
            return _reject(state, Code.EXPIRED)
        case c.RequestReceived(person, token) if state.use is LinkUse.SINGLE:
            # The person chose whom to give a single-use link, so the first to come is accepted.
            # CK-282: the link dies with it, or whoever saw it on the way could follow.
            effects = (c.RevokeLink(), c.CreateConversation(person, token))
            return Step(c.Accepted(person, token), effects)
        case c.RequestReceived(person, token):
            return Step(state, (c.BeginContact(person, token),))
        case c.DeadlineReached(now):
            return _end(state, c.EndReason.EXPIRED, c.RevokeLink(), due=now >= state.expires_at)
        case c.InviteWithdrawn() | c.ContactRemoved():
            return _end(state, c.EndReason.WITHDRAWN, c.RevokeLink())
        case c.AcceptReceived() | c.DevicesChanged() | c.RejoinReceived():
            return _reject(state, Code.UNEXPECTED)
        case (
            c.InviteCreated()
            | c.InviteFollowed()
            | c.RequestApproved()
            | c.RequestDeclined()
            | c.IdentityTrusted()
            | c.ContactBlocked()
            | c.ContactUnblocked()
        ):
            raise UsageError("a link is no contact yet")
    assert_never(event)


def _from_requested(state: c.Requested, event: Event) -> Step:
    match event:
        case c.AcceptReceived(now=now) if now >= state.expires_at:
            return _reject(state, Code.EXPIRED)
        case c.AcceptReceived(token=token) if token != state.token:
            return _reject(state, Code.UNEXPECTED)
        case c.AcceptReceived(person, token):
            # CK-283: the link pinned who may answer; a server in the middle has another key. A
            # handle pins nobody, so there only comparing safety numbers shows such a server.
            pinned = state.inviter
            if pinned is not None and identity_hash(person.identity_key) != pinned:
                return _reject(state, Code.IDENTITY_CHANGED)
            return Step(c.Accepted(person, token), (c.JoinConversation(person),))
        case c.RequestReceived(person, token):
            return _crossing(state, person, event)
        case c.DeadlineReached(now):
            due = now >= state.expires_at
            return _end(state, c.EndReason.EXPIRED, c.RevokeAddresses(), due=due)
        case c.ContactRemoved():
            return _end(state, c.EndReason.REMOVED, c.RevokeAddresses())
        case c.DevicesChanged() | c.RejoinReceived():
            return _reject(state, Code.UNEXPECTED)
        case (
            c.InviteCreated()
            | c.InviteWithdrawn()
            | c.InviteFollowed()
            | c.RequestApproved()
            | c.RequestDeclined()
            | c.IdentityTrusted()
            | c.ContactBlocked()
            | c.ContactUnblocked()
        ):
            raise UsageError("a request of ours is under way")
    assert_never(event)


def _crossing(state: c.Requested, person: Person, event: c.RequestReceived) -> Step:
    """Both followed each other's link: the one with the lower identity hash makes the group."""
    theirs = identity_hash(person.identity_key)
    if theirs != state.inviter:
        return _reject(state, Code.UNEXPECTED)
    if event.now >= state.expires_at:
        return _reject(state, Code.EXPIRED)
    if state.own < theirs:
        accepted = c.Accepted(person, event.token)
        return Step(accepted, (c.CreateConversation(person, event.token),))
    return Step(state)


def _from_asked(state: c.Asked, event: Event) -> Step:
    match event:
        case c.RequestApproved():
            effects = (c.CreateConversation(state.person, state.token),)
            return Step(c.Accepted(state.person, state.token), effects)
        case c.RequestDeclined() | c.ContactRemoved():
            return _end(state, c.EndReason.DECLINED, c.ForgetContact())
        case c.ContactBlocked():
            return Step(c.Blocked(state), (c.ForgetContact(),))
        case c.DeadlineReached(now):
            due = now >= state.expires_at
            return _end(state, c.EndReason.EXPIRED, c.ForgetContact(), due=due)
        case c.RequestReceived(person, token):
            if (code := _breach(state.person, person)) is not None:
                return _reject(state, code)
            return Step(replace(state, person=person, token=token))  # the newest one counts
        case c.AcceptReceived() | c.DevicesChanged() | c.RejoinReceived():
            return _reject(state, Code.UNEXPECTED)
        case (
            c.InviteCreated()
            | c.InviteWithdrawn()
            | c.InviteFollowed()
            | c.IdentityTrusted()
            | c.ContactUnblocked()
        ):
            raise UsageError("a request waits for a tap")
    assert_never(event)


def _from_accepted(state: c.Accepted, event: Event) -> Step:
    match event:
        case c.RequestReceived(token=token) if token == state.token:
            return Step(state)  # delivered twice
        case c.RequestReceived(person, token):
            # CK-284: requests come by links, from anybody. One that claims a contact's account
            # under another identity is refused without a word to the person: else any stranger
            # could suspend any contact, and teach people to click warnings away.
            if (code := _breach(state.person, person)) is not None:
                return _reject(state, code)
            # They lost their conversation and came back by a link: make it again.
            return Step(c.Accepted(person, token), (c.CreateConversation(person, token),))
        case c.DevicesChanged(person) | c.RejoinReceived(person):
            return _devices_of_contact(state, person, event)
        case c.ContactBlocked():
            return Step(c.Blocked(state), (c.RevokeAddresses(),))
        case c.ContactRemoved():
            return _end(state, c.EndReason.REMOVED, c.RevokeAddresses(), c.ForgetContact())
        case c.AcceptReceived():
            return _reject(state, Code.UNEXPECTED)
        case c.DeadlineReached() | c.RequestApproved():
            return Step(state)  # approved on another device at the same time
        case (
            c.InviteCreated()
            | c.InviteWithdrawn()
            | c.InviteFollowed()
            | c.RequestDeclined()
            | c.IdentityTrusted()
            | c.ContactUnblocked()
        ):
            raise UsageError("a contact already")
    assert_never(event)


def _devices_of_contact(
    state: c.Accepted, person: Person, event: c.DevicesChanged | c.RejoinReceived
) -> Step:
    match _breach(state.person, person):
        case None:
            pass
        case Code.IDENTITY_CHANGED:
            # CK-285: nothing is sent to the new key until a person has decided.
            suspended = c.Suspended(state.person, person, state.token)
            return Step(suspended, (c.WarnIdentityChanged(person),))
        case code:
            return _reject(state, code)
    rejoins = isinstance(event, c.RejoinReceived)
    if person.list_version == state.person.list_version:
        # A rejoin always brings a new list (CK-276); an equal list otherwise says nothing new.
        return _reject(state, Code.REPLAYED) if rejoins else Step(state)
    known: tuple[c.Effect, ...] = (c.RecordDevices(person),)
    readd: tuple[c.Effect, ...] = (c.ReaddDevices(person),) if rejoins else ()
    return Step(replace(state, person=person), (*known, *readd, c.AnnounceDevices(person)))


def _from_suspended(state: c.Suspended, event: Event) -> Step:
    match event:
        case c.IdentityTrusted(identity_key):
            # CK-286: the person's word is for the key they compared, not for one that came since.
            if identity_key != state.offered.identity_key:
                return Step(state, (c.WarnIdentityChanged(state.offered),))
            accepted = c.Accepted(state.offered, state.token)
            # Whoever held the old key may hold our addresses too: they are replaced.
            renewed = (c.RevokeAddresses(), c.MintAddresses())
            return Step(accepted, (c.PinIdentity(state.offered), c.RetryHeld(), *renewed))
        case c.DevicesChanged(person) | c.RejoinReceived(person):
            return _devices_while_suspended(state, person)
        case c.ContactBlocked():
            return Step(c.Blocked(state), (c.RevokeAddresses(),))
        case c.ContactRemoved():
            return _end(state, c.EndReason.REMOVED, c.RevokeAddresses(), c.ForgetContact())
        case c.RequestReceived():
            return _reject(state, Code.IDENTITY_CHANGED)
        case c.AcceptReceived():
            return _reject(state, Code.UNEXPECTED)
        case c.DeadlineReached() | c.RequestApproved():
            return Step(state)
        case (
            c.InviteCreated()
            | c.InviteWithdrawn()
            | c.InviteFollowed()
            | c.RequestDeclined()
            | c.ContactUnblocked()
        ):
            raise UsageError("a contact already")
    assert_never(event)


def _devices_while_suspended(state: c.Suspended, person: Person) -> Step:
    """Keep what each of the two identities says of itself; warn again about a third."""
    if person.account_id != state.person.account_id:
        return _reject(state, Code.BAD_CREDENTIAL)
    if person.identity_key == state.person.identity_key:
        if person.list_version < state.person.list_version:
            return _reject(state, Code.REPLAYED)
        return Step(replace(state, person=person), (c.RecordDevices(person),))
    if person == state.offered:
        return Step(state)
    if _breach(state.offered, person) is Code.REPLAYED:
        return _reject(state, Code.REPLAYED)
    return Step(replace(state, offered=person), (c.WarnIdentityChanged(person),))


def _from_blocked(state: c.Blocked, event: Event) -> Step:
    match event:
        case c.ContactUnblocked():
            if isinstance(state.former, c.Asked):
                return Step(c.Ended(c.EndReason.DECLINED))
            if isinstance(state.former, c.Suspended):
                return Step(state.former)  # nothing goes out before the person has decided
            return Step(state.former, (c.MintAddresses(),))
        case c.ContactRemoved():
            return _end(state, c.EndReason.REMOVED, c.ForgetContact())
        case c.RequestReceived() | c.AcceptReceived() | c.DevicesChanged() | c.RejoinReceived():
            return _reject(state, Code.REFUSED)
        case c.DeadlineReached() | c.ContactBlocked() | c.RequestApproved() | c.RequestDeclined():
            return Step(state)
        case c.InviteCreated() | c.InviteWithdrawn() | c.InviteFollowed() | c.IdentityTrusted():
            raise UsageError("blocked: unblock first")
    assert_never(event)


def _from_ended(state: c.Ended, event: Event) -> Step:
    match event:
        case c.RequestReceived() | c.AcceptReceived() | c.DevicesChanged() | c.RejoinReceived():
            return _reject(state, Code.REFUSED)
        case (
            c.DeadlineReached()
            | c.InviteWithdrawn()
            | c.RequestApproved()
            | c.RequestDeclined()
            | c.ContactRemoved()
        ):
            return Step(state)  # done on another device at the same time
        case (
            c.InviteCreated()
            | c.InviteFollowed()
            | c.IdentityTrusted()
            | c.ContactBlocked()
            | c.ContactUnblocked()
        ):
            raise UsageError("over: a new link starts a new machine")
    assert_never(event)


def _breach(known: Person, offered: Person) -> Code | None:
    """Say what is wrong with who somebody claims to be, against whom we know; None if nothing."""
    if offered.account_id != known.account_id:
        return Code.BAD_CREDENTIAL
    if offered.identity_key != known.identity_key:
        return Code.IDENTITY_CHANGED
    # CK-287: an older list, replayed, would bring a revoked device back.
    return Code.REPLAYED if offered.list_version < known.list_version else None


def _reject(state: State, code: Code) -> Step:
    return Step(state, (Reject(code),))


def _end(state: State, reason: c.EndReason, *effects: c.Effect, due: bool = True) -> Step:
    return Step(c.Ended(reason), effects) if due else Step(state)
