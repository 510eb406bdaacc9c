"""The demo fails when any one promise is not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from visavis.testing.demo.result import DemoResult, in_order

GOOD = DemoResult(
    seconds=5.0,
    signup_ms=900,
    ring_ms=90,
    first_frame_ms=700,
    frames_sent=75,
    frames_decoded=74,
    counters_read=70,
    counters_in_order=True,
    audio_s=4.9,
    audio_loud_s=2.0,
    audio_packet_sizes=1,
    path="relayed",
    suite="X-Wing",
    safety_numbers_equal=True,
    sas_equal=True,
    wrong_key_frames=0,
    control_frames=60,
    wiretap_packets=900,
    wiretap_frames=0,
    server_call_rows=0,
    identifiers_found=0,
    server_rows={"accounts": 2},
    received="received.webm",
    own_clip=False,
)


def test_a_good_call_is_ok() -> None:
    assert GOOD.ok
    assert GOOD.failures() == []
    assert GOOD.as_json()["ok"] is True


@pytest.mark.parametrize(
    "broken",
    [
        {"frames_decoded": 3},
        {"counters_read": 3},
        {"counters_in_order": False},
        {"audio_s": 1.0},
        {"audio_loud_s": 0.0},
        {"audio_packet_sizes": 2},
        {"audio_packet_sizes": 0},
        {"path": "direct"},
        {"path": "none"},
        {"safety_numbers_equal": False},
        {"sas_equal": False},
        {"wrong_key_frames": 1},
        {"control_frames": 0},
        {"wiretap_packets": 0},
        {"wiretap_frames": 1},
        {"server_call_rows": 1},
        {"identifiers_found": 1},
    ],
    ids=str,
)
def test_each_broken_promise_fails_the_demo(broken: dict[str, object]) -> None:
    result = replace(GOOD, **broken)  # type: ignore[arg-type]
    assert not result.ok
    assert len(result.failures()) == 1


def test_countersin_order() -> None:
    assert in_order([1, 2, 5, 149, 0, 1])
    assert in_order([])
    assert not in_order([1, 2, 5, 4])
