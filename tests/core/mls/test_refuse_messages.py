"""Messages that must be refused: wrong group, epoch, sender, tag, padding; nothing may change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.mls.world import (
    NOW,
    Stream,
    World,
    commit_with,
    forge,
    package,
    refused,
    state_of,
)

from visavis.core.mls import (
    Extension,
    ExtensionType,
    ProposalReceived,
    codec,
    signature_public_key,
)
from visavis.core.mls import receive as receiving
from visavis.core.mls.codec import decode
from visavis.core.mls.framing import (
    ContentType,
    FramedContent,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
)
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import Credential
from visavis.core.mls.proposals import Add, Commit, ExternalInit, ReInit, Remove
from visavis.core.mls.protection import protect_private, sign_content
from visavis.core.mls.receive import ExternalSender, receive
from visavis.core.mls.wire import WireFormat, wrap_message


@pytest.fixture
def world() -> World:
    return World(3)


def private(message: bytes) -> PrivateMessage:
    return decode(message[4:], PrivateMessage.read)


def rewrap(message: PrivateMessage | PublicMessage) -> bytes:
    kind = WireFormat.PRIVATE_MESSAGE
    if isinstance(message, PublicMessage):
        kind = WireFormat.PUBLIC_MESSAGE
    return wrap_message(kind, message.encode())


def flip(data: bytes, place: int = -1) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def test_ck_050_another_group(world: World) -> None:
    one, two = world.groups[:2]
    sealed = private(one.encrypt(b"x", rng=world.rng))
    with refused("CK-050", two):
        two.process(rewrap(replace(sealed, group_id=b"another")), now=NOW)
    public = decode(forge(one, Remove(2), public=True)[4:], PublicMessage.read)
    other = replace(public, framed=replace(public.framed, group_id=b"another"))
    with refused("CK-050", two):
        two.process(rewrap(other), now=NOW)
    two.process(rewrap(public), now=NOW)


def test_ck_051_another_epoch(world: World) -> None:
    one, two = world.groups[:2]
    sealed = private(one.encrypt(b"x", rng=world.rng))
    public = decode(forge(one, Remove(2), public=True)[4:], PublicMessage.read)
    for epoch in (0, 2, 2**64 - 1):
        with refused("CK-051", two):
            two.process(rewrap(replace(sealed, epoch=epoch)), now=NOW)
        other = replace(public, framed=replace(public.framed, epoch=epoch))
        with refused("CK-051", two):
            two.process(rewrap(other), now=NOW)
    two.process(rewrap(sealed), now=NOW)


def test_ck_058_handshake_messages_of_an_ended_epoch(world: World) -> None:
    late = forge(world.groups[0], Remove(2))
    world.commit(1)
    with refused("CK-058", world.groups[2]):
        world.groups[2].process(late, now=NOW)
    assert world.groups[2].process(forge(world.groups[0], Remove(2)), now=NOW)


def test_ck_015_a_tampered_ciphertext(world: World) -> None:
    one, two = world.groups[:2]
    sealed = private(one.encrypt(b"x", rng=world.rng, authenticated_data=b"aad"))
    for changed in (
        replace(sealed, ciphertext=flip(sealed.ciphertext)),
        replace(sealed, ciphertext=flip(sealed.ciphertext, 0)),
        replace(sealed, ciphertext=sealed.ciphertext[:-1]),
        replace(sealed, ciphertext=b""),
        replace(sealed, encrypted_sender_data=flip(sealed.encrypted_sender_data)),
        replace(sealed, encrypted_sender_data=b""),
        replace(sealed, authenticated_data=b"AAD"),
        replace(sealed, content_type=ContentType.PROPOSAL),
    ):
        with refused("CK-015", two):
            two.process(rewrap(changed), now=NOW)
    assert two.process(rewrap(sealed), now=NOW)


def test_ck_055_a_replay(world: World) -> None:
    one, two = world.groups[:2]
    message = one.encrypt(b"x", rng=world.rng)
    two.process(message, now=NOW)
    with refused("CK-055", two):
        two.process(message, now=NOW)
    with refused("CK-055", one):
        one.process(message, now=NOW)


def test_ck_056_too_far_ahead(world: World) -> None:
    one, two = world.groups[:2]
    state = state_of(one)
    _, tree = state.secret_tree.key_at(0, 4096, handshake=False)
    far = forge(one, b"x", state=replace(state, secret_tree=tree))
    with refused("CK-056", two):
        two.process(far, now=NOW)
    _, tree = state.secret_tree.key_at(0, 4095, handshake=False)
    assert two.process(forge(one, b"x", state=replace(state, secret_tree=tree)), now=NOW)


def test_ck_014_a_member_cannot_speak_as_another(world: World) -> None:
    """Every member has everybody's message keys; only the signature says who it was."""
    one, two, three = world.groups
    state = replace(state_of(two), own_leaf=0)
    for public in (True, False):
        content = Remove(1)
        message = forge(two, content, public=public, state=state)
        with refused("CK-014", three):
            three.process(message, now=NOW)
        three.process(forge(one, content, public=public), now=NOW)


