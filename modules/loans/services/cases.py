"""A case as the clerk carries it: enquiry, pre-check, documents, HR office, guarantee. Rules LN-30 to LN-35."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from modules.tenants.models.firm import Firm
from parkops import records, sequences
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import LoanCase
from ..models.organisation import LoanOrganisation
from ..states import EDITABLE
from . import clocks, papers, precheck, schemes
from .clocks import advance

RESOURCE = "loans.case"
PARTS = {"channel_id": "channel", "bank_id": "bank", "fund_id": "fund", "hr_id": "hr", "finance_id": "finance"}


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """LN-30: organisations of the right kind, partners for partnerships, amounts and days that make sense."""
    for name, kind in PARTS.items():
        row = session.get(LoanOrganisation, values[name]) if values.get(name) else None
        if values.get(name) and (row is None or row.kind != kind):
            problems.add("loans.LN-30", _l("Choose an organisation of the right kind."), name)
    if values["kind"] == "partnership" and not values.get("partners"):
        problems.add("loans.LN-30", _l("Say how many partners borrow together."), "partners")
    if values["kind"] != "partnership" and values.get("partners"):
        problems.add("loans.LN-30", _l("Only partners together have a number of partners."), "partners")
    if values.get("partners") is not None and not 2 <= values["partners"] <= 50:
        problems.add("loans.LN-30", _l("Partners are between two and fifty people."), "partners")
    if values["amount_requested"] <= 0:
        problems.add("loans.LN-30", _l("Enter an amount above zero."), "amount_requested")
    if not 1 <= values["term_months"] <= 60:
        problems.add("loans.LN-30", _l("The term lies between 1 and 60 months."), "term_months")
    if not 1 <= values.get("every_months", 3) <= 12:
        problems.add("loans.LN-30", _l("Instalments are 1 to 12 months apart."), "every_months")
    for name in ("earlier_uses", "jobs"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("loans.LN-30", _l("This cannot be negative."), name)
    records.not_future(values, problems, ("applied_on",))


def create_case(
    session: Any, *, firm_id: int, kind: str, applied_on: date, amount_requested: Decimal, term_months: int, channel_id: int | None = None,
    bank_id: int | None = None, fund_id: int | None = None, hr_id: int | None = None, finance_id: int | None = None,
    partners: int | None = None, purpose: str | None = None, jobs: int | None = None, counter_guarantee: str | None = None,
    earlier_uses: int | None = None, other_loans: bool | None = None, past_overdue: bool | None = None, method: str = "bullet",
    every_months: int = 3, note: str | None = None,
) -> LoanCase:
    """An enquiry of a firm of the park, under the scheme in force on the day (LN-01). The clock starts with the park."""
    values = {n: v for n, v in locals().items() if n != "session"}
    access.require(session, RESOURCE, "add")
    firm = session.get(Firm, firm_id)
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    problems = Problems()
    _check(session, values, problems)
    problems.stop()
    scheme = schemes.scheme_on(session, firm.park_id, applied_on)
    values |= {"scheme_id": scheme.id, "prepared_by_id": scope_of(session).user_id, "state": "enquiry",
               "number": sequences.next_number(session, RESOURCE, firm.park_id, applied_on)}
    case = records.create(session, LoanCase, values)
    clocks.enter(session, case, applied_on)
    return case


def change_case(
    session: Any, case: LoanCase, *, amount_requested: Decimal, term_months: int, channel_id: int | None = None, bank_id: int | None = None,
    fund_id: int | None = None, hr_id: int | None = None, finance_id: int | None = None, partners: int | None = None,
    purpose: str | None = None, jobs: int | None = None, counter_guarantee: str | None = None, earlier_uses: int | None = None,
    other_loans: bool | None = None, past_overdue: bool | None = None, method: str = "bullet", every_months: int = 3,
    note: str | None = None,
) -> LoanCase:
    """LN-31: until it is handed in, or when it was returned. Who changes it has made it and does not approve it."""
    values = {n: v for n, v in locals().items() if n not in ("session", "case")}
    problems = Problems()
    if case.state not in EDITABLE:
        problems.add("loans.LN-31", _l("The case was handed in; have it returned before you change it."))
    problems.stop()
    row = records.change(session, case, values, _check)
    row.prepared_by_id = scope_of(session).user_id or row.prepared_by_id
    session.flush()
    return row


def remove_case(session: Any, case: LoanCase) -> None:
    """Only an enquiry; afterwards it is withdrawn. The number stays used."""
    access.require(session, RESOURCE, "remove")
    problems = Problems()
    if case.state != "enquiry":
        problems.add("loans.LN-31", _l("Withdraw it instead: the pre-check has begun."))
    problems.stop()
    session.delete(case)
    session.flush()


def precheck_case(session: Any, case: LoanCase, *, on: date) -> str:
    """LN-20: the rules are asked and their answer is kept."""
    advance(session, case, "precheck", on=on)
    outcome = precheck.judge(session, case, on=on)
    return _("Pre-check: %(verdict)s", verdict=_VERDICTS[outcome.verdict])


_VERDICTS = {"pass": _l("Met"), "fail": _l("Not met"), "unknown": _l("Cannot say")}


def retest_case(session: Any, case: LoanCase, *, on: date) -> str:
    """Ask the rules again after facts were added; earlier answers stay on record."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if why := why_not_retest(session, case):
        problems.add("loans.LN-20", why)
    problems.stop()
    return _("Pre-check: %(verdict)s", verdict=_VERDICTS[precheck.judge(session, case, on=on).verdict])


