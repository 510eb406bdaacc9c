"""How the privacy pages look: one stylesheet, inside each page, allowed by its hash.

No script, no font and no file to load, so a page that somebody saves or prints is whole. Light and
dark follow the reader's system; on a narrow screen each row of a table becomes a card.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

_CARDS: Final = """
  {0} .cards, {0} .cards tbody, {0} .cards tr, {0} .cards th, {0} .cards td { display: block; }
  {0} .cards { background: none; overflow: visible; }
  {0} .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); white-space: nowrap; }
  {0} .cards tr { background: var(--paper); border-radius: .75rem; padding: .65rem .9rem;
    margin-block-end: .6rem; }
  {0} .cards th, {0} .cards td { border: 0; padding: .1rem 0; min-width: 0; }
  {0} .cards td[data-label]::before { content: attr(data-label) ": "; color: var(--soft);
    font-weight: 600; }
"""

_SHEET: Final = """
:root { --ground: #f1f4ee; --paper: #fff; --ink: #16231e; --soft: #48584f; --line: #d5ddd3;
  --act: #17564a; --tint: #dcebe3; --on-tint: #0f463c; color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #101815; --paper: #18221e; --ink: #e9f0ea; --soft: #b0beb5; --line: #2d3b35;
    --act: #86d6bc; --tint: #1d3a31; --on-tint: #b9edda; }
}
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { margin: 0 auto; max-width: 48rem; padding: 1rem 1rem 3rem; overflow-wrap: break-word; }
body.wide { max-width: 76rem; }
header, footer, main { min-width: 0; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; justify-content: space-between;
  align-items: center; padding-block: .5rem 1rem; }
a { color: var(--act); text-underline-offset: .18em; }
a:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; border-radius: 3px; }
.brand { font-weight: 650; text-decoration: none; padding-block: .5rem; }
ul.links { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; margin: 0;
  padding: 0; }
ul.links a, ul.links span { display: inline-block; padding-block: .5rem; }
ul.links [aria-current] { font-weight: 650; text-decoration: none; color: var(--ink); }
h1 { font-size: clamp(1.55rem, 1.2rem + 2vw, 2.1rem); line-height: 1.2; margin: .25rem 0 .75rem;
  text-wrap: balance; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 1.75rem 0 .4rem; }
p { margin: .4rem 0; max-width: 66ch; }
.lead { font-size: 1.1rem; }
.badge { background: var(--tint); color: var(--on-tint); border-radius: .75rem; max-width: none;
  padding: .6rem .9rem; margin: 1rem 0; font-weight: 600; }
.soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; background: var(--paper); border-radius: .75rem;
  overflow: hidden; margin: .5rem 0; font-size: .95rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; } /* for who cannot see the heading above */
table + p { margin-block-start: .9rem; }
dl + table { margin-block-start: 1.25rem; }
th, td { text-align: start; vertical-align: top; padding: .5rem .8rem;
  border-block-start: 1px solid var(--line); }
thead th { border-block-start: 0; color: var(--soft); font-weight: 600; font-size: .875rem; }
tbody th { font-weight: 600; }
.name { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  font-size: .875rem; font-weight: 600; }
@media (min-width: 62rem) {
  .wide th { min-width: 9rem; }
  .wide td:nth-child(2) { min-width: 16rem; }
}
dl { margin: 0; }
dt { font-weight: 600; margin-block-start: .6rem; }
dd { margin: 0; max-width: 66ch; }
footer { margin-block-start: 2.5rem; border-block-start: 1px solid var(--line);
  padding-block-start: .75rem; }
@media screen and (max-width: 44rem) { BODY }
@media screen and (max-width: 62rem) { WIDE }
@media print {
  @page { size: A4; margin: 10mm; }
  :root { --ground: #fff; --paper: #fff; --ink: #000; --soft: #333; --line: #999; --act: #000;
    --tint: #fff; --on-tint: #000; }
  html { font-size: 8.6pt; line-height: 1.35; }
  body, body.wide { max-width: none; padding: 0; }
  header, nav { display: none; }
  .badge { border: 1px solid #000; padding: .3rem .6rem; margin: .4rem 0; }
  h1 { font-size: 15pt; margin: 0 0 .3rem; } h2 { margin: .7rem 0 .15rem; break-after: avoid; }
  p { max-width: none; margin: .2rem 0; } tr { break-inside: avoid; }
  th, td { padding: .16rem .4rem; } footer { margin-block-start: .6rem; }
}
"""

CSS: Final = _SHEET.replace("BODY", _CARDS.replace("{0}", "body")).replace(
    "WIDE", _CARDS.replace("{0}", ".wide")
)
"""The whole stylesheet. Rows become cards sooner where a table has many columns."""

SOURCE: Final = f"'sha256-{base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()}'"
"""The stylesheet as a source of the Content-Security-Policy (CSP 3, 2.3.1: hash-source)."""
