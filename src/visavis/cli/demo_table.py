"""The demo's result as a person reads it."""

from __future__ import annotations

from visavis.cli.output import Output
from visavis.testing.demo.result import DemoResult


def show(result: DemoResult, out: Output) -> None:
    """Print three tables: the call, what others could make of it, what the server kept."""
    r = result
    out.show()
    out.table(
        "The call",
        ("", ""),
        [
            ("invite to ringing", f"{r.ring_ms} ms"),
            ("accept to first picture", f"{r.first_frame_ms} ms"),
            ("pictures sent, decoded", f"{r.frames_sent}, {r.frames_decoded}"),
            ("frame counters read", f"{r.counters_read}"),
            ("sound decoded", f"{r.audio_s:.1f} s, {r.audio_loud_s:.1f} s of it speech"),
            ("audio packet sizes on the wire", f"{r.audio_packet_sizes}"),
            ("path", r.path),
            ("encryption", r.suite),
            ("safety numbers", "equal" if r.safety_numbers_equal else "DIFFERENT"),
            ("four spoken words", "equal" if r.sas_equal else "DIFFERENT"),
            ("what the callee saw and heard", r.received),
        ],
    )
    out.show()
    out.table(
        "What others could make of it",
        ("", "pictures decoded"),
        [
            (f"a wiretap at the relay, {r.wiretap_packets} packets", str(r.wiretap_frames)),
            ("a device with a wrong key, same bytes", str(r.wrong_key_frames)),
            ("the right key, same bytes (control)", str(r.control_frames)),
        ],
    )
    out.show()
    rows = [(name, str(count)) for name, count in sorted(r.server_rows.items())]
    rows += [
        ("rows about calls", str(r.server_call_rows)),
        ("names, addresses, times, keys found", str(r.identifiers_found)),
    ]
    out.table("What the server holds afterwards", ("", "rows"), rows)
    out.show()
    if r.ok:
        out.show("[bold green]All as promised.[/]")
    for failure in r.failures():
        out.show(f"[bold red]Not as promised:[/] {failure}.")
