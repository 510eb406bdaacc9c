"""The consent keys in the leaves of calls: everybody has one, of their own, new each time (P17)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.scenario.call_world import FakeSession, World
from tests.scenario.test_call_hostile import call_with
from tests.scenario.test_call_hostile import package as package_of
from tests.sdk.conftest import People, folder_bytes
from tests.sdk.group_call_crew import (
    CALL,
    NOW,
    Dice,
    commit,
    consent_in,
    crew,
    found,
    join,
    key_package,
    note_all,
    people,
)
from tests.sdk.group_call_ends import ends
from tests.sdk.group_call_ringing import listening
from tests.sdk.groups import group_of
from tests.sdk.guests import all_hear
from tests.sdk.test_calls_group import consent, device, sessions
from tests.sdk.test_canaries import forms
from tests.sdk.test_canaries import found as found_in
from tests.sdk.test_guest_entry import entry, passed

from visavis.core import cbor
from visavis.core.errors import Code, PeerError
from visavis.core.ids import ConsentKey, RoomId
from visavis.core.mls import (
    SUITE_ID,
    Extension,
    Group,
    KeyPackageBundle,
    MemberInfo,
    new_key_package,
)
from visavis.core.recording_leaf import EXTENSION, ConsentLeaf, consent_extension, consent_of
from visavis.sdk import group_call_entry
from visavis.sdk.call_group import CallGroup, Rekeyed, check_key_package
from visavis.sdk.call_secrets import CallSecrets
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys, joiner_of
from visavis.sdk.group_call_objects import GroupCall
from visavis.sdk.group_call_stay import Stay
from visavis.sdk.guest_entry import COME_TRIES
from visavis.testing.virtual_clock import run

KEY = bytes(range(32))
GOOD = {"v": 1, "key": KEY, "never": False}


def leaf_of(**changes: object) -> list[Extension]:
    return [Extension(EXTENSION, cbor.encode({**GOOD, **changes}))]


NO_KEY: dict[str, list[Extension]] = {
    "none": [],
    "of another type": [Extension(0xF0A3, cbor.encode(GOOD))],
    "no CBOR": [Extension(EXTENSION, b"\xff")],
    "a key too short": leaf_of(key=KEY[1:]),
    "a key too long": leaf_of(key=KEY + b"0"),
    "says not whether": [Extension(EXTENSION, cbor.encode({"v": 1, "key": KEY}))],
    "never is a number": leaf_of(never=0),
    "something besides": leaf_of(more=1),
    "another version": leaf_of(v=2),
}
bad_leaves = pytest.mark.parametrize("leaf", NO_KEY.values(), ids=NO_KEY.keys())


def own_leaf(seed: int = 1) -> list[Extension]:
    return [OwnConsent.make(Dice(9_000 + seed)).extension()]


def twin_of(member: MemberInfo) -> list[Extension]:
    """Return the leaf of somebody who says that they are never recorded, by another's key."""
    return [consent_extension(ConsentLeaf(consent_of(member).key, never=True))]


def bundle_with(leaf: list[Extension], number: int) -> KeyPackageBundle:
    keys = people()[number]
    return new_key_package(
        identity=keys.credential,
        signature_private=keys.signature_private,
        not_before=NOW - 9,
        not_after=NOW + 9_000,
        rng=Dice(700 + number),
        leaf_extensions=leaf,
    )


def loose(group: Group) -> Group:
    """Return the group of a member whose program judges nobody."""
    return Group.from_bytes(group.to_bytes(), validator=lambda *_: None)


def with_own_leaf(group: Group, leaf: list[Extension]) -> Group:
    """Return the group of a member whose program puts something else into its own leaf."""
    changed = loose(group)
    tree = changed._state.tree.copy()
    own = replace(tree.member(changed.own_leaf), extensions=tuple(leaf))
    tree.set_leaf(changed.own_leaf, own)
    changed._state = replace(changed._state, tree=tree)
    return changed


def require_refused(check: str, act: Any) -> None:
    with pytest.raises(PeerError, match=check) as refused:
        act()
    assert refused.value.code is Code.BAD_CREDENTIAL


