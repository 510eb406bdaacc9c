"""What `visavis verify-receipt` says of a receipt of a call.

Not for: receipts for a consent to a recording (`verify_receipt`).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from visavis.cli.output import Output
    from visavis.core.call_receipt_file import Verified
    from visavis.core.errors import PeerError
    from visavis.core.ids import ConsentKey

_CHECK: Final = re.compile(r"\bCK-\d+:? ?")


def is_of_call(data: bytes) -> bool:
    """Tell whether a file says of itself that it is a receipt of a call."""
    try:
        whole = json.loads(data.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(whole, dict) and "visavis" in whole


def failed(error: PeerError, *, altered: bool) -> dict[str, Any]:
    """Return for scripts what is wrong with a receipt."""
    return {"ok": False, "altered": altered, "problem": _CHECK.sub("", error.detail)}


def verify_call(data: bytes, out: Output) -> dict[str, Any]:
    """Check a receipt of a call, say what it proves, and return it for scripts.

    Args:
        data: The file.
        out: Where to say it.
    """
    from visavis.core.call_receipt_file import UnverifiedCallReceipt
    from visavis.core.errors import PeerError

    try:
        given = UnverifiedCallReceipt.parse(data)
    except PeerError as error:
        out.show("[bold red]This file is no receipt[/] of a call, or not a whole one.")
        return failed(error, altered=False) | {"kind": "call"}
    try:
        found = given.verify()
    except PeerError as error:
        out.show("[bold red]Altered:[/] this is not what was signed. Do not rely on it.")
        if error.detail.startswith("CK-1006"):
            out.show("Perhaps a program formatted it anew: check it as it came to you.")
        return failed(error, altered=True) | {"kind": "call"}
    _show(found, out)
    return _as_json(found)


def _show(found: Verified, out: Output) -> None:
    from visavis.core.recording_jsonld import utc

    disclosed = {name.value: value for name, value in found.disclosed.items()}
    out.show(f"A signed receipt of a call of {len(found.terms.members)}. All of them signed it.")
    for name, words in (
        ("at", "It was asked for at"),
        ("since", "These people were together since"),
    ):
        value = disclosed.get(name)
        said = "not disclosed" if value is None else utc(int(value))
        out.show(f"{words}: {said}")
    out.show(f"Voice or video: {disclosed.get('media', 'not disclosed')}")
    rows = [
        (bytes(key[:8]).hex(), _half(found, key) or "does not show themselves")
        for key in sorted(found.terms.members)
    ]
    out.show()
    out.table("", ("who (a key of this call)", "their half of each safety number they have"), rows)
    out.show()
    out.show("[bold green]Not altered.[/] Names are not proven: compare the numbers with the one")
    out.show("that your app shows for that contact. Times are by the clock of who asked.")


def _half(found: Verified, key: ConsentKey) -> str | None:
    from visavis.core.safety_number import half_of

    party = found.shown.get(key)
    return None if party is None else " ".join(half_of(party))


def _as_json(found: Verified) -> dict[str, Any]:
    disclosed = {name.value: value for name, value in found.disclosed.items()}
    return {
        "altered": False,
        "kind": "call",
        "members": [
            {"pseudonym": bytes(key).hex(), "shown": _half(found, key)}
            for key in sorted(found.terms.members)
        ],
        **{name: disclosed.get(name) for name in ("at", "since", "media")},
    }
