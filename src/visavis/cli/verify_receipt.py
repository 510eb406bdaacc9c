"""`visavis verify-receipt`: what a receipt proves, of a consent or of a call, offline.

Not for: what is said of a receipt of a call (`verify_call_receipt`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context
from visavis.cli.output import Output, plain
from visavis.cli.told import MistakeError
from visavis.cli.verify_call_receipt import failed, is_of_call, verify_call
from visavis.cli.verify_recording import PANEL

if TYPE_CHECKING:
    from visavis.core.ids import ConsentKey
    from visavis.core.recording_consent import Answer, Consent
    from visavis.core.recording_statements import RecordingAsk

PLACES: Final = {
    "device": "on the device of who asked",
    "uploaded": "on the device of who asked, and sealed on the server",
}
RECIPIENTS: Final = {
    "asker": "who asked, and nobody else",
    "members": "who asked, and everybody who was asked and agreed",
}
NO_VIEW: Final = (
    "Kantara's form has no place for a no, nor for a yes that was taken back. Without --kantara "
    "the receipt itself says it."
)

NO_CONSENT: Final = "This is a receipt of a call: Kantara's form is for consents alone."


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("verify-receipt", rich_help_panel=PANEL)(verify_receipt)


def verify_receipt(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A receipt for a consent to a recording, or of a call."
        ),
    ],
    kantara: Annotated[
        bool,
        typer.Option("--kantara", help="Print it as a Kantara Consent Receipt (v1.1), unsigned."),
    ] = False,
) -> int:
    """Say what a receipt proves, and whether it was altered.

    Of a consent to a recording: who asked to record, and what one person answered. Of a call: that
    all who were in it signed, and what whoever shows it discloses.

    Needs no server and no profile: all it takes are public keys that stand in the file. They were
    made for one call and name nobody.
    """
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.core.errors import PeerError
        from visavis.core.recording_receipt import UnverifiedConsentReceipt

        data = _read(file)
        if is_of_call(data):
            if kantara:
                raise MistakeError(NO_CONSENT)
            return verify_call(data, context.out)
        try:
            given = UnverifiedConsentReceipt.parse(data)
        except PeerError as error:
            context.out.show("[bold red]This file is no receipt[/] for a consent to a recording.")
            return failed(error, altered=False)
        try:
            consent = given.verify()
        except PeerError as error:
            context.out.show(
                "[bold red]Altered:[/] this is not what was signed. Do not rely on it."
            )
            if error.detail.startswith("CK-961"):
                context.out.show("Perhaps a program formatted it anew: check it as it came to you.")
            return failed(error, altered=True)
        if kantara:
            return show_kantara(consent, context.out)
        _show(consent, context.out)
        return _as_json(consent)

    return context.run(work)


def _read(file: Path) -> bytes:
    from visavis.core.recording_receipt import MAX_RECEIPT

    try:
        with file.open("rb") as source:
            return source.read(MAX_RECEIPT + 1)
    except OSError:
        raise MistakeError(f"{plain(str(file))} cannot be read. Nothing was checked.") from None


def show_kantara(consent: Consent, out: Output) -> dict[str, Any]:
    """Print a consent as a Kantara Consent Receipt, and return what is printed.

    Raises:
        MistakeError: There is no yes that stands, and that form has no place for anything else.
    """
    from visavis.core.recording_kantara import kantara_view

    if consent.given is None:
        raise MistakeError(NO_VIEW)
    view = kantara_view(consent)
    # In ASCII, so that nothing of it has to be replaced before it is printed.
    out.show(plain(json.dumps(view, indent=2, sort_keys=True), lines=True))
    return {"altered": False, "kantara": view}


def _show(consent: Consent, out: Output) -> None:
    from visavis.core.recording_jsonld import utc

    ask = consent.ask
    out.show(f"{_short(ask.key)} asked to record {_kinds(ask.kinds)}, for this purpose:")
    out.show_raw(ask.purpose)
    out.show(f"Kept for {ask.days} days, {PLACES[ask.place]}.")
    out.show(f"Played by {RECIPIENTS[ask.recipients]}.")
    if ask.clear:
        out.show("An export that anybody can play, for ever, was asked for, too.")
    if ask.named is not None:
        out.show_raw(f"To get the export: {ask.named}")
    said: list[RecordingAsk | Answer] = [ask, *consent.answers]
    rows = [(utc(one.at), _short(one.key), _words(one)) for one in said]
    out.show()
    out.table("", ("when, by the clock of who said it", "who (a key of this call)", "said"), rows)
    out.show()
    out.show(f"[bold]{_now(consent)}[/]")
    if consent.exported:
        out.show("They had agreed to an export: if one was made, it cannot be taken back.")
    out.show(
        "[bold green]Not altered.[/] Each line was signed by who said it, the whole by its owner."
    )
    out.show("Told as of the last line. What its owner left out or said later, it cannot show.")


def _words(said: RecordingAsk | Answer) -> str:
    from visavis.core import recording_statements as s

    match said:
        case s.RecordingAsk():
            return f"asked for {_kinds(said.kinds)}"
        case s.RecordingGrant():
            return f"yes to {_kinds(said.kinds)}{', and to an export' if said.clear else ''}"
        case s.RecordingRefusal():
            return "no"
        case s.RecordingWithdrawal():
            return "took it back"


def _now(consent: Consent) -> str:
    from visavis.core.recording_consent import State
    from visavis.core.recording_jsonld import utc

    who = _short(consent.key)
    match consent.state:
        case State.GIVEN:
            return f"The yes of {who} stands. Nothing can be played after {utc(consent.until)}."
        case State.REFUSED:
            return f"{who} did not agree."
        case State.WITHDRAWN:
            return f"{who} has taken the yes back."


def _as_json(consent: Consent) -> dict[str, Any]:
    from visavis.core.recording_consent import state_of
    from visavis.core.recording_jsonld import pseudonym, receipt_id, record_id

    ask, given = consent.ask, consent.given
    return {
        "altered": False,
        "receipt": receipt_id(consent),
        "record": record_id(consent),
        "pseudonym": pseudonym(consent.key),
        "state": consent.state,
        "granted": [] if given is None else sorted(given.kinds),
        "asked": {
            "pseudonym": pseudonym(ask.key),
            "at": ask.at,
            "kinds": sorted(ask.kinds),
            "purpose": ask.purpose,
            "place": ask.place,
            "days": ask.days,
            "recipients": ask.recipients,
            "export": ask.clear,
            "named": ask.named,
        },
        "answers": [{"at": one.at, "said": state_of(one)} for one in consent.answers],
    }


def _kinds(kinds: frozenset[Any]) -> str:
    return ", ".join(sorted(kinds))


def _short(key: ConsentKey) -> str:
    return bytes(key[:8]).hex()
