"""The audit's report as a person reads it."""

from __future__ import annotations

from collections import Counter

from visavis.cli.output import Output
from visavis.testing.audit.report import Report


def show(report: Report, out: Output) -> None:
    """Print what was read, what was found, and how each attack did beside its control."""
    out.show(
        f"Read {report.files} files, {report.bytes_read:,} bytes, {report.rows:,} database rows."
    )
    out.show()
    if report.found:
        out.table(
            "Found, and must not be there",
            ("what", "which", "as", "where", "times"),
            [
                (f.kind, f.label, f.form, f.where, str(times))
                for f, times in Counter(report.found).items()
            ],
        )
    else:
        out.show(
            "Nothing planted was found: no name, address, call, key or text, and no time finer "
            "than a day."
        )
    out.show()
    if report.attacks:
        out.table(
            "Who called whom? (share of people whose strongest guess is a real contact)",
            ("attack", "here", "guessing", "chance ends at", "on a leaky server", "verdict"),
            [
                (
                    a.name,
                    f"{a.score:.0%}",
                    f"{a.chance:.0%}",
                    f"{a.allowed:.0%}",
                    f"{a.control:.0%}",
                    "no better than chance" if a.ok else "FAILED",
                )
                for a in report.attacks
            ],
        )
    if report.control_missed:
        out.show(f"The audit itself failed: its search missed {', '.join(report.control_missed)}.")
    out.show()
    out.show("[bold green]Passed.[/]" if report.ok else "[bold red]Failed.[/]")
