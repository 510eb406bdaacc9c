"""Attacks on calls from outside of them."""

from __future__ import annotations

from tests.core.mls.world import NOW, anyone
from tests.scenario.call_world import Dice, World

from visavis.core.content_outer import Mls
from visavis.core.errors import Code
from visavis.core.ids import AccountId
from visavis.core.mls import SUITE_ID, Group, generate_signature_key
from visavis.sdk.seam import OuterReceived
from visavis.testing.virtual_clock import run


def test_another_contact_cannot_fill_the_place_of_early_messages() -> None:
    """CK-361: a call id that leaked gives another contact no say, before the group stands too."""

    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            ringing = await w["ben1"].rings()
            service = w["ben1"].service
            (shell,) = service._shells.values()
            rng = Dice(7)
            forged = Group.create(
                group_id=bytes(shell.call),
                suite_id=SUITE_ID,
                identity=b"nobody",
                signature_private=generate_signature_key(SUITE_ID, rng),
                rng=rng,
                validator=anyone,
                lifetime=(NOW, NOW + 1),
            )
            junk = Mls(forged.encrypt(b"junk", rng=rng))
            other = AccountId(b"another account.")
            await service._on_group(OuterReceived(other, junk))
            assert shell.secrets._early == []
            assert service.dropped[Code.WRONG_GROUP] == 1
            # The control: what comes over the contact's own address waits for the Welcome.
            await service._on_group(OuterReceived(shell.contact, junk))
            assert len(shell.secrets._early) == 1
            await ringing.decline()
            await call.hang_up()

    run(story())
