"""The configuration Janus is given: one plugin, one private socket, no log, no other way in.

Closed: Janus speaks WebSocket on a Unix socket in a folder that only this user may enter, and on
nothing else; HTTP, the admin interface, event handlers, loggers and every plugin but VideoRoom are
not loaded, so what records, plays or dials does not exist in the process (CK-820). Whoever got to
the socket all the same would need the secret of this start. From outside it is reached on the UDP
ports of media alone.

Quiet: it writes no log (CK-822). It knows the addresses of those who send to it, in memory, as
every server must that answers them.

Source: the manual pages and sample files of Debian's janus 1.1.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from visavis.core.errors import UsageError

_Values: TypeAlias = dict[str, str | int | bool]

VIDEOROOM: Final = "janus.plugin.videoroom"

SESSION_TIMEOUT_S: Final = 30
"""Seconds without a word from us after which Janus drops all rooms. Lower ends the calls of a
server that stalls, higher keeps ports and members of one that is gone."""

NO_MEDIA_S: Final = 1
"""Seconds without a packet on a stream until Janus says so; the least it knows. A browser that was
killed is noticed by nothing else in Janus for a minute."""

PLUGIN: Final = "libjanus_videoroom.so"
TRANSPORT: Final = "libjanus_websockets.so"


@dataclass(frozen=True, slots=True, kw_only=True)
class SfuSettings:
    """How the SFU runs.

    Attributes:
        ip: The machine's IPv4 address that media is received on and sent from. Not loopback: Janus
            takes no candidates there.
        external_ip: Public address that stands for `ip`, if the machine is behind NAT.
        min_port: First UDP port of media.
        max_port: Last UDP port of media; each member takes two.
    """

    ip: str
    external_ip: str | None = None
    min_port: int
    max_port: int

    def addresses(self) -> frozenset[str]:
        """Return every address that an answer of the SFU may name (CK-818)."""
        return frozenset({self.ip, self.external_ip or self.ip})


@dataclass(frozen=True, slots=True)
class Modules:
    """Where Debian keeps what Janus loads, and what there is.

    Attributes:
        folder: Holds `plugins`, `transports`, `events` and `loggers`.
        found: File names by kind.
    """

    folder: Path
    found: Mapping[str, tuple[str, ...]]

    @classmethod
    def look(cls, folder: Path) -> Modules:
        """Return what is installed."""
        kinds = ("plugins", "transports", "events", "loggers")
        found = {
            kind: tuple(sorted(path.name for path in (folder / kind).glob("*.so")))
            for kind in kinds
        }
        return cls(folder, found)

    def complete(self) -> bool:
        """Return whether what we need is there."""
        return PLUGIN in self.found["plugins"] and TRANSPORT in self.found["transports"]

    def others(self, kind: str) -> str:
        """Return all of a kind that must not be loaded, as Janus wants them listed."""
        return ",".join(name for name in self.found[kind] if name not in {PLUGIN, TRANSPORT})


@dataclass(frozen=True, slots=True)
class Secrets:
    """Fresh for each start of the child; letters and digits.

    Attributes:
        api: Every request to Janus carries it.
        room: Making a room takes it.
    """

    api: str
    room: str

    def __repr__(self) -> str:
        return "Secrets(~)"


def render(
    settings: SfuSettings, modules: Modules, secrets: Secrets, *, folder: Path, socket: Path
) -> dict[str, str]:
    """Return the files of the configuration, by name.

    Args:
        settings: How the SFU runs.
        modules: What is installed.
        secrets: Of this start.
        folder: Where the files will lie.
        socket: Where Janus shall listen.

    Raises:
        UsageError: A value would break out of its quotes.
    """
    nat: _Values = {
        "nice_debug": False,
        # Its own candidates stand in its answers; nothing comes after them.
        "full_trickle": False,
        "ice_lite": False,
        "ice_tcp": False,
        "ice_enforce_list": settings.ip,
        "ignore_mdns": True,
    }
    if settings.external_ip is not None and settings.external_ip != settings.ip:
        nat["nat_1_1_mapping"] = settings.external_ip
    core: dict[str, _Values] = {
        "general": {
            "configs_folder": str(folder),
            **{f"{kind}_folder": str(modules.folder / kind) for kind in modules.found},
            # Nothing is written anywhere (CK-822).
            "log_to_stdout": False,
            "debug_level": 0,
            "debug_colors": False,
            "daemonize": False,
            "api_secret": secrets.api,
            "session_timeout": SESSION_TIMEOUT_S,
            # Our connection ends: everything of ours ends, at once.
            "reclaim_session_timeout": 0,
            "hide_dependencies": True,
            "server_name": "sfu",
        },
        "media": {
            "ipv6": False,
            "rtp_port_range": f"{settings.min_port}-{settings.max_port}",
            "no_media_timer": NO_MEDIA_S,
        },
        "nat": nat,
        "plugins": {"disable": modules.others("plugins")},
        "transports": {"disable": modules.others("transports")},
        "loggers": {"disable": modules.others("loggers")},
        "events": {"broadcast": False, "disable": modules.others("events")},
    }
    websockets: dict[str, _Values] = {
        "general": {
            "events": False,
            "json": "plain",
            "ws": True,
            "ws_unix": str(socket),
            "wss": False,
            "ws_logging": "none",
        },
        "admin": {"admin_ws": False, "admin_wss": False},
    }
    room: dict[str, _Values] = {
        "general": {
            "admin_key": secrets.room,
            "lock_rtp_forward": True,
            "events": False,
            "string_ids": True,
        }
    }
    return {
        "janus.jcfg": _text(core),
        "janus.transport.websockets.jcfg": _text(websockets),
        f"{VIDEOROOM}.jcfg": _text(room),
    }


def _text(sections: Mapping[str, _Values]) -> str:
    return "".join(
        f"{name}: {{\n{''.join(_lines(values.items()))}}}\n" for name, values in sections.items()
    )


def _lines(values: Iterable[tuple[str, str | int | bool]]) -> Iterator[str]:
    for name, value in values:
        match value:
            case bool():
                yield f"  {name} = {'true' if value else 'false'}\n"
            case int():
                yield f"  {name} = {value}\n"
            case str():
                if not value.isprintable() or set(value) & set('"\\'):
                    raise UsageError("an SFU setting contains a quote or a line break")
                yield f'  {name} = "{value}"\n'
