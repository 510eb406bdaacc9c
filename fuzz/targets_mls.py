"""Decoders of MLS (RFC 9420): structures, and whole messages against a live group.

Behind a signature a mutation is refused before anything interesting. So some targets mutate what
a *member* signs, seals or encrypts: a hostile insider, or whoever sends a Welcome.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from fuzz.engine import Target
from visavis.core import mls
from visavis.core.errors import UsageError, VisavisError
from visavis.core.mls import codec, framing, group_context, protection
from visavis.core.mls.framing import Sender, SenderType
from visavis.core.mls.key_package import KeyPackageStruct
from visavis.core.mls.leaf_check import RequiredCapabilities, Rules
from visavis.core.mls.leaf_node import Capabilities, Credential, LeafNode
from visavis.core.mls.peek import peek
from visavis.core.mls.proposals import Commit, encode_proposal, read_proposal
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.state import GroupState
from visavis.core.mls.suite import suite_of
from visavis.core.mls.tree_check import check_tree
from visavis.core.mls.wire import WireFormat, read_wire_format, wrap_message

NOW: Final = 2_000_000_000
SUITE: Final = 1
"""X25519: its messages are a tenth of those of 0xF04D, so mutations meet structure more often;
the codec is the same for all suites."""


def accept_all(new: mls.MemberInfo, replaces: mls.MemberInfo | None) -> None:
    """Judge nobody: what credentials mean is another target's matter."""


class World:
    """A group of four, a fifth about to join, and one message of each kind."""

    def __init__(self) -> None:
        self.rng = random.Random(1).randbytes
        self.founder = mls.Group.create(
            group_id=b"fuzz",
            suite_id=SUITE,
            identity=b"member 0",
            signature_private=mls.generate_signature_key(SUITE, self.rng),
            rng=self.rng,
            validator=accept_all,
            lifetime=(NOW - 60, NOW + 86_400),
        )
        bundles = [self.bundle(i) for i in range(1, 4)]
        made = self.commit(self.founder, add=[b.key_package for b in bundles])
        self.founder = made.group
        assert made.welcome is not None
        self.receiver = mls.Group.join(made.welcome, bundles[0], now=NOW, validator=accept_all)
        self.update = self.founder.propose(rng=self.rng, now=NOW, update=True)
        self.receiver.process(self.update, now=NOW)
        self.newcomer = self.bundle(4)
        self.messages = [
            self.commit(self.founder, public=public, include_pending=False).message
            for public in (False, True)
        ]
        self.messages += [
            self.founder.encrypt(b"hello", rng=self.rng),
            self.founder.propose(rng=self.rng, now=NOW, remove=2),
            self.founder.propose(rng=self.rng, now=NOW, add=self.newcomer.key_package, public=True),
        ]
        added = self.commit(self.founder, add=[self.newcomer.key_package], include_pending=False)
        assert added.welcome is not None
        self.added, self.welcome = added.group, added.welcome
        self.group_info = self.founder.group_info(with_tree=True)
        self.messages.append(added.message)

    def bundle(self, number: int) -> mls.KeyPackageBundle:
        """Return a key package of another device."""
        return mls.new_key_package(
            suite_id=SUITE,
            identity=b"member %d" % number,
            signature_private=mls.generate_signature_key(SUITE, self.rng),
            not_before=NOW - 60,
            not_after=NOW + 86_400,
            rng=self.rng,
        )

    def commit(self, group: mls.Group, **arguments: Any) -> mls.PendingCommit:
        """Make a commit."""
        return group.commit(rng=self.rng, now=NOW, **arguments)

    def commits(self) -> list[Commit]:
        """Return commits of many shapes, as structures."""
        kinds: list[dict[str, Any]] = [
            {},
            {"remove": [2]},
            {"add": [self.newcomer.key_package]},
            {"add": [self.newcomer.key_package], "remove": [3], "path": True},
            {"extensions": [mls.Extension(mls.ExtensionType.REQUIRED_CAPABILITIES, bytes(3))]},
        ]
        made = []
        for kind in kinds:
            pending = self.commit(self.founder, public=True, include_pending=False, **kind)
            reader = codec.Reader(pending.message)
            body = framing.read_group_message(reader, read_wire_format(reader))
            assert isinstance(body, framing.PublicMessage)
            assert isinstance(body.framed.content, Commit)
            made.append(body.framed.content)
        return made


