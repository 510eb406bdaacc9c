"""What `visavis audit recording` found, as a person reads it: each place beside its control."""

from __future__ import annotations

from visavis.cli.output import Output
from visavis.testing.recording_audit.report import Place, Report
from visavis.testing.recording_audit.search import RUN

_HOW = {"packets": "passed on", "decoded": "passed on, played", "memory": "memory", "disk": "disk"}


def show(report: Report, out: Output) -> None:
    """Print every place that was searched, and what was found there and in the control."""
    sound, pictures = report.frames
    out.show()
    out.table(
        f"Frames found, of {sound} of sound and {pictures} pictures",
        ("where", "in what", "read", "here", "in the control"),
        [
            (one.where, _HOW[one.how], _amount(one), _both(one), _both(its))
            for one, its in report.beside_control()
        ],
    )
    out.show()
    for sentence in _sentences():
        out.show_raw(sentence)
    out.show()
    if report.found:
        out.show("[bold red]Sound or picture were found, and must not be there.[/]")
    for missed in report.control_missed:
        out.show(f"[bold red]The audit itself failed:[/] its control did not find {missed}.")
    out.show("[bold green]Passed.[/]" if report.ok else "[bold red]Failed.[/]")


def _sentences() -> list[str]:
    told = f"""
A frame counts where {RUN} bytes in a row of it stand; played, where one sees the picture or hears
the tone. What the SFU passed on is taken as it has it itself, without the encryption of the line.

The control is the same calls without encryption. It must find sound and picture in what relay and
SFU passed on, in the memory of one of them, which may have written over what it held, and in a file
that the audit put there: neither writes one.
"""
    return [paragraph.replace("\n", " ").strip() for paragraph in told.split("\n\n")]


def _both(place: Place | None) -> str:
    return "-" if place is None else f"{place.sound} / {place.pictures}"


def _amount(place: Place) -> str:
    if place.how == "decoded":
        return f"{place.looked_at:,} packets"
    return f"{place.looked_at / 1e6:,.1f} MB"
