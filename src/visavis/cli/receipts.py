"""Deletion receipts: `--receipt FILE`, the line about one, and `visavis data receipt FILE`.

A receipt file is JSON: `{"receipt": ..., "key": ...}`, both base64url. Nothing in it is in words,
which nobody signed: the words are made from what is signed, when it is checked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from visavis.cli.context import Context
from visavis.cli.new_file import write_new
from visavis.cli.output import Output
from visavis.cli.told import MistakeError, ToldError
from visavis.core import base64url
from visavis.core.deletion_receipt import MAX_RECEIPT, DeletionReceipt, Erased
from visavis.core.errors import Code, PeerError, VisavisError
from visavis.core.receipt_proof import UnverifiedReceipt
from visavis.ports.clock import day_text
from visavis.sdk.receipts import NoReceipt, Receipt

ReceiptOption = Annotated[
    Path | None,
    typer.Option("--receipt", metavar="FILE", help="Save the server's signed receipt to a file."),
]

MAX_FILE: Final = 8_192

NAMES: Final = {
    Erased.ACCOUNT: "an account, with every row of it",
    Erased.PUSH: "what rings a closed app of one device",
    Erased.HANDLE: "where requests by name went",
    Erased.KEY_PACKAGES: "the keys with which contacts let one device in",
    Erased.ENVELOPES: "the envelopes that waited for one device",
}

WITHOUT: Final = {
    NoReceipt.NONE: "The server gave no receipt for it.",
    NoReceipt.BAD: (
        "The server says that it is deleted, but its receipt does not hold: it is not signed with "
        "the key that the server publishes, or is about something else. It was not kept."
    ),
}


def require_new(file: Path | None) -> None:
    """Refuse before anything is deleted to write over a file."""
    if file is not None and (file.exists() or not file.absolute().parent.is_dir()):
        raise MistakeError(f"{file} is there already, or its folder is not. Nothing was changed.")


def keep(
    out: Output, given: Receipt | NoReceipt, file: Path | None, *, whole: bool
) -> dict[str, Any]:
    """Say what the server's receipt is, and save it.

    Args:
        out: Where to.
        given: By the SDK, checked.
        file: Where to save it.
        whole: Print it whole if it is not saved: there is no second chance.

    Returns:
        For `--json`.
    """
    if isinstance(given, NoReceipt):
        out.show(WITHOUT[given])
        return {"receipt": None, "no_receipt": given.value}
    text = base64url.encode(given.data)
    result = {"receipt": text, "receipt_key": base64url.encode(given.key)}
    out.show(f"The server signed a receipt for it. {_backups(given.says)}")
    if file is not None:
        write_new(file, f"{json.dumps({'receipt': text, 'key': result['receipt_key']})}\n".encode())
        out.show_raw(f"It is in {file}; visavis data receipt {file} checks it.")
        return {**result, "saved": str(file)}
    if whole:
        out.show("The receipt, to keep if you like:")
        out.show_raw(text)
    else:
        out.show("--receipt FILE keeps the next one.")
    return result


def receipt(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What --receipt FILE saved, or the receipt itself.")],
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="KEY", help="The server's receipt key, if it is not to be asked."
        ),
    ] = None,
) -> int:
    """Check a receipt for a deletion against the key that the server publishes."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.receipts import receipt_key

        given = _read(file)
        wanted = _key(key) if key is not None else await receipt_key(given.claimed_origin)
        if wanted is None:
            raise ToldError(
                Code.UNAVAILABLE,
                "The server publishes no receipt key, so the receipt is neither proven nor "
                "disproven. If you have the key from before, give it with --key KEY.",
            )
        try:
            says = given.verify(wanted)
        except PeerError as error:
            raise ToldError(
                error.code,
                f"This receipt is NOT signed with that key. It claims to be of "
                f"{given.claimed_origin}; do not rely on it.",
            ) from error
        out = context.out
        out.show_raw(f"Signed by {says.origin}:")
        out.show(f"  on {day_text(says.day)} it deleted {NAMES[says.what]} ({says.rows:,} in all).")
        out.show(f"  {_backups(says)}")
        out.show("This is the server's word, which it cannot take back; nobody outside can see it.")
        return {
            "origin": says.origin,
            "day": day_text(says.day),
            "what": says.what.value,
            "rows": says.rows,
            "key_destroyed": says.key_destroyed,
            "until": None if says.until is None else day_text(says.until),
            "item": base64url.encode(says.item),
            "salt": base64url.encode(says.salt),
        }

    return context.run(work)


def _backups(says: DeletionReceipt) -> str:
    if says.until is None:
        return "The key that backups of it need is destroyed."
    return f"A backup from before holds it until {day_text(says.until)} at most."


def _read(file: Path) -> UnverifiedReceipt:
    try:
        with file.open("rb") as source:
            text = source.read(MAX_FILE).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise MistakeError(f"{file} cannot be read, or is no receipt.") from None
    try:
        found = json.loads(text).get("receipt") if text.startswith("{") else text
        return UnverifiedReceipt.parse(base64url.decode(str(found)[: 2 * MAX_RECEIPT]))
    except (ValueError, PeerError):
        raise ToldError(Code.MALFORMED, f"{file} holds no receipt, or a damaged one.") from None


def _key(text: str) -> bytes:
    try:
        return base64url.decode(text, 32)
    except VisavisError:
        raise MistakeError("That is no receipt key: 32 bytes, in base64url.") from None