def why_not_retest(session: Any, case: LoanCase) -> str | None:
    """While it is prepared."""
    return None if case.state in EDITABLE else _("The case was handed in; its pre-check stays.")


def why_not_collect(session: Any, case: LoanCase) -> str | None:
    """LN-32: what fails a rule is rejected; what cannot be said yet may be shown by documents."""
    return _("A condition is not met; reject the case or correct its facts and test again.") if case.verdict == "fail" else None


def collect_papers(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """The checklist of the scheme is opened; it is the borrower's turn."""
    advance(session, case, "collect", on=on)
    papers.sync(session, case)
    return case


def why_not_submit(session: Any, case: LoanCase) -> str | None:
    """LN-33: every required document is there."""
    missing = [str(p.kind) for p in papers.of_case(session, case) if p.kind.required and p.state == "missing"]
    return _("Documents are missing: %(names)s", names="、".join(missing)) if missing else None


def submit_case(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """LN-33: rules met, documents complete and valid on the day; the scheme of the day holds. Then it is the HR office's turn."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    old = [str(p.kind) for p in papers.lacking(session, case, on)]
    if old:
        problems.add("loans.LN-33", _l("Missing or expired on the day: %(names)s", names="、".join(old)))
    problems.stop()
    held = schemes.scheme_on(session, case.park_id, on, region=case.scheme.region)
    if held.id != case.scheme_id:
        case.scheme = held
        session.flush()
        papers.sync(session, case)
        if why := why_not_submit(session, case):
            problems.add("loans.LN-33", why)
    outcome = precheck.judge(session, case, on=on)
    if not outcome.passed:
        problems.add("loans.LN-33", _l("Not every rule is met: %(what)s", what=precheck.why_of(outcome)))
    problems.stop()
    advance(session, case, "submit", on=on)
    return case


def qualify_case(session: Any, case: LoanCase, *, on: date, reference: str | None = None) -> LoanCase:
    """The HR office has confirmed the eligibility."""
    case.hr_reference = (reference or "").strip() or case.hr_reference
    advance(session, case, "qualify", on=on)
    return case


def why_not_guarantee(session: Any, case: LoanCase) -> str | None:
    """LN-34: a bank and a fund that stands in."""
    if case.bank_id is None or case.fund_id is None:
        return _("Choose the bank and the guarantee fund first.")
    return None


def agree_guarantee(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """Fund and bank have finished their due diligence."""
    advance(session, case, "guarantee", on=on)
    return case


def why_not_choose(session: Any, case: LoanCase) -> str | None:
    """Parties are open until the loan is approved."""
    return None if case.state in (*EDITABLE, "qualification", "diligence", "approval") else _("An approved loan keeps its bank and fund.")


def choose_parties(session: Any, case: LoanCase, *, bank_id: int, fund_id: int, hr_id: int | None = None,
                   finance_id: int | None = None) -> LoanCase:
    """LN-35: who lends and who stands in, also after the case was handed in; until it is approved."""
    problems = Problems()
    if why := why_not_choose(session, case):
        problems.add("loans.LN-35", why)
    problems.stop()
    values = {"bank_id": bank_id, "fund_id": fund_id, "hr_id": hr_id or case.hr_id, "finance_id": finance_id or case.finance_id}
    return records.change(session, case, values, _check)


def enquire_for_firm(session: Any, firm: Firm, *, kind: str, amount_requested: Decimal, term_months: int,
                     applied_on: date) -> tuple[str, str]:
    """The button on a firm."""
    partners = 2 if kind == "partnership" else None
    case = create_case(session, firm_id=firm.id, kind=kind, amount_requested=amount_requested, term_months=term_months,
                       applied_on=applied_on, partners=partners)
    return _("Loan case %(number)s is open.", number=case.number), f"/loans/case/{case.id}"
