"""One example of each message of a lobby."""

from __future__ import annotations

import random
from typing import Final

from tests.core.content_examples import LIST, Family

from visavis.core import content_lobby as lobby
from visavis.core.content_records import Media
from visavis.core.ids import (
    AccountId,
    CallId,
    Capability,
    DeviceId,
    MailboxId,
    RoomId,
    Signature,
    SignatureKey,
)

rng = random.Random("a lobby").randbytes

TO_HOST: Final = Family(
    "lobby-to-host",
    lobby.encode_to_host,
    lobby.decode_to_host,
    (
        lobby.LobbyAsk(SignatureKey(rng(32)), "Dana", rng(8)),
        lobby.LobbyCome(b"a key package"),
    ),
)
TO_GUEST: Final = Family(
    "lobby-to-guest",
    lobby.encode_to_guest,
    lobby.decode_to_guest,
    (
        lobby.LobbyWaiting(),
        lobby.LobbyEnded(lobby.LobbyEnd.REFUSED),
        lobby.LobbyPass(
            CallId(rng(16)),
            RoomId(rng(16)),
            Media.VIDEO,
            DeviceId(rng(16)),
            LIST,
            Signature(rng(64)),
            (lobby.Named(AccountId(rng(16)), "anna.48213"),),
            MailboxId(rng(16)),
            Capability(rng(32)),
        ),
        lobby.LobbyWelcome(b"a Welcome"),
    ),
)
LOBBY_FAMILIES: Final = (TO_HOST, TO_GUEST)
LOBBY_EXAMPLES: Final = [(family, one) for family in LOBBY_FAMILIES for one in family.examples]
LOBBY_NAMES: Final = [
    f"{family.rule}-{type(one).__name__}-{number}"
    for number, (family, one) in enumerate(LOBBY_EXAMPLES)
]
