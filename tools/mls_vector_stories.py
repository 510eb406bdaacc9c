"""Groups for `make_mls_vectors.py`: members driven at random, and the kinds made from them."""

from __future__ import annotations

import hashlib
from typing import Any

from visavis.core.mls import (
    SUITE_ID,
    Group,
    KeyPackageBundle,
    MemberInfo,
    RequiredCapabilities,
    generate_signature_key,
    new_key_package,
)
from visavis.core.mls.group_context import GroupContext
from visavis.core.mls.proposals import Add, Proposal, Remove, Update, encode_proposal
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.sending import new_update
from visavis.core.mls.suite import suite_of
from visavis.core.mls.treekem import merge_path, new_path, open_path

SUITE = suite_of(SUITE_ID)
NOW = 1_800_000_000
Json = dict[str, Any]


class Stream:
    """Bytes from a seed, so that everything but ML-KEM's coins can be repeated."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._seed + self._count.to_bytes(4, "big")).digest(size)

    def below(self, limit: int) -> int:
        """Return a number in 0 .. limit - 1."""
        return int.from_bytes(self(4), "big") % limit


def anyone(_new: MemberInfo, _old: MemberInfo | None) -> None:
    """Accept every credential."""


def package(name: str, rng: Stream) -> KeyPackageBundle:
    """Make a key package."""
    key = generate_signature_key(SUITE_ID, rng)
    return new_key_package(
        identity=name.encode(),
        signature_private=key,
        not_before=NOW - 86_400,
        not_after=NOW + 30 * 86_400,
        rng=rng,
    )


def group(rng: Stream) -> Group:
    """Make a group of one."""
    return Group.create(
        group_id=rng(16),
        suite_id=SUITE_ID,
        identity=b"founder",
        signature_private=generate_signature_key(SUITE_ID, rng),
        rng=rng,
        validator=anyone,
        lifetime=(NOW - 86_400, NOW + 30 * 86_400),
    )


class Story:
    """A group with all its members, driven at random."""

    def __init__(self, seed: str, members: int) -> None:
        self.rng = Stream(seed)
        self.names = 0
        self.groups = [group(self.rng)]
        self.sent: list[bytes] = []
        bundles = [self.new_package() for _ in range(members - 1)]
        if bundles:
            self.commit(0, add=bundles)

    def new_package(self) -> KeyPackageBundle:
        """Make a key package for a new name."""
        self.names += 1
        return package(f"member {self.names}", self.rng)

    def propose(self, who: int, **change: Any) -> bytes:
        """Let a member propose, and everybody else hear it."""
        message = self.groups[who].propose(rng=self.rng, now=NOW, **change)
        self._deliver(message, who)
        return message

    def commit(
        self, who: int, add: list[KeyPackageBundle] | None = None, **options: Any
    ) -> tuple[bytes, bytes | None, bytes]:
        """Let a member commit, everybody else follow and the added join."""
        bundles = add or []
        pending = self.groups[who].commit(
            add=[b.key_package for b in bundles], rng=self.rng, now=NOW, **options
        )
        self._deliver(pending.message, who)
        self.groups[who] = pending.group
        for bundle in bundles:
            assert pending.welcome is not None
            joined = Group.join(
                pending.welcome,
                bundle,
                now=NOW,
                validator=anyone,
                ratchet_tree=pending.ratchet_tree,
                psks={b"shared": b"\x07" * 48},
            )
            self.groups.append(joined)
        self.groups = [g for g in self.groups if g.is_active]
        assert len({g.epoch_authenticator for g in self.groups}) == 1
        return pending.message, pending.welcome, pending.ratchet_tree

    def _deliver(self, message: bytes, sender: int) -> None:
        for index, other in enumerate(self.groups):
            if index != sender:
                other.process(message, now=NOW)


def tree_validations() -> list[Json]:
    """Every shape: hashes and resolutions of all nodes."""
    elements: list[Json] = []
    for size in (2, 5, 8):
        story = Story(f"validation {size}", size)
        for step in range(4):
            one = story.groups[0]
            tree = RatchetTree.decode(SUITE, one.ratchet_tree())
            elements.append(
                {
                    "cipher_suite": SUITE_ID,
                    "tree": tree.encode().hex(),
                    "group_id": one.group_id.hex(),
                    "tree_hashes": [tree.tree_hash(n).hex() for n in range(tree.width)],
                    "resolutions": [tree.resolution(n) for n in range(tree.width)],
                }
            )
            if step == 1:
                story.commit(0, add=[story.new_package()])
            elif step == 2 and size > 2:
                story.commit(1, remove=[story.groups[-1].own_leaf])
            else:
                story.commit(len(story.groups) - 1)
    return elements


def tree_operations() -> list[Json]:
    """Add into a full tree and into a hole, Update, Remove in the middle and at the end."""
    story = Story("operations", 4)
    for who in range(4):
        story.commit(who)
    one = story.groups[1]
    proposals: list[tuple[int, Proposal]] = []
    joiner = story.new_package().struct()
    update, _ = new_update(one._state, story.rng)  # noqa: SLF001 -- a tool of this repository
    proposals = [(1, Add(joiner)), (1, update), (0, Remove(1)), (0, Remove(3))]
    elements: list[Json] = []
    for sender, proposal in proposals:
        tree = RatchetTree.decode(SUITE, one.ratchet_tree())
        before, hash_before = tree.encode(), tree.tree_hash()
        match proposal:
            case Add(key_package):
                tree.add(key_package.leaf_node)
            case Update(leaf):
                tree.update(sender, leaf)
            case Remove(removed):
                tree.remove(removed)
            case _:
                raise AssertionError
        elements.append(
            {
                "cipher_suite": SUITE_ID,
                "tree_before": before.hex(),
                "tree_hash_before": hash_before.hex(),
                "proposal": encode_proposal(proposal).hex(),
                "proposal_sender": sender,
                "tree_after": tree.encode().hex(),
                "tree_hash_after": tree.tree_hash().hex(),
            }
        )
    return elements


def treekems() -> list[Json]:
    """Two groups: every member's private state, and a path from two of them."""
    return [_treekem(Story("treekem 3", 3), warm=False), _treekem(Story("treekem 5", 5), warm=True)]


