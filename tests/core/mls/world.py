"""Groups and members for the MLS tests: everything from one seed, plus the tools of a forger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from visavis.core.errors import PeerError
from visavis.core.mls import (
    SUITE_ID,
    Extension,
    Group,
    KeyPackageBundle,
    MemberInfo,
    PendingCommit,
    generate_signature_key,
    new_key_package,
)
from visavis.core.mls.checks import CHECKS
from visavis.core.mls.framing import AuthData, Content, Sender, SenderType
from visavis.core.mls.key_package import KeyPackageStruct, sign_leaf
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.proposal_list import Applied, Proposed, apply_proposals
from visavis.core.mls.proposals import Commit, ProposalOrRef, ProposalRef, UpdatePath
from visavis.core.mls.protection import protect_private, protect_public, sign_content
from visavis.core.mls.state import GroupState, NextEpoch, advance, provisional_context
from visavis.core.mls.suite import suite_of
from visavis.core.mls.treekem import new_path
from visavis.core.mls.wire import WireFormat, wrap_message

NOW = 1_800_000_000
DAY = 86_400
ALL_SUITES = (1, 2, 3, 4, 5, 6, 7, SUITE_ID)


class Stream:
    """Random-looking bytes from a seed."""

    def __init__(self, seed: str = "") -> None:
        self._seed, self._count = seed.encode(), 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._seed + self._count.to_bytes(8, "big")).digest(size)


def anyone(_new: MemberInfo, _old: MemberInfo | None) -> None:
    """Accept every credential."""


def package(
    name: str, *, suite_id: int = 1, rng: Stream | None = None, **kw: Any
) -> KeyPackageBundle:
    rng = rng or Stream(f"package {name}")
    return new_key_package(
        suite_id=suite_id,
        identity=name.encode(),
        signature_private=kw.pop("key", None) or generate_signature_key(suite_id, rng),
        not_before=kw.pop("not_before", NOW - DAY),
        not_after=kw.pop("not_after", NOW + 30 * DAY),
        rng=rng,
        **kw,
    )


def founder(
    *, suite_id: int = 1, extensions: Sequence[Extension] = (), rng: Stream | None = None
) -> Group:
    rng = rng or Stream("founder")
    return Group.create(
        group_id=b"a group",
        suite_id=suite_id,
        identity=b"member 0",
        signature_private=generate_signature_key(suite_id, rng),
        rng=rng,
        validator=anyone,
        lifetime=(NOW - DAY, NOW + 30 * DAY),
        extensions=extensions,
    )


class World:
    """All members of one group; `groups[i]` is at leaf i until somebody is removed."""

    def __init__(
        self, members: int, *, suite_id: int = 1, extensions: Sequence[Extension] = ()
    ) -> None:
        self.suite_id = suite_id
        self.rng = Stream(f"world {members} {suite_id}")
        self.groups = [founder(suite_id=suite_id, extensions=extensions, rng=self.rng)]
        if members > 1:
            self.add(0, *(self.package(f"member {i}") for i in range(1, members)))

    def package(self, name: str, **kw: Any) -> KeyPackageBundle:
        return package(name, suite_id=self.suite_id, rng=self.rng, **kw)

    def add(self, who: int, *bundles: KeyPackageBundle, **options: Any) -> PendingCommit:
        pending = self.commit(who, add=[b.key_package for b in bundles], **options)
        assert pending.welcome is not None
        for bundle in bundles:
            tree = pending.ratchet_tree
            joined = Group.join(
                pending.welcome, bundle, now=NOW, validator=anyone, ratchet_tree=tree
            )
            assert joined.epoch_authenticator == self.groups[who].epoch_authenticator
            self.groups.append(joined)
        return pending

    def make_commit(self, who: int, **options: Any) -> PendingCommit:
        return self.groups[who].commit(rng=self.rng, now=NOW, **options)

    def commit(self, who: int, **options: Any) -> PendingCommit:
        """Commit, deliver, and check that all who remain agree."""
        pending = self.make_commit(who, **options)
        self.deliver(pending.message, who)
        self.groups[who] = pending.group
        self.agree()
        return pending

    def propose(self, who: int, **change: Any) -> bytes:
        message = self.groups[who].propose(rng=self.rng, now=NOW, **change)
        self.deliver(message, who)
        return message

    def deliver(self, message: bytes, sender: int) -> None:
        for index, group in enumerate(self.groups):
            if index != sender and group.is_active:
                group.process(message, now=NOW)

    def agree(self) -> None:
        active = [g for g in self.groups if g.is_active]
        assert len({(g.epoch, g.epoch_authenticator, g.ratchet_tree()) for g in active}) == 1
        assert len({g.exporter("test", b"context", 32) for g in active}) == 1


@contextmanager
def refused(ck: str, *unchanged: Group) -> Iterator[None]:
    """Expect one check to refuse, with its code, and groups to be exactly as before."""
    before = [group.to_bytes() for group in unchanged]
    with pytest.raises(PeerError) as caught:
        yield
    assert caught.value.detail.startswith(f"{ck}:"), caught.value.detail
    assert caught.value.code is CHECKS[ck].code
    assert [group.to_bytes() for group in unchanged] == before


def state_of(group: Group) -> GroupState:
    return group._state


def forge(
    group: Group,
    content: Content,
    *,
    public: bool = False,
    sender: Sender | None = None,
    tag: bytes | None = None,
    state: GroupState | None = None,
    key: bytes | None = None,
) -> bytes:
    """Frame any content as a member would who follows no rules but signs properly."""
    state = state or state_of(group)
    view = state.view()
    sender = sender or Sender(SenderType.MEMBER, state.own_leaf)
    wire = WireFormat.PUBLIC_MESSAGE if public else WireFormat.PRIVATE_MESSAGE
    signed = sign_content(view, wire, sender, content, b"", key or state.signature_private)
    if tag is not None:
        signed = replace(signed, auth=AuthData(signed.auth.signature, tag))
    if public:
        return protect_public(state.suite, signed, view.context, state.keys.membership)
    return protect_private(view, signed, Stream("forge"))[0]


def repackage(bundle: KeyPackageBundle, **changes: Any) -> KeyPackageBundle:
    """Change a key package (`leaf` takes changes of its leaf) and sign it again."""
    struct = bundle.struct()
    suite = suite_of(struct.cipher_suite)
    leaf = changes.pop("leaf", {})
    if leaf:
        changed = replace(struct.leaf_node, **leaf)
        struct = replace(struct, leaf_node=sign_leaf(suite, changed, bundle.signature_private))
    struct = replace(struct, **changes)
    return replace(bundle, key_package=resign(struct, bundle.signature_private))


def resign(struct: KeyPackageStruct, key: bytes) -> bytes:
    suite = suite_of(1 if struct.cipher_suite not in ALL_SUITES else struct.cipher_suite)
    signature = suite.sign_with_label(key, b"KeyPackageTBS", struct.to_be_signed())
    return wrap_message(WireFormat.KEY_PACKAGE, replace(struct, signature=signature).encode())


def commit_with(
    group: Group,
    proposals: Sequence[ProposalOrRef],
    *,
    path: bool | None = None,
    public: bool = False,
    change: Callable[[UpdatePath], UpdatePath] | None = None,
    tag: Callable[[bytes], bytes] = lambda tag: tag,
    pending: Sequence[Proposed] = (),
    key: bytes | None = None,
) -> bytes:
    """Make a commit as a member would who checks nothing.

    Args:
        group: The committer's.
        proposals: As they stand in the commit.
        path: Put a path in; by default if the rules ask for one.
        public: As PublicMessage.
        change: Changes the path before it is signed.
        tag: Changes the confirmation tag.
        pending: What the references in `proposals` stand for.
        key: Signs the message instead of the key in the state.

    Returns:
        The MLSMessage. Its secrets are right as long as the proposals are valid.
    """
    state = state_of(group)
    me = Sender(SenderType.MEMBER, state.own_leaf)
    items = [Proposed(p, me) for p in proposals if not isinstance(p, ProposalRef)]
    items = [*pending, *items]
    tree, rng = state.tree.copy(), Stream("commit with")
    try:
        lenient = Rules(None, anyone)
        applied = apply_proposals(items, state.tree, state.context, state.own_leaf, lenient)
    except PeerError:
        applied = Applied(tree, state.context.extensions, (), (), (), (), None, False, True)
    made = None
    if applied.path_required if path is None else path:

        def context_of(tree_hash: bytes) -> bytes:
            return provisional_context(state.context, applied.extensions, tree_hash).encode()

        added = [index for index, _ in applied.added]
        made = new_path(
            applied.tree,
            state.own_leaf,
            state.signature_private,
            state.context.group_id,
            context_of,
            added,
            rng,
        )
    sent = None if made is None else made.path
    if sent is not None and change is not None:
        sent = change(sent)
    commit = Commit(tuple(proposals), sent)
    wire = WireFormat.PUBLIC_MESSAGE if public else WireFormat.PRIVATE_MESSAGE
    view = state.view()
    signed = sign_content(view, wire, me, commit, b"", key or state.signature_private)
    after = NextEpoch(
        applied.tree,
        applied.extensions,
        state.own_leaf,
        {},
        state.keys.init,
        bytes(state.suite.nh) if made is None else made.commit_secret,
        applied.psks,
        applied.reinit,
    )
    try:
        following, _ = advance(state, signed, after)
        made_tag = following.confirmation_tag
    except PeerError:
        made_tag = bytes(state.suite.nh)
    signed = replace(signed, auth=AuthData(signed.auth.signature, tag(made_tag)))
    if public:
        return protect_public(state.suite, signed, view.context, state.keys.membership)
    return protect_private(view, signed, rng)[0]
