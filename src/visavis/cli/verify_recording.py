"""`visavis verify-recording`: what a recording proves, offline and with nobody's help."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context
from visavis.cli.output import Output, plain
from visavis.cli.told import MistakeError

if TYPE_CHECKING:
    from visavis.core.recording_proof import MemberProof, Proof

PANEL: Final = "See it proven"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("verify-recording", rich_help_panel=PANEL)(verify_recording)


def verify_recording(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording (.vvrec).")],
) -> int:
    """Say who agreed to a recording, who took it back, and whether the file was altered.

    Needs no server and no profile: all it takes are public keys that stand in the file. They were
    made for this one call and name nobody.
    """
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.core.recording_proof import prove

        try:
            with file.open("rb") as opened, context.out.working("Reading the recording"):
                proof = prove(opened)
        except OSError:
            raise MistakeError(f"{plain(str(file))} cannot be read. Nothing was checked.") from None
        now = int(dt.datetime.now(tz=dt.UTC).timestamp())
        _show(proof, context.out, now)
        return _as_json(proof, now)

    return context.run(work)


def _show(proof: Proof, out: Output, now: int) -> None:
    if proof.ask is None:
        out.show("[bold red]This file has no proof.[/] Nobody can tell from it who agreed to it.")
        return
    ask = proof.ask
    kinds = ", ".join(sorted(ask.kinds))
    out.show(f"Asked on {_day(ask.at)} to record {kinds}, for {ask.days} days, for this purpose:")
    out.show_raw(ask.purpose)
    if ask.clear:
        out.show("An export that anybody can play was asked for, too.")
    rows = [_row(proof, member, now) for member in proof.members]
    out.show()
    out.table("", ("member (a key of this call)", "said", "recorded", "can be played"), rows)
    out.show()
    for problem in proof.problems:
        out.show(f"[bold red]Altered:[/] {problem}.")
    if proof.ok:
        out.show("[bold green]Not altered.[/] Each yes was signed by who said it.")
    if not proof.ended:
        out.show("Whoever asked has not signed its end: something may have been cut off behind.")
    if proof.truncated or proof.unproven:
        out.show("The file ends before its last signature: what stands behind it proves nothing.")
    out.show("Told as of the last signature in the file. A changed program can record elsewhere.")


def _row(proof: Proof, member: MemberProof, now: int) -> tuple[str, ...]:
    assert proof.ask is not None
    if member.withdrawn is not None:
        said = f"took it back on {_day(member.withdrawn)}"
    elif member.key == proof.ask.key:
        said = "asked for it"
    elif member.granted:
        said = f"yes to {', '.join(sorted(member.granted))}"
    else:
        said = "no" if member.refused else "nothing"
    return (
        bytes(member.key[:8]).hex(),
        said,
        f"{member.recorded_ms / 1000:.0f} s",
        "yes" if proof.is_playable(member, now) else "no",
    )


def _day(at: int) -> str:
    try:
        return dt.datetime.fromtimestamp(at, tz=dt.UTC).date().isoformat()
    except (OverflowError, ValueError):
        return "an impossible day"


def _as_json(proof: Proof, now: int) -> dict[str, Any]:
    return {
        "ok": proof.ok,
        "altered": proof.altered,
        "proof": proof.ask is not None,
        "problems": proof.problems,
        "truncated": proof.truncated,
        "unproven": proof.unproven,
        "ended": proof.ended,
        "members": [
            {
                "pseudonym": bytes(member.key).hex(),
                "granted": sorted(member.granted),
                "refused": member.refused,
                "withdrawn": member.withdrawn,
                "playable": proof.is_playable(member, now),
                "recorded_ms": member.recorded_ms,
            }
            for member in proof.members
        ],
    }
