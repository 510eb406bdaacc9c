"""The lobby of a call link: where it is at the server, and how what is said there is sealed.

A lobby is the door of a call room of its own (docs/protocol/call-room.md), in which the host's
device is while it is in the call. The room's id comes from the link's secret, so whoever has the
link finds it and nobody can tell the secret from it.

    knock  = X25519 public key (32), the guest's, one for each visit || sealed
    answer = sealed
    keys   = HKDF-SHA-256(salt = link secret, ikm = X25519(guest, lobby),
                          info = label || room || both public keys), 32 bytes for each direction

So the server, which has no link, reads nothing; nor does somebody else who has the same link,
because the lobby's private key is the host's alone. Sealed lengths are those of any call room's
door. Not for: what is said (`content_lobby`), or who may come in (`guest`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core import work
from visavis.core.content_room_fields import MAX_COMMIT, MAX_KNOCK
from visavis.core.envelope import OVERHEAD, open_any_size, seal_to_size
from visavis.core.errors import Code, PeerError
from visavis.core.ids import LinkSecret, LobbyKey, Rng, RoomId, RoomKey
from visavis.core.room_door import STEP

WORK_BITS: Final = 18
"""Work for one visit, a quarter of a second: a price for filling a lobby with names. Higher
makes guests with slow devices wait."""

_ROOM: Final = b"visavis lobby room v1\0"
_ROOM_KEY: Final = b"visavis lobby room key v1\0"
_KEYS: Final = b"visavis lobby keys v1\0"
_TO_HOST: Final = b"visavis lobby to host v1\0"
_TO_GUEST: Final = b"visavis lobby to guest v1\0"
_WORK: Final = b"visavis lobby work v1\0"


def lobby_room(secret: LinkSecret) -> RoomId:
    """Return the id of the call room whose door is the lobby."""
    return RoomId(_expand(bytes(secret), _ROOM, RoomId.LENGTH))


def lobby_room_key(private: bytes) -> RoomKey:
    """Return what opens that room: known to whoever has the lobby's private key alone."""
    return RoomKey(_expand(private, _ROOM_KEY, RoomKey.LENGTH))


def lobby_public_key(private: bytes) -> LobbyKey:
    """Return the lobby's public key for its 32 private bytes."""
    key = X25519PrivateKey.from_private_bytes(private).public_key()
    return LobbyKey(key.public_bytes_raw())


@dataclass(frozen=True, slots=True)
class LobbySeal:
    """The keys between one guest and the host.

    Args:
        room: The lobby's room.
        guest: The guest's public key of this visit.
    """

    room: RoomId = field(repr=False)
    guest: bytes = field(repr=False)
    _to_host: bytes = field(repr=False)
    _to_guest: bytes = field(repr=False)

    def knock(self, content: bytes, rng: Rng) -> bytes:
        """Seal what the guest says.

        Raises:
            PeerError: TOO_LARGE.
        """
        size = _size(len(self.guest) + len(content) + OVERHEAD, MAX_KNOCK) - len(self.guest)
        context = _TO_HOST + self.room + self.guest
        return self.guest + seal_to_size(self._to_host, context, content, size, rng)

    def answer(self, content: bytes, rng: Rng) -> bytes:
        """Seal what the host's device answers.

        Raises:
            PeerError: TOO_LARGE.
        """
        size = _size(len(content) + OVERHEAD, MAX_COMMIT)
        context = _TO_GUEST + self.room + self.guest
        return seal_to_size(self._to_guest, context, content, size, rng)

    def open_answer(self, sealed: bytes) -> bytes:
        """Return what the host's device answers.

        Raises:
            PeerError: DECRYPTION (CK-903), not sealed for this guest by who has the lobby's key.
        """
        if not sealed or len(sealed) % STEP:
            raise PeerError(Code.DECRYPTION, "CK-903 no such length is answered in a lobby")
        context = _TO_GUEST + self.room + self.guest
        return open_any_size(self._to_guest, context, sealed, "CK-903 not an answer of this lobby")

    def solve_work(self) -> bytes:
        """Do the work of asking, once for each visit; slow, about 2**18 hashes."""
        return work.solve(_WORK + self.room + self.guest, WORK_BITS)

    def check_work(self, nonce: bytes) -> None:
        """Check the work of whoever asks.

        Raises:
            PeerError: REFUSED (CK-904).
        """
        # CK-904: names cost something, so that nobody fills a lobby with thousands of them.
        if not work.check(_WORK + self.room + self.guest, nonce, WORK_BITS):
            raise PeerError(Code.REFUSED, "CK-904 asked without the work")

    def open_sealed(self, sealed: bytes) -> bytes:
        """Return what the guest says, without its key in front; raises as `open_knock`."""
        context = _TO_HOST + self.room + self.guest
        return open_any_size(self._to_host, context, sealed, "CK-902 not sealed for this lobby")


def guest_seal(secret: LinkSecret, lobby: LobbyKey, private: bytes) -> LobbySeal:
    """Return a guest's keys.

    Args:
        secret: Of the link.
        lobby: The lobby's public key, of the link.
        private: The guest's own 32 private bytes, made for this visit.

    Raises:
        PeerError: DECRYPTION, the link's key is none (CK-902).
    """
    ours = lobby_public_key(private)
    return _seal_of(secret, _shared(private, lobby), ours, lobby)


def open_knock(secret: LinkSecret, private: bytes, body: bytes) -> tuple[LobbySeal, bytes]:
    """Return the keys between a guest and us, and what the guest says.

    Args:
        secret: Of the link.
        private: The lobby's 32 private bytes.
        body: Of the knock.

    Raises:
        PeerError: DECRYPTION (CK-902), not sealed for this lobby by somebody with the link.
    """
    # CK-902: without the link's secret nobody is heard, not even the server that passes it on.
    if len(body) % STEP or len(body) <= LobbyKey.LENGTH:
        raise PeerError(Code.DECRYPTION, "CK-902 no such length is sealed for a lobby")
    guest, sealed = body[: LobbyKey.LENGTH], body[LobbyKey.LENGTH :]
    keys = _seal_of(secret, _shared(private, guest), guest, lobby_public_key(private))
    return keys, keys.open_sealed(sealed)


def _seal_of(secret: LinkSecret, shared: bytes, guest: bytes, lobby: bytes) -> LobbySeal:
    room = lobby_room(secret)
    info = _KEYS + room + guest + lobby
    both = HKDF(hashes.SHA256(), length=64, salt=bytes(secret), info=info).derive(shared)
    return LobbySeal(room, bytes(guest), both[:32], both[32:])


def _shared(private: bytes, public: bytes) -> bytes:
    try:
        other = X25519PublicKey.from_public_bytes(bytes(public))
        return X25519PrivateKey.from_private_bytes(private).exchange(other)
    except ValueError:  # of small order: the same secret for everybody (RFC 7748, 6.1)
        raise PeerError(Code.DECRYPTION, "CK-902 no key of a lobby") from None


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length=length, salt=None, info=label).derive(secret)


def _size(content: int, most: int) -> int:
    size = -(-content // STEP) * STEP
    if size > most:
        raise PeerError(Code.TOO_LARGE, "more than fits through the door")
    return size
