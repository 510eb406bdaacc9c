"""Messaging Layer Security (RFC 9420): our own, because no package was fit (docs/adr/0001).

Begin with `Group`. Pure: randomness and time are arguments, nothing is read or written. Every
check on what others send has an id; the table is `visavis.core.mls.checks.CHECKS` and
`docs/protocol/mls.md`. Not for media: frames are SFrame's, keyed by `Group.exporter`.
"""

from visavis.core.mls.commit_process import CommitApplied
from visavis.core.mls.group import Group, PendingCommit
from visavis.core.mls.kem import Rng
from visavis.core.mls.key_package import (
    KeyPackage,
    KeyPackageBundle,
    UnverifiedKeyPackage,
    new_key_package,
)
from visavis.core.mls.leaf_check import CredentialValidator, RequiredCapabilities
from visavis.core.mls.leaf_node import Extension, ExtensionType, MemberInfo, find_extension
from visavis.core.mls.peek import MessageHead, peek, welcome_references
from visavis.core.mls.receive import ApplicationMessage, ProposalReceived, Received
from visavis.core.mls.suite import SUITE_ID, generate_signature_key, signature_public_key

__all__ = [
    "SUITE_ID",
    "ApplicationMessage",
    "CommitApplied",
    "CredentialValidator",
    "Extension",
    "ExtensionType",
    "Group",
    "KeyPackage",
    "KeyPackageBundle",
    "MemberInfo",
    "MessageHead",
    "PendingCommit",
    "ProposalReceived",
    "Received",
    "RequiredCapabilities",
    "Rng",
    "UnverifiedKeyPackage",
    "find_extension",
    "generate_signature_key",
    "new_key_package",
    "peek",
    "signature_public_key",
    "welcome_references",
]
