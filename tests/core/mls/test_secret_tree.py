"""One key per message: order, bounds, and that spent keys are gone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.mls.world import Stream, refused

from visavis.core.errors import UsageError
from visavis.core.mls.secret_tree import MAX_FORWARD, MAX_KEPT, MessageKey, Ratchet, SecretTree
from visavis.core.mls.suite import suite_of

SUITE = suite_of(1)


def start(leaves: int = 4) -> SecretTree:
    return SecretTree.start(SUITE, b"\7" * 32, leaves)


def keys(count: int, leaf: int = 0) -> list[MessageKey]:
    """The sender's first keys."""
    tree, made = start(), []
    for generation in range(count):
        number, key, tree = tree.next_key(leaf, handshake=False)
        assert number == generation
        made.append(key)
    return made


@given(st.permutations(range(12)))
def test_any_order_gives_the_senders_keys_once(order: list[int]) -> None:
    sent, tree = keys(12), start()
    for generation in order:
        key, tree = tree.key_at(0, generation, handshake=False)
        assert key == sent[generation]
    for generation in order:
        with refused("CK-055"):
            tree.key_at(0, generation, handshake=False)


def test_asking_changes_nothing() -> None:
    tree = start()
    before = repr((tree.secrets, tree.application, tree.handshake))
    tree.key_at(3, 5, handshake=True)
    assert repr((tree.secrets, tree.application, tree.handshake)) == before


def test_kinds_and_leaves_have_keys_of_their_own() -> None:
    tree = start()
    seen = {
        tree.key_at(leaf, 0, handshake=handshake)[0].key
        for leaf in range(4)
        for handshake in (True, False)
    }
    assert len(seen) == 8


def test_ck_056_how_far_ahead() -> None:
    tree = start()
    key, after = tree.key_at(0, MAX_FORWARD, handshake=False)
    assert key.key
    with refused("CK-056"):
        tree.key_at(0, MAX_FORWARD + 1, handshake=False)
    assert after.key_at(0, MAX_FORWARD + 1, handshake=False)


def test_how_many_skipped_keys_are_kept() -> None:
    _, tree = start().key_at(0, MAX_FORWARD, handshake=False)
    kept = tree.application[0].kept
    assert sorted(kept) == list(range(MAX_FORWARD - MAX_KEPT, MAX_FORWARD))
    with refused("CK-055"):
        tree.key_at(0, MAX_FORWARD - MAX_KEPT - 1, handshake=False)
    assert tree.key_at(0, MAX_FORWARD - MAX_KEPT, handshake=False)


def test_secrets_above_a_used_leaf_are_spent() -> None:
    _, _, tree = start().next_key(0, handshake=False)
    # The root's and the left child's secret are gone; only the copath remains.
    assert sorted(tree.secrets) == [2, 5]


def test_the_last_generation() -> None:
    last = 2**32 - 1
    tree = SecretTree(SUITE, 1, {}, {}, {0: Ratchet(b"\1" * 32, last, {})})
    with pytest.raises(UsageError):
        tree.next_key(0, handshake=False)
    with refused("CK-056"):
        tree.key_at(0, last, handshake=False)


def test_past_epochs_keep_others_application_keys_only() -> None:
    _, tree = start().key_at(2, 1, handshake=False)
    _, tree = tree.key_at(1, 0, handshake=True)
    past = tree.for_past_epoch(own_leaf=0)
    assert past.key_at(2, 0, handshake=False)
    assert past.key_at(3, 0, handshake=False)
    with refused("CK-055"):
        past.key_at(1, 1, handshake=True)
    with refused("CK-055"):
        past.key_at(0, 0, handshake=False)


def test_the_reuse_guard_changes_the_nonce() -> None:
    key = MessageKey(b"k" * 16, bytes(12))
    assert key.guarded_nonce(b"\1\2\3\4") == b"\1\2\3\4" + bytes(8)
    assert Stream()(4) != Stream("x")(4)


def test_no_secret_in_a_representation() -> None:
    assert repr(start()) == "SecretTree(leaf_count=4)"
