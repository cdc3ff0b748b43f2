"""A short way to write the `Resource` of a plain kind of record: columns as text, one section, services by their names.

A column is `name:width`, with `!` kept on the phone, `-` hidden; a dotted path takes the label of `labels`. The first opens the record."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web.resource import Col, Resource, Section, Titles

S = "modules.services.services"
LABELS = {"firm.name": _l("Firm")}


def columns(text: str, labels: dict[str, Any] | None = None) -> tuple[Col, ...]:
    """Columns from text such as `number!:120 firm.name!:220 state:100 firm_id-`."""
    out = []
    for n, part in enumerate(text.split()):
        name, _colon, width = part.partition(":")
        bare = name.rstrip("!-")
        title = {**LABELS, **(labels or {})}.get(bare)
        out.append(Col(bare, title, int(width) if width else None, "!" in name, "-" in name, link=n == 0))
    return tuple(out)


def plain(
    model: Any,
    many: Any,
    one: Any,
    new: Any,
    cols: str,
    fields: str,
    services: str | None = None,
    *,
    more: str = "",
    labels: dict[str, Any] | None = None,
    **rest: Any,
) -> Resource:
    """`fields` stand on the form, `more` on the record only; `services` is `file:create/change/remove` (empty: not offered)."""
    made: dict[str, Any] = {}
    if services:
        file, _colon, names = services.partition(":")
        for slot, name in zip(("create", "change", "remove"), names.split("/"), strict=False):
            if name:
                made[slot] = f"{S}.{file}:{name}"
    sections = [Section(one, tuple(fields.split()))]
    if more:
        sections.append(Section(_l("Course"), tuple(more.split())))
    values = {"sections": tuple(sections), **made, **rest}
    return Resource(model.__resource__, model, Titles(many, one, new), columns(cols, labels), **values)