@functools.cache
def world() -> World:
    """Return the one world; nothing in it changes."""
    return World()


def structure(
    name: str, read: Callable[[codec.Reader], Any], samples: Callable[[], list[Any]]
) -> Target:
    """Return the target of a structure with `read` and `encode`."""

    def encode(value: Any) -> bytes:
        return bytes(value.encode())

    def check(data: bytes) -> str:
        value = codec.decode(data, read)
        if encode(value) != data:
            raise AssertionError(f"{name} re-encodes to other bytes")
        return type(value).__name__

    return Target(f"mls.{name}", lambda: [encode(sample) for sample in samples()], check)


def _any_message(data: bytes) -> str:
    head = peek(data)
    reader = codec.Reader(data)
    match read_wire_format(reader):
        case WireFormat.WELCOME as kind:
            body: Any = group_context.Welcome.read(reader)
        case WireFormat.KEY_PACKAGE as kind:
            body = KeyPackageStruct.read(reader)
        case WireFormat.GROUP_INFO as kind:
            body = group_context.GroupInfo.read(reader)
        case kind:
            body = framing.read_group_message(reader, kind)
    reader.finish()
    if wrap_message(kind, body.encode()) != data:
        raise AssertionError("an MLSMessage re-encodes to other bytes")
    return head.kind


def _state_of(group: mls.Group) -> GroupState:
    return group._state  # noqa: SLF001 - an insider knows their own state


def _copy(group: mls.Group) -> mls.Group:
    return mls.Group(_state_of(group), accept_all)


def _process(data: bytes) -> str:
    group = _copy(world().receiver)
    before = _state_of(group)
    try:
        return type(group.process(data, now=NOW)).__name__
    except VisavisError:
        # States are immutable: the same object means that nothing has changed.
        if _state_of(group) is not before:
            raise AssertionError("a refused message changed the group") from None
        raise


def _insider(data: bytes) -> str:
    """Sign and send mutated commits with the founder's keys."""
    commit = codec.decode(data, Commit.read)
    state = _state_of(world().founder)
    view, sender = state.view(), Sender(SenderType.MEMBER, state.own_leaf)
    signed = protection.sign_content(
        view, WireFormat.PUBLIC_MESSAGE, sender, commit, b"", state.signature_private
    )
    signed = replace(signed, auth=replace(signed.auth, confirmation_tag=bytes(32)))
    message = protection.protect_public(state.suite, signed, view.context, state.keys.membership)
    return _process(message)


def _insider_samples() -> list[bytes]:
    return [commit.encode() for commit in world().commits()]


def _never_accepted(check: Callable[[bytes], str]) -> Callable[[bytes], str]:
    """Return a check of a commit whose confirmation tag is wrong: refused at the very end.

    The sample's own refusal counts as its acceptance, so that samples are not turned down.
    """

    def wrapped(data: bytes) -> str:
        try:
            check(data)
        except UsageError:
            raise
        except VisavisError as error:
            if "CK-106" in error.detail:
                return "reached the confirmation tag"
            raise
        raise AssertionError("a commit with a wrong confirmation tag was accepted")

    return wrapped


def _join(data: bytes) -> str:
    group = mls.Group.join(data, world().newcomer, now=NOW, validator=accept_all)
    return f"epoch {group.epoch}"


def _external_join(data: bytes) -> str:
    joined = _join_by_group_info(data)
    if data != world().group_info:
        raise AssertionError("a GroupInfo that nobody signed was accepted")
    return joined


def _join_by_group_info(data: bytes) -> str:
    here = world()
    mls.Group.external_join(
        data,
        identity=b"newcomer",
        signature_private=here.newcomer.signature_private,
        rng=here.rng,
        now=NOW,
        validator=accept_all,
    )
    return "joined"


def _hostile_group_info(data: bytes) -> str:
    """Sign a mutated GroupInfo as the founder would, tree and all."""
    info = codec.decode(data, group_context.GroupInfo.read)
    state = _state_of(world().founder)
    signature = state.suite.sign_with_label(
        state.signature_private, b"GroupInfoTBS", info.to_be_signed()
    )
    signed = replace(info, signature=signature)
    return _join_by_group_info(wrap_message(WireFormat.GROUP_INFO, signed.encode()))


