"""Help texts without type names: `--json` instead of `--json <bool>`, `--profile DIR`."""

from __future__ import annotations

from typing import Any

import typer.core


def _shown_type(parameter: Any, ctx: object) -> str | None:
    """Return what stands beside an option: its METAVAR, nothing for flags and arguments."""
    del ctx
    if isinstance(parameter, typer.core.TyperOption) and not parameter.is_flag:
        return parameter.metavar
    return None


def without_types() -> None:
    """Let every help text of this process show metavars only; Typer has no setting for it."""
    for kind in (typer.core.TyperOption, typer.core.TyperArgument):
        kind.display_type_rich = _shown_type  # type: ignore[method-assign, assignment]
