"""What somebody asks to record, told whole; the keys that answer it; and why it is over.

Not for: when somebody is asked (`recording_talk`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from visavis.cli.output import Output, plain
from visavis.cli.recording_words import WORDS, days, in_words
from visavis.cli.verify_receipt import PLACES, RECIPIENTS
from visavis.core.recording_types import Kind, Kinds, OverReason

if TYPE_CHECKING:
    from visavis.cli.keys import Keys
    from visavis.core.recording_statements import RecordingAsk
    from visavis.sdk.recording_objects import AskedOfUs, EndedAsk

Choice: TypeAlias = tuple[Kinds, bool]
"""To what somebody agrees, and whether to an export too."""


def disclose(out: Output, one: AskedOfUs, *, guest: bool) -> None:
    """Say all that is asked (R-46): before an answer, and nothing of it left out."""
    say, asked = out.say, one.request
    by = f"[bold]{plain(one.by)}[/]"
    say(f"{by} asks to record this call. Nothing is recorded until everybody here agrees.")
    say(f"  What              {in_words(asked.kinds)}, of everybody in it")
    say(f"  What for          {plain(asked.purpose)}")
    say(f"  Kept              {PLACES[asked.place]}")
    say(f"  For how long      {days(asked.days)}; then nothing of it can be played any more")
    say(f"  Played by         {RECIPIENTS[asked.recipients]}")
    for words in _export(asked):
        say(f"  Export            {words}")
    say(f"  To take it back   {_later(guest=guest)}")
    say(
        "  Not in our hands  whoever sees this call can film the screen, and nobody can call "
        "that back"
    )
    say("You need not agree: doing nothing is a no, and the call goes on either way.")


def _later(*, guest: bool) -> str:
    if guest:
        return "press w, in the call; as a guest you cannot after it"
    return "press w in the call, or visavis consents withdraw after it; then you are not played"


async def choose(
    out: Output, one: AskedOfUs, keys: Keys, stands: Callable[[], bool]
) -> Choice | None:
    """Return what the person agrees to; None: it is asked no longer."""
    asked = one.request

    async def says_yes(question: str) -> bool | None:
        out.say(question)
        pressed = await keys.press("yn", while_=stands)
        return pressed == "y" if pressed else None

    kinds = [kind for kind in WORDS if kind in asked.kinds]
    if len(kinds) == 1 and not asked.clear:
        yes = await says_yes(f"Press y to agree to {in_words(kinds)}, n if you do not.")
        return None if yes is None else (frozenset(kinds if yes else ()), False)
    yes = await says_yes("Press y to say what you agree to, n if you agree to nothing.")
    if not yes:
        return None if yes is None else (frozenset(), False)
    chosen: set[Kind] = set()
    for kind in kinds:
        yes = await says_yes(f"  Do you agree to {WORDS[kind]}? Press y or n.")
        if yes is None:
            return None
        chosen |= {kind} if yes else set()
    clear: bool | None = False
    if chosen and asked.clear:
        clear = await says_yes(
            "  Do you agree to an export that anybody can play, for ever? Press y or n."
        )
    return None if clear is None else (frozenset(chosen), clear)


def _export(asked: RecordingAsk) -> list[str]:
    """Say whether a file is asked for that anybody can play, and who gets it."""
    if not asked.clear:
        return ["none is asked for"]
    return [
        "asked for, too: a file that anybody can play, for ever, and nobody can call back",
        "it is not said who gets it" if asked.named is None else f"to: {plain(asked.named)}",
    ]


def why_ended(one: EndedAsk, asker: str | None, *, ours: bool) -> str:
    """Return why something is asked no longer; "" where that need not be said.

    Args:
        one: What ended.
        asker: Who had asked.
        ours: We said no to it.
    """
    by = "" if one.by is None else plain(one.by)
    asker = plain(asker or "somebody")
    what = "you asked" if one.own else f"{asker} asked"
    match one.reason:
        case OverReason.REFUSED if ours:
            return "You did not agree. Nothing is recorded for that, and the call goes on."
        case OverReason.REFUSED:
            who = f"[bold]{by}[/] does" if by else "Somebody here does"
            return f"{who} not agree to what {what}: nothing is recorded. The call goes on."
        case OverReason.WITHDRAWN if not by:
            return "You have taken your yes back, so the recording is over. The call goes on."
        case OverReason.WITHDRAWN:
            return (
                f"[bold]{by}[/] has taken the yes back, so the recording is over. The call goes on."
            )
        case OverReason.STOPPED:
            who = "You have" if one.own else f"[bold]{asker}[/] has"
            return f"{who} ended it: nothing is asked or recorded any more."
        case OverReason.GONE:
            return f"[bold]{asker}[/], who asked to record, is gone: nothing is recorded."
        case OverReason.CALL_OVER:
            return ""
