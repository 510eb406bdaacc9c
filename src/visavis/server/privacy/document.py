"""HTML made so that nothing is markup by accident.

`Html` is text that was made here; any other string is escaped where it is put in. Not a template
language: a page is Python that nests calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from visavis.server.privacy.definite import PLACEHOLDER
from visavis.server.privacy.style import CSS

NOTHING: Final[Sequence[str]] = ()


class Html(str):
    """Markup, safe to put into a page as it is."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str | None) -> Html:
    """Return an element.

    Args:
        name: Of the element.
        children: Strings are escaped, `Html` is not.
        attributes: `class_` is `class`, `data_label` is `data-label`; None leaves one out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(parts: Iterable[str], between: str = "") -> Html:
    """Return parts behind each other, escaped unless they are markup."""
    return Html(
        escape(between).join(
            part if isinstance(part, Html) else escape(part, quote=False) for part in parts
        )
    )


def fill(text: str, **values: str) -> Html:
    """Return a text with its fields filled in.

    Raises:
        KeyError: A field without a value.
    """
    out: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(text):
        out += [text[end : match.start()], values[match[1]]]
        end = match.end()
    return join([*out, text[end:]])


def link(href: str, text: str, *, rel: str | None = None) -> Html:
    """Return a link."""
    return tag("a", text, href=href, rel=rel)


def breakable(name: str) -> Html:
    """Return a name that breaks at its joints: behind a dot, a low line or a slash."""
    return Html(re.sub(r"([._/])", r"\1<wbr>", escape(name, quote=False)))


def contact_link(contact: str) -> Html:
    """Return an address as a link: `mailto:a@b` reads as `a@b`."""
    return link(contact, contact.removeprefix("mailto:"), rel="nofollow noreferrer")


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, mono: bool = False
) -> Html:
    """Return a table whose first column names each row.

    Roles are spelt out, because browsers forget that a table is one once its rows are cards.

    Args:
        caption: What it shows.
        head: One heading for each column.
        rows: As many cells each.
        mono: First column in a fixed pitch: names of fields.
    """
    name = "name" if mono else None
    body = [
        tag(
            "tr",
            tag(
                "th",
                breakable(row[0]) if mono else row[0],
                scope="row",
                role="rowheader",
                class_=name,
            ),
            *(
                tag("td", cell, role="cell", data_label=label)
                for label, cell in zip(head[1:], row[1:], strict=True)
            ),
            role="row",
        )
        for row in rows
    ]
    heads = [tag("th", one, scope="col", role="columnheader") for one in head]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads, role="row"), role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        class_="cards",
        role="table",
    )


def definitions(pairs: Iterable[tuple[str, str]]) -> Html:
    """Return a list of terms and what they are."""
    return tag("dl", *(part for term, what in pairs for part in (tag("dt", term), tag("dd", what))))


def links(items: Iterable[Html], label: str) -> Html:
    """Return a group of links as navigation."""
    listed = tag("ul", *(tag("li", item) for item in items), class_="links")
    return tag("nav", listed, aria_label=label)


def page(
    language: str, title: str, head: Html, main: Html, foot: Html, *, wide: bool = False
) -> str:
    """Return a whole page.

    Args:
        language: BCP 47 tag of its text.
        title: Of the page.
        head: Into its header.
        main: What it is about; begins with the h1.
        foot: Into its footer.
        wide: Room for tables of many columns.
    """
    style = Html(f"<style>{CSS}</style>")
    inside = join(
        [tag("header", head), tag("main", main), tag("footer", foot)],
    )
    body = tag("body", inside, class_="wide" if wide else None)
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="/icon.svg">\n{style}\n</head>\n'
        f"{body}\n</html>\n"
    )
