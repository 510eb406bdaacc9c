"""The pages beside the API: what is served, to whom nothing is told, and what a page may not do."""

from __future__ import annotations

import asyncio
import base64
import fnmatch
import gzip
import hashlib
import os
import re
from pathlib import Path

import httpx
import pytest
from tests.server.people import ORIGIN, running
from typer.testing import CliRunner

from visavis.cli.main import app
from visavis.core.errors import UsageError
from visavis.server import announce, inventory, web_files, web_headers
from visavis.server.config import BUILT_PAGES, ServerConfig
from visavis.server.relay_setup import relay_settings
from visavis.server.web import HOW_TO_BUILD, Pages
from visavis.testing.certificates import self_signed
from visavis.testing.server import LocalServer, local_server, running_server

ROOT = Path(__file__).resolve().parents[2]
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HTML = b'<!doctype html><script type="module" src="/assets/app-1a2b.js"></script>' * 9
SCRIPT = b"export const answer = 42;\n" * 99

FILES = {
    "index.html": HTML,
    "assets/app-1a2b.js": SCRIPT,
    "assets/style-3c4d.css": b"body { margin: 0 }",
    "assets/opaque-5e6f.wasm": b"\0asm\1\0\0\0",
    "assets/letters-7a8b.woff2": b"wOF2",
    "assets/ring-9c0d.mp3": b"ID3",
    "assets/odd-1e2f.xyz": b"?",
    "icon.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "icon.png": b"\x89PNG",
    "manifest.webmanifest": b"{}",
    "sw.js": b"self.addEventListener('fetch', () => {});",
}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder like those that tools/build_web.sh makes."""
    folder = tmp_path / "dist"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in ("index.html", "assets/app-1a2b.js"):
        # The server does not decode .br, so any shorter bytes will do.
        (folder / f"{name}.br").write_bytes(b"brotli:" + name.encode())
        (folder / f"{name}.gz").write_bytes(gzip.compress(FILES[name]))
    return folder


# ---- what is served ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/assets/app-1a2b.js", "text/javascript; charset=utf-8"),
        ("/assets/style-3c4d.css", "text/css; charset=utf-8"),
        ("/assets/opaque-5e6f.wasm", "application/wasm"),
        ("/assets/letters-7a8b.woff2", "font/woff2"),
        ("/assets/ring-9c0d.mp3", "audio/mpeg"),
        ("/assets/odd-1e2f.xyz", "application/octet-stream"),
        ("/icon.svg", "image/svg+xml"),
        ("/icon.png", "image/png"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/sw.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_files_have_their_bytes_and_types(built: Path, path: str, media_type: str) -> None:
    async with running(built.parent, web_dir=built) as server:
        answer = await server.http.get(path, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        assert answer.content == FILES[path.strip("/") or "index.html"]
        assert answer.headers["content-type"] == media_type
        assert "content-encoding" not in answer.headers


async def test_names_with_a_hash_are_kept_and_others_asked_for_each_time(built: Path) -> None:
    async with running(built.parent, web_dir=built) as server:
        for name in FILES:
            kept = (await server.get(f"/{name}")).headers["cache-control"]
            if name.startswith("assets/"):
                assert kept == "public, max-age=31536000, immutable"
            else:
                assert kept == "no-cache", name
        assert (await server.get("/")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("link", ["/signup", "/i", "/d", "/i/", "/settings/devices", "/a_b-C"])
async def test_links_and_screens_open_the_app(built: Path, link: str) -> None:
    """What stands behind # in a link stays in the browser."""
    async with running(built.parent, web_dir=built) as server:
        answer = await server.http.get(link, headers=PAGE)
        assert (answer.status_code, answer.content) == (200, HTML)
        assert answer.headers["cache-control"] == "no-cache"
        assert (await server.http.head(link, headers=PAGE)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/assets/app-0000.js",
        "/assets/nothing",
        "/favicon.ico",
        "/.well-known/x",
        "/index.html.br",
        "/index.html.gz",
        "/index.html/",
        "//signup",
        "/signup;x",
        "/a%20b",
        "/%C3%A9",
        "/a%0A",
        "/" + "a" * 256,
    ],
)
async def test_what_is_not_there_is_a_problem_as_before(built: Path, path: str) -> None:
    async with running(built.parent, web_dir=built) as server:
        answer = await server.http.get(f"{ORIGIN}{path}", headers=PAGE)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"


