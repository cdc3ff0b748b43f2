"""Interest subsidy by bank and quarter: worked out from the records, checked by another person, handed in, received. Rules LN-70 to 76."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from parkops import records, sequences
from parkops.clock import Period
from parkops.db.session import scope_of
from parkops.errors import Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_overdue, calc_subsidy
from ..models.case import LoanCase
from ..models.money import GuaranteeClaim
from ..models.organisation import LoanOrganisation
from ..models.subsidy import OtherSubsidy, SubsidyClaim, SubsidyLine
from ..states_money import SUBSIDY_CLAIM
from . import servicing

RESOURCE = "loans.subsidy_claim"
OWN = _l("Whoever prepared the claim does not check it. Ask a colleague.")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Worked:
    """A loan in a quarter: the line's values, or why it gets nothing."""

    case: LoanCase
    found: calc_subsidy.Subsidy | None
    period: tuple[date, date]
    why_not: str | None = None


def candidates(session: Any, park_id: int, bank_id: int, start: date, end: date) -> list[LoanCase]:
    """Loans of the bank with principal out on a day of `[start, end)`."""
    query = select(LoanCase).where(
        LoanCase.park_id == park_id, LoanCase.bank_id == bank_id, LoanCase.disbursed > 0, LoanCase.first_paid_on < end,
        or_(LoanCase.settled_on.is_(None), LoanCase.settled_on > start))
    return list(session.scalars(query.order_by(LoanCase.number)))


def flows(session: Any, case: LoanCase) -> list[tuple[date, Decimal]]:
    """Payouts, and principal paid back (what was taken back never counted)."""
    return servicing.payouts(session, case) + [(r.paid_on, -r.principal) for r in servicing.repayments(session, case) if r.principal]


def _left_out(session: Any, case: LoanCase, start: date, end: date) -> set[date]:
    """Overdue days; days after the guarantee has paid."""
    dues, paid = servicing.books(session, [case])[case.id]
    out = calc_overdue.overdue_days(dues, paid, start, end)
    claimed = session.scalar(select(GuaranteeClaim.paid_on).where(GuaranteeClaim.case_id == case.id, GuaranteeClaim.paid_on.is_not(None)))
    if claimed is not None:
        out |= {start + n * DAY for n in range((end - start).days) if start + n * DAY >= claimed}
    return out


def doubles(session: Any, case: LoanCase, start: date, end: date) -> OtherSubsidy | None:
    """LN-72: another central subsidy for days of the quarter."""
    o = OtherSubsidy
    return session.scalars(select(o).where(o.case_id == case.id, o.central, o.from_on < end,
                                           or_(o.to_on.is_(None), o.to_on >= start)).limit(1)).one_or_none()


def work_out(session: Any, case: LoanCase, start: date, end: date) -> Worked:
    """LN-70, LN-71: by the scheme of the contract; overdue days and the extension are left out."""
    scheme = case.scheme
    rule, span = scheme.subsidy_of(case.kind), (max(start, case.first_paid_on), end - DAY)
    if rule == "none":
        return Worked(case, None, span, _("The scheme gives no subsidy."))
    if scheme.subsidy_from is not None and case.contract_on < scheme.subsidy_from:
        day = scheme.subsidy_from.isoformat()
        return Worked(case, None, span, _("No subsidy rule is on record for contracts before %(day)s.", day=day))
    if (other := doubles(session, case, start, end)) is not None:
        return Worked(case, None, span, _("Has another central subsidy: %(title)s", title=other.title))
    last = case.last_day if scheme.extension_subsidised else case.matures_on
    found = calc_subsidy.subsidy(
        flows(session, case), rule=rule, rate=case.rate, lpr=case.lpr, share=scheme.subsidy_share, bp=scheme.subsidy_bp, start=start,
        end=end, last_day=last, basis=scheme.day_basis, left_out=_left_out(session, case, start, end))
    if not found.subsidy:
        return Worked(case, None, span, _("No day of the quarter is subsidised."))
    return Worked(case, found, span)


def explain(row: Worked, basis: int) -> str:
    """`Σ balance × days = … × 2.30 % ÷ 365`."""
    found = row.found
    return _("Σ balance × days %(sum)s × %(rate)s %% ÷ %(basis)s; %(days)s days, %(out)s left out", sum=f"{found.weighted:,.2f}",
             rate=f"{found.subsidy_rate * 100:.4f}".rstrip("0").rstrip("."), basis=basis, days=found.days, out=found.excluded)


