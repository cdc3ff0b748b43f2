"""The operations report of a month, quarter or year: indicators, the chain per carrier, who came and went, results,
support, and what ends soon. Everything is counted for the period asked, nothing is typed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from parkops.clock import Period, add_months
from parkops.i18n import _, _l
from parkops.kpi import engine, store
from parkops.kpi.catalogue import all_kpis, readable
from parkops.kpi.figures import unit_word, value_of
from parkops.kpi.registry import Kpi, Window
from parkops.models import Park
from parkops.reports import annex, charts
from parkops.reports.document import Cell, Column, Document, Section, Table
from parkops.reports.kpi_sheet import module_sections
from parkops.reports.registry import Report, Request

from .. import checks
from ..kpis import _sql
from ..models.carrier import CARRIER_LEVELS, CARRIER_TYPES, Carrier
from ..models.datacall import DataCall
from ..models.financing import FINANCING_KINDS, FinancingEvent
from ..models.firm import TRACKS, Firm
from ..models.qualification import QUALIFICATION_KINDS, Qualification
from ..models.visit import DEMANDS, FollowUp
from ..services import datacalls
from ..services.carriers import grades_known_on, levels_on

FORMATS = {"count": "int", "people": "int", "percent": "percent", "money": "money", "area": "area", "hours": "decimal"}
FLOW_TITLES = {
    "opening": _l("Opening"),
    "admitted": _l("Admitted"),
    "moved_in": _l("Moved in"),
    "graduated": _l("Graduated"),
    "left": _l("Left"),
    "dissolved": _l("Dissolved"),
    "moved_out": _l("Moved out"),
    "closing": _l("Closing"),
}
EXPIRY_DAYS = 90


def operations_monthly(session: Any, request: Request) -> Document:
    """Sections in reading order for one park and period."""
    period, park = request.period, session.get(Park, request.park_id)
    assert period is not None and park is not None
    window = Window(period, request.today)
    sections = (
        _indicators(session, window, park.id),
        *_others(session, request),
        _chain(session, period, park.id),
        _carriers(session, window.on, park.id),
        *_people_in_and_out(session, window, park.id),
        _qualifications(session, window, park.id),
        _financing(session, window, park.id),
        _calls(session, window, park.id),
        _promises(session, window, park.id),
        _ending(session, window.on, park.id),
        annex.annex(_codes(session, period)),
    )
    return Document(_l("Operations report"), f"{park} · {period.key}", sections, request.at, request.made_by, landscape=True)


def _indicators(session: Any, window: Window, park_id: int) -> Section:
    """This period, the one before and a year ago, measured now from the same selects as the tiles."""
    period = window.period
    periods = [period, period.previous(), Period.of(period.grain, add_months(period.start, -12))]
    rows = []
    for kpi in all_kpis().values():
        if kpi.module == "tenants" and period.grain in kpi.grains:
            rows.append([str(kpi.title), str(unit_word(kpi)), *(_value(session, kpi, Window(p, window.today), park_id) for p in periods)])
    columns = (Column(_l("Indicator"), width=2.6), Column(_l("Unit"), width=0.7), *(Column(p.key, right=True) for p in periods))
    return Section(_l("Indicators"), table=Table(columns, rows))


def _codes(session: Any, period: Period) -> list[str]:
    """Every indicator of the period the reader may see, this module's first."""
    kpis = [k for k in readable(session).values() if period.grain in k.grains]
    return [k.code for k in sorted(kpis, key=lambda k: k.module != "tenants")]


def _others(session: Any, request: Request) -> Iterable[Section]:
    """The other modules' indicators as stored, and the picture of firms over a year."""
    period = request.period
    assert period is not None
    found = store.trend(session, ["tenants.admitted", "tenants.graduated", "tenants.left"], period, 13, park_id=request.park_id)
    series = [charts.Series(str(shown[0].kpi.title), [s.value for s in shown]) for shown in found.values()]
    labels = [s.period.key for s in next(iter(found.values()))]
    yield Section(_l("In and out over time"), svg=charts.lines(labels, series, title=_("In and out over time"), width=960))
    yield from (s for name, s in module_sections(session, period, request.park_id) if name != "tenants")


def _value(session: Any, kpi: Kpi, window: Window, park_id: int) -> Cell:
    figure = engine.measured_now(session, kpi, window, park_id)
    value = value_of(kpi, figure)
    note = _("(%(n)s not reported)", n=figure.missing) if figure.missing and value is not None else None
    return Cell(value, FORMATS[kpi.unit], note)


