"""The MLS group of a group call: who is in it, its commits, and the keys that hang on it.

The group lives in memory, as long as the call. Anybody in it may commit; the call room keeps the
order (P8). A commit brings members in and out and does nothing else; who may be in the call is
asked of `MayBeIn` for everybody, also for those who are there when we come.

Not for: when to commit and when to switch keys (`core/group_call.py`), or sending.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.guest import is_guest
from visavis.core.ids import CallId, Digest
from visavis.core.mls import (
    SUITE_ID,
    ApplicationMessage,
    CommitApplied,
    CredentialValidator,
    Group,
    KeyPackageBundle,
    MemberInfo,
    UnverifiedKeyPackage,
)
from visavis.core.mls.group import PendingCommit
from visavis.core.recording_leaf import consent_of, require_own_keys
from visavis.sdk.call_keys import FrameKeys, begin_group, frame_keys_of
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.seam import KeyMaterial, Rng

ROOM_LABEL: Final = "visavis call room"
"""What opens the call room, and writes to it, in an epoch (P14)."""

MayBeIn = Callable[[MemberInfo], None]
"""Judges whoever is or comes in the call, beside the credential; raises PeerError."""


class Judging(Protocol):
    """Whatever says how leaves are judged; `KeyMaterial` is one."""

    @property
    def validator(self) -> CredentialValidator:
        """Judges leaves."""
        ...


@dataclass(frozen=True, slots=True)
class Began:
    """An epoch that began here; what `group_call_types.EpochBegan` is told, and the Welcome.

    Attributes:
        epoch: It.
        own: Our leaf.
        leaves: Its members.
        came: Leaves that were added.
        went: Leaves that were removed.
        admitted: Key packages that were added, as `GroupCallKeys.note` names them, and where.
        welcome: For those who were added, if the commit was ours.
    """

    epoch: int
    own: int
    leaves: frozenset[int]
    came: frozenset[int] = frozenset()
    went: frozenset[int] = frozenset()
    admitted: Mapping[Digest, int] = field(default_factory=dict)
    welcome: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Offer:
    """A commit for the room: compare-and-set on (n, key)."""

    n: int
    key: bytes = field(repr=False)
    commit: bytes = field(repr=False)
    next_key_hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Pending:
    """Our own commit that the room has not answered yet."""

    made: PendingCommit = field(repr=False)
    remove: frozenset[int]


def joiner_of(key_package: bytes) -> Digest:
    """Return how a joiner is called in this call: the hash of its key package."""
    return Digest(hashlib.sha256(key_package).digest())


class GroupCallKeys:
    """Our membership in the group of one group call.

    Args:
        group: The group.
        consent: Our consent key of this entry into the call.
        validator: With which it judges leaves.
        rng: Source of random bytes.
    """

    def __init__(
        self, group: Group, consent: OwnConsent, validator: CredentialValidator, rng: Rng
    ) -> None:
        self.consent = consent
        self._group = group
        self._validator = validator
        self._rng = rng
        self._noted: dict[Digest, tuple[bytes, MemberInfo]] = {}
        self._pending: _Pending | None = None

    @classmethod
    def found(
        cls,
        call: CallId,
        keys: KeyMaterial,
        consent: OwnConsent,
        may_be_in: MayBeIn,
        *,
        now: int,
        rng: Rng,
    ) -> GroupCallKeys:
        """Make the group, with us alone in it."""
        validator = _both(keys.validator, may_be_in)
        group = begin_group(call, keys, consent, validator, now=now, rng=rng)
        return cls(group, consent, validator, rng)

    @classmethod
    def join(
        cls,
        welcome: bytes,
        bundle: KeyPackageBundle,
        consent: OwnConsent,
        call: CallId,
        keys: Judging,
        may_be_in: MayBeIn,
        *,
        now: int,
        rng: Rng,
    ) -> GroupCallKeys:
        """Process a Welcome.

        Raises:
            PeerError: WRONG_GROUP (CK-864), BAD_CREDENTIAL (CK-937, CK-938), or what MLS, the
                validator or `may_be_in` raise. Nothing was changed; the key package is still good.
        """
        validator = _both(keys.validator, may_be_in)
        group = Group.join(welcome, bundle, now=now, validator=validator)
        try:
            _check_call(group, call)
            require_own_keys(group.members())
        except PeerError:
            group.wipe()
            raise
        return cls(group, consent, validator, rng)

    def began(self) -> Began:
        """Return the epoch that we are in, as it is where we come in."""
        leaves = frozenset(self.members())
        return Began(self._group.epoch, self._group.own_leaf, leaves)

    def members(self) -> dict[int, MemberInfo]:
        """Return the members by their leaves, us among them."""
        found = {member.leaf_index: member for member in self._group.members()}
        return {leaf: member for leaf, member in found.items() if leaf is not None}

    # Who wants to come

    def note(self, key_package: bytes, *, now: int) -> Digest:
        """Check a joiner's key package and keep it until it is added or withdrawn.

        Args:
            key_package: An MLSMessage.
            now: Unix seconds.

        Raises:
            PeerError: It is not good, or its owner may not be in this call; BAD_CREDENTIAL, it
                has no consent key (CK-937), or a member's (CK-938).
        """
        package = UnverifiedKeyPackage.parse(key_package).verify(
            now=now, suite_id=SUITE_ID, validator=self._validator
        )
        joiner = joiner_of(key_package)
        info = MemberInfo(None, package.identity, package.signature_key, package.extensions)
        waiting = [one for _, one in self._noted.values()]
        others = [*self.members().values(), *waiting]
        # A device that knocks again may come with what it was let in by.
        require_own_keys([*(one for one in others if _device(one) != _device(info)), info])
        self._noted[joiner] = (key_package, info)
        return joiner

    def leaves_of(self, joiner: Digest) -> list[int]:
        """Return the leaves that a joiner's device has already."""
        _, info = self._noted[joiner]
        return [
            leaf
            for leaf, member in self.members().items()
            if (member.identity, member.signature_key) == (info.identity, info.signature_key)
        ]

    def forget(self, joiner: Digest) -> None:
        """Drop a joiner's key package."""
        self._noted.pop(joiner, None)

    # Commits

    def offer(self, add: Sequence[Digest], remove: Sequence[int], *, now: int) -> Offer:
        """Make a commit of this epoch; it counts once the room took it (`won`).

        Raises:
            PeerError: A key package is good no longer, or two have one consent key (CK-938).
        """
        if not all(joiner in self._noted for joiner in add):
            raise UsageError("a joiner that nobody noted")
        packages = [self._noted[joiner][0] for joiner in add]
        key = self.room_key()
        made = self._group.commit(add=packages, remove=remove, rng=self._rng, now=now)
        try:
            require_own_keys(made.group.members())
        except PeerError:
            made.group.wipe()
            raise
        self.lost()
        self._pending = _Pending(made, frozenset(remove))
        next_key = made.group.exporter(ROOM_LABEL, b"", 32)
        next_hash = hashlib.sha256(next_key).digest()
        return Offer(self._group.epoch, key, made.message, next_hash)

    def won(self) -> Began:
        """Enter the epoch that our own commit leads to."""
        pending = self._pending
        if pending is None:
            raise UsageError("no commit of ours was offered")
        stayed = self.members().keys() - pending.remove
        pending.made.group.adopt_past(self._group)
        self._group.wipe()
        self._group, self._pending = pending.made.group, None
        leaves = frozenset(self.members())
        # A leaf may have gone and come in one commit: it is another member then.
        came = leaves - stayed
        return Began(
            self._group.epoch,
            self._group.own_leaf,
            leaves,
            came,
            pending.remove,
            self._admitted([self.members()[leaf] for leaf in came]),
            pending.made.welcome,
        )

    def lost(self) -> None:
        """Drop our own commit: another was first."""
        if self._pending is not None:
            self._pending.made.group.wipe()
            self._pending = None

    def apply(self, commit: bytes, *, now: int) -> Began | None:
        """Apply the commit that the room has for this epoch.

        Returns:
            The epoch that began, or None: it removed us, and our keys are wiped.

        Raises:
            PeerError: What MLS, the validator or `may_be_in` raise; UNEXPECTED for a commit that
                does more than bring members in and out (CK-865). Nothing changed.
        """
        received, after = self._group.preview(commit, now=now)
        match received:
            case CommitApplied(_, _, _, _, True):
                self.wipe()
                return None
            case CommitApplied(_, committer, added, removed, False) if (
                committer not in added and not after.extensions and after.is_active
            ):
                # CK-908: a guest brings in nobody, not even whom a member let in before: they
                # may have been removed since.
                if added and is_guest(committer):
                    raise PeerError(Code.UNEXPECTED, "CK-908 somebody added by a guest")
                require_own_keys(after.members())
                self.lost()
                self._group.go_on(after)
                return Began(
                    self._group.epoch,
                    self._group.own_leaf,
                    frozenset(self.members()),
                    _leaves(added),
                    _leaves(removed),
                    self._admitted(added),
                )
            case _:
                # CK-865: somebody who lets themselves in, extensions, another group, a proposal.
                raise PeerError(Code.UNEXPECTED, "CK-865 not for a member of a group call")

    def _admitted(self, added: Sequence[MemberInfo]) -> dict[Digest, int]:
        """Return which of the joiners we know were added, and where; forget them."""
        new = {
            (member.identity, member.signature_key): member.leaf_index
            for member in added
            if member.leaf_index is not None
        }
        found = {
            joiner: new.get((info.identity, info.signature_key))
            for joiner, (_, info) in self._noted.items()
        }
        admitted = {joiner: leaf for joiner, leaf in found.items() if leaf is not None}
        for joiner in admitted:
            del self._noted[joiner]
        return admitted

    # What hangs on the group

    @property
    def epoch(self) -> int:
        """The epoch that we are in."""
        return self._group.epoch

    def room_key(self) -> bytes:
        """Return the room's key of this epoch, 32 bytes."""
        return self._group.exporter(ROOM_LABEL, b"", 32)

    def frame_keys(self) -> FrameKeys:
        """Return the SFrame base key of this epoch (RFC 9605, 5.2)."""
        return frame_keys_of(self._group)

    def encrypt(self, content: bytes) -> bytes:
        """Return an MLSMessage for the other members."""
        return self._group.encrypt(content, rng=self._rng)

    def decrypt(self, message: bytes, *, now: int) -> tuple[int, MemberInfo, bytes]:
        """Return which leaf said something, whose it was then, and what.

        Raises:
            PeerError: What MLS raises; UNEXPECTED for our own message, or what is no application
                message (CK-866). Nothing changed.
        """
        received, after = self._group.preview(message, now=now)
        match received:
            case ApplicationMessage(sender, content) if (
                sender.leaf_index is not None and sender.leaf_index != self._group.own_leaf
            ):
                self._group.go_on(after)
                return sender.leaf_index, sender, content
            case _:
                # CK-866: commits come from the room, in its order, and not among what members say.
                raise PeerError(Code.UNEXPECTED, "CK-866 not a message of another member")

    def wipe(self) -> None:
        """Erase all keys of the group (R-22)."""
        self.lost()
        self._noted.clear()
        self._group.wipe()


def _device(member: MemberInfo) -> tuple[bytes, bytes]:
    return member.identity, member.signature_key


def _check_call(group: Group, call: CallId) -> None:
    if group.group_id != bytes(call) or group.extensions:
        raise PeerError(Code.WRONG_GROUP, "CK-864 the Welcome is to another group")


def _both(validator: CredentialValidator, may_be_in: MayBeIn) -> CredentialValidator:
    def validate(new: MemberInfo, replaces: MemberInfo | None) -> None:
        validator(new, replaces)
        consent_of(new)
        # Whoever is in may commit until it is removed: were its commits refused, the one that
        # removes it could not follow them.
        if replaces is None:
            may_be_in(new)

    return validate


def _leaves(members: Sequence[MemberInfo]) -> frozenset[int]:
    return frozenset(one.leaf_index for one in members if one.leaf_index is not None)
