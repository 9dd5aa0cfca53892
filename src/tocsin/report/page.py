"""The frame of every web page that is written to a file: it loads nothing and runs nothing."""

from __future__ import annotations

from tocsin.report.inert import inert
from tocsin.report.markup import Markup, element, joined
from tocsin.report.stylesheet import STYLESHEET, content_security_policy


def page(title: str, *body: Markup) -> str:
    """Complete HTML document under a policy that allows no script and no connection."""
    head = joined(
        element("meta", charset="utf-8"),
        Markup(
            f'<meta http-equiv="Content-Security-Policy" content="{content_security_policy()}">'
        ),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{inert(title, limit=160)} – Tocsin"),
        element("style", Markup(STYLESHEET)),
    )
    whole = element("html", element("head", head), element("body", joined(*body)), lang="en")
    return f"<!doctype html>\n{whole}\n"
