"""Our MLS beside mls-rs: making and processing an update in groups of 2 to 100."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import mls_rs_uniffi as rust

from bench import Report
from visavis.core import mls

SIZES = (2, 10, 50, 100)
ROUNDS = 40
DAY_S = 86_400


@dataclass
class Pair:
    """Two members of a group of some size: one updates, the other processes.

    Attributes:
        update: Makes an update, applies it to its own group, and returns the message.
        process: Applies the message to the other group.
        same: Tells whether both export the same.
    """

    update: Callable[[], bytes]
    process: Callable[[bytes], object]
    same: Callable[[], bool]


def accept_all(new: mls.MemberInfo, replaces: mls.MemberInfo | None) -> None:
    """Judge nobody: mls-rs does not either."""


def ours(suite: int, size: int) -> Pair:
    """Return two members of a fresh group: all were added by one commit, the costliest tree."""
    now = int(time.time())
    span = (now - 60, now + DAY_S)

    def bundle(number: int) -> mls.KeyPackageBundle:
        return mls.new_key_package(
            suite_id=suite,
            identity=b"%d" % number,
            signature_private=mls.generate_signature_key(suite, os.urandom),
            not_before=span[0],
            not_after=span[1],
            rng=os.urandom,
        )

    founder = mls.Group.create(
        group_id=os.urandom(16),
        suite_id=suite,
        identity=b"0",
        signature_private=mls.generate_signature_key(suite, os.urandom),
        rng=os.urandom,
        validator=accept_all,
        lifetime=span,
    )
    bundles = [bundle(number) for number in range(1, size)]
    made = founder.commit(rng=os.urandom, now=now, add=[b.key_package for b in bundles])
    assert made.welcome is not None
    groups = [made.group, mls.Group.join(made.welcome, bundles[-1], now=now, validator=accept_all)]

    def update() -> bytes:
        pending = groups[0].commit(rng=os.urandom, now=now)
        groups[0] = pending.group
        return pending.message

    def same() -> bool:
        first, second = (group.exporter("bench", b"", 32) for group in groups)
        return first == second

    return Pair(update, lambda message: groups[1].process(message, now=now), same)


def theirs(size: int) -> Pair:
    """Return the same with mls-rs, suite 1."""

    def client(number: int) -> rust.Client:
        keys = rust.generate_signature_keypair(rust.CipherSuite.CURVE25519_AES128)
        return rust.Client(b"%d" % number, keys, rust.client_config_default())

    founder = client(0).create_group(None)
    others = [client(number) for number in range(1, size)]
    added = founder.add_members([other.generate_key_package_message() for other in others])
    founder.process_incoming_message(added.commit_message)
    member = others[-1].join_group(None, added.welcome_message).group

    def update() -> bytes:
        made = founder.commit()
        founder.process_incoming_message(made.commit_message)
        return bytes(made.commit_message.to_bytes())

    def process(message: bytes) -> object:
        return member.process_incoming_message(rust.Message.from_bytes(message))

    def same() -> bool:
        first, second = (group.export_secret(b"bench", b"", 32) for group in (founder, member))
        return bool(first == second)

    return Pair(update, process, same)


def measure(size: int) -> list[tuple[str, ...]]:
    """Return the rows of one group size; the three take turns."""
    pairs = {
        "ours, 0xF04D": ours(mls.SUITE_ID, size),
        "ours, suite 1": ours(1, size),
        "mls-rs, suite 1": theirs(size),
    }
    made: dict[str, list[float]] = {name: [] for name in pairs}
    processed: dict[str, list[float]] = {name: [] for name in pairs}
    sizes: dict[str, int] = {}
    for number in range(ROUNDS + 1):
        for name, pair in pairs.items():
            started = time.perf_counter()
            message = pair.update()
            between = time.perf_counter()
            pair.process(message)
            ended = time.perf_counter()
            sizes[name] = len(message)
            if number:  # the first round warms up
                made[name].append(between - started)
                processed[name].append(ended - between)
    if not all(pair.same() for pair in pairs.values()):
        raise AssertionError("two members of one group export different secrets")
    base = "mls-rs, suite 1"
    return [
        (
            str(size),
            name,
            f"{statistics.median(made[name]) * 1e3:.2f}",
            f"{ratio(made[name], made[base]):.2f}",
            f"{statistics.median(processed[name]) * 1e3:.2f}",
            f"{ratio(processed[name], processed[base]):.2f}",
            f"{sizes[name]:,}",
        )
        for name in pairs
    ]


def ratio(mine: list[float], others: list[float]) -> float:
    """Return the median of each round's own ratio."""
    return statistics.median(m / o for m, o in zip(mine, others, strict=True))


def run() -> Report:
    """Measure all sizes."""
    rows = [row for size in SIZES for row in measure(size)]
    return Report(
        "MLS updates",
        "One member makes an update (a commit without proposals) and applies it; another processes"
        " it. All members were added by one commit, so the tree is as costly as it gets. `mls-rs`"
        " 0.55 (Rust) by its Python package, which has no post-quantum suite; 0xF04D is X-Wing,"
        " AES-256-GCM, SHA-384, Ed25519."
        f" Medians of {ROUNDS} rounds, the three in turn within each.",
        (
            "members",
            "what",
            "make, ms",
            "times mls-rs",
            "process, ms",
            "times mls-rs",
            "commit, bytes",
        ),
        rows,
        "A call's group changes when somebody joins or leaves, not per frame. The checks of ours"
        " include credential hooks, parent hashes and the transactional copy of the tree.",
    )
