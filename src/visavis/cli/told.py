"""Errors with a sentence of their own, and what a person reads about any error at all."""

from __future__ import annotations

import os
import re
import traceback
from typing import Final

from visavis.cli.output import Output, plain
from visavis.core.errors import Code, VisavisError

DEBUG: Final = "VISAVIS_DEBUG"
_CHECK: Final = re.compile(r"\bCK-\d+:? ?")
"""Ids of checks are for readers of the code."""


def decide(name: str) -> str:
    """Return the steps after a contact's security key has changed.

    Args:
        name: The contact's, made `plain`, or a word in its place.
    """
    return (
        "1. Both of you run visavis safety-number, and compare in person or by telephone.\n"
        "2. The same number on both sides: the other key is false, theirs is the one you know.\n"
        f"     visavis contact keep {name}\n"
        "   Different numbers: end this contact and begin anew, by a link you hand over yourself.\n"
        f"     visavis contact forget {name}\n"
        "     visavis invite\n"
        "   They run visavis accept 'LINK', and you compare the new numbers."
    )


COMPARE: Final = (
    "A look-up by name cannot prove that this first contact is honest; comparing safety numbers "
    "can."
)
"""The honest limit, said whenever a contact was made by handle."""

NEXT: Final = {
    Code.IDENTITY_CHANGED: decide("NAME"),
    Code.NOT_VERIFIED: (
        "Both of you run visavis safety-number and compare. The same number on both sides:\n"
        "  visavis contact verified NAME"
    ),
    Code.STORE_BUSY: "A visavis listen or call counts too; Ctrl-C ends it.",
}
"""What to type next, where the sentence alone does not say."""


class ToldError(VisavisError):
    """An error whose sentence is written for the very command that was typed.

    Args:
        code: The wire code, for scripts.
        sentence: What happened, whether anything was lost, what to do.
    """

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(code)
        self.args = (sentence,)
        self.sentence = sentence

    def describe(self) -> str:
        """Return the sentence."""
        return self.sentence


class MistakeError(ToldError):
    """The command was typed in a way that makes no sense; nothing was done."""

    def __init__(self, sentence: str) -> None:
        super().__init__(Code.USAGE, sentence)


def explain(error: Exception, out: Output) -> int:
    """Print what happened, whether anything was lost and what to do; never a traceback.

    Args:
        error: Anything a command raised.
        out: Where to.

    Returns:
        The exit status.
    """
    if os.environ.get(DEBUG):
        out.stderr.print("".join(traceback.format_exception(error)), markup=False)
    if not isinstance(error, VisavisError):
        sentence = f"This is a bug in Visavis ({type(error).__name__})."
        out.say(f"[bold red]{plain(sentence)}[/]")
        out.say(f"Please report it; the same command after {DEBUG}=1 shows the details to add.")
        return out.finish({"ok": False, "code": "bug", "error": sentence})
    sentence = error.describe()
    detail = _CHECK.sub("", error.detail)
    out.say(f"[bold red]{plain(sentence)}[/]")
    if detail:
        out.say(f"[dim]({plain(detail)})[/]")
    if error.code in NEXT:
        out.say(plain(NEXT[error.code], lines=True))
    result = {"ok": False, "code": str(error.code), "error": sentence}
    if detail:
        result["detail"] = detail
    return out.finish(result)
