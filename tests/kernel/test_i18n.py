"""Languages: every msgid used has a Chinese text with the same placeholders; nothing Chinese hides in code."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from parkops import translate
from parkops.i18n import ROOT, _l, force_locale

PARTS = translate.parts()


@pytest.mark.parametrize("name, folder", PARTS, ids=[n for n, _ in PARTS])
def test_the_chinese_catalogue_is_complete(name, folder):
    assert translate.missing(folder) == []


@pytest.mark.parametrize("name, folder", PARTS, ids=[n for n, _ in PARTS])
def test_translations_keep_the_placeholders(name, folder):
    with translate.po_path(folder).open("rb") as f:
        for m in read_po(f, locale="zh"):
            if m.id and isinstance(m.id, str) and m.string:
                assert sorted(re.findall(r"%\(\w+\)[sd]", m.id)) == sorted(re.findall(r"%\(\w+\)[sd]", m.string)), m.id


def test_lazy_texts_follow_the_language():
    text = _l("Firm")
    with force_locale("en"):
        assert str(text) == "Firm"
    with force_locale("zh"):
        assert str(text) == "企业"


def test_no_chinese_in_screens_code():
    """Chinese belongs into catalogues and data; code of screens and services speaks msgids."""
    allowed = re.compile(r"(demo|data|importing|exports|calc_capital|translations|security/common|firm_import|pinyin|jobs/|search)")
    found = []
    for root in ("parkops/web", "parkops/kpi"):
        for path in (ROOT / root).rglob("*.py"):
            relative = str(path.relative_to(ROOT))
            if allowed.search(relative) or "importer" in relative:
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                code = line.split("#", 1)[0]
                if re.search(r"""["'][^"']*[\u4e00-\u9fff]""", code) and '"""' not in line and "文号" not in line:
                    found.append(f"{relative}:{number}: {line.strip()[:80]}")
    assert found == []


def test_no_translation_is_left_behind_by_its_msgid():
    for _name, folder in PARTS:
        known = {m.id if isinstance(m.id, str) else m.id[0] for m in translate.extract(folder) if m.id}
        with translate.po_path(folder).open("rb") as f:
            stale = [m.id for m in read_po(f, locale="zh") if m.id and (m.id if isinstance(m.id, str) else m.id[0]) not in known]
        assert stale == [], Path(folder).name


def test_one_msgid_has_one_translation():
    """All catalogues are merged, so the same English text must not mean two things."""
    seen: dict[str, dict[str, str]] = {}
    for name, folder in PARTS:
        with translate.po_path(folder).open("rb") as f:
            for m in read_po(f, locale="zh"):
                if m.id and m.string:
                    seen.setdefault(str(m.id), {})[name] = str(m.string)
    assert {k: v for k, v in seen.items() if len(set(v.values())) > 1} == {}