def test_ck_014_a_signature_is_for_one_framing(world: World) -> None:
    """Signed as PublicMessage, sealed as PrivateMessage: the wire format is signed, too."""
    one, two = world.groups[:2]
    view, state = state_of(one).view(), state_of(one)
    sender = Sender(SenderType.MEMBER, 0)
    signed = sign_content(
        view, WireFormat.PUBLIC_MESSAGE, sender, b"x", b"", state.signature_private
    )
    with refused("CK-014", two):
        two.process(protect_private(view, signed, Stream("s"))[0], now=NOW)


def test_ck_052_without_the_membership_key(world: World) -> None:
    one, two = world.groups[:2]
    message = forge(one, Remove(2), public=True)
    with refused("CK-052", two):
        two.process(flip(message), now=NOW)
    state = state_of(one)
    outsider = replace(state, keys=replace(state.keys, membership=bytes(32)))
    with refused("CK-052", two):
        two.process(forge(one, Remove(2), public=True, state=outsider), now=NOW)
    two.process(message, now=NOW)


def test_ck_053_application_data_in_the_clear(world: World) -> None:
    one, two = world.groups[:2]
    with refused("CK-053", two):
        two.process(forge(one, b"readable", public=True), now=NOW)


def test_ck_054_a_sender_that_is_no_member(world: World) -> None:
    one, two = world.groups[:2]
    for leaf in (3, 77):
        state = replace(state_of(one), own_leaf=leaf)
        _, _, tree = state_of(one).secret_tree.next_key(0, handshake=False)
        tree = replace(tree, application={leaf: tree.application[0]})
        with refused("CK-054", two):
            two.process(forge(one, b"x", state=replace(state, secret_tree=tree)), now=NOW)


def test_ck_047_a_public_sender_that_is_no_member(world: World) -> None:
    one, two = world.groups[:2]
    nobody = Sender(SenderType.MEMBER, 3)
    with refused("CK-047", two):
        two.process(forge(one, Remove(1), public=True, sender=nobody), now=NOW)


def test_ck_057_padding_that_is_not_zero(world: World) -> None:
    one, two = world.groups[:2]
    state = state_of(one)
    view = state.view()
    sender = Sender(SenderType.MEMBER, 0)
    signed = sign_content(
        view, WireFormat.PRIVATE_MESSAGE, sender, b"x", b"", state.signature_private
    )

    class Auth:
        signature = signed.auth.signature
        hidden = b"\0hidden"

        def encode(self) -> bytes:
            return signed.auth.encode() + self.hidden

    smuggled = replace(signed, auth=Auth())  # type: ignore[arg-type]
    with refused("CK-057", two):
        two.process(protect_private(view, smuggled, Stream("s"))[0], now=NOW)
    Auth.hidden = b"\0\0\0"
    assert two.process(protect_private(view, smuggled, Stream("s"))[0], now=NOW)


def test_malformed_inside(world: World) -> None:
    """A member can seal anything; what does not parse is refused like any other message."""
    one, two = world.groups[:2]

    class Short:
        signature = b""

        def encode(self) -> bytes:
            return b"\x40"

    state = state_of(one)
    view = state.view()
    sender = Sender(SenderType.MEMBER, 0)
    signed = sign_content(
        view, WireFormat.PRIVATE_MESSAGE, sender, b"x", b"", state.signature_private
    )
    broken = replace(signed, auth=Short())  # type: ignore[arg-type]
    with refused("CK-001", two):
        two.process(protect_private(view, broken, Stream("s"), pad_to=0)[0], now=NOW)


EXTERNAL = Sender(SenderType.EXTERNAL, 0)
KEY = b"\x11" * 32


