"""Call links through the SDK, on a real server: made, knocked with, let in, over."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from tests.sdk.conftest import People, settle
from tests.sdk.group_call_ends import ends
from tests.sdk.groups import group_of
from tests.sdk.guests import all_hear, asks, let_in, shown, until

from visavis.core.address import ContactAddress
from visavis.core.call_link import CallLink
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, UsageError
from visavis.core.group_call_types import WasRemoved
from visavis.sdk import guest as guest_module
from visavis.sdk.call_link_book import LinkBook, OwnLink
from visavis.sdk.group_call_objects import GroupCall, GroupCallEnd
from visavis.sdk.group_call_stay import Stay
from visavis.sdk.guest import Guest, GuestState, Visit


async def test_a_guest_is_let_in(people: People) -> None:
    anna = await people.sign_up("anna")
    made = await anna.create_call_link()
    guest = await Guest.join(made.link, "Dana", **ends())
    await asyncio.sleep(0.5)
    assert guest.state is GuestState.NOBODY
    call = await anna.call_group(made.group, "voice", **ends())
    assert await call.inside()
    (one,) = await asks(call)
    assert one.name == "Dana"
    await until(lambda: guest.state is GuestState.WAITING)
    assert len(call.members) == 1
    assert one.admit()
    assert await guest.inside()
    await all_hear(call, guest, count=2)
    assert sorted(shown(call)) == [("Dana", True, False), (anna.handle, False, True)]
    assert sorted(shown(guest)) == [("Dana", True, False), (anna.handle, False, False)]
    assert [one.own for one in guest.members if one.guest] == [True]
    await guest.leave()
    assert await guest.ended() is GroupCallEnd.LEFT
    await all_hear(call, count=1)
    await call.leave()


async def test_a_link_for_one_guest_lets_in_one(people: People) -> None:
    anna = await people.sign_up("anna")
    made = await anna.create_call_link(once=True)
    call = await anna.call_group(made.group, "voice", **ends())
    guests = [await Guest.join(made.link, name, **ends()) for name in ("Dana", "Eve")]
    first, second = await asks(call, 2)
    assert first.admit()
    assert not second.admit()
    chosen = next(one for one, name in zip(guests, ("Dana", "Eve"), strict=True)
                  if name == first.name)  # fmt: skip
    other = next(one for one in guests if one is not chosen)
    assert await chosen.inside()
    async with asyncio.timeout(40):
        assert await other.ended() is GroupCallEnd.CLOSED
    assert await anna.call_links() == []
    late = await Guest.join(made.link, "Frank", **ends())
    async with asyncio.timeout(40):
        assert await late.ended() is GroupCallEnd.CLOSED
    # Who was let in and is cut off comes in again without being asked about.
    await all_hear(call, chosen, count=2)
    visit = chosen._steps
    assert isinstance(visit, Visit)
    (shell,) = [visit._shell]
    assert shell is not None
    shell._feed(WasRemoved())
    await until(lambda: visit._shell not in {None, shell})
    await all_hear(call, chosen, count=2)
    assert await anna.call_links() == []
    await call.leave()
    # In the next call, too, nobody is there for it.
    again = await anna.call_group(made.group, "voice", **ends())
    assert await again.inside()
    very_late = await Guest.join(made.link, "Grace", **ends())
    await asyncio.sleep(2)
    assert (very_late.state, again.waiting) == (GuestState.NOBODY, ())
    await very_late.leave()


async def test_a_lobby_that_cannot_be_opened_is_opened_later(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No address is left to hand out: the call goes on, and looks again when links change."""
    anna = await people.sign_up("anna")
    made = await anna.create_call_link()
    asked: list[OwnLink] = []

    def none_left(book: LinkBook, link: OwnLink) -> ContactAddress:
        del book
        asked.append(link)
        raise UnavailableError(Code.QUOTA, "no capability is left to hand out")

    with monkeypatch.context() as patch:
        patch.setattr(LinkBook, "hold", none_left)
        call = await anna.call_group(made.group, "voice", **ends())
        assert await call.inside()
        guest = await Guest.join(made.link, "Dana", **ends())
        await until(lambda: asked)
        await asyncio.sleep(0.5)
        assert (guest.state, len(call.members)) == (GuestState.NOBODY, 1)
    await anna.create_call_link(made.group)
    (one,) = await asks(call)
    assert one.admit()
    assert await guest.inside()
    await guest.leave()
    await call.leave()


