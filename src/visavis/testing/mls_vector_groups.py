"""Checks for the vector kinds about trees, messages and whole groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from visavis.core.mls import codec, key_schedule
from visavis.core.mls.codec import Reader
from visavis.core.mls.framing import (
    AuthenticatedContent,
    Content,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    encode_content,
)
from visavis.core.mls.group_context import GroupContext, GroupInfo, GroupSecrets, Welcome
from visavis.core.mls.joining import KnownPsks, join_state
from visavis.core.mls.key_package import KeyPackageBundle, KeyPackageStruct, check_key_package
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import LeafSource, MemberInfo
from visavis.core.mls.proposals import (
    Add,
    Commit,
    Proposal,
    ProposalType,
    Remove,
    Update,
    UpdatePath,
    read_proposal,
    read_proposal_body,
)
from visavis.core.mls.protection import (
    EpochView,
    check_public,
    open_private,
    protect_private,
    protect_public,
    sign_content,
    verify_content,
)
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.receive import receive
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.suite import Suite, suite_of
from visavis.core.mls.tree_check import check_parent_hashes
from visavis.core.mls.treekem import merge_path, new_path, node_key_pair, open_path
from visavis.core.mls.wire import WireFormat, read_message_of, read_wire_format
from visavis.testing.mls_vector_basics import fixed_rng, private_key
from visavis.testing.mls_vector_element import Element, MismatchError, require, same


def _anyone(_new: MemberInfo, _old: MemberInfo | None) -> None:
    """Accept every credential: vectors have no authentication service."""


def insecure_for_tests_rules() -> Rules:
    """Return rules without lifetimes and credentials: the dates in vectors are long over."""
    return Rules(None, _anyone, outsiders=True, listed=False)


def _key_package(data: bytes) -> KeyPackageStruct:
    return read_message_of(data, WireFormat.KEY_PACKAGE, KeyPackageStruct.read)


# Trees.


def tree_operations(e: Element) -> None:
    """Check one proposal applied to a tree."""
    suite = suite_of(e.number("cipher_suite"))
    tree = RatchetTree.decode(suite, e.data("tree_before"))
    same("tree_before", tree.encode(), e.data("tree_before"))
    same("tree_hash_before", tree.tree_hash(), e.data("tree_hash_before"))
    encoded, sender = e.data("proposal"), e.number("proposal_sender")
    tree.member(sender)
    for _, leaf in tree.leaves():
        if leaf.source is LeafSource.KEY_PACKAGE:  # the others are bound to a group id not given
            leaf.verify_signature(suite)
    match codec.decode(encoded, read_proposal):
        case Add(package):
            check_key_package(package, suite, insecure_for_tests_rules())
            tree.add(package.leaf_node)
        case Update(leaf):
            tree.update(sender, leaf)
        case Remove(removed):
            require("nobody removes itself", ok=removed != sender)
            tree.remove(removed)
        case _:
            raise MismatchError("a proposal that does not change the tree")
    same("tree_after", tree.encode(), e.data("tree_after"))
    same("tree_hash_after", tree.tree_hash(), e.data("tree_hash_after"))


def tree_validation(e: Element) -> None:
    """Check resolutions, hashes, parent hashes and leaf signatures of a tree."""
    suite, group_id = suite_of(e.number("cipher_suite")), e.data("group_id")
    tree = RatchetTree.decode(suite, e.data("tree"))
    same("tree", tree.encode(), e.data("tree"))
    nodes = range(tree.width)
    same("resolutions", [tree.resolution(n) for n in nodes], e.number_lists("resolutions"))
    same("tree_hashes", [tree.tree_hash(n) for n in nodes], e.datas("tree_hashes"))
    check_parent_hashes(tree)
    for index, leaf in tree.leaves():
        leaf.verify_signature(suite, group_id, index)


@dataclass(frozen=True, slots=True)
class _Case:
    """A treekem element: the tree, the context, and each leaf's private keys."""

    suite: Suite
    tree: RatchetTree
    context: GroupContext
    privates: dict[int, dict[int, bytes]]

    def encoded(self, tree_hash: bytes) -> bytes:
        return replace(self.context, tree_hash=tree_hash).encode()

    def open(self, leaf: int, sender: int, path: UpdatePath) -> tuple[bytes, bytes, bytes]:
        """Return (path secret, commit secret, tree hash) as a leaf learns them."""
        tree = self.tree.copy()
        filtered = merge_path(tree, sender, path)
        stale = tree.direct_path(2 * sender)
        privates = {n: k for n, k in self.privates[leaf].items() if n not in stale}
        tree_hash = tree.tree_hash()
        opened = open_path(tree, filtered, path, leaf, privates, self.encoded(tree_hash), ())
        return opened.path_secret, opened.commit_secret, tree_hash


