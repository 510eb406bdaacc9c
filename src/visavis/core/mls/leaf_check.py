"""The rules a leaf node must keep (RFC 9420, 7.3), alone and together with the other leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from visavis.core.mls import codec
from visavis.core.mls.checks import ensure
from visavis.core.mls.codec import Reader
from visavis.core.mls.leaf_node import (
    DEFAULT_EXTENSIONS,
    DEFAULT_PROPOSALS,
    MLS10,
    Extension,
    ExtensionType,
    LeafNode,
    LeafSource,
    Lifetime,
    MemberInfo,
    find_extension,
)
from visavis.core.mls.suite import Suite

CredentialValidator = Callable[[MemberInfo, MemberInfo | None], None]
"""The authentication service: gets a new member and the one it replaces, raises to refuse."""

MAX_LIFETIME_S: Final = 400 * 86_400
"""Longest lifetime of a key package. Higher: an old stolen package stays useful for longer.
Lower: devices must publish more often."""
CLOCK_SKEW_S: Final = 86_400
"""How far a maker's clock may be ahead of ours."""
EXPIRED_GRACE_S: Final = 31 * 86_400
"""How long after its end a key package in a *received* Add is still accepted. A commit waits up
to 30 days in the sequencer (protocol.md P8), and a member who then refused it would be cut off;
the sender had to check the exact lifetime (RFC 9420, 7.3). Lower strands members, higher lets
a member who ignores the rule add a device with an older package."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the surroundings contribute to the checks.

    Attributes:
        now: Unix seconds; None switches lifetimes off (official vectors, whose dates are fixed).
        validator: Judges credentials.
        sending: We are about to send this ourselves: lifetimes hold exactly.
        outsiders: Accept Add proposals that newcomers sign for themselves (12.1.8). The product
            never does: whoever learned a group id could wait there for a careless committer.
        listed: A leaf must list the version and suite that it uses. RFC 9420 leaves it open and
            other implementations forget it, so official vectors are run without.
    """

    now: int | None
    validator: CredentialValidator
    sending: bool = False
    outsiders: bool = False
    listed: bool = True

    def check_lifetime(self, lifetime: Lifetime) -> None:
        """Check a key package's lifetime (CK-029, CK-030)."""
        if self.now is None:
            return
        span = lifetime.not_after - lifetime.not_before
        ensure("CK-030", 0 <= span <= MAX_LIFETIME_S)
        grace = 0 if self.sending else EXPIRED_GRACE_S
        skew = 0 if self.sending else CLOCK_SKEW_S
        ensure("CK-029", lifetime.not_before - skew <= self.now <= lifetime.not_after + grace)


@dataclass(frozen=True, slots=True)
class RequiredCapabilities:
    """The context extension of RFC 9420, 11.1: what every member must support."""

    extensions: tuple[int, ...]
    proposals: tuple[int, ...]
    credentials: tuple[int, ...]

    def extension(self) -> Extension:
        """Encode as an extension of the group context."""
        lists = (self.extensions, self.proposals, self.credentials)
        data = b"".join(codec.vector(map(codec.u16, values)) for values in lists)
        return Extension(ExtensionType.REQUIRED_CAPABILITIES, data)

    @staticmethod
    def read(reader: Reader) -> RequiredCapabilities:
        """Decode the extension's data."""
        return RequiredCapabilities(
            reader.items(codec.read_u16),
            reader.items(codec.read_u16),
            reader.items(codec.read_u16),
        )

    def check(self, leaf: LeafNode) -> None:
        """Refuse a leaf that lacks something (CK-023)."""
        own = leaf.capabilities
        ensure("CK-023", set(self.extensions) <= {*own.extensions, *DEFAULT_EXTENSIONS})
        ensure("CK-023", set(self.proposals) <= {*own.proposals, *DEFAULT_PROPOSALS})
        ensure("CK-023", set(self.credentials) <= set(own.credentials))


def check_leaf(
    leaf: LeafNode,
    suite: Suite,
    rules: Rules,
    *,
    group_id: bytes = b"",
    leaf_index: int | None = None,
    replaces: MemberInfo | None = None,
    lifetimes: bool = True,
) -> None:
    """Check what one leaf shows by itself.

    Args:
        leaf: The leaf.
        suite: The group's suite.
        rules: Time and credential validation.
        group_id: The group, for leaves that are bound to one.
        leaf_index: Its place, if it has one.
        replaces: The member whose leaf it replaces.
        lifetimes: Check the lifetime; off for trees we join, where an old member's key package
            may have ended long ago (RFC 9420, 7.3).

    Raises:
        PeerError: CK-011, CK-012, CK-014, CK-021, CK-022, CK-029, CK-030.
        VisavisError: Whatever the validator raises.
    """
    own = leaf.capabilities
    ensure("CK-022", leaf.credential.credential_type in own.credentials)
    if rules.listed:
        ensure("CK-022", MLS10 in own.versions and suite.suite_id in own.cipher_suites)
    supported = {*own.extensions, *DEFAULT_EXTENSIONS}
    ensure("CK-021", {e.extension_type for e in leaf.extensions} <= supported)
    suite.kem.check_public_key(leaf.encryption_key)
    if leaf.source is LeafSource.KEY_PACKAGE and lifetimes:
        assert leaf.lifetime is not None  # read() gives one to this source
        rules.check_lifetime(leaf.lifetime)
    leaf.verify_signature(suite, group_id, leaf_index or 0)
    rules.validator(MemberInfo.of(leaf, leaf_index), replaces)


def check_together(leaves: Iterable[LeafNode], context_extensions: Sequence[Extension]) -> None:
    """Check what the members' leaves must have in common.

    Args:
        leaves: All leaves of the tree.
        context_extensions: Extensions of the group context.

    Raises:
        PeerError: CK-023 to CK-026.
    """
    members = tuple(leaves)
    keys = {leaf.signature_key for leaf in members}
    # Two leaves with one signature key: a signature would no longer say who sent something.
    ensure("CK-026", len(keys) == len(members))
    in_use = {int(leaf.credential.credential_type) for leaf in members}
    for leaf in members:
        ensure("CK-024", in_use <= set(leaf.capabilities.credentials))
    special = {e.extension_type for e in context_extensions} - DEFAULT_EXTENSIONS
    if special:
        for leaf in members:
            ensure("CK-025", special <= set(leaf.capabilities.extensions))
    data = find_extension(context_extensions, ExtensionType.REQUIRED_CAPABILITIES)
    if data is not None:
        required = codec.decode(data, RequiredCapabilities.read)
        for leaf in members:
            required.check(leaf)
