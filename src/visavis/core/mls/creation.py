"""The first state of a new group (RFC 9420, 11)."""

from __future__ import annotations

from collections.abc import Sequence

from visavis.core.mls import key_schedule
from visavis.core.mls.group_context import GroupContext
from visavis.core.mls.kem import Rng
from visavis.core.mls.key_package import new_leaf
from visavis.core.mls.leaf_check import check_together
from visavis.core.mls.leaf_node import Credential, Extensions, Lifetime
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.state import GroupState, Status
from visavis.core.mls.suite import Suite


def create_state(
    group_id: bytes,
    suite: Suite,
    credential: Credential,
    signature_private: bytes,
    lifetime: Lifetime,
    extensions: Extensions,
    rng: Rng,
    supports: Sequence[int] = (),
    leaf_extensions: Extensions = (),
) -> GroupState:
    """Make epoch 0 with one member.

    Args:
        group_id: The group's id.
        suite: Its suite.
        credential: Of its creator.
        signature_private: The creator's signature key.
        lifetime: Of the creator's leaf.
        extensions: Of the group context.
        rng: Source of randomness.
        supports: Extension types that the creator's leaf supports besides.
        leaf_extensions: Of the creator's leaf, which supports their types too.

    Returns:
        The state.

    Raises:
        PeerError: The creator's leaf does not support the extensions (CK-023, CK-025).
    """
    private, leaf = new_leaf(
        suite, credential, signature_private, lifetime, rng, supports, leaf_extensions
    )
    check_together([leaf], extensions)
    tree = RatchetTree(suite, [leaf])
    context = GroupContext(suite.suite_id, group_id, 0, tree.tree_hash(), b"", extensions)
    secrets = key_schedule.from_epoch_secret(suite, rng(suite.nh))
    tag = suite.kdf.mac(secrets.confirmation, b"")
    return GroupState(
        suite=suite,
        context=context,
        tree=tree,
        keys=secrets.keys,
        interim=key_schedule.interim_hash(suite, b"", tag),
        confirmation_tag=tag,
        own_leaf=0,
        signature_private=signature_private,
        privates={0: private},
        secret_tree=SecretTree.start(suite, secrets.encryption, 1),
        pending={},
        pending_updates={},
        past=(),
        resumption={(group_id, 0): secrets.keys.resumption},
        psks={},
        status=Status.ACTIVE,
    )
