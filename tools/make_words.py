"""Make src/visavis/core/words.py from the English word list of BIP-39.

    python tools/make_words.py english.txt        (from the PyPI package `mnemonic` 0.21)

The 256 words of the short authentication string are chosen greedily so that any two differ by at
least three edits, both in spelling and in a rough rendering of their sound, where voiced and
unvoiced consonants count as the same: what is heard through a bad line must not pass for another.
"""

from __future__ import annotations

import hashlib
import pathlib
import sys
import textwrap

COUNT = 256
MIN_DISTANCE = 3
# Words that nobody should have to read out at the start of a call.
_LEFT_OUT = """
    abuse accident afraid alcohol ammo anger angry army assault attack betray bomb boy cancel cannon
    crime cruel cry damage danger death debris defense denial destroy devil die dirt dismiss drastic
    drug enemy evil exhaust explode false fatal fatigue fault female fight fire furnace gas girl gun
    hurt illegal kidney kill knife lonely loser male murder naked nuclear obey obscure pain panic
    poverty prison problem punch race reject sad scare sick skin slave steal sting suffer target
    terrible toilet tragic ugly unhappy useless victim virus volcano war warfare weapon weird wound
    wrong
"""
LEFT_OUT = frozenset(_LEFT_OUT.split())
_UNVOICED = str.maketrans("bdgvz", "ptkfs")
_SOUNDS = (("ph", "f"), ("ck", "k"), ("qu", "kw"), ("x", "ks"), ("wh", "w"), ("gh", "g"))
_LETTERS = str.maketrans("cyz", "kis")
TARGET = pathlib.Path(__file__).resolve().parent.parent / "src" / "visavis" / "core" / "words.py"

HEADER = '''"""Word lists: 256 to read out in a call (`sas`), 2,048 for passphrases (`passwords`).

Made by tools/make_words.py from the English list of BIP-39 (MIT licence, SatoshiLabs s.r.o.).
The order is part of the protocol: a word's place is its value.
"""

from __future__ import annotations

from typing import Final

'''


def distance(a: str, b: str) -> int:
    """Return the Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def sound(word: str) -> str:
    """Return a rough rendering of how an English word sounds."""
    for spelt, heard in _SOUNDS:
        word = word.replace(spelt, heard)
    word = word.translate(_LETTERS)
    once = "".join(c for i, c in enumerate(word) if i == 0 or word[i - 1] != c)
    return (once[:-1] if once.endswith("e") and len(once) > 3 else once).translate(_UNVOICED)


def choose(words: list[str]) -> list[str]:
    """Return the words to read out, in alphabetical order."""
    candidates = [w for w in words if 4 <= len(w) <= 7 and w not in LEFT_OUT]
    candidates.sort(key=lambda w: hashlib.sha256(w.encode()).digest())
    chosen: list[str] = []
    for word in candidates:
        if all(
            min(distance(word, c), distance(sound(word), sound(c))) >= MIN_DISTANCE for c in chosen
        ):
            chosen.append(word)
        if len(chosen) == COUNT:
            return sorted(chosen)
    raise SystemExit(f"only {len(chosen)} words are far enough apart")


def block(name: str, words: list[str], why: str) -> str:
    """Return the source of one list."""
    body = textwrap.fill(" ".join(words), 96, initial_indent="    ", subsequent_indent="    ")
    return (
        f'_{name}: Final = """\n{body}\n"""\n'
        f"{name}: Final[tuple[str, ...]] = tuple(_{name}.split())\n"
        f'"""{why}"""\n'
    )


def main() -> None:
    """Write the module."""
    words = pathlib.Path(sys.argv[1]).read_text(encoding="ascii").split()
    if len(set(words)) != 2048:
        raise SystemExit("expected the 2,048 words of BIP-39")
    TARGET.write_text(
        HEADER
        + block("SAS_WORDS", choose(words), "256 words: 8 bits each.")
        + "\n"
        + block("PHRASE_WORDS", words, "2,048 words: 11 bits each, told apart by four letters."),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
