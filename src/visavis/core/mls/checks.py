"""The list of all checks that this MLS makes on what others send, and the one way to refuse.

Each check has an id (`CK-nnn`), a wire code, the section of RFC 9420 it comes from and the rule in
words. The id stands in the code where the check is made, in the table of `docs/protocol/mls.md`
(generated from here) and in the test that proves it. Errors name the id and the rule; they never
carry a payload, a key or text from a peer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from visavis.core.errors import Code, PeerError


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: the code its breach has, where it is written, and the rule itself."""

    code: Code
    section: str
    rule: str


_BAD = Code.MALFORMED
_KEY = Code.DECRYPTION
_SIG = Code.BAD_SIGNATURE
_NOT = Code.UNEXPECTED

CHECKS: Final[dict[str, Check]] = {
    # Encoding.
    "CK-001": Check(_BAD, "2.1", "the input ends where the structure does not"),
    "CK-002": Check(_BAD, "2.1.2", "a length uses the shortest of the 1, 2 and 4 byte forms"),
    "CK-003": Check(_BAD, "2.1", "nothing follows the structure"),
    "CK-004": Check(_BAD, "2.1.1", "an optional starts with 0 or 1"),
    "CK-005": Check(_BAD, "2.1", "a select has a known tag"),
    "CK-006": Check(_BAD, "6", "the protocol version is mls10"),
    "CK-007": Check(_BAD, "13.4", "an extension type occurs at most once in a list"),
    "CK-008": Check(_BAD, "6", "the message is of the kind that is asked for"),
    # Primitives.
    "CK-010": Check(Code.WRONG_SUITE, "5.1", "the ciphersuite is known"),
    "CK-011": Check(_BAD, "5.1", "a public key has the length and form of its algorithm"),
    "CK-012": Check(_BAD, "5.1", "a Diffie-Hellman key is not of small order"),
    "CK-014": Check(_SIG, "5.1.2", "a signature verifies"),
    "CK-015": Check(_KEY, "6.3", "an AEAD ciphertext opens"),
    "CK-016": Check(_BAD, "5.1", "a private key is a scalar of its group"),
    # Leaf nodes.
    "CK-020": Check(_BAD, "7.3", "a leaf node has the source that its place demands"),
    "CK-021": Check(_BAD, "7.3", "a leaf lists every extension type that it carries"),
    "CK-022": Check(_BAD, "7.2", "a leaf lists the version, suite and credential type it uses"),
    "CK-023": Check(_BAD, "7.3", "a leaf has all capabilities that the group requires"),
    "CK-024": Check(_BAD, "7.3", "every member supports every credential type in use"),
    "CK-025": Check(_BAD, "7.3", "a leaf supports every extension of the group context"),
    "CK-026": Check(_BAD, "7.3", "a signature key occurs once in the tree"),
    "CK-027": Check(_BAD, "7.3", "an encryption key occurs once in the tree"),
    "CK-028": Check(_BAD, "7.3", "a replaced leaf gets a new encryption key"),
    "CK-029": Check(Code.EXPIRED, "7.3", "the leaf of a key package is within its lifetime"),
    "CK-030": Check(_BAD, "7.2", "a lifetime is not longer than the longest we accept"),
    # Key packages.
    "CK-035": Check(Code.WRONG_SUITE, "10.1", "a key package is for this version and suite"),
    "CK-036": Check(_BAD, "10.1", "the init key is not the encryption key"),
    # Trees.
    "CK-040": Check(_BAD, "7.4.1", "a ratchet tree is neither empty nor ends in a blank"),
    "CK-041": Check(_BAD, "7.4.1", "leaves are at even, parents at odd indices"),
    "CK-042": Check(_BAD, "7.8", "the tree hash is the one of the group context"),
    "CK-043": Check(_BAD, "7.9.2", "every parent node is parent-hash valid"),
    "CK-044": Check(_BAD, "12.4.3.1", "unmerged leaves are members below the node"),
    "CK-045": Check(_BAD, "12.4.3.1", "unmerged leaves are listed by the nodes between, too"),
    "CK-046": Check(_BAD, "7.1", "unmerged leaves are in increasing order"),
    "CK-047": Check(_BAD, "4.2", "a leaf index points to a member"),
    # Messages.
    "CK-050": Check(Code.WRONG_GROUP, "6", "the message is for this group"),
    "CK-051": Check(Code.WRONG_EPOCH, "6", "the message is for an epoch that we hold"),
    "CK-052": Check(_SIG, "6.2", "the membership tag verifies"),
    "CK-053": Check(_BAD, "6.2", "application data never travels as PublicMessage"),
    "CK-054": Check(_KEY, "6.3.2", "the sender named inside a PrivateMessage is a member"),
    "CK-055": Check(Code.REPLAYED, "9.1", "the key of a generation is used once"),
    "CK-056": Check(_KEY, "9.1", "a generation is not too far ahead"),
    "CK-057": Check(_BAD, "6.3.1", "the padding is all zeros"),
    "CK-058": Check(Code.WRONG_EPOCH, "6", "handshake messages are for the current epoch"),
    "CK-059": Check(_NOT, "6", "this kind of sender may send this content"),
    "CK-060": Check(_NOT, "12.1.8.1", "an external sender is listed in the group context"),
    "CK-061": Check(_NOT, "12.1.8", "outsiders propose only what their kind may, if at all"),
    "CK-062": Check(_NOT, "6", "the group is active: not removed, not reinitialised"),
    "CK-063": Check(Code.QUOTA, "12.1", "an epoch has a bounded number of pending proposals"),
    # Proposals.
    "CK-070": Check(_NOT, "12.2", "a commit does not contain an Update of its committer"),
    "CK-071": Check(_NOT, "12.2", "a commit does not remove its committer"),
    "CK-072": Check(_NOT, "12.2", "one Update or Remove for a leaf"),
    "CK-073": Check(_NOT, "12.2", "at most one GroupContextExtensions"),
    "CK-074": Check(_NOT, "12.2", "a ReInit stands alone"),
    "CK-075": Check(_NOT, "12.2", "ExternalInit only in an external commit, and there exactly one"),
    "CK-076": Check(_NOT, "12.2", "a PSK occurs once in a commit"),
    "CK-077": Check(_BAD, "12.1.4", "a PSK nonce is as long as the hash"),
    "CK-078": Check(_NOT, "12.1.4", "a resumption PSK in a commit has the usage application"),
    "CK-079": Check(_NOT, "12.1.5", "a ReInit does not lower the version"),
    "CK-080": Check(_NOT, "12.2", "external commits carry ExternalInit, PSKs and one Remove only"),
    "CK-081": Check(_NOT, "12.4.3.2", "an external commit has no proposals by reference"),
    "CK-082": Check(_NOT, "12.4", "a proposal that a commit refers to is one we received"),
    "CK-083": Check(_NOT, "12.1.2", "an Update comes from the member whose leaf it replaces"),
    "CK-084": Check(_NOT, "8.4", "the PSK is known to us"),
    "CK-085": Check(_BAD, "12.1.7", "the context carries no extension meant for elsewhere"),
    "CK-086": Check(_BAD, "12.1.1", "an Update or Remove names a member"),
    # Commits.
    "CK-100": Check(_NOT, "12.4.2", "a path is there when the proposals demand one"),
    "CK-101": Check(_BAD, "12.4.2", "the path has one node per node of the filtered direct path"),
    "CK-102": Check(_BAD, "12.4.2", "a path node has one ciphertext per node of the resolution"),
    "CK-103": Check(_BAD, "7.9.2", "the parent hash of the path's leaf is right"),
    "CK-104": Check(_BAD, "12.4.2", "no key of the path is already in the tree"),
    "CK-105": Check(_BAD, "7.4", "a path secret gives the public key that the tree shows"),
    "CK-106": Check(_SIG, "12.4.2", "the confirmation tag verifies"),
    "CK-107": Check(_NOT, "12.4.2", "we do not process our own commit"),
    "CK-108": Check(_NOT, "12.4.2", "a commit comes from a member or an external joiner"),
    "CK-109": Check(_BAD, "12.4.2", "we hold a key for one ciphertext of the path"),
    # Welcome, GroupInfo, external join.
    "CK-120": Check(_NOT, "12.4.3.1", "the Welcome has a secret for our key package"),
    "CK-121": Check(Code.WRONG_SUITE, "12.4.3.1", "Welcome and GroupInfo are for our suite"),
    "CK-122": Check(_BAD, "12.4.3.1", "the tree is in the Welcome or is given"),
    "CK-123": Check(_BAD, "12.4.3", "the signer of a GroupInfo is a member"),
    "CK-124": Check(_BAD, "12.4.3.1", "our own leaf is in the tree, as we made it"),
    "CK-125": Check(_NOT, "12.4.3.1", "branch and reinit PSKs are refused: we do neither"),
    "CK-126": Check(_BAD, "12.4.3.2", "a GroupInfo for joiners has an external_pub"),
    "CK-127": Check(_BAD, "12.4.3.1", "the private keys belong to the key package"),
    "CK-128": Check(_BAD, "12.4.3.1", "the committer's path secret starts above our leaf"),
}


def refusal(ck: str) -> PeerError:
    """Make the error for a breach of one check.

    Args:
        ck: An id from `CHECKS`.

    Returns:
        The error to raise; its detail is the id, the rule and the section, nothing else.
    """
    check = CHECKS[ck]
    return PeerError(check.code, f"{ck}: broken rule: {check.rule} (RFC 9420, {check.section})")


def ensure(ck: str, ok: object) -> None:
    """Refuse unless the check holds.

    Args:
        ck: An id from `CHECKS`.
        ok: Truthy when the rule is kept.

    Raises:
        PeerError: The rule is broken.
    """
    if not ok:
        raise refusal(ck)
