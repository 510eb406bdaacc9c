"""What a commit of a group may do: every rule by a commit that keeps it and one that breaks it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import pytest

from visavis.core.content_group import Departure, GroupChange, GroupTerms
from visavis.core.content_records import MAX_LEAVES, MemberDevice
from visavis.core.device_list import DeviceList, ListedDevice, sign_first, sign_successor
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.group_rules import (
    EXTENSION,
    Epoch,
    Leaf,
    check_commit,
    check_departure,
    decode_terms,
    encode_terms,
    keepers_after,
    leaf_digest,
    sign_departure,
    terms_of,
)
from visavis.core.ids import AccountId, DeviceId, Digest, GroupId, SignatureKey
from visavis.core.mls import signature_public_key
from visavis.core.mls.suite import SUITE_ID

from .content_examples import address

rng: Final = random.Random(24).randbytes
GROUP: Final = GroupId.random(rng)
NOTHING: Final = GroupChange((), ())


@dataclass
class Person:
    """An account with two devices, the second of which is used only where a test says so."""

    account: AccountId
    identity: bytes
    keys: dict[DeviceId, bytes]
    signed_list: DeviceList

    @classmethod
    def make(cls, devices: int = 2, account: AccountId | None = None) -> Person:
        keys = {DeviceId.random(rng): rng(32) for _ in range(devices)}
        account, identity = account or AccountId.random(rng), rng(32)
        return cls(account, identity, keys, sign_first(account, identity, listed(keys)))

    @property
    def devices(self) -> list[DeviceId]:
        return sorted(self.keys)

    def leaf(self, index: int, device: int = 0, list_: DeviceList | None = None) -> Leaf:
        key = leaf_digest(b"%d" % index + bytes(self.devices[device]))
        return Leaf(index, self.account, self.devices[device], list_ or self.signed_list, key)

    def leaves(self, word_of: Leaf, group: GroupId = GROUP) -> Departure:
        assert word_of.key is not None
        private = self.keys[word_of.device]
        return sign_departure(group, self.account, word_of.device, word_of.key, private)

    def at(self, device: int = 0) -> MemberDevice:
        return MemberDevice(self.account, self.devices[device], "x", address())


def listed(keys: dict[DeviceId, bytes]) -> list[ListedDevice]:
    public = {device: signature_public_key(SUITE_ID, key) for device, key in keys.items()}
    return [ListedDevice(device, SignatureKey(key)) for device, key in public.items()]


ANNA, BOB, CARL, DORA = (Person.make() for _ in range(4))
TERMS: Final = GroupTerms("Hikes", (ANNA.account,))
A, B, C = ANNA.leaf(0), BOB.leaf(1), CARL.leaf(2)
BEFORE: Final = Epoch(TERMS, (A, B, C))


def terms(*keepers: Person, name: str = "Hikes", picture: Digest | None = None) -> GroupTerms:
    return GroupTerms(name, tuple(sorted(one.account for one in keepers)), picture)


def commit(
    leaves: Iterable[Leaf],
    *,
    by: int,
    after: GroupTerms | None = TERMS,
    removed: Iterable[int] = (),
    change: GroupChange = NOTHING,
    before: Epoch = BEFORE,
) -> None:
    check_commit(GROUP, before, Epoch(after, tuple(leaves)), by, set(removed), change)


def refused(why: str) -> pytest.RaisesExc[PeerError]:
    return pytest.raises(PeerError, match=why)


def test_terms_have_one_form() -> None:
    """CK-830: keepers are sorted, and nothing but the terms stands in the context."""
    both = terms(ANNA, BOB)
    data = encode_terms(both)
    assert decode_terms(data) == both
    assert terms_of([(EXTENSION, data)]) == both
    with pytest.raises(UsageError, match="CK-830"):
        encode_terms(replace(both, keepers=both.keepers[::-1]))
    with pytest.raises(UsageError, match="CK-830"):
        encode_terms(replace(both, keepers=both.keepers[:1] * 2))
    with pytest.raises(UsageError):
        encode_terms(replace(both, keepers=()))
    for extensions in (
        [],
        [(EXTENSION, data), (3, b"")],
        [(5, data)],
        [(3, b""), (EXTENSION, data)],
    ):
        with refused("CK-830"):
            terms_of(extensions)
    with refused("malformed"):
        terms_of([(EXTENSION, data + b"\0")])


@pytest.mark.parametrize("by", [0, 1, 2])
def test_anybody_renames_and_brings_in_who_said_yes(by: int) -> None:
    other = terms(ANNA, name="Climbs", picture=leaf_digest(b"x"))
    commit((A, B, C), by=by, after=other)
    commit((A, B, C, DORA.leaf(3)), by=by, change=GroupChange((DORA.at(),), ()))
    commit((A, B, C, DORA.leaf(3)), by=by)  # who does not know the address need not say it


@pytest.mark.parametrize("by", [1, 2])
def test_who_is_no_keeper_removes_nobody(by: int) -> None:
    """CK-832."""
    for gone in {0, 1, 2} - {by}:
        with refused("CK-832"):
            commit((leaf for leaf in (A, B, C) if leaf.index != gone), by=by, removed={gone})


def test_a_keeper_removes_and_only_whole_people() -> None:
    """CK-832, CK-833."""
    commit((A, C), by=0, removed={1})
    commit((A,), by=0, removed={1, 2})
    second = BOB.leaf(3, 1)
    before = Epoch(TERMS, (A, B, C, second))
    commit((A, C), by=0, removed={1, 3}, before=before)
    for only in (1, 3):
        with refused("CK-833"):
            rest = [leaf for leaf in before.leaves if leaf.index != only]
            commit(rest, by=0, removed={only}, before=before)


def test_a_leaf_put_in_the_place_of_another_of_the_same_device_is_a_removal() -> None:
    """CK-832, CK-833: a spent key package cannot be used to throw a device out of its own leaf."""
    for by, why in ((2, "CK-832"), (0, "CK-833")):
        with refused(why):
            commit((A, BOB.leaf(1), C), by=by, removed={1})


def test_everybody_removes_devices_of_their_own() -> None:
    second = BOB.leaf(3, 1)
    before = Epoch(TERMS, (A, B, C, second))
    commit((A, B, C), by=1, removed={3}, before=before)
    commit((A, C, second), by=3, removed={1}, before=before)


def test_who_left_is_removed_by_anybody_on_their_word() -> None:
    """CK-834."""
    word = BOB.leaves(B)
    commit((A, C), by=2, removed={1}, change=GroupChange((), (word,)))
    second = BOB.leaf(3, 1)
    before = Epoch(TERMS, (A, B, C, second))
    commit((A, C), by=2, removed={1, 3}, change=GroupChange((), (word,)), before=before)
    # All their devices or none; and not twice.
    for rest, gone in (((A, C, second), {1}), ((A, B, C, second), set())):
        with refused("CK-833"):
            commit(rest, by=2, removed=gone, change=GroupChange((), (word,)), before=before)
    with refused("CK-833"):
        commit((A, C), by=2, removed={1}, change=GroupChange((), (word, word)))


@pytest.mark.parametrize(
    ("word", "code"),
    [
        (replace(BOB.leaves(B), leaf=leaf_digest(b"a later leaf")), Code.BAD_CREDENTIAL),
        (replace(BOB.leaves(B), account=CARL.account), Code.BAD_CREDENTIAL),
        (replace(BOB.leaves(B), device=BOB.devices[1]), Code.BAD_CREDENTIAL),
        (BOB.leaves(B, GroupId.random(rng)), Code.BAD_SIGNATURE),
        (replace(BOB.leaves(B), signature=CARL.leaves(C).signature), Code.BAD_SIGNATURE),
    ],
)
def test_the_word_is_of_this_device_in_this_leaf_of_this_group(word: Departure, code: Code) -> None:
    """CK-834: nobody else's, of no other group, and not said before they came back."""
    check_departure(GROUP, BOB.leaves(B), BEFORE.leaves)
    with pytest.raises(PeerError) as wrong:
        commit((A, C), by=2, removed={1}, change=GroupChange((), (word,)))
    assert wrong.value.code is code


