"""Checks for the vector kinds below the group: encodings, primitives, key schedule, secret tree."""

from __future__ import annotations

from visavis.core.mls import codec
from visavis.core.mls import key_schedule as schedule
from visavis.core.mls import tree_math as trees
from visavis.core.mls.codec import Reader
from visavis.core.mls.framing import AuthenticatedContent
from visavis.core.mls.group_context import GroupContext
from visavis.core.mls.proposals import Commit, ExternalPsk
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.suite import Suite, suite_of
from visavis.testing.mls_vector_element import Element, MismatchError, require, same


def fixed_rng(size: int) -> bytes:
    """Return the same bytes each time: vectors are checked, not protected."""
    return b"\x5a" * size


def private_key(e: Element, key: str, suite: Suite) -> bytes:
    """Read a private key; some generators strip the leading zeros of a P-curve's scalar."""
    data = e.data(key)
    return data.rjust(suite.kem.nsk, b"\0") if suite.suite_id in (2, 5, 7) else data


def tree_math(e: Element) -> None:
    """Check the arithmetic of a full tree."""
    leaves = e.number("n_leaves")
    width = 2 * leaves - 1
    root = trees.root(leaves)
    same("n_nodes", width, e.number("n_nodes"))
    same("root", root, e.number("root"))
    nodes = range(width)
    same("left", [trees.left(n) if n % 2 else None for n in nodes], e.maybe_numbers("left"))
    same("right", [trees.right(n) if n % 2 else None for n in nodes], e.maybe_numbers("right"))
    above = [None if n == root else trees.parent(n) for n in nodes]
    same("parent", above, e.maybe_numbers("parent"))
    beside = [None if n == root else trees.sibling(n) for n in nodes]
    same("sibling", beside, e.maybe_numbers("sibling"))


def deserialization(e: Element) -> None:
    """Check one variable-size length."""
    header, size = e.data("vlbytes_header"), e.number("length")
    same("length", codec.decode(header, lambda reader: reader.length()), size)
    same("vlbytes_header", codec.length(size), header)


def crypto_basics(e: Element) -> None:
    """Check the labelled functions of a suite."""
    suite = suite_of(e.number("cipher_suite"))
    ref = e.child("ref_hash")
    hashed = suite.ref_hash(ref.text("label").encode(), ref.data("value"))
    same("ref_hash", hashed, ref.data("out"))
    expand = e.child("expand_with_label")
    size = expand.number("length")
    label = expand.text("label").encode()
    out = suite.expand_with_label(
        expand.secret("secret", suite.nh), label, expand.data("context"), size
    )
    same("expand_with_label", out, expand.data("out"))
    derive = e.child("derive_secret")
    out = suite.derive_secret(derive.secret("secret", suite.nh), derive.text("label").encode())
    same("derive_secret", out, derive.data("out"))
    tree = e.child("derive_tree_secret")
    label, generation = tree.text("label").encode(), tree.number("generation")
    out = suite.derive_tree_secret(
        tree.secret("secret", suite.nh), label, generation, tree.number("length")
    )
    same("derive_tree_secret", out, tree.data("out"))
    _sign(e.child("sign_with_label"), suite)
    _encrypt(e.child("encrypt_with_label"), suite)


def _sign(e: Element, suite: Suite) -> None:
    private, public, label = private_key(e, "priv", suite), e.data("pub"), e.text("label").encode()
    content = e.data("content")
    same("sign_with_label.pub", suite.signature.public_key(private), public)
    suite.verify_with_label(public, label, content, e.data("signature"))
    ours = suite.sign_with_label(private, label, content)
    suite.verify_with_label(public, label, content, ours)


def _encrypt(e: Element, suite: Suite) -> None:
    private, public, label = private_key(e, "priv", suite), e.data("pub"), e.text("label").encode()
    context, plaintext = e.data("context"), e.data("plaintext")
    same("encrypt_with_label.pub", suite.kem.public_key(private), public)
    given = (e.data("kem_output"), e.data("ciphertext"))
    opened = suite.decrypt_with_label(private, label, context, given)
    same("encrypt_with_label.plaintext", opened, plaintext)
    ours = suite.encrypt_with_label(public, label, context, plaintext, fixed_rng)
    same("our own ciphertext", suite.decrypt_with_label(private, label, context, ours), plaintext)


