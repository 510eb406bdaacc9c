"""Who asks to be let into a call as a guest: the person at the terminal says yes or no."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from visavis.cli.output import plain

if TYPE_CHECKING:
    from visavis.cli.context import Context
    from visavis.cli.keys import Keys
    from visavis.sdk.group_call_objects import AtDoor, GroupCall

LOOK_S: Final = 0.3
"""Between two looks at who waits."""


async def keep_lobby(
    context: Context, call: GroupCall, keys: Keys | None, *, admit_all: bool = False
) -> None:
    """Ask about each guest who waits, one after the other, for as long as it runs."""
    told: set[AtDoor] = set()
    warned = False
    while True:
        await asyncio.sleep(LOOK_S)
        if call.lobby_taken and not warned:
            warned = True
            context.out.say(
                "[bold red]Careful:[/] somebody who has a link of yours keeps your guests from "
                "being heard. Withdraw it and make another: visavis links"
            )
        for one in call.waiting:
            if one in call.waiting and one not in told:
                told.add(one)
                await _ask_about(context, call, keys, one, admit_all=admit_all)


async def _ask_about(
    context: Context, call: GroupCall, keys: Keys | None, one: AtDoor, *, admit_all: bool
) -> None:
    out, name = context.out, plain(one.name)
    out.bell()
    out.say(f"[bold]{name}[/] asks to come in, by your link. Nobody has verified this name.")
    if admit_all:
        one.admit()
        return
    if keys is None:
        out.say("There is no terminal to ask in, so they wait. --admit-all is for bots.")
        return
    async with keys.turn():
        if one in call.waiting:
            out.say(f"Press a to let [bold]{name}[/] in, r to refuse.")
        choice = await keys.press("ar", while_=lambda: one in call.waiting)
    if choice == "a":
        if not one.admit():
            out.say(f"[bold]{name}[/] waits no longer.")
    elif choice == "r":
        one.refuse()
        out.say(f"[bold]{name}[/] was not let in.")
    else:
        out.say(f"[bold]{name}[/] waits no longer.")
