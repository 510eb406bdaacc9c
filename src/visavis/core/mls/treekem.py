"""Update paths (RFC 9420, 7.4 to 7.6): giving a subtree new keys, and learning them.

`new_path` makes one for a committer, `merge_path` puts a received one into a tree, `open_path`
finds the secret in it that is for us.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from visavis.core.mls import tree_math
from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.kem import Rng
from visavis.core.mls.key_package import sign_leaf
from visavis.core.mls.leaf_node import LeafNode, LeafSource
from visavis.core.mls.proposals import HpkeCiphertext, UpdatePath, UpdatePathNode
from visavis.core.mls.ratchet_tree import ParentNode, RatchetTree
from visavis.core.mls.suite import Suite


def node_key_pair(suite: Suite, path_secret: bytes) -> tuple[bytes, bytes]:
    """Derive a parent's (private, public) key from its path secret (7.4)."""
    return suite.kem.derive_key_pair(suite.derive_secret(path_secret, b"node"))


def next_path_secret(suite: Suite, path_secret: bytes) -> bytes:
    """Derive the path secret of the next node up, or the commit secret above the root."""
    return suite.derive_secret(path_secret, b"path")


@dataclass(frozen=True, slots=True)
class NewPath:
    """A path we made.

    Attributes:
        path: What is sent.
        commit_secret: The secret above the root.
        privates: Private keys of our leaf and the nodes above it, by node index.
        path_secrets: Path secrets by node index, for the Welcome.
    """

    path: UpdatePath
    commit_secret: bytes
    privates: dict[int, bytes]
    path_secrets: dict[int, bytes]


def _set_path(tree: RatchetTree, path: Sequence[tuple[int, int]], keys: Sequence[bytes]) -> bytes:
    """Put public keys on a filtered direct path, root first; returns the leaf's parent hash."""
    parent_hash = b""
    for (node, copath), key in reversed(list(zip(path, keys, strict=True))):
        tree.set_parent(node, ParentNode(key, parent_hash, ()))
        parent_hash = tree.parent_hash(node, copath)
    return parent_hash


def new_path(
    tree: RatchetTree,
    leaf_index: int,
    signature_private: bytes,
    group_id: bytes,
    context_of: Callable[[bytes], bytes],
    added: Collection[int],
    rng: Rng,
) -> NewPath:
    """Make a fresh path for a member and put it into the tree.

    Args:
        tree: The tree after the proposals; it is changed.
        leaf_index: The committer, whose leaf is in the tree.
        signature_private: Its signature key.
        group_id: The group.
        context_of: Encodes the provisional group context for a tree hash (12.4.1).
        added: Leaf indices of members that this commit adds: they learn their secret from the
            Welcome instead.
        rng: Source of randomness.

    Returns:
        The path and its secrets.
    """
    suite = tree.suite
    filtered = tree.filtered_direct_path(leaf_index)
    tree.blank_path(leaf_index)
    secret = rng(suite.nh)
    privates: dict[int, bytes] = {}
    path_secrets: dict[int, bytes] = {}
    keys: list[bytes] = []
    for node, _ in filtered:
        path_secrets[node] = secret
        privates[node], public = node_key_pair(suite, secret)
        keys.append(public)
        secret = next_path_secret(suite, secret)
    privates[2 * leaf_index], leaf_key = suite.kem.derive_key_pair(rng(suite.kem.nsk))
    leaf = replace(
        tree.member(leaf_index),
        encryption_key=leaf_key,
        source=LeafSource.COMMIT,
        lifetime=None,
        parent_hash=_set_path(tree, filtered, keys),
    )
    leaf = sign_leaf(suite, leaf, signature_private, group_id, leaf_index)
    tree.set_leaf(leaf_index, leaf)
    context = context_of(tree.tree_hash())
    skipped = {2 * index for index in added}
    nodes = tuple(
        UpdatePathNode(key, _seal(tree, copath, skipped, context, path_secrets[node], rng))
        for (node, copath), key in zip(filtered, keys, strict=True)
    )
    return NewPath(UpdatePath(leaf, nodes), secret, privates, path_secrets)


def _seal(
    tree: RatchetTree, copath: int, skipped: set[int], context: bytes, secret: bytes, rng: Rng
) -> tuple[HpkeCiphertext, ...]:
    sealed: list[HpkeCiphertext] = []
    for index in tree.resolution(copath):
        node = tree.node(index)
        if index in skipped or node is None:
            continue
        output = tree.suite.encrypt_with_label(
            node.encryption_key, b"UpdatePathNode", context, secret, rng
        )
        sealed.append(HpkeCiphertext(*output))
    return tuple(sealed)


