"""The TypeScript MLS beside the Python one: updates in groups of 2 to 50, suite 0xF04D."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.interop.web_twin import WebNode, WebPeer

from bench import Report
from bench.bench_mls import ours, ratio
from visavis.core import mls

SIZES = (2, 10, 50)
ROUNDS = 30
BOUND = 3.0

Call = Callable[..., dict[str, Any]]


def twins(node: WebNode, size: int) -> tuple[Call, Call]:
    """Return how to call two members of a fresh group: all were added by one commit."""
    peers = [WebPeer(str(number), mls.SUITE_ID, node) for number in range(size)]
    founder, member = peers[0], peers[-1]
    founder.create(os.urandom(16))
    packages = [peer.key_package().hex() for peer in peers[1:]]
    made = founder.call("commit", add=packages, remove=[], psk={}, public=False)
    founder.accept()
    member.call("join", welcome=made["welcome"], psk={})
    return founder.call, member.call


def measure(node: WebNode, size: int) -> list[tuple[str, ...]]:
    """Return the rows of one group size; the two take turns."""
    pair = ours(mls.SUITE_ID, size)
    commit, process = twins(node, size)
    made: dict[str, list[float]] = {"Python": [], "TypeScript": []}
    processed: dict[str, list[float]] = {"Python": [], "TypeScript": []}
    for number in range(ROUNDS + 1):
        started = time.perf_counter()
        message = pair.update()
        between = time.perf_counter()
        pair.process(message)
        ended = time.perf_counter()
        update = commit("commit", add=[], remove=[], psk={}, public=False)
        commit("accept")
        done = process("process", message=update["commit"], psk={})
        if number:  # the first round warms up
            made["Python"].append((between - started) * 1e3)
            processed["Python"].append((ended - between) * 1e3)
            made["TypeScript"].append(update["ms"])
            processed["TypeScript"].append(done["ms"])
    secrets = {
        call("exporter", label="x", context="", length=32)["secret"] for call in (commit, process)
    }
    if len(secrets) != 1 or not pair.same():
        raise AssertionError("two members of one group export different secrets")
    return [
        (
            str(size),
            name,
            f"{statistics.median(made[name]):.2f}",
            f"{ratio(made[name], made['Python']):.2f}",
            f"{statistics.median(processed[name]):.2f}",
            f"{ratio(processed[name], processed['Python']):.2f}",
        )
        for name in made
    ]


def run() -> Report:
    """Measure all sizes."""
    with WebNode() as node:
        rows = [row for size in SIZES for row in measure(node, size)]
    return Report(
        "MLS updates in TypeScript",
        "The same update as above in `web/core/mls`, in Node (WebCrypto and `@noble/*`), timed"
        " inside its process; suite 0xF04D."
        f" Medians of {ROUNDS} rounds, the two in turn within each.",
        ("members", "what", "make, ms", "times Python", "process, ms", "times Python"),
        rows,
        f"Bound: {BOUND:g} times Python at 50 members.",
    )
