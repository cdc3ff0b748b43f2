"""Catalogues: `python -m parkops.translate extract|compile|missing`. English msgids; `zh` must be complete (a test).

extract writes `<folder>/zh/LC_MESSAGES/messages.po` for the kernel and each module, keeping what is translated."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from .i18n import ROOT

KEYWORDS = {"_": None, "_l": None, "_n": (1, 2), "gettext": None, "ngettext": (1, 2)}
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
SKIP = {"static", "translations", "migrations", "alembic", "__pycache__"}


def parts() -> list[tuple[str, Path]]:
    """(name, source folder) of the kernel and each module."""
    return [("parkops", ROOT / "parkops"), *((p.parent.name, p.parent) for p in sorted((ROOT / "modules").glob("*/__manifest__.py")))]


def _setting_texts(definition: dict[str, Any]) -> list[str]:
    """Title, help and the words of named choices."""
    choices = definition.get("choices")
    words = choices.values() if isinstance(choices, dict) else ()
    return [t for t in (definition.get("title"), definition.get("help"), *words) if t]


def manifest_texts(folder: Path) -> list[str]:
    """msgids inside a manifest or the kernel's settings (literal dicts, so no `_l` there)."""
    from .registry import read_manifest

    if not (folder / "__manifest__.py").exists():
        from .settings import KERNEL_SETTINGS

        return [t for d in KERNEL_SETTINGS.values() for t in _setting_texts(d)] if folder.name == "parkops" else []
    m = read_manifest(folder)
    out = [m.title, m.summary, *(title for _, title in m.menu)]
    for definition in m.settings.values():
        out += _setting_texts(definition)
    return [t for t in out if t]


def extract(folder: Path) -> Catalog:
    """Every msgid of a folder."""
    catalog = Catalog(project="ParkOps", charset="utf-8", locale="zh")
    options = {"**/templates/**.html": {"silent": "false", "extensions": "jinja2.ext.do", "trimmed": "true"}}
    for filename, line, message, comments, context in extract_from_dir(
            str(folder), METHODS, options, KEYWORDS, strip_comment_tags=True,
            directory_filter=lambda d: Path(d).name not in SKIP):
        catalog.add(message, None, [(str(Path(filename)), line)], auto_comments=comments, context=context)
    for text in manifest_texts(folder):
        catalog.add(text, None, [("__manifest__.py", 1)])
    return catalog


def po_path(folder: Path, locale: str = "zh") -> Path:
    return folder / "translations" / locale / "LC_MESSAGES" / "messages.po"


def update(folder: Path) -> Catalog:
    """Merge new msgids into the catalogue and drop those no longer used."""
    path, fresh = po_path(folder), extract(folder)
    if path.exists():
        with path.open("rb") as f:
            old = read_po(f, locale="zh")
        for message in fresh:
            if message.id and (known := old.get(message.id)) and known.string:
                message.string = known.string
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    write_po(buffer, fresh, width=0, sort_output=True, omit_header=False, no_location=True)
    text = "\n".join(line for line in buffer.getvalue().decode().splitlines()
                     if not line.startswith(('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By')))
    path.write_text(text + "\n", encoding="utf-8")
    return fresh


def missing(folder: Path) -> list[str]:
    """msgids used in the code that the Chinese catalogue lacks."""
    path = po_path(folder)
    known = set()
    if path.exists():
        with path.open("rb") as f:
            known = {m.id if isinstance(m.id, str) else m.id[0] for m in read_po(f, locale="zh") if m.id and m.string and all(
                [m.string] if isinstance(m.string, str) else m.string)}
    return sorted(i for m in extract(folder) if m.id and (i := m.id if isinstance(m.id, str) else m.id[0]) not in known)


def compile_all() -> None:
    """Write the .mo files (they are not kept in git)."""
    for _name, folder in parts():
        path = po_path(folder)
        if path.exists() and (not path.with_suffix(".mo").exists() or path.stat().st_mtime > path.with_suffix(".mo").stat().st_mtime):
            with path.open("rb") as f, path.with_suffix(".mo").open("wb") as out:
                write_mo(out, read_po(f, locale="zh"))


def main(argv: list[str]) -> int:
    verb = argv[0] if argv else "missing"
    if verb == "compile":
        compile_all()
        return 0
    if verb == "extract":
        for name, folder in parts():
            print(name, len(update(folder)), "messages,", len(missing(folder)), "to translate")
        return 0
    gaps = [(name, msg) for name, folder in parts() for msg in missing(folder)]
    for name, msg in gaps:
        print(f"{name}: {msg!r}")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
