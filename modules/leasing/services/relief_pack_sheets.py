"""The tables of the audit pack and of the report as sections of one document."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from parkops.clock import Period, now
from parkops.db.session import scope_of
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.rules.models import VERDICTS

from ..models.relief import ReliefScheme
from ..models.relief_case import METHODS, SIZES, ReliefApplication
from ..states_relief import RELIEF
from . import relief_tables as tables

ZERO = Decimal("0.00")


def statistics_section(found: list[tables.ReliefLine]) -> Section:
    """减免统计表."""
    rows = tables.statistics(found)
    table = [
        [r.landlord, r.tenant, r.credit_code or "—", "、".join(sorted(r.leases)), r.months, r.exempt, r.deduct, r.refund, r.total]
        for r in rows
    ]
    totals = [
        _("Total"),
        len(rows),
        None,
        None,
        sum(r.months for r in rows),
        *(sum((getattr(r, n) for r in rows), ZERO) for n in ("exempt", "deduct", "refund", "total")),
    ]
    totals[1] = _("%(n)s firms", n=len({x.application.firm_id for x in found}))
    columns = (
        Column(_l("Landlord"), width=1.6),
        Column(_l("Tenant"), width=1.8),
        Column(_l("Credit code"), width=1.3),
        Column(_l("Lease"), width=1.1),
        Column(_l("Months"), "int", 0.6),
        Column(METHODS.label("exempt"), "money"),
        Column(METHODS.label("deduct"), "money"),
        Column(METHODS.label("refund"), "money"),
        Column(_l("Total"), "money"),
    )
    return (
        Section(_l("Relief statistics"), table=Table(columns, table, totals))
        if rows
        else Section(_l("Relief statistics"), text=(_l("None."),))
    )


def progress_section(apps: list[ReliefApplication], title: Any = None) -> Section:
    """减免进度表."""
    states = {s.code: str(s.title) for s in RELIEF.states}
    rows = [
        [
            a.number,
            a.landlord or "—",
            a.firm.name,
            states[a.state],
            str(METHODS.label(a.method)),
            a.applied_on.isoformat(),
            _day(a.approved_on),
            _day(a.notice_to),
            _day(a.posted_on),
            _day(a.clawed_on),
            a.agreement_no or "—",
            a.amount,
        ]
        for a in apps
    ]
    columns = (
        Column(_l("Number"), width=1.2),
        Column(_l("Landlord"), width=1.3),
        Column(_l("Tenant"), width=1.6),
        Column(_l("State")),
        Column(_l("Method")),
        Column(_l("Applied on")),
        Column(_l("Approved on")),
        Column(_l("Public notice until")),
        Column(_l("Posted on")),
        Column(_l("Clawed back on")),
        Column(_l("Supplement agreement no.")),
        Column(_l("Relief"), "money"),
    )
    totals = [_("Total"), *[None] * 10, sum((a.amount for a in apps), ZERO)]
    return (
        Section(title or _l("Relief progress"), table=Table(columns, rows, totals))
        if rows
        else Section(title or _l("Relief progress"), text=(_l("None."),))
    )


def _day(value: date | None) -> str:
    return value.isoformat() if value is not None else "—"


def lines_section(found: list[tables.ReliefLine]) -> Section:
    """Every reducing line with its document, ledger entry and approval."""
    rows = [
        [
            x.issued_on.isoformat(),
            x.document,
            x.entry,
            x.application.number,
            x.application.firm.name,
            f"{x.month:%Y-%m}",
            x.application.approval_id,
            x.net,
            x.vat,
            x.amount,
        ]
        for x in found
    ]
    columns = (
        Column(_l("Date")),
        Column(_l("Bill or credit note"), width=1.3),
        Column(_l("Voucher number"), width=1.3),
        Column(_l("Application"), width=1.2),
        Column(_l("Tenant"), width=1.6),
        Column(_l("Month"), width=0.7),
        Column(_l("Approval"), "int", 0.7),
        Column(_l("Net"), "money"),
        Column(_l("VAT"), "money"),
        Column(_l("Gross"), "money"),
    )
    totals = [_("Total"), *[None] * 6, *(sum((getattr(x, n) for x in found), ZERO) for n in ("net", "vat", "amount"))]
    return Section(_l("Relief lines"), table=Table(columns, rows, totals)) if rows else Section(_l("Relief lines"), text=(_l("None."),))


def tie_section(tied: tables.Tie, found: list[tables.ReliefLine]) -> Section:
    """The same sum by three roads."""
    facts = (
        (_l("Relief lines of posted documents"), tied.lines, "money"),
        (_l("Relief accounts of the ledger, with VAT"), tied.ledger, "money"),
        (_l("Indicator, claw-backs taken off"), tied.kpi, "money"),
        (_l("Of these lines, in this report"), sum((x.amount for x in found), ZERO), "money"),
    )
    return Section(
        _l("Tie-out"), facts=facts, note=_l("The three are equal to the fen.") if tied.ties else _l("They differ: see the tie-out.")
    )


def _rules(apps: list[ReliefApplication], decisions: dict[int, list[Any]]) -> Section:
    rows = []
    for a in apps:
        newest = next(iter(decisions.get(a.id, [])), None)
        for line in newest.lines if newest is not None else []:
            rows.append(
                [
                    a.number,
                    a.firm.name,
                    newest.on_date.isoformat(),
                    newest.rule_set_key,
                    line["code"],
                    str(VERDICTS.label(line["verdict"])),
                    line["sentence_zh"],
                    str(line["value"]) if line["known"] else "—",
                    line["source"] or "—",
                ]
            )
    columns = (
        Column(_l("Application"), width=1.2),
        Column(_l("Tenant"), width=1.5),
        Column(_l("Relief date")),
        Column(_l("Rule set"), width=1.1),
        Column(_l("Rule"), width=0.6),
        Column(_l("Result"), width=0.7),
        Column(_l("Condition"), width=2.4),
        Column(_l("Value"), width=0.6),
        Column(_l("Source"), width=1.8),
    )
    return Section(_l("Rule results"), table=Table(columns, rows)) if rows else Section(_l("Rule results"), text=(_l("None."),))


def _tenants(apps: list[ReliefApplication]) -> Section:
    rows = [
        [
            a.number,
            a.firm.name,
            a.credit_code or "—",
            str(ReliefApplication.__table__.c.tenant_type.type.choices.label(a.tenant_type) or "—"),
            str(ReliefApplication.__table__.c.industry.type.choices.label(a.industry) or "—"),
            str(SIZES.label(a.size_class) or "—"),
            str(a.lease),
            a.sublet,
            a.rent,
            a.amount,
        ]
        for a in apps
    ]
    columns = (
        Column(_l("Application"), width=1.2),
        Column(_l("Tenant"), width=1.6),
        Column(_l("Credit code then"), width=1.3),
        Column(_l("Type of tenant then")),
        Column(_l("Industry then"), width=1.2),
        Column(_l("Size class then"), width=0.7),
        Column(_l("Lease")),
        Column(_l("Sub-let to others"), "bool", 0.7),
        Column(_l("Rent of the months"), "money"),
        Column(_l("Relief"), "money"),
    )
    return (
        Section(_l("Tenants on the relief date"), table=Table(columns, rows))
        if rows
        else Section(_l("Tenants on the relief date"), text=(_l("None."),))
    )


def _votes(votes: list[dict[str, Any]]) -> Section:
    rows = [
        [
            v["application"],
            v["approval"],
            v["state"],
            v["requested_by"],
            v["requested_at"][:16],
            x["who"] if x else "—",
            x["at"][:16] if x else "—",
            (_("Approved") if x["approve"] else _("Returned")) if x else "—",
            (x["reason"] if x else "") or "",
        ]
        for v in votes
        for x in (v["votes"] or [None])
    ]
    columns = (
        Column(_l("Application"), width=1.2),
        Column(_l("Approval"), "int", 0.7),
        Column(_l("State")),
        Column(_l("Requested by")),
        Column(_l("Requested at"), width=1.2),
        Column(_l("Who")),
        Column(_l("Time"), width=1.2),
        Column(_l("Answer")),
        Column(_l("Reason"), width=1.5),
    )
    return Section(_l("Approvals"), table=Table(columns, rows)) if rows else Section(_l("Approvals"), text=(_l("None."),))


def workbook(
    session: Any,
    scheme: ReliefScheme,
    period: Period,
    apps: list[ReliefApplication],
    found: list[tables.ReliefLine],
    tied: tables.Tie,
    decisions: dict[int, list[Any]],
    votes: list[dict[str, Any]],
) -> Document:
    """relief.xlsx of the pack."""
    park = session.get(Park, scheme.park_id)
    facts = (
        (_l("Policy document number(s)"), scheme.doc_no, "text"),
        (_l("Rule set"), scheme.rule_set, "text"),
        (_l("Relief budget"), scheme.budget if scheme.budget is not None else _("Without a budget"), "money"),
        (_l("Committed"), scheme.committed, "money"),
        (_l("Applications"), len(apps), "int"),
    )
    sections = (
        Section(_l("Relief scheme"), facts=facts),
        statistics_section(found),
        progress_section(apps),
        _tenants(apps),
        _rules(apps, decisions),
        _votes(votes),
        lines_section(found),
        tie_section(tied, found),
    )
    return Document(
        _l("Audit pack of rent relief"), f"{park} · {scheme} · {period.key}", sections, now(), scope_of(session).user_name, landscape=True
    )