# Group calls: who asks to come


def test_the_control_a_key_of_its_own_is_noted() -> None:
    members = crew(2)
    for number in range(3):
        joiner = members[0].note(bundle_with(own_leaf(number), 3 + number).key_package, now=NOW)
        assert members[0].leaves_of(joiner) == []


@bad_leaves
def test_who_asks_without_a_key_is_not_noted(leaf: list[Extension]) -> None:
    """CK-937"""
    members = crew(2)
    data = bundle_with(leaf, 3).key_package
    require_refused("CK-937", lambda: members[0].note(data, now=NOW))
    assert joiner_of(data) not in members[0]._noted


@pytest.mark.parametrize("whose", [0, 1])
def test_who_asks_with_the_key_of_a_member_is_not_noted(whose: int) -> None:
    """CK-938: our own is somebody's, too."""
    members = crew(2)
    data = bundle_with(twin_of(members[0].members()[whose]), 3).key_package
    require_refused("CK-938", lambda: members[0].note(data, now=NOW))
    assert joiner_of(data) not in members[0]._noted


def test_two_who_ask_with_one_key_do_not_part_the_call() -> None:
    """CK-938: a commit that let in both would be refused by all but whoever made it."""
    members = crew(3)
    first, twin = (bundle_with(own_leaf(), number).key_package for number in (3, 4))
    joiners = [members[0].note(first, now=NOW)]
    require_refused("CK-938", lambda: members[0].note(twin, now=NOW))
    # Nor is it made if they were noted all the same.
    noted = members[0]._noted[joiners[0]][1]
    members[0]._noted[joiner_of(twin)] = (twin, noted)
    require_refused("CK-938", lambda: members[0].offer([*joiners, joiner_of(twin)], (), now=NOW))
    offer = members[0].offer(joiners, (), now=NOW)
    commit(members[0], members[1:], offer)
    assert len({one.room_key() for one in members}) == 1


def test_a_device_that_knocks_again_may_come_with_the_key_it_was_let_in_by() -> None:
    members = crew(3)
    back = members[2].members()[2]
    data = bundle_with(twin_of(back), 2).key_package
    joiner = members[0].note(data, now=NOW)
    assert members[0].leaves_of(joiner) == [2]
    assert members[0].note(data, now=NOW) == joiner, "as often as it likes"
    offer = members[0].offer([joiner], [2], now=NOW)  # its old leaf goes
    began, _ = commit(members[0], [members[1]], offer)
    assert began.admitted == {joiner: 2}


# Group calls: somebody else's commit


def apply_and_go_on(members: list[GroupCallKeys], hostile: bytes, check: str) -> None:
    """Have a commit refused by the second member, to which nothing has happened."""
    before = members[1].began()
    require_refused(check, lambda: members[1].apply(hostile, now=NOW))
    assert members[1].began() == before
    assert members[1].decrypt(members[0].encrypt(b"as before"), now=NOW)[2] == b"as before"
    began, _ = commit(members[0], members[1:], members[0].offer([], [], now=NOW))
    assert members[1].began() == replace(began, own=1, welcome=None), "it can go on"


@bad_leaves
def test_a_commit_brings_in_nobody_without_a_key(leaf: list[Extension]) -> None:
    """CK-937"""
    members = crew(2)
    hostile = loose(members[0]._group).commit(
        add=[bundle_with(leaf, 3).key_package], rng=Dice(1), now=NOW
    )
    apply_and_go_on(members, hostile.message, "CK-937")


@pytest.mark.parametrize("whose", [0, 1, "each other's"])
def test_a_commit_brings_in_nobody_with_a_key_of_another(whose: int | str) -> None:
    """CK-938: not that of a member, nor two with one key."""
    members = crew(2)
    if isinstance(whose, int):
        added = [bundle_with(twin_of(members[0].members()[whose]), 3)]
    else:
        added = [bundle_with(own_leaf(), 3), bundle_with(own_leaf(), 4)]
    hostile = loose(members[0]._group).commit(
        add=[one.key_package for one in added], rng=Dice(1), now=NOW
    )
    apply_and_go_on(members, hostile.message, "CK-938")