def treekem(e: Element) -> None:
    """Check received paths for every leaf, and paths of our own for every sender."""
    suite = suite_of(e.number("cipher_suite"))
    tree = RatchetTree.decode(suite, e.data("ratchet_tree"))
    same("ratchet_tree", tree.encode(), e.data("ratchet_tree"))
    confirmed = e.data("confirmed_transcript_hash")
    context = GroupContext(
        suite.suite_id, e.data("group_id"), e.number("epoch"), b"", confirmed, ()
    )
    case = _Case(suite, tree, context, {})
    signature_keys: dict[int, bytes] = {}
    for private in e.children("leaves_private"):
        index = private.number("index")
        signature_keys[index] = private_key(private, "signature_priv", suite)
        case.privates[index] = _leaf_privates(private, tree, index)
    same("leaves_private", sorted(case.privates), [index for index, _ in tree.leaves()])
    senders = [_update_path(u, case, signature_keys) for u in e.children("update_paths")]
    same("update_paths", senders, [index for index, _ in tree.leaves()])


def _leaf_privates(e: Element, tree: RatchetTree, index: int) -> dict[int, bytes]:
    """Check one leaf's private keys against the tree."""
    suite, leaf = tree.suite, tree.member(index)
    privates = {2 * index: private_key(e, "encryption_priv", suite)}
    same("encryption_priv", suite.kem.public_key(privates[2 * index]), leaf.encryption_key)
    public = suite.signature.public_key(private_key(e, "signature_priv", suite))
    same("signature_priv", public, leaf.signature_key)
    for secret in e.children("path_secrets"):
        node = secret.number("node")
        privates[node], public = node_key_pair(suite, secret.secret("path_secret", suite.nh))
        shown = tree.node(node)
        same("path_secret", public, shown.encryption_key if shown else None)
    parents = [(n, tree.parent_node(n)) for n in tree.direct_path(2 * index)]
    known = [n for n, p in parents if p is not None and index not in p.unmerged_leaves]
    same("path_secrets", sorted(privates), sorted([2 * index, *known]))
    return privates


def _update_path(e: Element, case: _Case, signature_keys: dict[int, bytes]) -> int:
    """Check one path and return its sender."""
    sender, encoded = e.number("sender"), e.data("update_path")
    path = codec.decode(encoded, UpdatePath.read)
    same("update_path", path.encode(), encoded)
    path.leaf_node.verify_signature(case.suite, case.context.group_id, sender)
    secrets, commit_secret = e.maybe_datas("path_secrets"), e.data("commit_secret")
    tree_hash = e.data("tree_hash_after")
    expected: list[bytes | None] = [None] * len(secrets)
    receivers = [leaf for leaf in case.privates if leaf != sender]
    for leaf in receivers:
        expected[leaf], commit, hashed = case.open(leaf, sender, path)
        same("commit_secret", commit, commit_secret)
        same("tree_hash_after", hashed, tree_hash)
    same("path_secrets", expected, secrets)
    ours = case.tree.copy()
    made = new_path(
        ours, sender, signature_keys[sender], case.context.group_id, case.encoded, (), fixed_rng
    )
    for leaf in receivers:
        same("our own path", case.open(leaf, sender, made.path)[1], made.commit_secret)
    return sender


# Messages.


