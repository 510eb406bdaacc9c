"""What a person should be told besides the result: changed keys, devices, requests, messages."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections import Counter
from collections.abc import AsyncIterator, Collection
from typing import Final, assert_never

from visavis.cli.output import Output, plain
from visavis.cli.told import COMPARE
from visavis.sdk.client import Client
from visavis.sdk.history import MessageKind, Notice, NoticeKind

SENTENCES: Final[dict[NoticeKind, str]] = {
    NoticeKind.CONTACT_ADDED: "{name} is now your contact.",
    NoticeKind.CONTACT_BY_HANDLE: (
        "{name} is now your contact, made by name. " + COMPARE + " Next: visavis safety-number "
        "{name}"
    ),
    NoticeKind.REQUEST_WAITING: "{name} asks to become your contact. Next: visavis requests",
    NoticeKind.NEW_DEVICE: "{name} has a new device.",
    NoticeKind.DEVICE_REMOVED: "{name} has shut a device out.",
    NoticeKind.REJOINED: "{name} has set up a device anew, with the same security key.",
    NoticeKind.IDENTITY_CHANGED: (
        "Careful: somebody speaks for {name} with another security key. Nothing goes out to them "
        "until you decide. Next: visavis safety-number {name}"
    ),
    NoticeKind.OWN_DEVICE_ADDED: (
        "You have a new device, {device}. If that was not you: visavis device revoke {device}"
    ),
    NoticeKind.OWN_DEVICE_REMOVED: "Your device {device} was shut out.",
    NoticeKind.REVOKED: "This device was shut out of your account by another device of yours.",
    NoticeKind.VAULT_ROLLED_BACK: (
        "Careful: the server showed an old copy of your contact list. It was not used; tell "
        "whoever runs the server."
    ),
    NoticeKind.VAULT_ALTERED: (
        "Careful: the server lost or changed a part of what your account keeps there. It was not "
        "used, and this device still has its own copy; tell whoever runs the server."
    ),
    NoticeKind.ASKED_TO_FORGET: (
        "{name} asks you to delete calls with them from your history. Next: visavis history wishes"
    ),
    NoticeKind.CONTACT_RENAMED: (
        "{was} is now called {new}. It is the same account with the same security key."
    ),
    NoticeKind.OWN_HANDLE_CHANGED: (
        "Your name was changed on another device of yours: {was} is now {new}. If that was not "
        "you, change your password: visavis password"
    ),
    NoticeKind.GROUP_INVITED: ("{was} asks you into the group {new}. Next: visavis group invites"),
    NoticeKind.GROUP_JOINED: "You are in the group {new}.",
    NoticeKind.GROUP_MEMBER_JOINED: "{was} is now in the group {new}.",
    NoticeKind.GROUP_MEMBER_LEFT: "{was} has left the group {new}.",
    NoticeKind.GROUP_MEMBER_REMOVED: "{was} was removed from the group {new}.",
    NoticeKind.GROUP_CALL_BEGAN: "{was} began a call in {new}.",
    NoticeKind.GROUP_RENAMED: "{was} has named a group: it is now called {new}.",
    NoticeKind.GROUP_PICTURE: "{was} has changed the picture of the group {new}.",
    NoticeKind.GROUP_KEEPERS: "{was} is now a keeper of the group {new}.",
    NoticeKind.GROUP_REMOVED_US: (
        "{was} has removed you from the group {new}. What was said is still here."
    ),
    NoticeKind.GROUP_BROKEN: (
        "Careful: somebody in the group {new} tried what the rules of groups forbid. Nobody went "
        "along, and the group cannot change any more. Begin a new one without them: visavis group "
        "create"
    ),
    NoticeKind.KEYS_ROLLED_BACK: (
        "Careful: the server showed an old copy of your account's keys. It was not used; tell "
        "whoever runs the server."
    ),
}


async def sentence(client: Client, notice: Notice) -> str:
    """Return a notice as a person reads it, safe to print."""
    names = {contact.account: contact.name for contact in await client.contacts()}
    names |= {waiting.account: waiting.name for waiting in await client.requests()}
    name = names.get(notice.account, "a former contact")
    device = "" if notice.device is None else notice.device[:3].hex()
    was, new = plain(notice.was), plain(notice.name)
    return SENTENCES[notice.kind].format(name=plain(name), device=device, was=was, new=new)


@contextlib.asynccontextmanager
async def telling(
    client: Client, out: Output, *, messages: bool, skip: Collection[NoticeKind]
) -> AsyncIterator[None]:
    """Say notices as they come, and at the end how many messages came.

    Args:
        client: Whose.
        out: Where to; progress, never the result.
        messages: Whether to count messages.
        skip: Kinds that the command tells about itself.
    """
    written: Counter[tuple[str, MessageKind]] = Counter()
    groups: Counter[str] = Counter()

    async def tell() -> None:
        async for notice in client.notices():
            if notice.kind not in skip:
                out.say(await sentence(client, notice))

    async def count() -> None:
        async for message in client.messages():
            if message.group is not None:
                found = [g.name for g in await client.groups() if g.group == message.group]
                groups.update(found)
                continue
            names = [c.name for c in await client.contacts() if c.account == message.contact]
            written.update((name, message.kind) for name in names)

    tasks = [asyncio.create_task(tell())]
    if messages:
        tasks.append(asyncio.create_task(count()))
    try:
        yield
    finally:
        await asyncio.sleep(0)  # What came in the last moment is read too.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for (name, kind), number in written.items():
            what = _what_came(kind, number)
            out.say(f"{plain(name)} {what}. Next: visavis messages {plain(name)}")
        for name, number in groups.items():
            what = "something new" if number == 1 else f"{number} new messages"
            shown = plain(name)
            out.say(f"There is {what} in {shown}. Next: visavis messages {shlex.quote(shown)}")


def _what_came(kind: MessageKind, number: int) -> str:
    match kind:
        case MessageKind.TEXT:
            return "wrote you a message" if number == 1 else f"wrote you {number} messages"
        case MessageKind.FILE:
            return "sent you a file" if number == 1 else f"sent you {number} files"
        case MessageKind.MISSED_CALL:
            return "called, and you were away" + ("" if number == 1 else f" ({number} times)")
        case MessageKind.CALL_ENDED | MessageKind.CALL_UNANSWERED:
            return "talked with you"  # only threads show these
    assert_never(kind)
