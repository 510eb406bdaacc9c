"""Receiving a message to a group (RFC 9420, 6): which epoch, which sender, what it may say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from visavis.core.mls import codec
from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.codec import Reader
from visavis.core.mls.commit_process import CommitApplied, process_commit
from visavis.core.mls.framing import (
    AuthenticatedContent,
    ContentType,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    read_group_message,
)
from visavis.core.mls.leaf_check import Rules
from visavis.core.mls.leaf_node import (
    Credential,
    ExtensionType,
    MemberInfo,
    find_extension,
)
from visavis.core.mls.proposal_list import Proposed, check_proposal
from visavis.core.mls.proposals import (
    Add,
    Commit,
    ExternalInit,
    Proposal,
    Update,
)
from visavis.core.mls.protection import check_public, open_private, verify_content
from visavis.core.mls.state import GroupState, Status
from visavis.core.mls.suite import Suite
from visavis.core.mls.wire import read_wire_format

MAX_PENDING: Final = 4096
"""Proposals kept per epoch. Higher: more memory for a member who floods; lower: a busy group of
hundreds could refuse honest ones."""


@dataclass(frozen=True, slots=True)
class ApplicationMessage:
    """An application message.

    Attributes:
        sender: The member that signed it, as it was in that epoch.
        content: The plaintext.
        authenticated_data: Data that travelled in the clear, authenticated.
        epoch: The epoch it was sent in.
    """

    sender: MemberInfo
    content: bytes
    authenticated_data: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class ProposalReceived:
    """A proposal is pending until a commit takes it up or ends the epoch.

    Attributes:
        sender: The member that proposed, None for an outsider.
        proposal: What it proposed.
    """

    sender: MemberInfo | None
    proposal: Proposal


Received: TypeAlias = ApplicationMessage | ProposalReceived | CommitApplied


def receive(state: GroupState, message: bytes, rules: Rules) -> tuple[GroupState, Received]:
    """Process one message to the group.

    Args:
        state: The current state.
        message: An MLSMessage with a PublicMessage or PrivateMessage.
        rules: Time and credential validation.

    Returns:
        The new state, and what the message was.

    Raises:
        PeerError: A check failed.
        VisavisError: Whatever the validator raises.
    """
    reader = Reader(message)
    body = read_group_message(reader, read_wire_format(reader))
    reader.finish()
    if isinstance(body, PrivateMessage):
        return _receive_private(state, body, rules)
    return _receive_public(state, body, rules)


def _receive_private(
    state: GroupState, message: PrivateMessage, rules: Rules
) -> tuple[GroupState, Received]:
    context = state.context
    ensure("CK-050", message.group_id == context.group_id)
    if message.epoch == context.epoch and state.status is not Status.REMOVED:
        ensure("CK-062", state.status is Status.ACTIVE)
        signed, secret_tree = open_private(state.view(), message)
        following = replace(state, secret_tree=secret_tree)
        return _dispatch(following, signed, rules)
    place = next((i for i, p in enumerate(state.past) if p.epoch == message.epoch), None)
    if place is None:
        raise refusal("CK-051")
    ensure("CK-058", message.content_type is ContentType.APPLICATION)
    old = state.past[place]
    signed, secret_tree = open_private(old.view(state.suite, context.group_id), message)
    changed = replace(old, secret_tree=secret_tree)
    past = (*state.past[:place], changed, *state.past[place + 1 :])
    sender = old.member(signed.framed.sender.index)
    assert sender is not None  # open_private found its key
    return replace(state, past=past), _application(signed, sender)


def _application(signed: AuthenticatedContent, sender: MemberInfo) -> ApplicationMessage:
    framed = signed.framed
    assert isinstance(framed.content, bytes)  # by content type
    return ApplicationMessage(sender, framed.content, framed.authenticated_data, framed.epoch)


def _receive_public(
    state: GroupState, message: PublicMessage, rules: Rules
) -> tuple[GroupState, Received]:
    framed = message.framed
    ensure("CK-050", framed.group_id == state.context.group_id)
    ensure("CK-051", framed.epoch == state.context.epoch)
    ensure("CK-062", state.status is Status.ACTIVE)
    context = state.context.encode()
    signed = check_public(state.suite, message, context, state.keys.membership)
    key = _signature_key(state, signed, rules)
    verify_content(state.suite, signed, context, key)
    return _dispatch(state, signed, rules)


@dataclass(frozen=True, slots=True)
class ExternalSender:
    """An entry of the external_senders extension (RFC 9420, 12.1.8.1)."""

    signature_key: bytes
    credential: Credential

    def encode(self) -> bytes:
        """Encode."""
        return codec.opaque(self.signature_key) + self.credential.encode()

    @staticmethod
    def read(reader: Reader) -> ExternalSender:
        """Decode."""
        return ExternalSender(reader.opaque(), Credential.read(reader))


def read_external_senders(reader: Reader) -> tuple[ExternalSender, ...]:
    """Decode the extension's data."""
    return reader.items(ExternalSender.read)


def _signature_key(state: GroupState, signed: AuthenticatedContent, rules: Rules) -> bytes:
    """Find the key a PublicMessage must be signed with, and refuse senders out of place."""
    content, sender = signed.framed.content, signed.framed.sender
    match sender.sender_type:
        case SenderType.MEMBER:
            return state.tree.member(sender.index).signature_key
        case SenderType.EXTERNAL:
            # Outsiders may not touch what only members can know (12.1.8).
            ensure("CK-061", not isinstance(content, Commit | Update | ExternalInit))
            data = find_extension(state.context.extensions, ExtensionType.EXTERNAL_SENDERS)
            senders = () if data is None else codec.decode(data, read_external_senders)
            ensure("CK-060", sender.index < len(senders))
            return senders[sender.index].signature_key
        case SenderType.NEW_MEMBER_PROPOSAL:
            if not isinstance(content, Add) or not rules.outsiders:
                raise refusal("CK-061")
            return content.key_package.leaf_node.signature_key
        case SenderType.NEW_MEMBER_COMMIT:
            if not isinstance(content, Commit):
                raise refusal("CK-059")
            if content.path is None:
                raise refusal("CK-100")
            return content.path.leaf_node.signature_key


def proposal_reference(suite: Suite, signed: AuthenticatedContent) -> bytes:
    """Return the ProposalRef (RFC 9420, 5.2)."""
    return suite.ref_hash(b"MLS 1.0 Proposal Reference", signed.encode())


def _dispatch(
    state: GroupState, signed: AuthenticatedContent, rules: Rules
) -> tuple[GroupState, Received]:
    content, sender = signed.framed.content, signed.framed.sender
    if isinstance(content, Commit):
        return process_commit(state, signed, content, rules)
    if isinstance(content, bytes):
        return state, _application(signed, _member(state, sender))
    check_proposal(content, sender, state.tree, state.context, rules)
    member = _member(state, sender) if sender.sender_type is SenderType.MEMBER else None
    return remember(state, signed, content), ProposalReceived(member, content)


def _member(state: GroupState, sender: Sender) -> MemberInfo:
    return MemberInfo.of(state.tree.member(sender.index), sender.index)


def remember(state: GroupState, signed: AuthenticatedContent, proposal: Proposal) -> GroupState:
    """Return the state with one more pending proposal (CK-063); a repetition changes nothing."""
    reference = proposal_reference(state.suite, signed)
    if reference in state.pending:
        return state
    ensure("CK-063", len(state.pending) < MAX_PENDING)
    item = Proposed(proposal, signed.framed.sender)
    return replace(state, pending={**state.pending, reference: item})
