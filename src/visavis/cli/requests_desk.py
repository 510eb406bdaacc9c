"""`visavis admin requests`: people's requests about their data, and by when to answer (R-85)."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context
from visavis.cli.operators import DataOption, default_data, operators_words
from visavis.cli.output import Output
from visavis.cli.told import MistakeError
from visavis.server.request_clocks import Kind, Law

if TYPE_CHECKING:
    from visavis.server.request_desk import Request, RequestDesk

THEMSELVES: Final = {
    Kind.ACCESS: "visavis data --save FILE shows and saves every row, at once",
    Kind.PORT: "visavis data --save FILE saves every row as JSON, at once",
    Kind.ERASE: "visavis account close, or visavis data delete for one thing",
    Kind.RECTIFY: "visavis handle change NAME; there is nothing else of theirs that you could mend",
    Kind.RESTRICT: "visavis data restrict",
    Kind.OBJECT: "visavis data object says what can be off, visavis data restrict stops the rest",
}
"""What the person can do alone. To do it they log in: that proves whose account it is, and you need
no further data to check it (GDPR 12(6), 11(2))."""

ReferenceArgument = Annotated[str, typer.Argument(help="The reference, as list shows it.")]


def register(admin: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="Keep the clocks of people's requests about their data; no names are kept.",
        no_args_is_help=True,
    )
    group.command("add")(add)
    group.command("list")(show)
    group.command("confirm")(confirm)
    group.command("extend")(extend)
    group.command("done")(done)
    admin.add_typer(group, name="requests")


def _desk(data: DataOption) -> RequestDesk:
    from visavis.server.request_desk import RequestDesk

    return RequestDesk(data or default_data())


def _today() -> date:
    return datetime.now(UTC).date()


def add(
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What is asked for.")],
    law: Annotated[Law, typer.Option(help="Under which law.")] = Law.GDPR,
    received: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="The day it came, if it was not today."),
    ] = None,
    data: DataOption = None,
) -> int:
    """Note a request; prints its reference and by when to answer."""
    context: Context = ctx.obj
    today = _today()
    try:
        came = today if received is None else date.fromisoformat(received)
    except ValueError:
        raise MistakeError("Write the day as YYYY-MM-DD. Nothing was changed.") from None
    with operators_words():
        made = _desk(data).add(kind, law, came, today, os.urandom)
    out = context.out
    out.show(f"Reference [bold]{made.reference}[/]. Tell it to the person; keep their name in the")
    out.show("letter, not here.")
    _show_clocks(out, made, today)
    out.show_raw(f"What they can do themselves: {THEMSELVES[kind]}.")
    out.show("Logging in for it proves whose account it is: ask for no other proof.")
    return out.finish(_json(made, today))


def show(ctx: typer.Context, data: DataOption = None) -> int:
    """List requests, the soonest due first."""
    context: Context = ctx.obj
    today = _today()
    found = _desk(data).all()
    rows = []
    for one in found:
        due = one.clocks[0] if one.clocks else None
        rows.append(
            (
                one.reference,
                one.kind.value,
                one.law.value,
                one.received.isoformat(),
                "" if due is None else f"{due.what} by {due.due} ({_left(due.due, today)})",
                f"done {one.done}, kept until {one.gone_on}" if one.done else _state(one),
            )
        )
    if rows:
        context.out.table("", ("reference", "what", "law", "came", "next", "state"), rows)
    else:
        context.out.show("No requests.")
    return context.out.finish({"requests": [_json(one, today) for one in found]})


def confirm(ctx: typer.Context, reference: ReferenceArgument, data: DataOption = None) -> int:
    """Note that you confirmed its arrival to the person (CCPA)."""
    with operators_words():
        return _changed(ctx, _desk(data).confirm(reference, _today()))


def extend(
    ctx: typer.Context,
    reference: ReferenceArgument,
    reason: Annotated[
        str, typer.Option(metavar="complex|many", help="Why, as you told the person.")
    ],
    data: DataOption = None,
) -> int:
    """Note that you told the person of a longer time, and why."""
    from visavis.server.request_desk import Reason

    try:
        why = Reason(reason)
    except ValueError:
        raise MistakeError(
            'The reason is "complex" or "many": the law allows no other, and free words could name '
            "somebody. Nothing was changed."
        ) from None
    with operators_words():
        return _changed(ctx, _desk(data).extend(reference, why, _today()))


def done(ctx: typer.Context, reference: ReferenceArgument, data: DataOption = None) -> int:
    """Note that it is answered; it is removed three years later."""
    with operators_words():
        return _changed(ctx, _desk(data).done(reference, _today()))


def _changed(ctx: typer.Context, one: Request) -> int:
    context: Context = ctx.obj
    if one.done is None:
        _show_clocks(context.out, one, _today())
    else:
        context.out.show(f"{one.reference} is done; the entry goes on {one.gone_on}.")
    return context.out.finish(_json(one, _today()))


def _show_clocks(out: Output, one: Request, today: date) -> None:
    for clock in one.clocks:
        out.show_raw(
            f"{clock.what.capitalize()} by {clock.due}, {_left(clock.due, today)} ({clock.source})."
        )


def _left(due: date, today: date) -> str:
    days = (due - today).days
    if days < 0:
        return f"{-days} days late"
    return "today is the last day" if days == 0 else f"{days} days left"


def _state(one: Request) -> str:
    if one.extended is not None and one.reason is not None:
        return f"extended {one.extended}: {one.reason.value}"
    return "" if one.confirmed is None else f"confirmed {one.confirmed}"


def _json(one: Request, today: date) -> dict[str, Any]:
    def day(value: date | None) -> str | None:
        return None if value is None else value.isoformat()

    return {
        "reference": one.reference,
        "kind": one.kind.value,
        "law": one.law.value,
        "received": one.received.isoformat(),
        "confirmed": day(one.confirmed),
        "extended": day(one.extended),
        "reason": None if one.reason is None else one.reason.value,
        "done": day(one.done),
        "kept_until": one.gone_on.isoformat(),
        "clocks": [
            {
                "what": clock.what,
                "due": clock.due.isoformat(),
                "days_left": (clock.due - today).days,
                "source": clock.source,
            }
            for clock in one.clocks
        ],
    }
