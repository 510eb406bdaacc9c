"""Logs: a few named events with listed fields, and nothing else can get through (R-31, R-75).

There is no line per request or connection, no address, no id longer than three bytes, no time
finer than a day, no text from an exception. Every field goes through the allow list made from
`privacy/inventory.toml`: the name must be listed and the value must match its pattern, else the
field is dropped (in tests: raised). What other libraries log is reduced to their name, the level
and the class of the exception, because their messages carry addresses.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import structlog

from visavis.core.errors import UsageError, VisavisError
from visavis.ports.clock import Clock, SystemClock
from visavis.server.inventory import Inventory

_LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_logger: Any = structlog.get_logger("visavis")


class AllowList:
    """The structlog processor that lets listed fields through.

    Args:
        inventory: Names, patterns and events.
        clock: For the day.
        strict: Raise on what is not listed, for tests.
    """

    def __init__(self, inventory: Inventory, clock: Clock, *, strict: bool) -> None:
        self._inventory = inventory
        self._clock = clock
        self._strict = strict

    def __call__(
        self, _logger: Any, level: str, fields: MutableMapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the fields that may be written."""
        fields.update(day=_date(self._clock.now()), level=level)
        if fields.get("event") not in self._inventory.log_events:
            self._bad("event")
            fields["event"] = "unlisted_event"
        out: dict[str, Any] = {}
        for name in sorted(fields):
            # CK-422: an unlisted field, or a value that does not look as listed, is not written.
            pattern = self._inventory.log_fields.get(name)
            value = fields[name]
            if pattern is None or not pattern.fullmatch(str(value)):
                self._bad(name)
                continue
            out[name] = value if isinstance(value, int) else str(value)
        return out

    def _bad(self, name: str) -> None:
        if self._strict:
            raise UsageError(f"CK-422: log field {name} is not in the inventory, or its value")


class _Quiet(logging.Handler):
    """Turns records of other libraries into one event without their text."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            error = record.exc_info[1] if record.exc_info else None
            fields = {} if error is None else _about(error)
            level = "error" if record.levelno >= logging.ERROR else "warning"
            _emit(level, "library_message", library=record.name.split(".")[0], **fields)


def configure(
    inventory: Inventory,
    *,
    stream: TextIO | None = None,
    strict: bool = False,
    clock: Clock | None = None,
) -> None:
    """Route all logging of this process through the allow list.

    Args:
        inventory: The checked inventory.
        stream: Where lines go; standard error if None.
        strict: Raise on unlisted fields (tests).
        clock: For the day; the system's if None.
    """
    structlog.configure(
        processors=[
            AllowList(inventory, clock or SystemClock(), strict=strict),
            structlog.processors.JSONRenderer(serializer=json.dumps, sort_keys=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Quiet()]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "websockets"):
        child = logging.getLogger(name)
        child.handlers = []
        child.propagate = name != "uvicorn.access"
    # Access lines are addresses and paths: switched off at the source as well.
    logging.getLogger("uvicorn.access").disabled = True


def event(name: str, **fields: Any) -> None:
    """Log something that happened to the server (never: what a person did)."""
    _emit("info", name, **fields)


def failure(name: str, error: BaseException, **fields: Any) -> None:
    """Log a failure by its class, our code and where it was raised; never its text."""
    _emit("error", name, **_about(error), **fields)


def _emit(level: str, name: str, **fields: Any) -> None:
    if not structlog.is_configured():
        return  # without the allow list nothing is written at all
    write: Callable[..., None] = getattr(_logger, level)
    write(name, **fields)


def _about(error: BaseException) -> dict[str, Any]:
    fields: dict[str, Any] = {"error": type(error).__name__}
    if isinstance(error, VisavisError):
        fields["code"] = str(error.code)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        _, found, rest = frame.filename.replace("\\", "/").rpartition("/visavis/")
        if found:
            fields["where"] = f"visavis/{rest}:{frame.lineno}"
            break
    return fields


def _date(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
