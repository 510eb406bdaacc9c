"""The MLS group of any call: how it begins, and the frame keys that hang on it.

Not for: who may be in it (`call_group` for two, `group_call_keys` for more).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from visavis.core.ids import CallId
from visavis.core.mls import SUITE_ID, CredentialValidator, Group
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.seam import KeyMaterial, Rng

EXPORTER_LABEL: Final = "SFrame 1.0 Base Key"
"""RFC 9605, 5.2."""

BASE_KEY_BYTES: Final = 32

LIFETIME_S: Final = 3_600
"""Seconds for which our leaf in a call group is good, either way. A longer one forgives clocks
that are further off; the group itself lives no longer than the call."""


@dataclass(frozen=True, slots=True)
class FrameKeys:
    """What SFrame needs of an epoch (RFC 9605, 5.2). Never printed.

    Attributes:
        epoch: Which.
        base_key: 32 bytes.
        own: Our leaf.
        others: Those of the other members.
    """

    epoch: int
    base_key: bytes = field(repr=False)
    own: int
    others: frozenset[int]


def begin_group(
    call: CallId,
    keys: KeyMaterial,
    consent: OwnConsent,
    validator: CredentialValidator,
    *,
    now: int,
    rng: Rng,
) -> Group:
    """Make the group of a call, with us alone in it; its id is the call's."""
    return Group.create(
        group_id=bytes(call),
        suite_id=SUITE_ID,
        identity=keys.credential,
        signature_private=keys.signature_private,
        rng=rng,
        validator=validator,
        lifetime=(now - LIFETIME_S, now + LIFETIME_S),
        leaf_extensions=[consent.extension()],
    )


def frame_keys_of(group: Group) -> FrameKeys:
    """Return the frame keys of the epoch that a group is in."""
    leaves = {one.leaf_index for one in group.members() if one.leaf_index is not None}
    return FrameKeys(
        group.epoch,
        group.exporter(EXPORTER_LABEL, b"", BASE_KEY_BYTES),
        group.own_leaf,
        frozenset(leaves - {group.own_leaf}),
    )
