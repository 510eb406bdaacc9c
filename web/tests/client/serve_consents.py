# ruff: noqa: INP001 - a part of a script, `serve.py`
"""What recordings leave behind, of people who use the Python SDK, for tests of the web client."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from serve_group_calls import GroupCalls

from visavis.core.errors import AuthorizationError, Code, UnavailableError
from visavis.core.ids import Digest
from visavis.media.call_frames import CallFrames
from visavis.sdk.client import Client
from visavis.sdk.recordings_book import Kept

CONSENT_COMMANDS: Final = {
    "consents", "consent_withdraw", "recordings", "seal_sound", "talk_and_hear", "recorded_with",
    "never_said", "shares_stay", "vault_waits",
}  # fmt: skip

OPUS: Final = b"\x08sound"
"""20 ms of sound (RFC 6716, 3.1), whatever it is."""
FRAME_S: Final = 0.02
FRAME_TICKS: Final = 960


class Consents:
    """The commands about one's consents and recordings; requests are named by their hash in hex."""

    people: dict[str, Client]
    group_calls: dict[str, GroupCalls]

    async def consents(self, who: str) -> list[dict[str, Any]]:
        """Return what somebody answered, as "my consents" has it, with the receipt in hex."""
        mine = self.people[who].my_consents
        found = []
        for one in mine.all():
            consent = one.consent()
            found.append(
                {
                    "ask": bytes(one.ask).hex(),
                    "by": one.by,
                    "title": one.title,
                    "purpose": consent.ask.purpose,
                    "state": consent.state.value,
                    "granted": [] if consent.given is None else sorted(consent.given.kinds),
                    "has_share": one.share is not None,
                    "receipt": mine.receipt(one.ask).hex(),
                }
            )
        return found

    async def consent_withdraw(self, who: str, ask: str) -> bool:
        """Take a yes back after the call; returns whether the share is gone."""
        return await self.people[who].my_consents.withdraw(Digest(bytes.fromhex(ask)))

    async def vault_waits(self, who: str) -> None:
        """Have somebody's device write the vault when it is told to, and not within the hour."""
        vault = self.people[who]._session.vault  # noqa: SLF001
        write = vault.write

        async def told(*, if_due: bool = False) -> None:
            if not if_due:
                await write()

        vault.write = told  # type: ignore[method-assign]

    async def shares_stay(self, who: str) -> None:
        """Have no share deleted by somebody's device from now on: the server gives no answer."""

        async def away(*_: object) -> None:
            raise UnavailableError(Code.UNAVAILABLE, "no answer")

        self.people[who]._session.shares.delete = away  # type: ignore[method-assign]  # noqa: SLF001

    async def recordings(self, who: str) -> list[dict[str, Any]]:
        """Return what somebody recorded: who can be played, whose share lies, what it proves."""
        client = self.people[who]
        return [await _told(client, kept) for kept in client.recordings.all()]

    async def seal_sound(self, who: str, count: int) -> list[str]:
        """Seal so many frames of sound in somebody's group call; in hex."""
        sender = self._frames(who).new_context("audio")
        return [sender.encrypt(OPUS, "audio").hex() for _ in range(count)]

    async def talk_and_hear(self, who: str, frames: list[str]) -> None:
        """Say something in a group call for as long as these frames of another last, and hear them.

        They are opened and handed on as if the network had brought them.
        """
        keys = self._frames(who)
        sender = keys.new_context("audio")
        for number, frame in enumerate(frames):
            sender.encrypt(OPUS, "audio")
            opened = keys.decrypt(bytes.fromhex(frame), "audio")
            keys.took(number * FRAME_TICKS, opened)
            await asyncio.sleep(FRAME_S)

    async def recorded_with(self, who: str, contact: str) -> str:
        """Have a call of two Python devices recorded by one, and over; returns the request.

        No call is made: what one would do is done with both clients' recorder, books and shares.
        """
        from tests.sdk.recorded import with_contact  # noqa: PLC0415 - only here

        made = await with_contact(self.people[who], self.people[contact])
        return bytes(made.ask).hex()

    async def never_said(self, who: str) -> dict[str, Any]:
        """Return whether we are never to be recorded: in all calls, and with which contacts."""
        client = self.people[who]
        found = await client.contacts()
        return {
            "all": (await client.settings()).never_record,
            "with": sorted(one.name for one in found if one.rules.never_record),
        }

    def _frames(self, who: str) -> CallFrames:
        call = self.group_calls[who].call
        assert call is not None
        shell = call.recording._shell  # noqa: SLF001 - frames are no matter of a client
        assert shell is not None
        frames = shell._parts.frames  # noqa: SLF001
        assert isinstance(frames, CallFrames)
        return frames


async def _told(client: Client, kept: Kept) -> dict[str, Any]:
    looked = await client.recordings.look(kept)
    names = {key: way.name for key, way in kept.members.items()}
    lying = []
    for way in kept.members.values():
        try:
            await client._session.shares.read(way.slot, way.read)  # noqa: SLF001
        except AuthorizationError:
            continue
        lying.append(way.name)
    return {
        "ask": bytes(kept.ask).hex(),
        "ok": looked.proof.ok,
        "withdrawn": list(kept.withdrawn),
        "members": [[one.name, one.playable] for one in looked.members],
        "lying": sorted(lying),
        "file_says": [names[one.key] for one in looked.proof.members if one.withdrawn is not None],
    }
