"""Calls, frames and the first screen in a real browser, as `web/tests/bench` measures them."""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
from typing import Any

from bench import NotHereError, Report

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOUND = 1.25
STEPS = (
    ("ring", "call pressed until the other page shows it"),
    ("callee", "accept pressed until the callee has the first picture"),
    ("caller", "accept pressed until the caller has the first picture"),
    ("seen", "accept pressed until both stand on the screen"),
)

Figures = Any
"""What the runner prints as JSON: see the types that `web/tests/bench/*.ts` export."""


def run() -> Report:
    """Measure all of it in Chromium; some five minutes."""
    figures = measure()
    report = calls(figures["calls"])
    more = (
        frames(figures["frames"]),
        first_screen(figures["load"]),
        sizes(figures["load"]["sizes"]),
    )
    return Report(report.title, report.intro, report.header, report.rows, report.notes, more)


def measure(*parts: str) -> Figures:
    """Return what the runner in `web/tests/bench` measured.

    Raises:
        NotHereError: A browser, the relay or root is missing.
    """
    subprocess.run(["tools/build_web.sh", "--if-needed"], cwd=ROOT, check=True)
    done = subprocess.run(
        ["tools/node.sh", "node", "tests/bench/run.ts", *parts],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=os.environ,
    )
    if done.returncode == 2:
        raise NotHereError("See what is missing above.")
    if done.returncode != 0:
        raise RuntimeError(f"web/tests/bench/run.ts ended with {done.returncode}")
    return json.loads(done.stdout)


def p95(times: list[float]) -> float:
    """Return the time within which 95 of 100 stay."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def calls(figures: Figures) -> Report:
    """Tabulate calls of the product beside plain ones."""
    rows = []
    for key, what in STEPS:
        ours, screens, bare = (
            [took[key] for took in figures[which]] for which in ("product", "screens", "plain")
        )
        for name, value in (("median", statistics.median), ("p95", p95)):
            rows.append(
                (
                    f"{what}, {name}",
                    f"{value(ours):.0f} ms",
                    f"{value(screens):.0f} ms",
                    f"{value(ours) / value(screens):.2f}",
                    f"{value(bare):.0f} ms",
                    f"{value(ours) / value(bare):.2f}",
                )
            )
    return Report(
        title="In the browser",
        intro=(
            f"{len(figures['product'])} relayed video calls between two Chromium browsers on the "
            "real pages, server and relay, in turn with as many plain WebRTC calls between the "
            "same two browsers, of two kinds: *in the same screens*, with no encryption layer "
            "behind them (no MLS, no SFrame, no sealed envelopes), and between *bare pages* of two "
            "buttons. Both have a WebSocket to a server that hands on what it is given, no "
            "encryption but the browser's own, the same relay (credentials there before the "
            "call), VP8 and Opus, the same fake camera. The plain caller offers and gathers when "
            "it presses; the plain callee opens its camera and gathers when it accepts. Visavis "
            "has made the caller's connection and offer at the preview, and sends no candidate "
            "before the accept. All times are taken inside the pages, on one clock; a picture is "
            "there when `requestVideoFrameCallback` says so."
        ),
        header=("", "Visavis", "plain, same screens", "ratio", "plain, bare pages", "ratio"),
        rows=rows,
        notes=f"Bound: {BOUND:g} for ring and for the first picture.",
    )


def frames(figures: Figures) -> Report:
    """Tabulate what a frame costs in the worker."""
    rows = []
    for one in figures:
        for ours, bare, what in (("seal", "bareSeal", "seal"), ("open", "bareOpen", "open")):
            ratio = statistics.median(a / b for a, b in zip(one[ours], one[bare], strict=True))
            each = statistics.median(one[ours])
            rows.append(
                (
                    f"{one['bytes']:,} B {one['kind']}, {what}",
                    f"{each:.0f}",
                    f"{statistics.median(one[bare]):.0f}",
                    f"{ratio:.2f}",
                    f"{1e6 / each:,.0f}",
                )
            )
    audio = next(one["sealed"] for one in figures if one["kind"] == "audio")
    return Report(
        title="Frames in the worker",
        intro=(
            "One frame through the pipe of the product's worker (counter, clear bytes, SFrame, "
            "epoch, replay window), beside WebCrypto's AES-256-GCM alone on the very bytes that it "
            "seals, with a ready key, in turn in the same worker. Medians of "
            f"{figures[0]['rounds']} rounds; the ratio is the median of each round's own. All Opus "
            f"packets of a call are sealed at one size, here {audio} bytes."
        ),
        header=("", "µs per frame", "WebCrypto alone, µs", "ratio", "frames per second"),
        rows=rows,
        notes=(
            "A call needs some 50 audio and 30 video frames a second in each direction. Small "
            "frames cost what a call of WebCrypto costs."
        ),
    )


def first_screen(load: Figures) -> Report:
    """Tabulate how soon the first screen can be used on a slow phone."""
    rows = [
        (
            what,
            *(
                f"{statistics.median(one[key] for one in load[which]) / 1000:.1f} s"
                for key in ("painted", "interactive")
            ),
            f"{statistics.median(one['bytes'] for one in load[which]) / 1000:.0f} kB",
        )
        for which, what in (("first", "first visit"), ("again", "second visit"))
    ]
    return Report(
        title="The first screen on a slow phone",
        intro=(
            "Sign-up opened by a link, processor four times slower, 1.6 Mbit/s, 150 ms for an "
            "answer (Chromium's own brakes), 390 by 844. Interactive: the button that leads on is "
            "there and no task holds the page up. On the second visit the service worker has the "
            f"files. Medians of {len(load['first'])}."
        ),
        header=("", "first paint", "interactive", "over the network"),
        rows=rows,
    )


def sizes(parts: Figures) -> Report:
    """Tabulate what is loaded when."""
    return Report(
        title="Sizes",
        intro="What the first screen waits for, and each part that is loaded when it is wanted.",
        header=("", "gzip", "brotli"),
        rows=[
            (one["part"], f"{one['gzip'] / 1000:.1f} kB", f"{one['brotli'] / 1000:.1f} kB")
            for one in parts
        ],
        notes="Bound: 250 kB until the first screen is usable.",
    )
