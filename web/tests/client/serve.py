# ruff: noqa: INP001 - a script, started by server.ts
"""A real server, and people who use the Python SDK, for tests of the web client.

Started by `server.ts`. Prints `{"origin": ...}` first; then reads one command a line from its input
(`{"id": 1, "do": "signup", "who": "bob", ...}`) and answers each with a line, in any order:
`{"id": 1, "ok": ...}` or `{"id": 1, "error": {"code": ..., "detail": ...}}`. Ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from serve_call_links import CALL_LINK_COMMANDS, CallLinking
from serve_calls import CALL_COMMANDS, RoomCalling, Taking
from serve_consents import CONSENT_COMMANDS, Consents
from serve_group_calls import GROUP_CALL_COMMANDS, GroupCalling, GroupCalls
from serve_groups import GROUP_COMMANDS, Grouping
from serve_recording import RECORDING_COMMANDS, Notes, Recording

from visavis.core.call_entry import Direction, Entry, Outcome, Quality, Via
from visavis.core.contact_rules import decode_rules, encode_rules
from visavis.core.content_records import Media
from visavis.core.errors import VisavisError
from visavis.core.ids import CallId
from visavis.core.mls import SUITE_ID
from visavis.sdk.account import Accounts, _opaque_login
from visavis.sdk.client import Client
from visavis.sdk.guest import GuestCall
from visavis.sdk.move import read_file
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import RunningServer, loopback_config

KDF: Final = insecure_for_tests_cheap_kdf()
WAIT_S: Final = 60.0


@dataclass
class Joining:
    """A device that is being paired."""

    link: asyncio.Future[str]
    digits: asyncio.Future[str]
    done: asyncio.Task[None]


@dataclass
class World(Grouping, RoomCalling, GroupCalling, CallLinking, Recording, Consents):
    """The server and everybody at it."""

    server: RunningServer
    folder: Path
    people: dict[str, Client] = field(default_factory=dict)
    joining: dict[str, Joining] = field(default_factory=dict)
    taking: dict[str, Taking] = field(default_factory=dict)
    group_calls: dict[str, GroupCalls] = field(default_factory=dict)
    guests: dict[str, GuestCall] = field(default_factory=dict)
    notes: dict[str, Notes] = field(default_factory=dict)

    # The server

    async def link(self) -> str:
        """Make a sign-up link."""
        return self.server.signup_link()

    async def stop_server(self) -> None:
        """Take the server away."""
        await self.server.stop()

    async def start_server(self) -> None:
        """Bring it back, with the same port and data."""
        await self.server.start()

    async def rows(self, device: str = "", account: str = "") -> dict[str, Any]:
        """Return the database rows of a device's account, or of one by its id, both in hex.

        The file itself is read, by following its foreign keys; bytes come in hex.
        """
        from tests.server.full_account import projection  # noqa: PLC0415 - only here

        known = bytes.fromhex(account)
        if device:
            path = self.server.data_dir / "visavis.sqlite3"
            with contextlib.closing(sqlite3.connect(path)) as file:
                query = "SELECT account_id FROM devices WHERE device_id = ?"
                known = file.execute(query, (bytes.fromhex(device),)).fetchone()[0]
        found = projection(self.server.data_dir, known)
        tables = {
            table: [
                {name: value.hex() if isinstance(value, bytes) else value
                 for name, value in row.items()}
                for row in rows
            ]
            for table, rows in found.items()
        }  # fmt: skip
        return {"account": known.hex(), "tables": tables}

    # Coming and going

    async def signup(self, who: str, password: str) -> dict[str, str | None]:
        """Make an account."""
        client = await Client.signup(
            self.folder / who,
            self.server.origin,
            self.server.signup_link(),
            who,
            password,
            allow_loopback=True,
            kdf=KDF,
        )
        self.people[who] = client
        return {"handle": client.handle, "recovery": client.recovery_code}

    async def login(
        self, who: str, handle: str, password: str, recovery: str, *, lost: bool = False
    ) -> None:
        """Make another device, with the recovery code."""
        self.people[who] = await Client.login(
            self.folder / who,
            self.server.origin,
            handle,
            password,
            recovery_code=recovery,
            lost_devices=lost,
            allow_loopback=True,
            kdf=KDF,
        )

    async def pair(self, who: str, handle: str, password: str) -> str | None:
        """Begin to make another device by pairing; returns the link it shows.

        None if the account's vault was never written: then there is nothing to pair for.
        """
        loop = asyncio.get_running_loop()
        link: asyncio.Future[str] = loop.create_future()
        digits: asyncio.Future[str] = loop.create_future()

        async def work() -> None:
            self.people[who] = await Client.login(
                self.folder / who,
                self.server.origin,
                handle,
                password,
                on_pairing=link.set_result,
                on_digits=digits.set_result,
                allow_loopback=True,
                kdf=KDF,
            )

        done = asyncio.create_task(work())
        self.joining[who] = Joining(link, digits, done)
        awaited: set[asyncio.Future[Any]] = {link, done}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if link.done():
            return link.result()
        await done
        return None

    async def paired(self, who: str) -> str:
        """Wait for a pairing that was begun; returns the digits it showed."""
        joining = self.joining.pop(who)
        await joining.done
        return await joining.digits

    async def approve(self, who: str, link: str, *, confirm: bool = True) -> dict[str, str]:
        """Let a new device in; returns its short id and the digits."""
        seen: list[str] = []

        async def ask(digits: str) -> bool:
            seen.append(digits)
            return confirm

        device = await self.people[who].approve_device(link, ask)
        return {"device": device, "digits": seen[0]}

    async def export_key(self, handle: str, password: str) -> str:
        """Log in and return OPAQUE's export key: the very secret that wraps the root."""
        async with Accounts(self.server.origin).public() as api:
            _, key = await _opaque_login(api, handle, password)
            return key.hex()

    async def keystore(self, handle: str, password: str) -> dict[str, Any]:
        """Log in and say what the keystore holds."""
        async with Accounts(self.server.origin).login(handle, password) as login:
            keys = login.keys
            return {
                "root": bytes(keys.root).hex(),
                "vault": [key.hex() for key in keys.vault_keys],
                "revision": keys.revision,
                "list": keys.head.data.hex(),
                "stored": login.keystore.to_bytes().hex(),
            }

    async def leave(self, who: str) -> None:
        """Close somebody's client; the profile stays."""
        await self.people.pop(who).close()

    async def open(self, who: str, password: str) -> None:
        """Open somebody's profile again."""
        self.people[who] = await Client.open(self.folder / who, password, allow_loopback=True)

    # People

    async def invite(self, who: str, *, single_use: bool = True) -> str:
        """Make an invite link."""
        return await self.people[who].create_invite(single_use=single_use)

    async def accept(self, who: str, link: str, wait_s: float = WAIT_S) -> str | None:
        """Follow an invite link; returns the contact's name."""
        contact = await self.people[who].accept_invite(link, wait_s=wait_s)
        return None if contact is None else contact.name

    async def request(self, who: str, handle: str, wait_s: float = WAIT_S) -> str | None:
        """Ask for a handle; returns the contact's name."""
        contact = await self.people[who].request_contact(handle, wait_s=wait_s)
        return None if contact is None else contact.name

    async def findable(self, who: str, *, on: bool = True) -> None:
        """Show or hide somebody's handle."""
        await self.people[who].set_findable(on)
        await self.people[who].sync()

    async def approve_requests(self, who: str) -> list[str]:
        """Accept everybody who waits."""
        client = self.people[who]
        await client.sync()
        waiting = await client.requests()
        for request in waiting:
            await client.approve_request(request)
        await client.sync()
        return [request.name for request in waiting]

    async def contacts(self, who: str) -> list[dict[str, Any]]:
        """Return somebody's contacts."""
        found = await self.people[who].contacts()
        return [{"name": c.name, "state": c.state, "devices": c.devices} for c in found]

    async def decided(self, who: str) -> list[dict[str, Any]]:
        """Return what was decided about somebody's contacts."""
        found = await self.people[who].contacts()
        return [
            {
                "state": c.state,
                "verified": c.verified,
                "rules": encode_rules(c.rules).hex(),
            }
            for c in found
        ]

    async def decide(self, who: str, contact: str, what: str, rules: str = "") -> None:
        """Decide something about a contact: block, unblock, verified, unverified or rules."""
        client = self.people[who]
        found = await client.find_contact(contact)
        match what:
            case "block":
                await client.block(found)
            case "unblock":
                await client.unblock(found)
            case "rules":
                await client.set_rules(found, decode_rules(bytes.fromhex(rules)))
            case _:
                await client.set_verified(found, verified=what == "verified")

    async def sync(self, who: str) -> None:
        """Receive and send all there is."""
        await self.people[who].sync()

    async def send(self, who: str, contact: str, text: str) -> None:
        """Send a message to a contact, by name or its beginning."""
        client = self.people[who]
        await client.send_message(await client.find_contact(contact), text)

    async def history(self, who: str, contact: str) -> list[dict[str, Any]]:
        """Return a conversation."""
        client = self.people[who]
        said = await client.history(await client.find_contact(contact))
        return [{"text": m.text, "outgoing": m.outgoing} for m in said]

    async def send_file(self, who: str, contact: str, name: str, data: str) -> None:
        """Send a file, given in hex."""
        path = self.folder / name
        path.write_bytes(bytes.fromhex(data))
        client = self.people[who]
        await client.send_file(await client.find_contact(contact), path)

    async def open_file(self, who: str, contact: str) -> dict[str, str]:
        """Fetch the newest file of a conversation."""
        client = self.people[who]
        await client.sync()
        said = await client.history(await client.find_contact(contact))
        opened = await client.open_file([m for m in said if m.file is not None][-1])
        data = {"name": opened.name, "type": opened.file_type.value, "data": opened.data.hex()}
        return data | {"sha256": hashlib.sha256(opened.data).hexdigest()}

    async def notices(self, who: str) -> list[str]:
        """Return the kinds of somebody's notices."""
        return [notice.kind.value for notice in await self.people[who].all_notices()]

    async def handle(self, who: str) -> str:
        """Return our handle, as this device knows it."""
        return self.people[who].handle

    async def never_recorded(self, who: str) -> list[bool]:
        """Return which contacts are never to be recorded."""
        return [one.never_recorded for one in await self.people[who].contacts()]

    async def never_record(self, who: str, *, never: bool) -> None:
        """Decide whether we are ever to be recorded."""
        await self.people[who].set_settings(never_record=never)

    async def rename(self, who: str, name: str, password: str) -> str:
        """Change the handle of an account."""
        return await self.people[who].rename(name, password)

    async def renamed(self, who: str) -> list[list[str]]:
        """Return which names took the place of which, as the notices say."""
        notices = await self.people[who].all_notices()
        return [[one.was, one.name] for one in notices if one.name]

    async def safety(self, who: str, contact: str) -> str:
        """Return a safety number."""
        client = self.people[who]
        return await client.safety_number(await client.find_contact(contact))

    async def devices(self, who: str) -> list[dict[str, Any]]:
        """Return somebody's devices."""
        found = await self.people[who].devices()
        return [{"id": d.short_id, "current": d.current, "listed": d.listed} for d in found]

    async def revoke(self, who: str, device: str, password: str) -> None:
        """Shut a device out."""
        await self.people[who].revoke(device, password)

    async def revoke_by_code(self, who: str, device: str, code: str) -> None:
        """Shut a device out with the recovery code."""
        await self.people[who].revoke(device, recovery_code=code)

    async def password(self, who: str, old: str, new: str) -> None:
        """Change somebody's password."""
        await self.people[who].change_password(old, new)

    async def note_call(self, who: str, contact: str, call: str, seconds: int, note: str) -> None:
        """Have a call that was talked in noted, with a note of the person."""
        client = self.people[who]
        session = client._session  # noqa: SLF001
        entry = Entry(
            CallId(bytes.fromhex(call)),
            ((await client.find_contact(contact)).account,),
            Direction.OUTGOING,
            Media.VIDEO,
            Outcome.ANSWERED,
            session.now() - seconds,
            seconds,
            verified=True,
            via=Via.RELAYED,
            quality=Quality.GOOD,
            suite=SUITE_ID,
        )
        session.note_call(entry, None)
        if note:
            await client.mark_call(entry.call, note=note, pinned=True)

    async def calls(self, who: str) -> list[dict[str, Any]]:
        """Return somebody's history of calls."""
        return [
            {
                "call": bytes(one.call).hex(),
                "members": [bytes(member).hex() for member in one.members],
                "direction": one.direction.value,
                "media": one.media.value,
                "outcome": one.outcome.value,
                "at": one.at,
                "seconds": one.seconds,
                "verified": one.verified,
                "recorded": one.recorded,
                "via": one.via.value,
                "quality": one.quality.value,
                "suite": one.suite,
                "pinned": one.mark.pinned,
                "note": one.mark.note,
            }
            for one in await self.people[who].call_history()
        ]

    async def delete_calls(self, who: str, calls: list[str] | None) -> None:
        """Delete calls, or all of them."""
        client = self.people[who]
        if calls is None:
            await client.delete_all_calls()
        else:
            await client.delete_calls([CallId(bytes.fromhex(call)) for call in calls])

    async def settings(self, who: str, **chosen: int) -> dict[str, Any]:
        """Change somebody's settings, and return what holds."""
        client = self.people[who]
        now = await client.set_settings(**chosen) if chosen else await client.settings()
        return {"keep": now.keep, "details": now.details, "sync": now.sync, "trace": now.trace}

    async def ask_to_forget(self, who: str, contact: str) -> int:
        """Ask a contact to forget all calls."""
        client = self.people[who]
        return await client.ask_to_forget(await client.find_contact(contact))

    async def wishes(self, who: str) -> list[str]:
        """Return the calls that contacts wish forgotten."""
        return [bytes(call).hex() for call in await self.people[who].wishes()]

    async def write_vault(self, who: str) -> None:
        """Write the vault now, not within the hour."""
        await self.people[who]._session.vault.write()  # noqa: SLF001

    async def dropped(self, who: str) -> dict[str, int]:
        """Return how many envelopes were dropped, by reason."""
        return dict(self.people[who]._session.books.counters.dropped)  # noqa: SLF001

    async def move_out(self, who: str, password: str) -> dict[str, str]:
        """Put somebody's account into a file for another server; returns it in hex."""
        made = await self.people[who].move_out(password, kdf=KDF)
        return {"data": made.data.hex(), "passphrase": made.passphrase}

    async def move_in(self, who: str, password: str, data: str, passphrase: str) -> dict[str, Any]:
        """Go on here with what a file holds, given in hex."""
        moved = read_file(bytes.fromhex(data), passphrase)
        link, origin = self.server.signup_link(), self.server.origin
        client = await Client.move_in(
            self.folder / who, origin, link, who, password, moved, allow_loopback=True, kdf=KDF
        )
        self.people[who] = client
        waiting = [[one.name, one.verified, one.blocked] for one in await client.awaited()]
        return {"handle": client.handle, "awaited": waiting}

    async def close(self) -> None:
        """End everybody."""
        for joining in self.joining.values():
            joining.done.cancel()
        for one in self.taking.values():
            one.task.cancel()
        for client in self.people.values():
            with contextlib.suppress(VisavisError):
                await client.close()


