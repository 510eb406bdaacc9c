"""An epoch of a call's group as consent to recordings sees it: whose consent key is in which leaf.

Not for: what follows from it (`recording_shell`).
"""

from __future__ import annotations

from collections.abc import Iterable

from visavis.core.ids import ConsentKey
from visavis.core.mls import MemberInfo
from visavis.core.recording_leaf import consent_of
from visavis.sdk.recording_shell import RecordingShell


def keys_of(members: Iterable[MemberInfo]) -> frozenset[ConsentKey]:
    """Return the consent keys of an epoch's leaves, each of which has one (CK-937)."""
    return frozenset(consent_of(member).key for member in members)


def follow_members(shell: RecordingShell, members: Iterable[MemberInfo]) -> None:
    """Tell a shell of an epoch by its leaves, each of which has a consent key (CK-937)."""
    consents = {member.leaf_index: consent_of(member) for member in members}
    shell.leaves = {leaf: one.key for leaf, one in consents.items() if leaf is not None}
    leaves = consents.values()
    keys = frozenset(leaf.key for leaf in leaves)
    never = frozenset(leaf.key for leaf in leaves if leaf.never)
    if shell.state is None:
        shell.begin(keys, never)
    else:
        shell.members(keys, never)