def test_the_control_a_commit_of_the_same_program_with_keys_of_their_own() -> None:
    members = crew(2)
    added = [bundle_with(own_leaf(number), 3 + number) for number in range(2)]
    honest = loose(members[0]._group).commit(
        add=[one.key_package for one in added], rng=Dice(1), now=NOW
    )
    began = members[1].apply(honest.message, now=NOW)
    assert began is not None
    assert began.leaves == {0, 1, 2, 3}


def test_nobody_drops_its_key_or_takes_that_of_another() -> None:
    """CK-937, CK-938: a member's own commit has a new leaf of it."""
    for leaf, check in (
        ([], "CK-937"),
        (leaf_of(key=b""), "CK-937"),
        (twin_of(crew(3)[0].members()[1]), "CK-938"),
        (twin_of(crew(3)[0].members()[2]), "CK-938"),
    ):
        members = crew(3)
        hostile = with_own_leaf(members[0]._group, leaf).commit(rng=Dice(1), now=NOW)
        apply_and_go_on(members, hostile.message, check)
    members = crew(3)  # the control: with a new key of its own
    honest = with_own_leaf(members[0]._group, own_leaf()).commit(rng=Dice(1), now=NOW)
    began = members[1].apply(honest.message, now=NOW)
    assert began is not None
    assert began.leaves == {0, 1, 2}


# Group calls: coming in


def welcome_by(founder: list[Extension], added: list[KeyPackageBundle]) -> bytes:
    """Return the Welcome of a founder who asks nothing of leaves, and has this in its own."""
    keys = people()[0]
    group = Group.create(
        group_id=bytes(CALL),
        suite_id=SUITE_ID,
        identity=keys.credential,
        signature_private=keys.signature_private,
        rng=Dice(3),
        validator=lambda *_: None,
        lifetime=(NOW - 9, NOW + 9_000),
        leaf_extensions=founder,
    )
    made = group.commit(add=[one.key_package for one in added], rng=Dice(4), now=NOW)
    assert made.welcome is not None
    return made.welcome


def twin_in(bundle: KeyPackageBundle) -> list[Extension]:
    return [consent_extension(ConsentLeaf(consent_in(bundle).key, never=False))]


@pytest.mark.parametrize("who", ["the founder", "another who came"])
@bad_leaves
def test_a_call_with_somebody_without_a_key_is_not_entered(leaf: list[Extension], who: str) -> None:
    """CK-937"""
    ours = key_package(1)
    founder, other = (leaf, own_leaf()) if who == "the founder" else (own_leaf(), leaf)
    welcome = welcome_by(founder, [ours, bundle_with(other, 3)])
    require_refused("CK-937", lambda: join(1, welcome, ours))
    # The control, with the same key package of ours: it is still good.
    welcome = welcome_by(own_leaf(1), [ours, bundle_with(own_leaf(2), 3)])
    assert join(1, welcome, ours).began().leaves == {0, 1, 2}


def test_a_call_in_which_two_have_one_key_is_not_entered() -> None:
    """CK-938: nor one in which somebody has ours, which all saw who heard us knock."""
    ours = key_package(1)
    for founder, other in (
        (own_leaf(), own_leaf()),
        (twin_in(ours), own_leaf()),
        (own_leaf(), twin_in(ours)),
    ):
        welcome = welcome_by(founder, [ours, bundle_with(other, 3)])
        with pytest.raises(PeerError, match="CK-938"):
            join(1, welcome, ours)
    welcome = welcome_by(own_leaf(1), [ours, bundle_with(own_leaf(2), 3)])
    assert join(1, welcome, ours).began().leaves == {0, 1, 2}


# Calls of two


def package_with(session: FakeSession, leaf: list[Extension]) -> KeyPackageBundle:
    return package_of(session, leaf_extensions=leaf)


