"""The ratchet tree (RFC 9420, 4 and 7): nodes, resolutions, hashes, adding and removing.

A tree is changed only while it is being built from another: whoever applies proposals works on a
`copy()`, so a refused commit leaves no trace. Hashes are cached per node and forgotten along the
direct path of what changes: at 100 members a commit then hashes 8 nodes instead of 255.

Checks of a whole tree are in `tree_check`, paths in `treekem`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from visavis.core.mls import codec, tree_math
from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.codec import Reader
from visavis.core.mls.leaf_node import LeafNode
from visavis.core.mls.suite import Suite


@dataclass(frozen=True, slots=True)
class ParentNode:
    """A parent: the key shared by the leaves below it, except the unmerged ones (7.1)."""

    encryption_key: bytes
    parent_hash: bytes
    unmerged_leaves: tuple[int, ...]

    def encode(self) -> bytes:
        """Encode."""
        return (
            codec.opaque(self.encryption_key)
            + codec.opaque(self.parent_hash)
            + codec.vector(map(codec.u32, self.unmerged_leaves))
        )

    @staticmethod
    def read(reader: Reader) -> ParentNode:
        """Decode (CK-046: one order, so one encoding and one hash)."""
        key, parent_hash = reader.opaque(), reader.opaque()
        unmerged = reader.items(codec.read_u32)
        ensure("CK-046", all(a < b for a, b in pairwise(unmerged)))
        return ParentNode(key, parent_hash, unmerged)


Node: TypeAlias = LeafNode | ParentNode


def _encode_node(node: Node) -> bytes:
    kind = 1 if isinstance(node, LeafNode) else 2
    return codec.u8(kind) + node.encode()


def _read_node(reader: Reader) -> Node:
    match reader.uint(1):
        case 1:
            return LeafNode.read(reader)
        case 2:
            return ParentNode.read(reader)
        case _:
            raise refusal("CK-005")


def _read_slot(reader: Reader) -> Node | None:
    return reader.optional(_read_node)


class RatchetTree:
    """A full binary tree of optional nodes, leaves at even indices."""

    __slots__ = ("_hashes", "_nodes", "suite")

    def __init__(self, suite: Suite, nodes: list[Node | None]) -> None:
        self.suite = suite
        self._nodes = nodes
        self._hashes: dict[int, bytes] = {}

    @staticmethod
    def decode(suite: Suite, data: bytes) -> RatchetTree:
        """Decode the ratchet_tree extension's data (7.4.1).

        Raises:
            PeerError: Empty or blank at the end (CK-040), a node of the wrong kind (CK-041).
        """
        slots = list(codec.decode(data, lambda reader: reader.items(_read_slot)))
        ensure("CK-040", slots and slots[-1] is not None)
        for index, node in enumerate(slots):
            leaf_place = index % 2 == 0
            ensure("CK-041", node is None or isinstance(node, LeafNode) == leaf_place)
        width = 1
        while width < len(slots):
            width = 2 * width + 1
        slots.extend([None] * (width - len(slots)))
        return RatchetTree(suite, slots)

    def encode(self) -> bytes:
        """Encode as the ratchet_tree extension's data: without blanks at the end."""
        end = len(self._nodes)
        while end and self._nodes[end - 1] is None:
            end -= 1
        return codec.vector(
            codec.optional(None if node is None else _encode_node(node))
            for node in self._nodes[:end]
        )

    def copy(self) -> RatchetTree:
        """Return a tree that can be changed without changing this one."""
        twin = RatchetTree(self.suite, list(self._nodes))
        twin._hashes = dict(self._hashes)
        return twin

    @property
    def width(self) -> int:
        """Number of nodes, blank ones included."""
        return len(self._nodes)

    @property
    def leaf_count(self) -> int:
        """Number of leaf places: a power of two."""
        return (len(self._nodes) + 1) // 2

    @property
    def root(self) -> int:
        """Index of the root."""
        return len(self._nodes) // 2

    def node(self, index: int) -> Node | None:
        """Return a node by node index."""
        return self._nodes[index]

    def parent_node(self, index: int) -> ParentNode | None:
        """Return a parent by node index (odd)."""
        node = self._nodes[index]
        assert not isinstance(node, LeafNode)
        return node

    def leaf(self, leaf_index: int) -> LeafNode | None:
        """Return a leaf by leaf index, None if blank or outside the tree."""
        if not 0 <= leaf_index < self.leaf_count:
            return None
        node = self._nodes[2 * leaf_index]
        assert not isinstance(node, ParentNode)
        return node

    def member(self, leaf_index: int) -> LeafNode:
        """Return a member's leaf (CK-047)."""
        leaf = self.leaf(leaf_index)
        if leaf is None:
            raise refusal("CK-047")
        return leaf

    def leaves(self) -> Iterator[tuple[int, LeafNode]]:
        """Iterate over (leaf index, leaf) of all members."""
        for index in range(0, len(self._nodes), 2):
            node = self._nodes[index]
            if isinstance(node, LeafNode):
                yield index // 2, node

    def parents(self) -> Iterator[tuple[int, ParentNode]]:
        """Iterate over (node index, parent) of all parents that are not blank."""
        for index in range(1, len(self._nodes), 2):
            node = self._nodes[index]
            if isinstance(node, ParentNode):
                yield index, node

    def encryption_keys(self, without: int | None = None) -> list[bytes]:
        """Return the public keys of all nodes, `without` one node index."""
        nodes = enumerate(self._nodes)
        return [n.encryption_key for i, n in nodes if n is not None and i != without]

    def direct_path(self, node: int) -> list[int]:
        """Return the nodes above `node`."""
        return tree_math.direct_path(node, self.root)

    def _forget(self, node: int) -> None:
        self._hashes.pop(node, None)
        for above in self.direct_path(node):
            self._hashes.pop(above, None)

    def set_leaf(self, leaf_index: int, leaf: LeafNode) -> None:
        """Put a leaf in its place; parents stay as they are."""
        self._nodes[2 * leaf_index] = leaf
        self._forget(2 * leaf_index)

    def set_parent(self, node: int, parent: ParentNode) -> None:
        """Put a parent in its place."""
        self._nodes[node] = parent
        self._forget(node)

    def blank_path(self, leaf_index: int) -> None:
        """Blank all parents above a leaf."""
        for above in self.direct_path(2 * leaf_index):
            self._nodes[above] = None
        self._forget(2 * leaf_index)

    def free_leaf(self) -> int:
        """Return the leaf index that the next Add gets (12.1.1)."""
        for index in range(0, len(self._nodes), 2):
            if self._nodes[index] is None:
                return index // 2
        return self.leaf_count

    def add(self, leaf: LeafNode) -> int:
        """Add a member at the leftmost free leaf and return its index (12.1.1)."""
        leaf_index = self.free_leaf()
        if leaf_index == self.leaf_count:
            self._nodes.extend([None] * (len(self._nodes) + 1))
        for above in self.direct_path(2 * leaf_index):
            node = self._nodes[above]
            if isinstance(node, ParentNode):
                unmerged = tuple(sorted((*node.unmerged_leaves, leaf_index)))
                self._nodes[above] = replace(node, unmerged_leaves=unmerged)
        self.set_leaf(leaf_index, leaf)
        return leaf_index

    def update(self, leaf_index: int, leaf: LeafNode) -> None:
        """Replace a leaf and blank the parents above it (12.1.2)."""
        self.set_leaf(leaf_index, leaf)
        self.blank_path(leaf_index)

    def remove(self, leaf_index: int) -> None:
        """Blank a leaf and its path, then halve the tree while its right half is empty (12.1.3)."""
        self._nodes[2 * leaf_index] = None
        self.blank_path(leaf_index)
        while len(self._nodes) > 1 and not any(self._nodes[self.root + 1 :]):
            del self._nodes[self.root :]
        self._hashes = {i: h for i, h in self._hashes.items() if i < len(self._nodes)}

    def resolution(self, node: int) -> list[int]:
        """Return the node indices that together cover all members below (4.1.1)."""
        value = self._nodes[node]
        if isinstance(value, LeafNode):
            return [node]
        if isinstance(value, ParentNode):
            return [node, *(2 * leaf for leaf in value.unmerged_leaves)]
        if node % 2 == 0:
            return []
        left, right = tree_math.left(node), tree_math.right(node)
        return self.resolution(left) + self.resolution(right)

    def is_empty_below(self, node: int) -> bool:
        """Tell whether the resolution of a node is empty, without building it."""
        reach = (1 << tree_math.level(node)) - 1
        return not any(self._nodes[node - reach : node + reach + 1])

    def filtered_direct_path(self, leaf_index: int) -> list[tuple[int, int]]:
        """Return (node, child on the copath) for the nodes above a leaf that need a key (4.1.2)."""
        path: list[tuple[int, int]] = []
        child = 2 * leaf_index
        for above in self.direct_path(child):
            copath = tree_math.sibling(child)
            if not self.is_empty_below(copath):
                path.append((above, copath))
            child = above
        return path

    def tree_hash(self, node: int | None = None) -> bytes:
        """Return the tree hash of a node, the root's by default (7.8)."""
        index = self.root if node is None else node
        cached = self._hashes.get(index)
        if cached is None:
            cached = self._hashes[index] = self._hash(index, frozenset())
        return cached

    def original_hash(self, node: int, without: frozenset[int]) -> bytes:
        """Return the hash of a subtree as it was before the leaves `without` were added (7.9)."""
        reach = (1 << tree_math.level(node)) - 1
        inside = frozenset(i for i in without if node - reach <= 2 * i <= node + reach)
        return self._hash(node, inside) if inside else self.tree_hash(node)

    def _hash(self, node: int, without: frozenset[int]) -> bytes:
        value = self._nodes[node]
        if node % 2 == 0:
            if node // 2 in without:
                value = None
            body = codec.u8(1) + codec.u32(node // 2)
            return self.suite.kdf.hash(body + codec.optional(value.encode() if value else None))
        if without and isinstance(value, ParentNode):
            kept = tuple(i for i in value.unmerged_leaves if i not in without)
            value = replace(value, unmerged_leaves=kept)
        children = (tree_math.left(node), tree_math.right(node))
        hashes = (codec.opaque(self.original_hash(child, without)) for child in children)
        parent = codec.optional(value.encode() if value else None)
        return self.suite.kdf.hash(codec.u8(2) + parent + b"".join(hashes))

    def parent_hash(self, node: int, copath: int) -> bytes:
        """Return the parent hash of a parent with the given child on the copath (7.9)."""
        parent = self.parent_node(node)
        assert parent is not None
        original = self.original_hash(copath, frozenset(parent.unmerged_leaves))
        return self.suite.kdf.hash(
            codec.opaque(parent.encryption_key)
            + codec.opaque(parent.parent_hash)
            + codec.opaque(original)
        )
