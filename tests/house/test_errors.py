"""Every wire code has a meaning and a sentence for a person."""

from __future__ import annotations

import pytest

from visavis.core.errors import MEANINGS, Code, UsageError, VisavisError


@pytest.mark.parametrize("code", Code)
def test_every_code_is_explained(code: Code) -> None:
    meaning = MEANINGS[code]
    assert meaning.meaning
    assert meaning.retry
    assert meaning.person.endswith(".")
    assert VisavisError(code).describe() == meaning.person


def test_usage_errors_have_their_code() -> None:
    assert UsageError("x").code is Code.USAGE
