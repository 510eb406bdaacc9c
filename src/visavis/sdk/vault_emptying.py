"""Emptying the vault: the owner wants what it holds gone from the server.

Deleting its rows outright would be, to our other devices, a server that lost them or shows an
older state, and they would raise the alarm (CK-591). So it is emptied by what they accept: a signed
write with a higher counter, in which only the account's own item is left. All slots are fresh ones
and the old ones are deleted, 64 with each write, which is as many as one takes.

It is not kept empty: whichever device next has a change to write puts all that it knows there anew.

Not for: what a write is otherwise (`vault.py`).
"""

from __future__ import annotations

import hashlib
from typing import Final

from visavis.core import cbor
from visavis.core.call_page import Page, encode_page
from visavis.core.identity import sign
from visavis.sdk.session import Session
from visavis.sdk.vault_read import (
    ACCOUNT_ITEM,
    LABEL,
    PAGE_BUCKET,
    manifest_context,
    seal_item,
)
from visavis.sdk.vault_slots import FIRST_SLOTS

DELETED_PER_WRITE: Final = 64
_EMPTY: Final = cbor.encode({"k": "empty"})


async def empty_vault(session: Session) -> int:
    """Empty the vault; return how many slots it had.

    Raises:
        PeerError: As `Vault.refresh`, nothing was changed; CONFLICT, another device wrote at the
            same moment: say it again.
        UnavailableError: The server cannot be reached; say it again.
    """
    books, api, vault = session.books, session.device_api, session.vault
    before = await api.vault()
    if before.counter == 0:
        return 0
    contents = await vault.refresh()  # checks that nobody shows us an older one
    account = next(
        payload
        for payload in contents.payloads.values()
        if cbor.decode_map(payload).get("k") == str(ACCOUNT_ITEM, "ascii")
    )
    key = books.profile.vault_keys[:32]
    fresh = {books.rng(16): _EMPTY for _ in range(FIRST_SLOTS - 1)} | {books.rng(16): account}
    put = {slot: seal_item(key, slot, payload, books.rng) for slot, payload in fresh.items()}
    page = books.rng(16)  # a vault has a page of calls, be it an empty one
    put[page] = seal_item(key, page, encode_page(Page()), books.rng, least=PAGE_BUCKET)
    hashes = [[slot, hashlib.sha256(data).digest()] for slot, data in sorted(put.items())]
    state = await api.vault()
    old, counter = list(state.slots), state.counter
    while put or old:
        gone, old = old[:DELETED_PER_WRITE], old[DELETED_PER_WRITE:]
        body = cbor.encode(
            {"v": 1, "counter": counter + 1, "device": books.device, "slots": hashes}
        )
        signed = cbor.encode([body, sign(books.profile.signature_private, LABEL, body)])
        manifest = seal_item(key, manifest_context(counter + 1), signed, books.rng)
        vault.intend(counter + 1)
        await api.write_vault(counter, manifest, put, gone)
        counter += 1
        put = {}
        vault.seen(counter)
    return len(state.slots)