async def test_only_who_wants_a_page_gets_one_for_an_unknown_path(built: Path) -> None:
    async with running(built.parent, web_dir=built) as server:
        for accept in ("application/json", "*/*", "image/png"):
            assert (await server.http.get("/screen", headers={"Accept": accept})).status_code == 404
        assert (await server.http.get("/", headers={"Accept": "*/*"})).status_code == 200
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            for path in ("/", "/screen", "/sw.js"):
                answer = await server.http.request(method, path, headers=PAGE)
                assert answer.status_code == 404, (method, path)


async def test_the_api_answers_as_if_there_were_no_pages(built: Path, tmp_path: Path) -> None:
    paths = (
        "/healthz",
        "/v1/server",
        "/v1/openapi.json",
        "/v1/nothing",
        "/v1",
        "/v1/",
        "/healthz/",
    )
    answers = []
    for folder in (built, None):
        async with running(tmp_path / str(folder is None), web_dir=folder) as server:
            answers.append(
                [
                    (answer.status_code, answer.headers, answer.content)
                    for path in paths
                    for answer in (
                        await server.http.get(path, headers=PAGE),
                        await server.http.head(path, headers=PAGE),
                    )
                ]
            )
            assert (await server.sign_up()).handle.startswith("anna.")
    assert answers[0] == answers[1]
    assert [status for status, _, _ in answers[0]][0:1] == [200]
    assert '"/signup' not in answers[0][4][2].decode()  # Paths of pages are no API.


# ---- compression, validators, HEAD -------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.1, gzip;q=0.9", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=1.0", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000 ,gzip ; q=0.5", "gzip"),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("*;q=0", None),
        ("identity", None),
        ("", None),
        (";;,=,q", None),
    ],
)
async def test_compressed_forms_go_to_whoever_takes_them(
    built: Path, accepted: str, coding: str | None
) -> None:
    forms = {
        "br": b"brotli:assets/app-1a2b.js",
        "gzip": gzip.compress(SCRIPT),
        None: SCRIPT,
    }
    async with running(built.parent, web_dir=built) as server:
        request = server.http.build_request("GET", "/assets/app-1a2b.js")
        request.headers["Accept-Encoding"] = accepted
        answer = await server.http.send(request, stream=True)
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        if coding != "gzip":
            assert raw == forms[coding]
        assert gzip.decompress(raw) == SCRIPT if coding == "gzip" else True
        assert int(answer.headers["content-length"]) == len(raw)
        await answer.aclose()


async def test_a_form_that_saves_nothing_is_not_used(built: Path) -> None:
    (built / "sw.js.br").write_bytes(FILES["sw.js"] + b"longer")
    pages = Pages.read(built, https=False)
    assert pages is not None
    _, headers, body = pages.answer("/sw.js", {b"accept-encoding": b"br"})
    assert body == FILES["sw.js"]
    assert b"vary" not in dict(headers)


async def test_each_form_has_a_strong_validator_of_its_own(built: Path) -> None:
    async with running(built.parent, web_dir=built) as server:
        tags = {}
        for accepted in ("identity", "gzip"):
            answer = await server.http.get("/", headers={"Accept-Encoding": accepted})
            tags[accepted] = answer.headers["etag"]
            assert re.fullmatch(r'"[\w-]{22}"', answer.headers["etag"])
            for header in (
                answer.headers["etag"],
                f'"other", {answer.headers["etag"]}',
                f"W/{answer.headers['etag']}",
                "*",
            ):
                again = await server.http.get(
                    "/", headers={"Accept-Encoding": accepted, "If-None-Match": header}
                )
                assert (again.status_code, again.content) == (304, b""), header
                assert again.headers["etag"] == answer.headers["etag"]
                assert again.headers["cache-control"] == "no-cache"
                assert again.headers["vary"] == "accept-encoding"
                assert "content-length" not in again.headers
                assert (
                    again.headers["content-security-policy"]
                    == answer.headers["content-security-policy"]
                )
        assert tags["identity"] != tags["gzip"]
        # A form that the browser has does not stand for the one it would get.
        answer = await server.http.get(
            "/", headers={"Accept-Encoding": "gzip", "If-None-Match": tags["identity"]}
        )
        assert answer.status_code == 200


