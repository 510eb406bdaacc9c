"""Joining by Welcome (RFC 9420, 12.4.3.1), and what it shares with external joins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from visavis.core.mls import codec, key_schedule, tree_math
from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.group_context import GroupInfo, GroupSecrets, Welcome
from visavis.core.mls.key_package import KeyPackageBundle, KeyPackageStruct, is_last_resort
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import ExtensionType, MemberInfo, find_extension
from visavis.core.mls.proposals import ExternalPsk, PskId, ResumptionUsage
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.state import GroupState, Status
from visavis.core.mls.suite import Suite, suite_of
from visavis.core.mls.tree_check import check_tree
from visavis.core.mls.treekem import climb
from visavis.core.mls.wire import WireFormat, read_message_of


@dataclass(frozen=True, slots=True)
class KnownPsks:
    """PSKs a joiner holds: external ones by id, resumption ones by (group id, epoch)."""

    external: Mapping[bytes, bytes]
    resumption: Mapping[tuple[bytes, int], bytes]

    def find(self, psk_id: PskId) -> bytes:
        """Look a PSK up (CK-084, CK-125)."""
        if isinstance(psk_id, ExternalPsk):
            value = self.external.get(psk_id.psk_id)
        else:
            ensure("CK-125", psk_id.usage is ResumptionUsage.APPLICATION)
            value = self.resumption.get((psk_id.group_id, psk_id.epoch))
        if value is None:
            raise refusal("CK-084")
        return value


def verify_group_info(
    info: GroupInfo, suite: Suite, ratchet_tree: bytes | None, rules: Rules
) -> RatchetTree:
    """Check a GroupInfo and the tree it stands for.

    Args:
        info: The GroupInfo.
        suite: The suite we expect.
        ratchet_tree: The tree, if it is not inside.
        rules: Credential validation.

    Returns:
        The tree.

    Raises:
        PeerError: CK-014, CK-020 to CK-027, CK-040 to CK-045, CK-121 to CK-123.
        VisavisError: Whatever the validator raises.
    """
    ensure("CK-121", info.context.cipher_suite == suite.suite_id)
    data = find_extension(info.extensions, ExtensionType.RATCHET_TREE)
    data = ratchet_tree if data is None else data
    if data is None:
        raise refusal("CK-122")
    tree = RatchetTree.decode(suite, data)
    signer = tree.leaf(info.signer)
    if signer is None:
        raise refusal("CK-123")
    suite.verify_with_label(
        signer.signature_key, b"GroupInfoTBS", info.to_be_signed(), info.signature
    )
    ensure("CK-042", tree.tree_hash() == info.context.tree_hash)
    check_tree(tree, info.context.group_id, info.context.extensions, rules)
    return tree


def _open_secrets(
    welcome: Welcome, suite: Suite, package: KeyPackageStruct, bundle: KeyPackageBundle
) -> GroupSecrets:
    """Open the secrets sealed to our key package (CK-120, CK-127)."""
    leaf = package.leaf_node
    pairs = (
        (suite.kem.public_key(bundle.init_private), package.init_key),
        (suite.kem.public_key(bundle.encryption_private), leaf.encryption_key),
        (suite.signature.public_key(bundle.signature_private), leaf.signature_key),
    )
    ensure("CK-127", all(made == shown for made, shown in pairs))
    reference = package.reference(suite)
    mine = next((s for s in welcome.secrets if s.new_member == reference), None)
    if mine is None:
        raise refusal("CK-120")
    plaintext = suite.decrypt_with_label(
        bundle.init_private,
        b"Welcome",
        welcome.encrypted_group_info,
        (mine.sealed.kem_output, mine.sealed.ciphertext),
    )
    return codec.decode(plaintext, GroupSecrets.read)


def join_state(
    message: bytes,
    bundle: KeyPackageBundle,
    rules: Rules,
    psks: KnownPsks,
    ratchet_tree: bytes | None = None,
) -> tuple[GroupState, MemberInfo]:
    """Join a group by a Welcome.

    The group id may be one we already have: whether that is a rejoin is the caller's to judge.

    Args:
        message: The MLSMessage.
        bundle: The key package it was made for, with its private keys.
        rules: Time and credential validation.
        psks: The PSKs we hold.
        ratchet_tree: The tree, if it is not inside the Welcome.

    Returns:
        The state in the epoch that the Welcome leads into, and the member who signed it.

    Raises:
        PeerError: Any of CK-010 to CK-047, CK-084, CK-105, CK-106 and CK-120 to CK-128.
        VisavisError: Whatever the validator raises.
    """
    welcome = read_message_of(message, WireFormat.WELCOME, Welcome.read)
    package = bundle.struct()
    suite = suite_of(package.cipher_suite)
    ensure("CK-121", welcome.cipher_suite == package.cipher_suite)
    if package.leaf_node.lifetime is not None and not is_last_resort(package):
        rules.check_lifetime(package.leaf_node.lifetime)
    secrets = _open_secrets(welcome, suite, package, bundle)
    psk = key_schedule.psk_secret(suite, [(p, psks.find(p)) for p in secrets.psks])
    joiner = key_schedule.mix_psk(suite, secrets.joiner_secret, psk)
    key, nonce = key_schedule.welcome_key(suite, joiner.welcome)
    plaintext = suite.aead.open(key, nonce, b"", welcome.encrypted_group_info)
    info = codec.decode(plaintext, GroupInfo.read)
    tree = verify_group_info(info, suite, ratchet_tree, rules)
    own = next((i for i, leaf in tree.leaves() if leaf == package.leaf_node), None)
    if own is None:
        raise refusal("CK-124")
    privates = {2 * own: bundle.encryption_private}
    if secrets.path_secret is not None:
        privates.update(_path_privates(tree, own, info.signer, secrets.path_secret))
    context = info.context.encode()
    epoch = key_schedule.epoch_secrets(suite, joiner, context)
    confirmed = info.context.confirmed_transcript_hash
    suite.verify_mac("CK-106", epoch.confirmation, confirmed, info.confirmation_tag)
    here = (info.context.group_id, info.context.epoch)
    state = GroupState(
        suite=suite,
        context=info.context,
        tree=tree,
        keys=epoch.keys,
        interim=key_schedule.interim_hash(suite, confirmed, info.confirmation_tag),
        confirmation_tag=info.confirmation_tag,
        own_leaf=own,
        signature_private=bundle.signature_private,
        privates=privates,
        secret_tree=SecretTree.start(suite, epoch.encryption, tree.leaf_count),
        pending={},
        pending_updates={},
        past=(),
        resumption={**psks.resumption, here: epoch.keys.resumption},
        psks=dict(psks.external),
        status=Status.ACTIVE,
    )
    # CK-123 has seen to it that there is somebody at the signer's leaf.
    return state, next(m for m in state.members() if m.leaf_index == info.signer)


def _path_privates(tree: RatchetTree, own: int, signer: int, secret: bytes) -> dict[int, bytes]:
    """Derive our private keys above the place where the committer's path meets ours (CK-128)."""
    ensure("CK-128", own != signer)
    meeting = tree_math.common_ancestor(2 * own, 2 * signer)
    ensure("CK-128", tree.node(meeting) is not None)
    above = [meeting, *tree.direct_path(meeting)]
    privates, _ = climb(tree, [node for node in above if tree.node(node) is not None], secret)
    return privates
