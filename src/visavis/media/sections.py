"""Sections of what a member sends to the SFU, by name: so whoever watches knows what is in each.

Twin: `web/media/sections.ts`. The names are the places in which a member describes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Role = Literal["audio", "camera", "screen"]
"""What a section of somebody's feed carries."""

SECTIONS: Final[Mapping[Role, str]] = {"audio": "0", "camera": "1", "screen": "2"}

_ROLES: Final[Mapping[str, Role]] = {name: role for role, name in SECTIONS.items()}


def role_of(source: str) -> Role | None:
    """Return what a section carries; None: nothing that anybody of us sends."""
    return _ROLES.get(source)
