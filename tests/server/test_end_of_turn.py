"""Answers are written before deliveries, whoever was served first (CK-478)."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from visavis.server.end_of_turn import EndOfTurn
from visavis.server.websocket import DirectWebSocket
from visavis.testing.raw_client import add_device, receiver, sender
from visavis.testing.server import local_server


async def test_answers_first_in_every_turn() -> None:
    order: list[str] = []
    end = EndOfTurn()
    end.deliver(lambda: order.append("delivery 1"))
    end.answer(lambda: order.append("answer 1"))
    end.deliver(lambda: (order.append("delivery 2"), end.answer(lambda: order.append("later")))[0])
    end.answer(lambda: order.append("answer 2"))
    assert order == []
    await asyncio.sleep(0)
    assert order == ["answer 1", "answer 2", "delivery 1", "delivery 2"]
    await asyncio.sleep(0)
    assert order[4:] == ["later"]


@pytest.mark.parametrize("envelope_class", [0, 1])
async def test_the_answer_is_written_before_the_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, envelope_class: int
) -> None:
    written: list[int] = []
    write = DirectWebSocket.write

    def noted(self: DirectWebSocket, messages: Any) -> bool:
        ready = list(messages)
        written.extend(map(len, ready))
        return write(self, ready)

    monkeypatch.setattr(DirectWebSocket, "write", noted)
    async with local_server(tmp_path) as server:
        device = await add_device(server.served.application.services.store, time.time())
        async with receiver(server.origin, device.token) as inbox, sender(server.origin) as out:
            await inbox.nothing(0.1)  # caught up
            written.clear()
            body = os.urandom(1024)
            await out.send(envelope_class, device.mailbox, device.capabilities[0], body)
            assert (await inbox.next()).envelope == body
    assert written == [5, 18 + 1024]
