"""`visavis device list|approve|revoke`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli import ask
from visavis.cli.context import Context, synced
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, VisavisError
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client

CodeFileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File with your recovery code, if the account's password is not this profile's.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="See your devices, let a new one in, or shut one out.", no_args_is_help=True
    )
    group.command("list")(list_devices)
    group.command("approve")(approve)
    group.command("revoke")(revoke)
    app.add_typer(group, name="device", rich_help_panel="Your account")


def list_devices(ctx: typer.Context) -> int:
    """List your devices."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        found = await client.devices()
        context.out.table(
            "",
            ("device", "", "since", "last seen"),
            [(d.short_id, "this one" if d.current else "", d.created, d.last_seen) for d in found],
        )
        if not all(d.listed and d.created for d in found):
            context.out.say(
                "A device that never finished its login is among them; it can do nothing. "
                "visavis device revoke removes it."
            )
        return {
            "devices": [
                {
                    "device": d.short_id,
                    "current": d.current,
                    "created": d.created,
                    "last_seen": d.last_seen,
                    "listed": d.listed,
                }
                for d in found
            ]
        }

    return context.run_with_client(use)


def approve(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(help="The pairing link that the new device shows.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask whether the digits are the same.")
    ] = False,
) -> int:
    """Let a new device of yours in, after comparing six digits."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        out = context.out
        if not yes and not ask.interactive():
            raise MistakeError(
                "There is no terminal to compare digits in; --yes lets the device in unseen. "
                "Nothing was changed."
            )

        async def same(digits: str) -> bool:
            out.say(f"Your new device must show these digits: [bold]{digits}[/]")
            if yes:
                return True
            out.say("Does it? (yes/no)")
            return await ask.yes()

        async def use(client: Client) -> dict[str, Any]:
            await synced(client)
            try:
                device = await client.approve_device(link, same)
            except VisavisError as error:
                raise _explained(error) from error
            out.show(f"Device [bold]{device}[/] is let in. Your contacts are told.")
            return {"device": device}

        return await context.with_client(use, expected={NoticeKind.OWN_DEVICE_ADDED})

    return context.run(work)


def _explained(error: VisavisError) -> VisavisError:
    match error.code:
        case Code.REFUSED:
            sentence = (
                "The device was not let in: the digits were not the same, or its link is old. "
                "Nothing was given to it. Start again with visavis login there."
            )
        case Code.NO_ANSWER:
            sentence = (
                "The new device did not answer in time. Start again with visavis login there."
            )
        case Code.BAD_SIGNATURE | Code.BAD_CREDENTIAL | Code.BAD_COMMITMENT:
            sentence = (
                "Careful: somebody else answered in place of your new device. It was not let in, "
                "and nothing was given away."
            )
        case _:
            return error
    return ToldError(error.code, sentence)


def revoke(
    ctx: typer.Context,
    device: Annotated[str, typer.Argument(help="The device, as visavis device list shows it.")],
    recovery_code_file: CodeFileOption = None,
) -> int:
    """Shut one of your devices out, everywhere, at once."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        code = ask.recovery_code(recovery_code_file)
        client, password = await context.open()
        async with client:
            await synced(client)
            with context.out.working("Shutting it out"):
                await client.revoke(device, password, recovery_code=code)
        context.out.show(
            f"Device {device} is shut out. Your contacts are told. When it next "
            "connects, it erases what it holds."
        )
        return {"device": device}

    return context.run(work)
