"""A group call in the terminal: who can hear, who comes and goes, and one picture.

It is a shared screen, or else whoever speaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from visavis.cli.output import plain
from visavis.cli.recording_wish import NO_WISH, RecordingWish
from visavis.cli.spans import show_seconds

if TYPE_CHECKING:
    from av import AudioFrame, VideoFrame

    from visavis.cli.context import Context
    from visavis.sdk.client import Client
    from visavis.sdk.group_actions import PeopleGroup
    from visavis.sdk.group_call_objects import CallOfMany, IncomingGroupCall

LOOK_S: Final = 0.3
"""Between two looks at who speaks."""

SCREEN_S: Final = 4.0
"""Seconds without a picture after which a screen is shared no more, as in browsers; one that stands
still has one a second."""

REACTIONS: Final = {
    "thumbs_up": "👍",
    "clap": "👏",
    "heart": "❤️",
    "laugh": "😂",
    "surprised": "😮",
    "celebrate": "🎉",
}

ENDINGS: Final = {
    "left": "You have left the call. Its keys are destroyed here.",
    "removed": "You are in this call no longer: others removed you, or went on without you.",
    "nobody": "Nobody is in this call any more.",
    "unreached": (
        "Nobody let you in: the server, or those inside, cannot be reached now. The call may go on "
        "all the same; try again."
    ),
    "refused": "The host has not let you in, or not again.",
    "closed": "This link is over: withdrawn, used, or expired. Ask for a new one.",
    "impostor": (
        "Whoever answered is not who made this link. You were let into nothing; ask for a new one "
        "by a way you trust."
    ),
}


class GroupScreen:
    """Everybody's voice in the speakers; one picture in a window or this terminal.

    It is a screen while one is shared, and else whoever speaks.

    Args:
        name: The group's, for the window's title.
        picture: Whether the call has pictures.
        quiet: Show none: nobody looks, or the terminal is a script's.
    """

    def __init__(self, name: str, *, picture: bool, quiet: bool) -> None:
        from visavis.cli.playing import Screen
        from visavis.media.mixed_speaker import MixedSpeaker

        self._speaker = MixedSpeaker()
        self._screen = Screen(name, picture=picture, quiet=quiet)
        self._screen.without_sound()
        self._has_speaker = False
        self._shared: tuple[int, float] | None = None  # whose screen, and when a picture of it came
        self.shown: int | None = None
        """Whose camera is shown while no screen is; None: whoever's comes first."""

    def start(self) -> None:
        """Open what is there."""
        from visavis.core.errors import UnavailableError

        with contextlib.suppress(UnavailableError):  # a call goes on without speakers
            self._speaker.start()
            self._has_speaker = True
        self._screen.start()

    def on_audio(self, leaf: int, frame: AudioFrame) -> None:
        """Play a member's sound."""
        if self._has_speaker:
            self._speaker.hear(leaf, frame)

    def on_video(self, leaf: int, frame: VideoFrame) -> None:
        """Show a member's picture, if it is the one to be shown."""
        if self.shown is None:
            self.shown = leaf
        if leaf == self.shown and self._sharer() is None:
            self._screen.on_video(frame)

    def on_screen(self, leaf: int, frame: VideoFrame) -> None:
        """Show a shared screen; of two that of whoever shared first."""
        if self._sharer() in {None, leaf}:
            self._shared = leaf, time.monotonic()
            self._screen.on_video(frame)

    def gone(self, leaf: int) -> None:
        """A member is gone."""
        self._speaker.forget(leaf)
        if leaf == self.shown:
            self.shown = None
        if leaf == self._sharer():
            self._shared = None

    def _sharer(self) -> int | None:
        """Return whose screen is shared; nobody says when one ends."""
        if self._shared is None or time.monotonic() - self._shared[1] > SCREEN_S:
            return None
        return self._shared[0]

    def banner(self, text: str) -> None:
        """Set a line under a picture in the terminal that stands out; "" for none."""
        self._screen.banner(text)

    def giving_way(self) -> AbstractContextManager[None]:
        """Give the terminal back as long as the block lasts: something has to be read there."""
        return self._screen.giving_way()

    def close(self) -> None:
        """Give devices and terminal back."""
        self._speaker.close()
        self._screen.close()


