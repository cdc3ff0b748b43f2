"""The layers: the kernel imports no module, services and models know no web, only the web and commands commit."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# what runs inside a request or draws screens; everything else of the kernel must work without Flask
WEB = ("parkops/web", "parkops/app.py", "parkops/security", "parkops/server.py", "parkops/testing", "parkops/cli.py", "parkops/i18n.py",
       "parkops/kpi/views.py", "parkops/jobs/views.py", "parkops/reports")
COMMITS = ("parkops/web", "parkops/db", "parkops/jobs", "parkops/cli.py", "parkops/upgrade.py", "parkops/testing", "parkops/demo.py",
           "parkops/backup.py", "parkops/importing.py", "parkops/security")


def _files(*folders: str) -> list[Path]:
    return [p for f in folders for p in sorted((ROOT / f).rglob("*.py")) if not {"__pycache__", "migrations"} & set(p.parts)]


def _imports(path: Path) -> list[str]:
    out = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            out += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            out.append(node.module or "")
    return out


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_kernel_imports_no_module():
    wrong = [f"{_name(p)}: {n}" for p in _files("parkops", "scheduler") for n in _imports(p) if n == "modules" or n.startswith("modules.")]
    assert not wrong, wrong


def _top_level(path: Path) -> list[str]:
    out = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            out += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            out.append(node.module or "")
    return out


def test_engines_work_without_flask():
    wrong = [f"{_name(p)}: {n}" for p in _files("parkops") if not _name(p).startswith(WEB) for n in _top_level(p)
             if n.split(".")[0] in ("flask", "werkzeug", "flask_login", "flask_jwt_extended")]
    assert not wrong, wrong


def test_module_services_know_no_web():
    wrong = [f"{_name(p)}: {n}" for p in _files("modules") if "views" not in p.parts and p.name != "api.py" for n in _imports(p)
             if n.split(".")[0] in ("flask", "flask_appbuilder", "werkzeug")]
    assert not wrong, wrong


def test_only_the_edges_commit():
    wrong = []
    for path in _files("parkops", "modules"):
        if _name(path).startswith(COMMITS) or "demo" in path.name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
                wrong.append(f"{_name(path)}:{node.lineno}")
    assert not wrong, wrong


@pytest.mark.parametrize("limit,what", [(400, "file"), (40, "function")])
def test_nothing_grows_too_long(limit, what):
    wrong = []
    for path in _files("parkops", "modules", "scheduler"):
        text = path.read_text(encoding="utf-8")
        if what == "file":
            if text.count("\n") > limit and "demo" not in path.name:
                wrong.append(f"{_name(path)}: {text.count(chr(10))} lines")
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                doc = node.body[0] if ast.get_docstring(node) is not None else None
                lines = node.end_lineno - node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)
                if lines > limit:
                    wrong.append(f"{_name(path)}:{node.lineno} {node.name}: {lines} lines")
    assert not wrong, "\n".join(wrong)


def test_no_page_asks_another_host():
    """Templates, styles and scripts of ours name no outside address."""
    import re

    outside = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import|fetch\(["']https?:""")
    wrong = [_name(p) for folder in ("parkops", "modules") for ext in ("html", "css", "js") for p in (ROOT / folder).rglob(f"*.{ext}")
             if "vendor" not in p.parts and outside.search(p.read_text(encoding="utf-8"))]
    assert not wrong, wrong