def _chain(session: Any, period: Period, park_id: int) -> Section:
    """Opening + in − out = closing per carrier; the last column shows a difference, which must be 0."""
    names = dict(session.execute(select(Carrier.id, Carrier.name).where(Carrier.park_id == park_id).order_by(Carrier.name)).all())
    found = checks.reconcile(session, period)
    keys = (*FLOW_TITLES, "difference")
    rows = [[name, *(found[cid][k] for k in keys)] for cid, name in names.items() if cid in found]
    totals = [_("Total"), *(sum(row[i + 1] for row in rows) for i in range(len(keys)))]
    columns = (Column(_l("Carrier"), width=2.4), *(Column(t, "int") for t in FLOW_TITLES.values()), Column(_l("Difference"), "int"))
    return Section(
        _l("Firms in incubation"),
        table=Table(columns, rows, totals),
        note=_l("Opening + admitted + moved in − graduated − left − dissolved − moved out = closing."),
    )


def _carriers(session: Any, on: date, park_id: int) -> Section:
    levels, grades = levels_on(session, on), grades_known_on(session, on)
    rows = []
    for c in session.scalars(select(Carrier).where(Carrier.park_id == park_id).order_by(Carrier.carrier_type, Carrier.name)):
        grade = grades.get(c.id)
        rows.append(
            [
                c.name,
                str(CARRIER_TYPES.label(c.carrier_type)),
                ", ".join(str(CARRIER_LEVELS.label(x)) for x in levels.get(c.id, [])) or "—",
                f"{grade.grade} ({grade.year})" if grade else "—",
                c.area,
                c.workstations,
            ]
        )
    columns = (
        Column(_l("Carrier"), width=2.4),
        Column(_l("Type")),
        Column(_l("Level"), width=1.4),
        Column(_l("Grade as known that day")),
        Column(_l("Controllable area"), "area"),
        Column(_l("Workstations"), "int"),
    )
    return Section(_l("Carriers"), table=Table(columns, rows))


def _people_in_and_out(session: Any, window: Window, park_id: int) -> Iterable[Section]:
    """The firms behind the flows, with the day and the carrier."""
    for title, condition, carrier in (
        (_l("Admitted in the period"), _sql.admitted, "carrier_id"),
        (_l("Graduated in the period"), lambda c: _sql.ended(c, "graduated"), "old_carrier"),
        (_l("Left or dissolved in the period"), lambda c: _sql.ended(c, "left") | _sql.ended(c, "dissolved"), "old_carrier"),
    ):
        c = _sql.changes()
        rows = session.execute(
            select(Firm.name, Firm.track, Carrier.name.label("carrier"), c.c.starts_on)
            .select_from(c)
            .join(Firm, Firm.id == c.c.firm_id)
            .outerjoin(Carrier, Carrier.id == c.c[carrier])
            .where(condition(c), _sql.in_window(c, window), Firm.park_id == park_id)
            .order_by(c.c.starts_on, Firm.name)
        )
        table = [[r.name, str(TRACKS.label(r.track) or "—"), r.carrier or "—", r.starts_on] for r in rows]
        columns = (
            Column(_l("Firm"), width=2.4),
            Column(_l("Industry track")),
            Column(_l("Carrier"), width=1.6),
            Column(_l("Date"), "date"),
        )
        yield Section(title, table=Table(columns, table)) if table else Section(title, text=(_l("None."),))


def _qualifications(session: Any, window: Window, park_id: int) -> Section:
    q = Qualification
    rows = [
        [r.name, str(QUALIFICATION_KINDS.label(r.kind)), r.certificate_no or "—", r.obtained_on]
        for r in session.execute(
            select(Firm.name, q.kind, q.certificate_no, q.obtained_on)
            .join(Firm, Firm.id == q.firm_id)
            .where(q.obtained_on >= window.start, q.obtained_on < window.end, q.park_id == park_id)
            .order_by(q.kind, q.obtained_on, Firm.name)
        )
    ]
    columns = (
        Column(_l("Firm"), width=2.4),
        Column(_l("Qualification"), width=1.6),
        Column(_l("Certificate number"), width=1.2),
        Column(_l("Obtained on"), "date"),
    )
    return (
        Section(_l("Qualifications obtained"), table=Table(columns, rows))
        if rows
        else Section(_l("Qualifications obtained"), text=(_l("None."),))
    )


