"""The annex of a report: what every figure in it means, where the definition comes from, and its unit. Generated from the indicators
themselves, so that the book and the report cannot differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..i18n import _, _l
from ..kpi.catalogue import all_kpis
from ..kpi.figures import unit_word
from ..kpi.registry import Kpi
from .document import Column, Section, Table

COLUMNS = (
    Column(_l("Indicator"), width=1.5),
    Column(_l("Definition"), width=3.2),
    Column(_l("Unit"), width=0.7),
    Column(_l("Legal source"), width=1.4),
    Column(_l("Code"), width=1.3),
)
WORDS = {"count": _l("number"), "percent": "%", "money": _l("yuan"), "people": _l("people"), "hours": _l("hours"), "area": "㎡"}


def kpi_row(kpi: Kpi) -> list[Any]:
    """One line of the annex."""
    return [
        str(kpi.title),
        str(kpi.explain),
        str(unit_word(kpi) or WORDS[kpi.unit]),
        kpi.source or _("own definition of the park"),
        f"{kpi.code} v{kpi.version}",
    ]


def annex(codes: Iterable[str], more: Iterable[list[Any]] = ()) -> Section:
    """Definitions and sources of these indicators in the order given; `more`: lines of other figures in the same five columns.
    Codes no installed module declares are left out."""
    known = all_kpis()
    rows = [kpi_row(known[c]) for c in dict.fromkeys(codes) if c in known]
    return Section(
        _l("Annex: definitions and sources"),
        table=Table(COLUMNS, [*rows, *more]),
        note=_l("A figure that was not reported is shown as such and is never counted as zero."),
    )


def module_codes(*modules: str) -> list[str]:
    """The indicators of these modules."""
    return [k.code for k in all_kpis().values() if k.module in modules]