def _treekem(story: Story, *, warm: bool) -> Json:
    rng = story.rng
    # Only a member that made the path itself knows path secrets for the file, so each leaf gets
    # its nodes from one path of leaf 0, whose secrets are kept here.
    states = {g.own_leaf: g._state for g in story.groups}  # noqa: SLF001
    tree = states[0].tree.copy()
    context = states[0].context
    secrets: dict[int, bytes] = {}
    privates = {leaf: {2 * leaf: s.privates[2 * leaf]} for leaf, s in states.items()}

    def context_of(tree_hash: bytes) -> bytes:
        fresh = GroupContext(SUITE_ID, context.group_id, context.epoch, tree_hash, confirmed, ())
        return fresh.encode()

    confirmed = rng(SUITE.nh)
    if warm:
        made = new_path(tree, 0, states[0].signature_private, context.group_id, context_of, (), rng)
        secrets = made.path_secrets
        privates[0][0] = made.privates[0]
    else:
        tree.blank_path(0)
    leaves: list[Json] = []
    for leaf, state in states.items():
        above = [n for n in tree.direct_path(2 * leaf) if n in secrets]
        given = [{"node": n, "path_secret": secrets[n].hex()} for n in above]
        for n in above:
            private, _ = SUITE.kem.derive_key_pair(SUITE.derive_secret(secrets[n], b"node"))
            privates[leaf][n] = private
        leaves.append(
            {
                "index": leaf,
                "encryption_priv": privates[leaf][2 * leaf].hex(),
                "signature_priv": state.signature_private.hex(),
                "path_secrets": given,
            }
        )
    updates: list[Json] = []
    for sender in sorted(states):
        after = tree.copy()
        path = new_path(
            after, sender, states[sender].signature_private, context.group_id, context_of, (), rng
        )
        row: list[str | None] = [None] * tree.leaf_count
        for leaf in states:
            if leaf == sender:
                continue
            theirs = tree.copy()
            filtered = merge_path(theirs, sender, path.path)
            usable = {
                n: k for n, k in privates[leaf].items() if n not in theirs.direct_path(2 * sender)
            }
            opened = open_path(
                theirs, filtered, path.path, leaf, usable, context_of(theirs.tree_hash()), ()
            )
            assert opened.commit_secret == path.commit_secret
            row[leaf] = opened.path_secret.hex()
        updates.append(
            {
                "sender": sender,
                "update_path": path.path.encode().hex(),
                "path_secrets": row,
                "commit_secret": path.commit_secret.hex(),
                "tree_hash_after": after.tree_hash().hex(),
            }
        )
    return {
        "cipher_suite": SUITE_ID,
        "group_id": context.group_id.hex(),
        "epoch": context.epoch,
        "confirmed_transcript_hash": confirmed.hex(),
        "ratchet_tree": tree.encode().hex(),
        "leaves_private": leaves,
        "update_paths": updates,
    }


