"""The set-up works in a fresh clone with nothing but /usr/bin:/bin on the PATH."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BARE_PATH = "/usr/bin:/bin"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what git tracks, as a stranger's clone would have it."""
    target = tmp_path_factory.mktemp("stranger") / "visavis"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VIRTUAL_ENV", "PYTHON"))}
    return {**kept, "PATH": BARE_PATH, **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def page(port: int, path: str) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Accept": "text/html"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def built(clone: Path) -> dict[str, bytes]:
    dist = clone / "web" / "dist"
    return {str(f.relative_to(dist)): f.read_bytes() for f in dist.rglob("*") if f.is_file()}


def build(clone: Path, *arguments: str) -> None:
    elsewhere = environment(TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    subprocess.run(["tools/build_web.sh", *arguments], cwd=clone, check=True, env=elsewhere)


def assert_the_same_sources_give_the_same_pages(clone: Path) -> None:
    """Nothing of time or machine gets into a build, and no build is made needlessly."""
    before = built(clone)
    for end in (".html", ".js", ".js.br", ".js.gz"):
        assert any(name.endswith(end) for name in before), end
    build(clone)
    assert built(clone) == before
    mark = clone / "web" / "dist" / "mark"
    mark.touch()
    build(clone, "--if-needed")
    assert mark.exists(), "there is a build of these sources"
    with (clone / "web" / "index.html").open("a", encoding="utf-8") as changed:
        changed.write("<!-- changed -->")
    build(clone, "--if-needed")
    assert not mark.exists(), "the control: other sources are built"


def assert_what_only_tests_need_changes_no_page(clone: Path) -> None:
    """`make run` installs what builds the pages and no more; all packages give the same pages."""
    packages, before = clone / "web" / "node_modules", built(clone)
    assert (packages / "vite").is_dir()
    assert not (packages / "vitest").exists()
    assert (packages / ".setup").read_text(encoding="utf-8").startswith("run ")
    everything = ["tools/node.sh", "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(everything, cwd=clone, check=True, env=environment(), capture_output=True)
    assert (packages / "vitest").is_dir(), "the control: now they are all there"
    build(clone)
    assert built(clone) == before


@pytest.mark.long
def test_make_run_in_a_fresh_clone(clone: Path, tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "run.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=clone,
            env=environment(
                VISAVIS_DATA=str(tmp_path / "data"),
                VISAVIS_BIN=str(tmp_path / "bin"),
                VISAVIS_PORT=str(port),
            ),
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 150
        while True:
            said = log.read_text(encoding="utf-8")
            link = re.search(rf"http://(?:localhost|127\.0\.0\.1):{port}/signup#\S+", said)
            if link:
                break
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        assert (clone / "web" / "dist" / "index.html").is_file()
        script = re.search(r'src="(/assets/[\w.-]+\.js)"', page(port, "/signup"))
        assert script, "the printed link opens the pages that were built"
        assert page(port, script[1])
        linked = tmp_path / "bin" / "visavis"
        assert linked.resolve() == clone / ".venv" / "bin" / "visavis"
        shown = subprocess.run(
            [linked, "--version"], capture_output=True, text=True, check=True, env=environment()
        ).stdout
        assert shown.startswith("visavis ")
        assert re.search(r"visavis .*signup ", said), "the next command to type is printed"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
    assert_what_only_tests_need_changes_no_page(clone)
    assert_the_same_sources_give_the_same_pages(clone)