def prepare_claim(session: Any, *, bank_id: int, quarter: date, prepared_on: date, finance_id: int | None = None,
                  note: str | None = None) -> SubsidyClaim:
    """LN-70: the claim of a bank for a quarter that is over (any of its days names it), once."""
    access.require(session, RESOURCE, "add")
    period = Period.quarter(quarter)
    bank = session.get(LoanOrganisation, bank_id)
    problems = Problems()
    if bank is None or bank.kind != "bank":
        problems.add("loans.LN-30", _l("Choose an organisation of the right kind."), "bank_id")
    if prepared_on < period.end:
        problems.add("loans.LN-70", _l("The quarter ends on %(day)s; prepare the claim afterwards.", day=period.last_day.isoformat()),
                     "quarter")
    records.not_future({"prepared_on": prepared_on}, problems, ("prepared_on",))
    double = session.scalar(select(SubsidyClaim.number).where(SubsidyClaim.bank_id == bank_id, SubsidyClaim.quarter == period.start,
                                                              SubsidyClaim.state != "cancelled"))
    if double is not None:
        problems.add("loans.LN-70", _l("Claim %(number)s is there for this bank and quarter.", number=double), "quarter")
    problems.stop()
    claim = records.create(session, SubsidyClaim, {
        "number": sequences.next_number(session, RESOURCE, bank.park_id, prepared_on), "bank_id": bank_id, "finance_id": finance_id,
        "quarter": period.start, "prepared_on": prepared_on, "prepared_by_id": scope_of(session).user_id, "note": note, "state": "draft"})
    fill(session, claim)
    return claim


def fill(session: Any, claim: SubsidyClaim) -> list[Worked]:
    """Lines anew from the records. What another claim of the quarter holds stays there (LN-73)."""
    end = Period.quarter(claim.quarter).end
    session.execute(delete(SubsidyLine).where(SubsidyLine.claim_id == claim.id))
    taken = set(session.scalars(select(SubsidyLine.case_id).where(SubsidyLine.quarter == claim.quarter, SubsidyLine.live)))
    rows = [work_out(session, c, claim.quarter, end) for c in candidates(session, claim.park_id, claim.bank_id, claim.quarter, end)
            if c.id not in taken]
    session.add_all(SubsidyLine(
        park_id=claim.park_id, claim_id=claim.id, case_id=w.case.id, quarter=claim.quarter, period_from=w.period[0], period_to=w.period[1],
        days=w.found.days, excluded=w.found.excluded, rate=w.case.rate, subsidy_rate=w.found.subsidy_rate, interest=w.found.interest,
        subsidy=w.found.subsidy, explain=explain(w, w.case.scheme.day_basis)) for w in rows if w.found is not None)
    good = [w.found for w in rows if w.found is not None]
    claim.interest = sum((f.interest for f in good), Decimal("0.00"))
    claim.total = sum((f.subsidy for f in good), Decimal("0.00"))
    session.flush()
    return rows


def without(session: Any, claim: SubsidyClaim) -> list[Worked]:
    """Loans of the bank that get nothing in the quarter, with the reason."""
    end = Period.quarter(claim.quarter).end
    have = set(session.scalars(select(SubsidyLine.case_id).where(SubsidyLine.claim_id == claim.id)))
    rows = [work_out(session, c, claim.quarter, end) for c in candidates(session, claim.park_id, claim.bank_id, claim.quarter, end)
            if c.id not in have]
    return [w for w in rows if w.why_not]


def lines(session: Any, claim: SubsidyClaim) -> list[SubsidyLine]:
    """In order of the loan."""
    return list(session.scalars(select(SubsidyLine).join(LoanCase, LoanCase.id == SubsidyLine.case_id)
                                .where(SubsidyLine.claim_id == claim.id).order_by(LoanCase.number)))


def why_not_fill(session: Any, claim: SubsidyClaim) -> str | None:
    """Drafts only."""
    return None if claim.state == "draft" else _("A checked claim stays as it is; have it returned first.")


