"""Tax-exemption evidence: income of a carrier's firms by day and status, documents kept, gaps, numbered packs. Rules R-80 to R-84.

What was billed comes from posted bills and credit notes issued in the period (as the tax declaration, billing's income by treatment);
each line is spread over its days. Billing and leasing are only extended: without billing there is nothing to prove."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, func, or_, select, type_coerce

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from modules.tenants.models.stage import Stage
from parkops import clock, money, sequences, settings
from parkops.db.session import scope_of
from parkops.db.types import Choices
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.security import access

from .. import calc_exemption as calc
from ..models.exemption import CARRIER_PAPERS, ExemptionLine, ExemptionPack, ExemptionPaper
from .measures import installed

RESOURCE = "ratings.exemption_pack"
IN_INCUBATION = ("team", "incubating")
GAPS = Choices(
    "ratings.exemption_gap",
    ("title", _l("No title of the premises is kept"), "red"),
    ("original_value", _l("No original value of the property is kept"), "red"),
    ("lease", _l("No lease covers days with exempt income"), "red"),
    ("agreement", _l("No incubation agreement covers days with exempt income"), "red"),
    ("not_entitled", _l("Billed exempt on days without entitlement"), "red"),
    ("entitled", _l("Billed with VAT although entitled to exemption"), "amber"),
    ("no_carrier", _l("Billed without naming a carrier"), "red"),
)


@dataclass
class Evidence:
    """What a pack would hold; nothing is stored. Pieces by firm; amounts in fen."""

    carrier: Carrier
    first: date
    last: date
    firms: dict[int, Firm] = field(default_factory=dict)
    pieces: dict[int, list[calc.Piece]] = field(default_factory=dict)
    areas: dict[tuple[int, date], Decimal] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    posted: dict[str, int] = field(default_factory=dict)  # exempt, taxable, outside: what the bills say, summed by the database

    @property
    def billed(self) -> int:
        """Fen of every posted line."""
        return sum(self.posted.values())

    def total(self, name: str) -> Decimal:
        """Yuan of `billed`, `exempt`, `taxable` or `outside` over every piece."""
        return money.yuan(sum(getattr(p, name) for found in self.pieces.values() for p in found))

    @property
    def ties(self) -> bool:
        """R-81: exempt, taxable and outside of every piece are each what the posted lines of that treatment add up to."""
        return all(self.total(n) == money.yuan(self.posted.get(n, 0)) for n in ("exempt", "taxable", "outside"))


def gather(session: Any, carrier: Carrier, first: date, last: date) -> Evidence:
    """The evidence of a carrier for documents issued from `first` to `last`."""
    if not installed("billing"):
        raise RuleError([Problem("ratings.R-80", _l("There is no billing, so there is nothing to prove."))])
    out = Evidence(carrier, first, last)
    lines = _lines(session, carrier, first, last)
    out.posted = _posted(session, carrier, first, last)
    out.firms = {f.id: f for f in session.scalars(select(Firm).where(Firm.id.in_(list(lines))))}
    stages, qualified = _stages(session, carrier, lines), _qualified(session, carrier)
    for firm_id, found in lines.items():
        out.pieces[firm_id] = calc.pieces(found, stages.get(firm_id, []), qualified)
    _areas(session, out)
    out.gaps = _gaps(session, out)
    return out


def _posted(session: Any, carrier: Carrier, first: date, last: date) -> dict[str, int]:
    """Net fen by treatment straight from the posted bills (as the indicator of the exempt share): the other side of the tie-out."""
    from modules.billing.models.bill import Bill
    from modules.billing.models.charge import Charge

    out = dict.fromkeys(("exempt", "taxable", "outside"), 0)
    rows = session.execute(
        select(Charge.treatment, func.sum(type_coerce(Charge.net, BigInteger)))
        .join(Bill, Bill.id == Charge.bill_id)
        .where(Bill.state != "draft", Charge.carrier_id == carrier.id, Bill.issued_on >= first, Bill.issued_on <= last)
        .group_by(Charge.treatment)
    )
    for treatment, net in rows:
        out[{"exempt": "exempt", "taxed": "taxable"}.get(treatment, "outside")] += int(net or 0)
    return out


def _nowhere(session: Any, out: Evidence) -> list[dict[str, Any]]:
    """Posted lines of the period that name no carrier: exempt ones of the park, and all of firms that were in this carrier."""
    from modules.billing.models.bill import Bill
    from modules.billing.models.charge import Charge

    mine = select(Stage.firm_id).where(Stage.carrier_id == out.carrier.id, Stage.state.in_(IN_INCUBATION))
    rows = session.execute(
        select(Charge.id, Charge.firm_id, Charge.period_from, Charge.period_to)
        .join(Bill, Bill.id == Charge.bill_id)
        .where(Bill.state != "draft", Charge.park_id == out.carrier.park_id, Charge.carrier_id.is_(None))
        .where(Bill.issued_on >= out.first, Bill.issued_on <= out.last, or_(Charge.treatment == "exempt", Charge.firm_id.in_(mine)))
        .order_by(Charge.id)
    )
    return [
        {"kind": "no_carrier", "firm_id": f, "charge_id": i, "first": a and a.isoformat(), "last": b and b.isoformat()}
        for i, f, a, b in rows
    ]


def _lines(session: Any, carrier: Carrier, first: date, last: date) -> dict[int, list[calc.Line]]:
    from modules.billing.models.bill import Bill
    from modules.billing.models.catalogue import INCUBATION_CLASSES, ChargeItem
    from modules.billing.models.charge import Charge

    by_due = settings.get(session, "billing.vat_date", carrier.park_id) != "period"
    rows = session.execute(
        select(
            Charge.id,
            Charge.firm_id,
            Charge.period_from,
            Charge.period_to,
            Charge.due_on,
            Charge.net,
            Charge.treatment,
            ChargeItem.rent,
            ChargeItem.service_class,
            ChargeItem.supply,
        )
        .join(Bill, Bill.id == Charge.bill_id)
        .join(ChargeItem, ChargeItem.id == Charge.item_id)
        .where(Bill.state != "draft", Charge.carrier_id == carrier.id, Bill.issued_on >= first, Bill.issued_on <= last)
        .order_by(Charge.firm_id, Charge.id)
    )
    out: dict[int, list[calc.Line]] = defaultdict(list)
    for r in rows:
        days = (r.due_on, r.due_on) if by_due else (r.period_from, r.period_to)
        eligible = r.service_class in INCUBATION_CLASSES and r.supply != "none"
        out[r.firm_id].append(calc.Line(r.id, *days, money.fen(r.net), r.treatment, bool(r.rent), eligible))
    return dict(out)


def _stages(session: Any, carrier: Carrier, firms: Iterable[int]) -> dict[int, list[calc.Span]]:
    s, out = Stage, defaultdict(list)
    query = select(s.firm_id, s.starts_on, s.ends_on).where(
        s.firm_id.in_(list(firms)), s.carrier_id == carrier.id, s.state.in_(IN_INCUBATION)
    )
    for firm_id, starts, ends in session.execute(query.order_by(s.starts_on)):
        out[firm_id].append((starts, ends))
    return out


def _qualified(session: Any, carrier: Carrier) -> list[calc.Span]:
    """The tax officer's dated statement, never derived from the carrier's level (domain 9.1, open question)."""
    from modules.billing.models.catalogue import CarrierExemption

    e = CarrierExemption
    rows = session.scalars(select(e).where(e.carrier_id == carrier.id, e.waived.is_(False)).order_by(e.starts_on))
    return [(r.starts_on, r.during.upper) for r in rows]


def _areas(session: Any, out: Evidence) -> None:
    """Area the firm has let in the carrier on the first day of each piece; without leasing it stays unreported."""
    if not installed("leasing") or not out.pieces:
        return
    from modules.leasing.models.lease import Lease, LeaseUnit

    rows = session.execute(
        select(Lease.firm_id, LeaseUnit.area, LeaseUnit.during)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(Lease.firm_id.in_(list(out.pieces)), Lease.carrier_id == out.carrier.id, LeaseUnit.during.is_not(None))
    ).all()
    let = defaultdict(list)
    for r in rows:
        let[r.firm_id].append(r)
    for firm_id, found in out.pieces.items():
        for p in found:
            mine = [
                r.area
                for r in let[firm_id]
                if (r.during.lower or p.first) <= p.first and (r.during.upper is None or p.first < r.during.upper)
            ]
            if mine:
                out.areas[firm_id, p.first] = sum(mine, Decimal(0))


def _gaps(session: Any, out: Evidence) -> list[dict[str, Any]]:
    """R-83: what an inspector would ask for and is not kept; lines treated otherwise than their days say."""
    found: list[dict[str, Any]] = []
    papers = list(session.scalars(select(ExemptionPaper).where(ExemptionPaper.carrier_id == out.carrier.id)))
    titled = _titled(session, out.carrier)
    exempt = [p for pieces in out.pieces.values() for p in pieces if p.exempt]
    for kind in CARRIER_PAPERS:
        kept = calc.kept([(p.valid_from, p.valid_to) for p in papers if p.kind == kind], out.first, out.last)
        if exempt and not kept and not (kind == "title" and titled):
            found.append({"kind": kind})
    leases = _leases(session, out)
    for firm_id in sorted(out.pieces):
        days = [p for p in out.pieces[firm_id] if p.exempt > 0]
        mine = [p for p in papers if p.firm_id == firm_id]
        for kind, spans in (("lease", leases.get(firm_id, [])), ("agreement", [])):
            held = spans + [(p.valid_from, p.valid_to) for p in mine if p.kind == kind]
            asked = days if kind == "agreement" else [p for p in days if p.rent > 0]
            bare = [p for p in asked if not calc.kept(held, p.first, p.last)]
            if bare:
                found.append({"kind": kind, "firm_id": firm_id, "first": bare[0].first.isoformat(), "last": bare[-1].last.isoformat()})
        for p in out.pieces[firm_id]:
            for charge_id, why in sorted(p.wrong):
                found.append(
                    {"kind": why, "firm_id": firm_id, "charge_id": charge_id, "first": p.first.isoformat(), "last": p.last.isoformat()}
                )
    return found + _nowhere(session, out)


def _titled(session: Any, carrier: Carrier) -> bool:
    """Every building of the carrier has a certificate number in the space ledger."""
    if not installed("leasing"):
        return False
    from modules.leasing.models.space import Building

    numbers = session.scalars(select(Building.certificate_no).where(Building.carrier_id == carrier.id)).all()
    return bool(numbers) and all(numbers)


def _leases(session: Any, out: Evidence) -> dict[int, list[tuple[date, date | None]]]:
    """Signed leases of the firms in the carrier, days included."""
    if not installed("leasing"):
        return {}
    from modules.leasing.models.lease import Lease

    found: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
    x = Lease
    rows = session.execute(
        select(x.firm_id, x.starts_on, x.ended_on, x.ends_on, x.state)
        .where(x.firm_id.in_(list(out.pieces)), x.carrier_id == out.carrier.id, x.signed_on.is_not(None))
        .where(x.state != "cancelled")
        .order_by(x.starts_on)
    )
    for r in rows:
        last = r.ended_on or (None if r.state in ("holding_over", "running") else r.ends_on)
        have = found[r.firm_id]
        if have and have[-1][1] is not None and (r.starts_on - have[-1][1]).days <= 1:
            have[-1] = (have[-1][0], None if last is None else max(last, have[-1][1]))  # a renewal goes on where the last one ended
        else:
            have.append((r.starts_on, last))
    return found


def keep_pack(session: Any, carrier: Carrier, *, first: date, last: date, today: date, note: str | None = None) -> ExemptionPack:
    """R-84: keep the pack under a number; it never changes, a later one stands beside it. R-82: its period is over and it ties."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    if last < first:
        problems.add("ratings.R-82", _l("The last day lies before the first. Check both."), "last")
    if last >= today:
        problems.add("ratings.R-82", _l("The period is not over yet."), "last")
    problems.stop()
    found = gather(session, carrier, first, last)
    if not found.ties:
        raise RuleError([Problem("ratings.R-81", _l("Exempt and taxable income do not make what was billed; look at the lines first."))])
    pack = ExemptionPack(
        park_id=carrier.park_id,
        number=sequences.next_number(session, RESOURCE, carrier.park_id, last),
        carrier_id=carrier.id,
        first_day=first,
        last_day=last,
        firms=len(found.pieces),
        gaps=len(found.gaps),
        gap_list=found.gaps,
        made_at=clock.now(),
        made_by=scope_of(session).user_name,
        seal=_seal(_rows(found), found.gaps),
        note=note,
        **{n: found.total(n) for n in ("billed", "exempt", "taxable", "outside")},
    )
    session.add(pack)
    session.flush()
    session.add_all(ExemptionLine(park_id=carrier.park_id, pack_id=pack.id, **row) for row in _rows(found))
    session.flush()
    return pack


