"""Tree arithmetic, the ratchet tree and the checks of trees that others built."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.mls.world import NOW, World, anyone, refused, state_of

from visavis.core.mls import codec, tree_math
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.ratchet_tree import ParentNode, RatchetTree
from visavis.core.mls.suite import suite_of
from visavis.core.mls.tree_check import (
    check_parent_hashes,
    check_tree,
    check_unique_keys,
    check_unmerged,
)

SUITE = suite_of(1)


def tree_of(world: World) -> RatchetTree:
    return state_of(world.groups[0]).tree.copy()


def warm(members: int) -> World:
    """A group in which everybody has committed once: no blank parents."""
    world = World(members)
    for who in range(members):
        world.commit(who)
    return world


def test_arithmetic_of_the_rfcs_tree() -> None:
    # RFC 9420, appendix C: eight leaves.
    assert [tree_math.level(n) for n in (0, 1, 3, 7, 13)] == [0, 1, 2, 3, 1]
    assert tree_math.root(8) == 7
    assert (tree_math.left(7), tree_math.right(7)) == (3, 11)
    assert tree_math.direct_path(0, 7) == [1, 3, 7]
    assert tree_math.sibling(1) == 5
    assert tree_math.sibling(5) == 1
    assert tree_math.common_ancestor(0, 6) == 3
    assert tree_math.common_ancestor(4, 4) == 4
    assert tree_math.is_below(4, 3)
    assert not tree_math.is_below(8, 3)


def test_adding_fills_the_leftmost_hole_and_removing_shrinks() -> None:
    tree = tree_of(World(5))
    assert tree.leaf_count == 8
    leaf = tree.member(4)
    tree.remove(4)
    assert tree.leaf_count == 4
    tree.remove(1)
    assert tree.leaf_count == 4
    assert tree.add(leaf) == 1
    assert tree.add(leaf) == 4
    assert tree.leaf_count == 8
    for index in (4, 3, 2, 1):
        tree.remove(index)
    assert (tree.leaf_count, tree.width, tree.root) == (1, 1, 0)


def test_the_hash_cache_never_lies() -> None:
    world = World(6)
    for who in (0, 5, 3):
        world.commit(who)
    world.add(1, world.package("new"))
    world.commit(2, remove=[4])
    tree = tree_of(world)
    fresh = RatchetTree.decode(SUITE, tree.encode())
    assert [tree.tree_hash(n) for n in range(tree.width)] == [
        fresh.tree_hash(n) for n in range(fresh.width)
    ]


def test_a_copy_is_independent() -> None:
    tree = tree_of(World(3))
    before, twin = tree.encode(), tree.copy()
    twin.remove(1)
    assert tree.encode() == before
    assert twin.tree_hash() != tree.tree_hash()


def test_ck_040_empty_or_blank_at_the_end() -> None:
    tree = tree_of(World(2))
    assert RatchetTree.decode(SUITE, tree.encode()).encode() == tree.encode()
    nodes = codec.decode(tree.encode(), Reader_opaque)
    for bad in (b"", nodes + b"\0"):
        with refused("CK-040"):
            RatchetTree.decode(SUITE, codec.opaque(bad))


Reader_opaque = codec.Reader.opaque


def test_ck_041_nodes_of_the_wrong_kind() -> None:
    leaf = tree_of(World(1)).member(0)
    encoded_leaf = b"\1\1" + leaf.encode()
    parent = b"\1\2" + ParentNode(b"k", b"", ()).encode()
    for bad in ([parent], [encoded_leaf, encoded_leaf], [encoded_leaf, b"\0", parent]):
        with refused("CK-041"):
            RatchetTree.decode(SUITE, codec.vector(bad))
    assert RatchetTree.decode(SUITE, codec.vector([encoded_leaf, parent, encoded_leaf])).width == 3


def test_ck_047_only_members_have_leaves() -> None:
    tree = tree_of(World(3))
    assert tree.member(2)
    assert tree.leaf(-1) is None
    for index in (3, 4, 2**31):
        with refused("CK-047"):
            tree.member(index)


def test_good_trees_pass_all_checks() -> None:
    for world in (World(1), World(5), warm(6)):
        state = state_of(world.groups[0])
        check_tree(state.tree, state.context.group_id, state.context.extensions, Rules(NOW, anyone))


def test_ck_043_a_parent_key_that_nobody_below_made() -> None:
    world = warm(4)
    tree = tree_of(world)
    check_parent_hashes(tree)
    for node, parent in list(tree.parents()):
        forged = tree.copy()
        forged.set_parent(node, replace(parent, encryption_key=b"\7" * 32))
        with refused("CK-043"):
            check_parent_hashes(forged)


def test_ck_043_holds_with_unmerged_leaves_and_holes() -> None:
    world = warm(6)
    world.commit(0, remove=[2])
    world.add(4, world.package("late"), path=False)
    world.add(5, world.package("later"), path=False)
    tree = tree_of(world)
    assert any(parent.unmerged_leaves for _, parent in tree.parents())
    check_parent_hashes(tree)
    check_unmerged(tree)


def test_ck_044_unmerged_leaves_that_are_not_below() -> None:
    tree = tree_of(warm(4))
    node, parent = next(iter(tree.parents()))
    assert node == 1
    for wrong in (3, 200):
        forged = tree.copy()
        forged.set_parent(node, replace(parent, unmerged_leaves=(wrong,)))
        with refused("CK-044"):
            check_unmerged(forged)


def test_ck_045_unmerged_leaves_that_the_nodes_between_do_not_list() -> None:
    tree = tree_of(warm(4))
    root = tree.parent_node(tree.root)
    assert root is not None
    tree.set_parent(tree.root, replace(root, unmerged_leaves=(0,)))
    with refused("CK-045"):
        check_unmerged(tree)
    below = tree.parent_node(1)
    assert below is not None
    tree.set_parent(1, replace(below, unmerged_leaves=(0,)))
    check_unmerged(tree)


def test_ck_027_a_key_twice() -> None:
    tree = tree_of(World(3))
    check_unique_keys(tree)
    stolen = replace(tree.member(2), encryption_key=tree.member(1).encryption_key)
    tree.set_leaf(2, stolen)
    with refused("CK-027"):
        check_unique_keys(tree)


def test_a_parents_bad_key_is_refused() -> None:
    state = state_of(warm(2).groups[0])
    tree = state.tree.copy()
    _, parent = next(tree.parents())
    tree.set_parent(1, replace(parent, encryption_key=bytes(32)))
    with pytest.raises(Exception, match=r"CK-043|CK-012"):
        check_tree(tree, b"a group", (), Rules(NOW, anyone))
