"""`Group`: one member's view of one group. The public face of this package.

A group is a small mutable shell around an immutable `GroupState`: every method makes a new state
and keeps it only if nothing was refused. Randomness and time are arguments. Not thread safe: a
device has one writer (protocol.md P5). What only reads is its base, `GroupView` (`group_view.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from visavis.core.errors import UsageError
from visavis.core.mls.commit_create import CommitOptions, create_commit
from visavis.core.mls.creation import create_state
from visavis.core.mls.external import Joiner, external_state
from visavis.core.mls.group_view import GroupView
from visavis.core.mls.joining import KnownPsks, join_state
from visavis.core.mls.kem import Rng
from visavis.core.mls.key_package import KeyPackageBundle
from visavis.core.mls.leaf_check import CredentialValidator, Rules
from visavis.core.mls.leaf_node import (
    Credential,
    Extension,
    Lifetime,
    MemberInfo,
)
from visavis.core.mls.persist import decode_state
from visavis.core.mls.proposal_list import choose
from visavis.core.mls.protection import PAD_BLOCK
from visavis.core.mls.receive import Received, receive
from visavis.core.mls.sending import new_proposals, new_update, send_application, send_proposal
from visavis.core.mls.state import PAST_EPOCHS, GroupState
from visavis.core.mls.suite import suite_of


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """A commit that waits for the sequencer.

    Attributes:
        message: The MLSMessage to send.
        welcome: The MLSMessage for those it adds, None if it adds nobody.
        group: The group after it. The caller replaces its group by this one when the sequencer
            took the commit, and drops it when another was first.
        ratchet_tree: The tree after it, for joiners whose Welcome has none.
    """

    message: bytes
    welcome: bytes | None
    group: Group
    ratchet_tree: bytes


class Group(GroupView):
    """One member's view of one group, and its steps.

    Attributes:
        welcomed_by: After `join`, the member who signed the Welcome: who speaks for what came with
            it. None otherwise; it is not stored.
    """

    __slots__ = ("_validator", "welcomed_by")

    def __init__(self, state: GroupState, validator: CredentialValidator) -> None:
        """Wrap a state; use `create`, `join`, `external_join` or `from_bytes`."""
        super().__init__(state)
        self._validator = validator
        self.welcomed_by: MemberInfo | None = None

    def __repr__(self) -> str:
        return f"Group({self._state!r})"

    @classmethod
    def create(
        cls,
        *,
        group_id: bytes,
        suite_id: int,
        identity: bytes,
        signature_private: bytes,
        rng: Rng,
        validator: CredentialValidator,
        lifetime: tuple[int, int],
        extensions: Sequence[Extension] = (),
        supports: Sequence[int] = (),
        leaf_extensions: Sequence[Extension] = (),
    ) -> Group:
        """Create a group with one member, us, in epoch 0 (RFC 9420, 11).

        Args:
            group_id: Its id; unique among our groups.
            suite_id: Its suite; the product uses `SUITE_ID`.
            identity: Identity for our basic credential.
            signature_private: Our signature key.
            rng: Source of randomness.
            validator: Judges credentials.
            lifetime: Of our leaf: (not before, not after), unix seconds.
            extensions: Of the group context.
            supports: Extension types that our leaf supports besides the ordinary.
            leaf_extensions: Of our leaf, which supports their types too.

        Returns:
            The group.

        Raises:
            PeerError: Unknown suite (CK-010), or extensions that our own leaf does not support.
        """
        state = create_state(
            group_id,
            suite_of(suite_id),
            Credential.basic(identity),
            signature_private,
            Lifetime(*lifetime),
            tuple(extensions),
            rng,
            supports,
            tuple(leaf_extensions),
        )
        return cls(state, validator)

    @classmethod
    def join(
        cls,
        welcome: bytes,
        bundle: KeyPackageBundle,
        *,
        now: int,
        validator: CredentialValidator,
        present_validator: CredentialValidator | None = None,
        ratchet_tree: bytes | None = None,
        psks: Mapping[bytes, bytes] | None = None,
        resumption_psks: Mapping[tuple[bytes, int], bytes] | None = None,
    ) -> Group:
        """Join by a Welcome (RFC 9420, 12.4.3.1).

        Args:
            welcome: The MLSMessage.
            bundle: The key package it was made for; wipe it afterwards unless last resort.
            now: Unix seconds.
            validator: Judges credentials from now on.
            present_validator: Judges those of the members that are in the group, if not the same.
            ratchet_tree: The tree, if the Welcome has none.
            psks: External PSKs by id.
            resumption_psks: Resumption PSKs by (group id, epoch).

        Returns:
            The group in the epoch that the Welcome leads into; it knows who it was `welcomed_by`.

        Raises:
            PeerError: A check failed.
            VisavisError: Whatever the validator raises.
        """
        known = KnownPsks(psks or {}, resumption_psks or {})
        rules = Rules(now, present_validator or validator)
        state, signer = join_state(welcome, bundle, rules, known, ratchet_tree)
        group = cls(state, validator)
        group.welcomed_by = signer
        return group

    @classmethod
    def external_join(
        cls,
        group_info: bytes,
        *,
        identity: bytes,
        signature_private: bytes,
        rng: Rng,
        now: int,
        validator: CredentialValidator,
        ratchet_tree: bytes | None = None,
        resync_leaf: int | None = None,
    ) -> tuple[Group, bytes]:
        """Join without being added (RFC 9420, 12.4.3.2).

        Args:
            group_info: MLSMessage from `group_info`.
            identity: Identity for our basic credential.
            signature_private: Our signature key.
            rng: Source of randomness.
            now: Unix seconds.
            validator: Judges credentials.
            ratchet_tree: The tree, if the GroupInfo has none.
            resync_leaf: Leaf of our own old self, to be replaced.

        Returns:
            The group after the commit, and the commit (a PublicMessage) for the others. Both
            count only once the sequencer took the commit.

        Raises:
            PeerError: A check failed.
            VisavisError: Whatever the validator raises.
        """
        joiner = Joiner(identity, signature_private, resync_leaf)
        rules = Rules(now, validator, sending=True)
        state, commit = external_state(group_info, joiner, rules, rng, ratchet_tree)
        return cls(state, validator), commit

    @classmethod
    def from_bytes(cls, data: bytes, *, validator: CredentialValidator) -> Group:
        """Restore what `to_bytes` wrote.

        Raises:
            FatalError: Another version, or damaged.
        """
        return cls(decode_state(data), validator)

    def add_psk(self, psk_id: bytes, psk: bytes) -> None:
        """Supply an external PSK; it stays until `forget_psk`."""
        self._state = replace(self._state, psks={**self._state.psks, psk_id: psk})

    def forget_psk(self, psk_id: bytes) -> None:
        """Drop an external PSK."""
        psks = {i: p for i, p in self._state.psks.items() if i != psk_id}
        self._state = replace(self._state, psks=psks)

    def commit(
        self,
        *,
        rng: Rng,
        now: int,
        add: Sequence[bytes] = (),
        remove: Sequence[int] = (),
        psks: Sequence[bytes | int] = (),
        extensions: Sequence[Extension] | None = None,
        include_pending: bool = True,
        public: bool = False,
        welcome_with_tree: bool = True,
        path: bool = True,
        pad_to: int = PAD_BLOCK,
        authenticated_data: bytes = b"",
    ) -> PendingCommit:
        """Make a commit (RFC 9420, 12.4.1).

        This group stays in its epoch, so losing the race for the epoch costs nothing; only the
        message key that a private commit used is spent, so that it is never used twice.

        Args:
            rng: Source of randomness.
            now: Unix seconds.
            add: Key packages (MLSMessages) to add.
            remove: Leaf indices to remove.
            psks: PSKs to mix in: ids of external ones, or epochs of this group (resumption).
            extensions: New extensions of the group context.
            include_pending: Take up the pending proposals that fit.
            public: As PublicMessage.
            welcome_with_tree: Put the tree into the Welcome.
            path: With fresh keys for us even where none are required. False makes a bulk
                addition small.
            pad_to: Pad to a multiple of this many bytes.
            authenticated_data: Travels with the commit, authenticated and not encrypted by MLS.

        Returns:
            The commit and the group after it.

        Raises:
            PeerError: Something in it is not valid; also a pending proposal that has become so:
                then commit with `include_pending=False`.
            VisavisError: Whatever the validator raises.
        """
        self._check_active()
        state = self._state
        by_value = new_proposals(
            state, rng, add=add, remove=remove, psks=psks, extensions=extensions
        )
        pending = list(state.pending.items()) if include_pending else []
        created = create_commit(
            state,
            choose(pending, state.own_leaf, by_value),
            by_value,
            CommitOptions(public, path, welcome_with_tree, pad_to, authenticated_data),
            Rules(now, self._validator, sending=True),
            rng,
        )
        self._state = created.before
        after = Group(created.after, self._validator)
        return PendingCommit(created.message, created.welcome, after, after.ratchet_tree())

    def propose(
        self,
        *,
        rng: Rng,
        now: int,
        add: bytes | None = None,
        remove: int | None = None,
        update: bool = False,
        psk: bytes | int | None = None,
        extensions: Sequence[Extension] | None = None,
        public: bool = False,
    ) -> bytes:
        """Propose one change, for any member to commit (RFC 9420, 12.1).

        Args:
            rng: Source of randomness.
            now: Unix seconds.
            add: A key package to add.
            remove: A leaf index to remove; our own to leave.
            update: Fresh keys for our leaf.
            psk: A PSK to mix in, as in `commit`.
            extensions: New extensions of the group context.
            public: As PublicMessage.

        Returns:
            The MLSMessage; the proposal is pending here, too.

        Raises:
            UsageError: Not exactly one change.
            PeerError: It is not valid.
            VisavisError: Whatever the validator raises.
        """
        self._check_active()
        state = self._state
        proposals = new_proposals(
            state,
            rng,
            add=() if add is None else (add,),
            remove=() if remove is None else (remove,),
            psks=() if psk is None else (psk,),
            extensions=extensions,
        )
        if update:
            proposal, state = new_update(state, rng)
            proposals.append(proposal)
        if len(proposals) != 1:
            raise UsageError("propose exactly one change at a time")
        rules = Rules(now, self._validator, sending=True)
        self._state, message = send_proposal(state, proposals[0], rules, rng, public=public)
        return message

    def encrypt(
        self,
        content: bytes,
        *,
        rng: Rng,
        authenticated_data: bytes = b"",
        pad_to: int = PAD_BLOCK,
    ) -> bytes:
        """Encrypt an application message (RFC 9420, 15).

        Args:
            content: The plaintext.
            rng: Source of randomness.
            authenticated_data: Travels in the clear, authenticated.
            pad_to: Pad to a multiple of this many bytes; 0 for no padding.

        Returns:
            The MLSMessage. The new state must be stored before it is sent: its key is spent.

        Raises:
            PeerError: The group is over (CK-062).
            UsageError: All keys of the epoch are used up.
        """
        self._check_active()
        self._state, message = send_application(
            self._state, content, authenticated_data, rng, pad_to
        )
        return message

    def process(self, message: bytes, *, now: int) -> Received:
        """Process a message to the group: an application message, a proposal or a commit.

        Args:
            message: An MLSMessage.
            now: Unix seconds.

        Returns:
            What it was.

        Raises:
            PeerError: A check failed; the group is exactly as before.
            VisavisError: Whatever the validator raises; likewise.
        """
        state, received = receive(self._state, message, Rules(now, self._validator))
        self._state = state
        return received

    def preview(self, message: bytes, *, now: int) -> tuple[Received, Group]:
        """Process a message to the group, and leave this group as it is.

        For whoever has rules of their own about what may be said: they `go_on` with the group
        that is returned, or drop it.

        Args:
            message: An MLSMessage.
            now: Unix seconds.

        Returns:
            What it was, and the group after it.

        Raises:
            PeerError: A check failed.
            VisavisError: Whatever the validator raises.
        """
        state, received = receive(self._state, message, Rules(now, self._validator))
        return received, Group(state, self._validator)

    def go_on(self, after: Group) -> None:
        """Take over what `preview` returned; nothing of the state before is kept here."""
        self._state = after._state

    def adopt_past(self, before: Group) -> None:
        """Take over which message keys of ended epochs were spent since this state was made.

        A commit may wait for the sequencer while `before` goes on reading messages of the epoch it
        leads from. Without this their keys would come back with the commit: messages could be
        replayed (CK-055), and stolen state would open them (RFC 9420, 9.2).

        Args:
            before: The same member's group, still in the epoch that ended.

        Raises:
            UsageError: It is not that.
        """
        old, new = before._state, self._state
        if (old.context.group_id, old.context.epoch + 1) != (self.group_id, self.epoch):
            raise UsageError("not the epoch before this one")
        self._state = replace(new, past=(*old.past, old.ended())[-PAST_EPOCHS:])

    def wipe(self) -> None:
        """Drop every secret; afterwards the group is over.

        Python cannot overwrite bytes; what this ends is our references to them.
        """
        self._state = replace(self._state.after_removal(), past=())
