"""What a group can do, told as short stories."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.mls.world import (
    ALL_SUITES,
    DAY,
    NOW,
    Stream,
    World,
    anyone,
    forge,
    founder,
    package,
    refused,
    state_of,
)

from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError
from visavis.core.mls import (
    SUITE_ID,
    ApplicationMessage,
    CommitApplied,
    Extension,
    Group,
    MemberInfo,
    ProposalReceived,
    RequiredCapabilities,
    UnverifiedKeyPackage,
    generate_signature_key,
    peek,
    welcome_references,
)
from visavis.core.mls.proposals import ReInit
from visavis.core.mls.state import PAST_EPOCHS, RESUMPTION_EPOCHS


@pytest.mark.parametrize("suite_id", ALL_SUITES)
def test_a_whole_life_in_every_suite(suite_id: int) -> None:
    world = World(4, suite_id=suite_id)
    one, two = world.groups[:2]
    message = one.encrypt(b"hello", rng=world.rng, authenticated_data=b"aad")
    received = two.process(message, now=NOW)
    assert received == ApplicationMessage(one.members()[0], b"hello", b"aad", 1)
    world.propose(1, update=True)
    world.commit(2)
    world.commit(3, public=True)
    world.commit(0, remove=[2])
    assert not world.groups[2].is_active
    world.groups.pop(2)
    joined, commit = Group.external_join(
        world.groups[0].group_info(),
        identity=b"outsider",
        signature_private=generate_signature_key(suite_id, world.rng),
        rng=world.rng,
        now=NOW,
        validator=anyone,
    )
    world.deliver(commit, -1)
    world.groups.append(joined)
    world.agree()
    world.commit(3)
    assert {g.suite_id for g in world.groups} == {suite_id}


def test_the_creator_alone() -> None:
    group = founder()
    assert (group.epoch, group.own_leaf, group.group_id) == (0, 0, b"a group")
    assert [m.identity for m in group.members()] == [b"member 0"]
    after = group.commit(rng=Stream("alone"), now=NOW).group
    assert (group.epoch, after.epoch) == (0, 1)
    assert after.epoch_authenticator != group.epoch_authenticator


def test_a_lost_race_costs_nothing() -> None:
    world = World(3)
    one, two, three = world.groups
    lost = world.make_commit(0, add=[package("x").key_package])
    won = world.make_commit(1)
    for group in (one, three):
        group.process(won.message, now=NOW)
    world.groups[1] = won.group
    world.agree()
    assert lost.group.epoch == one.epoch
    with refused("CK-058", one):
        one.process(lost.message, now=NOW)
    assert two.epoch == 1  # its owner replaces it by won.group


def test_the_message_key_of_a_lost_commit_is_not_used_again() -> None:
    world = World(2)
    first = world.make_commit(0).message
    second = world.make_commit(0).message
    ratchet = state_of(world.groups[0]).secret_tree.handshake[0]
    assert ratchet.generation == 2
    assert first != second
    world.groups[1].process(second, now=NOW)


def test_what_a_commit_tells() -> None:
    world = World(3)
    receiver = world.groups[1]
    bundle = world.package("new")
    applied = None
    pending = world.make_commit(0, add=[bundle.key_package], remove=[2])
    applied = receiver.process(pending.message, now=NOW)
    assert isinstance(applied, CommitApplied)
    assert applied.epoch == 2
    assert applied.committer == receiver.members()[0]
    assert [(m.leaf_index, m.identity) for m in applied.added] == [(2, b"new")]
    assert [(m.leaf_index, m.identity) for m in applied.removed] == [(2, b"member 2")]
    assert not applied.self_removed
    gone = world.groups[2].process(pending.message, now=NOW)
    assert isinstance(gone, CommitApplied)
    assert (gone.self_removed, gone.epoch) == (True, 1)


def test_a_removed_member_reads_nothing_new() -> None:
    world = World(3)
    removed = world.groups[2]
    early = world.groups[0].encrypt(b"before", rng=world.rng)
    world.commit(0, remove=[2])
    late = world.groups[0].encrypt(b"after", rng=world.rng)
    with refused("CK-051", removed):
        removed.process(late, now=NOW)
    received = removed.process(early, now=NOW)
    assert isinstance(received, ApplicationMessage)
    assert received.content == b"before"
    uses: list[Any] = [
        lambda: removed.encrypt(b"x", rng=world.rng),
        lambda: removed.commit(rng=world.rng, now=NOW),
        lambda: removed.propose(rng=world.rng, now=NOW, update=True),
        lambda: removed.exporter("x", b"", 32),
        lambda: removed.epoch_authenticator,
        lambda: removed.resumption_psk,
        removed.group_info,
    ]
    for use in uses:
        with refused("CK-062", removed):
            use()
    state = state_of(removed)
    assert not any(getattr(state.keys, name) for name in state.keys.__slots__)
    assert not state.privates
    assert not state.signature_private
    assert not state.secret_tree.secrets


def test_every_proposal_by_reference() -> None:
    world = World(4)
    world.groups[0].add_psk(b"psk", b"\5" * 32)
    for group in world.groups[1:]:
        group.add_psk(b"psk", b"\5" * 32)
    bundle = world.package("new")
    required = RequiredCapabilities((0x000A,), (), (1,)).extension()
    world.propose(0, add=bundle.key_package)
    world.propose(1, update=True, public=True)
    world.propose(2, remove=3)
    world.propose(0, psk=b"psk")
    world.propose(1, psk=world.groups[0].epoch)
    message = world.propose(2, extensions=[required])
    assert peek(message).kind == "private"
    assert all(g.has_pending for g in world.groups)
    pending = world.commit(0)
    assert pending.welcome is not None
    assert welcome_references(pending.welcome) == (bundle.reference,)
    joined = Group.join(
        pending.welcome,
        bundle,
        now=NOW,
        validator=anyone,
        psks={b"psk": b"\5" * 32},
        resumption_psks={(b"a group", 1): world.groups[1]._state.resumption[b"a group", 1]},
    )
    assert joined.epoch_authenticator == world.groups[0].epoch_authenticator
    assert joined.extensions == (required,)
    # Who made the Welcome is known to who came by it, and forgotten with this object.
    assert joined.welcomed_by == world.groups[0].members()[0]
    assert world.groups[0].welcomed_by is None
    assert Group.from_bytes(joined.to_bytes(), validator=anyone).welcomed_by is None
    assert not world.groups[3].is_active
    assert not world.groups[0].has_pending


def test_a_proposal_tells_who_and_what() -> None:
    world = World(2)
    message = world.groups[1].propose(rng=world.rng, now=NOW, remove=1)
    received = world.groups[0].process(message, now=NOW)
    assert isinstance(received, ProposalReceived)
    assert received.sender == world.groups[0].members()[1]
    again = world.groups[0].to_bytes()
    with refused("CK-055", world.groups[0]):
        world.groups[0].process(message, now=NOW)
    assert world.groups[0].to_bytes() == again


def test_a_public_proposal_twice_is_one() -> None:
    world = World(2)
    message = world.propose(1, remove=1, public=True)
    before = world.groups[0].to_bytes()
    world.groups[0].process(message, now=NOW)
    world.groups[1].process(message, now=NOW)
    assert world.groups[0].to_bytes() == before
    world.commit(0)
    assert not world.groups[1].is_active


def test_pending_proposals_that_do_not_fit_are_left_out() -> None:
    world = World(4)
    world.propose(1, update=True)
    world.propose(1, update=True)
    world.propose(2, remove=1)
    world.propose(3, remove=1)
    world.propose(2, remove=0)
    world.propose(0, update=True)
    bundle = world.package("twice")
    world.propose(1, add=bundle.key_package)
    world.propose(2, add=bundle.key_package)
    world.propose(2, extensions=[])
    world.propose(3, extensions=[])
    world.propose(3, update=True)
    pending = world.commit(0)
    assert [m.identity for m in pending.group.members()] == [
        b"member 0",
        b"twice",
        b"member 2",
        b"member 3",
    ]


def test_the_newest_update_wins() -> None:
    world = World(3)
    world.propose(1, update=True)
    world.propose(1, update=True)
    newest = list(state_of(world.groups[1]).pending_updates)[-1]
    world.commit(0)
    assert state_of(world.groups[1]).tree.member(1).encryption_key == newest
    world.commit(1)


def test_own_choices_go_before_pending_ones() -> None:
    world = World(4)
    world.groups[0].add_psk(b"psk", b"k")
    for group in world.groups[1:]:
        group.add_psk(b"psk", b"k")
    world.propose(1, remove=3)
    world.propose(2, extensions=[])
    bundle = world.package("new")
    world.propose(2, add=bundle.key_package)
    required = RequiredCapabilities((), (), (1,)).extension()
    pending = world.commit(0, remove=[3], extensions=[required], add=[bundle.key_package])
    assert pending.group.extensions == (required,)
    assert len(pending.group.members()) == 4


def test_without_pending() -> None:
    world = World(3)
    world.propose(1, remove=2)
    world.commit(0, include_pending=False)
    assert world.groups[2].is_active


def test_psks_can_be_forgotten() -> None:
    world = World(2)
    world.groups[0].add_psk(b"psk", b"k")
    world.groups[0].forget_psk(b"psk")
    with refused("CK-084"):
        world.make_commit(0, psks=[b"psk"])


def test_one_change_per_proposal() -> None:
    group = World(2).groups[0]
    for change in ({}, {"remove": 1, "update": True}):
        with pytest.raises(UsageError):
            group.propose(rng=Stream("x"), now=NOW, **change)  # type: ignore[arg-type]


def test_late_messages_of_past_epochs() -> None:
    world = World(2)
    letters = []
    for _ in range(PAST_EPOCHS + 1):
        letters.append(world.groups[0].encrypt(b"letter", rng=world.rng))
        world.commit(1)
    with refused("CK-051", world.groups[1]):
        world.groups[1].process(letters[0], now=NOW)
    for epoch, letter in enumerate(letters[1:], start=2):
        received = world.groups[1].process(letter, now=NOW)
        assert isinstance(received, ApplicationMessage)
        assert (received.content, received.epoch) == (b"letter", epoch)
        with refused("CK-055", world.groups[1]):
            world.groups[1].process(letter, now=NOW)


def test_what_is_kept_is_bounded() -> None:
    world = World(2)
    for _ in range(RESUMPTION_EPOCHS + 3):
        world.commit(0)
    for group in world.groups:
        assert len(state_of(group).past) == PAST_EPOCHS
        assert len(state_of(group).resumption) == RESUMPTION_EPOCHS


def test_out_of_order_within_an_epoch() -> None:
    world = World(2)
    sent = [world.groups[0].encrypt(bytes([i]), rng=world.rng) for i in range(6)]
    for index in (5, 0, 3, 1, 4, 2):
        received = world.groups[1].process(sent[index], now=NOW)
        assert isinstance(received, ApplicationMessage)
        assert received.content == bytes([index])


def test_padding() -> None:
    group = World(2).groups[0]
    sizes = {len(group.encrypt(bytes(n), rng=Stream("p"))) for n in range(20)}
    assert len(sizes) <= 2
    short = len(group.encrypt(b"", rng=Stream("p"), pad_to=0))
    assert len(group.encrypt(b"x", rng=Stream("p"), pad_to=0)) == short + 1
    assert len(group.encrypt(b"", rng=Stream("p"), pad_to=4096)) >= 4096


def test_welcome_without_tree() -> None:
    world = World(2)
    bundle = world.package("far")
    pending = world.commit(0, add=[bundle.key_package], welcome_with_tree=False)
    assert pending.welcome is not None
    with refused("CK-122"):
        Group.join(pending.welcome, bundle, now=NOW, validator=anyone)
    tree = pending.ratchet_tree
    joined = Group.join(pending.welcome, bundle, now=NOW, validator=anyone, ratchet_tree=tree)
    assert joined.epoch_authenticator == pending.group.epoch_authenticator
    info = world.groups[0].group_info(with_tree=False)
    assert len(info) < len(tree)


def test_joiners_without_a_path_still_hear_the_next_commit() -> None:
    world = World(3)
    world.add(0, world.package("a"), world.package("b"), path=False)
    world.commit(4)
    world.commit(3)


def test_an_external_joiner_replaces_its_old_self() -> None:
    world = World(3)
    key = generate_signature_key(1, world.rng)
    asked: list[tuple[MemberInfo, MemberInfo | None]] = []
    world.groups[0]._validator = lambda new, old: asked.append((new, old))
    joined, commit = Group.external_join(
        world.groups[1].group_info(with_tree=False),
        identity=b"member 2",
        signature_private=key,
        rng=world.rng,
        now=NOW,
        validator=anyone,
        ratchet_tree=world.groups[1].ratchet_tree(),
        resync_leaf=2,
    )
    applied = [g.process(commit, now=NOW) for g in world.groups]
    assert [a.self_removed for a in applied if isinstance(a, CommitApplied)] == [False, False, True]
    first = applied[0]
    assert isinstance(first, CommitApplied)
    assert [m.leaf_index for m in (*first.added, *first.removed)] == [2, 2]
    world.groups[2] = joined
    world.agree()
    new, old = asked[-1]
    assert old is not None
    assert (new.identity, old.identity, new.leaf_index) == (b"member 2", b"member 2", 2)


class Refuser:
    """An authentication service that knows whom it does not like."""

    def __init__(self, disliked: bytes) -> None:
        self.disliked = disliked

    def __call__(self, new: MemberInfo, _old: MemberInfo | None) -> None:
        if new.identity == self.disliked:
            raise AuthorizationError(Code.BAD_CREDENTIAL, "not on the list")


def test_the_validator_judges_everywhere() -> None:
    world = World(2)
    bundle = world.package("mallory")
    strict = world.groups[1]
    strict._validator = Refuser(b"mallory")
    before = strict.to_bytes()
    pending = world.make_commit(0, add=[bundle.key_package])
    proposal = world.groups[0].propose(rng=world.rng, now=NOW, add=bundle.key_package)
    _, external = Group.external_join(
        world.groups[0].group_info(),
        identity=b"mallory",
        signature_private=generate_signature_key(1, world.rng),
        rng=world.rng,
        now=NOW,
        validator=anyone,
    )
    for message in (pending.message, proposal, external):
        with pytest.raises(AuthorizationError):
            strict.process(message, now=NOW)
    with pytest.raises(AuthorizationError):
        strict.commit(add=[bundle.key_package], rng=world.rng, now=NOW)
    assert strict.to_bytes() == before
    assert pending.welcome is not None
    with pytest.raises(AuthorizationError):
        Group.join(pending.welcome, bundle, now=NOW, validator=Refuser(b"member 0"))
    assert Group.join(pending.welcome, bundle, now=NOW, validator=Refuser(b"nobody"))


def test_wipe() -> None:
    group = World(2).groups[0]
    group.encrypt(b"x", rng=Stream("w"))
    secrets = list(state_of(group).privates.values())
    group.wipe()
    assert not group.is_active
    assert not any(secret in group.to_bytes() for secret in secrets)
    assert state_of(group).past == ()
    before = group.to_bytes()
    group.wipe()
    assert group.to_bytes() == before


def test_wiping_a_group_that_we_were_removed_from() -> None:
    world = World(2)
    world.commit(0, remove=[1])
    gone = world.groups[1]
    assert state_of(gone).past
    gone.wipe()
    assert not state_of(gone).past


def test_the_resumption_psk_links_another_group() -> None:
    world = World(2)
    first, second = (group.resumption_psk for group in world.groups)
    assert first == second
    other = founder()
    bundle = package("linked")
    other.add_psk(b"link", first)
    pending = other.commit(add=[bundle.key_package], psks=[b"link"], rng=Stream("l"), now=NOW)
    assert pending.welcome is not None
    linked = Group.join(pending.welcome, bundle, now=NOW, validator=anyone, psks={b"link": second})
    assert linked.epoch_authenticator == pending.group.epoch_authenticator
    with refused("CK-015"):
        Group.join(pending.welcome, bundle, now=NOW, validator=anyone, psks={b"link": b"other"})


def test_a_pending_reinit_is_not_taken_up() -> None:
    world = World(2)
    world.groups[0].process(forge(world.groups[1], ReInit(b"next", 1, 1, ())), now=NOW)
    assert world.groups[0].has_pending
    pending = world.make_commit(0)
    assert pending.group.is_active
    world.groups[1].process(pending.message, now=NOW)


def test_representations_show_three_bytes_of_an_id() -> None:
    group = World(2).groups[0]
    assert repr(group) == f"Group(GroupState({b'a group'[:3].hex()}, epoch=1, leaf=0))"
    bundle = package("x")
    assert repr(bundle) == f"KeyPackageBundle({bundle.reference[:3].hex()})"


def test_context_extensions_of_a_new_group() -> None:
    required = RequiredCapabilities((), (), (1,)).extension()
    world = World(2, extensions=[required])
    assert all(g.extensions == (required,) for g in world.groups)
    with refused("CK-025"):
        founder(extensions=[Extension(0xABCD, b"")])


def test_the_product_suite_is_the_default() -> None:
    bundle = package("x", suite_id=SUITE_ID)
    assert bundle.struct().cipher_suite == 0xF04D
    assert DAY == 86_400


def test_what_is_said_beside_a_commit_is_authenticated() -> None:
    """Members get it with the commit, those it removes too; altered, the commit does not open."""
    world = World(3)
    for remove in ((), (2,)):
        pending = world.groups[0].commit(
            rng=world.rng, now=NOW, remove=remove, authenticated_data=b"because"
        )
        forged = pending.message.replace(b"because", b"BECAUSE")
        assert forged != pending.message
        for group in world.groups[1:]:
            with pytest.raises(PeerError):
                group.process(forged, now=NOW)
            done = group.process(pending.message, now=NOW)
            assert isinstance(done, CommitApplied)
            assert done.authenticated_data == b"because"
            assert done.self_removed is (group.own_leaf in remove)
        world.groups[0] = pending.group


def test_a_leaf_says_what_it_supports_and_has_a_new_key_after_each_commit() -> None:
    """CK-025: with an extension in the context nobody comes in who does not list it."""
    ours = Extension(0xF0A1, b"terms")
    rng = Stream("supports")
    group = Group.create(
        group_id=b"a group",
        suite_id=1,
        identity=b"member 0",
        signature_private=generate_signature_key(1, rng),
        rng=rng,
        validator=anyone,
        lifetime=(NOW - DAY, NOW + DAY),
        extensions=(ours,),
        supports=(0xF0A1,),
    )
    with pytest.raises(PeerError, match="CK-025"):
        group.commit(rng=rng, now=NOW, add=[package("old").key_package])
    able = package("new", supports=(0xF0A1,))
    checked = UnverifiedKeyPackage.parse(able.key_package).verify(
        now=NOW, validator=anyone, suite_id=1
    )
    assert 0xF0A1 in checked.supports
    after = group.commit(rng=rng, now=NOW, add=[able.key_package]).group
    assert after.extensions == (ours,)
    assert after.encryption_key(0) != group.encryption_key(0)
    with pytest.raises(PeerError, match="CK-047"):
        group.encryption_key(1)
