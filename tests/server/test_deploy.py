"""The systemd unit says what the documents promise, and calls a command that exists."""

import re
from pathlib import Path

from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "visavis.service"


def values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_unit_is_locked_down() -> None:
    for name in (
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "ProtectKernelTunables",
        "ProtectControlGroups",
        "RestrictNamespaces",
        "RestrictSUIDSGID",
        "LockPersonality",
        "MemoryDenyWriteExecute",
    ):
        assert values(name) == ["yes"], name
    assert values("ProtectSystem") == ["strict"]
    assert values("CapabilityBoundingSet") == ["CAP_NET_BIND_SERVICE"]
    assert values("LimitCORE") == ["0"]
    assert values("UMask") == ["0077"]
    assert values("User") == ["visavis"]


def test_the_options_it_names_exist() -> None:
    from visavis.cli.main import app

    text = UNIT.read_text(encoding="utf-8") + (ROOT / "docs/operate/install.md").read_text()
    options = set(re.findall(r"(?<![\w-])--(domain|cert|key|external-ip|data)\b", text))
    assert options == {"domain", "cert", "key", "external-ip", "data"}
    shown = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).output
    for option in options:
        assert f"--{option}" in shown
    assert "VISAVIS_DATA" in shown, "the unit sets it"


def test_the_journal_keeps_one_week() -> None:
    """As `retention.log` in privacy/inventory.toml says."""
    assert values("LogNamespace") == ["visavis"]
    journal = (ROOT / "deploy" / "journald@visavis.conf").read_text(encoding="utf-8")
    assert "MaxRetentionSec=1week" in journal
