"""What a member or a guest has of a call of many: its room, its shell, its media, put together.

Not for: who may be in it, how one comes in, or what is shown (`group_call_stay`, `guest`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from visavis.core.consent_record import Where
from visavis.core.content_records import Media
from visavis.core.ids import CallId, Rng, RoomId, RoomKey
from visavis.media.call_frames import CallFrames
from visavis.media.fan import Fan
from visavis.media.interfaces import TurnServer
from visavis.sdk import call_receipting as rc
from visavis.sdk import group_call_seam as seam
from visavis.sdk.call_receipt_objects import CallReceiptTalk
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_media import GroupCallMedia
from visavis.sdk.group_call_objects import Ends
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.recording_objects import CallRecording
from visavis.sdk.recording_parts import RecordingParts
from visavis.sdk.recording_shares import Spawn
from visavis.sdk.recording_shell import RecordingShell
from visavis.sdk.recording_speech import Say
from visavis.transport.call_room import CallRoomSocket, Place, Ticket


@dataclass(frozen=True, slots=True)
class Wired:
    """One stay in a call; nothing of it runs before `taking_part`."""

    room: CallRoomSocket
    shell: GroupCallShell
    media: GroupCallMedia


def wire(
    keys: GroupCallKeys,
    call: CallId,
    origin: str,
    room_id: RoomId,
    ends: Ends,
    fan: Fan,
    watcher: seam.Watcher,
    *,
    began: Media,
    picture: bool,
    turn: Callable[[], Awaitable[Sequence[TurnServer]]],
    unix: Callable[[], int],
    recording: RecordingMeans,
    spawn: Spawn,
    rng: Rng,
    face: CallRecording,
    receipts: CallReceiptTalk,
    title: Callable[[], str],
    where: Where | None,
    local: bool,
    door: seam.Door | None = None,
    ticket: Ticket | None = None,
    new: bool = False,
) -> Wired:
    """Put it together.

    Args:
        keys: Our membership.
        call: Which call.
        origin: The server.
        room_id: The call's room.
        ends: What we show and say, and where the others' goes.
        fan: What is sent, of `ends`.
        watcher: Told what a person should see.
        began: As what the call began.
        picture: The person wants to be seen, if it is a call with pictures.
        turn: Fetches relay credentials.
        unix: Unix seconds.
        recording: What consenting to recordings takes.
        spawn: Runs what goes on beside the call, and may outlast it.
        rng: Random bytes.
        face: What a person sees of recording.
        receipts: What they see of signed receipts.
        title: Returns what the call is called.
        where: In which conversation it is.
        local: Let loopback relays pass; demo and tests only.
        door: Reads who knocks at the room's door; without it nobody does.
        ticket: With what a room is made.
        new: The room is ours to make.
    """
    room = CallRoomSocket(
        origin, room_id, lambda: Place(keys.epoch, RoomKey(keys.room_key())), ticket=ticket, new=new
    )
    if began is Media.VOICE:
        ends.source.close_video()
    frames = CallFrames()

    def consents(say: Say) -> RecordingShell:
        return RecordingShell(
            RecordingParts(
                call,
                keys.consent,
                recording,
                rng,
                unix,
                asyncio.get_running_loop().time,
                frames,
                say,
                spawn,
                title=title,
                where=where,
                name=face.name,
                changed=face.changed,
            )
        )

    def receipting(say: rc.Say) -> rc.CallReceipting:
        return rc.CallReceipting(
            rc.ReceiptParts(
                call,
                keys.consent,
                recording.receipts,
                rng,
                unix,
                say,
                lambda: began.value,
                title=title,
                name=face.name,
                changed=receipts.changed,
            )
        )

    shell = GroupCallShell(
        keys,
        room,
        frames,
        watcher,
        unix=unix,
        door=door,
        recording=consents,
        receipting=receipting,
    )
    media = GroupCallMedia(
        frames,
        fan,
        ends.sink,
        video=picture and began is Media.VIDEO,
        turn=turn,
        send=room.send,
        seat=shell,
        allow_loopback=local,
    )
    shell.attach(media)
    return Wired(room, shell, media)


@contextlib.asynccontextmanager
async def taking_part(wired: Wired) -> AsyncIterator[asyncio.Future[None]]:
    """Be in the call while the block runs; give what ends when we are out of it."""
    wired.media.start()
    wired.room.start()
    running = asyncio.ensure_future(wired.shell.run())
    try:
        yield running
    finally:
        if not running.done():
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await wired.media.close()