async def place(
    context: Context,
    client: Client,
    group: PeopleGroup,
    *,
    picture: bool,
    media: Path | None,
    seconds: float | None,
    admit_all: bool,
    wish: RecordingWish = NO_WISH,
) -> dict[str, Any]:
    """Come into the call of a group, or begin one, and stay until the person leaves."""
    from visavis.cli.playing import open_source

    source = await open_source(media, picture=picture, say=context.out.say)
    screen = GroupScreen(group.name, picture=picture, quiet=context.out.as_json)
    call = await client.call_group(
        group, "video" if picture else "voice", source=source, sink=screen
    )
    context.out.say(f"Calling {plain(group.name)}. Ctrl-C leaves.")
    return await stay(
        context, call, screen, group.name, seconds=seconds, admit_all=admit_all, wish=wish
    )


async def answer(
    context: Context,
    ringing: IncomingGroupCall,
    *,
    media: Path | None,
    seconds: float | None,
    wish: RecordingWish = NO_WISH,
) -> dict[str, Any]:
    """Come into a call that rings, and stay until the person leaves."""
    from visavis.cli.playing import open_source

    picture = ringing.media == "video"
    source = await open_source(media, picture=picture, say=context.out.say)
    screen = GroupScreen(ringing.group_name, picture=picture, quiet=context.out.as_json)
    call = await ringing.accept(source=source, sink=screen)
    return await stay(context, call, screen, ringing.group_name, seconds=seconds, wish=wish)


async def stay(
    context: Context,
    call: CallOfMany,
    screen: GroupScreen,
    name: str,
    *,
    seconds: float | None,
    admit_all: bool = False,
    wish: RecordingWish = NO_WISH,
) -> dict[str, Any]:
    """Stay in a call until the person leaves, or it is over here; return what was measured.

    Args:
        context: The command's.
        call: A group's call, or one that we are a guest in.
        screen: Where the others are seen and heard.
        name: What the call is called.
        seconds: Leave after so many.
        admit_all: Let in every guest who asks: for tests and bots.
        wish: What the person wants of recordings and receipts.
    """
    from visavis.cli.keys import reading
    from visavis.cli.lobby import keep_lobby
    from visavis.cli.receipt_talk import ReceiptTalk
    from visavis.cli.recording_talk import RecordingTalk
    from visavis.cli.talk import unless
    from visavis.sdk.group_call_objects import GroupCall

    out = context.out
    began: float | None = None
    most, path = 0, "none"
    recording = RecordingTalk(
        out,
        call.recording,
        screen,
        wish,
        picture=isinstance(call, GroupCall) and call.media.value == "video",
        guest=not isinstance(call, GroupCall),
    )
    receipts = ReceiptTalk(out, call.receipts, screen, wish, guest=not isinstance(call, GroupCall))
    try:
        async with contextlib.AsyncExitStack() as stack:
            stop = stack.enter_context(context.stoppable())
            if await unless(stop, call.inside()):
                began = time.monotonic()
                _say_who(context, call)
                if len(call.members) == 1:
                    out.say("It rings at the others.")
                keys = await stack.enter_async_context(reading())
                await stack.enter_async_context(recording.during(keys))
                await stack.enter_async_context(receipts.during(keys))
                telling = [
                    asyncio.create_task(_tell_changes(context, call)),
                    asyncio.create_task(_follow_speaker(context, call, screen)),
                ]
                if isinstance(call, GroupCall):
                    telling.append(
                        asyncio.create_task(keep_lobby(context, call, keys, admit_all=admit_all))
                    )
                try:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(seconds):
                            await unless(stop, call.ended())
                finally:
                    for task in telling:
                        task.cancel()
                    await asyncio.gather(*telling, return_exceptions=True)
        figures, most = call.stats(), len(call.members)
        path = figures.path
    finally:
        await call.leave()
    lasted = 0.0 if began is None else time.monotonic() - began
    reason = await call.ended()
    out.show(
        ENDINGS[reason] + (f" It lasted {show_seconds(round(lasted))} for you." if began else "")
    )
    decoded = {
        kind: sum(count for (_, of), count in figures.opened.items() if of == kind)
        for kind in ("audio", "video")
    }
    return {
        "ok": began is not None and reason == "left",
        "group": name,
        "reason": reason.value,
        "seconds": round(lasted, 1),
        "members": most,
        "path": path,
        "frames_opened": decoded,
        "frames_refused": figures.refused,
        **recording.result(),
        **receipts.result(),
    }


