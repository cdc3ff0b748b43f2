"""Relief schemes with budgets, thresholds, papers and listed regions. Rules RR-01 to RR-06."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import attachments, records
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.rules.models import RuleSet

from ..models.relief import ReliefBudget, ReliefPaperKind, ReliefScheme, ReliefThreshold, RiskListing
from ..models.relief_case import ReliefApplication, ReliefPaper
from ..states_relief import RELIEF_SCHEME

# What the law's schemes ask for; a park adds its own. (code, Chinese, English, required at once, only for sub-let premises)
PAPERS = (
    ("application", "减免申请表", "Application form", True, False),
    ("licence", "营业执照复印件", "Copy of the business licence", True, False),
    ("lease", "租赁合同", "Lease", True, False),
    ("size", "小微企业声明或者名录查询结果", "Statement of size or extract of the register", True, False),
    ("subtenants", "实际经营人名单和转租合同", "List of actual operators with their contracts", True, True),
    ("passed_on", "减免传导凭证", "Proof that the relief was passed on", False, True),
)
FIXED = ("rule_set", "landlord", "months", "months_listed", "rate", "then_months", "then_rate", "pro_rata", "rent_base", "covers_from",
         "covers_to", "pass_through")


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """RR-01: a scheme names a rule set that holds in its time, its methods and its budget (or that it has none)."""
    found = session.scalar(select(RuleSet).where(RuleSet.key == values["rule_set"]))
    if found is None or found.subject != "leasing.lease" or not found.enabled:
        problems.add("leasing.RR-01", _l("Choose a rule set for leases that is in use, such as %(keys)s.", keys=_keys(session)), "rule_set")
    records.date_order(values, problems, "covers_from", "covers_to", _l("The last month lies before the first."))
    records.date_order(values, problems, "apply_from", "apply_to", _l("The window of application ends before it begins."))
    if values["unlimited"] and values.get("budget") is not None:
        problems.add("leasing.RR-01", _l("Either a budget or no limit, not both."), "budget")
    if not values["unlimited"] and values.get("budget") is None:
        problems.add("leasing.RR-01", _l("Enter the budget, or say that there is none."), "budget")
    if not any(values[n] for n in ("exempts", "deducts", "refunds")):
        problems.add("leasing.RR-01", _l("Allow at least one method."), "exempts")
    if (values.get("then_months") is None) != (values.get("then_rate") is None):
        problems.add("leasing.RR-01", _l("Further months need their share, and a share its months."), "then_rate")
    if not 1 <= values["months"] <= 12 or (values.get("months_listed") or values["months"]) < values["months"]:
        problems.add("leasing.RR-01", _l("Months lie between 1 and 12, and listed regions get at least as many."), "months")
    if not 0 < values["rate"] <= 1 or not 0 < (values.get("then_rate") or 1) <= 1:
        problems.add("leasing.RR-01", _l("The share of the rent lies above 0 and at most at 100 %."), "rate")


def _keys(session: Any) -> str:
    return ", ".join(session.scalars(select(RuleSet.key).where(RuleSet.subject == "leasing.lease", RuleSet.enabled).order_by(RuleSet.key)))


def _firsts(values: dict[str, Any]) -> dict[str, Any]:
    """Months are kept as their first day."""
    return {k: v.replace(day=1) if k in ("covers_from", "covers_to") and isinstance(v, date) else v for k, v in values.items()}


def create_scheme(session: Any, **values: Any) -> ReliefScheme:
    """A scheme with the papers the law's schemes ask for and one approver from the first yuan."""
    scheme = records.create(session, ReliefScheme, _firsts(values), _check)
    session.add(ReliefThreshold(park_id=scheme.park_id, scheme_id=scheme.id, from_amount=0, people=1))
    session.add_all(ReliefPaperKind(park_id=scheme.park_id, scheme_id=scheme.id, code=code, title=zh, title_en=en, required=must,
                                    sublet_only=sub, position=10 * n) for n, (code, zh, en, must, sub) in enumerate(PAPERS, 1))
    session.flush()
    return scheme


def change_scheme(session: Any, scheme: ReliefScheme, **values: Any) -> ReliefScheme:
    """RR-02: what decides amounts is fixed once there are applications; RR-03: a budget never falls below what is committed."""

    def check(session: Any, full: dict[str, Any], problems: Problems) -> None:
        _check(session, full, problems)
        touched = [n for n in FIXED if n in values and full[n] != getattr(scheme, n)]
        if touched and _applications(session, scheme):
            problems.add("leasing.RR-02", _l("There are applications already; make a new scheme for other terms."), touched[0])
        if full.get("budget") is not None and full["budget"] < scheme.committed:
            problems.add("leasing.RR-03", _committed(scheme.committed), "budget")

    return records.change(session, scheme, _firsts(values), check)


def _committed(amount: Any) -> Any:
    return _l("%(amount)s yuan are committed already; the budget cannot be less.", amount=amount)


def _applications(session: Any, scheme: ReliefScheme) -> int:
    return session.scalar(select(func.count()).select_from(ReliefApplication).where(ReliefApplication.scheme_id == scheme.id)) or 0