async def test_a_validator_says_nothing_about_who_asks(built: Path) -> None:
    """A tag made for one browser would be a cookie: it is a hash of the file, for everybody."""
    seen = set()
    for folder in ("one", "two"):
        async with running(built.parent / folder, web_dir=built) as server:
            for agent in ("a", "b"):
                answer = await server.http.get(
                    "/", headers={"User-Agent": agent, "Accept-Encoding": "identity"}
                )
                seen.add((answer.headers["etag"], tuple(answer.headers.items())))
    assert len(seen) == 1
    digest = hashlib.sha256(HTML).digest()[:16]
    assert seen.pop()[0] == f'"{base64.urlsafe_b64encode(digest).decode().rstrip("=")}"'


# ---- what a page may not do --------------------------------------------------------------------


def directives(answer: httpx.Response) -> dict[str, str]:
    parts = answer.headers["content-security-policy"].split("; ")
    return dict(part.partition(" ")[::2] for part in parts)


async def test_a_page_loads_and_runs_only_what_came_with_it(built: Path) -> None:
    """R-62, R-97"""
    async with running(built.parent, web_dir=built) as server:
        for path in ("/", "/signup", "/assets/app-1a2b.js", "/sw.js", "/icon.svg"):
            answer = await server.http.get(path, headers=PAGE)
            policy = directives(answer)
            styles = policy.pop("style-src").split()
            assert styles[0] == "'self'"
            assert all(re.fullmatch(r"'sha256-[\w+/]{43}='", one) for one in styles[1:])
            assert policy == {
                "default-src": "'none'",
                "script-src": "'self' 'wasm-unsafe-eval'",
                "img-src": "'self' blob: data:",
                "media-src": "'self' blob: mediastream:",
                "connect-src": "'self'",
                "worker-src": "'self'",
                "manifest-src": "'self'",
                "font-src": "'self'",
                "form-action": "'none'",
                "base-uri": "'none'",
                "frame-ancestors": "'none'",
                "require-trusted-types-for": "'script'",
                "trusted-types": "visavis",
            }, path
            for name, value in {
                "cross-origin-embedder-policy": "require-corp",
                "cross-origin-resource-policy": "same-origin",
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
            }.items():
                assert answer.headers.get_list(name) == [value], path
            page = answer.headers["content-type"].startswith("text/html")
            assert answer.headers.get("cross-origin-opener-policy") == (
                "same-origin" if page else None
            )
            assert ("permissions-policy" in answer.headers) is page


async def test_a_page_may_use_what_a_call_needs_and_nothing_else(built: Path) -> None:
    async with running(built.parent, web_dir=built) as server:
        policy = (await server.get("/")).headers["permissions-policy"]
    features = dict(one.split("=") for one in policy.split(", "))
    assert {name for name, allowed in features.items() if allowed == "(self)"} == {
        "camera",
        "microphone",
        "display-capture",
        "fullscreen",
        "picture-in-picture",
        "screen-wake-lock",
        "publickey-credentials-get",
        "publickey-credentials-create",
    }
    assert set(features.values()) == {"(self)", "()"}
    for off in ("geolocation", "usb", "payment", "midi", "clipboard-read", "browsing-topics"):
        assert features[off] == "()"
    # Off by mistake, these would silence the ring, or end the isolation that COOP and COEP give.
    assert not {"autoplay", "cross-origin-isolated", "clipboard-write"} & features.keys()


@pytest.mark.parametrize("https", [True, False])
def test_only_https_is_remembered_as_https(built: Path, *, https: bool) -> None:
    pages = Pages.read(built, https=https)
    assert pages is not None
    for path in ("/", "/assets/app-1a2b.js"):
        headers = dict(pages.answer(path, {})[1])
        assert headers.get(b"strict-transport-security") == (b"max-age=31536000" if https else None)


STYLE = re.compile(r"style\.textContent = `(.*?)`\.trim\(\)", re.DOTALL)