async def test_a_withdrawn_link_leads_nowhere(people: People) -> None:
    anna = await people.sign_up("anna")
    made = await anna.create_call_link()
    keeps = await anna.create_call_link(made.group, hours=720)
    assert [one.link for one in await anna.call_links()] == [made.link, keeps.link]
    call = await anna.call_group(made.group, "voice", **ends())
    inside = await let_in(call, made.link, "Dana")
    waits = await Guest.join(made.link, "Eve", **ends())
    await asks(call)
    await anna.withdraw_call_link(made.link)
    async with asyncio.timeout(40):
        assert await waits.ended() is GroupCallEnd.CLOSED
    await until(lambda: call.waiting == ())
    late = await Guest.join(made.link, "Frank", **ends())
    await asyncio.sleep(2)
    assert (late.state, call.waiting) == (GuestState.NOBODY, ())
    await late.leave()
    assert len(call.members) == len(inside.members) == 2
    with pytest.raises(AuthorizationError):
        await anna.withdraw_call_link(made)
    # The control: the other link of the same call is good.
    assert [one.link for one in await anna.call_links()] == [keeps.link]
    await let_in(call, keeps.link, "Grace")
    await all_hear(call, inside, count=3)


async def test_an_expired_link(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-901, CK-914: whatever the guest's clock says, the host's device lets nobody in."""
    anna = await people.sign_up("anna")
    for hours in (0, 721):
        with pytest.raises(UsageError):
            await anna.create_call_link(hours=hours)
    made = await anna.create_call_link(hours=1)
    call = await anna.call_group(made.group, "voice", **ends())
    assert await call.inside()
    await let_in(call, made.link, "Dana")  # the control
    books = anna._session.books
    now = books.now
    later = dataclasses.replace(CallLink.from_link(made.link), expires_at=made.expires_at + 9_000)
    monkeypatch.setattr(books, "now", lambda: now() + 3_601)
    guest = await Guest.join(later.to_link(), "Eve", **ends())
    async with asyncio.timeout(40):
        assert await guest.ended() is GroupCallEnd.CLOSED
    assert call.waiting == ()
    assert await anna.call_links() == []
    past = dataclasses.replace(later, expires_at=now() - 1)
    with pytest.raises(PeerError) as refused:
        await Guest.join(past.to_link(), "Eve", **ends())
    assert refused.value.code is Code.EXPIRED


async def test_guests_among_members(people: People) -> None:
    """A guest by a member's name is a guest to everybody, and out for good if the host says so."""
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    made = await anna.create_call_link(await anna.find_group("Choir"))
    call = await anna.call_group(group, "voice", **ends())
    bobs = await bob.call_group(group, **ends())
    await all_hear(call, bobs, count=2)
    assert bobs.waiting == ()
    guest = await let_in(call, made.link, bob.handle)
    assert bobs.waiting == ()
    await all_hear(call, bobs, guest, count=3)
    for seen in (call, bobs, guest):
        named = [one for one in seen.members if one.name == bob.handle]
        assert sorted((one.guest, one.account is None) for one in named) == [
            (False, False), (True, True)
        ]  # fmt: skip
        assert not any(one.verified for one in seen.members if one.guest)
    came = [name async for name in names_that_came(bobs)]
    assert came[-1] == f"{bob.handle} (guest)"
    # Who comes later checks the guest by the tree, without having heard of it; and the guest asks
    # the host who that is.
    await bobs.leave()
    await all_hear(call, guest, count=2)
    guest._steps._names.pop(bob._session.books.account)  # type: ignore[attr-defined]
    bobs = await bob.call_group(group, **ends())
    await all_hear(call, bobs, guest, count=3)
    await until(lambda: bob.handle in [one.name for one in guest.members if not one.guest])
    # Removed by the host's device, they do not come back.
    call.remove(next(one for one in call.members if one.guest))
    async with asyncio.timeout(40):
        assert await guest.ended() is GroupCallEnd.REFUSED
    await all_hear(call, bobs, count=2)
    # Whom a member let in goes with that member: Anna leaves the group, and its call.
    second = await let_in(call, made.link, "Dana")
    await all_hear(bobs, second, count=3)
    await anna.leave_group(group)
    assert await anna.call_links() == []
    await settle(bob)
    await all_hear(bobs, count=1)


async def test_a_host_who_was_cut_off_is_found_again(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests let nobody in: the host begins another call, and those it let in follow."""
    monkeypatch.setattr(guest_module, "BACK_S", 4.0)
    anna = await people.sign_up("anna")
    made = await anna.create_call_link()
    call = await anna.call_group(made.group, "voice", **ends())
    guests = [await let_in(call, made.link, name) for name in ("Dana", "Eve")]
    await all_hear(call, *guests, count=3)
    before = call.going.call
    stay = call._steps
    assert isinstance(stay, Stay)
    assert stay._shell is not None
    stay._shell._feed(WasRemoved())
    await until(lambda: call.going.call != before)
    await until(lambda: len(call.members) == 3, 60)
    await all_hear(call, *guests, count=3)
    assert call.waiting == ()
    # When the host leaves, nobody stays: guests are in nobody's call.
    await call.leave()
    async with asyncio.timeout(60):
        assert [await one.ended() for one in guests] == [GroupCallEnd.NOBODY] * 2
    assert anna._session.books.group_calls.get(made.group.group) is None


async def names_that_came(call: GroupCall) -> AsyncIterator[str]:
    """Yield who is told to have come so far."""
    changes = call._changes
    while not changes.empty():
        change = changes.get_nowait()
        for name in () if change is None else change.came:
            yield name