def external_world() -> World:
    senders = codec.vector(
        [ExternalSender(signature_public_key(1, KEY), Credential.basic(b"the server")).encode()]
    )
    return World(3, extensions=[Extension(ExtensionType.EXTERNAL_SENDERS, senders)])


def test_ck_060_external_senders_are_listed(world: World) -> None:
    listed = external_world()
    one, two = listed.groups[:2]
    good = forge(one, Remove(2), public=True, sender=EXTERNAL, key=KEY)
    received = two.process(good, now=NOW)
    assert isinstance(received, ProposalReceived)
    assert received.sender is None
    one.process(good, now=NOW)
    second = Sender(SenderType.EXTERNAL, 1)
    with refused("CK-060", two):
        two.process(forge(one, Remove(1), public=True, sender=second, key=KEY), now=NOW)
    with refused("CK-060", world.groups[1]):
        bad = forge(world.groups[0], Remove(2), public=True, sender=EXTERNAL, key=KEY)
        world.groups[1].process(bad, now=NOW)
    with refused("CK-014", two):
        two.process(forge(one, Remove(1), public=True, sender=EXTERNAL), now=NOW)
    pending = listed.make_commit(0)
    two.process(pending.message, now=NOW)
    assert len(two.members()) == 2


def test_ck_061_external_senders_do_not_commit() -> None:
    one, two = external_world().groups[:2]
    for content in (Commit((), None), ExternalInit(b"x")):
        tag = b"" if isinstance(content, Commit) else None
        with refused("CK-061", two):
            two.process(
                forge(one, content, public=True, sender=EXTERNAL, key=KEY, tag=tag), now=NOW
            )


def test_ck_061_newcomers_do_not_propose_themselves(world: World) -> None:
    bundle = package("pushy")
    newcomer = Sender(SenderType.NEW_MEMBER_PROPOSAL)
    one, two = world.groups[:2]
    key = bundle.signature_private
    add = forge(one, Add(bundle.struct()), public=True, sender=newcomer, key=key)
    with refused("CK-061", two):
        two.process(add, now=NOW)
    with refused("CK-061", two):
        two.process(forge(one, Remove(1), public=True, sender=newcomer, key=key), now=NOW)
    # The rule is the product's: where it is switched off, the same message is a proposal.
    state, received = receive(
        state_of(two), add, Rules(NOW, lambda _new, _old: None, outsiders=True)
    )
    assert isinstance(received, ProposalReceived)
    assert len(state.pending) == 1


def test_ck_059_joiners_only_commit(world: World) -> None:
    joiner = Sender(SenderType.NEW_MEMBER_COMMIT)
    with refused("CK-059", world.groups[1]):
        message = forge(world.groups[0], Remove(2), public=True, sender=joiner)
        world.groups[1].process(message, now=NOW)


def test_ck_062_a_group_that_ended(world: World) -> None:
    message = commit_with(world.groups[1], [ReInit(b"next", 1, 1, ())])
    world.groups[2].process(message, now=NOW)
    ended = world.groups[2]
    assert not ended.is_active
    assert ended.epoch == 2
    for content in (b"x", Remove(1)):
        sealed = private(forge(world.groups[0], content))
        with refused("CK-062", ended):
            ended.process(rewrap(replace(sealed, epoch=2)), now=NOW)
    public = decode(forge(world.groups[0], Remove(1), public=True)[4:], PublicMessage.read)
    with refused("CK-062", ended):
        other = replace(public, framed=replace(public.framed, epoch=2))
        ended.process(rewrap(other), now=NOW)
    # What was sent before the end can still be read.
    assert ended.process(world.groups[0].encrypt(b"before", rng=world.rng), now=NOW)


def test_ck_063_a_flood_of_proposals(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MAX_PENDING", 2)
    two = world.groups[1]
    for _ in range(2):
        two.process(world.groups[0].propose(rng=world.rng, now=NOW, update=True), now=NOW)
    third = world.groups[2].propose(rng=world.rng, now=NOW, update=True)
    with refused("CK-063", two):
        two.process(third, now=NOW)


def test_framed_content_is_what_is_signed() -> None:
    framed = FramedContent(b"g", 1, Sender(SenderType.MEMBER, 0), b"", b"x")
    context = b"context"
    assert framed.to_be_signed(WireFormat.PRIVATE_MESSAGE, context).endswith(context)
    outside = replace(framed, sender=EXTERNAL)
    assert not outside.to_be_signed(WireFormat.PUBLIC_MESSAGE, context).endswith(context)