@pytest.mark.skipif(
    not (ROOT / "web" / "node_modules" / "react-aria").is_dir(), reason="npm packages are not there"
)
def test_the_styles_that_a_library_inserts_are_the_ones_allowed() -> None:
    library = ROOT / "web" / "node_modules" / "react-aria" / "dist" / "private"
    hashes = set()
    for path in library.rglob("*.mjs"):
        source = path.read_text(encoding="utf-8")
        assert source.count("createElement('style')") == len(STYLE.findall(source)), path
        for text in STYLE.findall(source):
            whole = re.sub(
                r"\$\{(\$[\w$]+)\}",
                lambda name: re.search(re.escape(name[1]) + r" = '([^']+)'", source)[1],  # type: ignore[index] # noqa: B023
                text,
            ).strip()
            digest = hashlib.sha256(whole.encode()).digest()
            hashes.add(f"'sha256-{base64.b64encode(digest).decode()}'")
    assert hashes == set(web_headers.LIBRARY_STYLES)


# ---- without a build ---------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [None, "missing", "empty", "a file"])
async def test_without_a_build_there_is_no_page(tmp_path: Path, folder: str | None) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "app.js").write_bytes(b"1")
    (tmp_path / "a file").write_bytes(HTML)
    where = None if folder is None else tmp_path / folder
    async with running(tmp_path, web_dir=where) as server:
        assert server.app.pages is None
        answer = await server.http.get("/", headers=PAGE)
        assert (answer.status_code, answer.content) == (404, HOW_TO_BUILD)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert "content-security-policy" in answer.headers
        for path in ("/signup", "/index.html", "/app.js"):
            assert (await server.http.get(path, headers=PAGE)).headers["content-type"] == (
                "application/problem+json"
            )
        assert (await server.get("/healthz")).status_code == 200
    assert re.search(rb"make (\w+)", HOW_TO_BUILD)[1].decode() in (ROOT / "Makefile").read_text()  # type: ignore[index]


def test_an_operator_gets_the_pages_of_the_checkout(tmp_path: Path) -> None:
    assert BUILT_PAGES == ROOT / "web" / "dist"
    cert, key = tmp_path / "c", tmp_path / "k"
    for config in (
        ServerConfig.for_operator(tmp_path),
        ServerConfig.for_operator(tmp_path, "example.org", cert, key),
        ServerConfig.for_operator(tmp_path, "example.org", behind_proxy=True),
    ):
        assert config.web_dir == BUILT_PAGES


def test_a_folder_named_by_mistake_is_refused(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-521"""
    size = sum(path.stat().st_size for path in built.rglob("*") if path.is_file())
    monkeypatch.setattr(web_files, "MAX_BYTES", size)
    assert Pages.read(built, https=False) is not None
    monkeypatch.setattr(web_files, "MAX_BYTES", size - 1)
    with pytest.raises(UsageError, match="CK-521"):
        Pages.read(built, https=False)


# ---- out of the folder -------------------------------------------------------------------------


async def raw(server: LocalServer, target: bytes, method: bytes = b"GET") -> bytes:
    """Ask for a target exactly as spelt; clients tidy paths up before they send them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.served.config.port)
    writer.write(
        method + b" " + target + b" HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n"
        b"Connection: close\r\n\r\n"
    )
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


SECRET = b"root:x:0:0"