def remove_scheme(session: Any, scheme: ReliefScheme) -> None:
    """Only a scheme nobody applied to."""
    sentence = _l("There are applications; close the scheme instead of removing it.")
    records.remove(session, scheme, (ReliefApplication, "scheme_id", sentence))


def why_not_open(session: Any, scheme: ReliefScheme) -> str | None:
    """RR-04: the policy document is attached before anybody applies."""
    if not attachments.of(session, scheme):
        return _("Attach the policy document to the scheme first.")
    return None


def open_scheme(session: Any, scheme: ReliefScheme, *, on: date) -> ReliefScheme:
    """Firms may apply from now on, within the window."""
    RELIEF_SCHEME.move(session, scheme, "open", on=on)
    return scheme


def close_scheme(session: Any, scheme: ReliefScheme, *, on: date) -> ReliefScheme:
    """No further applications; those under way go on."""
    RELIEF_SCHEME.move(session, scheme, "close", on=on)
    return scheme


def _with_scheme(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("people") is not None and not 1 <= values["people"] <= 9:
        problems.add("leasing.RR-05", _l("Between one and nine people approve."), "people")
    if values.get("from_amount") is not None and values["from_amount"] < 0:
        problems.add("leasing.RR-05", _l("Amounts begin at zero."), "from_amount")


def add_threshold(session: Any, *, scheme_id: int, from_amount: Any, people: int) -> ReliefThreshold:
    """RR-05: from this amount on so many different people approve."""
    return records.create(session, ReliefThreshold, {"scheme_id": scheme_id, "from_amount": from_amount, "people": people}, _with_scheme)


def change_threshold(session: Any, row: ReliefThreshold, **values: Any) -> ReliefThreshold:
    """Applies to requests made from now on."""
    return records.change(session, row, values, _with_scheme)


def remove_threshold(session: Any, row: ReliefThreshold) -> None:
    """The lower thresholds stay."""
    records.remove(session, row)


def add_budget(session: Any, *, scheme_id: int, carrier_id: int, amount: Any) -> ReliefBudget:
    """A carrier's part. RR-06: parts together do not exceed the scheme's budget; before the first commitment only."""

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        _fits(session, values, None, problems)

    row = records.create(session, ReliefBudget, {"scheme_id": scheme_id, "carrier_id": carrier_id, "amount": amount}, check)
    if not row.scheme.by_carrier:
        row.scheme.by_carrier = True
        session.flush()
    return row


def change_budget(session: Any, row: ReliefBudget, *, amount: Any) -> ReliefBudget:
    """Not below what the carrier has committed."""

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        if values["amount"] < row.committed:
            problems.add("leasing.RR-03", _committed(row.committed), "amount")
        _fits(session, values, row.id, problems)

    return records.change(session, row, {"amount": amount}, check)


def remove_budget(session: Any, row: ReliefBudget) -> None:
    """Only while nothing of it is committed."""
    problems = Problems()
    if row.committed:
        problems.add("leasing.RR-03", _committed(row.committed))
    problems.stop()
    records.remove(session, row)


def _fits(session: Any, values: dict[str, Any], own: int | None, problems: Problems) -> None:
    scheme = session.get(ReliefScheme, values["scheme_id"])
    others = session.scalar(select(func.coalesce(func.sum(ReliefBudget.amount), 0)).where(
        ReliefBudget.scheme_id == values["scheme_id"], ReliefBudget.id != (own or 0)))
    if scheme is not None and scheme.budget is not None and others + values["amount"] > scheme.budget:
        problems.add("leasing.RR-06", _l("The carriers' budgets together exceed the scheme's %(amount)s yuan.",
                                         amount=scheme.budget), "amount")
    if scheme is not None and own is None and scheme.committed and not scheme.by_carrier:
        problems.add("leasing.RR-06", _l("Relief was granted already without budgets per carrier; make a new scheme."), "amount")


def add_paper_kind(session: Any, **values: Any) -> ReliefPaperKind:
    """A document the scheme asks for; applications under way keep their list."""
    return records.create(session, ReliefPaperKind, values)


def change_paper_kind(session: Any, row: ReliefPaperKind, **values: Any) -> ReliefPaperKind:
    """Change its words or order."""
    return records.change(session, row, values)


def remove_paper_kind(session: Any, row: ReliefPaperKind) -> None:
    """Unused only."""
    records.remove(session, row, (ReliefPaper, "kind_id", _l("Applications list this document; it stays.")))


def _listing(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "listed_on", "lifted_on", _l("It is lifted before it was listed."))
    records.not_future(values, problems, ("listed_on",))


def add_listing(session: Any, **values: Any) -> RiskListing:
    """A region listed as medium or high risk, with the notice."""
    return records.create(session, RiskListing, values, _listing)


def change_listing(session: Any, row: RiskListing, **values: Any) -> RiskListing:
    """Applications decided keep what was known then."""
    return records.change(session, row, values, _listing)


def remove_listing(session: Any, row: RiskListing) -> None:
    """A listing entered by mistake."""
    records.remove(session, row)
