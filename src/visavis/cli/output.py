"""What a command prints: people read stderr and text, scripts read one JSON line.

With `--json` the last line of stdout is one JSON object on one line; everything else goes to
stderr. Without it, results are text on stdout and progress is on stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

FAILED: Final = 1
"""Exit status of a command whose result is not ok."""


def plain(text: str, *, lines: bool = False) -> str:
    """Make text from somebody else safe to print.

    Control characters could move the cursor or rewrite what stands above; brackets would be
    read as styles.

    Args:
        text: Anything.
        lines: Let line ends pass; only for text of our own.
    """
    return escape(
        "".join(
            c if c.isprintable() or (lines and c == "\n") else "\N{REPLACEMENT CHARACTER}"
            for c in text
        )
    )


def _console(*, stderr: bool) -> Console:
    """Return a console that changes no word: no colours of its own, no emoji for :names:."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)


@dataclass(slots=True)
class Output:
    """Where one command's words go."""

    as_json: bool = False
    stdout: Console = field(default_factory=lambda: _console(stderr=False))
    stderr: Console = field(default_factory=lambda: _console(stderr=True))
    _held: list[str] | None = None

    def say(self, text: str) -> None:
        """Tell a person something on the way; never part of the result."""
        if self._held is None:
            self.stderr.print(text)
        else:
            self._held.append(text)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep what is said until the block ends: a picture has the terminal."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held or [], None
            for text in held:
                self.say(text)

    @contextmanager
    def free(self) -> Iterator[None]:
        """Say things at once again, inside `held`: the picture has given way."""
        held, self._held = self._held, None
        try:
            yield
        finally:
            self._held = held

    def as_text(self, text: str) -> str:
        """Return what `say` would print, with the styles of this terminal."""
        with self.stderr.capture() as capture:
            self.stderr.print(text)
        return capture.get()

    def bell(self) -> None:
        """Ring the terminal's bell."""
        if self.stderr.is_terminal:
            self.stderr.bell()

    def show(self, text: str = "") -> None:
        """Print a line of the result as text; silent with `--json`."""
        if not self.as_json:
            self.stdout.print(text)

    def show_raw(self, text: str) -> None:
        """Print a line of the result in which nothing is a style: paths and links."""
        self.show(plain(text))

    def say_raw(self, text: str) -> None:
        """Say a line in which nothing is a style."""
        self.say(plain(text))

    def table(self, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        """Print a table of the result as text; silent with `--json`."""
        if self.as_json:
            return
        table = Table(title=title or None, title_justify="left", header_style="bold", box=None)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(plain(cell) for cell in row))
        self.stdout.print(table)

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show that something longer than a second is under way."""
        if self.as_json or not sys.stderr.isatty():
            self.say(f"{text}...")
            yield
            return
        with self.stderr.status(f"{text}..."):
            yield

    def finish(self, result: dict[str, Any]) -> int:
        """Print the JSON line if asked for and return the exit status.

        Args:
            result: The command's result. `ok` is added as True if it is not given.

        Returns:
            0 only if `ok`.
        """
        result = {"ok": True, **result}
        if self.as_json:
            sys.stdout.write(json.dumps(result, separators=(",", ":"), sort_keys=True) + "\n")
            sys.stdout.flush()
        return 0 if result["ok"] else FAILED
