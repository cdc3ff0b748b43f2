"""The documents say what is there: links, commands, names, button texts; and nothing about the machine they were written on."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from parkops import cli, registry, translate

ROOT = Path(__file__).resolve().parents[2]
SKIP = {".venv", "node_modules", "var", ".git", ".pytest_cache", ".hypothesis", "vendor", "build"}
PAGES = sorted(p for p in ROOT.rglob("*.md") if not SKIP & set(p.relative_to(ROOT).parts))
GUIDES = ("clerk", "manager", "finance", "leadership", "administrator", "auditor")
README = ROOT / "README.md"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|tmp|Users|mnt|srv|opt)/|https?://(?!127\.0\.0\.1)[\w.-]+|(?:index-url|registry)\s*=", re.I)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _blocks(path: Path, lang: str) -> list[str]:
    return re.findall(rf"^```{lang}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


def _command(words: list[str]) -> click.Command | None:
    """The command the words name: groups are walked down, arguments and options are left."""
    found: click.Command = cli.main
    for word in words:
        if not isinstance(found, click.Group):
            break
        step = found.get_command(click.Context(found), word)
        if step is None:
            return None
        found = step
    return found if found is not cli.main else None


def test_there_are_pages():
    assert len(PAGES) >= 15 and all((ROOT / "docs" / "guide" / f"{g}.md").exists() for g in GUIDES)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page):
    targets = [t.split("#")[0] for t in LINK.findall(page.read_text(encoding="utf-8"))]
    missing = [t for t in targets if t and "://" not in t and not (page.parent / t).exists()]
    assert not missing, missing


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_machine_is_named(page):
    assert not [m.group(0) for m in MACHINE.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_and_their_options_exist(page):
    wrong = []
    for text in re.findall(r"(?<![\w./-])(?:\.venv/bin/)?parkops ((?:[a-z][a-z-]*)(?: [^`\n|#]*)?)", _code(page)):
        words = text.split()
        command = _command(words)
        if command is None:
            wrong.append(text)
            continue
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"-h", "--help"}
        wrong += [f"{text}: {w}" for w in words if w.startswith("--") and w.split("=")[0] not in known]
    assert not wrong, wrong


def _code(page: Path) -> str:
    """What stands in code: fenced blocks without a language, and inline code."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```\n(.*?)^```", text, re.M | re.S)
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))])


def test_make_targets_exist():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {t for p in PAGES for t in re.findall(r"^(?:\w+=\S+ )*make ([a-z][\w-]*)", _code(p), re.M)}
    assert named and named <= targets, named - targets


def test_readme_names_every_module():
    text = README.read_text(encoding="utf-8")
    missing = [n for n in registry.discover() if f"modules/{n}/README.md" not in text]
    assert not missing, missing


def test_readme_names_every_command():
    text = README.read_text(encoding="utf-8")
    assert not [n for n in cli.main.commands if f"`parkops {n}" not in text]


def test_pages_are_reachable_from_the_readme():
    seen, todo = set(), [README]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target.split("#")[0]).resolve()
            if path.suffix == ".md" and path.exists():
                todo.append(path)
    assert not [_name(p) for p in PAGES if "docs" in p.parts and p not in seen]


def test_example_code_parses_and_imports_what_exists():
    page = ROOT / "docs" / "adding-a-module.md"
    blocks = _blocks(page, "python")
    wrong = []
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith(("parkops", "modules.tenants")):
                module = importlib.import_module(node.module)
                wrong += [f"{node.module}.{a.name}" for a in node.names if not hasattr(module, a.name) and not _is_module(node.module, a.name)]
    assert len(blocks) >= 8 and not wrong, wrong


def _is_module(package: str, name: str) -> bool:
    return hasattr(importlib.import_module(package), "__path__") and importlib.util.find_spec(f"{package}.{name}") is not None


def test_kernel_files_named_in_the_maps_exist():
    text = (ROOT / "parkops" / "README.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([\w/]+(?:\.py|/))`", text))
    missing = [n for n in names if not (ROOT / "parkops" / n).exists()]
    assert len(names) > 30 and not missing, missing


def _chinese() -> set[str]:
    """Every Chinese text of the catalogues."""
    out: set[str] = set()
    for _part, folder in translate.parts():
        with translate.po_path(folder).open("rb") as f:
            for message in read_po(f, locale="zh"):
                out.update([message.string] if isinstance(message.string, str) else message.string or ())
    return out


@pytest.mark.parametrize("guide", GUIDES)
def test_guides_use_the_words_of_the_screens(guide):
    """Bold words are texts of the screens; a changed translation must change the guide."""
    text = (ROOT / "docs" / "guide" / f"{guide}.md").read_text(encoding="utf-8")
    words = {w.strip() for bold in re.findall(r"\*\*([^*]+)\*\*", text) for w in bold.split("›")}
    assert len(words) >= 8 and not words - _chinese(), words - _chinese()
    assert text.count("\n") <= 60, "one page"
