"""The pages for people: the short notice, everything in one table, the recipients, the record.

Layered (R-57): the short page fits on one printed page and is understood in grade 8; it leads to
the rest. Served as they stand, without a script.
"""

from __future__ import annotations

from visavis.server.privacy.document import (
    Html,
    contact_link,
    definitions,
    fill,
    join,
    link,
    links,
    page,
    table,
    tag,
)
from visavis.server.privacy.facts import Facts
from visavis.server.privacy.record import Record
from visavis.server.privacy.wording import KINDS, Wording, kind_of


def short(facts: Facts, language: str, *, opted_out: bool) -> str:
    """Return the short notice.

    Args:
        facts: Of the server.
        language: Of `facts.words`.
        opted_out: The browser sent `Sec-GPC: 1`; the page shows that it counts (CCPA regulations,
            11 CCR 7025(c)(6)).
    """
    words = facts.words[language]
    text = words.texts["page"]
    title = fill(text["title"], host=facts.host)
    rows = [
        [words.about(one, part) for part in ("what", "why", "long")]
        for one in facts.personal_schedules()
    ]
    label = words.texts["words"]
    main = [
        tag("h1", title),
        tag("p", tag("strong", text["recording"]), " ", text["lead"], class_="lead"),
        tag("p", text["gpc_honoured" if opted_out else "gpc_nothing"], class_="badge", id="gpc"),
        tag("h2", text["kept_title"]),
        table(text["kept_caption"], [label[one] for one in ("what", "why", "long")], rows),
        tag("p", text["basis"]),
        tag("h2", text["unseen_title"]),
        tag("p", text["unseen"]),
        tag("p", text["limit"]),
        tag("h2", text["others_title"]),
        tag("p", _others(facts, words)),
        tag("p", text["never"]),
        tag("h2", text["rights_title"]),
        tag("p", fill(text["rights"], contact=_contact(facts, words))),
        tag("h2", text["who_title"]),
        tag("p", _who(facts, words)),
    ]
    return _page(facts, words, "", title, main)


def details(facts: Facts, language: str) -> str:
    """Return the table of everything that is listed."""
    words = facts.words[language]
    label = words.texts["words"]
    head = [label[one] for one in ("what", "why", "basis", "long", "form", "seen_by")]
    main = [
        tag("h1", label["details_title"]),
        tag("p", label["details_lead"], class_="lead"),
        links([link(f"#{one}", words.texts["kind"][one]) for one in KINDS], label["parts"]),
    ]
    for kind in KINDS:
        rows = [
            [
                one.name.split(".", 1)[1] if one.kind == "header" else one.name,
                words.purpose(one),
                words.texts["legal_basis"][one.legal_basis],
                words.days(one.retention),
                words.texts["at_rest"][one.at_rest],
                ", ".join(words.texts["visible_to"][viewer] for viewer in one.visible_to),
            ]
            for one in facts.inventory.entries
            if kind_of(one) == kind
        ]
        caption = words.texts["kind"][kind]
        main += [tag("h2", caption, id=kind), table(caption, head, rows, mono=True)]
    main += [
        tag("h2", label["security_title"], id="security"),
        tag("p", fill(label["security"], contact=_contact(facts, words))),
    ]
    return _page(facts, words, "details", label["details_title"], main, wide=True)


def recipients(facts: Facts, language: str) -> str:
    """Return who outside this server learns something (R-69)."""
    words = facts.words[language]
    label = words.texts["words"]
    found: Html = tag("p", words.texts["page"]["others_nobody"])
    if facts.hosts:
        rows = [[host, label["push_learns"]] for host in facts.hosts]
        head = [label["recipient"], label["learns"]]
        found = table(label["recipients_caption"], head, rows, mono=True)
    main = [
        tag("h1", label["recipients_title"]),
        tag("p", label["recipients_lead"], class_="lead"),
        found,
    ]
    return _page(facts, words, "recipients", label["recipients_title"], main)


def record(facts: Facts, made: Record) -> str:
    """Return the record of processing for people.

    Args:
        facts: Of the server.
        made: The record, in the language of the page.
    """
    words = facts.words[made.language]
    text = words.texts["record"]
    main = [
        tag("h1", text["title"]),
        definitions(
            [
                (text["controller"], made.controller or text["unnamed"]),
                (
                    text["contact"],
                    contact_link(made.reached_at) if made.reached_at else text["unnamed"],
                ),
                (text["subjects"], made.data_subjects),
                (text["transfers"], made.transfers),
                (text["measures"], made.security_measures),
            ]
        ),
        table(
            text["activity"],
            [text[one] for one in ("activity", "purposes", "data", "recipients", "erasure")],
            [
                [
                    one.activity,
                    one.purpose,
                    ", ".join(item.name for item in one.data),
                    ", ".join(one.recipients),
                    one.erasure,
                ]
                for one in made.activities
            ],
        ),
        links(
            [link("/privacy/record.json", "JSON"), link("/privacy/record.csv", "CSV")],
            text["title"],
        ),
    ]
    return _page(facts, words, "record", text["title"], main, wide=True)


def _page(
    facts: Facts, words: Wording, where: str, title: str, main: list[Html], *, wide: bool = False
) -> str:
    label = words.texts["words"]
    ending = f"/{where}" if where else ""
    # The languages of this very page, so that nobody starts over.
    tongues = [
        tag("span", one.name, lang=one.language, aria_current="page")
        if one.language == words.language
        else tag(
            "a",
            one.name,
            href=f"/privacy/{one.language}{ending}",
            hreflang=one.language,
            lang=one.language,
        )
        for one in facts.words.values()
    ]
    here = f"/privacy/{words.language}"
    rest = [
        (here, label["short_page"], ""),
        (f"{here}/details", label["details"], "details"),
        (f"{here}/recipients", label["recipients"], "recipients"),
        (f"{here}/record", label["record"], "record"),
        ("/privacy/notice.jsonld", label["twin"], "twin"),
    ]
    foot = [
        links([link(href, text) for href, text, name in rest if name != where], label["more"]),
        tag("p", fill(words.texts["page"]["changed"], date=facts.changed), class_="soft"),
    ]
    brand = tag("a", "Visavis", href="/", class_="brand")
    head = join([brand, links(tongues, label["languages"])])
    return page(words.language, f"{title} · Visavis", head, join(main), join(foot), wide=wide)


def _others(facts: Facts, words: Wording) -> Html:
    text = words.texts["page"]
    if not facts.hosts:
        return fill(text["others_nobody"])
    return fill(text["others_push"], hosts=", ".join(facts.hosts))


def _contact(facts: Facts, words: Wording) -> str:
    if facts.contact is None:
        return words.texts["page"]["ask_instead"]
    return contact_link(facts.contact)


def _who(facts: Facts, words: Wording) -> Html:
    text = words.texts["page"]
    if facts.contact is None:
        return fill(text["who_nobody"])
    if facts.operator is None:
        return fill(text["who_contact"], contact=contact_link(facts.contact))
    return fill(text["who_named"], operator=facts.operator, contact=contact_link(facts.contact))
