"""What Janus is told: one plugin, one socket, no log; and that a setting cannot say more."""

from __future__ import annotations

from pathlib import Path

import pytest

from visavis.core.errors import UsageError
from visavis.media.janus_config import Modules, Secrets, SfuSettings, render

FOUND = {
    "plugins": ("libjanus_recordplay.so", "libjanus_sip.so", "libjanus_videoroom.so"),
    "transports": ("libjanus_http.so", "libjanus_pfunix.so", "libjanus_websockets.so"),
    "events": ("libjanus_wsevh.so",),
    "loggers": ("libjanus_jsonlog.so",),
}
MODULES = Modules(Path("/usr/lib/janus"), FOUND)
SECRETS = Secrets("a" * 64, "b" * 64)
FOLDER = Path("/run/visavis-sfu")


def files(**changes: object) -> dict[str, str]:
    values: dict[str, object] = {"ip": "10.1.2.3", "min_port": 50_000, "max_port": 50_999}
    settings = SfuSettings(**values | changes)  # type: ignore[arg-type]
    return render(settings, MODULES, SECRETS, folder=FOLDER, socket=FOLDER / "socket")


def test_everything_but_one_plugin_and_one_transport_is_off() -> None:
    """CK-820"""
    core = files()["janus.jcfg"]
    assert 'disable = "libjanus_recordplay.so,libjanus_sip.so"' in core
    assert 'disable = "libjanus_http.so,libjanus_pfunix.so"' in core
    assert 'disable = "libjanus_wsevh.so"' in core
    assert 'disable = "libjanus_jsonlog.so"' in core
    assert "broadcast = false" in core
    sockets = files()["janus.transport.websockets.jcfg"]
    assert 'ws_unix = "/run/visavis-sfu/socket"' in sockets
    assert "admin_ws = false" in sockets
    assert "wss = false" in sockets
    assert "port" not in sockets
    assert f'api_secret = "{"a" * 64}"' in core


def test_it_writes_nothing_and_notices_silence() -> None:
    """CK-822"""
    core = files()["janus.jcfg"]
    assert "log_to_stdout = false" in core
    assert "debug_level = 0" in core
    assert "log_to_file" not in core
    assert "no_media_timer = 1" in core


def test_rooms_take_a_key_and_ids_are_text() -> None:
    room = files()["janus.plugin.videoroom.jcfg"]
    assert f'admin_key = "{"b" * 64}"' in room
    assert "string_ids = true" in room
    assert "room-" not in room, "no room stands in the configuration"


def test_ports_and_addresses_are_the_settings() -> None:
    core = files(min_port=40_000, max_port=40_010, external_ip="203.0.113.9")["janus.jcfg"]
    assert 'rtp_port_range = "40000-40010"' in core
    assert 'ice_enforce_list = "10.1.2.3"' in core
    assert 'nat_1_1_mapping = "203.0.113.9"' in core
    assert "nat_1_1_mapping" not in files()["janus.jcfg"]
    settings = SfuSettings(ip="10.1.2.3", external_ip="203.0.113.9", min_port=1, max_port=2)
    assert settings.addresses() == {"10.1.2.3", "203.0.113.9"}


@pytest.mark.parametrize("bad", ['1.2.3.4"', "1.2.3.4\nadmin", "1.2.3.4\\"])
def test_a_setting_cannot_break_out_of_its_line(bad: str) -> None:
    with pytest.raises(UsageError):
        files(ip=bad)


def test_what_is_missing_is_noticed(tmp_path: Path) -> None:
    assert not Modules.look(tmp_path).complete()
    for kind, name in (("plugins", "videoroom"), ("transports", "websockets")):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"libjanus_{name}.so").touch()
    assert Modules.look(tmp_path).complete()


def test_secrets_print_nothing() -> None:
    assert "aaa" not in repr(SECRETS)
