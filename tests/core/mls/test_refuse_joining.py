"""Welcomes, GroupInfos and trees that must be refused by whoever joins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.core.mls.world import (
    NOW,
    Stream,
    World,
    anyone,
    founder,
    package,
    refused,
    state_of,
)

from visavis.core.mls import Extension, ExtensionType, Group, KeyPackageBundle, codec, key_schedule
from visavis.core.mls.codec import decode
from visavis.core.mls.group_context import (
    EncryptedGroupSecrets,
    GroupInfo,
    GroupSecrets,
    Welcome,
)
from visavis.core.mls.leaf_node import Credential
from visavis.core.mls.proposals import (
    ExternalPsk,
    HpkeCiphertext,
    ResumptionPsk,
    ResumptionUsage,
)
from visavis.core.mls.ratchet_tree import RatchetTree
from visavis.core.mls.suite import suite_of
from visavis.core.mls.wire import WireFormat, wrap_message

SUITE = suite_of(1)


class Invitation:
    """A Welcome for `bundle`, taken apart so that a test can change any layer of it."""

    def __init__(self, members: int = 3) -> None:
        world = World(members)
        self.bundle = world.package("joiner")
        pending = world.make_commit(0, add=[self.bundle.key_package])
        assert pending.welcome is not None
        self.message = pending.welcome
        self.signer_key = state_of(world.groups[0]).signature_private
        self.world = world
        welcome = decode(self.message[4:], Welcome.read)
        sealed = welcome.secrets[0].sealed
        pair = (sealed.kem_output, sealed.ciphertext)
        info = welcome.encrypted_group_info
        opened = SUITE.decrypt_with_label(self.bundle.init_private, b"Welcome", info, pair)
        self.secrets = decode(opened, GroupSecrets.read)
        key, nonce = self._key(self.secrets)
        self.info = decode(SUITE.aead.open(key, nonce, b"", info), GroupInfo.read)

    def _key(self, secrets: GroupSecrets) -> tuple[bytes, bytes]:
        joiner = key_schedule.mix_psk(SUITE, secrets.joiner_secret, bytes(32))
        return key_schedule.welcome_key(SUITE, joiner.welcome)

    def seal(
        self,
        info: GroupInfo | None = None,
        secrets: GroupSecrets | None = None,
        *,
        sign: bool = True,
    ) -> bytes:
        """Put it together again, signed by its signer."""
        info, secrets = info or self.info, secrets or self.secrets
        if sign:
            content = info.to_be_signed()
            signature = SUITE.sign_with_label(self.signer_key, b"GroupInfoTBS", content)
            info = replace(info, signature=signature)
        key, nonce = self._key(self.secrets)
        sealed_info = SUITE.aead.seal(key, nonce, b"", info.encode())
        init = self.bundle.struct().init_key
        sealed = SUITE.encrypt_with_label(
            init, b"Welcome", sealed_info, secrets.encode(), Stream("seal")
        )
        entry = EncryptedGroupSecrets(self.bundle.reference, HpkeCiphertext(*sealed))
        return wrap_message(WireFormat.WELCOME, Welcome(1, (entry,), sealed_info).encode())

    def tree(self) -> RatchetTree:
        data = next(e.data for e in self.info.extensions if e.extension_type == 2)
        return RatchetTree.decode(SUITE, data)

    def with_tree(self, tree: RatchetTree) -> GroupInfo:
        """The same GroupInfo for another tree, tree hash included."""
        context = replace(self.info.context, tree_hash=tree.tree_hash())
        extension = Extension(ExtensionType.RATCHET_TREE, tree.encode())
        return replace(self.info, context=context, extensions=(extension,))

    def join(self, message: bytes, bundle: KeyPackageBundle | None = None, **kw: Any) -> Group:
        return Group.join(message, bundle or self.bundle, now=NOW, validator=anyone, **kw)


@pytest.fixture
def invitation() -> Invitation:
    return Invitation()


def test_the_invitation_as_it_was_made(invitation: Invitation) -> None:
    """The positive control: taken apart and put together it still works."""
    assert invitation.join(invitation.message).epoch == 2
    assert invitation.join(invitation.seal()).epoch == 2
    assert invitation.secrets.path_secret is not None


def test_ck_120_not_for_us(invitation: Invitation) -> None:
    with refused("CK-120"):
        invitation.join(invitation.message, package("somebody else"))


def test_ck_121_another_suite(invitation: Invitation) -> None:
    body = b"\0\2" + invitation.message[6:]
    with refused("CK-121"):
        invitation.join(invitation.message[:4] + body)
    context = replace(invitation.info.context, cipher_suite=3)
    with refused("CK-121"):
        invitation.join(invitation.seal(replace(invitation.info, context=context)))


def test_ck_122_no_tree(invitation: Invitation) -> None:
    bare = invitation.seal(replace(invitation.info, extensions=()))
    with refused("CK-122"):
        invitation.join(bare)
    tree = invitation.tree().encode()
    assert invitation.join(bare, ratchet_tree=tree).epoch == 2


def test_ck_042_another_tree(invitation: Invitation) -> None:
    tree = invitation.tree()
    tree.remove(2)
    bare = invitation.seal(replace(invitation.info, extensions=()))
    with refused("CK-042"):
        invitation.join(bare, ratchet_tree=tree.encode())


def test_ck_123_a_signer_that_is_no_member(invitation: Invitation) -> None:
    for signer in (9, 2**32 - 1):
        with refused("CK-123"):
            invitation.join(invitation.seal(replace(invitation.info, signer=signer)))


def test_ck_014_not_signed_by_the_signer(invitation: Invitation) -> None:
    with refused("CK-014"):
        invitation.join(invitation.seal(replace(invitation.info, signer=1)))
    bad = replace(invitation.info, signature=bytes(64))
    with refused("CK-014"):
        invitation.join(invitation.seal(bad, sign=False))


def test_ck_124_our_leaf_is_not_as_we_made_it(invitation: Invitation) -> None:
    tree = invitation.tree()
    tree.remove(3)
    tree.add(package("impostor").struct().leaf_node)
    with refused("CK-124"):
        invitation.join(invitation.seal(invitation.with_tree(tree)))
    assert invitation.join(invitation.seal(invitation.with_tree(invitation.tree()))).epoch == 2


@pytest.mark.parametrize("field", ["init_private", "encryption_private", "signature_private"])
def test_ck_127_keys_of_another_package(invitation: Invitation, field: str) -> None:
    other = package("other")
    mixed = replace(invitation.bundle, **{field: getattr(other, field)})
    with refused("CK-127"):
        invitation.join(invitation.message, mixed)


def test_ck_106_a_confirmation_tag_that_does_not_fit(invitation: Invitation) -> None:
    tag = bytes(32)
    with refused("CK-106"):
        invitation.join(invitation.seal(replace(invitation.info, confirmation_tag=tag)))


def test_ck_105_a_path_secret_for_other_keys(invitation: Invitation) -> None:
    with refused("CK-105"):
        secrets = replace(invitation.secrets, path_secret=b"\7" * 32)
        invitation.join(invitation.seal(secrets=secrets))


def test_ck_128_a_path_secret_for_a_blank_node() -> None:
    world = World(1)
    bundle = world.package("joiner")
    pending = world.make_commit(0, add=[bundle.key_package], path=False)
    assert pending.welcome is not None
    invitation = Invitation.__new__(Invitation)
    invitation.bundle = bundle
    invitation.signer_key = state_of(world.groups[0]).signature_private
    welcome = decode(pending.welcome[4:], Welcome.read)
    sealed = welcome.secrets[0].sealed
    opened = SUITE.decrypt_with_label(
        bundle.init_private,
        b"Welcome",
        welcome.encrypted_group_info,
        (sealed.kem_output, sealed.ciphertext),
    )
    invitation.secrets = decode(opened, GroupSecrets.read)
    key, nonce = invitation._key(invitation.secrets)
    plaintext = SUITE.aead.open(key, nonce, b"", welcome.encrypted_group_info)
    invitation.info = decode(plaintext, GroupInfo.read)
    assert invitation.join(invitation.seal()).epoch == 1
    with refused("CK-128"):
        secrets = replace(invitation.secrets, path_secret=b"\7" * 32)
        invitation.join(invitation.seal(secrets=secrets))


def test_ck_128_we_did_not_invite_ourselves(invitation: Invitation) -> None:
    mine = replace(invitation.info, signer=3)
    invitation.signer_key = invitation.bundle.signature_private
    with refused("CK-128"):
        invitation.join(invitation.seal(mine))


def test_ck_125_branch_and_reinit(invitation: Invitation) -> None:
    for usage in (ResumptionUsage.BRANCH, ResumptionUsage.REINIT):
        psk = ResumptionPsk(usage, b"a group", 1, bytes(32))
        with refused("CK-125"):
            secrets = replace(invitation.secrets, psks=(psk,))
            invitation.join(invitation.seal(secrets=secrets))


def test_ck_084_psks_we_do_not_have(invitation: Invitation) -> None:
    for psk in (
        ExternalPsk(b"unknown", bytes(32)),
        ResumptionPsk(ResumptionUsage.APPLICATION, b"a group", 1, bytes(32)),
    ):
        with refused("CK-084"):
            secrets = replace(invitation.secrets, psks=(psk,))
            invitation.join(invitation.seal(secrets=secrets))


def test_ck_015_a_damaged_welcome(invitation: Invitation) -> None:
    message = bytearray(invitation.message)
    message[-1] ^= 1
    with refused("CK-015"):
        invitation.join(bytes(message))


TREES: list[tuple[str, Callable[[RatchetTree], None]]] = [
    (
        "CK-014",
        lambda t: t.set_leaf(1, replace(t.member(1), credential=Credential.basic(b"root"))),
    ),
    ("CK-014", lambda t: t.set_leaf(1, replace(t.member(1), signature=bytes(64)))),
    ("CK-011", lambda t: t.set_leaf(1, replace(t.member(1), encryption_key=b"short"))),
    ("CK-012", lambda t: t.set_leaf(1, replace(t.member(1), encryption_key=bytes(32)))),
    (
        "CK-027",
        lambda t: t.set_leaf(1, replace(t.member(1), encryption_key=t.member(2).encryption_key)),
    ),
]


@pytest.mark.parametrize("number", range(len(TREES)), ids=[ck for ck, _ in TREES])
def test_trees_with_a_changed_leaf(number: int) -> None:
    """A signer who is a member may lie about the others; their signatures are theirs."""
    ck, change = TREES[number]
    world = World(3)
    bundle = world.package("joiner")
    # Without a path no parent hash stands in the way of the change.
    tree = state_of(world.groups[0]).tree.copy()
    tree.blank_path(0)
    state = state_of(world.groups[0])
    change(tree)
    forged = Group(
        replace(state, tree=tree, context=replace(state.context, tree_hash=tree.tree_hash())),
        anyone,
    )
    info = forged.group_info()
    with refused(ck):
        Group.external_join(
            info,
            identity=b"x",
            signature_private=bundle.signature_private,
            rng=Stream("x"),
            now=NOW,
            validator=anyone,
        )


def test_ck_026_a_tree_with_a_signature_key_twice() -> None:
    world = World(2)
    state = state_of(world.groups[0])
    tree = state.tree.copy()
    tree.blank_path(0)
    tree.add(package("again", key=state_of(world.groups[1]).signature_private).struct().leaf_node)
    context = replace(state.context, tree_hash=tree.tree_hash())
    with refused("CK-026"):
        external(Group(replace(state, tree=tree, context=context), anyone).group_info())


def external(info: bytes) -> Group:
    group, _ = Group.external_join(
        info,
        identity=b"x",
        signature_private=b"\x21" * 32,
        rng=Stream("x"),
        now=NOW,
        validator=anyone,
    )
    return group


def test_ck_126_a_group_info_that_is_not_for_joiners() -> None:
    group = founder()
    assert external(group.group_info())
    info = decode(group.group_info()[4:], GroupInfo.read)
    bare = replace(info, extensions=info.extensions[:1])
    key = state_of(group).signature_private
    signature = SUITE.sign_with_label(key, b"GroupInfoTBS", bare.to_be_signed())
    message = wrap_message(WireFormat.GROUP_INFO, replace(bare, signature=signature).encode())
    with refused("CK-126"):
        external(message)


def test_ck_012_an_external_pub_of_small_order() -> None:
    group = founder()
    info = decode(group.group_info()[4:], GroupInfo.read)
    small = Extension(ExtensionType.EXTERNAL_PUB, codec.opaque(bytes(32)))
    bad = replace(info, extensions=(info.extensions[0], small))
    key = state_of(group).signature_private
    signature = SUITE.sign_with_label(key, b"GroupInfoTBS", bad.to_be_signed())
    with refused("CK-012"):
        external(wrap_message(WireFormat.GROUP_INFO, replace(bad, signature=signature).encode()))
