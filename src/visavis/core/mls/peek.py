"""Looking at a message without the group: which group and epoch is it for?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from visavis.core.mls.codec import Reader
from visavis.core.mls.framing import PrivateMessage, read_group_message
from visavis.core.mls.group_context import GroupInfo, Welcome
from visavis.core.mls.key_package import KeyPackageStruct
from visavis.core.mls.wire import WireFormat, read_message_of, read_wire_format

Kind = Literal["private", "public", "welcome", "group_info", "key_package"]


@dataclass(frozen=True, slots=True)
class MessageHead:
    """What an MLSMessage shows to anybody; nothing of it is verified.

    Attributes:
        kind: Kind of message.
        group_id: The group, where the kind shows it.
        epoch: The epoch, where the kind shows it.
    """

    kind: Kind
    group_id: bytes | None
    epoch: int | None


def peek(message: bytes) -> MessageHead:
    """Read the outside of an MLSMessage.

    Args:
        message: The bytes.

    Returns:
        Its head.

    Raises:
        PeerError: Malformed anywhere.
    """
    reader = Reader(message)
    head = _head(reader, read_wire_format(reader))
    reader.finish()
    return head


def _head(reader: Reader, wire_format: WireFormat) -> MessageHead:
    match wire_format:
        case WireFormat.WELCOME:
            Welcome.read(reader)
            return MessageHead("welcome", None, None)
        case WireFormat.KEY_PACKAGE:
            KeyPackageStruct.read(reader)
            return MessageHead("key_package", None, None)
        case WireFormat.GROUP_INFO:
            context = GroupInfo.read(reader).context
            return MessageHead("group_info", context.group_id, context.epoch)
        case WireFormat.PUBLIC_MESSAGE | WireFormat.PRIVATE_MESSAGE:
            body = read_group_message(reader, wire_format)
            if isinstance(body, PrivateMessage):
                return MessageHead("private", body.group_id, body.epoch)
            return MessageHead("public", body.framed.group_id, body.framed.epoch)


def welcome_references(welcome: bytes) -> tuple[bytes, ...]:
    """Return the key package references that a Welcome has secrets for.

    Args:
        welcome: The MLSMessage.

    Returns:
        One reference per new member, to be compared with `KeyPackageBundle.reference`.

    Raises:
        PeerError: Not a Welcome, or malformed.
    """
    parsed = read_message_of(welcome, WireFormat.WELCOME, Welcome.read)
    return tuple(secret.new_member for secret in parsed.secrets)
