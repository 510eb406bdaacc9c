"""Random histories of groups with members of several implementations (RFC 9420).

Official vectors do not find what these find: ts-mls 1.6.4 passes them all, and see ts_mls.py.
A failure prints the seed; `History(seed, kinds, suite, node).run(steps)` plays it again.
"""

from __future__ import annotations

import pytest
from tests.interop.history import History
from tests.interop.peers import OTHERS
from tests.interop.ts_mls import NodePeer
from tests.interop.web_twin import WebNode

from visavis.core import mls

SHORT_STEPS = 40
LONG_STEPS = 250
LONG_SEEDS = range(1000, 1012)

CONFIGURATIONS = [
    pytest.param((), 1, "py", id="ours-1"),
    pytest.param((), mls.SUITE_ID, "py", id="ours-F04D"),
    pytest.param(("js",), 1, "js", id="tsmls-1"),
    pytest.param(("js",), mls.SUITE_ID, "py", id="tsmls-F04D"),
    pytest.param(("js",), mls.SUITE_ID, "js", id="tsmls-F04D-founded-by-it"),
    pytest.param(("ts",), 1, "ts", id="twin-1"),
    pytest.param(("ts",), mls.SUITE_ID, "py", id="twin-F04D"),
    pytest.param(("ts",), mls.SUITE_ID, "ts", id="twin-F04D-founded-by-it"),
    pytest.param(OTHERS[1:], 1, "py", id="mlsrs-1"),
    pytest.param((*OTHERS, "ts"), 1, "py", id="all-1"),
    pytest.param(("js", "ts"), mls.SUITE_ID, "ts", id="all-F04D"),
]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize(("kinds", "suite", "founder"), CONFIGURATIONS)
def test_short_history(
    kinds: tuple[str, ...], suite: int, founder: str, seed: int, node: NodePeer, twin: WebNode
) -> None:
    done = History(seed, kinds, suite, node, founder=founder, twin=twin).run(SHORT_STEPS)
    assert done["messages"] > 50
    assert done["late messages"] > 5


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
@pytest.mark.parametrize(("kinds", "suite", "founder"), CONFIGURATIONS)
def test_long_history(
    kinds: tuple[str, ...], suite: int, founder: str, seed: int, node: NodePeer, twin: WebNode
) -> None:
    done = History(seed, kinds, suite, node, founder=founder, twin=twin).run(LONG_STEPS)
    # Each kind of step was played, PSKs only where every implementation takes them.
    steps = "message add update remove mixed propose external race lost tampered reload gce gap"
    wanted = {*steps.split(), "resync", "lost messages", "messages of an earlier epoch"}
    assert wanted <= set(+done)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2000, 2002))
@pytest.mark.parametrize(("kinds", "suite", "founder"), CONFIGURATIONS)
def test_long_history_of_a_large_group(
    kinds: tuple[str, ...], suite: int, founder: str, seed: int, node: NodePeer, twin: WebNode
) -> None:
    History(seed, kinds, suite, node, founder=founder, max_members=32, twin=twin).run(100)