async def test_no_spelling_of_a_path_leaves_the_folder(built: Path, tmp_path: Path) -> None:
    """CK-520"""
    for folder in (tmp_path, built.parent.parent):
        (folder / "secret.txt").write_bytes(SECRET)
    (built / ".hidden").write_bytes(SECRET)
    (built / ".vite").mkdir()
    (built / ".vite" / "manifest.json").write_bytes(SECRET)
    (built / "linked.txt").symlink_to(tmp_path / "secret.txt")
    (built / "linked").symlink_to(tmp_path, target_is_directory=True)
    (built / "assets" / "inside.js").symlink_to(built / "sw.js")
    os.mkfifo(built / "pipe.txt")
    (built / "plain.txt").write_bytes(b"plain")
    async with local_server(tmp_path, web_dir=built) as server:
        assert b"plain" in await raw(server, b"/plain.txt"), "the control"
        for target in (
            b"/../secret.txt",
            b"/assets/../../secret.txt",
            b"/%2e%2e/secret.txt",
            b"/%2E%2E%2fsecret.txt",
            b"/..%2fsecret.txt",
            b"/..%5csecret.txt",
            b"/..\\secret.txt",
            b"/%252e%252e/secret.txt",
            b"/assets/%2e%2e/%2e%2e/secret.txt",
            b"/....//secret.txt",
            b"//secret.txt",
            b"/./../secret.txt",
            b"/%00/../secret.txt",
            b"/plain.txt%00.js",
            b"/plain.txt/",
            b"/assets%2f..%2fplain.txt",
            bytes(tmp_path / "secret.txt"),
            b"/" + bytes(tmp_path / "secret.txt"),
            b"file:///etc/passwd",
            b"http://x/../secret.txt",
            b"/linked.txt",
            b"/linked/secret.txt",
            b"/assets/inside.js",
            b"/pipe.txt",
            b"/.hidden",
            b"/.vite/manifest.json",
        ):
            answer = await raw(server, target)
            assert SECRET not in answer, target
            assert answer.split()[1] in {b"404", b"400"}, (target, answer)
        # The query is the app's business, and nobody else's.
        assert HTML in await raw(server, b"/signup?next=/../secret.txt")


# ---- on the wire -------------------------------------------------------------------------------


async def test_head_is_get_without_the_body(built: Path, tmp_path: Path) -> None:
    async with local_server(tmp_path, web_dir=built) as server:
        for target in (b"/", b"/assets/app-1a2b.js", b"/signup"):
            got, headed = await raw(server, target), await raw(server, target, b"HEAD")
            head, _, body = got.partition(b"\r\n\r\n")
            assert headed == head + b"\r\n\r\n"
            assert f"content-length: {len(body)}".encode() in head


async def test_unchanged_is_a_head_and_nothing_more(built: Path, tmp_path: Path) -> None:
    async with local_server(tmp_path, web_dir=built) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.served.config.port)
        request = b"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n"
        writer.write(request + request.replace(b"If-None", b"Connection: close\r\nIf-None"))
        async with asyncio.timeout(5):
            heads = (await reader.read()).split(b"\r\n\r\n")
        writer.close()
        assert [head.split()[1] for head in heads[:-1]] == [b"304", b"304"], heads
        assert heads[-1] == b""
        assert b"chunked" not in heads[0]


async def test_nothing_is_told_about_server_time_or_person(built: Path, tmp_path: Path) -> None:
    async with local_server(tmp_path, web_dir=built) as server, httpx.AsyncClient() as client:
        for path in ("/", "/signup", "/assets/app-1a2b.js", "/nothing.js"):
            answer = await client.get(f"{server.origin}{path}", headers=PAGE)
            for name in ("date", "server", "set-cookie", "last-modified", "report-to", "nel"):
                assert name not in answer.headers
            assert "report-" not in answer.headers.get("content-security-policy", "")


async def test_nothing_is_kept_about_who_looked_at_what(built: Path) -> None:
    """R-61, R-75: no file, no row, no line that was not there before."""
    async with running(built.parent, web_dir=built) as server:
        data = server.services.config.data_dir

        def kept() -> dict[str, bytes]:
            return {
                str(f.relative_to(data)): f.read_bytes() for f in data.rglob("*") if f.is_file()
            }

        before, written = kept(), server.log.getvalue()
        for path in (*FILES, "signup", "canary-path", "canary.js"):
            await server.http.get(
                f"/{path}",
                headers=PAGE | {"User-Agent": "canary-agent", "If-None-Match": '"canary-tag"'},
            )
        assert kept() == before
        assert server.log.getvalue() == written
        patterns = server.services.inventory.files
        assert [n for n in before if not any(fnmatch.fnmatch(n, p) for p in patterns)] == []


