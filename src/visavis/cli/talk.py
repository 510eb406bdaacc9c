"""One call from the moment it is accepted: what is said on the way, how it ends, its figures."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TypeVar

from visavis.cli import ask
from visavis.cli.context import Context
from visavis.cli.keys import reading
from visavis.cli.meter_table import show_meter
from visavis.cli.output import plain
from visavis.cli.receipt_talk import ReceiptTalk
from visavis.cli.recording_talk import RecordingTalk
from visavis.cli.recording_wish import NO_WISH, RecordingWish
from visavis.cli.spans import show_seconds
from visavis.cli.told import ToldError
from visavis.cli.writing import writing
from visavis.core.call_effects import EndReason
from visavis.core.errors import MEANINGS, Code, VisavisError

if TYPE_CHECKING:
    from visavis.cli.playing import Screen
    from visavis.media.interfaces import MediaStats
    from visavis.sdk.calls import Call

T = TypeVar("T")

PATH_LOOK_S: Final = 0.5
"""Between two looks at the path: as often as there are fresh figures."""
GOOD: Final = frozenset({EndReason.HUNG_UP, EndReason.HUNG_UP_THERE})
NOT_FOR_PEOPLE: Final = ("audio_packet_sizes", "connected", "first_frame_at", "path")

ENDINGS: Final[dict[EndReason, str]] = {
    EndReason.CANCELLED: "You stopped calling.",
    EndReason.CANCELLED_THERE: "They stopped calling.",
    EndReason.NO_ANSWER: MEANINGS[Code.NO_ANSWER].person,
    EndReason.DECLINED: "Declined. They see no answer, nothing else.",
    EndReason.EXPIRED: "It stopped ringing.",
    EndReason.ANSWERED_ELSEWHERE: "It was answered on another device of yours.",
    EndReason.DECLINED_ELSEWHERE: "It was declined on another device of yours.",
    EndReason.NO_WELCOME: "The caller went away before the call could begin.",
    EndReason.NOT_CONNECTED: (
        "They answered, but no picture or sound came through the relay. Nothing was sent in the "
        "clear. Run visavis doctor on both sides."
    ),
    EndReason.KEY_CHANGED: (
        "Their security key changed, so the call was stopped at once. Nothing was sent or heard "
        "after that. Compare safety numbers, then visavis contact keep or visavis contact forget."
    ),
    EndReason.LOST: "The connection was lost and did not come back. The call's keys are destroyed.",
}
"""How a call that was no talk, or broke off, ended; in words."""


def ending(reason: str) -> str:
    """Return the sentence for the end of a call."""
    return ENDINGS.get(EndReason(reason), "The call has ended.")


def failed(call: Call, reason: str, error: VisavisError) -> VisavisError:
    """Return the error of a call that did not come about, in words of its own."""
    known = ENDINGS.get(EndReason(reason))
    if known is None or call.end_code in {Code.NO_RELAY, Code.NO_DEVICE, Code.NO_MEDIA}:
        return error
    return ToldError(error.code, known)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Await `work`, but return None as soon as `stop` is set. `work` must not return None."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, stopped):
            one.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


async def talk(
    context: Context,
    call: Call,
    screen: Screen,
    *,
    seconds: float | None,
    text: bool = False,
    meter: bool = False,
    wish: RecordingWish = NO_WISH,
) -> dict[str, Any]:
    """Stay in a call until somebody hangs up, and return what was measured.

    Args:
        context: Ctrl-C hangs up.
        call: Accepted.
        screen: Its sink.
        seconds: Hang up after so long, counted from the connection; None: never.
        text: Send what is typed as real-time text.
        meter: Show every fact of the metadata meter, not a line for each observer.
        wish: What the person wants of recordings and receipts.

    Raises:
        VisavisError: It did not come to stand; why.
    """
    out, name = context.out, plain(call.contact_name)
    picture = call.media == "video"
    recording = RecordingTalk(out, call.recording, screen, wish, picture=picture, writes=text)
    receipts = ReceiptTalk(out, call.receipts, screen, wish, writes=text)
    try:
        words = ""
        with context.stoppable() as stop:
            connected = await unless(stop, _connected(call))
            began = time.monotonic()
            if connected:
                words = await call.sas()
                lines = (
                    f"Talking with {name}, end-to-end encrypted ({call.suite}), {call.path}.\n"
                    f"Read these words to each other: [bold]{words}[/]\n"
                    "If they differ, hang up: somebody stands between you. Ctrl-C hangs up."
                )
                out.say(lines)
                screen.caption(out.as_text(lines))
                caption = out.as_text(lines)
                telling = asyncio.create_task(_tell_paths(context, call))
                try:
                    with _quiet_terminal(context, screen), contextlib.suppress(TimeoutError):
                        async with (
                            asyncio.timeout(seconds),
                            writing(context, call, screen, text=text, caption=caption),
                            reading(free=not text) as keys,
                            recording.during(keys),
                            receipts.during(keys),
                        ):
                            await unless(stop, call.ended())
                finally:
                    telling.cancel()
            before = _stats(call)
            await call.hang_up()
    except VisavisError as error:
        raise failed(call, await call.ended(), error) from error
    except asyncio.CancelledError:
        await call.hang_up()
        raise
    lasted = time.monotonic() - began
    result = _result(context, call, await call.ended(), lasted if connected else 0.0, before)
    return {
        **result,
        **recording.result(),
        **receipts.result(),
        "sas": words,
        "meter": show_meter(out, call, whole=meter),
    }


async def _tell_paths(context: Context, call: Call) -> None:
    """Say whenever the call has changed over to the other path."""
    told = call.path
    while True:
        await asyncio.sleep(PATH_LOOK_S)
        path, stats = call.path, _stats(call)
        if path in {told, "none"}:
            continue
        # The figure of the new path comes with the first report that went over it.
        trip = "" if stats is None or stats.rtt_ms is None else f", {stats.rtt_ms:.0f} ms"
        told = path
        context.out.say(f"The call is {path} now{trip}.")


async def _connected(call: Call) -> bool:
    await call.connected()
    return True


@contextlib.contextmanager
def _quiet_terminal(context: Context, screen: Screen) -> Iterator[None]:
    """Keep keys and words off a picture in the terminal."""
    with ask.unechoed(), context.out.held() if screen.in_terminal else contextlib.nullcontext():
        yield


def _stats(call: Call) -> MediaStats | None:
    try:
        return call.stats()
    except VisavisError:
        return None


def _result(
    context: Context, call: Call, reason: str, lasted_s: float, before: MediaStats | None
) -> dict[str, Any]:
    name = plain(call.contact_name)
    stats = _stats(call)
    flowed = stats is not None and (stats.frames_decoded > 0 or stats.audio_decoded_s > 0)
    result: dict[str, Any] = {
        "ok": flowed and reason in GOOD,
        "contact": call.contact_name,
        "reason": reason,
        "seconds": round(lasted_s, 1),
        "suite": call.suite,
        "path": "none" if before is None else before.path,
    }
    if reason in GOOD and lasted_s > 0:
        lasted = show_seconds(round(lasted_s))
        context.out.show(f"The call with {name} has ended after {lasted}. Its keys are destroyed.")
    else:
        context.out.show(ending(reason))
    if stats is not None:
        figures = asdict(stats)
        result |= {k: v for k, v in figures.items() if k not in NOT_FOR_PEOPLE}
        result["rtt_ms"] = None if stats.rtt_ms is None else round(stats.rtt_ms, 1)
        result["audio_decoded_s"] = round(stats.audio_decoded_s, 2)
        result["audio_packet_sizes"] = len(stats.audio_packet_sizes)
    if stats is not None and lasted_s > 0:
        pictures = f"{stats.frames_sent} pictures sent, {stats.frames_decoded} seen; "
        context.out.show(
            f"[dim]{pictures if stats.frames_sent or stats.frames_decoded else ''}"
            f"{stats.audio_decoded_s:.1f} s of sound heard; {result['path']}.[/]"
        )
    return result
