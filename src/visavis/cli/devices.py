"""`visavis device list|approve|revoke`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli.context import Context

if TYPE_CHECKING:
    from visavis.sdk.client import Client


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="Your devices.", no_args_is_help=True)
    group.command("list")(list_devices)
    group.command("approve")(approve)
    group.command("revoke")(revoke)
    app.add_typer(group, name="device")


def list_devices(ctx: typer.Context) -> int:
    """List your devices."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            await client.sync()
            found = await client.devices()
            context.out.table(
                "",
                ("device", "this one", "created", "last seen"),
                [(d.short_id, "yes" if d.current else "", d.created, d.last_seen) for d in found],
            )
            return {
                "devices": [
                    {
                        "device": d.short_id,
                        "current": d.current,
                        "created": d.created,
                        "last_seen": d.last_seen,
                    }
                    for d in found
                ]
            }

        return await context.with_client(use)

    return context.run(work)


def approve(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(help="The pairing link the new device shows.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask whether the digits are the same.")
    ] = False,
) -> int:
    """Let a new device of yours in, after comparing six digits."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            async def same(digits: str) -> bool:
                context.out.say(f"Your new device must show: [bold]{digits}[/]")
                if yes:
                    return True
                if not sys.stdin.isatty():
                    return False
                context.out.say("Does it show the same digits? (yes/no)")
                return sys.stdin.readline().strip().lower() in {"y", "yes"}

            device = await client.approve_device(link, same)
            context.out.show(f"Device {device} is in. Your contacts are told.")
            return {"device": device}

        return await context.with_client(use)

    return context.run(work)


def revoke(
    ctx: typer.Context,
    device: Annotated[str, typer.Argument(help="The device, as `device list` shows it.")],
) -> int:
    """Shut one of your devices out, everywhere, at once."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.client import Client

        password = context.password()
        async with await Client.open(context.profile, password) as client:
            await client.sync()
            await client.revoke(device, password)
        context.out.show(f"Device {device} is shut out. Your contacts are told.")
        return {"device": device}

    return context.run(work)
