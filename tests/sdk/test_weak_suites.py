"""R-18, R-20: one suite; every other one that MLS knows is refused, whoever offers it."""

from __future__ import annotations

import asyncio
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.scenario.call_world import NOW, World
from tests.scenario.test_call_hostile import package

from visavis.core.errors import MEANINGS, Code, PeerError
from visavis.core.ids import CallId
from visavis.core.mls import SUITE_ID, generate_signature_key
from visavis.core.mls.kem import XWing
from visavis.core.mls.signature import EdDsa
from visavis.core.mls.suite import SUITES, suite_of
from visavis.sdk.call_group import CallGroup, Device, check_key_package
from visavis.sdk.calls import SUITE_NAME
from visavis.sdk.consent_key import OwnConsent
from visavis.testing.virtual_clock import run

OTHERS = sorted(SUITES.keys() - {SUITE_ID})


def test_the_list_of_suites_is_the_one_that_is_tried() -> None:
    assert OTHERS == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("suite", [*OTHERS, SUITE_ID])
def test_a_key_package_of_another_suite_is_refused(suite: int) -> None:
    async def story() -> None:
        async with World() as w:
            ben, anna = w["ben1"].session, w["anna1"].session
            private = ben.key_material.signature_private
            if suite_of(suite).signature != suite_of(SUITE_ID).signature:
                private = generate_signature_key(suite, os.urandom)
            offered = package(ben, suite_id=suite, signature_private=private).key_package
            sender, keys = Device(ben.account, ben.device), anna.key_material
            call, consent = CallId.random(anna.rng), OwnConsent.make(anna.rng)
            if suite == SUITE_ID:  # The control.
                assert check_key_package(offered, sender, now=NOW, validator=keys.validator)
                CallGroup.create(call, sender, offered, keys, consent, NOW, os.urandom)
                return
            with pytest.raises(PeerError) as refused:
                check_key_package(offered, sender, now=NOW, validator=keys.validator)
            assert refused.value.code is Code.WRONG_SUITE
            assert "weaker encryption" in MEANINGS[Code.WRONG_SUITE].person
            with pytest.raises(PeerError) as refused:
                CallGroup.create(call, sender, offered, keys, consent, NOW, os.urandom)
            assert refused.value.code is Code.WRONG_SUITE

    run(story())


def test_what_people_are_shown_is_what_was_negotiated() -> None:
    """R-20: the words of `Call.suite` and the suite that both members' groups have."""

    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            for name in ("anna1", "ben1"):
                shell = next(iter(w[name].service._shells.values()))
                assert shell.secrets._need_group()._group.suite_id == SUITE_ID
            assert call.suite == theirs.suite == SUITE_NAME
            await call.hang_up()

    run(story())
    suite = suite_of(SUITE_ID)
    assert SUITE_NAME == "X-Wing, AES-256-GCM, SHA-384, Ed25519"
    assert isinstance(suite.kem, XWing)
    assert (suite.aead.cipher, suite.aead.nk) == (AESGCM, 32)
    assert suite.kdf.name == "sha384"
    assert suite.signature == EdDsa(32)
