"""A commit as its group's sequencer holds it: sealed with a key of the epoch it leads from (P8).

The key to write is of that epoch, too. So whoever was removed can neither read nor write what comes
after.

Not for: the order of commits, or what follows from one (`sequencer`).
"""

from __future__ import annotations

import hashlib
from typing import Final

from visavis.core.envelope import open_bytes, seal_bytes
from visavis.core.errors import Code, PeerError
from visavis.core.ids import Rng
from visavis.core.mls import CommitApplied, Group, peek
from visavis.sdk.group_tree import epoch_of, judge
from visavis.sdk.groups import GroupKind, GroupRecord

WRITE_LABEL: Final = "visavis sequencer"
SEAL_LABEL: Final = "visavis sequencer seal"


def write_key(state: Group) -> bytes:
    """Return the key with which a commit of this epoch is stored."""
    return state.exporter(WRITE_LABEL, b"", 32)


def write_key_hash(state: Group) -> bytes:
    """Return by what the sequencer knows that key: its SHA-256."""
    return hashlib.sha256(write_key(state)).digest()


def seal_commit(record: GroupRecord, state: Group, message: bytes, rng: Rng) -> bytes:
    """Seal a commit, an MLSMessage, with the epoch that it leads from."""
    key = state.exporter(SEAL_LABEL, b"", 32)
    return seal_bytes(key, _context(record, state.epoch), message, rng)


def open_commit(record: GroupRecord, state: Group, sealed: bytes) -> bytes:
    """Open what is stored for this epoch.

    Raises:
        PeerError: MALFORMED (CK-253); DECRYPTION, nobody sealed it with this epoch (CK-254).
    """
    key = state.exporter(SEAL_LABEL, b"", 32)
    return open_bytes(key, _context(record, state.epoch), sealed)


def take_commit(record: GroupRecord, state: Group, message: bytes, now: int) -> CommitApplied:
    """Apply what was opened to `state`.

    Raises:
        PeerError: It is no commit of MLS, or none that our groups may have; `state` is then to be
            thrown away.
    """
    # CK-585: handshakes travel as PrivateMessages (P1). So nobody from outside, and nobody in
    # another's name, is ever let in by an external commit.
    if peek(message).kind != "private":
        raise PeerError(Code.UNEXPECTED, "CK-585: a handshake in the clear")
    before = epoch_of(state) if record.kind is GroupKind.GROUP else None
    result = state.process(message, now=now)
    # CK-573: the sequencer orders commits; anything else in it is a member's trick.
    if not isinstance(result, CommitApplied):
        raise PeerError(Code.UNEXPECTED, "CK-573: the sequencer holds no commit")
    # CK-586: our groups have no extensions; `external_senders` would let outsiders speak.
    # Nor do they end by a ReInit: whoever wants to part says so in other ways. Groups of people
    # have their terms (CK-830).
    is_over = not (state.is_active or result.self_removed)
    if is_over or (before is None and state.extensions):
        raise PeerError(Code.UNEXPECTED, "CK-586: a group with extensions, or its end")
    if before is not None:
        judge(record.group_id, before, state, result)
    return result


def _context(record: GroupRecord, n: int) -> bytes:
    return bytes(record.sequencer) + n.to_bytes(8, "big")
