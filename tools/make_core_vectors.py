"""Write vectors of the pure core besides MLS and the machines, for the browser twin.

    python tools/make_core_vectors.py            write the files
    python tools/make_core_vectors.py --check    exit 1 if a file is not current

`vectors/core-*.json` hold what Python encodes, decodes, seals and refuses, from fixed seeds: the
twin decodes to the same fields, encodes to the same bytes, and refuses each change with the same
code and check. Bytes are hex; an outcome is "ok" or "code CK-nnn". They prove agreement; that
Python is right is proved by its own tests and the official vectors.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
for folder in (str(ROOT), str(ROOT / "tools")):  # The examples are the tests'.
    if folder not in sys.path:
        sys.path.insert(0, folder)

from core_vector_call_receipts import call_receipt_vectors  # noqa: E402
from core_vector_calls import shown_vectors  # noqa: E402
from core_vector_cbor import address_vectors, cbor_vectors  # noqa: E402
from core_vector_consent import consent_vectors  # noqa: E402
from core_vector_contents import content_vectors, lobby_vectors, room_vectors  # noqa: E402
from core_vector_cutter import cutter_vectors  # noqa: E402
from core_vector_door import door_vectors  # noqa: E402
from core_vector_files import file_vectors  # noqa: E402
from core_vector_frames import frame_vectors  # noqa: E402
from core_vector_history import history_vectors  # noqa: E402
from core_vector_kept import kept_vectors  # noqa: E402
from core_vector_keys import (  # noqa: E402
    compare_vectors,
    envelope_vectors,
    handle_vectors,
    keywrap_vectors,
    recovery_vectors,
)
from core_vector_kit import Maker, text  # noqa: E402
from core_vector_link import call_link_vectors, guest_vectors, lobby_seal_vectors  # noqa: E402
from core_vector_meter import meter_vectors  # noqa: E402
from core_vector_move import move_vectors  # noqa: E402
from core_vector_passkey import passkey_vectors  # noqa: E402
from core_vector_passwords import password_vectors  # noqa: E402
from core_vector_people import identity_vectors, link_vectors  # noqa: E402
from core_vector_receipt import receipt_vectors  # noqa: E402
from core_vector_recording import recording_vectors  # noqa: E402
from core_vector_rules import rules_vectors  # noqa: E402
from core_vector_signed import signed_vectors  # noqa: E402
from core_vector_text import text_vectors  # noqa: E402
from core_vector_vvrec import vvrec_vectors  # noqa: E402
from core_vector_webm import webm_vectors  # noqa: E402

VECTORS: Final = ROOT / "vectors"
FILES: Final[dict[str, Maker]] = {
    "core-address.json": address_vectors,
    "core-call-receipts.json": call_receipt_vectors,
    "core-calls-shown.json": shown_vectors,
    "core-cbor.json": cbor_vectors,
    "core-compare.json": compare_vectors,
    "core-consents.json": kept_vectors,
    "core-content.json": content_vectors,
    "core-cutter.json": cutter_vectors,
    "core-door.json": door_vectors,
    "core-envelope.json": envelope_vectors,
    "core-files.json": file_vectors,
    "core-frames.json": frame_vectors,
    "core-guest.json": guest_vectors,
    "core-handle.json": partial(handle_vectors, VECTORS / "core-handle.json"),
    "core-history.json": history_vectors,
    "core-identity.json": identity_vectors,
    "core-keywrap.json": keywrap_vectors,
    "core-link.json": call_link_vectors,
    "core-links.json": link_vectors,
    "core-lobby-seal.json": lobby_seal_vectors,
    "core-lobby.json": lobby_vectors,
    "core-meter.json": meter_vectors,
    "core-move.json": move_vectors,
    "core-passkey.json": passkey_vectors,
    "core-passwords.json": password_vectors,
    "core-receipt.json": receipt_vectors,
    "core-receipts.json": consent_vectors,
    "core-recording.json": recording_vectors,
    "core-recovery.json": recovery_vectors,
    "core-room.json": room_vectors,
    "core-rules.json": rules_vectors,
    "core-signed.json": signed_vectors,
    "core-text.json": text_vectors,
    "core-vvrec.json": vvrec_vectors,
    "core-webm.json": webm_vectors,
}


def stale(folder: Path) -> list[str]:
    """Return the names of the files that are not what Python makes today."""
    return [
        name
        for name, make in FILES.items()
        if not (folder / name).exists() or (folder / name).read_text() != text(make())
    ]


def main(arguments: Sequence[str]) -> int:
    """Write the files, or check them."""
    if "--check" in arguments:
        names = stale(VECTORS)
        for name in names:
            print(f"not current: vectors/{name}: run tools/make_core_vectors.py")
        return 1 if names else 0
    for name, make in FILES.items():
        (VECTORS / name).write_text(text(make()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