def _say_who(context: Context, call: CallOfMany) -> None:
    """Say who can hear: this list, and nobody else."""
    others = [
        plain(one.name)
        + (" (guest, not verified)" if one.guest else "" if one.verified else " (not verified)")
        for one in call.members
        if not one.own
    ]
    if others:
        context.out.say(
            f"In the call, end-to-end encrypted: you, {', '.join(others)}. Nobody else can hear."
        )
    else:
        context.out.say("You are alone in the call.")


async def _tell_changes(context: Context, call: CallOfMany) -> None:
    say = context.out.say
    async for change in call.changes():
        if change.unlisted:
            say(
                "[bold red]Careful:[/] somebody is in the room at the server who is no member of "
                "this call. They can open nothing of it."
            )
        elif change.unlisted == 0:
            say("Whoever was no member is gone from the room.")
        elif change.hand is not None:
            say(f"[bold]{plain(change.hand)}[/] raises a hand.")
        elif change.reaction is not None:
            name, reaction = change.reaction
            say(f"[bold]{plain(name)}[/] {REACTIONS[reaction]}")
        elif change.knocks is not None:
            continue  # the person is asked: `keep_lobby`
        elif change.asks is not None:
            say(f"[bold]{plain(change.asks)}[/] asks you to mute yourself: only you can.")
        else:
            context.out.bell()
            for name in change.came:
                say(f"[bold]{plain(name)}[/] has come in.")
            for name in change.went:
                say(f"[bold]{plain(name)}[/] is gone.")
            _say_who(context, call)


class _Heard:
    """Says whose sound has come: who has come in is heard only once a connection stands."""

    def __init__(self, context: Context, call: CallOfMany) -> None:
        self._context = context
        self._call = call
        # A place may be another's by now, so what was opened of it before counts for nobody new.
        self._before: dict[tuple[int, str], int] = {}
        self._told: set[tuple[int, str]] = set()

    def look(self) -> None:
        """Say whose sound came for the first time since they came in."""
        opened = self._call.stats().opened
        count = {
            (one.leaf, one.name): opened.get((one.leaf, "audio"), 0)
            for one in self._call.members
            if not one.own
        }
        self._before = {one: self._before.get(one, number) for one, number in count.items()}
        heard = {one for one, number in count.items() if number > self._before[one]}
        new = [f"[bold]{plain(name)}[/]" for _, name in sorted(heard - self._told)]
        self._told = (self._told | heard) & count.keys()
        if new:
            self._context.out.say(f"You hear {', '.join(new)}.")


def _sharing_in_mesh(call: CallOfMany) -> list[int]:
    """Return who shares a screen where it comes in the camera's place: no sink can tell there."""
    if call.stats().path != "mesh":
        return []
    return [one.leaf for one in call.members if not one.own and one.shows and one.shows.screen]


async def _follow_speaker(context: Context, call: CallOfMany, screen: GroupScreen) -> None:
    """Show who speaks or shares; say whom we hear, who has no keys, if the call is too large."""
    told = False
    heard = _Heard(context, call)
    named: set[int] = set()
    while True:
        await asyncio.sleep(LOOK_S)
        large = _sharing_in_mesh(call) or call.speaking()
        if large:
            screen.shown = large[0]
        heard.look()
        unopened = {one.leaf: one.name for one in call.unopened}
        for name in (name for leaf, name in unopened.items() if leaf not in named):
            context.out.say(
                f"[bold red]Careful:[/] what comes of {plain(name)} is not sealed with this call's "
                "keys. It is dropped: nobody hears or sees it."
            )
        named = set(unopened)
        if call.lacks_sfu and not told:
            told = True
            context.out.say(
                "There are more than three in this call, and this server has nothing that carries "
                "so many (Janus): only the first three hear each other. Whoever runs the server "
                "can add it: visavis doctor says how."
            )