def merge_path(tree: RatchetTree, leaf_index: int, path: UpdatePath) -> list[tuple[int, int]]:
    """Put a received path into the tree.

    The checks of the leaf itself (7.3) are the caller's.

    Args:
        tree: The tree after the proposals; it is changed.
        leaf_index: The committer.
        path: What was received.

    Returns:
        The filtered direct path: (node, child on the copath).

    Raises:
        PeerError: CK-011, CK-012, CK-101, CK-103, CK-104.
    """
    filtered = tree.filtered_direct_path(leaf_index)
    ensure("CK-101", len(path.nodes) == len(filtered))
    keys = [node.encryption_key for node in path.nodes]
    fresh = [*keys, path.leaf_node.encryption_key]
    # A key already in the tree belongs to somebody else, who could then read these secrets.
    # (The old leaf is compared by CK-028; an external joiner's new one is there already.)
    known = set(tree.encryption_keys(without=2 * leaf_index))
    ensure("CK-104", len(set(fresh)) == len(fresh) and known.isdisjoint(fresh))
    for key in keys:
        tree.suite.kem.check_public_key(key)
    tree.blank_path(leaf_index)
    # The chain of parent hashes proves that the committer's leaf stands for all these keys.
    ensure("CK-103", _set_path(tree, filtered, keys) == path.leaf_node.parent_hash)
    tree.set_leaf(leaf_index, path.leaf_node)
    return filtered


@dataclass(frozen=True, slots=True)
class OpenedPath:
    """What a member learns from a path: the commit secret and the private keys it now has."""

    path_secret: bytes
    commit_secret: bytes
    privates: dict[int, bytes]


def open_path(
    tree: RatchetTree,
    filtered: Sequence[tuple[int, int]],
    path: UpdatePath,
    own_leaf: int,
    privates: Mapping[int, bytes],
    context: bytes,
    added: Collection[int],
) -> OpenedPath:
    """Decrypt the path secret that is for us and derive the keys above it.

    Args:
        tree: The tree with the path merged.
        filtered: From `merge_path`.
        path: What was received.
        own_leaf: Our leaf index.
        privates: Our private keys by node index, without those the path replaced.
        context: Encoded provisional group context.
        added: Leaf indices added by this commit.

    Returns:
        The secrets.

    Raises:
        PeerError: CK-015, CK-102, CK-105, CK-109.
    """
    suite = tree.suite
    skipped = {2 * index for index in added}
    resolutions = [
        [index for index in tree.resolution(copath) if index not in skipped]
        for _, copath in filtered
    ]
    for node, resolution in zip(path.nodes, resolutions, strict=True):
        ensure("CK-102", len(node.secrets) == len(resolution))
    # The lowest node of the path that is above us: there is one, its copath child holds our leaf.
    place = next(
        i for i, (node, _) in enumerate(filtered) if tree_math.is_below(2 * own_leaf, node)
    )
    for index, sealed in zip(resolutions[place], path.nodes[place].secrets, strict=True):
        if index in privates:
            secret = suite.decrypt_with_label(
                privates[index], b"UpdatePathNode", context, (sealed.kem_output, sealed.ciphertext)
            )
            above = [node for node, _ in filtered[place:]]
            learned, commit_secret = climb(tree, above, secret)
            return OpenedPath(secret, commit_secret, learned)
    raise refusal("CK-109")


def climb(tree: RatchetTree, nodes: Sequence[int], secret: bytes) -> tuple[dict[int, bytes], bytes]:
    """Derive the private keys of nodes upward from a path secret.

    Args:
        tree: The tree.
        nodes: The nodes, lowest first, that the secrets are for.
        secret: Path secret of the first.

    Returns:
        Private keys by node index, and the commit secret.

    Raises:
        PeerError: A derived key is not the one in the tree (CK-105).
    """
    privates: dict[int, bytes] = {}
    for index in nodes:
        private, public = node_key_pair(tree.suite, secret)
        node = tree.node(index)
        ensure("CK-105", node is not None and node.encryption_key == public)
        privates[index] = private
        secret = next_path_secret(tree.suite, secret)
    return privates, secret


def check_replacement(old: LeafNode | None, new: LeafNode) -> None:
    """Refuse a new leaf that keeps the old encryption key (CK-028): it would heal nothing."""
    ensure("CK-028", old is None or old.encryption_key != new.encryption_key)
