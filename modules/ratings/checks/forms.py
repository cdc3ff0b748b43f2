"""Tie-outs of statutory forms, evidence packs and the benefit ledger."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, func, select, type_coerce

from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.exemption import ExemptionPack
from ..services import benefit_lines, exemption, form_signing
from ..services.measures import installed

FAR_BACK, FAR_AHEAD = date(1990, 1, 1), date(2999, 12, 31)


def packs(session: Any) -> list[str]:
    """R-81, R-84: exempt + taxable + outside of every kept pack is what was billed, and it gives its seal."""
    rows = session.scalars(select(ExemptionPack).order_by(ExemptionPack.id))
    return [
        _("Evidence pack %(number)s no longer gives its seal or its totals.", number=p.number)
        for p in rows
        if not exemption.sound(session, p)
    ]


def benefits(session: Any) -> list[str]:
    """R-88: relief and interest subsidy of the ledger are what the indicators of leasing and loans count, over all time."""
    out = []
    for line, other in (("relief", _relief), ("subsidy", _subsidy)):
        found = benefit_lines.BY_CODE[line]
        if not installed(found.module or ""):
            continue
        rows = found.query(FAR_BACK, FAR_AHEAD).subquery("rows")
        mine, theirs = int(session.scalar(select(func.coalesce(func.sum(rows.c.amount), 0))) or 0), other(session)
        if mine != theirs:
            out.append(_("Benefit ledger, %(line)s: %(a)s fen, indicator %(b)s fen.", line=found.title, a=mine, b=theirs))
    return out


def _relief(session: Any) -> int:
    from modules.leasing.kpis.relief import measure_cumulative
    from parkops.clock import Period
    from parkops.kpi.registry import Window

    window = Window(Period.of("year", FAR_AHEAD), FAR_AHEAD)
    rows = measure_cumulative(window).subquery("rows")
    return int(session.scalar(select(func.coalesce(func.sum(rows.c.numerator), 0))) or 0)


def _subsidy(session: Any) -> int:
    from modules.loans.models.subsidy import SubsidyClaim

    total = func.coalesce(func.sum(type_coerce(SubsidyClaim.total, BigInteger)), 0)
    return int(session.scalar(select(total).where(SubsidyClaim.state.in_(("filed", "paid")))) or 0)


CHECKS = [
    Check("ratings.frozen_forms", _l("Frozen forms give their seals"), form_signing.altered),
    Check("ratings.exemption_packs", _l("Evidence packs: exempt and taxable make what was billed"), packs),
    Check("ratings.benefit_totals", _l("Benefit ledger ties with relief and interest subsidy"), benefits),
]