def message_protection(e: Element) -> None:
    """Check PublicMessage and PrivateMessage in both directions."""
    suite = suite_of(e.number("cipher_suite"))
    public, private = e.data("signature_pub"), private_key(e, "signature_priv", suite)
    same("signature_pub", suite.signature.public_key(private), public)
    context = GroupContext(
        suite.suite_id,
        e.data("group_id"),
        e.number("epoch"),
        e.data("tree_hash"),
        e.data("confirmed_transcript_hash"),
        (),
    )
    tree = SecretTree.start(suite, e.secret("encryption_secret", suite.nh), 2)
    view = EpochView(
        suite,
        context.group_id,
        context.epoch,
        context.encode(),
        e.secret("sender_data_secret", suite.nh),
        tree,
        lambda leaf: public if leaf == 1 else None,
    )
    membership = e.secret("membership_key", suite.nh)
    for name in ("proposal", "commit", "application"):
        given = e.data(name)
        signed, _ = open_private(
            view, read_message_of(e.data(f"{name}_priv"), WireFormat.PRIVATE_MESSAGE, _PRIVATE)
        )
        same(name, _plain(signed.framed.content), given)
        _private_again(view, signed, private, given)
        if name != "application":
            message = read_message_of(
                e.data(f"{name}_pub"), WireFormat.PUBLIC_MESSAGE, PublicMessage.read
            )
            signed = _open_public(view, message, membership, public)
            same(name, _plain(signed.framed.content), given)
            _public_again(view, signed, private, membership, given)


_PRIVATE = PrivateMessage.read


def _plain(content: Content) -> bytes:
    return content if isinstance(content, bytes) else encode_content(content)


def _open_public(
    view: EpochView, message: PublicMessage, membership: bytes, public: bytes
) -> AuthenticatedContent:
    same("group_id", message.framed.group_id, view.group_id)
    same("epoch", message.framed.epoch, view.epoch)
    same("sender", message.framed.sender, Sender(SenderType.MEMBER, 1))
    signed = check_public(view.suite, message, view.context, membership)
    verify_content(view.suite, signed, view.context, public)
    return signed


def _sign_again(
    view: EpochView, signed: AuthenticatedContent, private: bytes
) -> AuthenticatedContent:
    framed = signed.framed
    ours = sign_content(
        view, signed.wire_format, framed.sender, framed.content, framed.authenticated_data, private
    )
    tag = signed.auth.confirmation_tag
    return replace(ours, auth=replace(ours.auth, confirmation_tag=tag))


def _private_again(
    view: EpochView, signed: AuthenticatedContent, private: bytes, given: bytes
) -> None:
    same("group_id", signed.framed.group_id, view.group_id)
    same("epoch", signed.framed.epoch, view.epoch)
    message, _ = protect_private(view, _sign_again(view, signed, private), fixed_rng)
    opened, _ = open_private(view, read_message_of(message, WireFormat.PRIVATE_MESSAGE, _PRIVATE))
    same("our own PrivateMessage", _plain(opened.framed.content), given)


def _public_again(
    view: EpochView, signed: AuthenticatedContent, private: bytes, membership: bytes, given: bytes
) -> None:
    ours = _sign_again(view, signed, private)
    message = protect_public(view.suite, ours, view.context, membership)
    parsed = read_message_of(message, WireFormat.PUBLIC_MESSAGE, PublicMessage.read)
    public = view.signature_key(1) or b""
    opened = _open_public(view, parsed, membership, public)
    same("our own PublicMessage", _plain(opened.framed.content), given)


def _again(e: Element, name: str, read: Callable[[Reader], object]) -> bytes:
    """Decode a field and check that it re-encodes to the same bytes."""
    data = e.data(name)
    value = codec.decode(data, read)
    assert hasattr(value, "encode")  # every structure has it
    same(name, value.encode(), data)
    return data


def _proposal(e: Element, name: str, kind: ProposalType) -> Proposal:
    data = e.data(name)
    proposal = codec.decode(data, lambda reader: read_proposal_body(reader, kind))
    same(name, proposal.body(), data)
    return proposal


