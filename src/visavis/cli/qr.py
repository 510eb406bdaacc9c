"""QR codes in the terminal."""

from __future__ import annotations

import io

import segno

from visavis.cli.output import Output


def print_qr(text: str, out: Output) -> None:
    """Print `text` as a QR code of half blocks on stderr, where people look."""
    buffer = io.StringIO()
    segno.make(text, error="l").terminal(buffer, compact=True, border=2)
    out.stderr.file.write(buffer.getvalue())
    out.stderr.file.flush()
