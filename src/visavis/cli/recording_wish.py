"""What a person wants of recordings and receipts in a call, as the command line says it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from visavis.cli.told import MistakeError
from visavis.core.recording_statements import MAX_NAMED, MAX_PURPOSE

RecordOption = Annotated[
    str | None,
    typer.Option(
        "--record",
        metavar="PURPOSE",
        help="Ask everybody in the call to be recorded, for this purpose. Needs everybody's yes.",
    ),
]
RecordExportOption = Annotated[
    str | None,
    typer.Option(
        "--record-export",
        metavar="WHO",
        help="With --record: ask for an export that anybody can play, too; who gets it.",
    ),
]
AgreeOption = Annotated[
    bool,
    typer.Option(
        "--agree-to-recording",
        help="Agree to whatever is asked, an export too: for tests and bots.",
    ),
]

ReceiptOption = Annotated[
    bool,
    typer.Option(
        "--receipt",
        help="Sign a receipt of the call and ask everybody in it to; a signature is for good.",
    ),
]
SignOption = Annotated[
    bool,
    typer.Option("--sign-receipts", help="Sign any receipt of a call: for tests and bots."),
]


@dataclass(frozen=True, slots=True)
class RecordingWish:
    """What a person wants of recordings and receipts.

    Attributes:
        purpose: What they ask to record for; None: they do not ask.
        export_to: Who gets an export that anybody can play; None: none is asked for.
        agree: Agree to whatever others ask, and ask nobody here: for tests and bots.
        receipt: Ask for a signed receipt of the call, as soon as somebody else is there.
        sign: Sign whatever receipt others ask for: for tests and bots.
    """

    purpose: str | None = None
    export_to: str | None = None
    agree: bool = False
    receipt: bool = False
    sign: bool = False


NO_WISH: Final = RecordingWish()


def wish_for(
    purpose: str | None,
    export_to: str | None,
    *,
    agree: bool = False,
    receipt: bool = False,
    sign: bool = False,
) -> RecordingWish:
    """Return what the options say.

    Raises:
        MistakeError: They do not fit together, or nobody can ask for that.
    """
    if export_to is not None and purpose is None:
        raise MistakeError("--record-export goes with --record PURPOSE. Nobody was called.")
    for text, most, option in (
        (purpose, MAX_PURPOSE, "--record"),
        (export_to, MAX_NAMED, "--record-export"),
    ):
        if text is not None and not 1 <= _size(text) <= most:
            raise MistakeError(f"{option} takes 1 to {most} bytes of text. Nobody was called.")
    return RecordingWish(purpose, export_to, agree, receipt, sign)


def _size(text: str) -> int:
    return len(unicodedata.normalize("NFC", text.strip()).encode("utf-8", "surrogatepass"))
