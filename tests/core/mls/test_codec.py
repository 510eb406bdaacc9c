"""Encodings: what decodes re-encodes to the same bytes, and hostile lengths cost nothing."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.mls.world import World, package, refused

from visavis.core.errors import PeerError, UsageError
from visavis.core.mls import codec, peek, welcome_references
from visavis.core.mls.codec import Reader, decode
from visavis.core.mls.framing import AuthenticatedContent, PrivateMessage, PublicMessage, Sender
from visavis.core.mls.group_context import GroupContext, GroupInfo, GroupSecrets, Welcome
from visavis.core.mls.key_package import KeyPackageStruct, UnverifiedKeyPackage
from visavis.core.mls.leaf_node import (
    Credential,
    Extension,
    LeafNode,
    encode_extensions,
    read_extensions,
)
from visavis.core.mls.proposals import (
    Commit,
    ExternalInit,
    ExternalPsk,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    ResumptionPsk,
    ResumptionUsage,
    encode_proposal,
    read_proposal,
    read_psk_id,
)
from visavis.core.mls.ratchet_tree import ParentNode, RatchetTree
from visavis.core.mls.suite import suite_of
from visavis.core.mls.wire import WireFormat


@pytest.mark.parametrize("size", [0, 63, 64, 16383, 16384, 100_000, codec.MAX_LENGTH])
def test_lengths_round_trip_in_their_shortest_form(size: int) -> None:
    encoded = codec.length(size)
    assert decode(encoded, Reader.length) == size
    assert len(encoded) == 1 + (size > 63) + 2 * (size > 16383)


def test_too_long_for_any_length() -> None:
    with pytest.raises(UsageError):
        codec.length(codec.MAX_LENGTH + 1)


@pytest.mark.parametrize("encoded", ["4000", "403f", "80000000", "80003fff", "c000000000000000"])
def test_ck_002_longer_forms_of_a_length_are_refused(encoded: str) -> None:
    with refused("CK-002"):
        decode(bytes.fromhex(encoded), Reader.length)


@pytest.mark.parametrize("encoded", ["", "40", "800000", "05aabb"])
def test_ck_001_truncated(encoded: str) -> None:
    with refused("CK-001"):
        decode(bytes.fromhex(encoded), Reader.opaque)


def test_ck_001_an_item_cannot_reach_beyond_its_vector() -> None:
    with refused("CK-001"):
        decode(bytes.fromhex("03000100"), lambda r: r.items(codec.read_u16))
    assert decode(bytes.fromhex("0400010002"), lambda r: r.items(codec.read_u16)) == (1, 2)


def test_ck_003_trailing_bytes() -> None:
    with refused("CK-003"):
        decode(b"\x01a!", Reader.opaque)


def test_ck_004_optional() -> None:
    assert decode(b"\0", lambda r: r.optional(codec.read_u16)) is None
    assert decode(b"\1\0\7", lambda r: r.optional(codec.read_u16)) == 7
    with refused("CK-004"):
        decode(b"\2\0\7", lambda r: r.optional(codec.read_u16))


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("0008", read_proposal),
        ("03", read_psk_id),
        ("0204", read_psk_id),
        ("0003" + "00", Credential.read),
        ("09", Sender.read),
        ("0103", Commit.read),
        ("020107", lambda r: RatchetTree.decode(suite_of(1), r.rest())),
    ],
)
def test_ck_005_unknown_tags(data: str, read: object) -> None:
    assert callable(read)
    with refused("CK-005"):
        decode(bytes.fromhex(data), read)


def test_ck_006_and_ck_005_of_the_outer_frame() -> None:
    message = package("a").key_package
    assert peek(message).kind == "key_package"
    with refused("CK-006"):
        peek(b"\0\2" + message[2:])
    with refused("CK-005"):
        peek(b"\0\1\0\6" + message[4:])
    context = GroupContext(1, b"g", 1, b"", b"", ()).encode()
    assert decode(context, GroupContext.read).epoch == 1
    with refused("CK-006"):
        decode(b"\0\2" + context[2:], GroupContext.read)


def test_ck_007_an_extension_occurs_once() -> None:
    twice = encode_extensions([Extension(9, b"a"), Extension(9, b"b")])
    once = encode_extensions([Extension(9, b"a"), Extension(10, b"b")])
    assert len(decode(once, read_extensions)) == 2
    with refused("CK-007"):
        decode(twice, read_extensions)


def test_ck_008_a_message_of_another_kind() -> None:
    world = World(2)
    message = world.groups[0].encrypt(b"x", rng=world.rng)
    with refused("CK-008"):
        UnverifiedKeyPackage.parse(message)
    with refused("CK-008"):
        welcome_references(message)
    with refused("CK-008", world.groups[1]):
        world.groups[1].process(package("b").key_package, now=0)


def test_ck_046_unmerged_leaves_have_one_order() -> None:
    good = ParentNode(b"k", b"", (1, 5)).encode()
    assert decode(good, ParentNode.read).unmerged_leaves == (1, 5)
    for bad in ((5, 1), (1, 1)):
        with refused("CK-046"):
            decode(ParentNode(b"k", b"", bad).encode(), ParentNode.read)


PROPOSALS = [
    ReInit(b"g", 1, 1, (Extension(7, b"x"),)),
    ExternalInit(b"kem"),
    GroupContextExtensions((Extension(7, b"x"),)),
    PreSharedKey(ExternalPsk(b"id", b"nonce")),
    PreSharedKey(ResumptionPsk(ResumptionUsage.BRANCH, b"g", 7, b"nonce")),
]


@pytest.mark.parametrize("proposal", PROPOSALS)
def test_proposals_round_trip(proposal: ReInit) -> None:
    assert decode(encode_proposal(proposal), read_proposal) == proposal


def test_x509_credentials_are_parsed_as_lists_of_certificates() -> None:
    body = codec.opaque(b"one") + codec.opaque(b"two")
    encoded = b"\0\2" + codec.opaque(body)
    assert decode(encoded, Credential.read).encode() == encoded
    with refused("CK-001"):
        decode(b"\0\2" + codec.opaque(b"\x05ab"), Credential.read)


def messages() -> dict[str, bytes]:
    world = World(2)
    one = world.groups[0]
    pending = world.make_commit(0, add=[package("c").key_package], public=True)
    assert pending.welcome is not None
    return {
        "private": one.encrypt(b"hello", rng=world.rng),
        "public": pending.message,
        "welcome": pending.welcome,
        "group_info": one.group_info(),
        "key_package": package("d").key_package,
    }


MESSAGES = messages()


class Encoded(Protocol):
    def encode(self) -> bytes: ...


BODIES: dict[str, Callable[[Reader], Encoded]] = {
    "private": PrivateMessage.read,
    "public": PublicMessage.read,
    "welcome": Welcome.read,
    "group_info": GroupInfo.read,
    "key_package": KeyPackageStruct.read,
}
READERS: list[Callable[[Reader], Encoded]] = [
    *BODIES.values(),
    AuthenticatedContent.read,
    LeafNode.read,
    GroupSecrets.read,
]


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_message_re_encodes_and_every_truncation_is_refused(kind: str) -> None:
    message = MESSAGES[kind]
    head = peek(message)
    assert head.kind == kind
    shows_group = kind in {"private", "public", "group_info"}
    assert (head.group_id, head.epoch) == ((b"a group", 1) if shows_group else (None, None))
    value = decode(message[4:], BODIES[kind])
    assert value.encode() == message[4:]
    for size in range(len(message)):
        with pytest.raises(PeerError):
            peek(message[:size])
    with refused("CK-003"):
        peek(message + b"\0")


@given(st.sampled_from(READERS), st.binary(max_size=300))
def test_what_parses_re_encodes(read: Callable[[Reader], Encoded], data: bytes) -> None:
    try:
        value = decode(data, read)
    except PeerError:
        return
    assert value.encode() == data


@given(st.sampled_from(sorted(MESSAGES)), st.data())
def test_a_changed_message_parses_to_itself_or_not_at_all(kind: str, data: st.DataObject) -> None:
    message = bytearray(MESSAGES[kind])
    place = data.draw(st.integers(4, len(message) - 1))
    message[place] ^= data.draw(st.integers(1, 255))
    try:
        value = decode(bytes(message[4:]), BODIES[kind])
    except PeerError:
        return
    assert value.encode() == bytes(message[4:])


def test_a_hostile_length_allocates_nothing() -> None:
    claims = bytes.fromhex("bfffffff")  # 2**30 - 1 bytes
    tracemalloc.start()
    try:
        for read in (Reader.opaque, lambda r: r.items(codec.read_u16)):
            with refused("CK-001"):
                decode(claims, read)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_wire_formats_are_what_the_registry_says() -> None:
    assert [w.value for w in WireFormat] == [1, 2, 3, 4, 5]
