"""The MLS group of one call: two devices, one epoch, gone when the call is.

The group id is the call id. The caller creates the group from the key package in `call.accept`
and sends a Welcome to that one device; a 1:1 call group has no sequencer because only the caller
ever commits. Frame keys, the short authentication string and the messages after the answer all
hang on it (protocol P9, P10, P11).

Not for: deciding when (the call machine), or sending (`call_shell`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from visavis.core import call_events as on
from visavis.core import sas
from visavis.core.content import decode_in_call, encode_in_call
from visavis.core.content_call import (
    CallAnswer,
    CallCandidates,
    CallHangup,
    CallOffer,
    CallPath,
    CallReady,
    CallReveal,
    InCall,
    OfCall,
)
from visavis.core.credential import UnverifiedCredential
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import AccountId, CallId, DeviceId, Nonce32
from visavis.core.mls import (
    SUITE_ID,
    ApplicationMessage,
    CommitApplied,
    CredentialValidator,
    Group,
    KeyPackage,
    KeyPackageBundle,
    MemberInfo,
    UnverifiedKeyPackage,
    peek,
    welcome_references,
)
from visavis.core.recording_leaf import consent_of, require_own_keys
from visavis.sdk.call_keys import FrameKeys, begin_group, frame_keys_of
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.seam import KeyMaterial, Rng


@dataclass(frozen=True, slots=True)
class Device:
    """One device of one account."""

    account: AccountId
    device: DeviceId


class Rekeyed(Enum):
    """What a message was if it said nothing: the caller moved the group to fresh keys."""

    BY_CALLER = "by_caller"


def check_key_package(
    data: bytes, sender: Device, *, now: int, validator: CredentialValidator
) -> KeyPackage:
    """Check the key package in a `call.accept`.

    Args:
        data: An MLSMessage.
        sender: The device that MLS says sent the accept.
        now: Unix seconds.
        validator: Refuses leaves that are not on the newest device list.

    Raises:
        PeerError: WRONG_SUITE (CK-364), BAD_CREDENTIAL (CK-362, CK-937), or what MLS and the
            validator raise.
    """
    package = UnverifiedKeyPackage.parse(data).verify(
        now=now, suite_id=SUITE_ID, validator=validator
    )
    # CK-362: else a sibling, or whoever can put words in its mouth, could have the caller add a
    # device that nobody picked up.
    if _device_of(package.identity, package.signature_key) != sender:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-362 the key package is another device's")
    consent_of(MemberInfo(None, package.identity, package.signature_key, package.extensions))
    return package


class CallGroup:
    """Our membership in one call group.

    Args:
        group: With exactly two members.
        other: The one that is not us.
        consent: Our consent key of this call.
        rng: Source of random bytes.
        commits: Whether we are the caller, the only one who commits.
    """

    def __init__(
        self,
        group: Group,
        other: MemberInfo,
        consent: OwnConsent,
        rng: Rng,
        *,
        commits: bool,
    ) -> None:
        self.consent = consent
        self._group = group
        self._other = other
        self._rng = rng
        self._commits = commits

    @classmethod
    def create(
        cls,
        call: CallId,
        accepter: Device,
        key_package: bytes,
        keys: KeyMaterial,
        consent: OwnConsent,
        now: int,
        rng: Rng,
    ) -> tuple[CallGroup, bytes]:
        """Create the group, add the accepting device, and return the group and its Welcome.

        Raises:
            PeerError: As `check_key_package`.
        """
        validator = _only_these(keys, accepter)
        check_key_package(key_package, accepter, now=now, validator=validator)
        alone = begin_group(call, keys, consent, validator, now=now, rng=rng)
        pending = alone.commit(add=[key_package], rng=rng, now=now)
        alone.wipe()
        if pending.welcome is None:
            raise UsageError("an Add makes a Welcome")
        try:
            other = _only_other(pending.group, call, accepter)
        except PeerError:
            pending.group.wipe()
            raise
        return cls(pending.group, other, consent, rng, commits=True), pending.welcome

    @classmethod
    def join(
        cls,
        welcome: bytes,
        bundle: KeyPackageBundle,
        call: CallId,
        caller: Device,
        keys: KeyMaterial,
        consent: OwnConsent,
        now: int,
        rng: Rng,
    ) -> CallGroup:
        """Process a Welcome.

        Raises:
            PeerError: WRONG_SUITE (CK-364), WRONG_GROUP or BAD_CREDENTIAL (CK-363, CK-937,
                CK-938), or what MLS and the validator raise. Nothing was changed; the key package
                is still good.
        """
        validator = _only_these(keys, caller)
        group = Group.join(welcome, bundle, now=now, validator=validator)
        try:
            other = _only_other(group, call, caller)
        except PeerError:
            group.wipe()
            raise
        return cls(group, other, consent, rng, commits=False)

    @property
    def other(self) -> MemberInfo:
        """The other device, with what its leaf says now."""
        (other,) = [
            one for one in self._group.members() if one.leaf_index == self._other.leaf_index
        ]
        return other

    def encrypt(self, content: InCall) -> bytes:
        """Return an MLSMessage for the other device."""
        return self._group.encrypt(encode_in_call(content), rng=self._rng)

    def decrypt(self, message: bytes, *, now: int) -> InCall | Rekeyed:
        """Return what the other device said, or that it moved the group to fresh keys.

        Raises:
            PeerError: What MLS raises (a doubled message: REPLAYED or DECRYPTION), MALFORMED, or
                UNEXPECTED for anything that the other leaf may not do (CK-367). Nothing changed.
        """
        received, after = self._group.preview(message, now=now)
        match received:
            case ApplicationMessage(sender) if sender.leaf_index == self._other.leaf_index:
                self._group.go_on(after)
                return decode_in_call(received.content)
            case CommitApplied(_, committer, (), (), False) if (
                not self._commits
                and committer.leaf_index == self._other.leaf_index
                and _has_own_keys(after)
            ):
                self._group.go_on(after)
                return Rekeyed.BY_CALLER
            case _:
                # CK-367: an own message sent back, a commit of the callee, a removal, a proposal.
                # MLS allows them to members; a call of two has no use for them.
                raise PeerError(Code.UNEXPECTED, "CK-367 not for a member of a call of two")

    def rekey(self, *, now: int) -> bytes:
        """Move the group to fresh keys and return the commit for the other device.

        Only the caller does. SFrame has 15 contexts in an epoch and each transport takes two, so
        a call that reconnects often needs a new epoch; it also locks out whoever stole the keys.

        Raises:
            UsageError: We are the callee.
        """
        if not self._commits:
            raise UsageError("only the caller commits in a call group")
        pending = self._group.commit(rng=self._rng, now=now)
        self._group.wipe()
        self._group = pending.group
        return pending.message

    def frame_keys(self) -> FrameKeys:
        """Return the SFrame base key of the epoch (RFC 9605, 5.2)."""
        return frame_keys_of(self._group)

    def words(self, caller_nonce: Nonce32, callee_nonces: tuple[Nonce32, Nonce32]) -> str:
        """Return the short authentication string (P11).

        Args:
            caller_nonce: Committed to in the invite, revealed last.
            callee_nonces: From the accept, and from `call.reveal` after the Welcome. Both count,
                so that the callee's part is unknown while the caller makes the group (ADR 0008).
        """
        callee_nonce = Nonce32(hashlib.sha256(b"".join(callee_nonces)).digest())
        return " ".join(sas.call_words(self._group.epoch_authenticator, caller_nonce, callee_nonce))

    def wipe(self) -> None:
        """Erase all keys of the group (R-22)."""
        self._group.wipe()


def is_for(welcome: bytes, bundle: KeyPackageBundle) -> bool:
    """Say whether a Welcome was made for this key package; raises PeerError MALFORMED."""
    return bundle.reference in welcome_references(welcome)


def call_of(message: bytes) -> CallId | None:
    """Return the call whose group a message claims to be for; raises PeerError MALFORMED."""
    group_id = peek(message).group_id
    return CallId(group_id) if group_id is not None and len(group_id) == CallId.LENGTH else None


def event_of(content: OfCall, now: float) -> on.Event:
    """Return what a message of the call group is to the call machine."""
    match content:
        case CallReveal():
            return on.RevealReceived(content.nonce)
        case CallCandidates():
            return on.CandidatesReceived(content.candidates)
        case CallReady():
            return on.ReadyReceived()
        case CallHangup():
            return on.HangupReceived()
        case CallPath():
            return on.PathReceived(now, content.path)
        case CallOffer():
            return on.OfferReceived(now, content.sdp, content.path)
        case CallAnswer():
            return on.AnswerReceived(content.sdp, content.offer)
    assert_never(content)


def _only_these(keys: KeyMaterial, other: Device) -> CredentialValidator:
    """Return a validator that lets these two devices in and nobody else, ever (CK-363)."""
    allowed = {Device(keys.account, keys.device), other}

    def validate(new: MemberInfo, replaces: MemberInfo | None) -> None:
        keys.validator(new, replaces)
        if _device_of(new.identity, new.signature_key) not in allowed:
            raise PeerError(Code.BAD_CREDENTIAL, "CK-363 not one of the two devices of this call")

    return validate


def _device_of(identity: bytes, signature_key: bytes) -> Device:
    credential = UnverifiedCredential.parse(identity).verify(signature_key)
    return Device(credential.account_id, credential.device_id)


def _only_other(group: Group, call: CallId, expected: Device) -> MemberInfo:
    """Return the other member of a call group that is exactly what it should be."""
    if group.suite_id != SUITE_ID:
        raise PeerError(Code.WRONG_SUITE, "CK-364 a call group of another suite")
    if group.group_id != bytes(call):
        raise PeerError(Code.WRONG_GROUP, "CK-363 the Welcome is to another call's group")
    others = [member for member in group.members() if member.leaf_index != group.own_leaf]
    # CK-363: a third leaf would hear everything and show nowhere.
    if len(others) != 1:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-363 a call group has two members")
    (other,) = others
    if _device_of(other.identity, other.signature_key) != expected:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-363 the other member is not the device we talk to")
    require_own_keys(group.members())
    return other


def _has_own_keys(group: Group) -> bool:
    """Say whether each member has a consent key of its own (CK-937, CK-938)."""
    try:
        require_own_keys(group.members())
    except PeerError:
        return False
    return True
