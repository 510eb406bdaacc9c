"""The pages about privacy, as a browser without a script gets them (R-57, R-58, R-69, R-84)."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.server.people import running

from visavis.server import inventory, web_headers
from visavis.server.privacy import style, wording
from visavis.server.privacy.document import Html, fill, tag
from visavis.server.privacy.facts import Facts
from visavis.server.privacy.pages import details, short
from visavis.testing.readability import count

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LANGUAGES = wording.LANGUAGES
PLACES = [
    "/privacy",
    "/privacy/recipients",
    "/privacy/record",
    *(
        f"/privacy/{one}{end}"
        for one in LANGUAGES
        for end in ("", "/details", "/recipients", "/record")
    ),
]
OPERATOR = {"operator": "Anna & Söhne <e.V.>", "contact": "mailto:anna@example.org"}
APP = "<p>the built app</p>"
PUSH = {"push_services": ("push.example.org",)}


class Outline(HTMLParser):
    """What a page is made of: tags with their attributes, text by tag, links."""

    VOID = frozenset({"meta", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.feed(html.replace("<wbr>", ""))  # where a name breaks is not what it says
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.words.append((self.open[-1], data))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]

    @property
    def text(self) -> str:
        return " ".join(data for tag, data in self.words if tag != "style")


@pytest.fixture
def facts() -> Facts:
    listed = inventory.load()
    return Facts(
        inventory=listed,
        words=wording.load(listed),
        origin="https://calls.example.org",
        operator=None,
        contact=None,
        hosts=(),
        today=20_000,
        receipt_key=bytes(32),
    )


# ---- as served -----------------------------------------------------------------------------------


async def test_every_page_is_whole_html_in_its_language(tmp_path: Path) -> None:
    async with running(tmp_path, **OPERATOR, **PUSH) as server:
        for place in PLACES:
            answer = await server.http.get(place, headers=PAGE)
            assert answer.status_code == 200, place
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.text.startswith("<!doctype html>")
            page = Outline(answer.text)
            assert page.open == [], "every element ends"
            part = place.split("/")[2:3]
            language = part[0] if part and part[0] in LANGUAGES else "en"
            assert page.all("html") == [{"lang": language}]
            headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
            assert headings.count(1) == 1
            assert headings[0] == 1
            assert set(headings) <= {1, 2}
            assert len(page.all("main")) == len(page.all("header")) == len(page.all("footer")) == 1
            assert len(page.all("table")) == len(page.all("caption"))
            assert {head["scope"] for head in page.all("th")} <= {"col", "row"}
            labels = [nav.get("aria-label") for nav in page.all("nav")]
            assert all(labels)
            assert len(set(labels)) == len(labels), "two groups of links have one name"


async def test_a_page_runs_loads_and_sends_nothing(tmp_path: Path) -> None:
    """R-62: no script, and nothing but its own icon; the policy would not allow more."""
    async with running(tmp_path, **OPERATOR) as server:
        for place in PLACES:
            answer = await server.http.get(place, headers=PAGE)
            page = Outline(answer.text)
            names = {tag for tag, _ in page.tags}
            assert not names & {"script", "img", "iframe", "form", "input", "object", "base"}
            assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
            assert [one["href"] for one in page.all("link")] == ["/icon.svg"]
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src" not in policy
            assert f"style-src {style.SOURCE};" in policy
            assert "frame-ancestors 'none'" in policy
            inside = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)
            assert inside is not None
            assert inside[1] == style.CSS, "the style is the one whose hash is allowed"
            assert "@import" not in style.CSS
            assert "url(" not in style.CSS


async def test_headers_are_listed_once_and_tell_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, **OPERATOR) as server:
        listed = server.services.inventory.headers["response"]
        for place in (*PLACES, "/.well-known/privacy.json", "/.well-known/security.txt"):
            answer = await server.http.get(place, headers=PAGE)
            names = [name.lower() for name, _ in answer.headers.multi_items()]
            assert set(names) <= listed
            assert len(names) == len(set(names)), names
            assert answer.headers["cache-control"] == "no-store"
    for https in (True, False):
        sent = {name for name, _ in web_headers.reading("'none'", https=https)}
        assert sent <= listed
        assert ("strict-transport-security" in sent) is https


async def test_a_navigating_browser_gets_the_notice_and_not_the_app(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text(APP)
    async with running(tmp_path, web_dir=tmp_path / "dist") as server:
        assert (await server.http.get("/settings", headers=PAGE)).text == APP, "the control"
        for place in PLACES:
            assert APP not in (await server.http.get(place, headers=PAGE)).text
        for place in ("/privacy/fr", "/privacy/en/nothing", "/.well-known/nothing", "/privacy/"):
            answer = await server.http.get(place, headers=PAGE)
            assert answer.status_code in {400, 404}, place
            assert answer.headers["content-type"] == "application/problem+json"


async def test_all_links_lead_somewhere(tmp_path: Path) -> None:
    async with running(tmp_path, **OPERATOR) as server:
        seen: set[str] = set()
        for place in PLACES:
            page = Outline((await server.http.get(place, headers=PAGE)).text)
            ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
            for anchor in page.all("a"):
                href = anchor["href"] or ""
                if href.startswith("#"):
                    assert href[1:] in ids, href
                elif href not in {"/", "mailto:anna@example.org"} and href not in seen:
                    seen.add(href)
                    assert (await server.http.get(href, headers=PAGE)).status_code == 200, href
        assert {"/privacy/record.json", "/privacy/record.csv", "/privacy/notice.jsonld"} <= seen


async def test_nothing_is_kept_about_who_read_what(tmp_path: Path) -> None:
    """R-75, R-84: reading leaves no byte behind, the opt-out signal neither."""
    async with running(tmp_path) as server:
        while "housekeeping_done" not in server.log.getvalue():
            await asyncio.sleep(0.01)
        data = server.services.config.data_dir

        def kept() -> dict[str, bytes]:
            return {str(f): f.read_bytes() for f in data.rglob("*") if f.is_file()}

        before, written = kept(), server.log.getvalue()
        for place in PLACES:
            await server.http.get(place, headers=PAGE | {"Sec-GPC": "1", "User-Agent": "canary"})
        assert kept() == before
        assert server.log.getvalue() == written
        await server.sign_up()
        assert kept() != before, "the control: signing up does leave something"


# ---- what they say -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_short_page_is_short(facts: Facts, language: str) -> None:
    """`web/tests/e2e/privacy.e2e.ts` prints it on one page; far too long is noticed here."""
    pushed = Facts(**{name: getattr(facts, name) for name in Facts.__slots__} | {"hosts": HOSTS})
    page = Outline(short(pushed, language, opted_out=True))
    assert 250 < count(page.text, language).words <= 600


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "We do not record calls and cannot."),
        ("de", "Wir zeichnen keine Anrufe auf und können es nicht."),
        ("es", "No grabamos llamadas y no podemos hacerlo."),
    ],
)
def test_the_first_line_says_that_calls_are_not_recorded(
    facts: Facts, language: str, line: str
) -> None:
    """R-42; that it is true is shown by `visavis audit recording`."""
    page = Outline(short(facts, language, opted_out=False))
    after = [tag for tag, _ in page.words].index("h1") + 1
    assert page.words[after] == ("strong", line)


HOSTS = ("fcm.googleapis.com", "updates.push.services.mozilla.com", "*.push.apple.com")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_short_page_has_every_schedule_of_what_is_about_people(
    facts: Facts, language: str
) -> None:
    words = facts.words[language]
    text = Outline(short(facts, language, opted_out=False)).text
    about_people = {one.retention.name for one in facts.inventory.entries if one.personal}
    assert len(about_people) >= 12
    for name, schedule in facts.inventory.schedules.items():
        shown = all(words.about(schedule, part) in text for part in ("what", "why", "long"))
        assert shown is (name in about_people), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_has_every_entry_with_all_that_is_said_of_it(facts: Facts, language: str) -> None:
    words = facts.words[language]
    html = details(facts, language)
    rows = re.findall('<tr role="row"><th scope="row".*?</tr>', html)
    assert len(rows) == len(facts.inventory.entries) > 100
    for entry in facts.inventory.entries:
        name = entry.name.partition(".")[2] if entry.kind == "header" else entry.name
        cells = [
            words.purpose(entry),
            words.texts["legal_basis"][entry.legal_basis],
            words.days(entry.retention),
            words.texts["at_rest"][entry.at_rest],
            ", ".join(words.texts["visible_to"][viewer] for viewer in entry.visible_to),
        ]
        wanted = [name, *cells]
        assert any(cells_of(row) == wanted for row in rows), entry.name


def cells_of(row: str) -> list[str]:
    inside = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
    return ["".join(data for _, data in Outline(f"<p>{one}</p>").words) for one in inside]


def test_days_come_from_the_inventory(facts: Facts) -> None:
    """R-58, R-72: what is shown is what is deleted by; another number, another page."""
    text = inventory.find().replace(
        "[retention.envelope]\ndays = 30", "[retention.envelope]\ndays = 17"
    )
    changed = inventory.parse(text)
    values = {name: getattr(facts, name) for name in Facts.__slots__}
    other = Facts(**values | {"inventory": changed, "words": wording.load(changed)})
    assert "17 days at most" in short(other, "en", opted_out=False)
    assert (
        "Ends an envelope nobody fetched after 17 days, or sooner if its owner chose so."
        in details(other, "en")
    )
    assert "17 days" not in short(facts, "en", opted_out=False)
    assert "30 days at most" in short(facts, "en", opted_out=False)


def test_made_again_it_is_the_same(facts: Facts) -> None:
    """R-58: regenerate = identical, byte for byte."""
    for language in LANGUAGES:
        first = short(facts, language, opted_out=False), details(facts, language)
        listed = inventory.load()
        values = {name: getattr(facts, name) for name in Facts.__slots__}
        again = Facts(**values | {"inventory": listed, "words": wording.load(listed)})
        assert (short(again, language, opted_out=False), details(again, language)) == first


# ---- the opt-out signal --------------------------------------------------------------------------

HONOURED = "Opt-out request honoured: nothing is sold or shared."
NOTHING = "Nothing is sold or shared; there is nothing to opt out of."


@pytest.mark.parametrize(
    ("signal", "shown"),
    [("1", HONOURED), (None, NOTHING), ("0", NOTHING), ("true", NOTHING), ("1, 1", NOTHING)],
)
async def test_the_opt_out_signal_is_honoured_and_shown(
    tmp_path: Path, signal: str | None, shown: str
) -> None:
    headers = PAGE | ({} if signal is None else {"Sec-GPC": signal})
    async with running(tmp_path) as server:
        for place in ("/privacy", "/privacy/en"):
            text = (await server.http.get(place, headers=headers)).text
            assert shown in text
            assert ({HONOURED, NOTHING} - {shown}).pop() not in text
        german = (await server.http.get("/privacy/de", headers=headers)).text
        assert ("Widerspruch beachtet" in german) is (signal == "1")


def test_the_signals_header_is_listed() -> None:
    assert "sec-gpc" in inventory.load().headers["request"]


# ---- who runs it, who else learns something ------------------------------------------------------


async def test_names_of_the_operator_are_shown_and_are_no_markup(tmp_path: Path) -> None:
    async with running(tmp_path, **OPERATOR) as server:
        text = (await server.get("/privacy/en")).text
        assert "Anna &amp; Söhne &lt;e.V.&gt; runs this server" in text
        assert (
            '<a href="mailto:anna@example.org" rel="nofollow noreferrer">anna@example.org</a>'
            in (text)
        )
        assert "<e.V.>" not in text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_without_a_contact_the_notice_says_so(tmp_path: Path, language: str) -> None:
    async with running(tmp_path) as server:
        words = server.services.words[language].texts["page"]
        text = Outline((await server.get(f"/privacy/{language}")).text).text
        assert words["who_nobody"] in text
        assert words["ask_instead"] in text
        assert "{" not in text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_recipients_are_those_of_the_configuration(tmp_path: Path, language: str) -> None:
    """R-69: nobody by default; what the operator switched on appears by itself, everywhere."""
    places = (f"/privacy/{language}", f"/privacy/{language}/recipients")
    async with running(tmp_path) as server:
        nobody = server.services.words[language].texts["page"]["others_nobody"]
        for place in places:
            text = Outline((await server.get(place)).text).text
            assert nobody in text
            assert "push.example.org" not in text
        assert (await server.get("/v1/recipients")).json() == []
        assert (await server.get("/.well-known/privacy.json")).json()["recipients_outside"] == []
    async with running(tmp_path, **PUSH) as server:
        for place in (*places, f"/privacy/{language}/record", "/privacy/recipients"):
            text = Outline((await server.get(place)).text).text
            assert "push.example.org" in text, place
            assert nobody not in text
        index = (await server.get("/.well-known/privacy.json")).json()
        assert index["recipients_outside"] == ["push.example.org"]


# ---- the maker of pages --------------------------------------------------------------------------


def test_only_markup_made_here_is_markup() -> None:
    assert tag("p", "<b>", Html("<i>ours</i>"), title='"') == (
        '<p title="&quot;">&lt;b&gt;<i>ours</i></p>'
    )
    assert fill("{a} & {b}", a="<x>", b=Html("<y>")) == "&lt;x&gt; &amp; <y>"
    with pytest.raises(KeyError):
        fill("{a}")


async def test_documents_are_made_once_and_their_number_is_bounded(tmp_path: Path) -> None:
    """Whoever asks for the longest table a thousand times costs the server one table."""
    async with running(tmp_path) as server:
        for round_ in range(3):
            for place in PLACES:
                for signal in ("0", "1", f"other {round_}"):
                    await server.http.get(place, headers={"Sec-GPC": signal})
            await server.http.get(f"/privacy/xx{round_}")
        made = server.app.api.state.documents._made
        assert len(made) == 3 * (2 + 1 + 1 + 1), "short twice, details, recipients, record"
        assert sum(map(len, made.values())) < 1_000_000
