"""The one style sheet of a report: day, dark and paper; wide tables scroll in their own frame."""

from __future__ import annotations

import base64
import hashlib

STYLESHEET = """
:root {
  color-scheme: light dark;
  --paper: #fdfdfb; --card: #ffffff; --ink: #1c2126; --soft: #4d5761; --line: #cfd5da;
  --alarm: #9c1f17; --alarm-paper: #fdeceb; --calm: #1d5a33; --calm-paper: #eaf4ec;
  --note: #6b4700; --note-paper: #fdf4df; --link: #0b5394;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --card: #1a1f24; --ink: #e8ebee; --soft: #a9b3bd; --line: #3a444d;
    --alarm: #ff9d94; --alarm-paper: #3a1917; --calm: #9ddcb0; --calm-paper: #15301e;
    --note: #f0c666; --note-paper: #33270c; --link: #8cc8f7;
  }
}
* { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere; }
main, .opening, footer { max-width: 68rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1.2rem 0 0.4rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 0.5rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 0.4rem; }
p { margin: 0.4rem 0; max-width: 50rem; }
ul { margin: 0.4rem 0; padding-left: 1.3rem; }
.dense { color: var(--soft); font-size: 0.8rem; columns: 22rem; column-gap: 2rem; }
.dense li { break-inside: avoid; }
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.9em; }
.realm { margin: 0; padding: 0.5rem 1rem; max-width: none; text-align: center; font-weight: 700;
  border-bottom: 2px solid var(--line); }
.realm-unreal { color: var(--note); background: var(--note-paper); font-size: 1.15rem;
  border: 4px dashed var(--note); }
.sensitive { color: var(--soft); font-size: 0.9rem; }
.verdict { font-size: 1.15rem; font-weight: 600; padding: 0.7rem 0.9rem; border-left: 0.4rem solid;
  max-width: none; }
.verdict-alarm { color: var(--alarm); background: var(--alarm-paper); }
.verdict-calm { color: var(--calm); background: var(--calm-paper); }
.verdict-note { color: var(--note); background: var(--note-paper); }
.warnings { background: var(--note-paper); border-left: 0.4rem solid var(--note);
  padding: 0.5rem 0.9rem; }
.warnings ul { list-style: none; padding: 0; }
.warnings li { margin: 0.3rem 0; }
.scroll { overflow-x: auto; margin: 0.6rem 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; background: var(--card);
  font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; color: var(--soft); font-size: 0.9rem; padding: 0.2rem 0; }
.caption { position: sticky; left: 0; display: inline-block; max-width: min(50rem, 88vw);
  overflow-wrap: anywhere; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem;
  border: 1px solid var(--line); }
thead th { border-bottom-width: 2px; }
td.words { min-width: 14rem; overflow-wrap: anywhere; }
td.keep, th.keep { white-space: nowrap; }
.kind { white-space: nowrap; font-weight: 600; }
.kind-alarm { color: var(--alarm); }
.kind-norm { color: var(--calm); }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.25rem 1rem;
  margin: 0.5rem 0; }
dt { color: var(--soft); }
dd { margin: 0; }
figure { margin: 1rem 0; }
figure img { display: block; width: 100%; height: auto; border: 1px solid var(--line); }
figcaption { color: var(--soft); font-size: 0.9rem; max-width: 50rem; padding-top: 0.3rem; }
.encounter { break-inside: auto; }
footer { color: var(--soft); font-size: 0.9rem; padding-bottom: 2rem; }
@media (max-width: 44rem) {
  figure img { min-width: 44rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin: 0 0 0.5rem; }
}
@media print {
  html { font-size: 80%; }
  .scroll { overflow: visible; }
  figure, tr, .warnings { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  figure img { min-width: 0; }
  th, td { padding: 0.2rem 0.35rem; }
  td.words { min-width: 0; }
  td.keep, th.keep, .kind { white-space: normal; }
}
"""


def content_security_policy() -> str:
    """Nothing may load; the one style sheet is allowed by its hash, images only from the file."""
    digest = base64.b64encode(hashlib.sha256(STYLESHEET.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
