"""`/v1/account/settings`: fewer days than the operator's, and frozen processing (R-74, R-82).

Days can only be made fewer: what is asked for beyond the operator's schedule is refused (CK-711),
and should the operator lower theirs later, the lesser counts. No row is kept where nothing was
chosen.

Restricted (GDPR 18): to others the account is one that does not exist. Its capabilities open
nothing, its handle is a decoy, its key packages are not handed out, nothing is pushed. Its owner
logs in, receives what was stored before, and sees everything. The schedules go on: frozen is not
kept for ever (R-73).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from visavis.core.errors import Code, PeerError
from visavis.ports.account_data import AccountSettings
from visavis.ports.stored import RemovedDevice, Retention
from visavis.server.auth import CurrentDevice, WithServices
from visavis.server.inventory import MAX_DAYS
from visavis.server.wire import Message

router: Final = APIRouter(tags=["account data"])

FEWEST_ACCOUNT_DAYS: Final = 7
"""Fewer could end the account of somebody who is ill for a week."""

AccountDays = Annotated[int, Field(ge=FEWEST_ACCOUNT_DAYS, le=MAX_DAYS, strict=True)]
EnvelopeDays = Annotated[int, Field(ge=1, le=MAX_DAYS, strict=True)]


class SettingsBody(Message):
    """Choices (null: as the operator has it), and the operator's own days, which are the most."""

    account_days: int | None
    envelope_days: int | None
    restricted: bool
    most_account_days: int
    most_envelope_days: int


class SettingsChange(Message):
    """All three choices, in place of those before; null: as the operator has it."""

    account_days: AccountDays | None
    envelope_days: EnvelopeDays | None
    restricted: Annotated[bool, Field(strict=True)]


@router.get("/v1/account/settings")
async def get_settings(services: WithServices, device: CurrentDevice) -> SettingsBody:
    """Return what the owner chose."""
    settings = await services.store.account_settings(device.account_id)
    return settings_body(settings, services.inventory.retention)


@router.put("/v1/account/settings")
async def put_settings(
    body: SettingsChange, services: WithServices, device: CurrentDevice
) -> SettingsBody:
    """Keep what the owner chose; it holds from the next look at a row on, and for the daily run.

    Raises:
        PeerError: MALFORMED: CK-711: more days than the operator's.
    """
    rules = services.inventory.retention
    if (body.account_days or 0) > rules["accounts"].days:
        raise PeerError(Code.MALFORMED, "CK-711: an account may end sooner, not later")
    if (body.envelope_days or 0) > rules["envelopes"].days:
        raise PeerError(Code.MALFORMED, "CK-711: envelopes may wait shorter, not longer")
    settings = AccountSettings(body.account_days or 0, body.envelope_days or 0, body.restricted)
    devices = await services.store.devices(device.account_id, services.today())
    try:
        await services.store.set_account_settings(device.account_id, settings)
    finally:
        # CK-712: a write may fail and yet be on disk (CK-428): what the cache holds is looked up
        # again, whichever way it went.
        services.listeners.frozen([RemovedDevice(one.device_id, one.mailbox_id) for one in devices])
    return settings_body(settings, rules)


def settings_body(settings: AccountSettings, rules: Retention) -> SettingsBody:
    """Return settings as an answer gives them."""
    return SettingsBody(
        account_days=settings.account_days or None,
        envelope_days=settings.envelope_days or None,
        restricted=settings.restricted,
        most_account_days=rules["accounts"].days,
        most_envelope_days=rules["envelopes"].days,
    )
