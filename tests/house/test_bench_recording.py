"""`python -m bench recording`: how its figures come about, and that each bound can be missed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.bench_recording import report
from bench.recording_cost import Block, Cost, spread
from bench.recording_end import Taken
from bench.recording_hour import Length, Work, clip_frames, looped, percents

from visavis.core.recording_types import Kind
from visavis.testing.clip import CLIP_FRAMES


def block(cpu: float, *, recording: bool) -> Block:
    return Block(recording, cpu, 15.0, 15.0, 150_000.0 if recording else 0.0)


def cost(*cpus: float) -> Cost:
    blocks = [block(cpu, recording=number % 2 == 1) for number, cpu in enumerate(cpus)]
    return Cost([blocks, blocks], 0.5, 1.5)


WORK = Work(30.0, 20.0, 80.0, 101)
HOUR = [Length(6, 20.0, 20.0, WORK, WORK, WORK), Length(60, 200.0, 200.0, WORK, WORK, WORK)]
TAKEN = [Taken(5.0, 6.0, 12.0)] * 20


def test_a_block_is_set_against_those_around_it() -> None:
    # The machine gets slower during the call, and that is no cost of recording.
    assert cost(0.10, 0.11, 0.12, 0.13, 0.14).ratios == pytest.approx([1.0] * 4)
    assert cost(0.10, 0.12, 0.10).ratios == pytest.approx([1.2] * 2)
    assert cost(0.10, 0.12, 0.14).mean("cpu", recording=False) == pytest.approx(0.12)


def test_the_spread_of_ratios() -> None:
    median, error, low, high = spread([1.0, 1.1, 1.2, 1.3, 1.4])
    assert (median, low, high) == pytest.approx((1.2, 1.05, 1.35))
    assert error == pytest.approx(0.0707, abs=0.001)


def test_the_clip_goes_round() -> None:
    clip = clip_frames()
    twice = list(looped(clip * 1, 1))
    assert len(twice) == 6 * len(clip)
    assert twice[len(clip)][0] == clip[0][0] + 10_000
    pictures = [frame for frame in clip if frame[1] is Kind.VIDEO]
    assert abs(len(pictures) - CLIP_FRAMES) <= 2
    assert [at for at, _, _ in twice] == sorted(at for at, _, _ in twice)


def test_percents_of_a_bar() -> None:
    assert percents("\x1b[2K  0% 0:00\r  7% 0:01\r  7% 0:01\r100% 0:02") == 3
    assert percents("Exporting") == 0


def test_each_bound_can_be_missed() -> None:
    good = report(cost(0.1, 0.104, 0.1), HOUR, TAKEN).to_markdown()
    assert good.count("; met") == 3
    assert "not met" not in good
    costly = report(cost(0.1, 0.106, 0.1), HOUR, TAKEN)
    assert "1.05; not met" in costly.notes
    noisy = report(cost(0.1, 0.094, 0.1, 0.11, 0.1), HOUR, TAKEN)
    assert "1.05; met by the median, and within the error of this run" in noisy.notes
    grown = replace(HOUR[1], verify=replace(WORK, peak_mb=100.0))
    assert "not met" in report(cost(0.1, 0.1, 0.1), [HOUR[0], grown], TAKEN).more[0].notes
    late = [*TAKEN, Taken(5.0, 6.0, 1_000.0)]
    assert "not met" in report(cost(0.1, 0.1, 0.1), HOUR, late).more[1].notes
