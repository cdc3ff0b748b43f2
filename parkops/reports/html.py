"""HTML for reading and printing: one self-contained page, everything escaped, no script, nothing from elsewhere."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..i18n import locale
from .document import Document
from .typst import GENERAL

_environment = Environment(loader=FileSystemLoader(str(GENERAL.parent)), autoescape=True, undefined=StrictUndefined,
                           trim_blocks=True, lstrip_blocks=True)


def write(document: Document) -> bytes:
    """The page's bytes, UTF-8. An SVG made by our own charts is the only markup taken as it is."""
    data = document.as_dict()
    for section in data["sections"]:
        section["svg"] = Markup(section["svg"]) if section["svg"] else None  # noqa: S704 - from parkops.kpi.charts only
    return _environment.get_template("document.html").render(doc=data, lang=locale()).encode()
