"""R-16, R-21: the server's code has nothing that could open what people seal or play what they say.

By imports, through every module that it reaches; that
its memory and disk hold no key is in tests/scenario/test_requirements_keys.py and tests/privacy.
"""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"

OPENS = ("visavis.core.mls", "visavis.core.sframe", "visavis.core.frame_keys",
         "visavis.core.content", "visavis.core.identity", "visavis.core.device_list",
         "visavis.core.credential", "visavis.core.keywrap",
         "visavis.core.recovery", "visavis.core.sas", "visavis.sdk", "visavis.testing",
         "av", "aiortc", "aioice")  # fmt: skip
"""What has keys of people, or decodes media."""

WORDS = {"open_envelope", "unwrap", "decrypt_frame", "CodecContext"}


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def file_of(module: str) -> Path | None:
    base = SOURCE.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def names_in(path: Path) -> tuple[set[str], set[str]]:
    """Return the modules that a file imports, wherever in it, and the names it takes from them."""
    modules, names = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(node.module or "")
            for alias in node.names:
                names.add(alias.name)
                if file_of(f"{node.module}.{alias.name}"):
                    modules.add(f"{node.module}.{alias.name}")
    return modules, names


def reached(*starts: str) -> tuple[set[str], set[str]]:
    """Return every module reached from packages by imports, and every name imported there."""
    waiting = [
        module_of(path)
        for start in starts
        for path in SOURCE.joinpath(*start.split(".")).rglob("*.py")
    ]
    modules: set[str] = set()
    names: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in modules:
            continue
        modules.add(module)
        path = file_of(module)
        if path is not None:
            further, taken = names_in(path)
            names |= taken
            waiting += further
    return modules, names


def that_open(modules: set[str]) -> set[str]:
    return {m for m in modules for bad in OPENS if m == bad or m.startswith(f"{bad}.")}


def test_the_server_cannot_open_decrypt_or_decode() -> None:
    modules, names = reached("visavis.server", "visavis.store", "visavis.ports")
    assert {"visavis.core.envelope", "visavis.media.coturn"} <= modules
    assert that_open(modules) == set()
    assert names & WORDS == set()


def test_the_control_clients_can() -> None:
    modules, names = reached("visavis.sdk")
    assert {"visavis.core.mls", "visavis.core.frame_keys", "aiortc", "av"} <= that_open(modules)
    assert {"open_envelope", "unwrap"} <= names
