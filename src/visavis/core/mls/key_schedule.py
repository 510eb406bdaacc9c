"""The key schedule (RFC 9420, 8): from the last epoch's init secret to this epoch's keys.

    init_secret[n-1], commit_secret -> joiner_secret -> + psk_secret -> epoch_secret -> ...

Joiner, welcome and epoch secret exist only inside these functions and in their results; a group
keeps `EpochKeys`, nothing above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from visavis.core.mls import codec
from visavis.core.mls.proposals import PskId
from visavis.core.mls.suite import Suite


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """The secrets a member holds during an epoch."""

    init: bytes
    sender_data: bytes
    exporter: bytes
    external: bytes
    membership: bytes
    resumption: bytes
    epoch_authenticator: bytes


@dataclass(frozen=True, slots=True)
class EpochSecrets:
    """All that the key schedule gives for one epoch; dropped once it is taken apart."""

    keys: EpochKeys
    encryption: bytes
    confirmation: bytes


@dataclass(frozen=True, slots=True)
class JoinerSecrets:
    """The joiner secret and what follows from it before the epoch secret."""

    joiner: bytes
    member: bytes
    welcome: bytes


def joiner_secret(suite: Suite, init: bytes, commit: bytes, context: bytes) -> bytes:
    """Derive the joiner secret of an epoch from the init secret of the last.

    Args:
        suite: The suite.
        init: Init secret of the last epoch, or the external one.
        commit: Commit secret; `nh` zeros for a commit without a path.
        context: Encoded GroupContext of the new epoch.

    Returns:
        `nh` bytes.
    """
    extracted = suite.kdf.extract(init, commit)
    return suite.expand_with_label(extracted, b"joiner", context, suite.nh)


def mix_psk(suite: Suite, joiner: bytes, psk: bytes) -> JoinerSecrets:
    """Mix the PSK secret into the joiner secret."""
    member = suite.kdf.extract(joiner, psk)
    return JoinerSecrets(joiner, member, suite.derive_secret(member, b"welcome"))


def epoch_secrets(suite: Suite, joiner: JoinerSecrets, context: bytes) -> EpochSecrets:
    """Derive an epoch's secrets for its encoded GroupContext."""
    return from_epoch_secret(
        suite, suite.expand_with_label(joiner.member, b"epoch", context, suite.nh)
    )


def from_epoch_secret(suite: Suite, epoch: bytes) -> EpochSecrets:
    """Derive everything from an epoch secret; a group's creator draws the first one."""

    def secret(label: bytes) -> bytes:
        return suite.derive_secret(epoch, label)

    keys = EpochKeys(
        init=secret(b"init"),
        sender_data=secret(b"sender data"),
        exporter=secret(b"exporter"),
        external=secret(b"external"),
        membership=secret(b"membership"),
        resumption=secret(b"resumption"),
        epoch_authenticator=secret(b"authentication"),
    )
    return EpochSecrets(keys, secret(b"encryption"), secret(b"confirm"))


def psk_secret(suite: Suite, psks: Sequence[tuple[PskId, bytes]]) -> bytes:
    """Combine pre-shared keys into one secret (RFC 9420, 8.4); zeros if there are none."""
    secret = bytes(suite.nh)
    for index, (psk_id, psk) in enumerate(psks):
        extracted = suite.kdf.extract(bytes(suite.nh), psk)
        label = psk_id.encode() + codec.u16(index) + codec.u16(len(psks))
        derived = suite.expand_with_label(extracted, b"derived psk", label, suite.nh)
        secret = suite.kdf.extract(derived, secret)
    return secret


def welcome_key(suite: Suite, welcome: bytes) -> tuple[bytes, bytes]:
    """Derive (key, nonce) for the GroupInfo inside a Welcome (RFC 9420, 12.4.3.1)."""
    key = suite.expand_with_label(welcome, b"key", b"", suite.aead.nk)
    return key, suite.expand_with_label(welcome, b"nonce", b"", suite.aead.nn)


def sender_data_key(suite: Suite, sender_data: bytes, ciphertext: bytes) -> tuple[bytes, bytes]:
    """Derive (key, nonce) for the sender data from the start of a ciphertext (6.3.2)."""
    sample = ciphertext[: suite.nh]
    key = suite.expand_with_label(sender_data, b"key", sample, suite.aead.nk)
    return key, suite.expand_with_label(sender_data, b"nonce", sample, suite.aead.nn)


def export(suite: Suite, exporter: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """Return MLS-Exporter(label, context, size) (RFC 9420, 8.5)."""
    secret = suite.derive_secret(exporter, label)
    return suite.expand_with_label(secret, b"exported", suite.kdf.hash(context), size)


def confirmed_hash(suite: Suite, interim: bytes, content: bytes) -> bytes:
    """Return the confirmed transcript hash.

    Args:
        suite: The suite.
        interim: Interim transcript hash of the epoch before.
        content: ConfirmedTranscriptHashInput: wire format, framed content, signature.

    Returns:
        `nh` bytes (RFC 9420, 8.2).
    """
    return suite.kdf.hash(interim + content)


def interim_hash(suite: Suite, confirmed: bytes, confirmation_tag: bytes) -> bytes:
    """Return the interim transcript hash after a commit (RFC 9420, 8.2)."""
    return suite.kdf.hash(confirmed + codec.opaque(confirmation_tag))
