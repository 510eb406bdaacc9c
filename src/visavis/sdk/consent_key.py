"""Our consent key of one entry into a call (P17).

Made anew each time this device comes into a call's group, and kept in memory alone: so nothing that
is signed with it can be tied to what was signed in another call. Its public half stands in our leaf
(`core/recording_leaf`).

Not for: what is signed (`core/recording_statements`), or when (`recording_shell`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from visavis.core.identity import generate_identity_key, identity_public_key
from visavis.core.ids import ConsentKey, Rng, Secret32
from visavis.core.mls import Extension
from visavis.core.recording_leaf import ConsentLeaf, consent_extension


@dataclass(frozen=True, slots=True)
class OwnConsent:
    """What we sign about recording with, in one call; and whether we are never to be recorded.

    Attributes:
        private: The private half (Ed25519, RFC 8032). It never leaves the device.
        key: The public half.
        never: We are never to be recorded, and are not asked.
    """

    private: Secret32 = field(repr=False)
    key: ConsentKey
    never: bool

    @classmethod
    def make(cls, rng: Rng, *, never: bool = False) -> OwnConsent:
        """Make a key pair."""
        private = generate_identity_key(rng)
        key = ConsentKey(bytes(identity_public_key(private)))
        return cls(Secret32(private), key, never)

    def extension(self) -> Extension:
        """Return what our leaf says."""
        return consent_extension(ConsentLeaf(self.key, self.never))
