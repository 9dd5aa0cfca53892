"""Every text of the server has its French one, with the same places to fill in; pages show it."""

from __future__ import annotations

import ast
import gc
import gettext
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils.translation.template import templatize

import tocsin.server
from tocsin.server.accounts.models import Person

SERVER = Path(tocsin.server.__file__).parent
FRENCH = SERVER / "locale" / "fr" / "LC_MESSAGES"
ONE = frozenset({"_", "gettext", "gettext_lazy", "gettext_noop"})
SEVERAL = frozenset({"ngettext", "ngettext_lazy"})
PLACE = re.compile(r"%\(\w+\)s|\{\w*\}|%%")
MARKUP = re.compile(r"</?\w+")


def texts_in_python(source: str) -> Iterator[str]:
    """First arguments of the calls that translate."""
    # finalizers of browser tests may switch greenlets: the parser of CPython 3.11 bears it not
    gc.disable()
    try:
        tree = ast.parse(source)
    finally:
        gc.enable()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            wanted = 1 if name in ONE else 2 if name in SEVERAL else 0
            for given in node.args[:wanted]:
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield given.value


def texts_in_template(source: str) -> Iterator[str]:
    """What Django's own reader makes of the tags that translate."""
    for call in re.findall(
        r"\bn?gettext\((?:u?'.*?'|u?\".*?\").*?\) |_\(.*?\) ", templatize(source)
    ):
        yield from texts_in_python(call.strip().replace("count)", "0)"))


def texts() -> set[str]:
    """Everything that the server says."""
    found: set[str] = set()
    for path in SERVER.rglob("*.py"):
        found.update(texts_in_python(path.read_text(encoding="utf-8")))
    for path in SERVER.rglob("*.html"):
        found.update(texts_in_template(path.read_text(encoding="utf-8")))
    return found - {""}


def entries() -> dict[str, list[str]]:
    """Pairs of the file that people edit; a plural stands under its own text too."""
    found: dict[str, list[str]] = {}
    for block in (FRENCH / "django.po").read_text(encoding="utf-8").split("\n\n")[1:]:
        rows = re.findall(r'^(msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$', block, re.MULTILINE)
        said = {key: ast.literal_eval(text) for key, text in rows}
        french = [text for key, text in rows if key.startswith("msgstr")]
        for key in ("msgid", "msgid_plural"):
            if key in said:
                found[said[key]] = [ast.literal_eval(text) for text in french]
    return found


def test_the_readers_of_sources_see_what_is_there() -> None:
    python = 'x = _("a")\ny = ngettext("one", "many", n)\nz = other("b")\n'
    assert set(texts_in_python(python)) == {"a", "one", "many"}
    template = (
        "{% load i18n %}{% translate \"c's\" %}<p>{{ _('d') }}</p>"
        "{% blocktranslate with a=b %}e {{ a }}, 95 %{% endblocktranslate %}"
        "{% blocktranslate count n=m %}{{ n }} f{% plural %}{{ n }} g{% endblocktranslate %}"
    )
    seen = set(texts_in_template(template))
    assert seen == {"c's", "d", "e %(a)s, 95 %%", "%(n)s f", "%(n)s g"}


def test_no_text_lacks_its_french_one_and_none_is_left_over() -> None:
    said, french = texts(), set(entries())
    assert len(said) > 500
    assert said - french == set(), "add these to locale/fr/LC_MESSAGES/django.po"
    assert french - said == set(), "nothing says these any more: take them out of django.po"


def test_french_texts_have_the_same_places_and_no_markup() -> None:
    for text, french in entries().items():
        for each in french:
            assert each.strip(), text
            assert sorted(set(PLACE.findall(each))) == sorted(set(PLACE.findall(text))), text
            assert not MARKUP.search(each), text


def test_what_is_installed_is_what_is_written() -> None:
    with (FRENCH / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for text, french in entries().items():
        if len(french) == 1:
            assert compiled.gettext(text) == french[0], "compile django.po again (msgfmt)"


@pytest.mark.django_db
def test_pages_speak_french(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(person("officer", "supervisor"))
    browser.cookies["language"] = "fr"
    home = browser.get("/").content.decode()
    assert '<html lang="fr"' in home
    assert "Ce qui se passe" in home
    assert "ce qui dépasse le seuil" in home
    alarms = browser.get("/alarms/").content.decode()
    assert "Déclencher sur information" in alarms
    assert "Raise from information" not in alarms
    entrance = Client(headers={"accept-language": "fr"}).get("/account/login/").content.decode()
    assert "Se connecter" in entrance
