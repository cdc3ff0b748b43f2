"""Every page of a persona's menu at both sizes (a third of them on the phone in each language) and in both
languages: clean console, own host only, no overflow, one language."""

from __future__ import annotations

import json
import re

import pytest
from babel.messages.pofile import read_po

from tests.browser.conftest import ROOT, ready

CATALOGUES = [ROOT / "parkops", *(p.parent for p in (ROOT / "modules").glob("*/__manifest__.py"))]
# Texts of elements whose words are the product's; cells and titles of records hold data.
OWN_WORDS = """() => {
  const out = [], own = 'h2,h3,th,dt,legend,label,button,summary,option,.btn,.pk-tab,.pk-coltitle span,.nav-link,.pk-nav a,.pk-muted,.pk-tone,.badge,p,.form-hint,.alert';
  for (const node of document.querySelectorAll(own)) {
    if (node.closest('[lang]') !== document.documentElement || node.closest('.rec-history,.pk-language')) continue;
    if (node.tagName !== 'OPTION' && !node.getClientRects().length) continue;
    for (const part of node.childNodes) if (part.nodeType === 3 && part.textContent.trim()) out.push(part.textContent.trim());
  }
  return [...new Set(out)];
}"""
CJK = re.compile(r"[\u4e00-\u9fff]")
# the same word in both languages' pages: data of the demo, or a sign that is not a word
DATA = {"zh": set(), "en": {"元", "企业季度报告", "办理股东变更登记", "走访企业", "年度审计报告", "董事会"}}


def words() -> dict[str, str]:
    """msgid -> Chinese, where they differ and nothing is filled in."""
    found = {}
    for folder in CATALOGUES:
        with (folder / "translations/zh/LC_MESSAGES/messages.po").open("rb") as f:
            for m in read_po(f, locale="zh"):
                if m.id and isinstance(m.id, str) and isinstance(m.string, str) and m.string != m.id and "%(" not in m.id:
                    found[m.id] = m.string
    return found


WORDS = words()
CHINESE = {zh for zh in WORDS.values() if CJK.search(zh)}


def wrong_language(page, lang) -> list[str]:
    texts = set(page.evaluate(OWN_WORDS)) - DATA[lang]
    return sorted(t for t in texts if (t in WORDS and len(t) > 3 if lang == "zh" else t in CHINESE))


def menu(page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.pk-nav a.pk-nav-sub')].map((a) => a.getAttribute('href'))")


def behind(page) -> list[str]:
    """The first record and the empty form behind a list."""
    found = []
    api = page.evaluate("document.querySelector('.pk-grid-page')?.dataset.api || ''")
    if api:
        answer = page.evaluate("(u) => fetch(u).then((r) => r.json())", api + "?q=" + json.dumps({"size": 1}))
        url = page.evaluate("JSON.parse(document.getElementById('grid-info').textContent).url")
        found += [f"{url}{row['id']}" for row in answer.get("rows", [])]
    return found + page.evaluate("[...document.querySelectorAll('.pk-listhead a[href$=\"/new\"], .pk-listhead a.btn-primary')].map((a) => a.getAttribute('href'))")


def look(page, url, size, lang) -> list[str]:
    """What is wrong with one page."""
    page.goto(url)
    ready(page)
    wrong, page.watch.problems = page.watch.problems, []
    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    if wide > 0:
        wrong.append(f"{wide} px wider than the screen")
    if " object at 0x" in page.inner_text("body"):
        wrong.append("shows a Python object instead of its name")
    if words := wrong_language(page, lang):
        wrong.append(f"not {lang}: {words}")
    return [f"{url} ({size}, {lang}): {w}" for w in wrong]


def walk(page, size, lang, part, deep=True) -> list[str]:
    wrong = []
    for url in ["/", *menu(page)[part]]:
        wrong += look(page, url, size, lang)
        for further in dict.fromkeys(behind(page) if deep else []):
            wrong += look(page, further, size, lang)
    return wrong


ALL, EVEN, SOME, REST = slice(None), slice(0, None, 2), slice(1, None, 3), slice(2, None, 3)


@pytest.mark.parametrize(("user", "size", "lang", "part"), [
    ("clerk", "desktop", "zh", ALL), ("clerk", "phone", "zh", SOME), ("clerk", "desktop", "en", EVEN), ("clerk", "phone", "en", REST),
    ("admin", "desktop", "zh", ALL), ("admin", "phone", "zh", REST), ("admin", "desktop", "en", EVEN)])
def test_every_page_of_the_menu(browse, user, size, lang, part):
    with browse(user, size, lang) as page:
        wrong = walk(page, size, lang, part, deep=size == "desktop")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("user", ["manager", "finance", "leader", "auditor"])
def test_homes_and_lists_of_the_others(browse, user):
    with browse(user) as page:
        wrong = walk(page, "desktop", "zh", EVEN if user == "auditor" else SOME, deep=False)
    assert not wrong, "\n".join(wrong)


def test_phone_shows_records_and_forms(browse):
    """The pages a clerk opens in the corridor."""
    urls = ["/tenants/firm/1", "/tenants/firm/1?tab=results", "/tenants/firm/1?tab=overview", "/tenants/firm/1/edit", "/tenants/application/1",
            "/tenants/application/1?tab=review", "/tenants/visit/new", "/me/inbox", "/core/waiting/", "/imports/new", "/search?text=91"]
    with browse("clerk", "phone") as page:
        wrong = [line for url in urls for line in look(page, url, "phone", "zh")]
    assert not wrong, "\n".join(wrong)


def test_control_words_of_the_other_language_are_found(browse):
    """Control: a Chinese heading on an English page, and the other way round, is reported."""
    with browse("clerk") as page:
        assert wrong_language(page, "en")
        page.evaluate("document.querySelector('h2').textContent = 'Log-in sessions'")
        assert wrong_language(page, "zh") == ["Log-in sessions"]