def test_a_device_that_its_account_shut_out_is_removed_when_the_account_shows_it() -> None:
    """CK-832: the account's newer list, in another of its leaves, is as good as its word."""
    _, other = BOB.devices
    keys = {other: BOB.keys[other]}
    newer = sign_successor(BOB.signed_list, BOB.identity, listed(keys))
    commit((A, C, BOB.leaf(3, 1, newer)), by=2, removed={1})
    with refused("CK-832"):  # the list that it carries itself still shows it
        commit((A, C, BOB.leaf(3, 1)), by=2, removed={1})
    stays = sign_successor(BOB.signed_list, BOB.identity, listed(BOB.keys))
    with refused("CK-832"):
        commit((A, C, BOB.leaf(3, 1, stays)), by=2, removed={1})


def test_keepers_name_keepers() -> None:
    """CK-835."""
    commit((A, B, C), by=0, after=terms(ANNA, BOB))
    commit((A, B, C), by=0, after=terms(BOB))
    for hostile in (terms(ANNA, BOB), terms(BOB), terms(BOB, CARL)):
        with refused("CK-835"):
            commit((A, B, C), by=1, after=hostile)


def test_a_keeper_is_a_member() -> None:
    """CK-836."""
    with refused("CK-836"):
        commit((A, B, C), by=0, after=terms(ANNA, DORA))
    with refused("CK-836"):  # removed, and named all the same
        commit((A, C), by=0, removed={1}, after=terms(ANNA, BOB))