def _rows(found: Evidence) -> list[dict[str, Any]]:
    """The lines of a pack in the order of firms and days."""
    return [
        {
            "firm_id": firm_id,
            "month": p.first.replace(day=1),
            "first_day": p.first,
            "last_day": p.last,
            "incubated": p.incubated,
            "qualified": p.qualified,
            "area": found.areas.get((firm_id, p.first)),
            "rent": money.yuan(p.rent),
            "billed": money.yuan(p.billed),
            "exempt": money.yuan(p.exempt),
            "taxable": money.yuan(p.taxable),
            "outside": money.yuan(p.outside),
            "charges": sorted(p.lines),
        }
        for firm_id in sorted(found.pieces)
        for p in found.pieces[firm_id]
    ]


def _plain(value: Any) -> Any:
    """The same text before and after the database."""
    return format(value, ".2f") if isinstance(value, Decimal) else str(value) if isinstance(value, date) else value


def _seal(rows: Iterable[dict[str, Any]], gaps: list[dict[str, Any]]) -> str:
    names = (
        "firm_id",
        "first_day",
        "last_day",
        "incubated",
        "qualified",
        "area",
        "rent",
        "billed",
        "exempt",
        "taxable",
        "outside",
        "charges",
    )
    content = [[[_plain(r[n]) for n in names] for r in rows], gaps]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def lines_of(session: Any, pack: ExemptionPack) -> list[ExemptionLine]:
    """By firm and day."""
    x = ExemptionLine
    return list(session.scalars(select(x).where(x.pack_id == pack.id).order_by(x.firm_id, x.first_day)))


def sound(session: Any, pack: ExemptionPack) -> bool:
    """Whether lines and gaps still give the seal and the lines make the totals."""
    rows = [{c.key: getattr(x, c.key) for c in ExemptionLine.__table__.columns} for x in lines_of(session, pack)]
    sums = {n: sum((r[n] for r in rows), Decimal("0.00")) for n in ("billed", "exempt", "taxable", "outside")}
    return _seal(rows, pack.gap_list) == pack.seal and all(sums[n] == getattr(pack, n) for n in sums)