def create(anna: FakeSession, ben: FakeSession, data: bytes) -> tuple[CallGroup, bytes]:
    return CallGroup.create(
        CALL, device(ben), data, anna.key_material, consent(anna), NOW, anna.rng
    )


def join_two(
    ben: FakeSession, anna: FakeSession, welcome: bytes, bundle: KeyPackageBundle
) -> CallGroup:
    return CallGroup.join(
        welcome, bundle, CALL, device(anna), ben.key_material, consent(ben), NOW, ben.rng
    )


@bad_leaves
def test_an_accept_without_a_key_is_refused(leaf: list[Extension]) -> None:
    """CK-937"""
    anna, ben = sessions()
    data = package_with(ben, leaf).key_package
    validator = anna.key_material.validator
    require_refused(
        "CK-937", lambda: check_key_package(data, device(ben), now=NOW, validator=validator)
    )
    require_refused("CK-937", lambda: create(anna, ben, data))
    good = package_with(ben, own_leaf()).key_package  # the control
    assert check_key_package(good, device(ben), now=NOW, validator=validator).data == good
    assert consent_of(create(anna, ben, good)[0].other).key == ConsentKey(
        OwnConsent.make(Dice(9_001)).key
    )


def test_an_accept_with_our_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-938: the callee cannot know it in time; nor would it help."""
    anna, ben = sessions()
    wiped: list[int] = []
    wipe = Group.wipe

    def counting(group: Group) -> None:
        wiped.append(len(group.members()))
        wipe(group)

    monkeypatch.setattr(Group, "wipe", counting)
    data = package_with(ben, [consent(anna).extension()]).key_package
    require_refused("CK-938", lambda: create(anna, ben, data))
    assert wiped == [1, 2], "the keys of both are gone"


def test_an_accept_without_a_key_ends_the_call() -> None:
    """CK-937, in a whole call: no Welcome, no frame, and the person is told why."""
    call, theirs, w = run(call_with(lambda w: package_with(w["ben1"].session, [])))
    assert call.end_code is Code.BAD_CREDENTIAL
    assert w["anna1"].to_contact.count("welcome") == 0
    assert sum(media.sent for media in w.relay.made) == 0
    assert theirs.end_code is Code.UNAVAILABLE
    call, _, w = run(call_with(lambda w: package_with(w["ben1"].session, own_leaf())))
    assert call.end_code is None
    assert sum(media.sent for media in w.relay.made) > 0


def welcome_of_two(
    anna: FakeSession, bundle: KeyPackageBundle, founder: list[Extension]
) -> tuple[bytes, Group]:
    group = Group.create(
        group_id=bytes(CALL),
        suite_id=SUITE_ID,
        identity=anna.key_material.credential,
        signature_private=anna.key_material.signature_private,
        rng=anna.rng,
        validator=lambda *_: None,
        lifetime=(NOW - 9, NOW + 9_000),
        leaf_extensions=founder,
    )
    made = group.commit(add=[bundle.key_package], rng=anna.rng, now=NOW)
    assert made.welcome is not None
    return made.welcome, made.group


@bad_leaves
def test_a_caller_without_a_key_is_refused(leaf: list[Extension]) -> None:
    """CK-937"""
    anna, ben = sessions()
    bundle = package_with(ben, [consent(ben).extension()])
    welcome, _ = welcome_of_two(anna, bundle, leaf)
    require_refused("CK-937", lambda: join_two(ben, anna, welcome, bundle))
    welcome, _ = welcome_of_two(anna, bundle, [consent(anna).extension()])  # the control
    joined = join_two(ben, anna, welcome, bundle)
    assert consent_of(joined.other).key == consent(anna).key


def test_a_caller_with_our_key_is_refused() -> None:
    """CK-938: it stands in our key package, so the caller can copy it."""
    anna, ben = sessions()
    bundle = package_with(ben, [consent(ben).extension()])
    leaf = [consent_extension(ConsentLeaf(consent(ben).key, never=True))]
    welcome, _ = welcome_of_two(anna, bundle, leaf)
    require_refused("CK-938", lambda: join_two(ben, anna, welcome, bundle))


def test_fresh_keys_that_drop_or_copy_a_consent_key_are_refused() -> None:
    """CK-367, CK-937, CK-938: nothing has changed at the callee."""
    anna, ben = sessions()
    bundle = package_with(ben, [consent(ben).extension()])
    copied = [consent_extension(ConsentLeaf(consent(ben).key, never=False))]
    for leaf, is_good in (
        ([], False),
        (leaf_of(never=1), False),
        (copied, False),
        (own_leaf(), True),
        ([consent(anna).extension()], True),
    ):
        welcome, group = welcome_of_two(anna, bundle, [consent(anna).extension()])
        callee = join_two(ben, anna, welcome, bundle)
        before, other = callee.frame_keys(), callee.other
        rekey = with_own_leaf(group, leaf).commit(rng=anna.rng, now=NOW).message
        if is_good:  # the control
            assert callee.decrypt(rekey, now=NOW) is Rekeyed.BY_CALLER
            assert callee.frame_keys().epoch == before.epoch + 1
            assert callee.other.extensions == tuple(leaf)
            continue
        with pytest.raises(PeerError) as refused:
            callee.decrypt(rekey, now=NOW)
        assert refused.value.code is Code.UNEXPECTED
        assert (callee.frame_keys(), callee.other) == (before, other)
        honest = group.commit(rng=anna.rng, now=NOW).message
        assert callee.decrypt(honest, now=NOW) is Rekeyed.BY_CALLER, "it can go on"


# New each time


def test_each_call_of_two_has_new_keys() -> None:
    async def story() -> list[OwnConsent]:
        keys = []
        async with World() as w:
            for number in (1, 2):
                call = await w["anna1"].call()
                theirs = await w["ben1"].accept(await w["ben1"].rings(number))
                await call.connected()
                await theirs.connected()
                for name, other in (("anna1", "ben1"), ("ben1", "anna1")):
                    (shell,) = w[name].service._shells.values()
                    (across,) = w[other].service._shells.values()
                    keys.append(shell.secrets.consent)
                    there = across.secrets.other_member
                    assert there is not None
                    leaf = ConsentLeaf(shell.secrets.consent.key, never=False)
                    assert consent_of(there) == leaf, "it is the one in our leaf"
                await call.hang_up()
                await theirs.ended()
        return keys

    keys = run(story())
    assert len({one.key for one in keys}) == len({one.private for one in keys}) == 4


async def test_a_guest_has_a_new_key_each_time_it_asks_to_be_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guest = entry()
    admission = guest._checked(passed(guest))
    said: list[bytes] = []

    async def knock(data: bytes) -> None:
        said.append(data)

    async def nobody(*_: object) -> Any:
        for _ in ():
            yield

    made = []
    package = guest._key_package

    def keep(admission: Any, consent: OwnConsent) -> KeyPackageBundle:
        made.append((consent, package(admission, consent)))
        return made[-1][1]

    monkeypatch.setattr(guest, "_key_package", keep)
    monkeypatch.setattr(guest, "_answers", nobody)
    door: Any = SimpleNamespace(knock=knock)
    for _ in range(2):
        assert await guest._added(door, admission) is None
    assert len(said) == 2 * COME_TRIES
    assert len({consent.key for consent, _ in made}) == 2
    # And it is the one that members see, once it is let in.
    host = found()
    consent = OwnConsent.make(Dice(5))
    host._validator = lambda *_: None  # it is judged elsewhere
    joiner = host.note(package(admission, consent).key_package, now=NOW)
    assert consent_of(host._noted[joiner][1]).key == consent.key


def shell_keys(call: GroupCall) -> GroupCallKeys:
    stay = call._steps
    assert isinstance(stay, Stay)
    assert stay._shell is not None
    return stay._shell._keys


async def test_each_entry_has_a_new_key_and_no_disk_has_one(own: People, tmp_path: Path) -> None:
    group, (anna, bob) = await group_of(own, "Choir", "anna", "bob")
    entries: list[OwnConsent] = []

    def seen(*calls: GroupCall) -> None:
        keys = [shell_keys(call) for call in calls]
        for one in keys:
            leaf = one.began().own
            if one.consent not in entries:
                entries.append(one.consent)
            for other in keys:
                assert consent_of(other.members()[leaf]).key == one.consent.key

    (ringing,) = await listening(bob)
    begun = await anna.call_group(group, **ends())
    bobs = await (await ringing).accept(**ends())
    await all_hear(begun, bobs, count=2)
    seen(begun, bobs)
    await bobs.leave()
    await all_hear(begun, count=1)
    again = await bob.call_group(group, **ends())
    await all_hear(begun, again, count=2)
    seen(begun, again)
    assert len(entries) == 3, "who comes again has another one"
    for call in (begun, again):
        await call.leave()
    (ringing,) = await listening(bob)
    begun = await anna.call_group(group, **ends())
    bobs = await (await ringing).accept(**ends())
    await all_hear(begun, bobs, count=2)
    seen(begun, bobs)
    assert len(entries) == 5, "and so has who begins another call"
    secrets = {
        f"{half} {number}": bytes(getattr(one, half))
        for number, one in enumerate(entries)
        for half in ("private", "key")
    }
    assert len(set(secrets.values())) == 10
    # While the call goes on, and when all is closed.
    for _ in range(2):
        data = folder_bytes(own.server.data_dir) + own.server.log.read_bytes()
        data += folder_bytes(own.profile("anna")) + folder_bytes(own.profile("bob"))
        assert found_in(data, secrets) == set()
        await own.close()
    for name, secret in secrets.items():  # the control
        (tmp_path / "leak").write_bytes(b"...." + forms(secret)[0] + b"....")
        assert found_in((tmp_path / "leak").read_bytes(), secrets) == {name}


# Never printed


@dataclass
class LeakyConsent:
    """What `OwnConsent` would print if nobody had thought of it."""

    private: bytes


def shows(thing: object, secret: bytes) -> bool:
    text = f"{thing!r}{thing!s}".encode()
    python = repr(secret)[2:-1].encode()
    return python in text or any(form in text for form in forms(secret))


def test_the_private_half_is_in_no_repr() -> None:
    own = OwnConsent.make(Dice(77))
    secret = bytes(own.private)
    keys = people()[0]
    anna, ben = sessions()
    of_two = CallGroup.create(
        CALL,
        device(ben),
        package_with(ben, own_leaf()).key_package,
        anna.key_material,
        own,
        NOW,
        anna.rng,
    )
    in_call = CallSecrets(anna, ben.account, CALL)
    in_call.consent = own
    entering = group_call_entry.Entering(
        "https://x.org", CALL, RoomId(KEY[:16]), KEY, keys, own, lambda _: None, lambda: 0, Dice(1)
    )
    printed = [
        own,
        own.private,
        own.extension(),
        GroupCallKeys.found(CALL, keys, own, lambda _: None, now=NOW, rng=Dice(1)),
        of_two,
        in_call,
        entering,
        [own],
        {"own": own},
    ]
    assert [thing for thing in printed if shows(thing, secret)] == []
    assert shows(LeakyConsent(secret), secret)  # the control


@pytest.mark.parametrize("never", [False, True])
def test_the_leaf_says_whether_its_owner_is_never_to_be_recorded(never: bool) -> None:
    own = OwnConsent.make(Dice(77), never=never)
    leaf = MemberInfo(None, b"", b"", (own.extension(),))
    assert consent_of(leaf) == ConsentLeaf(own.key, never)
    assert OwnConsent.make(Dice(77)) == replace(own, never=False)


def test_who_knocks_is_known_by_all_with_the_key_of_its_package() -> None:
    """And the joiner holds the private half of just that."""
    members = crew(2)
    bundle = key_package(5)
    offer = members[0].offer([note_all(members, bundle)], (), now=NOW)
    began, _ = commit(members[0], members[1:], offer)
    assert began.welcome is not None
    joined = join(5, began.welcome, bundle)
    for one in (*members, joined):
        assert consent_of(one.members()[2]).key == joined.consent.key
    assert joined.consent is consent_in(bundle)