def _financing(session: Any, window: Window, park_id: int) -> Section:
    f = FinancingEvent
    rows = [
        [r.name, str(FINANCING_KINDS.label(r.kind)), r.investor or "—", r.on_date, r.amount_cny]
        for r in session.execute(
            select(Firm.name, f.kind, f.investor, f.on_date, f.amount_cny)
            .join(Firm, Firm.id == f.firm_id)
            .where(f.on_date >= window.start, f.on_date < window.end, f.park_id == park_id)
            .order_by(f.on_date, Firm.name)
        )
    ]
    if not rows:
        return Section(_l("Financing"), text=(_l("None."),))
    total = sum((r[4] for r in rows if r[4] is not None), start=0)
    columns = (
        Column(_l("Firm"), width=2.4),
        Column(_l("Kind")),
        Column(_l("Investor or lender"), width=1.6),
        Column(_l("Date"), "date"),
        Column(_l("Amount in yuan"), "money", 1.3),
    )
    return Section(_l("Financing"), table=Table(columns, rows, [_("Total of the known amounts"), None, None, None, total or None]))


def _calls(session: Any, window: Window, park_id: int) -> Section:
    rows = []
    for call in session.scalars(
        select(DataCall)
        .where(DataCall.park_id == park_id, DataCall.state != "draft", DataCall.due_on >= window.start, DataCall.due_on < window.end)
        .order_by(DataCall.due_on)
    ):
        answered, asked = datacalls.response_rate(session, call)
        rows.append([call.name, call.due_on, asked, answered, asked - answered])
    columns = (
        Column(_l("Data call"), width=2.4),
        Column(_l("Due on"), "date"),
        Column(_l("Asked"), "int"),
        Column(_l("Answered"), "int"),
        Column(_l("Missing"), "int"),
    )
    return Section(_l("Data calls due"), table=Table(columns, rows)) if rows else Section(_l("Data calls due"), text=(_l("None."),))


def _promises(session: Any, window: Window, park_id: int) -> Section:
    """Demands of firms by category: raised in the period, done in the period, overdue on its last day."""
    f = FollowUp
    query = (
        select(
            f.category,
            func.count().filter(f.raised_on >= window.start, f.raised_on < window.end),
            func.count().filter(f.done_on >= window.start, f.done_on < window.end),
            func.count().filter(f.due_on < window.on, f.done_on.is_(None) | (f.done_on > window.on)),
        )
        .where(f.park_id == park_id)
        .group_by(f.category)
    )
    found = {row[0]: row[1:] for row in session.execute(query)}
    rows = [[str(label), *found[code]] for code, label in DEMANDS.items() if code in found and any(found[code])]
    columns = (Column(_l("Demand"), width=2.4), Column(_l("Raised"), "int"), Column(_l("Done"), "int"), Column(_l("Overdue"), "int"))
    return Section(_l("Demands of firms"), table=Table(columns, rows)) if rows else Section(_l("Demands of firms"), text=(_l("None."),))


def _ending(session: Any, on: date, park_id: int) -> Section:
    """Terms and qualifications that end within 90 days after the period."""
    limit, q = on + timedelta(days=EXPIRY_DAYS), Qualification
    terms = session.execute(
        select(Firm.name, Firm.term_ends_on).where(
            Firm.park_id == park_id, Firm.state == "incubating", Firm.term_ends_on.between(on, limit)
        )
    )
    ends = session.execute(
        select(Firm.name, q.kind, q.valid_to)
        .join(Firm, Firm.id == q.firm_id)
        .where(q.park_id == park_id, q.valid_to.between(on, limit), q.revoked_on.is_(None))
    )
    rows = [[name, _("Incubation term"), day] for name, day in terms] + [[n, str(QUALIFICATION_KINDS.label(k)), d] for n, k, d in ends]
    rows.sort(key=lambda r: (r[2], r[0]))
    title = _l("Ending within %(n)s days", n=EXPIRY_DAYS)
    columns = (Column(_l("Firm"), width=2.4), Column(_l("What"), width=1.6), Column(_l("Ends on"), "date"))
    return Section(title, table=Table(columns, rows)) if rows else Section(title, text=(_l("None."),))


REPORTS = [
    Report(
        "operations-monthly",
        _l("Operations report"),
        operations_monthly,
        resource="tenants.firm",
        needs=("period", "park"),
        explain=_l("Indicators, the chain per carrier, who came and went, results, demands and what ends soon, for one park and period."),
    )
]
