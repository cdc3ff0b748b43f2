"""PDF through typst: the document travels as JSON and is only ever text, never markup. One shipped font, no system fonts,
so that every machine makes the same file."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from functools import lru_cache
from pathlib import Path

from ..errors import Refused
from .document import Document

GENERAL = Path(__file__).parent / "templates" / "document.typ"


@lru_cache(maxsize=1)
def font_folder() -> Path:
    """Where the packaged Noto Sans SC lies."""
    spec = importlib.util.find_spec("justmytype_intl_cjk")
    if spec is None or not spec.submodule_search_locations:
        raise Refused("the Chinese font for PDF is not installed; run `make setup`")
    folder = Path(spec.submodule_search_locations[0]) / "fonts" / "ofl" / "notosanssc"
    if not folder.is_dir():
        raise Refused("the Chinese font for PDF is missing from its package; run `make setup` again")
    return folder


def compile_document(document: Document, template: Path | None = None) -> bytes:
    """A document through the general template or a report's own (which finds `data.json` beside it)."""
    return compile_data(document.as_dict(), template or GENERAL)


def compile_data(data: dict, template: Path) -> bytes:
    """Any JSON through any template; `parkops.typ` (the general look) may be imported by it."""
    import typst

    with tempfile.TemporaryDirectory(prefix="parkops-pdf-") as folder:
        root = Path(folder)
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        for name in {GENERAL.parent / "parkops.typ", template}:
            (root / name.name).write_text(name.read_text(encoding="utf-8"), encoding="utf-8")
        try:
            return typst.compile(str(root / template.name), root=str(root), font_paths=[str(font_folder())],
                                 ignore_system_fonts=True)
        except RuntimeError as e:
            raise Refused(f"the report template {template.name} has a mistake: {str(e).splitlines()[0][:300]}") from e