async def test_every_header_of_a_page_is_listed(built: Path) -> None:
    """R-61, CK-423"""
    listed = inventory.load().headers
    sent: set[str] = set()
    for https in (True, False):
        pages = Pages.read(built, https=https)
        assert pages is not None
        for path in FILES:
            for asked in ({}, {b"accept-encoding": b"br"}, {b"if-none-match": b"*"}):
                sent |= {name.decode() for name, _ in pages.answer(f"/{path}", asked)[1]}
    assert len(sent) >= 12
    assert sent <= listed["response"]
    source = (ROOT / "src" / "visavis" / "server" / "web.py").read_text(encoding="utf-8")
    read = set(re.findall(r'headers\.get\(b"([\w-]+)"', source))
    assert len(read) == 3
    assert read <= listed["request"]


async def test_a_server_in_a_process_of_its_own_serves_pages(built: Path, tmp_path: Path) -> None:
    async with running_server(tmp_path, web_dir=built) as server, httpx.AsyncClient() as client:
        assert (await client.get(f"{server.origin}/signup", headers=PAGE)).content == HTML


async def test_pages_over_tls(built: Path, tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    async with local_server(tmp_path, web_dir=built, tls_cert=cert, tls_key=key) as server:
        import ssl

        context = ssl.create_default_context(cafile=str(cert))
        async with httpx.AsyncClient(verify=context) as client:
            answer = await client.get(f"{server.origin}/signup", headers=PAGE)
            assert (answer.status_code, answer.content[:15]) == (200, HTML[:15])
            assert answer.headers["strict-transport-security"] == "max-age=31536000"


# ---- behind a proxy ----------------------------------------------------------------------------


def test_behind_a_proxy_only_loopback_is_served(tmp_path: Path) -> None:
    """CK-404"""
    config = ServerConfig.for_operator(tmp_path, "calls.example.org", behind_proxy=True)
    assert (config.origin, config.host, config.port) == (
        "https://calls.example.org",
        "127.0.0.1",
        8420,
    )
    assert config.behind_proxy
    cert, key = tmp_path / "c", tmp_path / "k"
    assert not ServerConfig.for_operator(tmp_path, "calls.example.org", cert, key).behind_proxy
    assert not ServerConfig.for_operator(tmp_path).behind_proxy
    for wrong in ((None, None, None), ("calls.example.org", cert, key)):
        with pytest.raises(UsageError, match="--behind-proxy"):
            ServerConfig.for_operator(tmp_path, *wrong, behind_proxy=True)


def test_an_operator_can_say_that_there_is_a_proxy() -> None:
    shown = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).output
    assert "--behind-proxy" in shown
    assert "--behind-proxy" in (ROOT / "docs" / "operate" / "behind-a-proxy.md").read_text()


async def test_behind_a_proxy_pages_are_pages_of_a_server_with_tls(
    built: Path, tmp_path: Path
) -> None:
    origin = "https://calls.example.org"
    async with local_server(tmp_path, web_dir=built, domain="calls.example.org", origin=origin) as (
        server
    ):
        assert b"strict-transport-security: max-age=31536000" in await raw(server, b"/signup")
        assert server.signup_link().startswith("https://calls.example.org")
        lines = list(
            announce.lines(
                server.served.config, link="LINK", relay_problem=None, pages=True, environment={}
            )
        )
        assert "Open it in a browser" in "".join(lines)
        config = ServerConfig.for_operator(tmp_path, "calls.example.org", behind_proxy=True)
        assert [port.split()[:2] for port in announce.open_ports(config)] == [
            ["TCP", "443"],
            ["UDP", "3478"],
            ["TCP", "3478"],
            ["UDP", "49152-49999"],
            ["UDP", "50000-50999"],
        ]
        assert relay_settings(config).listen_ips == (), "the relay is not behind the proxy"


async def test_what_a_proxy_says_about_itself_changes_nothing(built: Path) -> None:
    """Origin and safety come from the configuration, so nobody can talk the server out of them."""
    async with running(built.parent, web_dir=built) as server:
        plain = await server.http.get("/", headers=PAGE)
        claimed = await server.http.get(
            "/",
            headers=PAGE
            | {
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "evil.example",
                "X-Forwarded-For": "198.51.100.1",
                "Forwarded": "proto=https;host=evil.example",
                "Host": "evil.example",
            },
        )
        assert (claimed.headers, claimed.content) == (plain.headers, plain.content)
