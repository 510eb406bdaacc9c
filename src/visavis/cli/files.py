"""`visavis send-file`, `save`: files to a contact, and files that came."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli import ask
from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.threads import ThreadArgument, find_thread
from visavis.cli.told import MistakeError

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.files import PreparedFile
    from visavis.sdk.history import Message

PANEL = "Talk"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("send-file", rich_help_panel=PANEL)(send_file)
    app.command("save", rich_help_panel=PANEL)(save)


def numbers_of(entries: Sequence[Message]) -> dict[bytes, int]:
    """Return the number of each file of a conversation, from 1 on, by its message."""
    found = [entry.file for entry in entries if entry.file is not None]
    return {file.id: number for number, file in enumerate(found, 1)}


def line(entry: Message, numbers: dict[bytes, int]) -> str:
    """Return how a file stands in a conversation."""
    assert entry.file is not None
    number, size = numbers[entry.file.id], in_words(entry.file.size)
    return f"{plain(entry.text)} [dim]({size}, file {number}: visavis save NAME {number})[/]"


def described(entry: Message, numbers: dict[bytes, int]) -> dict[str, Any]:
    """Return what the JSON of a message says of its file; nothing if it has none."""
    file = entry.file
    if file is None:
        return {}
    said = {"number": numbers[file.id], "name": file.name, "size": file.size}
    return {"file": said | {"type": file.media_type.value}}


def in_words(size: int) -> str:
    """Return a number of bytes as people say it."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def send_file(
    ctx: typer.Context,
    contact: ThreadArgument,
    file: Annotated[Path, typer.Argument(help="A photo or other file, 25 MB at most.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Send a document as it is, without being asked.")
    ] = False,
) -> int:
    """Send a photo or file to a contact or a group. Places and times are taken out first."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        to = await find_thread(client, contact)
        try:
            prepared = await client.prepare_file(file)
        except OSError:
            raise MistakeError("This file cannot be read. Nothing was sent.") from None
        result = {
            "to": to.name,
            "name": prepared.name,
            "type": prepared.file_type.value,
            "size": len(prepared.data),
            "stripped": prepared.stripped.value,
        }
        if not await _agreed(context, prepared, yes=yes):
            context.out.show("Nothing was sent.")
            return {"ok": False, **result}
        with context.out.working(f"Sending {in_words(len(prepared.data))}"):
            await to.send_file(prepared)
            sent = await synced(client, context.out)
        context.out.show(
            f"Sent {plain(prepared.name)} to {plain(to.name)}, end-to-end encrypted. It can be "
            "fetched for thirty days."
        )
        return {**result, "sent": sent}

    return context.run_with_client(use)


async def _agreed(context: Context, prepared: PreparedFile, *, yes: bool) -> bool:
    """Tell the person what was taken out, and ask where nothing could be."""
    from visavis.core.strip import Stripped

    if prepared.stripped is Stripped.ALL:
        context.out.say("What it says besides what it shows (place, time, device) was taken out.")
    if prepared.stripped is not Stripped.NOT_POSSIBLE:
        return True
    context.out.say(
        "A file of this kind may say who made it, when and where, and that cannot be taken out."
    )
    if yes:
        return True
    if not ask.interactive():
        raise MistakeError("Say --yes to send it as it is. Nothing was sent.")
    context.out.say("Send it as it is? (yes/no)")
    return await ask.yes()


def save(
    ctx: typer.Context,
    contact: ThreadArgument,
    number: Annotated[
        int | None,
        typer.Argument(min=1, help="Which file, as visavis messages shows it; else the newest."),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where to save it; else here.")
    ] = Path(),
) -> int:
    """Fetch a file of a conversation, check it, and save it under a name that is not taken."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        who = await find_thread(client, contact)
        found = [entry for entry in await who.entries() if entry.file is not None]
        which = len(found) if number is None else number
        if not 1 <= which <= len(found):
            raise MistakeError(
                f"There is no such file in this conversation: {who.name}. visavis messages shows "
                "what there is."
            )
        with context.out.working("Fetching"):
            try:
                path = await client.save_file(found[which - 1], folder)
            except OSError:
                raise MistakeError("It cannot be saved in this folder.") from None
        context.out.show_raw(f"Saved as {path}")
        return {"contact": who.name, "number": which, "path": str(path)}

    return context.run_with_client(use, reads_messages=True)
