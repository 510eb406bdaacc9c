"""All targets, by name."""

from __future__ import annotations

from fuzz import (
    targets_call_receipt,
    targets_client,
    targets_content,
    targets_history,
    targets_media,
    targets_mls,
    targets_receipt,
    targets_recording,
    targets_server,
    targets_webm,
)
from fuzz.engine import Target

__all__ = ["Target", "all_targets"]


def all_targets() -> dict[str, Target]:
    """Return every target; the modules are imported here and nowhere else."""
    modules = (
        targets_call_receipt,
        targets_client,
        targets_content,
        targets_history,
        targets_media,
        targets_mls,
        targets_receipt,
        targets_recording,
        targets_server,
        targets_webm,
    )
    found = [target for module in modules for target in module.TARGETS]
    by_name = {target.name: target for target in found}
    if len(by_name) < len(found):
        raise RuntimeError("two fuzz targets of one name")
    return by_name