def secret_tree(e: Element) -> None:
    """Check sender data keys and the keys of all given generations."""
    suite = suite_of(e.number("cipher_suite"))
    head = e.child("sender_data")
    key, nonce = schedule.sender_data_key(
        suite, head.secret("sender_data_secret", suite.nh), head.data("ciphertext")
    )
    same("sender_data.key", key, head.data("key"))
    same("sender_data.nonce", nonce, head.data("nonce"))
    leaves = e.grandchildren("leaves")
    if len(leaves) & (len(leaves) - 1) or not leaves:
        raise MismatchError("the number of leaves is not a power of two")
    tree = SecretTree.start(suite, e.secret("encryption_secret", suite.nh), len(leaves))
    rows = [[given.number("generation") for given in row] for row in leaves]
    require("every leaf has the same generations", ok=all(row == rows[0] for row in rows))
    for leaf, generations in enumerate(leaves):
        for generation, given in zip(rows[leaf], generations, strict=True):
            for kind, handshake in (("handshake", True), ("application", False)):
                made, tree = tree.key_at(leaf, generation, handshake=handshake)
                same(f"{kind}_key", made.key, given.data(f"{kind}_key"))
                same(f"{kind}_nonce", made.nonce, given.data(f"{kind}_nonce"))


def key_schedule(e: Element) -> None:
    """Check a chain of epochs."""
    suite = suite_of(e.number("cipher_suite"))
    init, group_id = e.secret("initial_init_secret", suite.nh), e.data("group_id")
    for number, epoch in enumerate(e.children("epochs")):
        tree_hash, confirmed = epoch.data("tree_hash"), epoch.data("confirmed_transcript_hash")
        context = GroupContext(suite.suite_id, group_id, number, tree_hash, confirmed, ())
        encoded = context.encode()
        same("group_context", encoded, epoch.data("group_context"))
        joiner = schedule.joiner_secret(
            suite, init, epoch.secret("commit_secret", suite.nh), encoded
        )
        before = schedule.mix_psk(suite, joiner, epoch.secret("psk_secret", suite.nh))
        secrets = schedule.epoch_secrets(suite, before, encoded)
        init = secrets.keys.init
        _, external_pub = suite.kem.derive_key_pair(secrets.keys.external)
        ours = {
            "joiner_secret": joiner,
            "welcome_secret": before.welcome,
            "init_secret": init,
            "sender_data_secret": secrets.keys.sender_data,
            "encryption_secret": secrets.encryption,
            "exporter_secret": secrets.keys.exporter,
            "epoch_authenticator": secrets.keys.epoch_authenticator,
            "external_secret": secrets.keys.external,
            "confirmation_key": secrets.confirmation,
            "membership_key": secrets.keys.membership,
            "resumption_psk": secrets.keys.resumption,
            "external_pub": external_pub,
        }
        for name, value in ours.items():
            same(name, value, epoch.data(name))
        exporter = epoch.child("exporter")
        label, size = exporter.text("label").encode(), exporter.number("length")
        secret = secrets.keys.exporter
        exported = schedule.export(suite, secret, label, exporter.data("context"), size)
        same("exporter", exported, exporter.data("secret"))


def psk_secret(e: Element) -> None:
    """Check how PSKs are combined."""
    suite = suite_of(e.number("cipher_suite"))
    psks = [
        (ExternalPsk(p.data("psk_id"), p.data("psk_nonce")), p.data("psk"))
        for p in e.children("psks")
    ]
    same("psk_secret", schedule.psk_secret(suite, psks), e.data("psk_secret"))


def transcript_hashes(e: Element) -> None:
    """Check one step of the transcript hashes."""
    suite = suite_of(e.number("cipher_suite"))
    encoded = e.data("authenticated_content")
    signed = AuthenticatedContent.read(reader := Reader(encoded))
    reader.finish()
    same("authenticated_content", signed.encode(), encoded)
    if not isinstance(signed.framed.content, Commit):
        raise MismatchError("authenticated_content is not a commit")
    content = codec.u16(signed.wire_format) + signed.framed.encode()
    content += codec.opaque(signed.auth.signature)
    before = e.data("interim_transcript_hash_before")
    confirmed = schedule.confirmed_hash(suite, before, content)
    same("confirmed_transcript_hash_after", confirmed, e.data("confirmed_transcript_hash_after"))
    tag = signed.auth.confirmation_tag or b""
    interim = schedule.interim_hash(suite, confirmed, tag)
    same("interim_transcript_hash_after", interim, e.data("interim_transcript_hash_after"))
    suite.verify_mac("CK-106", e.secret("confirmation_key", suite.nh), confirmed, tag)
