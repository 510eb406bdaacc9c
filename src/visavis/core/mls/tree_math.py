"""Arithmetic of array-based binary trees (RFC 9420, appendix C).

Leaves are at even indices, parents at odd ones; a full tree of 2^d leaves has 2^(d+1) - 1 nodes
and its root in the middle. Nothing here knows what a node holds.
"""

from __future__ import annotations


def level(node: int) -> int:
    """Return how far above the leaves a node is."""
    return (node ^ (node + 1)).bit_length() - 1


def left(node: int) -> int:
    """Return the left child of a parent."""
    return node ^ (1 << (level(node) - 1))


def right(node: int) -> int:
    """Return the right child of a parent."""
    return node ^ (3 << (level(node) - 1))


def parent(node: int) -> int:
    """Return the node above."""
    height = level(node)
    return (node | (1 << height)) & ~(1 << (height + 1))


def sibling(node: int) -> int:
    """Return the other child of the node above."""
    above = parent(node)
    return right(above) if node < above else left(above)


def root(leaf_count: int) -> int:
    """Return the root of a full tree of `leaf_count` leaves (a power of two)."""
    return leaf_count - 1


def is_below(node: int, ancestor: int) -> bool:
    """Tell whether `node` is `ancestor` or below it."""
    reach = (1 << level(ancestor)) - 1
    return ancestor - reach <= node <= ancestor + reach


def direct_path(node: int, top: int) -> list[int]:
    """Return the nodes above `node`, up to and with the root `top`."""
    path: list[int] = []
    while node != top:
        node = parent(node)
        path.append(node)
    return path


def common_ancestor(one: int, other: int) -> int:
    """Return the lowest node that both are at or below."""
    while not is_below(other, one):
        one = parent(one)
    return one
