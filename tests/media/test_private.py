"""The pinned versions still have every private attribute that the hooks sit on."""

from __future__ import annotations

import pathlib
import tomllib
from importlib import metadata

import aiortc.rtcrtpsender
import pytest
from aiortc import RTCRtpReceiver, RTCRtpSender

import visavis.media.connection  # noqa: F401 - installs the guards
from visavis.core.errors import Code, FatalError
from visavis.media import aiortc_private, sframe_hooks


async def test_every_private_attribute_is_there() -> None:
    assert aiortc_private.missing() == []


def test_aiortc_is_pinned_exactly() -> None:
    root = pathlib.Path(__file__).parents[2]
    wanted = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"aiortc=={metadata.version('aiortc')}" in wanted


def test_the_guards_are_in_place_and_stay_single() -> None:
    send, receive = RTCRtpSender.send, RTCRtpReceiver.receive
    sframe_hooks.install_guards()
    assert RTCRtpSender.send is send
    assert RTCRtpReceiver.receive is receive


def test_aiortc_cannot_make_a_plain_encoder_ck_654() -> None:
    codec = next(c for c in aiortc.rtcrtpsender.get_capabilities("video").codecs)
    with pytest.raises(FatalError) as caught:
        aiortc.rtcrtpsender.get_encoder(codec)
    assert caught.value.code is Code.NOT_ENCRYPTED
