"""Write the TypeScript tables that have their home in Python: wire codes, MLS checks, word lists.

python tools/make_ts.py
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from visavis.core.errors import MEANINGS, Code
from visavis.core.mls.checks import CHECKS
from visavis.core.words import PHRASE_WORDS, SAS_WORDS

CORE = Path(__file__).parents[1] / "web" / "core"
HEAD = "// Written by tools/make_ts.py from {source}: change it there.\n\n"


def codes() -> str:
    """Return `codes.ts`."""
    lines = [HEAD.format(source="src/visavis/core/errors.py"), "export const Code = {\n"]
    lines += [f"  {code.name}: {json.dumps(code.value)},\n" for code in Code]
    lines += [
        "} as const;\n\n",
        "export type Code = (typeof Code)[keyof typeof Code];\n\n",
        "/** What a code means, who may try again, and the sentence a person reads. */\n",
        "export type Meaning = Readonly<{ meaning: string; retry: string; person: string }>;\n\n",
        "export const MEANINGS: Readonly<Record<Code, Meaning>> = {\n",
    ]
    for code in Code:
        meaning = MEANINGS[code]
        lines += [f"  {code.value}: {{\n"]
        for name in ("meaning", "retry", "person"):
            sentence = json.dumps(getattr(meaning, name))
            line = f"    {name}: {sentence},\n"
            # As Biome lays it out.
            lines += [line if len(line) <= 101 else f"    {name}:\n      {sentence},\n"]
        lines += ["  },\n"]
    lines += ["};\n"]
    return "".join(lines)


def checks() -> str:
    """Return `mls/checks_table.ts`."""
    lines = [
        HEAD.format(source="src/visavis/core/mls/checks.py"),
        'import type { Code } from "../codes.ts";\n\n',
        "/** One rule: the code its breach has, where RFC 9420 has it, and the rule itself. */\n",
        "export type Check = Readonly<{ code: Code; section: string; rule: string }>;\n\n",
        "export const CHECKS = {\n",
    ]
    for name, check in CHECKS.items():
        lines += [
            f"  {json.dumps(name)}: {{\n",
            f"    code: {json.dumps(check.code.value)},\n",
            f"    section: {json.dumps(check.section)},\n",
            f"    rule: {json.dumps(check.rule)},\n",
            "  },\n",
        ]
    lines += [
        "} as const satisfies Record<string, Check>;\n\n",
        "export type CheckId = keyof typeof CHECKS;\n",
    ]
    return "".join(lines)


def words() -> str:
    """Return `words.ts`."""

    def block(name: str, words: tuple[str, ...], why: str) -> str:
        body = textwrap.fill(" ".join(words), 98, initial_indent="  ", subsequent_indent="  ")
        return (
            f"\n/** {why} */\n"
            f"export const {name}: readonly string[] = `\n{body}\n`\n"
            "  .trim()\n"
            "  .split(/\\s+/);\n"
        )

    return (
        HEAD.format(source="src/visavis/core/words.py") + "/**\n"
        " * Word lists: 256 to read out in a call (`sas.ts`), 2,048 for passphrases\n"
        " * (`passwords.ts`).\n"
        " *\n"
        " * From the English list of BIP-39 (MIT licence, SatoshiLabs s.r.o.). The order is part\n"
        " * of the protocol: a word's place is its value.\n"
        " */\n"
        + block("SAS_WORDS", SAS_WORDS, "256 words: 8 bits each.")
        + block(
            "PHRASE_WORDS", PHRASE_WORDS, "2,048 words: 11 bits each, told apart by four letters."
        )
    )


FILES = {
    CORE / "codes.ts": codes,
    CORE / "mls" / "checks_table.ts": checks,
    CORE / "words.ts": words,
}

if __name__ == "__main__":
    for path, make in FILES.items():
        path.write_text(make())