def welcomes() -> list[Json]:
    """A Welcome into a group of two."""
    story = Story("welcome", 2)
    bundle = story.new_package()
    _, welcome, _ = story.commit(1, add=[bundle])
    assert welcome is not None
    signer = story.groups[1].members()[1].signature_key
    return [
        {
            "cipher_suite": SUITE_ID,
            "init_priv": bundle.init_private.hex(),
            "key_package": bundle.key_package.hex(),
            "signer_pub": signer.hex(),
            "welcome": welcome.hex(),
        }
    ]


def passive_clients() -> list[Json]:
    """Clients that are added to groups of several sizes and follow what happens there."""
    elements: list[Json] = []
    for number, size in enumerate((1, 2, 4, 7)):
        story = Story(f"passive {number}", size)
        bundle = story.new_package()
        inside, psk = number % 2 == 0, number >= 2
        options: Json = {"welcome_with_tree": inside}
        if psk:
            for one in story.groups:
                one.add_psk(b"shared", b"\x07" * 48)
            options["psks"] = [b"shared"]
        _, welcome, tree = story.commit(0, add=[bundle], **options)
        assert welcome is not None
        client = story.groups.pop()
        element: Json = {
            "cipher_suite": SUITE_ID,
            "external_psks": [{"psk_id": b"shared".hex(), "psk": (b"\x07" * 48).hex()}] * psk,
            "key_package": bundle.key_package.hex(),
            "init_priv": bundle.init_private.hex(),
            "encryption_priv": bundle.encryption_private.hex(),
            "signature_priv": bundle.signature_private.hex(),
            "welcome": welcome.hex(),
            "ratchet_tree": None if inside else tree.hex(),
            "initial_epoch_authenticator": client.epoch_authenticator.hex(),
            "epochs": [_epoch(story, step, client, psk=psk) for step in range(10)],
        }
        elements.append(element)
    return elements


def _epoch(story: Story, step: int, client: Group, *, psk: bool) -> Json:
    """Let the group do something; the passive client only listens."""
    groups = story.groups
    who = story.rng.below(len(groups))
    public = step % 3 == 2
    proposals: list[bytes] = []
    options: Json = {"public": public}
    add: list[KeyPackageBundle] = []
    match step:
        case 0:
            add = [story.new_package(), story.new_package()]
        case 1:
            proposals.append(_heard(story, client, (who + 1) % len(groups), update=True))
        case 2:
            if psk:
                options["psks"] = [b"shared"]
        case 3:
            joiner = story.new_package().key_package
            other = (who + 1) % len(groups)
            proposals.append(_heard(story, client, other, add=joiner, public=True))
        case 4:
            return _external(story, client)
        case 5:
            options["remove"] = [g.own_leaf for g in groups if g is not groups[who]][-1:]
        case 6:
            required = RequiredCapabilities((), (), (1,)).extension()
            other = (who + 1) % len(groups)
            proposals.append(_heard(story, client, other, extensions=[required]))
        case 7:
            add, options["path"] = [story.new_package()], False
        case 8:
            options["psks"] = [groups[who].epoch] if len(groups) else []
        case _:
            pass
    message, _, _ = story.commit(who, add=add, **options)
    client.process(message, now=NOW)
    assert client.epoch_authenticator == story.groups[0].epoch_authenticator
    return _told(proposals, message, client)


def _heard(story: Story, client: Group, who: int, **change: Any) -> bytes:
    message = story.propose(who, **change)
    client.process(message, now=NOW)
    return message


def _external(story: Story, client: Group) -> Json:
    joined, commit = Group.external_join(
        story.groups[0].group_info(),
        identity=b"from outside",
        signature_private=generate_signature_key(SUITE_ID, story.rng),
        rng=story.rng,
        now=NOW,
        validator=anyone,
    )
    for one in [*story.groups, client]:
        one.process(commit, now=NOW)
    story.groups.append(joined)
    return _told([], commit, client)


def _told(proposals: list[bytes], commit: bytes, client: Group) -> Json:
    return {
        "proposals": [p.hex() for p in proposals],
        "commit": commit.hex(),
        "epoch_authenticator": client.epoch_authenticator.hex(),
    }
