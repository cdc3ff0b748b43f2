"""The recovery sheet as PDF, workbook and JSON, from the same numbers as the page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from parkops.i18n import _, _l
from parkops.reports import annex, charts
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from .. import calc_break_even_svg as svg
from ..calc_recovery import COSTS
from ..models.cost import COST_KINDS
from ..models.project import CUSTOMER_CLASSES
from ..services import recovery, recovery_why
from ..services.recovery import PlatformSheet


def break_even_svg(found: PlatformSheet) -> str | None:
    """The chart of price × hours; nothing while a number of it is not known."""
    s = found.sheet
    if s.fixed is None or s.variable_hour is None or s.price is None:
        return None
    words = {
        "title": _("Break-even"),
        "cost": _("Cost"),
        "income": _("Income"),
        "even": _("break-even"),
        "now": _("used"),
        "unit": _("10,000 yuan"),
        "hours": _("Hours"),
    }
    return svg.draw(max(s.fixed, Decimal(0)), s.variable_hour, s.price, s.hours, s.break_even_hours, words)


def recovery_report(session: Any, request: Request) -> Document:
    """Every platform of the park in the period, or the one whose record is named."""
    on, ids = request.today, [request.record_id] if request.record_id else None
    rows = [
        r
        for r in recovery.of_period(session, request.period, on, platform_ids=ids)
        if request.park_id is None or r.platform.park_id == request.park_id
    ]
    sections = [_summary(rows)]
    for found in rows:
        sections += [_facts(session, found), _classes(found), _costs(found), _years(session, found, on)]
    sections.append(annex.annex(annex.module_codes("platforms")))
    return Document(
        _("Cost recovery of technical platforms"), request.period.key, tuple(sections), request.at, request.made_by, landscape=True
    )


def _summary(rows: list[PlatformSheet]) -> Section:
    columns = (
        Column(_("Platform"), width=3),
        Column(_("Net cost"), "money"),
        Column(_("Charged"), "money"),
        Column(_("Received"), "money"),
        Column(_("Recovery, charged"), "percent"),
        Column(_("Recovery, received"), "percent"),
        Column(_("Utilisation"), "percent"),
        Column(_("Waived value"), "money"),
        Column(_("Gap"), "money"),
    )
    lines = [
        [
            r.platform.name,
            r.sheet.cost,
            r.sheet.billed,
            r.sheet.cash,
            r.sheet.recovery_billed,
            r.sheet.recovery_cash,
            r.sheet.utilisation,
            r.sheet.waived,
            r.sheet.gap,
        ]
        for r in rows
    ]
    names = [r.platform.name for r in rows]
    rates = [charts.Series(str(_("Recovery, charged")), [r.sheet.recovery_billed for r in rows]),
             charts.Series(str(_("Recovery, received")), [r.sheet.recovery_cash for r in rows]),
             charts.Series(str(_("Utilisation")), [r.sheet.utilisation for r in rows])]  # fmt: skip
    return Section(
        _("Platforms"),
        table=Table(columns, lines),
        svg=charts.columns(names, rates, "percent", title=_("Platforms"), width=960) if rows else None,
        note=_("Recovery is what was charged net of waivers, or received, over the net cost; waived value stands apart and is in no rate."),
    )


def _facts(session: Any, found: PlatformSheet) -> Section:
    s, targets = found.sheet, recovery_why.targets(session, found.platform.park_id, found.period)
    titles = {"recovery_billed": _("Target of the park, charged"), "recovery_cash": _("Target of the park, received")}
    missing = "、".join(f"{m:%Y-%m}" for m in found.months_missing)
    notes = [_("Months without a cost pool: %(months)s.", months=missing)] if missing else []
    if found.unpriced:
        notes.append(_("%(n)s events are not priced yet.", n=found.unpriced))
    return Section(
        found.platform.name,
        facts=(
            (_("Net cost"), s.cost, "money"),
            (_("Hours used"), s.hours, "decimal"),
            (_("Rated hours"), s.rated, "decimal"),
            (_("Break-even price per hour"), s.break_even, "money"),
            (_("Price for outside users to break even"), s.outside, "money"),
            (_("Average price per hour"), s.price, "money"),
            (_("Break-even hours"), s.break_even_hours, "decimal"),
            (_("Own-income ratio"), s.own_income, "percent"),
            (_("Share of outside users"), s.outside_share, "percent"),
            *((title, targets[n], "percent") for n, title in titles.items() if n in targets),
        ),
        svg=break_even_svg(found),
        note=" ".join(notes) or None,
    )


def _classes(found: PlatformSheet) -> Section:
    columns = (
        Column(_("Class of user"), width=2),
        Column(_("Hours"), "decimal"),
        Column(_("Price before reductions"), "money"),
        Column(_("Discount"), "money"),
        Column(_("Covered by rights"), "money"),
        Column(_("Waived value"), "money"),
        Column(_("Charged"), "money"),
        Column(_("Received"), "money"),
        Column(_("Part of the cost"), "money"),
        Column(_("Gap"), "money"),
        Column(_("Borne by"), width=2),
    )
    lines = [
        [
            str(CUSTOMER_CLASSES.label(x.use.code)),
            x.use.hours,
            x.use.gross,
            x.use.discount,
            x.use.entitled,
            x.use.waived,
            x.use.billed,
            x.use.cash,
            x.cost,
            x.gap,
            borne_by(x),
        ]
        for x in found.sheet.lines
    ]
    s = found.sheet
    total = [_("Total"), s.hours, s.gross, s.discount, s.entitled, s.waived, s.billed, s.cash, s.cost, s.gap, ""]
    return Section(_("By class of user"), table=Table(columns, lines, total))


def borne_by(line: Any) -> str:
    """Who bears the gap of a class: its funder, nobody named, or no gap at all."""
    if line.gap is None or line.gap <= 0:
        return ""
    return line.use.funder or _("nobody named")


def _costs(found: PlatformSheet) -> Section:
    rows = [
        [str(COST_KINDS.label(k)), found.costs[k] if k in COSTS else -found.costs[k]]
        for k in (*COSTS, "grant", "carry")
        if k in found.costs
    ]
    return Section(
        _("Costs"), table=Table((Column(_("Kind of cost"), width=3), Column(_("Amount"), "money")), rows, [_("Net cost"), found.sheet.cost])
    )


def _years(session: Any, found: PlatformSheet, on: Any) -> Section:
    columns = (
        Column(_("Period")),
        Column(_("Net cost"), "money"),
        Column(_("Charged"), "money"),
        Column(_("Received"), "money"),
        Column(_("Recovery, charged"), "percent"),
        Column(_("Recovery, received"), "percent"),
        Column(_("Hours used"), "decimal"),
        Column(_("Utilisation"), "percent"),
    )
    rows = [
        [
            y.period.key,
            y.sheet.cost,
            y.sheet.billed,
            y.sheet.cash,
            y.sheet.recovery_billed,
            y.sheet.recovery_cash,
            y.sheet.hours,
            y.sheet.utilisation,
        ]
        for y in recovery.years_of(session, found.platform, found.period, on)
    ]
    return Section(_("Three years"), table=Table(columns, rows))


REPORTS = [
    Report(
        "platform-recovery",
        _l("Cost recovery of technical platforms"),
        recovery_report,
        resource="platforms.cost_pool",
        needs=("period",),
        explain=_l("Costs, charges, receipts, break-even prices and the gap of every class with its funder."),
    ),
]
