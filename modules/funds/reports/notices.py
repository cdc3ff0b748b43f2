"""Notices to partners: of a capital call and of a distribution, one partner's or all of them; in the reader's language."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.i18n import _, _l
from parkops.refs import load
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.call import CallPart, CapitalCall, DistributionPart, FundDistribution, FundFlow
from ..services import calls, distributions

ZERO = Decimal(0)


def _call_facts(part: CallPart, committed: Decimal, before: Decimal, left: Decimal) -> tuple[tuple[Any, Any, str], ...]:
    return (
        (_l("Partner"), part.partner.name, "text"),
        (_l("Commitment"), committed, "money"),
        (_l("Called before"), before, "money"),
        (_l("Amount called"), part.amount, "money"),
        (_l("Share of the commitment"), part.amount / committed if committed else None, "percent"),
        (_l("Still to be called afterwards"), left, "money"),
        (_l("Pay by"), part.call.due_on, "date"),
        (_l("Pay to"), " ".join(x for x in (part.call.fund.name, part.call.fund.bank) if x), "text"),
    )


def _purposes(part: CallPart) -> Table:
    rows = [
        [_("For investments"), part.for_investments],
        [_("For the management fee"), part.for_fees],
        [_("For expenses"), part.for_expenses],
    ]
    return Table((Column(_l("Purpose"), width=3), Column(_l("Amount"), "money")), [r for r in rows if r[1]], [_("Total"), part.amount])


def _call_sections(session: Any, part: CallPart) -> list[Section]:
    call = part.call
    committed = calls.committed_of(session, part.partner_id)
    left = calls.unfunded(session, call.fund_id, before=call).get(part.partner_id, ZERO)
    before = committed - left
    text = _(
        "By the partnership agreement of %(fund)s we call capital as follows. Please transfer your part by %(due)s.",
        fund=call.fund.name,
        due=call.due_on.isoformat(),
    )
    return [
        Section(
            part.partner.name,
            text=(text, *((call.purpose,) if call.purpose else ())),
            facts=_call_facts(part, committed, before, left - part.amount),
        ),
        Section(_l("By purpose"), table=_purposes(part)),
    ]


def _signature(name: str) -> Section:
    return Section(_l("Signatures"), facts=((_l("General partner"), name, "text"), (_l("Date"), " " * 20, "text")))


def call_notice(session: Any, request: Request) -> Document:
    """One partner's notice of a call."""
    part: CallPart = load(session, "funds.call_part", request.record_id)
    call = part.call
    return Document(
        _("Notice of a capital call"),
        f"{call.fund.name} · {call.number} · {call.notice_on}",
        (*_call_sections(session, part), _signature(call.fund.manager)),
        request.at,
        request.made_by,
    )


def call_notices(session: Any, request: Request) -> Document:
    """The whole call: the parts with totals, then every partner's notice."""
    call: CapitalCall = load(session, "funds.call", request.record_id)
    parts = calls.parts_of(session, call)
    columns = (
        Column(_l("Partner"), width=3),
        Column(_l("For investments"), "money"),
        Column(_l("For the management fee"), "money"),
        Column(_l("For expenses"), "money"),
        Column(_l("Amount called"), "money"),
        Column(_l("Received"), "money"),
    )
    rows = [[p.partner.name, p.for_investments, p.for_fees, p.for_expenses, p.amount, p.received] for p in parts]
    total = [_("Total"), *(sum((r[n] for r in rows), ZERO) for n in range(1, 6))]
    sections = [Section(_l("Parts of the partners"), table=Table(columns, rows, total))]
    for part in parts:
        sections += _call_sections(session, part)
    return Document(
        _("Notice of a capital call"),
        f"{call.fund.name} · {call.number} · {call.notice_on}",
        (*sections, _signature(call.fund.manager)),
        request.at,
        request.made_by,
    )