def messages(e: Element) -> None:
    """Check that every structure re-encodes to the same bytes, and what they say of each other.

    The format asks only for the first; random bytes in a signature would then pass. Where fields
    of an element vouch for each other (signatures, tree hash, references, the same content in two
    frames), that is checked too.
    """
    package = _key_package(_framed(e, "mls_key_package", WireFormat.KEY_PACKAGE))
    suite = suite_of(package.cipher_suite)
    added = _proposal(e, "add_proposal", ProposalType.ADD)
    assert isinstance(added, Add)
    for one in (package, added.key_package):
        same("cipher_suite", one.cipher_suite, suite.suite_id)
        one.leaf_node.verify_signature(suite)
        key = one.leaf_node.signature_key
        suite.verify_with_label(key, b"KeyPackageTBS", one.to_be_signed(), one.signature)
    tree = RatchetTree.decode(suite, e.data("ratchet_tree"))
    same("ratchet_tree", tree.encode(), e.data("ratchet_tree"))
    data = _framed(e, "mls_group_info", WireFormat.GROUP_INFO)
    info = read_message_of(data, WireFormat.GROUP_INFO, GroupInfo.read)
    same("cipher_suite", info.context.cipher_suite, suite.suite_id)
    same("ratchet_tree", tree.tree_hash(), info.context.tree_hash)
    signer = tree.member(info.signer)
    suite.verify_with_label(
        signer.signature_key, b"GroupInfoTBS", info.to_be_signed(), info.signature
    )
    for index, leaf in tree.leaves():
        leaf.verify_signature(suite, info.context.group_id, index)
    _messages_to_group(e, suite, info.context, tree, added)
    data = _framed(e, "mls_welcome", WireFormat.WELCOME)
    invitation = read_message_of(data, WireFormat.WELCOME, Welcome.read)
    same("mls_welcome.cipher_suite", invitation.cipher_suite, suite.suite_id)
    known = {package.reference(suite), added.key_package.reference(suite)}
    require("mls_welcome", ok={s.new_member for s in invitation.secrets} <= known)
    _again(e, "group_secrets", GroupSecrets.read)
    update = _proposal(e, "update_proposal", ProposalType.UPDATE)
    assert isinstance(update, Update)
    same("update_proposal.signature_key", update.leaf_node.signature_key, signer.signature_key)
    _proposal(e, "remove_proposal", ProposalType.REMOVE)
    _proposal(e, "pre_shared_key_proposal", ProposalType.PSK)
    _proposal(e, "re_init_proposal", ProposalType.REINIT)
    _proposal(e, "external_init_proposal", ProposalType.EXTERNAL_INIT)
    _proposal(e, "group_context_extensions_proposal", ProposalType.GROUP_CONTEXT_EXTENSIONS)


def _framed(e: Element, name: str, wanted: WireFormat) -> bytes:
    """Decode an MLSMessage of one kind and check that it re-encodes to the same bytes."""
    data = e.data(name)
    reader = Reader(data)
    same(name, read_wire_format(reader), wanted)
    start = len(data) - reader.left
    read: dict[WireFormat, Callable[[Reader], object]] = {
        WireFormat.PUBLIC_MESSAGE: PublicMessage.read,
        WireFormat.PRIVATE_MESSAGE: PrivateMessage.read,
        WireFormat.WELCOME: Welcome.read,
        WireFormat.GROUP_INFO: GroupInfo.read,
        WireFormat.KEY_PACKAGE: KeyPackageStruct.read,
    }
    value = read[wanted](reader)
    reader.finish()
    assert hasattr(value, "encode")  # every structure has it
    same(name, value.encode(), data[start:])
    return data


