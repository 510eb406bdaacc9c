"""What a member can tell of its group, changing nothing: the base of `Group` (`group.py`)."""

from __future__ import annotations

from visavis.core.mls import key_schedule
from visavis.core.mls.checks import ensure
from visavis.core.mls.commit_create import make_group_info
from visavis.core.mls.leaf_node import Extension, MemberInfo
from visavis.core.mls.persist import encode_state
from visavis.core.mls.state import GroupState, Status
from visavis.core.mls.wire import WireFormat, wrap_message


class GroupView:
    """One member's view of one group, to read."""

    __slots__ = ("_state",)

    def __init__(self, state: GroupState) -> None:
        """Show a state."""
        self._state = state

    @property
    def group_id(self) -> bytes:
        """The group's id."""
        return self._state.context.group_id

    @property
    def epoch(self) -> int:
        """The current epoch."""
        return self._state.context.epoch

    @property
    def suite_id(self) -> int:
        """The group's suite."""
        return self._state.suite.suite_id

    @property
    def own_leaf(self) -> int:
        """Our leaf index."""
        return self._state.own_leaf

    @property
    def is_active(self) -> bool:
        """False once we were removed, or the group ended by a ReInit."""
        return self._state.status is Status.ACTIVE

    @property
    def epoch_authenticator(self) -> bytes:
        """A secret that is equal for all who agree on the epoch (RFC 9420, 8.7)."""
        self._check_active()
        return self._state.keys.epoch_authenticator

    @property
    def resumption_psk(self) -> bytes:
        """The epoch's resumption PSK, to link another group to this one (RFC 9420, 8.6)."""
        self._check_active()
        return self._state.keys.resumption

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """Extensions of the group context."""
        return self._state.context.extensions

    @property
    def has_pending(self) -> bool:
        """Whether proposals wait for a commit."""
        return bool(self._state.pending)

    def members(self) -> tuple[MemberInfo, ...]:
        """Return the members in the order of their leaves."""
        return self._state.members()

    def encryption_key(self, leaf_index: int) -> bytes:
        """Return the public key in a member's leaf: another one each time the member commits."""
        return self._state.tree.member(leaf_index).encryption_key

    def _check_active(self) -> None:
        """Refuse to use a group that is over (CK-062)."""
        ensure("CK-062", self.is_active)

    def exporter(self, label: str, context: bytes, length: int) -> bytes:
        """Return MLS-Exporter(label, context, length) (RFC 9420, 8.5).

        Args:
            label: What the secret is for.
            context: Anything it should be bound to.
            length: Bytes wanted.

        Returns:
            The secret.

        Raises:
            PeerError: The group is over (CK-062).
        """
        self._check_active()
        state = self._state
        return key_schedule.export(
            state.suite, state.keys.exporter, label.encode(), context, length
        )

    def group_info(self, *, with_tree: bool = True) -> bytes:
        """Return a signed GroupInfo with external_pub, for external joins.

        Args:
            with_tree: Include the ratchet tree.

        Returns:
            The MLSMessage.

        Raises:
            PeerError: The group is over (CK-062).
        """
        self._check_active()
        info = make_group_info(self._state, with_tree=with_tree, external=True)
        return wrap_message(WireFormat.GROUP_INFO, info.encode())

    def ratchet_tree(self) -> bytes:
        """Return the tree, for joiners whose Welcome or GroupInfo has none."""
        return self._state.tree.encode()

    def to_bytes(self) -> bytes:
        """Serialise everything, secrets included: for the encrypted local store only (P5)."""
        return encode_state(self._state)
