"""The secret tree: one key per message (RFC 9420, 9), used once and dropped.

Immutable: asking for a key gives the key *and* the tree after it, so a message that fails to
decrypt costs nothing and changes nothing. What is kept is bounded by the two constants below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from visavis.core.errors import UsageError
from visavis.core.mls import tree_math
from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.suite import Suite

MAX_FORWARD: Final = 4096
"""Generations a receiver skips at once (protocol.md P9: dropped call messages leave holes).
Higher: longer outages are survived, and a malicious member can make each receiver derive more
keys per message (about 12 us each). Lower: the reverse."""
MAX_KEPT: Final = 1024
"""Skipped keys kept per sender and kind for messages that come late; the oldest go first.
Higher: more late messages can be read, up to 44 bytes of state each, and stolen state opens
more of them. Lower: the reverse."""
_LAST: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class MessageKey:
    """Key and nonce of one generation."""

    key: bytes
    nonce: bytes

    def guarded_nonce(self, reuse_guard: bytes) -> bytes:
        """Return the nonce with the reuse guard mixed in (RFC 9420, 6.3.1)."""
        mixed = bytes(a ^ b for a, b in zip(self.nonce, reuse_guard, strict=False))
        return mixed + self.nonce[len(reuse_guard) :]


@dataclass(frozen=True, slots=True)
class Ratchet:
    """A sender's chain for one kind of message: its next secret, and skipped keys."""

    secret: bytes
    generation: int
    kept: dict[int, MessageKey]

    def _step(self, suite: Suite) -> tuple[MessageKey, bytes]:
        if self.generation >= _LAST:
            raise UsageError("a ratchet is at its end; commit to begin a new epoch")

        def derive(label: bytes, size: int) -> bytes:
            return suite.derive_tree_secret(self.secret, label, self.generation, size)

        key = MessageKey(derive(b"key", suite.aead.nk), derive(b"nonce", suite.aead.nn))
        return key, derive(b"secret", suite.nh)

    def next_key(self, suite: Suite) -> tuple[MessageKey, Ratchet]:
        """Return the next generation's key and the ratchet after it."""
        key, secret = self._step(suite)
        return key, Ratchet(secret, self.generation + 1, self.kept)

    def key_at(self, suite: Suite, generation: int) -> tuple[MessageKey, Ratchet]:
        """Return the key of one generation and the ratchet without it (CK-055, CK-056)."""
        if generation < self.generation:
            if generation not in self.kept:
                raise refusal("CK-055")
            kept = dict(self.kept)
            key = kept.pop(generation)
            return key, replace(self, kept=kept)
        ensure("CK-056", generation - self.generation <= MAX_FORWARD and generation < _LAST)
        if generation == self.generation:
            return self.next_key(suite)
        ratchet, kept = self, dict(self.kept)
        while ratchet.generation < generation:
            skipped = ratchet.generation
            kept[skipped], ratchet = ratchet.next_key(suite)
        key, ratchet = ratchet.next_key(suite)
        newest = sorted(kept)[-MAX_KEPT:]
        return key, replace(ratchet, kept={g: kept[g] for g in newest})


@dataclass(frozen=True, slots=True)
class SecretTree:
    """The secrets of an epoch's messages.

    Attributes:
        suite: The suite.
        leaf_count: Leaves of the ratchet tree, a power of two.
        secrets: Node secrets not yet spent, by node index.
        handshake: Ratchets for proposals and commits, by leaf index.
        application: Ratchets for application messages, by leaf index.
    """

    suite: Suite
    leaf_count: int
    secrets: dict[int, bytes]
    handshake: dict[int, Ratchet]
    application: dict[int, Ratchet]

    @staticmethod
    def start(suite: Suite, encryption_secret: bytes, leaf_count: int) -> SecretTree:
        """Begin with the encryption secret at the root."""
        return SecretTree(
            suite, leaf_count, {tree_math.root(leaf_count): encryption_secret}, {}, {}
        )

    def __repr__(self) -> str:
        return f"SecretTree(leaf_count={self.leaf_count})"

    def _open(self, leaf: int) -> SecretTree:
        """Return the tree with the ratchets of a leaf begun and the secrets above them spent."""
        if leaf in self.application:
            return self
        ensure("CK-047", 0 <= leaf < self.leaf_count)  # outside there is no way to the root
        suite, secrets = self.suite, dict(self.secrets)
        chain = [2 * leaf]
        while chain[-1] not in secrets:
            ensure("CK-055", chain[-1] != tree_math.root(self.leaf_count))  # spent and dropped
            chain.append(tree_math.parent(chain[-1]))
        for node in reversed(chain[1:]):
            secret = secrets.pop(node)
            for child, side in ((tree_math.left(node), b"left"), (tree_math.right(node), b"right")):
                secrets[child] = suite.expand_with_label(secret, b"tree", side, suite.nh)
        secret = secrets.pop(2 * leaf)
        handshake = suite.expand_with_label(secret, b"handshake", b"", suite.nh)
        application = suite.expand_with_label(secret, b"application", b"", suite.nh)
        return replace(
            self,
            secrets=secrets,
            handshake={**self.handshake, leaf: Ratchet(handshake, 0, {})},
            application={**self.application, leaf: Ratchet(application, 0, {})},
        )

    def _with(self, leaf: int, ratchet: Ratchet, *, handshake: bool) -> SecretTree:
        if handshake:
            return replace(self, handshake={**self.handshake, leaf: ratchet})
        return replace(self, application={**self.application, leaf: ratchet})

    def next_key(self, leaf: int, *, handshake: bool) -> tuple[int, MessageKey, SecretTree]:
        """Take the next key of a leaf, for sending.

        Returns:
            Generation, key, and the tree without that key.
        """
        tree = self._open(leaf)
        ratchet = (tree.handshake if handshake else tree.application)[leaf]
        key, after = ratchet.next_key(self.suite)
        return ratchet.generation, key, tree._with(leaf, after, handshake=handshake)  # noqa: SLF001

    def key_at(
        self, leaf: int, generation: int, *, handshake: bool
    ) -> tuple[MessageKey, SecretTree]:
        """Take the key of one generation, for receiving (CK-055, CK-056).

        Returns:
            The key, and the tree without it.
        """
        tree = self._open(leaf)
        ratchets = tree.handshake if handshake else tree.application
        ensure("CK-055", leaf in ratchets)  # past epochs keep no handshake ratchets
        key, after = ratchets[leaf].key_at(self.suite, generation)
        return key, tree._with(leaf, after, handshake=handshake)  # noqa: SLF001

    def for_past_epoch(self, own_leaf: int) -> SecretTree:
        """Return what is still needed when the epoch is over: others' application keys."""
        tree = self._open(own_leaf)
        application = {i: r for i, r in tree.application.items() if i != own_leaf}
        return replace(tree, handshake={}, application=application)
