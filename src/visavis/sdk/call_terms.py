"""On what terms a call is placed and goes on, and how it is taken leave of (`calls`)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from visavis.core.contact_rules import path_of
from visavis.core.content_records import Path
from visavis.core.errors import AuthorizationError, Code
from visavis.core.ids import AccountId
from visavis.sdk.call_shell import CallShell
from visavis.sdk.seam import CallSeam

CLOSE_TIMEOUT_S: Final = 6.0
"""How long closing waits for a call to say goodbye."""


def confine(seam: CallSeam, contact: AccountId) -> None:
    """Hold a call that is to be confidential to what that means, before anything was made.

    Raises:
        AuthorizationError: NOT_VERIFIED.
    """
    # CK-371: a mark of another key, or of a key that is in doubt, does not count.
    if not seam.is_verified(contact):
        raise AuthorizationError(Code.NOT_VERIFIED, "CK-371: confidential and not verified")


def allowed_path(seam: CallSeam, contact: AccountId, *, confidential: bool) -> Path:
    """Return the path that the person allows for a call, as of now (CK-384)."""
    # What the person was promised by "confidential" outweighs a rule of before.
    return Path.RELAYED if confidential else path_of(seam.granted(contact))


async def goodbye(shell: CallShell) -> None:
    """Wait until a call's keys are gone, a while at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await shell.over.wait()
