"""Proposals and commits that must be refused, sent by a member who keeps no rule but signs well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.core.mls.world import (
    NOW,
    Stream,
    World,
    anyone,
    commit_with,
    forge,
    package,
    refused,
    repackage,
    state_of,
)

from visavis.core.mls import Extension, ExtensionType, Group, RequiredCapabilities
from visavis.core.mls.codec import decode
from visavis.core.mls.commit_process import process_commit
from visavis.core.mls.framing import (
    AuthData,
    AuthenticatedContent,
    FramedContent,
    PublicMessage,
    Sender,
    SenderType,
)
from visavis.core.mls.key_package import sign_leaf
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import (
    Capabilities,
    Credential,
    CredentialType,
    LeafNode,
    LeafSource,
    Lifetime,
)
from visavis.core.mls.proposal_list import Proposed, check_proposal
from visavis.core.mls.proposals import (
    Add,
    Commit,
    ExternalInit,
    ExternalPsk,
    GroupContextExtensions,
    HpkeCiphertext,
    PreSharedKey,
    Proposal,
    ProposalRef,
    ReInit,
    Remove,
    ResumptionPsk,
    ResumptionUsage,
    Update,
    UpdatePath,
)
from visavis.core.mls.receive import proposal_reference
from visavis.core.mls.sending import new_update
from visavis.core.mls.state import provisional_context
from visavis.core.mls.suite import suite_of
from visavis.core.mls.treekem import merge_path
from visavis.core.mls.wire import WireFormat

SUITE = suite_of(1)
PSK = PreSharedKey(ExternalPsk(b"psk", bytes(32)))


@pytest.fixture
def world() -> World:
    made = World(4)
    for group in made.groups:
        group.add_psk(b"psk", b"\5" * 32)
    return made


def update_of(group: Group, **changes: Any) -> Update:
    """An Update with a changed leaf, signed again."""
    state = state_of(group)
    update, _ = new_update(state, Stream("update"))
    leaf = replace(update.leaf_node, **changes)
    key = state.signature_private
    return Update(sign_leaf(SUITE, leaf, key, state.context.group_id, state.own_leaf))


def add_of(name: str, **changes: Any) -> Add:
    return Add(repackage(package(name), **changes).struct())


def test_honest_commits_of_the_forger_are_accepted(world: World) -> None:
    """The positive control of everything below."""
    good: list[list[Proposal]] = [
        [],
        [Remove(3)],
        [add_of("x")],
        [PSK],
        [GroupContextExtensions(())],
        [Remove(3), add_of("y"), PSK],
    ]
    for proposals in good:
        for public in (False, True):
            twin = Group.from_bytes(world.groups[1].to_bytes(), validator=anyone)
            twin.process(commit_with(world.groups[0], proposals, public=public), now=NOW)
            assert twin.epoch == 2


def lists(world: World) -> list[tuple[str, list[Proposal]]]:
    joiner = add_of("x")
    return [
        ("CK-071", [Remove(0)]),
        ("CK-072", [Remove(3), Remove(3)]),
        ("CK-073", [GroupContextExtensions(()), GroupContextExtensions(())]),
        ("CK-074", [ReInit(b"next", 1, 1, ()), Remove(3)]),
        ("CK-074", [ReInit(b"next", 1, 1, ()), ReInit(b"next", 1, 1, ())]),
        ("CK-075", [ExternalInit(b"kem")]),
        ("CK-076", [PSK, PSK]),
        ("CK-077", [PreSharedKey(ExternalPsk(b"psk", bytes(31)))]),
        ("CK-078", [_resumption(ResumptionUsage.BRANCH)]),
        ("CK-078", [_resumption(ResumptionUsage.REINIT)]),
        ("CK-079", [ReInit(b"next", 0, 1, ())]),
        ("CK-010", [ReInit(b"next", 1, 99, ())]),
        ("CK-084", [PreSharedKey(ExternalPsk(b"unknown", bytes(32)))]),
        ("CK-084", [_resumption(ResumptionUsage.APPLICATION, epoch=99)]),
        ("CK-085", [GroupContextExtensions((Extension(ExtensionType.RATCHET_TREE, b""),))]),
        ("CK-085", [GroupContextExtensions((Extension(ExtensionType.EXTERNAL_PUB, b""),))]),
        ("CK-086", [Remove(4)]),
        ("CK-086", [Remove(2**32 - 1)]),
        ("CK-026", [joiner, joiner_again(joiner)]),
        ("CK-026", [member_again(world)]),
        ("CK-027", [joiner, replaced_key(joiner.key_package.leaf_node.encryption_key)]),
        ("CK-027", [replaced_key(member_key(world, 2))]),
        ("CK-029", [add_of("old", leaf={"lifetime": _over()})]),
        ("CK-035", [add_of("x", cipher_suite=2)]),
        ("CK-021", [add_of("x", leaf={"extensions": (Extension(0x7777, b""),)})]),
        ("CK-025", [GroupContextExtensions((Extension(0x7777, b""),))]),
        ("CK-023", [GroupContextExtensions((RequiredCapabilities((9,), (), ()).extension(),))]),
        ("CK-023", [GroupContextExtensions((RequiredCapabilities((), (9,), ()).extension(),))]),
        ("CK-023", [GroupContextExtensions((RequiredCapabilities((), (), (2,)).extension(),))]),
        ("CK-024", [x509()]),
    ]


def _over() -> Any:
    return Lifetime(NOW - 100 * 86_400, NOW - 60 * 86_400)


def _resumption(usage: ResumptionUsage, epoch: int = 1) -> PreSharedKey:
    return PreSharedKey(ResumptionPsk(usage, b"a group", epoch, bytes(32)))


def joiner_again(add: Add) -> Add:
    """Another key package of the same device."""
    del add
    return Add(package("x", rng=Stream("again"), key=package("x").signature_private).struct())


def member_again(world: World) -> Add:
    key = state_of(world.groups[2]).signature_private
    return Add(package("member 2", key=key).struct())


def member_key(world: World, leaf: int) -> bytes:
    return state_of(world.groups[0]).tree.member(leaf).encryption_key


def replaced_key(key: bytes) -> Add:
    return add_of("thief", leaf={"encryption_key": key})


def x509() -> Add:
    """A member whose credential the others cannot judge."""
    both = Capabilities((1,), (1,), (), (), (1, 2))
    credential = Credential(CredentialType.X509, b"\3abc")
    return add_of("x", leaf={"credential": credential, "capabilities": both})


CASES = [ck for ck, _ in lists(World(4))]


@pytest.mark.parametrize("number", range(len(CASES)), ids=CASES)
def test_lists_of_proposals(world: World, number: int) -> None:
    ck, proposals = lists(world)[number]
    for public in (False, True):
        with refused(ck, world.groups[1]):
            message = commit_with(world.groups[0], proposals, public=public)
            world.groups[1].process(message, now=NOW)
    # A committer refuses to make it in the first place.
    mine = [p for p in proposals if isinstance(p, Remove)]
    if mine == proposals:
        with refused(ck, world.groups[0]):
            world.make_commit(0, remove=[p.removed for p in mine])


def test_ck_072_removing_then_updating(world: World) -> None:
    update = world.groups[1].propose(rng=world.rng, now=NOW, update=True)
    for group in (world.groups[0], *world.groups[2:]):
        group.process(update, now=NOW)
    ((reference, item),) = state_of(world.groups[0]).pending.items()
    message = commit_with(
        world.groups[0], [ProposalRef(reference), Remove(1)], pending=[item], path=True
    )
    with refused("CK-072", world.groups[2]):
        world.groups[2].process(message, now=NOW)


def test_ck_070_a_committer_does_not_update_itself(world: World) -> None:
    with refused("CK-070", world.groups[1]):
        message = commit_with(world.groups[0], [update_of(world.groups[0])])
        world.groups[1].process(message, now=NOW)
    world.groups[0].propose(rng=world.rng, now=NOW, update=True)
    world.commit(0)  # leaves its own Update out


@pytest.mark.parametrize(
    ("ck", "changes"),
    [
        ("CK-020", {"source": LeafSource.COMMIT, "parent_hash": b""}),
        ("CK-022", {"capabilities": Capabilities((1,), (1,), (), (), ())}),
        ("CK-012", {"encryption_key": bytes(32)}),
        ("CK-021", {"extensions": (Extension(0x7777, b""),)}),
    ],
)
def test_updates(world: World, ck: str, changes: dict[str, Any]) -> None:
    one, two = world.groups[:2]
    with refused(ck, two):
        two.process(forge(one, update_of(one, **changes)), now=NOW)
    assert two.process(forge(one, update_of(one)), now=NOW)


def test_ck_028_an_update_with_the_old_key(world: World) -> None:
    one, two = world.groups[:2]
    with refused("CK-028", two):
        two.process(forge(one, update_of(one, encryption_key=member_key(world, 0))), now=NOW)


def test_ck_014_an_update_signed_for_another_place(world: World) -> None:
    one, two = world.groups[:2]
    leaf = update_of(one).leaf_node
    key = state_of(one).signature_private
    for group_id, index in ((b"another", 0), (b"a group", 1)):
        moved = Update(sign_leaf(SUITE, leaf, key, group_id, index))
        with refused("CK-014", two):
            two.process(forge(one, moved), now=NOW)


def test_ck_083_only_members_update() -> None:
    world = World(2)
    state = state_of(world.groups[0])
    update = update_of(world.groups[0])
    rules = Rules(NOW, anyone)
    member = Sender(SenderType.MEMBER, 0)
    check_proposal(update, member, state.tree, state.context, rules)
    with refused("CK-083"):
        joiner = Sender(SenderType.NEW_MEMBER_COMMIT)
        check_proposal(update, joiner, state.tree, state.context, rules)
    with refused("CK-086"):
        nobody = Sender(SenderType.MEMBER, 9)
        check_proposal(update, nobody, state.tree, state.context, rules)


def test_ck_075_members_do_not_propose_external_init(world: World) -> None:
    with refused("CK-075", world.groups[1]):
        world.groups[1].process(forge(world.groups[0], ExternalInit(b"kem")), now=NOW)


def test_ck_082_a_reference_to_nothing(world: World) -> None:
    with refused("CK-082", world.groups[1]):
        message = commit_with(world.groups[0], [ProposalRef(bytes(32))])
        world.groups[1].process(message, now=NOW)


def test_ck_082_a_proposal_we_did_not_get(world: World) -> None:
    proposal = world.groups[0].propose(rng=world.rng, now=NOW, remove=3)
    message = world.make_commit(0).message
    with refused("CK-082", world.groups[1]):
        world.groups[1].process(message, now=NOW)
    world.groups[1].process(proposal, now=NOW)
    world.groups[1].process(message, now=NOW)


def test_ck_100_a_path_is_demanded(world: World) -> None:
    for proposals in ([], [Remove(3)], [GroupContextExtensions(())], [Remove(3), PSK]):
        with refused("CK-100", world.groups[1]):
            message = commit_with(world.groups[0], proposals, path=False)
            world.groups[1].process(message, now=NOW)
    update = world.groups[2].propose(rng=world.rng, now=NOW, update=True)
    for group in world.groups[:2]:
        group.process(update, now=NOW)
    ((reference, item),) = state_of(world.groups[0]).pending.items()
    message = commit_with(world.groups[0], [ProposalRef(reference)], pending=[item], path=False)
    with refused("CK-100", world.groups[1]):
        world.groups[1].process(message, now=NOW)
    for proposals in ([PSK], [add_of("x")]):
        twin = Group.from_bytes(world.groups[1].to_bytes(), validator=anyone)
        twin.process(commit_with(world.groups[0], proposals, path=False), now=NOW)


def test_ck_100_the_removed_member_checks_it_too(world: World) -> None:
    with refused("CK-100", world.groups[3]):
        message = commit_with(world.groups[0], [Remove(3)], path=False)
        world.groups[3].process(message, now=NOW)


def signed_leaf(world: World, path: UpdatePath, **changes: Any) -> UpdatePath:
    state = state_of(world.groups[0])
    leaf = replace(path.leaf_node, **changes)
    signed = sign_leaf(SUITE, leaf, state.signature_private, state.context.group_id, 0)
    return replace(path, leaf_node=signed)


def node(path: UpdatePath, number: int, **changes: Any) -> UpdatePath:
    nodes = list(path.nodes)
    nodes[number] = replace(nodes[number], **changes)
    return replace(path, nodes=tuple(nodes))


Change = Callable[[World, UpdatePath], UpdatePath]
PATHS: list[tuple[str, Change]] = [
    ("CK-101", lambda _w, p: replace(p, nodes=p.nodes[:-1])),
    ("CK-101", lambda _w, p: replace(p, nodes=(*p.nodes, p.nodes[-1]))),
    ("CK-102", lambda _w, p: node(p, 0, secrets=())),
    ("CK-102", lambda _w, p: node(p, 1, secrets=p.nodes[1].secrets * 2)),
    ("CK-103", lambda w, p: signed_leaf(w, p, parent_hash=bytes(32))),
    ("CK-103", lambda _w, p: node(p, 1, encryption_key=b"\7" * 32)),
    ("CK-104", lambda w, p: node(p, 1, encryption_key=member_key(w, 2))),
    ("CK-104", lambda w, p: signed_leaf(w, p, encryption_key=member_key(w, 2))),
    ("CK-104", lambda _w, p: node(p, 1, encryption_key=p.nodes[0].encryption_key)),
    ("CK-012", lambda _w, p: node(p, 1, encryption_key=bytes(32))),
    ("CK-011", lambda _w, p: node(p, 1, encryption_key=b"short")),
    ("CK-020", lambda w, p: signed_leaf(w, p, source=LeafSource.UPDATE, parent_hash=None)),
    ("CK-028", lambda w, p: signed_leaf(w, p, encryption_key=member_key(w, 0))),
    ("CK-014", lambda _w, p: replace(p, leaf_node=replace(p.leaf_node, signature=bytes(64)))),
    ("CK-021", lambda w, p: signed_leaf(w, p, extensions=(Extension(0x7777, b""),))),
    ("CK-015", lambda _w, p: node(p, 0, secrets=tampered(p, 0))),
]


def tampered(path: UpdatePath, number: int) -> Any:
    return tuple(
        replace(s, ciphertext=bytes(len(s.ciphertext))) for s in path.nodes[number].secrets
    )


@pytest.mark.parametrize("number", range(len(PATHS)), ids=[ck for ck, _ in PATHS])
def test_paths(world: World, number: int) -> None:
    ck, change = PATHS[number]
    with refused(ck, world.groups[1]):
        message = commit_with(world.groups[0], [], change=lambda p: change(world, p))
        world.groups[1].process(message, now=NOW)


def test_ck_026_a_path_that_takes_anothers_signature_key(world: World) -> None:
    """Two leaves with one key: nobody could tell any more which of the two has spoken."""
    state, victim = state_of(world.groups[0]), state_of(world.groups[2])
    tree = state.tree.copy()
    shared = tree.member(2).signature_key
    tree.set_leaf(0, replace(tree.member(0), signature_key=shared))
    private = victim.signature_private
    thief = Group(replace(state, tree=tree, signature_private=private), anyone)
    with refused("CK-026", world.groups[1]):
        message = commit_with(thief, [], key=state.signature_private)
        world.groups[1].process(message, now=NOW)


def test_ck_105_a_path_secret_that_gives_another_key(world: World) -> None:
    """The committer seals a secret that does not belong to the key it published."""

    def wrong(path: UpdatePath) -> UpdatePath:
        state = state_of(world.groups[0])
        tree = state.tree.copy()
        merge_path(tree, 0, path)
        context = provisional_context(
            state.context, state.context.extensions, tree.tree_hash()
        ).encode()
        sealed = SUITE.encrypt_with_label(
            member_key(world, 1), b"UpdatePathNode", context, b"\7" * 32, Stream("w")
        )
        return node(path, 0, secrets=(HpkeCiphertext(*sealed),))

    with refused("CK-105", world.groups[1]):
        world.groups[1].process(commit_with(world.groups[0], [], change=wrong), now=NOW)


def test_ck_106_a_wrong_confirmation_tag(world: World) -> None:
    for change in (lambda t: bytes(len(t)), lambda t: t[:-1], lambda _t: b""):
        for public in (True, False):
            with refused("CK-106", world.groups[1]):
                message = commit_with(world.groups[0], [], tag=change, public=public)
                world.groups[1].process(message, now=NOW)


def test_ck_106_a_psk_that_we_have_otherwise(world: World) -> None:
    world.groups[1].add_psk(b"psk", b"another value")
    with refused("CK-106", world.groups[1]):
        world.groups[1].process(world.make_commit(0, psks=[b"psk"]).message, now=NOW)


def test_ck_107_our_own_commit(world: World) -> None:
    one = world.groups[0]
    message = world.make_commit(0, public=True).message
    with refused("CK-107", one):
        one.process(message, now=NOW)


def test_ck_109_an_update_whose_key_we_lost(world: World) -> None:
    two = world.groups[1]
    world.propose(1, update=True)
    message = world.make_commit(0).message
    two._state = replace(state_of(two), pending_updates={})
    with refused("CK-109", two):
        two.process(message, now=NOW)


def test_ck_109_no_key_for_the_path(world: World) -> None:
    two = world.groups[1]
    two._state = replace(state_of(two), privates={})
    with refused("CK-109", two):
        two.process(world.make_commit(0).message, now=NOW)


# External commits.


def external(world: World, **kw: Any) -> bytes:
    _, commit = Group.external_join(
        world.groups[0].group_info(),
        identity=b"joiner",
        signature_private=b"\x21" * 32,
        rng=Stream("external"),
        now=NOW,
        validator=anyone,
        **kw,
    )
    return commit


def reforge(world: World, message: bytes, change: Callable[[Commit], Commit]) -> bytes:
    """Change an external commit and sign it again."""
    public = decode(message[4:], PublicMessage.read)
    assert isinstance(public.framed.content, Commit)
    changed = change(public.framed.content)
    sender = public.framed.sender
    tag = public.auth.confirmation_tag
    return forge(world.groups[0], changed, public=True, sender=sender, tag=tag, key=b"\x21" * 32)


def plus(*more: Any) -> Callable[[Commit], Commit]:
    return lambda commit: replace(commit, proposals=(*commit.proposals, *more))


EXTERNALS: list[tuple[str, Callable[[Commit], Commit]]] = [
    ("CK-075", lambda c: replace(c, proposals=())),
    ("CK-075", lambda c: replace(c, proposals=c.proposals * 2)),
    ("CK-080", plus(Remove(1), Remove(2))),
    ("CK-080", plus(add_of("friend"))),
    ("CK-080", plus(GroupContextExtensions(()))),
    ("CK-081", plus(ProposalRef(bytes(32)))),
    ("CK-086", plus(Remove(9))),
    ("CK-100", lambda c: replace(c, path=None)),
    ("CK-106", plus(PSK)),
    ("CK-103", lambda c: c),
]


@pytest.mark.parametrize("number", range(len(EXTERNALS)), ids=[ck for ck, _ in EXTERNALS])
def test_external_commits(world: World, number: int) -> None:
    ck, change = EXTERNALS[number]
    message = external(world)
    if ck == "CK-103":

        def change(commit: Commit) -> Commit:
            assert commit.path is not None
            return replace(commit, path=moved(commit.path))

    with refused(ck, world.groups[1]):
        world.groups[1].process(reforge(world, message, change), now=NOW)
    world.groups[1].process(message, now=NOW)


def moved(path: UpdatePath) -> UpdatePath:
    leaf = replace(path.leaf_node, parent_hash=bytes(32))
    return replace(path, leaf_node=sign_leaf(SUITE, leaf, b"\x21" * 32, b"a group", 4))


def test_ck_014_an_external_commit_by_somebody_else(world: World) -> None:
    message = external(world)
    public = decode(message[4:], PublicMessage.read)
    forged = forge(
        world.groups[0],
        public.framed.content,
        public=True,
        sender=public.framed.sender,
        tag=public.auth.confirmation_tag,
    )
    with refused("CK-014", world.groups[1]):
        world.groups[1].process(forged, now=NOW)


def test_an_external_joiner_with_a_members_key(world: World) -> None:
    key = state_of(world.groups[2]).signature_private
    with refused("CK-026"):
        Group.external_join(
            world.groups[0].group_info(),
            identity=b"member 2",
            signature_private=key,
            rng=Stream("external"),
            now=NOW,
            validator=anyone,
        )


def test_ck_108_a_commit_from_a_sender_that_cannot(world: World) -> None:
    commit = Commit((), None)
    for kind in (SenderType.EXTERNAL, SenderType.NEW_MEMBER_PROPOSAL):
        framed = FramedContent(b"a group", 1, Sender(kind), b"", commit)
        signed = AuthenticatedContent(WireFormat.PUBLIC_MESSAGE, framed, AuthData(b"", b""))
        with refused("CK-108", world.groups[1]):
            process_commit(state_of(world.groups[1]), signed, commit, Rules(NOW, anyone))


def test_references_are_what_the_rfc_says(world: World) -> None:
    message = world.groups[0].propose(rng=world.rng, now=NOW, remove=3, public=True)
    public = decode(message[4:], PublicMessage.read)
    signed = AuthenticatedContent(WireFormat.PUBLIC_MESSAGE, public.framed, public.auth)
    world.groups[1].process(message, now=NOW)
    reference = proposal_reference(SUITE, signed)
    assert state_of(world.groups[1]).pending == {
        reference: Proposed(Remove(3), Sender(SenderType.MEMBER, 0))
    }
    assert isinstance(state_of(world.groups[1]).tree.member(0), LeafNode)
