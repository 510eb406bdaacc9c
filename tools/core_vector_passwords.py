"""Passwords: what the rules say, what is asked of the list of known ones, and passphrases."""

from __future__ import annotations

from typing import Any, Final

from core_vector_kit import Json, randbytes

from visavis.core.passwords import Blocklist, check, generate_passphrase

_PASSWORDS: Final = [
    *("", "short", "eight888", "fifteen letters", "correct horse battery staple", "password"),
    *("PASSWORD", "  Password  ", "Passw0rd-Passw0rd", "abcabcabcabcabcabc", "abcabcabcabcabcab"),
    *("aaaaaaaaaaaaaaaa", "123456789012345", "zyxwvutsrq", "abcdefgh", "abcdefghXYZ", "ab", "aaa"),
    *("aab", "12345678abcdefgh12345678abcdefgh", "visavis", "visavisvisavisX", "a.b-c.d"),
    *("anna.48213 is anna", "Anna-Example anna", "ANNA.48213annaX", "one-two-three-four-5!"),
    *("Stra\u00dfe Stra\u00dfe Stra\u00dfe", "STRASSE", "na\u00efve caf\u00e9 42 \u2615 + more"),
    # What folds in its own way: final sigma, dotted and dotless i, Cherokee, ligatures, titles.
    *("\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u03c3\u03c2", "\u0130i \u0131I"),
    *("\uab70\uab71 \u13a0\u13a1 \u13f8", "\ufb01ve ligatures here", "\u01c4 \u01c5 \u01c6 \u0149"),
    *("\u1e9e \u01f0 \u0390 \u0587 \u1e96 \u0345", "\uff26\uff35\uff2c\uff2c \uff11\uff12 wide"),
    *(
        "e\u0301te\u0301 e\u0301te\u0301 x1!",
        "\U0001f469\u200d\U0001f4bb" * 3,
        "\U00010400 deseret",
    ),
]
_LONG: Final = ["x" * 1024, "x" * 1025, "\U0001f469" * 513, "\ufdfa" * 57, "\ufdfa" * 58]
_CONTEXTS: Final = [
    [],
    ["anna.48213", "Anna-Example", "x"],
    ["STRASSE", "\ufb01ve", "\u039f\u03a3"],
]


def _judged(password: str, context: list[str], *, second_factor: bool) -> list[Any]:
    asked: list[str] = []

    def known(folded: str) -> bool:
        asked.append(folded)
        return folded in {"password", "strasse"}

    verdict = check(password, known=known, context=context, second_factor=second_factor)
    reasons = [reason.value for reason in verdict.reasons]
    return [password, context, second_factor, reasons, list(verdict.advice), asked]


def password_vectors() -> Json:
    """Judgements, passphrases from given bytes, and a small filter."""
    words = [f"word {number}" for number in range(200)]
    blocklist, data = Blocklist.build(words, 256)
    phrases = []
    for size in (5, 6, 12):
        drawn: list[bytes] = []
        rng = randbytes(f"phrase {size}")

        def noted(length: int, rng: Any = rng, drawn: list[bytes] = drawn) -> bytes:
            drawn.append(rng(length))
            return drawn[-1]

        phrases.append([size, generate_passphrase(noted, size), b"".join(drawn).hex()])
    tried = [*words[::20], *(f"other {number}" for number in range(60)), "", "Gr\u00fc\u00dfe"]
    return {
        "judged": [
            *(_judged(password, [], second_factor=False) for password in _LONG),
            *(
                _judged(password, context, second_factor=second_factor)
                for password in _PASSWORDS
                for context in _CONTEXTS
                for second_factor in (False, True)
            ),
        ],
        "phrases": phrases,
        "filter": data.hex(),
        "known": [[each, each in blocklist] for each in tried],
    }
