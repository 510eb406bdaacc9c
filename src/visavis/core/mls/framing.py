"""Message framing (RFC 9420, 6): content, senders, PublicMessage and PrivateMessage as structures.

Signing, sealing and opening are in `protection`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from visavis.core.mls import codec
from visavis.core.mls.checks import refusal
from visavis.core.mls.codec import Reader
from visavis.core.mls.proposals import Commit, Proposal, encode_proposal, read_proposal
from visavis.core.mls.wire import WireFormat


class ContentType(IntEnum):
    """What a message carries."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class SenderType(IntEnum):
    """Who may send a message."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender; `index` is a leaf index, or an index into the external senders, or 0."""

    sender_type: SenderType
    index: int = 0

    def encode(self) -> bytes:
        """Encode."""
        if self.sender_type in (SenderType.MEMBER, SenderType.EXTERNAL):
            return codec.u8(self.sender_type) + codec.u32(self.index)
        return codec.u8(self.sender_type)

    @staticmethod
    def read(reader: Reader) -> Sender:
        """Decode."""
        kind = codec.read_tag(reader, 1, SenderType)
        if kind in (SenderType.MEMBER, SenderType.EXTERNAL):
            return Sender(kind, reader.uint(4))
        return Sender(kind)


Content: TypeAlias = bytes | Proposal | Commit


def content_type(content: Content) -> ContentType:
    """Tell what kind of content this is."""
    if isinstance(content, bytes):
        return ContentType.APPLICATION
    if isinstance(content, Commit):
        return ContentType.COMMIT
    return ContentType.PROPOSAL


def encode_content(content: Content) -> bytes:
    """Encode content without its type."""
    if isinstance(content, bytes):
        return codec.opaque(content)
    if isinstance(content, Commit):
        return content.encode()
    return encode_proposal(content)


def read_content(reader: Reader, kind: ContentType) -> Content:
    """Decode content of a known type."""
    match kind:
        case ContentType.APPLICATION:
            return reader.opaque()
        case ContentType.PROPOSAL:
            return read_proposal(reader)
        case ContentType.COMMIT:
            return Commit.read(reader)


@dataclass(frozen=True, slots=True)
class FramedContent:
    """Content with its group, epoch, sender and authenticated data (RFC 9420, 6)."""

    group_id: bytes
    epoch: int
    sender: Sender
    authenticated_data: bytes
    content: Content

    def encode(self) -> bytes:
        """Encode."""
        return (
            codec.opaque(self.group_id)
            + codec.u64(self.epoch)
            + self.sender.encode()
            + codec.opaque(self.authenticated_data)
            + codec.u8(content_type(self.content))
            + encode_content(self.content)
        )

    @staticmethod
    def read(reader: Reader) -> FramedContent:
        """Decode."""
        group_id, epoch = reader.opaque(), reader.uint(8)
        sender, authenticated_data = Sender.read(reader), reader.opaque()
        kind = codec.read_tag(reader, 1, ContentType)
        return FramedContent(
            group_id, epoch, sender, authenticated_data, read_content(reader, kind)
        )

    def to_be_signed(self, wire_format: WireFormat, group_context: bytes) -> bytes:
        """Return FramedContentTBS (RFC 9420, 6.1).

        Members and external joiners sign the group context too, which ties a message to the exact
        state of the group; outsiders cannot know it.
        """
        knows = self.sender.sender_type in (SenderType.MEMBER, SenderType.NEW_MEMBER_COMMIT)
        head = codec.u16(1) + codec.u16(wire_format) + self.encode()
        return head + group_context if knows else head


@dataclass(frozen=True, slots=True)
class AuthData:
    """FramedContentAuthData: a signature, and for commits a confirmation tag (RFC 9420, 6.1)."""

    signature: bytes
    confirmation_tag: bytes | None

    def encode(self) -> bytes:
        """Encode."""
        tag = b"" if self.confirmation_tag is None else codec.opaque(self.confirmation_tag)
        return codec.opaque(self.signature) + tag

    @staticmethod
    def read(reader: Reader, kind: ContentType) -> AuthData:
        """Decode for a content type."""
        signature = reader.opaque()
        return AuthData(signature, reader.opaque() if kind is ContentType.COMMIT else None)


@dataclass(frozen=True, slots=True)
class AuthenticatedContent:
    """What signatures, references and transcripts are computed over (RFC 9420, 6)."""

    wire_format: WireFormat
    framed: FramedContent
    auth: AuthData

    def encode(self) -> bytes:
        """Encode."""
        return codec.u16(self.wire_format) + self.framed.encode() + self.auth.encode()

    @staticmethod
    def read(reader: Reader) -> AuthenticatedContent:
        """Decode."""
        wire_format = codec.read_tag(reader, 2, WireFormat)
        framed = FramedContent.read(reader)
        auth = AuthData.read(reader, content_type(framed.content))
        return AuthenticatedContent(wire_format, framed, auth)


@dataclass(frozen=True, slots=True)
class PublicMessage:
    """A signed message in the clear (RFC 9420, 6.2); members add a MAC."""

    framed: FramedContent
    auth: AuthData
    membership_tag: bytes | None

    def encode(self) -> bytes:
        """Encode."""
        tag = b"" if self.membership_tag is None else codec.opaque(self.membership_tag)
        return self.framed.encode() + self.auth.encode() + tag

    @staticmethod
    def read(reader: Reader) -> PublicMessage:
        """Decode."""
        framed = FramedContent.read(reader)
        auth = AuthData.read(reader, content_type(framed.content))
        member = framed.sender.sender_type is SenderType.MEMBER
        return PublicMessage(framed, auth, reader.opaque() if member else None)


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """An encrypted message (RFC 9420, 6.3)."""

    group_id: bytes
    epoch: int
    content_type: ContentType
    authenticated_data: bytes
    encrypted_sender_data: bytes
    ciphertext: bytes

    def sender_data_aad(self) -> bytes:
        """Return SenderDataAAD."""
        return codec.opaque(self.group_id) + codec.u64(self.epoch) + codec.u8(self.content_type)

    def content_aad(self) -> bytes:
        """Return PrivateContentAAD."""
        return self.sender_data_aad() + codec.opaque(self.authenticated_data)

    def encode(self) -> bytes:
        """Encode."""
        sealed = codec.opaque(self.encrypted_sender_data) + codec.opaque(self.ciphertext)
        return self.content_aad() + sealed

    @staticmethod
    def read(reader: Reader) -> PrivateMessage:
        """Decode."""
        return PrivateMessage(
            reader.opaque(),
            reader.uint(8),
            codec.read_tag(reader, 1, ContentType),
            reader.opaque(),
            reader.opaque(),
            reader.opaque(),
        )


def read_group_message(reader: Reader, wire_format: WireFormat) -> PublicMessage | PrivateMessage:
    """Decode the body of a message to a group; other kinds are refused (CK-008)."""
    if wire_format is WireFormat.PUBLIC_MESSAGE:
        return PublicMessage.read(reader)
    if wire_format is WireFormat.PRIVATE_MESSAGE:
        return PrivateMessage.read(reader)
    raise refusal("CK-008")
