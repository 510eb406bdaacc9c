"""Housekeeping: what keeps the promises about time while the server runs.

Every 20 s the store wipes traces of deletions from its log (P7: within 60 s of a deletion). When
the day changes, and once at start, everything past its retention is deleted (R-72) and the
database is rewritten, so that the order of its pages says nothing; so is what the operator's list
of requests has kept for its three years. Erasure keys are destroyed before the rows of their
accounts are deleted, and when the days of their backup are over (R-76).
"""

from __future__ import annotations

from typing import Final

from visavis.core.errors import VisavisError
from visavis.ports.clock import date_of
from visavis.server import erasure, logging
from visavis.server.config import blur_times
from visavis.server.request_desk import RequestDesk
from visavis.server.services import Services

TIDY_S: Final = 20.0
"""A deletion must be wiped within 60 s; 20 s leaves two more tries when a reader is in the way."""


async def daily(services: Services) -> None:
    """Delete what is past its retention and rewrite the database."""
    today = services.today()
    ended = await erasure.before_purge(services, today)
    purged = await services.store.purge(today)
    await erasure.after_purge(services, today, ended)
    await services.store.vacuum(today)
    try:
        gone = RequestDesk(services.config.data_dir).sweep(date_of(today))
    except (VisavisError, OSError) as error:  # must not keep the rest from being done every day
        logging.failure("housekeeping_failed", error)
        gone = 0
    logging.event("housekeeping_done", count=sum(purged.rows.values()) + gone)


def blur(services: Services) -> None:
    """Set the times of the files beside the database to the start of their day (R-30)."""
    blur_times(services.config.data_dir)
    blur_times(services.config.keys_folder)
    services.erasure.blur()


async def forever(services: Services) -> None:
    """Run until cancelled; a failure is logged and tried again at the next turn."""
    done_on = -1
    while True:
        try:
            if services.today() != done_on:
                await daily(services)
                done_on = services.today()
            else:
                await services.store.tidy(services.today())
            services.renames.sweep(services.clock.monotonic())
            blur(services)
        except Exception as error:  # noqa: BLE001 - the next turn may succeed; without turns, traces stay
            logging.failure("housekeeping_failed", error)
        await services.clock.sleep(TIDY_S)
