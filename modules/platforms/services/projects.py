"""Paying projects: who may use what until when and up to how much; asked before anything starts. Rules U-20 to U-25."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import records, sequences
from parkops.clock import local
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.money import ZERO
from parkops.security import access

from .. import calc_funds
from ..models.event import UsageEvent
from ..models.project import PayingProject, ProjectFund
from . import pricing

GRANTED = {"missed": "usage"}  # a missed booking counts as use of the machine
OUT = ("void",)


def create_project(
    session: Any, *, name: str, firm_id: int, customer_class: str, starts_on: date, last_day: date | None = None,
    payer_id: int | None = None, platform_id: int | None = None, cap: Decimal | None = None, prepaid: bool = False,
    overdraft: Decimal | None = None, voucher_id: int | None = None, note: str | None = None, **allows: bool,
) -> PayingProject:
    """Open a paying project; its number comes from the park's sequence."""
    access.require(session, "platforms.project", "add")
    values = {n: v for n, v in locals().items() if n not in ("session", "allows")} | allows
    values["overdraft"] = overdraft or ZERO
    firm = session.get(Firm, firm_id) if firm_id else None
    park = firm.park_id if firm is not None else scope_of(session).park_id
    with session.begin_nested():
        values["number"] = sequences.next_number(session, "platforms.project", park, starts_on)
        return records.create(session, PayingProject, values, _check)


def change_project(
    session: Any, project: PayingProject, *, name: str, customer_class: str, state: str, starts_on: date, last_day: date | None = None,
    payer_id: int | None = None, platform_id: int | None = None, cap: Decimal | None = None, prepaid: bool = False,
    overdraft: Decimal | None = None, voucher_id: int | None = None, note: str | None = None, **allows: bool,
) -> PayingProject:
    """Change its terms; what was used already stays."""
    values = {n: v for n, v in locals().items() if n not in ("session", "project", "allows")} | allows
    values["overdraft"] = overdraft or ZERO
    return records.change(session, project, values, _check)


def _check(session: Any, v: dict[str, Any], problems: Problems) -> None:
    records.date_order(v, problems, "starts_on", "last_day", _l("The last day lies before the first."))
    if v["cap"] is not None and v["cap"] < 0:
        problems.add("platforms.U-23", _l("A cap is not negative."), "cap")
    if v["overdraft"] < 0 or (v["overdraft"] and not v["prepaid"]):
        problems.add("platforms.U-24", _l("An overdraft belongs to a prepaid project and is not negative."), "overdraft")


def add_fund(
    session: Any, *, project_id: int, amount: Decimal, received_on: date, reference: str, expires_on: date | None = None
) -> ProjectFund:
    """Record money paid in for a prepaid project (U-24)."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return records.create(session, ProjectFund, values, _check_fund)


def _check_fund(session: Any, v: dict[str, Any], problems: Problems) -> None:
    records.date_order(v, problems, "received_on", "expires_on", _l("The last day lies before the first."))
    project = session.get(PayingProject, v["project_id"])
    if project is not None and not project.prepaid:
        problems.add("platforms.U-24", _l("Only a prepaid project takes money in advance."), "project_id")
    if v["amount"] <= 0:
        problems.add("platforms.U-24", _l("Enter the amount that was paid in."), "amount")


def spent(session: Any, project: PayingProject, *, until: datetime | None = None) -> Decimal:
    """What the project's events come to: priced ones as charged, the others as they look now."""
    mine = select(UsageEvent).where(UsageEvent.project_id == project.id, UsageEvent.state.not_in(OUT))
    priced = session.scalar(select(func.coalesce(func.sum(UsageEvent.net), 0, type_=UsageEvent.net.type))
                            .where(UsageEvent.project_id == project.id, UsageEvent.state.not_in(OUT))) or ZERO
    waiting = session.scalars(mine.where(UsageEvent.net.is_(None)))
    return priced + sum((pricing.of_event(session, e, until=until) or ZERO for e in waiting), ZERO)


