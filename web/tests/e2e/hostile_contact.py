# ruff: noqa: INP001, T201 - a script, started by hostile.e2e.ts
"""A contact that means harm, out of the Python SDK with its guards taken off.

Usage: hostile_contact.py FOLDER ORIGIN SIGNUP_LINK INVITE_LINK NAME. Follows the invite under NAME,
whatever that is, and says "met"; then, for each line of its input:

    rubbish     malformed contents, sealed and encrypted as they should be; envelopes of rubbish
    flood       many messages, as fast as the server takes them
    texts       messages that turn lines around, pile up accents, and are as long as they may be
    polite      one message, to show that all of it was heard

and says the word again when it is done. Ends with its input.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

from visavis.core.content_inner import MessageText
from visavis.core.errors import VisavisError
from visavis.core.ids import MessageId
from visavis.sdk import conversation
from visavis.sdk.client import Client, Contact
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf

FLOOD: Final = 150
CONTENTS: Final = (
    b"",
    b"\xa0",
    b"\xff" * 64,
    b"\x9f" * 2000,
    b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    bytes.fromhex("a3617601617463626164626964400a"),
    b"<img src=x onerror=alert(1)>",
)
TEXTS: Final = (
    "Harmless \u202egpj.exe\u202c and \u2066turned\u2069",
    "Z" + "\u0341\u0353\u035a\u0362" * 400,
    "\u200b\u200d\u2060\ufeff" * 500,
    "<script>document.title='taken'</script><b>bold</b>",
    "W" * 16_000,
    "\n" * 8_000 + "at the bottom",
)


async def rubbish(client: Client, contact: Contact) -> None:
    """Send what no honest client sends."""
    session = client._session  # noqa: SLF001
    honest = conversation.encode_inner
    any_content = MessageText(MessageId.random(session.rng), session.books.now(), "x")
    for content in CONTENTS:
        conversation.encode_inner = lambda _, content=content: content  # type: ignore[assignment]
        try:
            await session.send_inner(contact.account, any_content, durable=True)
        finally:
            conversation.encode_inner = honest
    for address in session.contact_devices(contact.account).values():
        for content in (*CONTENTS[1:], os.urandom(900), os.urandom(5_000)):
            await session._sending.durable(address, content)  # noqa: SLF001


async def main(folder: str, origin: str, signup: str, invite: str, name: str) -> None:
    """Meet, then do as told."""
    kdf = insecure_for_tests_cheap_kdf()
    client = await Client.signup(
        Path(folder), origin, signup, "mallory", "correct horse battery staple",
        allow_loopback=True, kdf=kdf,
    )  # fmt: skip
    client._session.books.profile.handle = name  # noqa: SLF001
    contact = await client.accept_invite(invite, wait_s=60)
    if contact is None:
        raise SystemExit("nobody answered")
    print("met", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if line == "rubbish":
            await rubbish(client, contact)
        texts = {
            "flood": [f"flood {number}" for number in range(FLOOD)],
            "texts": TEXTS,
            "polite": ["Now I behave."],
        }.get(line, ())
        for text in texts:
            try:
                await client.send_message(contact, text)
            except VisavisError as error:
                print(f"refused {error.code.value}", file=sys.stderr)
        print(line, flush=True)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
