// Written by tools/make_ts.py from src/visavis/core/mls/checks.py: change it there.

import type { Code } from "../codes.ts";

/** One rule: the code its breach has, where RFC 9420 has it, and the rule itself. */
export type Check = Readonly<{ code: Code; section: string; rule: string }>;

export const CHECKS = {
  "CK-001": {
    code: "malformed",
    section: "2.1",
    rule: "the input ends where the structure does not",
  },
  "CK-002": {
    code: "malformed",
    section: "2.1.2",
    rule: "a length uses the shortest of the 1, 2 and 4 byte forms",
  },
  "CK-003": {
    code: "malformed",
    section: "2.1",
    rule: "nothing follows the structure",
  },
  "CK-004": {
    code: "malformed",
    section: "2.1.1",
    rule: "an optional starts with 0 or 1",
  },
  "CK-005": {
    code: "malformed",
    section: "2.1",
    rule: "a select has a known tag",
  },
  "CK-006": {
    code: "malformed",
    section: "6",
    rule: "the protocol version is mls10",
  },
  "CK-007": {
    code: "malformed",
    section: "13.4",
    rule: "an extension type occurs at most once in a list",
  },
  "CK-008": {
    code: "malformed",
    section: "6",
    rule: "the message is of the kind that is asked for",
  },
  "CK-010": {
    code: "wrong_suite",
    section: "5.1",
    rule: "the ciphersuite is known",
  },
  "CK-011": {
    code: "malformed",
    section: "5.1",
    rule: "a public key has the length and form of its algorithm",
  },
  "CK-012": {
    code: "malformed",
    section: "5.1",
    rule: "a Diffie-Hellman key is not of small order",
  },
  "CK-014": {
    code: "bad_signature",
    section: "5.1.2",
    rule: "a signature verifies",
  },
  "CK-015": {
    code: "decryption",
    section: "6.3",
    rule: "an AEAD ciphertext opens",
  },
  "CK-016": {
    code: "malformed",
    section: "5.1",
    rule: "a private key is a scalar of its group",
  },
  "CK-020": {
    code: "malformed",
    section: "7.3",
    rule: "a leaf node has the source that its place demands",
  },
  "CK-021": {
    code: "malformed",
    section: "7.3",
    rule: "a leaf lists every extension type that it carries",
  },
  "CK-022": {
    code: "malformed",
    section: "7.2",
    rule: "a leaf lists the version, suite and credential type it uses",
  },
  "CK-023": {
    code: "malformed",
    section: "7.3",
    rule: "a leaf has all capabilities that the group requires",
  },
  "CK-024": {
    code: "malformed",
    section: "7.3",
    rule: "every member supports every credential type in use",
  },
  "CK-025": {
    code: "malformed",
    section: "7.3",
    rule: "a leaf supports every extension of the group context",
  },
  "CK-026": {
    code: "malformed",
    section: "7.3",
    rule: "a signature key occurs once in the tree",
  },
  "CK-027": {
    code: "malformed",
    section: "7.3",
    rule: "an encryption key occurs once in the tree",
  },
  "CK-028": {
    code: "malformed",
    section: "7.3",
    rule: "a replaced leaf gets a new encryption key",
  },
  "CK-029": {
    code: "expired",
    section: "7.3",
    rule: "the leaf of a key package is within its lifetime",
  },
  "CK-030": {
    code: "malformed",
    section: "7.2",
    rule: "a lifetime is not longer than the longest we accept",
  },
  "CK-035": {
    code: "wrong_suite",
    section: "10.1",
    rule: "a key package is for this version and suite",
  },
  "CK-036": {
    code: "malformed",
    section: "10.1",
    rule: "the init key is not the encryption key",
  },
  "CK-040": {
    code: "malformed",
    section: "7.4.1",
    rule: "a ratchet tree is neither empty nor ends in a blank",
  },
  "CK-041": {
    code: "malformed",
    section: "7.4.1",
    rule: "leaves are at even, parents at odd indices",
  },
  "CK-042": {
    code: "malformed",
    section: "7.8",
    rule: "the tree hash is the one of the group context",
  },
  "CK-043": {
    code: "malformed",
    section: "7.9.2",
    rule: "every parent node is parent-hash valid",
  },
  "CK-044": {
    code: "malformed",
    section: "12.4.3.1",
    rule: "unmerged leaves are members below the node",
  },
  "CK-045": {
    code: "malformed",
    section: "12.4.3.1",
    rule: "unmerged leaves are listed by the nodes between, too",
  },
  "CK-046": {
    code: "malformed",
    section: "7.1",
    rule: "unmerged leaves are in increasing order",
  },
  "CK-047": {
    code: "malformed",
    section: "4.2",
    rule: "a leaf index points to a member",
  },
  "CK-050": {
    code: "wrong_group",
    section: "6",
    rule: "the message is for this group",
  },
  "CK-051": {
    code: "wrong_epoch",
    section: "6",
    rule: "the message is for an epoch that we hold",
  },
  "CK-052": {
    code: "bad_signature",
    section: "6.2",
    rule: "the membership tag verifies",
  },
  "CK-053": {
    code: "malformed",
    section: "6.2",
    rule: "application data never travels as PublicMessage",
  },
  "CK-054": {
    code: "decryption",
    section: "6.3.2",
    rule: "the sender named inside a PrivateMessage is a member",
  },
  "CK-055": {
    code: "replayed",
    section: "9.1",
    rule: "the key of a generation is used once",
  },
  "CK-056": {
    code: "decryption",
    section: "9.1",
    rule: "a generation is not too far ahead",
  },
  "CK-057": {
    code: "malformed",
    section: "6.3.1",
    rule: "the padding is all zeros",
  },
  "CK-058": {
    code: "wrong_epoch",
    section: "6",
    rule: "handshake messages are for the current epoch",
  },
  "CK-059": {
    code: "unexpected",
    section: "6",
    rule: "this kind of sender may send this content",
  },
  "CK-060": {
    code: "unexpected",
    section: "12.1.8.1",
    rule: "an external sender is listed in the group context",
  },
  "CK-061": {
    code: "unexpected",
    section: "12.1.8",
    rule: "outsiders propose only what their kind may, if at all",
  },
  "CK-062": {
    code: "unexpected",
    section: "6",
    rule: "the group is active: not removed, not reinitialised",
  },
  "CK-063": {
    code: "quota",
    section: "12.1",
    rule: "an epoch has a bounded number of pending proposals",
  },
  "CK-070": {
    code: "unexpected",
    section: "12.2",
    rule: "a commit does not contain an Update of its committer",
  },
  "CK-071": {
    code: "unexpected",
    section: "12.2",
    rule: "a commit does not remove its committer",
  },
  "CK-072": {
    code: "unexpected",
    section: "12.2",
    rule: "one Update or Remove for a leaf",
  },
  "CK-073": {
    code: "unexpected",
    section: "12.2",
    rule: "at most one GroupContextExtensions",
  },
  "CK-074": {
    code: "unexpected",
    section: "12.2",
    rule: "a ReInit stands alone",
  },
  "CK-075": {
    code: "unexpected",
    section: "12.2",
    rule: "ExternalInit only in an external commit, and there exactly one",
  },
  "CK-076": {
    code: "unexpected",
    section: "12.2",
    rule: "a PSK occurs once in a commit",
  },
  "CK-077": {
    code: "malformed",
    section: "12.1.4",
    rule: "a PSK nonce is as long as the hash",
  },
  "CK-078": {
    code: "unexpected",
    section: "12.1.4",
    rule: "a resumption PSK in a commit has the usage application",
  },
  "CK-079": {
    code: "unexpected",
    section: "12.1.5",
    rule: "a ReInit does not lower the version",
  },
  "CK-080": {
    code: "unexpected",
    section: "12.2",
    rule: "external commits carry ExternalInit, PSKs and one Remove only",
  },
  "CK-081": {
    code: "unexpected",
    section: "12.4.3.2",
    rule: "an external commit has no proposals by reference",
  },
  "CK-082": {
    code: "unexpected",
    section: "12.4",
    rule: "a proposal that a commit refers to is one we received",
  },
  "CK-083": {
    code: "unexpected",
    section: "12.1.2",
    rule: "an Update comes from the member whose leaf it replaces",
  },
  "CK-084": {
    code: "unexpected",
    section: "8.4",
    rule: "the PSK is known to us",
  },
  "CK-085": {
    code: "malformed",
    section: "12.1.7",
    rule: "the context carries no extension meant for elsewhere",
  },
  "CK-086": {
    code: "malformed",
    section: "12.1.1",
    rule: "an Update or Remove names a member",
  },
  "CK-100": {
    code: "unexpected",
    section: "12.4.2",
    rule: "a path is there when the proposals demand one",
  },
  "CK-101": {
    code: "malformed",
    section: "12.4.2",
    rule: "the path has one node per node of the filtered direct path",
  },
  "CK-102": {
    code: "malformed",
    section: "12.4.2",
    rule: "a path node has one ciphertext per node of the resolution",
  },
  "CK-103": {
    code: "malformed",
    section: "7.9.2",
    rule: "the parent hash of the path's leaf is right",
  },
  "CK-104": {
    code: "malformed",
    section: "12.4.2",
    rule: "no key of the path is already in the tree",
  },
  "CK-105": {
    code: "malformed",
    section: "7.4",
    rule: "a path secret gives the public key that the tree shows",
  },
  "CK-106": {
    code: "bad_signature",
    section: "12.4.2",
    rule: "the confirmation tag verifies",
  },
  "CK-107": {
    code: "unexpected",
    section: "12.4.2",
    rule: "we do not process our own commit",
  },
  "CK-108": {
    code: "unexpected",
    section: "12.4.2",
    rule: "a commit comes from a member or an external joiner",
  },
  "CK-109": {
    code: "malformed",
    section: "12.4.2",
    rule: "we hold a key for one ciphertext of the path",
  },
  "CK-120": {
    code: "unexpected",
    section: "12.4.3.1",
    rule: "the Welcome has a secret for our key package",
  },
  "CK-121": {
    code: "wrong_suite",
    section: "12.4.3.1",
    rule: "Welcome and GroupInfo are for our suite",
  },
  "CK-122": {
    code: "malformed",
    section: "12.4.3.1",
    rule: "the tree is in the Welcome or is given",
  },
  "CK-123": {
    code: "malformed",
    section: "12.4.3",
    rule: "the signer of a GroupInfo is a member",
  },
  "CK-124": {
    code: "malformed",
    section: "12.4.3.1",
    rule: "our own leaf is in the tree, as we made it",
  },
  "CK-125": {
    code: "unexpected",
    section: "12.4.3.1",
    rule: "branch and reinit PSKs are refused: we do neither",
  },
  "CK-126": {
    code: "malformed",
    section: "12.4.3.2",
    rule: "a GroupInfo for joiners has an external_pub",
  },
  "CK-127": {
    code: "malformed",
    section: "12.4.3.1",
    rule: "the private keys belong to the key package",
  },
  "CK-128": {
    code: "malformed",
    section: "12.4.3.1",
    rule: "the committer's path secret starts above our leaf",
  },
} as const satisfies Record<string, Check>;

export type CheckId = keyof typeof CHECKS;
