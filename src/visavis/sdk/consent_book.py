"""What this device keeps of what its person agreed to, refused and took back (R-51, R-52).

For each request, and each entry into its call: a `ConsentRecord`, as it stands in the vault, too. A
share that was laid, and goes with no answer of ours, is kept beside them. Everything is sealed in
the profile's store.

Not for: what we recorded ourselves (`recordings_book`), or what follows from an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from visavis.core import recording_statements as s
from visavis.core.consent_record import (
    ConsentRecord,
    OwnShare,
    decode_consent,
    encode_consent,
    merged,
    vault_form,
    with_answer,
)
from visavis.core.content import decode_record, encode_record
from visavis.core.ids import CallId, ConsentKey, Digest, ShareSlot
from visavis.core.recording_consent import State
from visavis.sdk.recording_means import Answered, Laid
from visavis.sdk.store import Store

CONSENT_KIND: Final = "consent"
"""By `name_of`: the record."""
SHARE_KIND: Final = "consent.share"
"""By slot: shares of no record, our own of what we ask for among them."""
FORGOTTEN_KIND: Final = "consent.forgotten"
"""By `name_of`: what is forgotten here, until the vault does not have it."""
UNTOLD_KIND: Final = "consent.untold"
"""By `name_of`: what was taken back here once it was over, until who recorded is told."""
KEEP_S: Final = 3 * 365 * 86_400
"""For how long a consent is kept after the last answer: it may have to be shown later."""


def name_of(record: ConsentRecord) -> bytes:
    """Return the name of a record. Who comes into a call again answers a request by another key."""
    return bytes(record.ask) + bytes(record.key)


def is_over(record: ConsentRecord, now: int) -> bool:
    """Say whether a record need not be kept any longer."""
    # By our own answer: a request may have any time, and decides nothing by it.
    return record.consent().answers[-1].at + KEEP_S <= now


class OwnConsents:
    """Our answers, and our shares; `recording_means.ConsentBook`.

    Args:
        store: The profile's.
        now: Unix seconds.
    """

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._changed: list[Callable[[], object]] = []
        self._due: list[Callable[[], object]] = []
        self._may_leave = True
        """A share in a record may have to be deleted: else none of them is read to see."""

    def on_change(self, listener: Callable[[], object]) -> None:
        """Register who is told that the vault is to hold something else."""
        self._changed.append(listener)

    def on_due(self, listener: Callable[[], object]) -> None:
        """Register who is told that a share is to be deleted, and somebody to be told."""
        self._due.append(listener)

    # From calls

    def laying(self, call: CallId, laid: Laid) -> None:
        """Keep what deletes a share, before it lies at the server."""
        del call
        self._put_share(OwnShare(laid.slot, laid.delete, laid.expires))

    def answered(self, answered: Answered) -> None:
        """Keep what we answered."""
        request = s.read_statement(answered.request)
        assert isinstance(request, s.RecordingAsk)  # the shell checked it
        own, slot = answered.own, answered.slot
        share = None if slot is None else self.share(slot)
        known = self._get(bytes(s.ask_digest(request)) + bytes(own.key))
        with self._store.transaction():
            if known is None:
                known = ConsentRecord(
                    s.ask_digest(request),
                    answered.call,
                    own.key,
                    own.private,
                    answered.by,
                    answered.title,
                    (answered.request, answered.answer),
                    answered.where,
                    share,
                )
            else:
                known = with_answer(replace(known, share=share or known.share), answered.answer)
            if slot is not None:
                self._store.delete(SHARE_KIND, slot)  # it stands in the record now
            self.put(known)

    def leaving(self, slot: ShareSlot) -> None:
        """Note that a share is to be deleted."""
        with self._store.transaction():
            known, share = self._with(slot), self._beside(slot)
            if known is not None and known.share is not None:
                self.put(replace(known, share=replace(known.share, leaving=True)))
            if share is not None:
                self._put_share(replace(share, leaving=True))

    def gone(self, slot: ShareSlot) -> None:
        """Forget a share that is deleted."""
        with self._store.transaction():
            known = self._with(slot)
            if known is not None:
                self.put(replace(known, share=None))
            self._store.delete(SHARE_KIND, slot)

    # For the person

    def get(self, ask: Digest, key: ConsentKey) -> ConsentRecord | None:
        """Return what we answered to a request by one of our keys."""
        return self._get(bytes(ask) + bytes(key))

    def all(self) -> list[ConsentRecord]:
        """Return all that we answered, the oldest request first."""
        found = [decode_consent(data) for _, data in self._store.items(CONSENT_KIND)]
        return sorted(found, key=lambda one: one.consent().ask.at)

    def put(self, record: ConsentRecord) -> None:
        """Keep a record as it is now."""
        self._keep(record)
        self._tell()

    def take_back(self, ask: Digest) -> list[ConsentRecord]:
        """Take back, signed, each yes of ours to a request, by whichever key: the shares are to go.

        Who recorded is told later; with guests there is nowhere to tell it.

        Returns:
            Those that stood, as they were.
        """
        known = [one for one in self.all() if one.ask == ask]
        given = [one for one in known if one.consent().state is State.GIVEN]
        with self._store.transaction():
            for record in given:
                self._take_back(record)
        for listener in self._due if given else ():
            listener()
        return given

    def _take_back(self, known: ConsentRecord) -> None:
        call, number = s.call_reference(known.call), known.next_number
        taken = s.RecordingWithdrawal(call, known.key, number, self._now(), known.ask)
        statement = s.sign_statement(taken, known.private)
        share = None if known.share is None else replace(known.share, leaving=True)
        self.put(with_answer(replace(known, share=share), statement))
        if known.where is not None:
            self._store.put(UNTOLD_KIND, name_of(known), statement)

    def untold(self) -> list[tuple[ConsentRecord, bytes]]:
        """Return what who recorded has yet to be told: where it was, and the statement."""
        rows = ((self._get(name), data) for name, data in self._store.items(UNTOLD_KIND))
        return [(record, data) for record, data in rows if record is not None]

    def told(self, record: ConsentRecord) -> None:
        """Note that it is said; inside the transaction that sends it."""
        self._store.delete(UNTOLD_KIND, name_of(record))

    def forget(self, record: ConsentRecord) -> None:
        """Forget a request and our answers; a share that lies is deleted by its day."""
        with self._store.transaction():
            self._store.delete(CONSENT_KIND, name_of(record))
            self._store.delete(UNTOLD_KIND, name_of(record))
            self._store.put(FORGOTTEN_KIND, name_of(record), b"")
            self._tell()

    # Shares

    def share(self, slot: ShareSlot) -> OwnShare | None:
        """Return a share of ours."""
        known = self._with(slot)
        return self._beside(slot) if known is None else known.share

    def due(self) -> list[OwnShare]:
        """Return shares that are to be deleted; forget those beside records whose day has come.

        What is to be deleted is asked for whatever the day, and what a record names is kept until
        it is gone: our clock may be wrong, and once we forget it our other devices do, too.
        """
        today = self._now() // s.DAY_S
        beside = [decode_record(OwnShare, data) for _, data in self._store.items(SHARE_KIND)]
        records = self.all() if self._may_leave else []
        leaving = [one.share for one in records if one.is_leaving and one.share is not None]
        self._may_leave = bool(leaving)
        for share in beside:
            if share.leaving:
                leaving.append(share)
            elif share.expires <= today:
                self.gone(share.slot)
        return leaving

    # The vault

    def take(self, found: ConsentRecord) -> None:
        """Take over what another device of ours wrote; inside a transaction."""
        known = self._get(name_of(found))
        both = found if known is None else merged(known, found)
        if both == known or is_over(both, self._now()):
            return
        self._keep(both)
        if vault_form(both) != found:  # else it has what we have
            self._tell()

    def forgotten(self) -> frozenset[bytes]:
        """Return the names of what is forgotten here and has not come back."""
        names = (name for name, _ in self._store.items(FORGOTTEN_KIND))
        return frozenset(name for name in names if self._get(name) is None)

    def settle(self, held: AbstractSet[bytes]) -> None:
        """Remember no more what was forgotten and the vault does not have."""
        for name, _ in self._store.items(FORGOTTEN_KIND):
            if name not in held:
                self._store.delete(FORGOTTEN_KIND, name)

    # Kit

    def _keep(self, record: ConsentRecord) -> None:
        self._store.put(CONSENT_KIND, name_of(record), encode_consent(record))
        self._may_leave = self._may_leave or record.is_leaving

    def _tell(self) -> None:
        for listener in self._changed:
            listener()

    def _get(self, name: bytes) -> ConsentRecord | None:
        data = self._store.get(CONSENT_KIND, name)
        return None if data is None else decode_consent(data)

    def _with(self, slot: ShareSlot) -> ConsentRecord | None:
        found = (one for one in self.all() if one.share is not None and one.share.slot == slot)
        return next(found, None)

    def _beside(self, slot: ShareSlot) -> OwnShare | None:
        data = self._store.get(SHARE_KIND, slot)
        return None if data is None else decode_record(OwnShare, data)

    def _put_share(self, share: OwnShare) -> None:
        self._store.put(SHARE_KIND, share.slot, encode_record(share))