def _group_info_samples() -> list[bytes]:
    reader = codec.Reader(world().group_info)
    read_wire_format(reader)
    return [reader.rest()]


def _tree(data: bytes) -> str:
    tree = RatchetTree.decode(suite_of(SUITE), data)
    if tree.encode() != data:
        raise AssertionError("a ratchet tree re-encodes to other bytes")
    context = _state_of(world().added).context
    tree.tree_hash()
    try:
        check_tree(tree, context.group_id, context.extensions, Rules(NOW, accept_all))
    except VisavisError as error:
        return error.detail[:6]
    return "valid"


def _key_package(data: bytes) -> str:
    parsed = mls.UnverifiedKeyPackage.parse(data)
    parsed.verify(now=NOW, validator=accept_all, suite_id=SUITE)
    if wrap_message(WireFormat.KEY_PACKAGE, parsed.struct.encode()) != data:
        raise AssertionError("a key package re-encodes to other bytes")
    return "key package"


def _stored_group(data: bytes) -> str:
    group = mls.Group.from_bytes(data, validator=accept_all)
    if group.to_bytes() != data:
        raise AssertionError("a stored group re-encodes to other bytes")
    return "group"


def _stored_bundle(data: bytes) -> str:
    if mls.KeyPackageBundle.from_bytes(data).to_bytes() != data:
        raise AssertionError("a stored key package re-encodes to other bytes")
    return "bundle"


def _proposals() -> list[bytes]:
    found = [p for commit in world().commits() for p in commit.proposals]
    return [encode_proposal(p) for p in found]  # type: ignore[arg-type]  # all by value here


def _proposal(data: bytes) -> str:
    proposal = codec.decode(data, read_proposal)
    if encode_proposal(proposal) != data:
        raise AssertionError("a proposal re-encodes to other bytes")
    return type(proposal).__name__


def _leaves() -> list[LeafNode]:
    return [leaf for _, leaf in _state_of(world().added).tree.leaves()]


def _welcome() -> group_context.Welcome:
    reader = codec.Reader(world().welcome)
    read_wire_format(reader)
    return group_context.Welcome.read(reader)


TARGETS: Final = [
    Target(
        "mls.message",
        lambda: [
            *world().messages,
            world().welcome,
            world().group_info,
            world().newcomer.key_package,
        ],
        _any_message,
    ),
    structure("leaf_node", LeafNode.read, _leaves),
    structure("capabilities", Capabilities.read, lambda: [_leaves()[0].capabilities]),
    structure("credential", Credential.read, lambda: [_leaves()[0].credential]),
    structure("commit", Commit.read, lambda: world().commits()),
    structure("welcome", group_context.Welcome.read, lambda: [_welcome()]),
    structure(
        "group_context",
        group_context.GroupContext.read,
        lambda: [_state_of(world().added).context],
    ),
    structure(
        "group_secrets",
        group_context.GroupSecrets.read,
        lambda: [
            group_context.GroupSecrets(bytes(32), None, ()),
            group_context.GroupSecrets(bytes(32), bytes(32), ()),
        ],
    ),
    Target(
        "mls.required_capabilities",
        lambda: [bytes(3), bytes.fromhex("0400010002" + "020003" + "020001")],
        lambda data: str(len(codec.decode(data, RequiredCapabilities.read).extensions)),
    ),
    Target("mls.proposal", _proposals, _proposal),
    Target("mls.ratchet_tree", lambda: [world().added.ratchet_tree()], _tree),
    Target("mls.key_package", lambda: [world().newcomer.key_package], _key_package),
    Target("mls.process", lambda: world().messages, _process),
    Target("mls.process.insider", _insider_samples, _never_accepted(_insider)),
    Target("mls.join", lambda: [world().welcome], _join),
    Target("mls.external_join", lambda: [world().group_info], _external_join),
    Target("mls.external_join.insider", _group_info_samples, _hostile_group_info),
    Target("mls.stored_group", lambda: [world().receiver.to_bytes()], _stored_group),
    Target("mls.stored_bundle", lambda: [world().newcomer.to_bytes()], _stored_bundle),
]
