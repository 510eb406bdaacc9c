"""The policy linter on what people read about privacy: the inventory and the notice.

Refuses hedges, vague purposes, missing and left-over translations, and texts too hard to read. The
server refuses the same at its start, but for the last; here all of it is said at once.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator

from visavis.core.errors import VisavisError
from visavis.server import inventory
from visavis.server.privacy import definite, wording
from visavis.testing.readability import MAX_GRADE, grade

ROOT = pathlib.Path(__file__).resolve().parent.parent / "privacy"


def problems(folder: pathlib.Path) -> Iterator[str]:
    """Yield each breach in the files of a folder, a line each."""
    files = {
        one: (folder / f"notice.{one}.toml").read_text(encoding="utf-8")
        for one in wording.LANGUAGES
    }
    for language, text in files.items():
        for sentence in wording.parse(language, text).sentences():
            for hedge in definite.hedges(sentence, language):
                yield f"privacy/notice.{language}.toml: not definite: {hedge}"
    try:
        listed = inventory.parse((folder / "inventory.toml").read_text(encoding="utf-8"))
        words = wording.check(listed, files)
    except VisavisError as error:
        yield error.detail
        return
    for language, one in words.items():
        found = grade(one.prose(), language)
        if found > MAX_GRADE:
            yield f"privacy/notice.{language}.toml: grade {found:.1f}, {MAX_GRADE} is the limit"


def main(folder: pathlib.Path = ROOT) -> int:
    """Print each breach and return 1 if there is one."""
    found = list(dict.fromkeys(problems(folder)))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(one) for one in sys.argv[1:2])))