COMMANDS: Final = {
    "link", "stop_server", "start_server", "export_key", "keystore", "signup", "login", "pair",
    "paired", "approve", "leave", "open", "invite", "accept", "request", "findable",
    "approve_requests", "contacts", "sync", "send", "history", "notices", "safety", "devices",
    "revoke", "revoke_by_code", "password", "dropped", "send_file", "open_file",
    "write_vault", "decide", "decided", "note_call", "calls", "delete_calls", "settings",
    "ask_to_forget", "wishes", "rows", "move_out", "move_in", "handle", "rename", "renamed",
    "never_record", "never_recorded",
    *GROUP_COMMANDS, *CALL_COMMANDS, *GROUP_CALL_COMMANDS,
    *CALL_LINK_COMMANDS, *RECORDING_COMMANDS, *CONSENT_COMMANDS,
}  # fmt: skip


def say(line: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def obey(world: World, command: dict[str, Any]) -> None:
    """Carry out one command and say how it went."""
    number, name = command.pop("id"), command.pop("do")
    try:
        do: Callable[..., Awaitable[object]] = getattr(world, {c: c for c in COMMANDS}[name])
        say({"id": number, "ok": await do(**command)})
    except VisavisError as error:
        say({"id": number, "error": {"code": error.code.value, "detail": error.detail}})
    except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
        say({"id": number, "error": {"code": type(error).__name__, "detail": str(error)}})


async def main(settings: dict[str, Any]) -> None:
    """Run until the input ends."""
    with tempfile.TemporaryDirectory(prefix="visavis-web-") as folder:
        changes = {"free_attempts": 1_000_000, **settings}
        server = RunningServer(loopback_config(Path(folder) / "server", **changes))
        await server.start()
        world = World(server, Path(folder))
        tasks: set[asyncio.Task[None]] = set()
        try:
            # Whoever asked may have gone meanwhile; then this fails, and the server ends too.
            say({"origin": server.origin, "process": server.process_id})
            while line := await asyncio.to_thread(sys.stdin.readline):
                task = asyncio.create_task(obey(world, json.loads(line)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await world.close()
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
