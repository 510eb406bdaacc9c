"""Making a commit and the Welcome for those it adds (RFC 9420, 12.4.1, 12.4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from visavis.core.mls import codec, key_schedule, tree_math
from visavis.core.mls.commit_process import keep_privates
from visavis.core.mls.framing import AuthData, AuthenticatedContent, Sender, SenderType
from visavis.core.mls.group_context import (
    EncryptedGroupSecrets,
    GroupInfo,
    GroupSecrets,
    Welcome,
)
from visavis.core.mls.kem import Rng
from visavis.core.mls.key_package import KeyPackageStruct
from visavis.core.mls.key_schedule import JoinerSecrets
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import Extension, ExtensionType
from visavis.core.mls.proposal_list import Applied, Proposed, apply_proposals
from visavis.core.mls.proposals import Commit, HpkeCiphertext, Proposal, ProposalRef, PskId
from visavis.core.mls.protection import (
    PAD_BLOCK,
    protect_private,
    protect_public,
    sign_content,
)
from visavis.core.mls.state import GroupState, NextEpoch, advance, provisional_context
from visavis.core.mls.treekem import NewPath, new_path
from visavis.core.mls.wire import WireFormat, wrap_message


@dataclass(frozen=True, slots=True)
class CommitOptions:
    """How a commit is made.

    Attributes:
        public: As PublicMessage instead of PrivateMessage.
        path: With a path even where none is required; every path heals the group from earlier
            compromise, so only tests and bulk additions leave it out.
        welcome_with_tree: Put the ratchet tree into the Welcome.
        pad_to: Padding of a PrivateMessage.
        authenticated_data: Travels with the commit, authenticated and not encrypted by MLS.
    """

    public: bool = False
    path: bool = True
    welcome_with_tree: bool = True
    pad_to: int = PAD_BLOCK
    authenticated_data: bytes = b""


@dataclass(frozen=True, slots=True)
class CreatedCommit:
    """A commit and its consequences.

    Attributes:
        message: The MLSMessage.
        welcome: The MLSMessage for new members, if there are any.
        before: The state in the old epoch, without the message key the commit used.
        after: The state in the new epoch.
    """

    message: bytes
    welcome: bytes | None
    before: GroupState
    after: GroupState


def create_commit(
    state: GroupState,
    chosen: Sequence[tuple[bytes, Proposed]],
    by_value: Sequence[Proposal],
    options: CommitOptions,
    rules: Rules,
    rng: Rng,
) -> CreatedCommit:
    """Make a commit.

    Args:
        state: The current state.
        chosen: Pending proposals to include by reference.
        by_value: Proposals of ours to include.
        options: How.
        rules: Time and credential validation; lifetimes hold exactly, we are sending.
        rng: Source of randomness.

    Returns:
        The commit with the states before and after it.

    Raises:
        PeerError: A proposal is not valid.
    """
    suite, own = state.suite, state.own_leaf
    me = Sender(SenderType.MEMBER, own)
    items = [item for _, item in chosen] + [Proposed(p, me) for p in by_value]
    applied = apply_proposals(items, state.tree, state.context, own, rules)
    privates = keep_privates(state.privates, applied.tree)
    path: NewPath | None = None
    if applied.path_required or (options.path and not applied.reinit):
        path = _own_path(state, applied, rng)
        # Where the path went, our keys for the old nodes are of no use any more.
        privates = {**keep_privates(privates, applied.tree), **path.privates}
    commit = Commit(
        (*(ProposalRef(reference) for reference, _ in chosen), *by_value),
        None if path is None else path.path,
    )
    wire_format = WireFormat.PUBLIC_MESSAGE if options.public else WireFormat.PRIVATE_MESSAGE
    view = state.view()
    data = options.authenticated_data
    signed = sign_content(view, wire_format, me, commit, data, state.signature_private)
    after = NextEpoch(
        applied.tree,
        applied.extensions,
        own,
        privates,
        state.keys.init,
        bytes(suite.nh) if path is None else path.commit_secret,
        applied.psks,
        applied.reinit,
    )
    following, joiner = advance(state, signed, after)
    signed = with_tag(signed, following.confirmation_tag)
    before = state
    if options.public:
        message = protect_public(suite, signed, view.context, state.keys.membership)
    else:
        message, secret_tree = protect_private(view, signed, rng, options.pad_to)
        before = replace(state, secret_tree=secret_tree)
    welcome = None
    if applied.added:
        welcome = make_welcome(following, joiner, applied, path, options, rng)
    return CreatedCommit(message, welcome, before, following)


def with_tag(signed: AuthenticatedContent, tag: bytes) -> AuthenticatedContent:
    """Return a commit with its confirmation tag."""
    return replace(signed, auth=AuthData(signed.auth.signature, tag))


def _own_path(state: GroupState, applied: Applied, rng: Rng) -> NewPath:
    def context_of(tree_hash: bytes) -> bytes:
        return provisional_context(state.context, applied.extensions, tree_hash).encode()

    return new_path(
        applied.tree,
        state.own_leaf,
        state.signature_private,
        state.context.group_id,
        context_of,
        [index for index, _ in applied.added],
        rng,
    )


def make_group_info(state: GroupState, *, with_tree: bool, external: bool) -> GroupInfo:
    """Make and sign a GroupInfo (12.4.3).

    Args:
        state: The state it describes.
        with_tree: Include the ratchet tree.
        external: Include external_pub, so that it can be joined by an external commit.

    Returns:
        The signed structure.
    """
    extensions: list[Extension] = []
    if with_tree:
        extensions.append(Extension(ExtensionType.RATCHET_TREE, state.tree.encode()))
    if external:
        _, public = state.suite.kem.derive_key_pair(state.keys.external)
        extensions.append(Extension(ExtensionType.EXTERNAL_PUB, codec.opaque(public)))
    info = GroupInfo(state.context, tuple(extensions), state.confirmation_tag, state.own_leaf, b"")
    signature = state.suite.sign_with_label(
        state.signature_private, b"GroupInfoTBS", info.to_be_signed()
    )
    return replace(info, signature=signature)


def make_welcome(
    state: GroupState,
    joiner: JoinerSecrets,
    applied: Applied,
    path: NewPath | None,
    options: CommitOptions,
    rng: Rng,
) -> bytes:
    """Make the Welcome for the members a commit adds (12.4.3.1).

    Args:
        state: The state after the commit.
        joiner: Its joiner secrets.
        applied: The commit's proposals.
        path: The commit's path, if it has one.
        options: Whether the tree goes inside.
        rng: Source of randomness.

    Returns:
        The MLSMessage.
    """
    suite = state.suite
    info = make_group_info(state, with_tree=options.welcome_with_tree, external=False)
    key, nonce = key_schedule.welcome_key(suite, joiner.welcome)
    encrypted = suite.aead.seal(key, nonce, b"", info.encode())
    secrets: list[EncryptedGroupSecrets] = []
    for index, package in applied.added:
        path_secret = None
        if path is not None:
            meeting = tree_math.common_ancestor(2 * state.own_leaf, 2 * index)
            path_secret = path.path_secrets[meeting]
        secrets.append(
            _seal_secrets(state, package, joiner.joiner, path_secret, applied.psks, encrypted, rng)
        )
    welcome = Welcome(suite.suite_id, tuple(secrets), encrypted)
    return wrap_message(WireFormat.WELCOME, welcome.encode())


def _seal_secrets(
    state: GroupState,
    package: KeyPackageStruct,
    joiner: bytes,
    path_secret: bytes | None,
    psks: tuple[PskId, ...],
    encrypted_group_info: bytes,
    rng: Rng,
) -> EncryptedGroupSecrets:
    secrets = GroupSecrets(joiner, path_secret, psks)
    sealed = state.suite.encrypt_with_label(
        package.init_key, b"Welcome", encrypted_group_info, secrets.encode(), rng
    )
    return EncryptedGroupSecrets(package.reference(state.suite), HpkeCiphertext(*sealed))
