"""What an operator says of themselves: checked, passed on, and asked for once if it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.people import ORIGIN

from visavis.core.errors import UsageError
from visavis.server import announce
from visavis.server.config import ServerConfig

OPERATOR = {"operator": "Anna & Söhne <e.V.>", "contact": "mailto:anna@example.org"}


@pytest.mark.parametrize(
    "values",
    [
        {"contact": "anna@example.org"},
        {"contact": "mailto:anna@example.org\nPolicy: https://evil.example"},
        {"contact": "http://example.org"},
        {"contact": "javascript:alert(1)"},
        {"contact": ""},
        {"contact": "mailto:a@b", "operator": "Anna\r\nBert"},
        {"contact": "mailto:a@b", "operator": " "},
        {"contact": "mailto:a@b", "operator": "A" * 101},
        {"operator": "Anna"},
    ],
)
def test_a_contact_or_name_that_could_be_something_else_is_refused(
    tmp_path: Path, values: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="CK-432"):
        ServerConfig(data_dir=tmp_path, origin=ORIGIN, **values)


def test_the_operators_options_reach_the_configuration(tmp_path: Path) -> None:
    cert, key = tmp_path / "c", tmp_path / "k"
    ways: Iterator[ServerConfig] = (
        ServerConfig.for_operator(tmp_path, *domain, behind_proxy=proxy, **OPERATOR)
        for domain, proxy in (
            ((), False),
            (("example.org", cert, key), False),
            (("example.org",), True),
        )
    )
    for config in ways:
        assert config.operator == OPERATOR["operator"]
        assert config.contact == OPERATOR["contact"]
        lines = list(announce.lines(config, link="L", relay_problem=None, environment={}))
        assert f"Privacy notice: {config.origin}/privacy" in lines
        assert not any("--contact" in line for line in lines)


def test_a_start_without_a_contact_says_so_once(tmp_path: Path) -> None:
    config = ServerConfig.for_operator(tmp_path)
    lines = list(announce.lines(config, link="L", relay_problem=None, environment={}))
    assert sum("--contact" in line for line in lines) == 1
