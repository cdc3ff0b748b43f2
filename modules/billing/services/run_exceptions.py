"""What keeps lines out of a bill run, or should be looked at before it is posted; each names the record to open (B-21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from modules.tenants.models.firm import Firm
from parkops.i18n import _, _l

from ..models.bill import BillRun
from ..models.catalogue import INCUBATION_CLASSES, ChargeItem
from ..signals.collect import not_ready

SHOWN = 200
EACH = 100
TITLES = {
    "no_rate": _l("No VAT rate, item or firm for the line"),
    "no_account": _l("Exempt line, but the item has no account for exempt income"),
    "negative": _l("The lines of the firm come to less than zero"),
    "no_code": _l("The firm has no unified social credit code for the invoice"),
    "not_ready": _l("Not known yet; nothing is charged for it"),
    "no_carrier": _l("Incubation service without a carrier: it is taxed"),
}
STOPS = ("no_rate", "no_account", "negative")


@dataclass(frozen=True)
class Finding:
    """One finding: code, the record to open, its name, how many lines."""

    code: str
    resource: str
    record_id: int
    label: str
    count: int

    @property
    def title(self) -> str:
        return _(TITLES[self.code].msgid)

    @property
    def stops(self) -> bool:
        """Whether the lines wait (otherwise they are billed all the same)."""
        return self.code in STOPS

    def as_json(self) -> list[Any]:
        return [self.code, self.resource, self.record_id, self.label, self.count]


def of(run: BillRun) -> list[Finding]:
    """The findings kept with the run."""
    return [Finding(*row) for row in (run.detail or {}).get("exceptions", ())]


def find(session: Any, run: BillRun, lines: Any) -> list[Finding]:
    """Every finding, stops first."""
    found: list[Finding] = []
    for answer in not_ready.send(session, park_id=run.park_id, month=run.month):
        found += [Finding("not_ready", *row) for row in list(answer or ())[:EACH]]
    item, firm = ChargeItem, Firm
    base = (
        select(item.id, item.name, func.count()).select_from(item).join(lines, item.id == lines.c.item_id).group_by(item.id, item.name)
    )
    found += _rows(session, "no_rate", "billing.charge_item", base.where(lines.c.missing.is_(True)))
    found += _rows(session, "no_account", "billing.charge_item", base.where(_no_account(lines, item)))
    counted = lines.c.missing.is_not(True)
    sums = select(lines.c.firm_id, func.count().label("n")).where(counted).group_by(lines.c.firm_id)
    found += _firms(session, run, "negative", sums.having(func.sum(lines.c.gross) < 0))
    found += _firms(session, run, "no_code", sums, or_(firm.credit_code.is_(None), func.btrim(firm.name) == ""))
    bare = sums.join(item, item.id == lines.c.item_id).where(
        lines.c.carrier_id.is_(None),
        item.service_class.in_(INCUBATION_CLASSES),
        item.supply != "none",
        lines.c.kind == "charge",
        lines.c.treatment == "taxed",
    )
    return found + _firms(session, run, "no_carrier", bare)


def _firms(session: Any, run: BillRun, code: str, sums: Any, *conditions: Any) -> list[Finding]:
    """Findings about firms from their counts of lines."""
    each = sums.subquery("each")
    query = select(Firm.id, Firm.name, each.c.n).join(each, and_(Firm.id == each.c.firm_id, Firm.park_id == run.park_id)).where(*conditions)
    return _rows(session, code, "tenants.firm", query, each.c.n)


def _no_account(lines: Any, item: Any) -> Any:
    return and_(lines.c.treatment == "exempt", item.exempt_account_id.is_(None), item.service_class.in_(INCUBATION_CLASSES))


def _rows(session: Any, code: str, resource: str, query: Any, n: Any = None) -> list[Finding]:
    most = (func.count() if n is None else n).desc()
    return [Finding(code, resource, i, name, count) for i, name, count in session.execute(query.order_by(most).limit(EACH))]


def blocked(lines: Any, found: list[Finding]) -> Any:
    """Condition: the line waits. A firm below zero is left out by its sum."""
    items = sorted({e.record_id for e in found if e.code == "no_account"})
    waits = lines.c.missing.is_(True)
    return or_(waits, and_(lines.c.treatment == "exempt", lines.c.item_id.in_(items))) if items else waits