def drawn(session: Any, project: PayingProject, *, until: datetime | None = None) -> list[tuple[date, Decimal]]:
    """What the project's events come to, as in `spent`, with the day each is drawn on: that of its end, while it runs of `until`."""
    e = UsageEvent
    mine = (e.project_id == project.id, e.state.not_in(OUT))
    priced = session.execute(select(e.ended_on, func.sum(e.net, type_=e.net.type)).where(*mine, e.net.is_not(None)).group_by(e.ended_on))
    waiting = session.scalars(select(e).where(*mine, e.net.is_(None)))
    return [(day, amount) for day, amount in priced] + [
        (w.ended_on or local(until or w.started_at).date(), pricing.of_event(session, w, until=until) or ZERO) for w in waiting]


def left(session: Any, project: PayingProject, on: date, *, until: datetime | None = None) -> Decimal | None:
    """Money the project may still use; None: no bound."""
    bounds = []
    if project.cap is not None:
        bounds.append(project.cap - spent(session, project, until=until))
    if project.prepaid:
        rows = session.scalars(select(ProjectFund).where(ProjectFund.project_id == project.id, ProjectFund.received_on <= on))
        paid_in = [calc_funds.Fund(f.amount, f.received_on, f.expires_on) for f in rows]
        bounds.append(calc_funds.left(paid_in, drawn(session, project, until=until), on) + project.overdraft)
    return min(bounds) if bounds else None


def objections(
    session: Any, project: PayingProject | None, *, kind: str, on: date, platform_id: int, firm_id: int | None = None,
    needs: Decimal = ZERO, until: datetime | None = None,
) -> list[Problem]:
    """Everything that keeps the project from paying, each in one sentence (U-20 to U-24). `needs`: what it will cost at least, yuan."""
    if project is None or (firm_id is not None and project.firm_id != firm_id):
        return [Problem("platforms.U-20", _l("Choose a paying project of this firm. Without one nothing is used."), "project_id")]
    found, number = Problems(), project.number
    if project.state != "active":
        found.add("platforms.U-21", _l("Project %(number)s is not open for use. Ask the office to open it or take another one.",
                                       number=number), "project_id")
    if on < project.starts_on or (project.last_day is not None and on > project.last_day):
        found.add("platforms.U-21", _l("Project %(number)s does not hold on %(day)s. Have it extended or take another one.",
                                       number=number, day=on.isoformat()), "project_id")
    if not getattr(project, f"allows_{GRANTED.get(kind, kind)}"):
        found.add("platforms.U-22", _l("Project %(number)s does not pay for this kind of use. Take another one.", number=number),
                  "project_id")
    if project.platform_id is not None and project.platform_id != platform_id:
        found.add("platforms.U-22", _l("Project %(number)s pays for another platform only. Take another one.", number=number),
                  "project_id")
    rest = left(session, project, on, until=until)
    if rest is not None and (rest <= 0 or rest < needs):
        found.add("platforms.U-24" if project.prepaid else "platforms.U-23",
                  _l("Project %(number)s has %(left)s yuan left, which is not enough. Raise its cap or pay in more.",
                     number=number, left=max(rest, ZERO)), "project_id")
    return found.found


def require(session: Any, project: PayingProject | None, **asked: Any) -> PayingProject:
    """The project, or the refusal with every reason."""
    found = objections(session, project, **asked)
    if found:
        raise RuleError(found)
    assert project is not None
    return project


def of_firm(session: Any, firm_id: int, *, kind: str, on: date, platform_id: int) -> list[PayingProject]:
    """Projects of the firm with which the kind may be used on a day, newest first."""
    query = select(PayingProject).where(PayingProject.firm_id == firm_id, PayingProject.state == "active").order_by(PayingProject.id.desc())
    return [p for p in session.scalars(query) if not objections(session, p, kind=kind, on=on, platform_id=platform_id)]


def close_ended(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """U-25: projects past their last day are closed (daily job)."""
    access.require(session, "platforms.project", "change")
    query = select(PayingProject).where(PayingProject.state != "closed", PayingProject.last_day < on)
    rows = list(session.scalars(query if park_id is None else query.where(PayingProject.park_id == park_id)))
    for project in rows:
        project.state = "closed"
    session.flush()
    return {"closed": len(rows)}