def test_there_is_always_a_keeper() -> None:
    """CK-835: when the last one leaves, whoever is in the lowest leaf, and nobody else."""
    change = GroupChange((), (ANNA.leaves(A),))
    commit((B, C), by=2, removed={0}, after=terms(BOB), change=change)
    for hostile in (terms(CARL), terms(BOB, CARL)):
        with refused("CK-835"):
            commit((B, C), by=2, removed={0}, after=hostile, change=change)
    with refused("CK-836"):
        commit((B, C), by=2, removed={0}, change=change)
    # Whoever comes in by the same commit, into the place that became free, is not it.
    newcomer = GroupChange((DORA.at(),), change.left)
    commit((DORA.leaf(0), B, C), by=2, removed={0}, after=terms(BOB), change=newcomer)
    with refused("CK-835"):
        commit((DORA.leaf(0), B, C), by=2, removed={0}, after=terms(DORA), change=newcomer)
    # One of two leaves: the other goes on alone.
    two = Epoch(terms(ANNA, CARL), (A, B, C))
    commit((B, C), by=1, removed={0}, after=terms(CARL), change=change, before=two)
    assert keepers_after([ANNA.account], [B, C]) == (BOB.account,)
    assert keepers_after([ANNA.account, CARL.account], [B, C]) == (CARL.account,)


def test_nobody_stands_in_the_roster_as_somebody_else() -> None:
    """CK-837."""
    impostor = Person.make(account=BOB.account)
    with refused("CK-837"):
        commit((A, B, C, impostor.leaf(3)), by=0)
    with refused("CK-837"):
        commit((A, B, C, BOB.leaf(3)), by=0)


def test_a_group_has_bounds() -> None:
    """CK-838."""
    crowd = [Person.make(1).leaf(index) for index in range(3, MAX_LEAVES)]
    commit((A, B, C, *crowd), by=0)
    with refused("CK-838"):
        commit((A, B, C, *crowd, DORA.leaf(MAX_LEAVES)), by=0)


def test_a_commit_gives_addresses_of_those_it_adds_only() -> None:
    """CK-839: else a member could draw what is said to another to itself."""
    for hostile in (BOB.at(), DORA.at()):
        with refused("CK-839"):
            commit((A, B, C), by=0, change=GroupChange((hostile,), ()))
    with refused("CK-839"):
        commit((A, B, C, DORA.leaf(3)), by=0, change=GroupChange((DORA.at(1),), ()))


def test_whom_it_removes_judges_as_far_as_it_can_read() -> None:
    """CK-832: the terms of an epoch without us are sealed, the roster is not."""
    commit((A, C), by=0, removed={1}, after=None)
    with refused("CK-832"):
        commit((A, C), by=2, removed={1}, after=None)


def test_what_is_judged_is_known() -> None:
    with pytest.raises(UsageError):
        commit((A, B, C), by=7)
    with pytest.raises(UsageError):
        commit((A, B, C), by=0, before=Epoch(None, BEFORE.leaves))
