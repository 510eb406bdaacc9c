"""Runs commands that need no server and no profile, where there is neither."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(command: str, file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command on a file where there is no profile, no server and no home."""
    return subprocess.run(
        [Path(sys.executable).with_name("visavis"), command, file, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=file.parent,
        env={
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "HOME": str(file.parent / "nowhere"),
            "COLUMNS": "120",
        },
    )


def as_json(command: str, file: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Return its status and the object on its last line."""
    done = run(command, file, "--json", *words)
    return done.returncode, json.loads(done.stdout.splitlines()[-1])