def _messages_to_group(
    e: Element, suite: Suite, context: GroupContext, tree: RatchetTree, added: Add
) -> None:
    contents: dict[str, Content] = {}
    for name in ("application", "proposal", "commit"):
        data = _framed(e, f"public_message_{name}", WireFormat.PUBLIC_MESSAGE)
        message = read_message_of(data, WireFormat.PUBLIC_MESSAGE, PublicMessage.read)
        framed = message.framed
        same(f"public_message_{name}.group_id", framed.group_id, context.group_id)
        key = tree.member(framed.sender.index).signature_key
        contents[name] = framed.content
        if name == "application":
            continue  # from an epoch whose context is not given
        # The official files sign these as PrivateMessages and frame them as PublicMessages.
        _verify_either(suite, message, context, key)
    same("public_message_proposal", contents["proposal"], added)
    _again(e, "commit", Commit.read)
    same("commit", codec.decode(e.data("commit"), Commit.read), contents["commit"])
    private = read_message_of(
        _framed(e, "private_message", WireFormat.PRIVATE_MESSAGE),
        WireFormat.PRIVATE_MESSAGE,
        _PRIVATE,
    )
    same("private_message.group_id", private.group_id, context.group_id)


def _verify_either(suite: Suite, message: PublicMessage, context: GroupContext, key: bytes) -> None:
    encoded = context.encode()
    signed = AuthenticatedContent(WireFormat.PRIVATE_MESSAGE, message.framed, message.auth)
    try:
        verify_content(suite, signed, encoded, key)
    except Exception:  # noqa: BLE001 -- then as what it is framed as
        public = replace(signed, wire_format=WireFormat.PUBLIC_MESSAGE)
        verify_content(suite, public, encoded, key)


# Groups.


def welcome(e: Element) -> None:
    """Check that a Welcome opens, and what is in it."""
    suite = suite_of(e.number("cipher_suite"))
    package = _key_package(e.data("key_package"))
    message = read_message_of(e.data("welcome"), WireFormat.WELCOME, Welcome.read)
    same("cipher_suite", (package.cipher_suite, message.cipher_suite), (suite.suite_id,) * 2)
    init = private_key(e, "init_priv", suite)
    same("init_priv", suite.kem.public_key(init), package.init_key)
    mine = next(s for s in message.secrets if s.new_member == package.reference(suite))
    sealed = (mine.sealed.kem_output, mine.sealed.ciphertext)
    opened = suite.decrypt_with_label(init, b"Welcome", message.encrypted_group_info, sealed)
    secrets = codec.decode(opened, GroupSecrets.read)
    joiner = key_schedule.mix_psk(suite, secrets.joiner_secret, bytes(suite.nh))
    key, nonce = key_schedule.welcome_key(suite, joiner.welcome)
    plaintext = suite.aead.open(key, nonce, b"", message.encrypted_group_info)
    info = codec.decode(plaintext, GroupInfo.read)
    suite.verify_with_label(
        e.data("signer_pub"), b"GroupInfoTBS", info.to_be_signed(), info.signature
    )
    epoch = key_schedule.epoch_secrets(suite, joiner, info.context.encode())
    confirmed = info.context.confirmed_transcript_hash
    suite.verify_mac("CK-106", epoch.confirmation, confirmed, info.confirmation_tag)


def passive_client(e: Element) -> None:
    """Join by a Welcome, then follow the group through its epochs."""
    suite = suite_of(e.number("cipher_suite"))
    package = _key_package(e.data("key_package"))
    same("cipher_suite", package.cipher_suite, suite.suite_id)
    bundle = KeyPackageBundle(
        e.data("key_package"),
        private_key(e, "init_priv", suite),
        private_key(e, "encryption_priv", suite),
        private_key(e, "signature_priv", suite),
        package.reference(suite),
    )
    psks = {p.data("psk_id"): p.data("psk") for p in e.children("external_psks")}
    tree = e.maybe_data("ratchet_tree")
    rules = insecure_for_tests_rules()
    state, _ = join_state(e.data("welcome"), bundle, rules, KnownPsks(psks, {}), tree)
    if tree is not None:
        same("ratchet_tree", state.tree.encode(), tree)
    initial = e.data("initial_epoch_authenticator")
    same("initial_epoch_authenticator", state.keys.epoch_authenticator, initial)
    for epoch in e.children("epochs"):
        for proposal in epoch.datas("proposals"):
            state, _ = receive(state, proposal, rules)
        state, _ = receive(state, epoch.data("commit"), rules)
        ours = state.keys.epoch_authenticator
        same("epoch_authenticator", ours, epoch.data("epoch_authenticator"))
