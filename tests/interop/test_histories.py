"""Random histories of groups with members of several implementations (RFC 9420).

Official vectors do not find what these find: ts-mls 1.6.4 passes them all, and see ts_mls.py.
A failure prints the seed; `History(seed, kinds, suite, node).run(steps)` plays it again.
"""

from __future__ import annotations

import pytest
from tests.interop.history import History
from tests.interop.peers import OTHERS
from tests.interop.ts_mls import NodePeer

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
    pytest.param(OTHERS[1:], 1, "py", id="mlsrs-1"),
    pytest.param(OTHERS, 1, "py", id="all-1"),
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("kinds", "suite", "founder"), CONFIGURATIONS)
def test_short_history(
    kinds: tuple[str, ...], suite: int, founder: str, seed: int, node: NodePeer
) -> None:
    done = History(seed, kinds, suite, node, founder=founder).run(SHORT_STEPS)
    assert done["messages"] > 50
    assert done["late messages"] > 5


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
@pytest.mark.parametrize(("kinds", "suite", "founder"), CONFIGURATIONS)
def test_long_history(
    kinds: tuple[str, ...], suite: int, founder: str, seed: int, node: NodePeer
) -> None:
    done = History(seed, kinds, suite, node, founder=founder).run(LONG_STEPS)
    # Each kind of step was played, PSKs only where every implementation takes them.
    steps = "message add update remove mixed propose external race lost tampered reload gce gap"
    wanted = {*steps.split(), "resync", "lost messages", "messages of an earlier epoch"}
    assert wanted <= set(+done)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2000, 2002))
@pytest.mark.parametrize(("kinds", "suite", "founder"), CONFIGURATIONS)
def test_long_history_of_a_large_group(
    kinds: tuple[str, ...], suite: int, founder: str, seed: int, node: NodePeer
) -> None:
    History(seed, kinds, suite, node, founder=founder, max_members=32).run(100)
