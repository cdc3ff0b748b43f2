"""The definitions book: every indicator of the installed modules, every measure, gate of recognition and graduation, indicator of
the rating schemes and of the composite indices, with its legal source, clause, formula, unit, period and who answers for it. R-120.

`definitions(session, codes)` is what the annex of a report is made of. Codes:
`tenants.incubating` (a KPI), `measure:sme_share`, `gate:INC-2025-STD/A1`, `indicator:EVAL-GX-2023/1.1`, `index:INTL-5/D1/I1`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from parkops import registry
from parkops.errors import NotFound
from parkops.i18n import _, _l, i18n_text
from parkops.kpi.catalogue import readable
from parkops.kpi.figures import unit_word
from parkops.kpi.models import GRAINS
from parkops.kpi.registry import Kpi
from parkops.rules.models import RuleSet
from parkops.rules.units import unit_text
from parkops.security import access
from parkops.security.catalogue import role_rights
from parkops.security.roles import ROLES

from ..models.index import CompositeIndex, IndexDimension, IndexIndicator
from ..models.scheme import INDICATOR_KINDS, RatingIndicator, RatingScheme
from .measures import MEASURES

RESOURCE = "ratings.definition"
KPI, MEASURE, GATE, INDICATOR, INDEX = "kpi", "measure", "gate", "indicator", "index"
KINDS = {
    KPI: _l("KPI of a module"),
    MEASURE: _l("Measure of a carrier"),
    GATE: _l("Gate of a rule set"),
    INDICATOR: _l("Indicator of a rating scheme"),
    INDEX: _l("Indicator of a composite index"),
}
CARRIER_FACTS = "tenants.carrier"
PARTS = re.compile(r"^(?P<doc>.*?(?:号|条例|办法|规程|指南|规范|制度))[\s,，]*(?P<clause>.*)$")
OWNERS = ("finance", "operations_manager", "operations_clerk", "leadership", "system_administrator")
FINANCE_MODULES = ("billing", "funds")


@dataclass(frozen=True)
class Definition:
    """One entry. source: the document; clause: its article; owner: title of the role that answers for the records; used: where it is
    read; provenance: S, S2, D or R where a document is known; resource: the records behind it."""

    code: str
    kind: str
    title: str
    unit: str
    formula: str
    source: str = ""
    clause: str = ""
    period: str = ""
    owner: str = ""
    used: tuple[str, ...] = ()
    provenance: str = ""
    resource: str = ""
    module: str = ""

    @property
    def text(self) -> str:
        """What a search looks through."""
        return " ".join((self.code, self.title, self.formula, self.source, self.clause, self.owner, *self.used)).lower()


def definitions(session: Any, codes: Iterable[str] | None = None) -> list[Definition]:
    """The entries of `codes` in their order, or all; codes nobody defines (a module that is absent) and KPIs whose records the actor may
    not read are left out. Nothing is written."""
    access.require(session, RESOURCE, "read")
    wanted = None if codes is None else list(dict.fromkeys(codes))
    found = [*_kpis(session, wanted), *_others(session, wanted)]
    if wanted is None:
        return found
    by_code = {d.code: d for d in found}
    return [by_code[c] for c in wanted if c in by_code]


def definition(session: Any, code: str) -> Definition:
    """One entry; NotFound in one sentence."""
    found = definitions(session, [code])
    if not found:
        raise NotFound(_l("The book has no entry %(code)s, or you may not see its records.", code=code))
    return found[0]


def matching(found: Iterable[Definition], text: str = "", kind: str = "", module: str = "") -> list[Definition]:
    """Those every word of `text` occurs in."""
    words = text.lower().split()
    return [d for d in found if kind in ("", d.kind) and module in ("", d.module) and all(w in d.text for w in words)]


def split_source(text: str) -> tuple[str, str]:
    """ "工信部科〔2025〕131号 art. 8" → document and clause; several documents stay together."""
    if "；" in text:
        return text, ""
    parts = PARTS.match(text)
    return (parts["doc"], parts["clause"]) if parts else (text, "")


def owner_of(resource: str | None) -> str:
    """The role that answers for records: finance for money records, else the first role that decides on, then that writes them."""
    order = OWNERS if (resource or "").split(".")[0] in FINANCE_MODULES else (*OWNERS[1:3], OWNERS[0], *OWNERS[3:])
    titles = {r.code: str(r.title) for r in ROLES}
    for words in (("act",), ("add", "change")):
        for role in order:
            rights = role_rights(frozenset({role}))
            if any((resource, w) in rights for w in words):
                return titles[role]
    return titles["operations_manager"]


def period_of(kpi: Kpi) -> str:
    """ "Month, quarter, year" of a KPI."""
    return _(", ").join(str(GRAINS.label(g)) for g in kpi.grains)


def unit_of(kpi: Kpi) -> str:
    """Word of the unit, % for shares, "number" for plain counts."""
    return "%" if kpi.unit == "percent" else str(unit_word(kpi)) or _("number")


def _kpis(session: Any, wanted: list[str] | None) -> list[Definition]:
    known = readable(session)
    chosen = known.values() if wanted is None else [known[c] for c in wanted if c in known]
    used = places_of() if chosen else {}
    return [_kpi(k, tuple(used.get(k.code, ()))) for k in chosen]


def _kpi(kpi: Kpi, used: tuple[str, ...]) -> Definition:
    doc, clause = split_source(kpi.source)
    return Definition(
        kpi.code,
        KPI,
        str(kpi.title),
        unit_of(kpi),
        str(kpi.explain),
        doc or _("Park's own indicator"),
        clause,
        period_of(kpi),
        owner_of(kpi.resource),
        used,
        "",
        kpi.resource or "",
        kpi.module,
    )


def places_of() -> dict[str, list[str]]:
    """KPI code → where it is read, beside the page of indicators: whatever a module registered with `used_in`."""
    out: dict[str, list[str]] = defaultdict(list)
    for title, codes in USED_IN:
        for code in codes() if callable(codes) else codes:
            out[code].append(str(title))
    return out


USED_IN: list[tuple[Any, Any]] = []


def used_in(title: Any, codes: Any) -> None:
    """Say that a page or report reads these KPIs: `used_in(_l("Cockpit"), codes)`; `codes` may be a function."""
    if title not in [t for t, _codes in USED_IN]:
        USED_IN.append((title, codes))


def _others(session: Any, wanted: list[str] | None) -> list[Definition]:
    kinds = {c.split(":", 1)[0] for c in wanted} if wanted is not None else set(KINDS)
    out: list[Definition] = []
    gates = _gates(session) if kinds & {GATE, MEASURE} else []
    scored = _indicators(session) if kinds & {INDICATOR, MEASURE} else []
    if MEASURE in kinds:
        out += _measures(gates, scored)
    out += [d for d, _fact in gates] if GATE in kinds else []
    out += [d for d, _fact in scored] if INDICATOR in kinds else []
    return out + (_index(session) if INDEX in kinds else [])


def _measures(gates: list[tuple[Definition, str]], scored: list[tuple[Definition, str]]) -> list[Definition]:
    used: dict[str, list[str]] = defaultdict(list)
    source: dict[str, Definition] = {}
    for d, fact in (*gates, *scored):
        used[fact].append(d.code.split(":", 1)[1])
        source.setdefault(fact, d)
    out = []
    for m in MEASURES.values():
        by = source.get(m.name)
        out.append(
            Definition(
                f"measure:{m.name}",
                MEASURE,
                str(m.title),
                "%" if m.fmt == "percent" else unit_text(m.unit) or _("number"),
                str(m.formula or ""),
                by.source if by else "",
                by.clause if by else "",
                _("The day asked for"),
                owner_of(CARRIER_FACTS),
                tuple(used[m.name]),
                by.provenance if by else "",
                CARRIER_FACTS,
                "ratings",
            )
        )
    return out


def _gates(session: Any) -> list[tuple[Definition, str]]:
    query = select(RuleSet).where(RuleSet.subject.in_((CARRIER_FACTS, "tenants.firm")), RuleSet.enabled).order_by(RuleSet.id)
    out = []
    for s in session.scalars(query):
        for r in s.rules:
            known = MEASURES.get(r.fact)
            formula = str(known.formula or known.title) if known else _("Read from the records: %(fact)s", fact=r.fact)
            d = Definition(
                f"gate:{s.key}/{r.code}",
                GATE,
                i18n_text(r, "sentence"),
                unit_text(r.unit or "") or ("%" if known and known.fmt == "percent" else ""),
                formula,
                s.doc_no or "",
                r.article or "",
                _("The day asked for"),
                owner_of(s.subject),
                (str(s),),
                s.provenance,
                s.subject,
                s.subject.split(".")[0],
            )
            out.append((d, r.fact))
    return out


def _indicators(session: Any) -> list[tuple[Definition, str]]:
    if not access.may(session, "ratings.indicator", "read"):
        return []
    query = (
        select(RatingIndicator)
        .join(RatingScheme, RatingScheme.id == RatingIndicator.scheme_id)
        .where(RatingScheme.state != "retired")
        .options(joinedload(RatingIndicator.scheme), joinedload(RatingIndicator.dimension))
        .order_by(RatingScheme.key, RatingScheme.edition.desc(), RatingIndicator.position, RatingIndicator.id)
    )
    out: dict[str, tuple[Definition, str]] = {}
    for i in session.scalars(query):
        code = f"indicator:{i.scheme.key}/{i.code}"
        known = MEASURES.get(i.fact or "")
        formula = str(known.formula or known.title) if known else str(INDICATOR_KINDS.label(i.kind))
        unit = _("points, at most %(n)s", n=f"{i.most.normalize():f}") if i.most is not None else _("points")
        d = Definition(
            code,
            INDICATOR,
            i.label,
            unit,
            formula,
            i.scheme.doc_no or "",
            i.article or "",
            _("Year"),
            owner_of("ratings.score"),
            (f"{i.scheme.key} v{i.scheme.edition}",),
            i.scheme.provenance,
            "ratings.score",
            "ratings",
        )
        if code in out:  # the newest edition speaks; older ones are named
            first, fact = out[code]
            out[code] = (replace(first, used=tuple(dict.fromkeys((*first.used, *d.used)))), fact)
        else:
            out[code] = (d, i.fact or "")
    return list(out.values())


def _index(session: Any) -> list[Definition]:
    if not access.may(session, "ratings.index", "read"):
        return []
    query = (
        select(IndexIndicator, IndexDimension, CompositeIndex)
        .join(IndexDimension, IndexDimension.id == IndexIndicator.dimension_id)
        .join(CompositeIndex, CompositeIndex.id == IndexDimension.index_id)
        .order_by(CompositeIndex.key, CompositeIndex.id, IndexDimension.position, IndexIndicator.position, IndexIndicator.id)
    )
    out: dict[str, Definition] = {}
    for i, d, x in session.execute(query):
        code = f"index:{x.key}/{d.code}/{i.code}"
        formula = _("Value ÷ value of %(year)s × 100, weighted within %(dimension)s", year=x.base_year, dimension=d.label)
        if x.method == "min_max":
            formula = _("(Value − least) ÷ (most − least) × 100, weighted within %(dimension)s", dimension=d.label)
        out.setdefault(
            code,
            Definition(
                code,
                INDEX,
                i.label,
                i.unit or _("number"),
                formula,
                x.doc_no or "",
                "",
                _("Year"),
                owner_of("ratings.index_value"),
                (x.label,),
                x.provenance,
                "ratings.index_value",
                "ratings",
            ),
        )
    return list(out.values())


def modules_of(found: Iterable[Definition]) -> list[tuple[str, str]]:
    """The modules the entries belong to: name and title."""
    known = registry.registry().manifests
    names = list(dict.fromkeys(d.module for d in found))
    return [(n, _(known[n].title) if n in known else n) for n in names if n]
