"""Income of a carrier's year by kind: from audited accounts where they were entered, else from the park's ledger.

Ledger: credit less debit of income accounts on entries of the year, for firms that were in the carrier on the day of the entry. Lines
without a firm belong to no carrier and are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select

from modules.tenants.models.stage import Stage
from parkops.i18n import _l

from ..models.filing import CarrierIncome
from .measures import installed

ZERO = Decimal(0)
RENT_SUPPLIES = ("real_estate_lease", "housing_lease")
PROPERTY_SUPPLIES = ("water", "electricity", "heat_gas")
SERVICES = ("brokerage", "research", "information", "attestation")
RENT_ROLES = ("relief", "relief_exempt", "discount", "discount_exempt")


@dataclass(frozen=True)
class YearIncome:
    """One carrier's year. A part is None while nobody reported it."""

    total: Decimal
    rent: Decimal | None
    property: Decimal | None
    service: Decimal | None
    investment: Decimal | None
    separate: bool | None
    source: Any  # a message with its values, read in the reader's language
    records: tuple[tuple[str, int], ...] = ()

    @property
    def other(self) -> Decimal | None:
        """Income other than rent and property management (131号 art. 6 no. 7)."""
        return None if self.rent is None or self.property is None else self.total - self.rent - self.property

    @property
    def gained(self) -> Decimal | None:
        """Service and investment income (131号 art. 7)."""
        return None if self.service is None or self.investment is None else self.service + self.investment


def of_year(session: Any, carriers: Sequence[Any], year: int, on: date) -> dict[int, YearIncome | None]:
    """Carrier → income of a year, None where neither accounts nor ledger speak of it."""
    i = CarrierIncome
    entered = {r.carrier_id: r for r in session.scalars(select(i).where(i.carrier_id.in_([c.id for c in carriers]), i.year == year))}
    ledger = _from_ledger(session, carriers, year, on) if installed("billing") else {}
    out: dict[int, YearIncome | None] = {}
    for c in carriers:
        r = entered.get(c.id)
        out[c.id] = (
            YearIncome(
                r.total,
                r.rent,
                r.property,
                r.service,
                r.investment,
                r.separate,
                _l("%(year)s: %(source)s", year=year, source=r.source),
                (("ratings.income", r.id),),
            )
            if r is not None
            else ledger.get(c.id)
        )
    return out


def kinds_of_accounts(session: Any) -> dict[int, str]:
    """Income account → rent, property, service or other, from the charge items that post to it."""
    from modules.billing.models.catalogue import Account, ChargeItem

    kinds = {a.id: "rent" if a.role in RENT_ROLES else "other" for a in session.scalars(select(Account).where(Account.kind == "income"))}
    for item in session.scalars(select(ChargeItem)):
        kind = (
            "rent"
            if item.rent or item.supply in RENT_SUPPLIES
            else "service"
            if item.service_class in (*SERVICES, "lease")
            else "property"
            if item.supply in PROPERTY_SUPPLIES or item.supply == "property_service"
            else "other"
        )
        for account in (item.account_id, item.exempt_account_id):
            if kinds.get(account) == "other":
                kinds[account] = kind
    return kinds


def _from_ledger(session: Any, carriers: Sequence[Any], year: int, on: date) -> dict[int, YearIncome]:
    from modules.billing.models.ledger import LedgerEntry, LedgerLine

    kinds = kinds_of_accounts(session)
    line, entry = LedgerLine, LedgerEntry
    covers = and_(
        Stage.firm_id == line.firm_id, Stage.starts_on <= entry.entry_date, or_(Stage.ends_on.is_(None), Stage.ends_on > entry.entry_date)
    )
    rows = session.execute(
        select(Stage.carrier_id, line.account_id, func.sum(line.credit - line.debit))
        .select_from(line)
        .join(entry, entry.id == line.entry_id)
        .join(Stage, covers)
        .where(
            line.account_id.in_(list(kinds)),
            entry.kind != "closing",
            entry.entry_date >= date(year, 1, 1),
            entry.entry_date <= min(date(year, 12, 31), on),
            Stage.carrier_id.in_([c.id for c in carriers]),
        )
        .group_by(Stage.carrier_id, line.account_id)
    )
    sums: dict[int, dict[str, Decimal]] = {}
    for carrier_id, account_id, amount in rows:
        mine = sums.setdefault(carrier_id, dict.fromkeys(("rent", "property", "service", "other"), ZERO))
        mine[kinds[account_id]] += Decimal(amount or 0)
    text = _l("Ledger of %(year)s: entries of the carrier's firms", year=year)
    return {k: YearIncome(sum(v.values(), ZERO), v["rent"], v["property"], v["service"], None, True, text) for k, v in sums.items()}
