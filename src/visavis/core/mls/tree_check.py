"""Checks of a whole ratchet tree that somebody else built (RFC 9420, 7.9.2 and 12.4.3.1)."""

from __future__ import annotations

from visavis.core.mls import tree_math
from visavis.core.mls.checks import ensure
from visavis.core.mls.leaf_check import Rules, check_leaf, check_together
from visavis.core.mls.leaf_node import Extensions
from visavis.core.mls.ratchet_tree import ParentNode, RatchetTree


def check_tree(
    tree: RatchetTree, group_id: bytes, context_extensions: Extensions, rules: Rules
) -> None:
    """Check everything about a tree except its hash against a group context.

    Args:
        tree: The tree to join.
        group_id: Its group; leaves are signed for it.
        context_extensions: Extensions of the group context.
        rules: Credential validation; lifetimes are not checked here (7.3).

    Raises:
        PeerError: CK-011 to CK-027 and CK-043 to CK-045.
        VisavisError: Whatever the validator raises.
    """
    check_unmerged(tree)
    check_parent_hashes(tree)
    check_unique_keys(tree)
    for _, parent in tree.parents():
        tree.suite.kem.check_public_key(parent.encryption_key)
    for index, leaf in tree.leaves():
        check_leaf(leaf, tree.suite, rules, group_id=group_id, leaf_index=index, lifetimes=False)
    check_together((leaf for _, leaf in tree.leaves()), context_extensions)


def check_unique_keys(tree: RatchetTree) -> None:
    """Refuse a tree in which two nodes share an encryption key (CK-027).

    A copied key lets its owner read path secrets meant for another part of the tree.
    """
    keys = tree.encryption_keys()
    ensure("CK-027", len(set(keys)) == len(keys))


def check_unmerged(tree: RatchetTree) -> None:
    """Check the lists of unmerged leaves (CK-044, CK-045).

    A leaf that is listed wrongly would get path secrets of a subtree it is not in, or none of its
    own.
    """
    for index, parent in tree.parents():
        for unmerged in parent.unmerged_leaves:
            ensure("CK-044", tree.leaf(unmerged) is not None)
            ensure("CK-044", tree_math.is_below(2 * unmerged, index))
            between = tree_math.parent(2 * unmerged)
            while between != index:
                node = tree.parent_node(between)
                ensure("CK-045", node is None or unmerged in node.unmerged_leaves)
                between = tree_math.parent(between)


def check_parent_hashes(tree: RatchetTree) -> None:
    """Check that each parent's key was made by a member below it (CK-043, RFC 9420, 7.9.2).

    Without this whoever sends the tree could put a key of their own into a parent and read what
    is sealed to it.
    """
    for index, parent in tree.parents():
        left, right = tree_math.left(index), tree_math.right(index)
        valid = _holds(tree, index, parent, left, right) or _holds(tree, index, parent, right, left)
        ensure("CK-043", valid)


def _holds(tree: RatchetTree, index: int, parent: ParentNode, child: int, copath: int) -> bool:
    """Tell whether a node in the resolution of `child` vouches for the parent."""
    resolution = tree.resolution(child)
    unmerged = {2 * leaf for leaf in parent.unmerged_leaves}
    below = {node for node in unmerged if tree_math.is_below(node, child)}
    expected = None
    for descendant in resolution:
        node = tree.node(descendant)
        assert node is not None  # a resolution holds no blanks
        if not node.parent_hash or set(resolution) - {descendant} != below:
            continue
        expected = expected or tree.parent_hash(index, copath)
        if node.parent_hash == expected:
            return True
    return False
