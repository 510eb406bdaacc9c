"""The keys of a call: who has them during it, and that nobody has them after it.

R-16, R-21, R-22, R-25, in a real call: two SDK clients, a server process, coturn, aiortc.
"""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from tests.scenario.process_memory import children_of, find_in_memory
from tests.scenario.real_people import found_in, mailbox_of, people, shell_of, talk, until

from visavis.core.errors import Code, PeerError
from visavis.core.frame_keys import clear_bytes
from visavis.core.sframe import PRODUCT_SUITE, SframeKey, decode_header
from visavis.media.call_frames import CallFrames
from visavis.sdk.client import Client
from visavis.testing.server import running_server

pytestmark = pytest.mark.media


def capture(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """Keep the sealed frames that arrive at this process's calls, as a relay could."""
    frames: list[tuple[str, bytes]] = []
    decrypt = CallFrames.decrypt

    def watched(self: CallFrames, frame: bytes, kind: Any) -> bytes:
        if len(frames) < 400:
            frames.append((kind, bytes(frame)))
        return decrypt(self, frame, kind)

    monkeypatch.setattr(CallFrames, "decrypt", watched)
    return frames


def opened_with(key: bytes | bytearray, frames: list[tuple[str, bytes]]) -> int:
    """Count the frames that an SFrame base key opens."""
    count = 0
    for kind, frame in frames:
        clear = clear_bytes(kind, frame)  # type: ignore[arg-type]
        kid, _, _ = decode_header(frame[clear:])
        try:
            SframeKey.derive(PRODUCT_SUITE, kid, bytes(key)).decrypt(frame[:clear], frame[clear:])
        except PeerError:
            continue
        count += 1
    return count


def copies(secret: bytearray) -> int:
    """Count the live byte strings of this process, both devices in it, that hold a secret."""
    gc.collect()
    strings = {
        id(thing): thing
        for thing in gc.get_referents(*gc.get_objects())
        if isinstance(thing, bytes | bytearray) and thing is not secret and len(thing) >= 32
    }
    return sum(secret in thing for thing in strings.values())


def frame_keys_alive() -> int:
    """Count the SFrame keys of this process: ciphers whose key Python cannot read."""
    gc.collect()
    return sum(isinstance(thing, SframeKey) for thing in gc.get_objects())


def stored_values(client: Client) -> bytes:
    """Everything a profile holds, unlocked."""
    store = client._session.books.store
    rows = store._db.execute("SELECT bucket, slot, sealed FROM items").fetchall()
    return b"\0".join(b"\0".join(store._open(*row)) for row in rows)


@pytest.mark.long
async def test_after_the_call_nobody_can_decrypt_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-22, R-16, R-21, R-25: not the devices, not server and relay, not a third account."""
    frames = capture(monkeypatch)
    async with (
        running_server(tmp_path / "server", turn=True) as server,
        people(server, tmp_path, "anna", "ben", "mallory") as (anna, ben, mallory),
    ):
        others = frame_keys_alive()  # Of tests before this one, if they left any.
        call, theirs = await talk(anna, ben)
        await until(lambda: len(frames) > 60)
        # During the call the devices can, and their state shows how.
        shells = [shell_of(client) for client in (anna, ben)]
        groups = [shell.secrets._need_group()._group for shell in shells]
        keys = bytearray(shells[0].secrets._need_group().frame_keys().base_key)
        exporter = bytearray(groups[0]._state.keys.exporter)  # Both members' one.
        assert opened_with(keys, frames) == len(frames)
        assert copies(keys) > 0
        assert copies(exporter) > 0
        assert frame_keys_alive() >= others + 4
        # The roster is those two devices; a third account's keys open nothing.
        for group in groups:
            assert len(group.members()) == 2
        profile = mallory._session.books.profile
        for theirs_key in (profile.vault_keys[:32], profile.signature_private):
            assert opened_with(theirs_key, frames) == 0
        # Server and relay have neither keys nor content in their memory.
        planted = {
            "frame key": bytes(keys),
            "anna's signature key": anna._session.books.profile.signature_private,
            "ben's vault key": ben._session.books.profile.vault_keys[:32],
            "a seal key": bytes(next(iter(ben._session.books.addresses._given.values())).seal_key),
            "call id": bytes(shells[0].call),
            "words": (await call.sas()).encode(),
        }
        (relay,) = [p for p, name in children_of(server.process_id) if "turnserver" in name]
        # The controls: where the server delivers to, and what coturn calls itself.
        held = {"mailbox": mailbox_of(ben), "realm": b"visavis-"}
        for process, known in ((server.process_id, "mailbox"), (relay, "realm")):
            found = await asyncio.to_thread(find_in_memory, process, planted | held)
            assert found & planted.keys() == set()
            assert known in found, "the control: what it does hold is found"

        await asyncio.gather(call.hang_up(), theirs.ended())
        device = shells[1].frames
        del groups, shells, planted
        # After it nothing is left: no copy of a key, no cipher, not in the profiles either.
        await until(lambda: frame_keys_alive() <= others, 20)
        await until(lambda: copies(keys) == 0, 20)
        await until(lambda: copies(exporter) == 0, 20)
        for client in (anna, ben):
            kept = stored_values(client)
            assert len(kept) > 5_000
            secrets = {"key": bytes(keys), "exporter": bytes(exporter)}
            assert found_in(kept, secrets) == set()
            signing = {"signing": client._session.books.profile.signature_private}
            assert found_in(kept, signing) == {"signing"}, "the control"
        with pytest.raises(PeerError) as gone:
            device.decrypt(frames[0][1], frames[0][0])  # type: ignore[arg-type]
        assert gone.value.code is Code.DECRYPTION
    # And whoever kept the key could still open what was captured: it is the keys that went.
    assert opened_with(keys, frames) == len(frames)
