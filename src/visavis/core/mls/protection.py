"""Signing, sealing and opening messages (RFC 9420, 6): framing's structures put to work.

Pure: functions take an `EpochView` and give back what changed. Not for deciding whether a
message's content makes sense: that is `proposal_list` and `commit_process`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from visavis.core.mls import codec, key_schedule
from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.codec import Reader
from visavis.core.mls.framing import (
    AuthData,
    AuthenticatedContent,
    Content,
    ContentType,
    FramedContent,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    content_type,
    encode_content,
    read_content,
)
from visavis.core.mls.kem import Rng
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.suite import Suite
from visavis.core.mls.wire import WireFormat, wrap_message

PAD_BLOCK: Final = 32
"""Plaintexts are padded to a multiple of this. Envelopes hide sizes in buckets anyway (P1);
this keeps lengths coarse where there is no envelope. Higher hides more and costs bytes."""


@dataclass(frozen=True, slots=True)
class EpochView:
    """What is needed to open a message of an epoch.

    Attributes:
        suite: The suite.
        group_id: The group.
        epoch: The epoch.
        context: Encoded GroupContext.
        sender_data: Sender data secret.
        secret_tree: Message keys.
        signature_key: Looks up the signature key of a leaf, None if there is no such member.
    """

    suite: Suite
    group_id: bytes
    epoch: int
    context: bytes
    sender_data: bytes
    secret_tree: SecretTree
    signature_key: Callable[[int], bytes | None]


def sign_content(
    view: EpochView,
    wire_format: WireFormat,
    sender: Sender,
    content: Content,
    authenticated_data: bytes,
    signature_private: bytes,
) -> AuthenticatedContent:
    """Frame and sign content; a commit's confirmation tag is put in later."""
    framed = FramedContent(view.group_id, view.epoch, sender, authenticated_data, content)
    signature = view.suite.sign_with_label(
        signature_private,
        b"FramedContentTBS",
        framed.to_be_signed(wire_format, view.context),
    )
    return AuthenticatedContent(wire_format, framed, AuthData(signature, None))


def verify_content(
    suite: Suite, signed: AuthenticatedContent, context: bytes, signature_key: bytes
) -> None:
    """Raise unless the sender's signature is good (CK-014)."""
    suite.verify_with_label(
        signature_key,
        b"FramedContentTBS",
        signed.framed.to_be_signed(signed.wire_format, context),
        signed.auth.signature,
    )


def _membership_input(framed: FramedContent, auth: AuthData, context: bytes) -> bytes:
    return framed.to_be_signed(WireFormat.PUBLIC_MESSAGE, context) + auth.encode()


def protect_public(
    suite: Suite, signed: AuthenticatedContent, context: bytes, membership_key: bytes
) -> bytes:
    """Encode a PublicMessage; members' messages get a membership tag (6.2)."""
    tag = None
    if signed.framed.sender.sender_type is SenderType.MEMBER:
        data = _membership_input(signed.framed, signed.auth, context)
        tag = suite.kdf.mac(membership_key, data)
    message = PublicMessage(signed.framed, signed.auth, tag)
    return wrap_message(WireFormat.PUBLIC_MESSAGE, message.encode())


def check_public(
    suite: Suite, message: PublicMessage, context: bytes, membership_key: bytes
) -> AuthenticatedContent:
    """Check a PublicMessage's form and membership tag; the signature is the caller's to check.

    Raises:
        PeerError: CK-052: whoever lacks the epoch's keys cannot speak as a member. CK-053.
    """
    framed = message.framed
    ensure("CK-053", content_type(framed.content) is not ContentType.APPLICATION)
    if message.membership_tag is not None:
        data = _membership_input(framed, message.auth, context)
        suite.verify_mac("CK-052", membership_key, data, message.membership_tag)
    return AuthenticatedContent(WireFormat.PUBLIC_MESSAGE, framed, message.auth)


def protect_private(
    view: EpochView, signed: AuthenticatedContent, rng: Rng, pad_to: int = PAD_BLOCK
) -> tuple[bytes, SecretTree]:
    """Encrypt a member's message (6.3).

    Args:
        view: The epoch.
        signed: The signed content; its sender is a member.
        rng: For the reuse guard.
        pad_to: Pad the plaintext to a multiple of this many bytes; 0 for no padding.

    Returns:
        The MLSMessage, and the secret tree without the key that was used.
    """
    suite, framed = view.suite, signed.framed
    kind, leaf = content_type(framed.content), framed.sender.index
    generation, key, after = view.secret_tree.next_key(
        leaf, handshake=kind is not ContentType.APPLICATION
    )
    plaintext = encode_content(framed.content) + signed.auth.encode()
    if pad_to:
        plaintext += bytes(-len(plaintext) % pad_to)
    guard = rng(4)
    head = PrivateMessage(framed.group_id, framed.epoch, kind, framed.authenticated_data, b"", b"")
    ciphertext = suite.aead.seal(key.key, key.guarded_nonce(guard), head.content_aad(), plaintext)
    sd_key, sd_nonce = key_schedule.sender_data_key(suite, view.sender_data, ciphertext)
    sender_data = codec.u32(leaf) + codec.u32(generation) + guard
    sealed = suite.aead.seal(sd_key, sd_nonce, head.sender_data_aad(), sender_data)
    body = head.content_aad() + codec.opaque(sealed) + codec.opaque(ciphertext)
    return wrap_message(WireFormat.PRIVATE_MESSAGE, body), after


def open_private(
    view: EpochView, message: PrivateMessage
) -> tuple[AuthenticatedContent, SecretTree]:
    """Decrypt a PrivateMessage and check everything about it, the signature included.

    Args:
        view: The epoch it belongs to.
        message: What was received.

    Returns:
        The content, and the secret tree without the key that opened it. The caller keeps that
        tree only if it accepts the content.

    Raises:
        PeerError: CK-014, CK-015, CK-054 to CK-057, or malformed inside.
    """
    suite = view.suite
    sd_key, sd_nonce = key_schedule.sender_data_key(suite, view.sender_data, message.ciphertext)
    sender_data = Reader(
        suite.aead.open(sd_key, sd_nonce, message.sender_data_aad(), message.encrypted_sender_data)
    )
    leaf, generation, guard = sender_data.uint(4), sender_data.uint(4), sender_data.take(4)
    sender_data.finish()
    signature_key = view.signature_key(leaf)
    if signature_key is None:
        raise refusal("CK-054")
    kind = message.content_type
    key, after = view.secret_tree.key_at(
        leaf, generation, handshake=kind is not ContentType.APPLICATION
    )
    nonce = key.guarded_nonce(guard)
    reader = Reader(suite.aead.open(key.key, nonce, message.content_aad(), message.ciphertext))
    content = read_content(reader, kind)
    auth = AuthData.read(reader, kind)
    ensure("CK-057", not any(reader.rest()))
    framed = FramedContent(
        message.group_id,
        message.epoch,
        Sender(SenderType.MEMBER, leaf),
        message.authenticated_data,
        content,
    )
    signed = AuthenticatedContent(WireFormat.PRIVATE_MESSAGE, framed, auth)
    verify_content(suite, signed, view.context, signature_key)
    return signed, after
