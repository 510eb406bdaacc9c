"""What this device keeps of what its person agreed to, refused and took back (R-51, R-52).

For each request: the request and our answers, as they were signed; the consent key of that call, so
that a yes can be taken back after it and a receipt be signed; and where our share of the key lies,
with what deletes it. Everything is sealed in the profile's store.

Not for: what we recorded ourselves (`recordings_book`), or what follows from an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Self

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.errors import Code, FatalError
from visavis.core.ids import CallId, ConsentKey, Digest, Secret32, ShareKey, ShareSlot
from visavis.core.recording_consent import Consent, read_consent
from visavis.sdk.recording_means import Answered, Laid
from visavis.sdk.store import Store

CONSENT_KIND: Final = "consent"
SHARE_KIND: Final = "consent.share"


@dataclass(frozen=True, slots=True)
class OwnShare:
    """A share of ours at the server.

    Attributes:
        slot: Where.
        delete: What deletes it.
        expires: First day on which it is gone, in days since 1970 (UTC).
        leaving: It is to be deleted, and may still be there.
    """

    slot: ShareSlot = field(repr=False)
    delete: ShareKey = field(repr=False)
    expires: int
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """One request of somebody else, and what we said to it.

    Attributes:
        ask: The request.
        call: In which call.
        key: Our consent key in it.
        private: Its private half.
        by: Who asked, as they were called then.
        title: With whom the call was.
        signed: The request, then our answers, as they were signed.
        slot: Where our share lies, if we ever laid one for it.
    """

    ask: Digest
    call: CallId
    key: ConsentKey
    private: Secret32 = field(repr=False)
    by: str
    title: str
    signed: tuple[bytes, ...] = field(repr=False)
    slot: ShareSlot | None = field(repr=False)

    def consent(self) -> Consent:
        """Return what was asked and answered."""
        return read_consent(self.signed, self.key)

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return cbor.encode(
            [
                bytes(self.call),
                bytes(self.key),
                bytes(self.private),
                self.by,
                self.title,
                list(self.signed),
                b"" if self.slot is None else bytes(self.slot),
            ]
        )

    @classmethod
    def from_bytes(cls, ask: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [
                bytes(call),
                bytes(key),
                bytes(private),
                str(by),
                str(title),
                list(signed),
                bytes(slot),
            ]:
                return cls(
                    Digest(ask),
                    CallId(call),
                    ConsentKey(key),
                    Secret32(private),
                    by,
                    title,
                    tuple(bytes(one) for one in signed),
                    ShareSlot(slot) if slot else None,
                )
            case _:
                raise FatalError(Code.MALFORMED, "a consent cannot be read")


class OwnConsents:
    """Our answers, and our shares; `recording_means.ConsentBook`.

    Args:
        store: The profile's.
        now: Unix seconds.
    """

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now

    # From calls

    def laying(self, call: CallId, laid: Laid) -> None:
        """Keep what deletes a share, before it lies at the server."""
        del call
        self._put_share(OwnShare(laid.slot, laid.delete, laid.expires))

    def answered(self, answered: Answered) -> None:
        """Keep what we answered."""
        request = s.read_statement(answered.request)
        assert isinstance(request, s.RecordingAsk)  # the shell checked it
        ask = s.ask_digest(request)
        known = self.get(ask)
        own = answered.own
        if known is None:
            known = OwnAnswer(
                ask,
                answered.call,
                own.key,
                own.private,
                answered.by,
                answered.title,
                (answered.request,),
                None,
            )
        slot = known.slot if answered.slot is None else answered.slot
        self._put(replace(known, signed=(*known.signed, answered.answer), slot=slot))

    def leaving(self, slot: ShareSlot) -> None:
        """Note that a share is to be deleted."""
        known = self.share(slot)
        if known is not None:
            self._put_share(replace(known, leaving=True))

    def gone(self, slot: ShareSlot) -> None:
        """Forget a share that is deleted."""
        self._store.delete(SHARE_KIND, slot)

    # For the person

    def get(self, ask: Digest) -> OwnAnswer | None:
        """Return what we answered to a request."""
        data = self._store.get(CONSENT_KIND, ask)
        return None if data is None else OwnAnswer.from_bytes(ask, data)

    def all(self) -> list[OwnAnswer]:
        """Return all that we answered, the oldest request first."""
        found = [OwnAnswer.from_bytes(ask, data) for ask, data in self._store.items(CONSENT_KIND)]
        return sorted(found, key=lambda one: one.consent().ask.at)

    def add(self, known: OwnAnswer, answer: bytes) -> None:
        """Add an answer that was given after the call."""
        self._put(replace(known, signed=(*known.signed, answer)))

    def forget(self, ask: Digest) -> None:
        """Forget a request and our answers to it; a share that lies is deleted by its day."""
        self._store.delete(CONSENT_KIND, ask)

    def share(self, slot: ShareSlot) -> OwnShare | None:
        """Return a share of ours."""
        data = self._store.get(SHARE_KIND, slot)
        return None if data is None else _share(slot, data)

    def due(self) -> Iterator[OwnShare]:
        """Yield shares that are to be deleted; forget those whose day has come."""
        today = self._now() // s.DAY_S
        for slot, data in self._store.items(SHARE_KIND):
            share = _share(slot, data)
            if share.expires <= today:
                self.gone(share.slot)
            elif share.leaving:
                yield share

    def _put(self, known: OwnAnswer) -> None:
        self._store.put(CONSENT_KIND, known.ask, known.to_bytes())

    def _put_share(self, share: OwnShare) -> None:
        value = [bytes(share.delete), share.expires, share.leaving]
        self._store.put(SHARE_KIND, share.slot, cbor.encode(value))


def _share(slot: bytes, data: bytes) -> OwnShare:
    match cbor.decode(data):
        case [bytes(delete), int(expires), bool(leaving)]:
            return OwnShare(ShareSlot(slot), ShareKey(delete), expires, leaving)
        case _:
            raise FatalError(Code.MALFORMED, "a share cannot be read")