def fill_again(session: Any, claim: SubsidyClaim) -> str:
    """The button: work the draft out anew. Whoever does it has prepared it."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if why := why_not_fill(session, claim):
        problems.add("loans.LN-74", why)
    problems.stop()
    claim.prepared_by_id = scope_of(session).user_id or claim.prepared_by_id
    fill(session, claim)
    return _("%(n)s loans, %(total)s yuan.", n=len(lines(session, claim)), total=f"{claim.total:,.2f}")


def why_not_approve(session: Any, claim: SubsidyClaim) -> str | None:
    """LN-75: another person, and something to claim."""
    if scope_of(session).user_id in (None, claim.prepared_by_id):
        return str(OWN)
    return None if claim.total else _("There is nothing to claim.")


def approve_claim(session: Any, claim: SubsidyClaim, *, on: date) -> SubsidyClaim:
    """LN-75: checked by another person; refused when the records say something else by now."""
    access.require(session, RESOURCE, "act")
    problems, end = Problems(), Period.quarter(claim.quarter).end
    if why := why_not_approve(session, claim):
        problems.add("loans.LN-75", why)
    for line in lines(session, claim):
        now = work_out(session, line.case, claim.quarter, end)
        if now.found is None or (now.found.interest, now.found.subsidy) != (line.interest, line.subsidy):
            problems.add("loans.LN-74", _l("The records of %(number)s have changed; work the claim out again.", number=line.case.number))
    problems.stop()
    claim.approved_on, claim.approved_by_id = on, scope_of(session).user_id
    session.flush()
    SUBSIDY_CLAIM.move(session, claim, "approve", on=on)
    return claim


def file_claim(session: Any, claim: SubsidyClaim, *, on: date) -> SubsidyClaim:
    """With the finance office."""
    _after(claim.approved_on, on)
    claim.filed_on = on
    session.flush()
    SUBSIDY_CLAIM.move(session, claim, "file", on=on)
    return claim


def pay_claim(session: Any, claim: SubsidyClaim, *, on: date) -> SubsidyClaim:
    """The borrowers have got their subsidy."""
    _after(claim.filed_on, on)
    claim.paid_on = on
    session.flush()
    SUBSIDY_CLAIM.move(session, claim, "pay", on=on)
    return claim


def _after(earlier: date | None, on: date) -> None:
    if earlier is not None and on < earlier:
        problems = Problems()
        problems.add("loans.LN-76", _l("The step before was on %(day)s; choose that day or a later one.", day=earlier.isoformat()), "on")
        raise RuleError(problems.found)


def reopen_claim(session: Any, claim: SubsidyClaim, *, reason: str) -> SubsidyClaim:
    """Back to the draft; a new check follows."""
    SUBSIDY_CLAIM.move(session, claim, "reopen", reason=reason)
    claim.approved_on = claim.filed_on = claim.approved_by_id = None
    session.flush()
    return claim


def cancel_claim(session: Any, claim: SubsidyClaim, *, reason: str) -> SubsidyClaim:
    """The quarter is free again."""
    SUBSIDY_CLAIM.move(session, claim, "cancel", reason=reason)
    session.execute(update(SubsidyLine).where(SubsidyLine.claim_id == claim.id).values(live=False)
                    .execution_options(synchronize_session="fetch"))
    return claim


def add_other(session: Any, *, case_id: int, title: str, from_on: date, central: bool = True, doc_no: str | None = None,
              to_on: date | None = None, amount: Decimal | None = None) -> OtherSubsidy:
    """Another subsidy the same loan has; a central one excludes ours for its days (LN-72)."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return records.create(session, OtherSubsidy, values, _other)


def change_other(session: Any, row: OtherSubsidy, *, title: str, from_on: date, central: bool = True, doc_no: str | None = None,
                 to_on: date | None = None, amount: Decimal | None = None) -> OtherSubsidy:
    """Correct it."""
    values = {n: v for n, v in locals().items() if n not in ("session", "row")}
    return records.change(session, row, values, _other)


def _other(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "from_on", "to_on", _l("It ends before it begins; correct one of the days."))
    last = values.get("to_on") or date.max
    query = select(func.count()).select_from(SubsidyLine).join(SubsidyClaim, SubsidyClaim.id == SubsidyLine.claim_id)
    claimed = session.scalar(query.where(
        SubsidyLine.case_id == values["case_id"], SubsidyLine.live, SubsidyClaim.state != "draft",
        SubsidyLine.period_to >= values["from_on"], SubsidyLine.period_from <= last))
    if values.get("central") and claimed:
        problems.add("loans.LN-72", _l("Our subsidy was claimed for days of it; return or repay that claim first."), "from_on")


def remove_other(session: Any, row: OtherSubsidy) -> None:
    """Entered by mistake."""
    records.remove(session, row)
