"""The operator's list of requests by people about their data, with its clocks (R-85).

A file in the data folder, `requests.json`. It holds a random reference, what is asked, under which
law, and days: no name, no address, no text (reasons are chosen from a list), so that the list of
who asked is not one more thing to ask about. Which letter belongs to which reference is in the
letters. Entries go 1,095 days after they were done, by the daily run; what was never done goes
1,095 days after it came.

Not for: whether a request is right (docs/operate/requests.md), nor for the arithmetic
(`request_clocks.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from visavis.core.errors import Code, FatalError, UsageError
from visavis.ports.random import Rng, below
from visavis.server.config import blur_times
from visavis.server.request_clocks import Clock, Kind, Law, clocks, extendable

FILE: Final = "requests.json"
KEPT_DAYS: Final = 1_095
"""As `privacy/inventory.toml` has it; California asks for 24 months (11 CCR 7101)."""

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without what reads alike: 0 O, 1 I L, U V."""

REFERENCE_LENGTH: Final = 8


class Reason(StrEnum):
    """Why more time is needed: what GDPR 12(3) allows, and nothing that could name anybody."""

    COMPLEX = "complex"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Args:
        reference: Eight random characters, told to the person.
        kind: What is asked.
        law: Under which law.
        received: The day it came.
        confirmed: The day its arrival was confirmed.
        extended: The day the person was told of a longer time.
        reason: Why.
        done: The day it was answered.
    """

    reference: str
    kind: Kind
    law: Law
    received: date
    confirmed: date | None = None
    extended: date | None = None
    reason: Reason | None = None
    done: date | None = None

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """What is still to be done, soonest first; nothing once it is done."""
        if self.done is not None:
            return ()
        running = clocks(self.law, self.kind, self.received, extended=self.extended is not None)
        return tuple(one for one in running if one.what != "confirm" or self.confirmed is None)

    @property
    def gone_on(self) -> date:
        """The day on which the daily run removes it."""
        return (self.done or self.received) + timedelta(days=KEPT_DAYS)


class RequestDesk:
    """The list in a data folder.

    Args:
        data_dir: The server's data folder.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir
        self._path = data_dir / FILE

    def all(self) -> tuple[Request, ...]:
        """Return every request, the soonest due first, then what is done.

        Raises:
            FatalError: The file is damaged.
        """
        last = date.max
        return tuple(
            sorted(
                self._read(),
                key=lambda one: (one.clocks[0].due if one.clocks else last, one.received),
            )
        )

    def add(self, kind: Kind, law: Law, received: date, today: date, rng: Rng) -> Request:
        """Note a request.

        Raises:
            UsageError: It is of a day to come, or so old that it would be removed at once.
        """
        if received > today:
            raise UsageError("a request cannot have come on a day to come")
        with self._changing() as found:
            taken = {one.reference for one in found}
            reference = _reference(rng)
            while reference in taken:
                reference = _reference(rng)
            made = Request(reference, kind, law, received)
            if made.gone_on <= today:
                raise UsageError("a request of that day is too old to be kept")
            found.append(made)
        return made

    def confirm(self, reference: str, today: date) -> Request:
        """Note that its arrival was confirmed to the person.

        Raises:
            UsageError: There is none of this reference, or it is done.
        """
        return self._change(reference, lambda one: replace(one, confirmed=one.confirmed or today))

    def extend(self, reference: str, reason: Reason, today: date) -> Request:
        """Note that the person was told of a longer time, and why.

        Raises:
            UsageError: The law knows no longer time, it was extended before, or it is too late to
                tell (GDPR 12(3), 11 CCR 7021(b): within the first time).
        """

        def longer(one: Request) -> Request:
            if not extendable(one.law, one.kind):
                raise UsageError("the law gives no longer time for this")
            if one.extended is not None:
                raise UsageError("it was extended before, and once is all")
            if today > clocks(one.law, one.kind, one.received)[-1].due:
                raise UsageError("its time is over, and a longer one had to be told within it")
            return replace(one, extended=today, reason=reason)

        return self._change(reference, longer)

    def done(self, reference: str, today: date) -> Request:
        """Note that it was answered.

        Raises:
            UsageError: There is none of this reference, or it is done.
        """
        return self._change(reference, lambda one: replace(one, done=today))

    def sweep(self, today: date) -> int:
        """Remove what is past its days; returns how many.

        Raises:
            FatalError: The file is damaged.
        """
        if not self._path.exists():
            return 0
        with self._changing() as found:
            kept = [one for one in found if one.gone_on > today]
            gone = len(found) - len(kept)
            found[:] = kept
        return gone

    def _change(self, reference: str, change: Callable[[Request], Request]) -> Request:
        wanted = reference.strip().upper().replace("-", "")
        with self._changing() as found:
            for at, one in enumerate(found):
                if one.reference == wanted:
                    if one.done is not None:
                        raise UsageError("this request is done already")
                    found[at] = change(one)
                    return found[at]
        raise UsageError("there is no request of this reference")

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[Request]]:
        """Give the list to be changed; it is written at the end of the block, or not at all."""
        if not self._folder.is_dir():
            raise UsageError(f"there is no folder {self._folder}")
        # The folder itself is locked: the server's daily run and the operator may meet.
        folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            found = self._read()
            before = list(found)
            yield found
            if found != before:
                self._write(found)
        finally:
            os.close(folder)

    def _read(self) -> list[Request]:
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError):
            raise _damaged() from None
        try:
            if raw["v"] != 1:
                raise _damaged()
            return [_request(one) for one in raw["requests"]]
        except (KeyError, TypeError, ValueError):
            raise _damaged() from None

    def _write(self, found: list[Request]) -> None:
        fresh = self._path.with_suffix(".new")
        with os.fdopen(
            os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump({"v": 1, "requests": [_json(one) for one in found]}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:  # an operator as root: the server must be able to rewrite it
            owner = self._folder.stat()
            os.chown(fresh, owner.st_uid, owner.st_gid)
        fresh.replace(self._path)
        blur_times(self._folder)


def _reference(rng: Rng) -> str:
    return "".join(ALPHABET[below(len(ALPHABET), rng)] for _ in range(REFERENCE_LENGTH))


def _json(one: Request) -> dict[str, str]:
    values = {
        "reference": one.reference,
        "kind": one.kind.value,
        "law": one.law.value,
        "received": one.received.isoformat(),
    }
    for name in ("confirmed", "extended", "done"):
        day = getattr(one, name)
        if day is not None:
            values[name] = day.isoformat()
    if one.reason is not None:
        values["reason"] = one.reason.value
    return values


def _request(raw: dict[str, str]) -> Request:
    def day(name: str) -> date | None:
        return None if name not in raw else date.fromisoformat(raw[name])

    return Request(
        str(raw["reference"]),
        Kind(raw["kind"]),
        Law(raw["law"]),
        date.fromisoformat(raw["received"]),
        day("confirmed"),
        day("extended"),
        Reason(raw["reason"]) if "reason" in raw else None,
        day("done"),
    )


def _damaged() -> FatalError:
    return FatalError(Code.UNAVAILABLE, f"{FILE} is damaged; nothing was changed")