def receipt(session: Any, request: Request) -> Document:
    """What a partner paid on a call, movement by movement."""
    part: CallPart = load(session, "funds.call_part", request.record_id)
    call = part.call
    flows = session.scalars(select(FundFlow).where(FundFlow.call_part_id == part.id).order_by(FundFlow.on_date, FundFlow.id)).all()
    columns = (Column(_l("Date"), "date"), Column(_l("Reference"), width=2), Column(_l("Received"), "money"))
    table = Table(columns, [[f.on_date, f.reference or "", f.amount] for f in flows], [_("Total"), None, part.received])
    facts = (
        (_l("Partner"), part.partner.name, "text"),
        (_l("Amount called"), part.amount, "money"),
        (_l("Received"), part.received, "money"),
        (_l("Still to come"), part.amount - part.received, "money"),
    )
    return Document(
        _("Receipt of a contribution"),
        f"{call.fund.name} · {call.number}",
        (Section(part.partner.name, facts=facts), Section(_l("Receipts"), table=table), _signature(call.fund.manager)),
        request.at,
        request.made_by,
    )


TIERS = (
    ("capital", _l("Return of capital")),
    ("preferred", _l("Preferred return")),
    ("excess", _l("Further profit")),
    ("carry", _l("Carry")),
)


def _distribution_sections(part: DistributionPart) -> list[Section]:
    row = part.distribution
    text = _(
        "%(fund)s distributes with value date %(day)s. Your part follows from the partnership agreement.",
        fund=row.fund.name,
        day=row.on_date.isoformat(),
    )
    facts = (
        (_l("Partner"), part.partner.name, "text"),
        (_l("Amount distributed"), part.amount, "money"),
        (_l("Of it recallable"), part.recallable, "money"),
        (_l("Bank account"), part.partner.bank, "text"),
    )
    lines = [[str(title), getattr(part, name)] for name, title in TIERS if getattr(part, name)]
    table = Table((Column(_l("Waterfall tier"), width=3), Column(_l("Amount"), "money")), lines, [_("Total"), part.amount])
    note = _("Recallable amounts may be called again and open your commitment by as much.") if part.recallable else None
    return [
        Section(part.partner.name, text=(text, *((row.purpose,) if row.purpose else ())), facts=facts),
        Section(_l("By tier"), table=table, note=note),
    ]


def distribution_notice(session: Any, request: Request) -> Document:
    """One partner's notice of a distribution."""
    part: DistributionPart = load(session, "funds.distribution_part", request.record_id)
    row = part.distribution
    return Document(
        _("Notice of a distribution"),
        f"{row.fund.name} · {row.number} · {row.on_date}",
        (*_distribution_sections(part), _signature(row.fund.manager)),
        request.at,
        request.made_by,
    )


def distribution_notices(session: Any, request: Request) -> Document:
    """The whole distribution with every partner's notice."""
    row: FundDistribution = load(session, "funds.distribution", request.record_id)
    parts = distributions.parts_of(session, row)
    columns = (
        Column(_l("Partner"), width=3),
        *(Column(title, "money") for _name, title in TIERS),
        Column(_l("Amount distributed"), "money"),
    )
    rows = [[p.partner.name, *(getattr(p, name) for name, _title in TIERS), p.amount] for p in parts]
    total = [_("Total"), *(sum((r[n] for r in rows), ZERO) for n in range(1, 6))]
    sections = [Section(_l("Parts of the partners"), table=Table(columns, rows, total))]
    for part in parts:
        sections += _distribution_sections(part)
    return Document(
        _("Notice of a distribution"),
        f"{row.fund.name} · {row.number} · {row.on_date}",
        (*sections, _signature(row.fund.manager)),
        request.at,
        request.made_by,
    )


REPORTS = [
    Report("fund-receipt", _l("Receipt of a contribution"), receipt, "funds.call_part", "read", needs=("record",)),
    Report("fund-call-notice", _l("Notice of a capital call"), call_notice, "funds.call_part", "read", needs=("record",)),
    Report("fund-call", _l("Notices of a capital call"), call_notices, "funds.call", "read", needs=("record",)),
    Report(
        "fund-distribution-notice",
        _l("Notice of a distribution"),
        distribution_notice,
        "funds.distribution_part",
        "read",
        needs=("record",),
    ),
    Report("fund-distribution", _l("Notices of a distribution"), distribution_notices, "funds.distribution", "read", needs=("record",)),
]
