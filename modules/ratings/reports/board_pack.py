"""`board-pack`: what a board reads of a month, quarter or year — key figures, then area by area with a picture each, targets, the
carriers' verdicts and grades. A frozen period shows its frozen figures and what counting again gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import CARRIER_TYPES
from parkops.clock import Period, add_months
from parkops.i18n import _, _l
from parkops.kpi import store
from parkops.kpi.catalogue import readable
from parkops.kpi.figures import text_of
from parkops.kpi.models import KpiTarget
from parkops.models import Park
from parkops.reports import charts
from parkops.reports.document import Cell, Column, Document, Section, Table
from parkops.reports.kpi_sheet import CELL_FORMAT
from parkops.reports.registry import Report, Request
from parkops.security import access

from ..services import definitions, rating_report
from . import _parts

KEY = tuple(
    """leasing.occupancy tenants.incubating tenants.admitted tenants.graduated billing.collection_rate billing.receivable_balance
    leasing.relief_granted platforms.recovery_billed loans.disbursed funds.invested services.on_time tenants.revenue""".split()
)
# area: title, the indicators of its picture (one unit), all indicators of its table
AREAS: tuple[tuple[Any, str, str], ...] = (
    (
        _l("Space and leases"),
        "leasing.occupancy leasing.incubatee_share",
        """leasing.occupancy leasing.lettable_area leasing.incubatee_area leasing.incubatee_share leasing.average_rent
        leasing.wale_area leasing.wale_rent""",
    ),
    (
        _l("Firms and incubation"),
        "tenants.admitted tenants.graduated tenants.left",
        """tenants.incubating tenants.teams tenants.admitted tenants.graduated tenants.left tenants.graduated_total tenants.headcount
        tenants.revenue tenants.rd_expense tenants.tech_sme_share tenants.hitech_firms tenants.ip_valid tenants.financed_firms
        tenants.financed_amount tenants.mentor_coverage""",
    ),
    (
        _l("Receivables"),
        "billing.receivable billing.collected",
        "billing.receivable billing.collected billing.collection_rate billing.receivable_balance billing.overdue_share",
    ),
    (
        _l("Rent relief"),
        "leasing.relief_granted",
        "leasing.relief_granted leasing.relief_cumulative leasing.relief_firms leasing.relief_months leasing.relief_budget_used",
    ),
    (
        _l("Technical platforms"),
        "platforms.recovery_billed platforms.recovery_cash platforms.utilisation",
        """platforms.recovery_billed platforms.recovery_cash platforms.own_income platforms.utilisation platforms.outside_share
        platforms.firms_served platforms.firms_served_ever platforms.waived platforms.patents platforms.transfers""",
    ),
    (
        _l("Start-up loans"),
        "loans.disbursed",
        """loans.disbursed loans.disbursed_cumulative loans.loans loans.firms loans.outstanding loans.approval_rate loans.overdue_rate
        loans.compensation_rate loans.subsidy_claimed loans.jobs""",
    ),
    (
        _l("Venture funds"),
        "funds.paid_in funds.invested funds.nav",
        "funds.size funds.paid_in funds.invested funds.distributed funds.nav funds.tvpi funds.dpi funds.net_irr funds.firms",
    ),
    (
        _l("Services to firms"),
        "services.on_time services.on_the_spot",
        """services.cases services.on_time services.on_the_spot services.visitors services.bad_reviews services.demands_closed
        services.policy_money amenities.person_times amenities.events""",
    ),
)
CODES = tuple(dict.fromkeys((*KEY, *(c for _t, _p, codes in AREAS for c in codes.split()))))
definitions.used_in(_l("Board pack"), list(CODES))


def board_pack(session: Any, request: Request) -> Document:
    """Sections in reading order for one park, or all the parks the reader sees together."""
    period = request.period
    assert period is not None
    park = session.get(Park, request.park_id) if request.park_id else None
    sections = [_key_figures(session, period, request.park_id), _targets(session, period, request.park_id)]
    for title, picture, codes in AREAS:
        known = _parts.kpi_codes(session, period, *codes.split())
        if known:
            drawn = _parts.kpi_codes(session, period, *picture.split())
            svg = _parts.kpi_lines(session, str(title), drawn, period, request.park_id, _periods(period))
            sections.append(_parts.kpi_section(session, title, known, period, request.park_id, svg=svg))
    sections.append(_carriers(session, request, period))
    sections.append(_parts.book(session, _parts.kpi_codes(session, period, *CODES)))
    name = str(park) if park is not None else _("All parks")
    return Document(
        _l("Board pack"), f"{name} · {period.key}", tuple(s for s in sections if s is not None), request.at, request.made_by, outline=True
    )


def _periods(period: Period) -> int:
    return {"month": 13, "quarter": 9, "year": 5}[period.grain]


def _key_figures(session: Any, period: Period, park_id: int | None) -> Section:
    """The figures a board asks for first, each with its change against a year ago."""
    known, before = readable(session), Period.of(period.grain, add_months(period.start, -12))
    codes = _parts.kpi_codes(session, period, *KEY)
    found = {(s.kpi.code, s.period): s for s in store.figures(session, codes, [period, before], park_id=park_id)}
    rows = []
    for code in codes:
        kpi, now, then = known[code], found.get((code, period)), found.get((code, before))
        value = now.value if now is not None else None
        old = then.value if then is not None else None
        change = Cell(value - old, CELL_FORMAT[kpi.unit]) if value is not None and old is not None else Cell("—", "text")
        shown = (
            Cell(value, CELL_FORMAT[kpi.unit])
            if value is not None
            else (text_of(kpi, now.figure) if now is not None and now.stored else _("not computed"))
        )
        frozen = _("frozen") if now is not None and now.frozen else ""
        delta = Cell(now.delta, CELL_FORMAT[kpi.unit]) if now is not None and now.delta else ""
        rows.append([str(kpi.title), shown, change, frozen, delta])
    columns = (Column(_l("Indicator"), width=2.4), Column(period.key, right=True), Column(_l("Against a year ago"), right=True),
               Column(_l("State"), width=0.8), Column(_l("Correction since"), right=True))  # fmt: skip
    note = _l("A frozen figure is the one that was reported. Counting again today would change it by the correction.")
    return Section(_l("Key figures"), table=Table(columns, rows), note=note)


def _targets(session: Any, period: Period, park_id: int | None) -> Section | None:
    """Targets of the period and how far they are reached."""
    t = KpiTarget
    wanted = select(t.code).where(t.grain == period.grain, t.period_start == period.start).distinct().order_by(t.code)
    codes = _parts.kpi_codes(session, period, *session.scalars(wanted if park_id is None else wanted.where(t.park_id == park_id)))
    found = [s for s in store.figures(session, codes, [period], park_id=park_id) if s.target is not None]
    if not found:
        return None
    rows, reached = [], []
    for s in found:
        fmt = CELL_FORMAT[s.kpi.unit]
        share = share_reached(s.value, s.target, s.kpi.better)
        reached.append(None if share is None else min(share, Decimal(2)))
        rows.append([str(s.kpi.title), Cell(s.target, fmt), Cell(s.value, fmt), share])
    columns = (
        Column(_l("Indicator"), width=2.4),
        Column(_l("Target"), right=True),
        Column(_l("Actual"), right=True),
        Column(_l("Share reached"), "percent"),
    )
    svg = charts.bars([r[0] for r in rows], reached, "percent", title=_("Targets and actual figures"), limit=1)
    return Section(_l("Targets and actual figures"), table=Table(columns, rows), svg=svg)


def share_reached(value: Decimal | None, target: Decimal, better: str | None) -> Decimal | None:
    """How much of a target is reached, 1 is all; None without a figure. Where nothing can be divided it is reached or it is not."""
    if value is None:
        return None
    part, whole = (target, value) if better == "lower" else (value, target)
    return _parts.percent(part, whole) if whole else Decimal(part >= 0)


def _carriers(session: Any, request: Request, period: Period) -> Section | None:
    """Verdict, what is missing, own score, published grade of each carrier."""
    if not access.may(session, "ratings.assessment", "read"):
        return None
    asked, rows = Period.year(period.start).previous() if period.grain != "year" else period, []
    for r in rating_report.gather_reports(session, request.park_id, asked, request.today, deep=False):
        score, kind = r.scored.sheet if r.scored is not None else None, str(CARRIER_TYPES.label(r.carrier.carrier_type))
        own = Cell(score.total, "decimal") if score is not None else Cell("—", "text")
        grade = r.grade.grade if r.grade is not None else "—"
        rows.append([r.carrier.name, kind, str(_parts.VERDICTS[r.result.verdict]), r.result.missing or "—", own, grade])
    columns = (
        Column(_l("Carrier"), width=1.8),
        Column(_l("Type"), width=0.8),
        Column(_l("Verdict"), width=0.8),
        Column(_l("What is missing"), width=2.4),
        Column(_l("Own score"), right=True),
        Column(_l("Published grade"), width=0.8),
    )
    title = _("Ratings for %(year)s", year=asked.key)
    return Section(title, table=Table(columns, rows)) if rows else None


REPORTS = [
    Report(
        "board-pack",
        _l("Board pack"),
        board_pack,
        resource="core.kpi",
        needs=("period",),
        explain=_l(
            "Key figures, targets, every area with a picture, the carriers' verdicts, and the definitions, for a month, quarter or year."
        ),
    )
]
