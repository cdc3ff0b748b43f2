"""Relief applications as the clerk carries them: made from a lease or a firm, judged, papers, submitted. Rules RR-10 to RR-19."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import delete, func, select

from modules.tenants.models.firm import Firm
from parkops import attachments, records, sequences
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.rules import engine
from parkops.security import access

from .. import calc_relief as calc
from ..models.lease import Lease
from ..models.relief import ReliefPaperKind, ReliefScheme
from ..models.relief_case import METHODS, ReliefApplication, ReliefMonth, ReliefObjection, ReliefPaper, ReliefSubtenant
from ..states_relief import DEAD_STATES, EDITABLE, RELIEF
from . import relief_queries as queries
from . import relief_rules as rules
from .relief_queries import ReliefCase

RESOURCE = "leasing.relief_application"
CLOSED = ("posted", *DEAD_STATES)


def create_application(session: Any, *, scheme_id: int, lease_id: int, applied_on: date, method: str = "exempt",
                       tested_on: date | None = None, note: str | None = None) -> ReliefApplication:
    """A draft for one lease: the rules' answer on the relief date is stored, months and amounts are proposed (RR-10, RR-11).

    It may be made although a rule is not met or cannot be answered; submitting it may not (RR-14)."""
    access.require(session, RESOURCE, "add")
    scheme, lease = _found(session, ReliefScheme, scheme_id), _found(session, Lease, lease_id)
    problems, on = Problems(), tested_on or applied_on
    _may_apply(session, scheme, lease, applied_on, method, problems)
    _rules_hold(session, scheme, on, problems)
    problems.stop()
    app = ReliefApplication(
        number=sequences.next_number(session, RESOURCE, lease.park_id, applied_on), park_id=lease.park_id, scheme=scheme,
        firm_id=lease.firm_id, lease=lease, root_id=queries.root_of(lease), carrier_id=lease.carrier_id, method=method,
        applied_on=applied_on, tested_on=on,
        rule_set=scheme.rule_set, verdict="unknown", sublet=lease.sublet, prepared_by_id=scope_of(session).user_id, note=note)
    session.add(app)
    session.flush()
    _judge(session, app)
    kinds = session.scalars(select(ReliefPaperKind).where(ReliefPaperKind.scheme_id == scheme.id).order_by(ReliefPaperKind.position))
    session.add_all(ReliefPaper(park_id=app.park_id, application_id=app.id, kind_id=k.id) for k in kinds if app.sublet or not k.sublet_only)
    session.flush()
    return app


def apply_for_lease(session: Any, lease: Lease, *, scheme_id: int, applied_on: date, method: str) -> tuple[str, str]:
    """The button on a lease."""
    app = create_application(session, scheme_id=scheme_id, lease_id=lease.id, applied_on=applied_on, method=method)
    return _("Application %(number)s is prepared.", number=app.number), f"/leasing/relief_application/{app.id}"


def apply_for_firm(session: Any, firm: Firm, *, scheme_id: int, applied_on: date, method: str) -> str:
    """The button on a firm: one application per lease that runs in the scheme's months and has none yet."""
    scheme = _found(session, ReliefScheme, scheme_id)
    have = set(session.scalars(select(ReliefApplication.root_id).where(
        ReliefApplication.scheme_id == scheme.id, ReliefApplication.state.not_in(DEAD_STATES))))
    leases = [lease for lease in queries.candidates(session, scheme, on=applied_on)
              if lease.firm_id == firm.id and queries.root_of(lease) not in have]
    problems = Problems()
    if not leases:
        problems.add("leasing.RR-12", _l("The firm has no lease in the months of the scheme that is not applied for already."), "scheme_id")
    problems.stop()
    made = [create_application(session, scheme_id=scheme.id, lease_id=lease.id, applied_on=applied_on, method=method) for lease in leases]
    return _("Prepared: %(numbers)s", numbers=", ".join(a.number for a in made))


def prepare_applications(session: Any, scheme: ReliefScheme, *, on: date, method: str) -> dict[str, int]:
    """From the dry run: a draft for every lease that would qualify and has none yet."""
    access.require(session, RESOURCE, "add")
    have = set(session.scalars(select(ReliefApplication.root_id).where(
        ReliefApplication.scheme_id == scheme.id, ReliefApplication.state.not_in(DEAD_STATES))))
    found = [r for r in rules.dry_run(session, scheme, on=on).rows if r.amount > 0 and r.case.root_id not in have
             and (r.verdict == "pass" or rules.only_pass_through_open(r.outcome))]
    for row in found:
        create_application(session, scheme_id=scheme.id, lease_id=row.case.lease.id, applied_on=on, method=method)
    return {"made": len(found)}


def _found(session: Any, model: Any, record_id: int) -> Any:
    found = session.get(model, record_id)
    if found is None:
        raise NotFound(_l("There is no such record in your parks."))
    return found


def _may_apply(session: Any, scheme: ReliefScheme, lease: Lease, on: date, method: str, problems: Problems) -> None:
    if scheme.park_id != lease.park_id:
        problems.add("leasing.RR-10", _l("Scheme and lease belong to different parks."), "scheme_id")
    if scheme.state != "open":
        problems.add("leasing.RR-10", _l("The scheme is not open for applications."), "scheme_id")
    elif on < scheme.apply_from or (scheme.apply_to is not None and on > scheme.apply_to):
        problems.add("leasing.RR-10", _l("Applications are taken from %(start)s to %(end)s.", start=scheme.apply_from.isoformat(),
                                         end=scheme.apply_to.isoformat() if scheme.apply_to else "…"), "applied_on")
    if method not in METHODS or method not in scheme.methods:
        problems.add("leasing.RR-10", _l("The scheme does not allow this method."), "method")
    records.not_future({"applied_on": on}, problems, ("applied_on",))
    double = session.scalar(select(ReliefApplication.number).where(
        ReliefApplication.scheme_id == scheme.id, ReliefApplication.root_id == queries.root_of(lease),
        ReliefApplication.state.not_in(DEAD_STATES)))
    if double is not None:
        problems.add("leasing.RR-12", _l("Application %(number)s is already there for this lease and scheme.", number=double), "lease_id")


def _rules_hold(session: Any, scheme: ReliefScheme, on: date, problems: Problems) -> None:
    held = engine.by_key(session, scheme.rule_set)
    if on < held.effective_from or (held.effective_to is not None and on >= held.effective_to):
        problems.add("leasing.RR-11", _l("Rule set %(key)s does not hold on %(day)s; choose a relief date within it.",
                                         key=held.key, day=on.isoformat()), "tested_on")
    records.not_future({"tested_on": on}, problems, ("tested_on",))


def case_of(app: ReliefApplication) -> ReliefCase:
    """The subject of the rules."""
    return ReliefCase(app.lease, app.scheme, app)


def examine(session: Any, app: ReliefApplication) -> rules.Assessed:
    """The rules' answer and proposal as of the relief date, without storing anything."""
    return rules.assess(session, [case_of(app)], on=app.tested_on)[app.lease_id]


def _judge(session: Any, app: ReliefApplication) -> rules.Assessed:
    """Ask the rules, propose the months anew, store both and what an auditor needs of that day (RR-11)."""
    found, firm = examine(session, app), app.lease.firm
    session.execute(delete(ReliefMonth).where(ReliefMonth.application_id == app.id))
    session.add_all(ReliefMonth(
        park_id=app.park_id, application_id=app.id, root_id=app.root_id, month=g.month, period_from=g.start, period_to=g.end, rent=g.rent,
        share=calc.shown_share(g.share), amount=g.amount) for g in found.grants)
    app.rent, app.amount = found.rent, found.amount
    app.entitled = (Decimal(found.entitled.numerator) / found.entitled.denominator).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    app.landlord = (app.carrier.operator if app.carrier is not None else None) or session.get(Park, app.park_id).name
    app.credit_code, app.tenant_type, app.industry, app.size_class = firm.credit_code, firm.registration_type, firm.industry, found.size
    session.flush()
    if app.sublet:  # what is proven is compared with the amount just proposed
        found = examine(session, app)
    app.verdict, app.rule_set = found.verdict, found.outcome.rule_set_key
    app.decision_id = engine.store(session, found.outcome, owner=app).id
    session.flush()
    return found


def change_application(session: Any, app: ReliefApplication, *, method: str, tested_on: date, sublet: bool,
                       note: str | None = None) -> ReliefApplication:
    """Change a draft or returned application; it is judged anew (RR-13). Who changes it has made it and cannot check it."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if app.state not in EDITABLE:
        problems.add("leasing.RR-13", _l("A submitted application is not changed; have it returned first."))
    if method not in app.scheme.methods:
        problems.add("leasing.RR-10", _l("The scheme does not allow this method."), "method")
    _rules_hold(session, app.scheme, tested_on, problems)
    problems.stop()
    app.method, app.tested_on, app.sublet, app.note = method, tested_on, sublet, (note or "").strip() or None
    app.prepared_by_id = scope_of(session).user_id or app.prepared_by_id
    have = set(session.scalars(select(ReliefPaper.kind_id).where(ReliefPaper.application_id == app.id)))
    kinds = session.scalars(select(ReliefPaperKind).where(ReliefPaperKind.scheme_id == app.scheme_id))
    session.add_all(ReliefPaper(park_id=app.park_id, application_id=app.id, kind_id=k.id) for k in kinds
                    if k.id not in have and (sublet or not k.sublet_only))
    _judge(session, app)
    return app


def retest_application(session: Any, app: ReliefApplication) -> str:
    """Judge a draft again after facts were added; the former decision stays on record."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if app.state not in EDITABLE:
        problems.add("leasing.RR-13", _l("A submitted application is not changed; have it returned first."))
    problems.stop()
    _judge(session, app)
    return _("Judged again: %(amount)s yuan.", amount=app.amount)


def why_not_change(session: Any, app: ReliefApplication) -> str | None:
    """Only drafts and returned ones."""
    return None if app.state in EDITABLE else _("A submitted application is not changed; have it returned first.")


def remove_application(session: Any, app: ReliefApplication) -> None:
    """Only a draft; afterwards it is withdrawn. The number stays used."""
    access.require(session, RESOURCE, "remove")
    problems = Problems()
    if app.state != "draft":
        problems.add("leasing.RR-13", _l("Withdraw it instead: it was submitted already."))
    problems.stop()
    session.delete(app)
    session.flush()


def papers(session: Any, app: ReliefApplication) -> list[ReliefPaper]:
    """The checklist in order."""
    return list(session.scalars(select(ReliefPaper).join(ReliefPaperKind, ReliefPaperKind.id == ReliefPaper.kind_id)
                                .where(ReliefPaper.application_id == app.id).order_by(ReliefPaperKind.position, ReliefPaper.id)))


def months(session: Any, app: ReliefApplication) -> list[ReliefMonth]:
    """The months in order."""
    return list(session.scalars(select(ReliefMonth).where(ReliefMonth.application_id == app.id).order_by(ReliefMonth.month)))


def why_not_submit(session: Any, app: ReliefApplication) -> str | None:
    """RR-14: rules met (only the proof of passing on may be open), an amount, and every required paper."""
    if app.scheme.state != "open":
        return _("The scheme is not open for applications.")
    if app.verdict == "fail":
        return _("A condition is not met; see the eligibility card.")
    if app.verdict == "unknown" and not _only_proof_open(session, app):
        return _("A condition cannot be answered yet; see what to collect on the eligibility card.")
    if app.amount <= 0:
        return _("There is no month left to relieve.")
    if not app.lease.tax_included and _uncharged(session, app):
        return _("The prices exclude VAT: bill the rent of these months first, so that the amount is known.")
    missing = [str(p.kind) for p in papers(session, app) if p.state == "missing" and p.kind.required]
    return _("Documents are missing: %(names)s", names="、".join(missing)) if missing else None


def _only_proof_open(session: Any, app: ReliefApplication) -> bool:
    return app.sublet and rules.only_pass_through_open(examine(session, app).outcome)


def _uncharged(session: Any, app: ReliefApplication) -> bool:
    """RR-15: a month whose rent was not charged yet."""
    return any(d.unposted and not d.charges for d in queries.rent_lines(session, app).values())


def submit_application(session: Any, app: ReliefApplication, *, on: date) -> ReliefApplication:
    """Judge it a last time and hand it in. The submitter is its maker (RR-16)."""
    access.require(session, RESOURCE, "change")
    if app.state in EDITABLE:
        _judge(session, app)
    RELIEF.move(session, app, "submit", on=on)
    app.submitted_by_id = scope_of(session).user_id
    session.flush()
    return app


def withdraw_application(session: Any, app: ReliefApplication, *, on: date, reason: str) -> ReliefApplication:
    """The firm takes it back; its months are free again. A waiting request of approval goes with it."""
    from .relief_decide import drop_request

    access.require(session, RESOURCE, "change")
    drop_request(session, app, reason)
    RELIEF.move(session, app, "withdraw", on=on, reason=reason)
    return app


def receive_paper(session: Any, paper: ReliefPaper, *, on: date, note: str | None = None, file: Any = None) -> ReliefPaper:
    """A document came in, with or without its scan."""
    access.require(session, "leasing.relief_paper", "change")
    if file is not None:
        paper.attachment_id = attachments.attach(session, paper.application, getattr(file, "stream", file),
                                                 getattr(file, "filename", None) or "file", kind="relief_paper").id
    paper.state, paper.received_on, paper.note = "received", on, note or paper.note
    session.flush()
    return paper


def receive_papers(session: Any, rows: Sequence[ReliefPaper], *, on: date) -> dict[str, int]:
    """Several at once."""
    for row in rows:
        receive_paper(session, row, on=on)
    return {"received": len(rows)}


def waive_paper(session: Any, paper: ReliefPaper, *, note: str) -> ReliefPaper:
    """Not needed here, with the reason."""
    access.require(session, "leasing.relief_paper", "act")
    paper.state, paper.note = "waived", note
    session.flush()
    return paper


def _not_decided(session: Any, values: dict[str, Any], problems: Problems) -> None:
    app = session.get(ReliefApplication, values["application_id"])
    if app is not None and app.state in CLOSED:
        problems.add("leasing.RR-17", _l("The application is closed; its sub-tenants stay as they are."))
    if values.get("amount") is not None and values["amount"] <= 0:
        problems.add("leasing.RR-17", _l("Enter the amount that reaches this operator."), "amount")


def add_subtenant(session: Any, *, application_id: int, name: str, amount: Decimal, credit_code: str | None = None,
                  area: Decimal | None = None, note: str | None = None) -> ReliefSubtenant:
    """An actual operator of sub-let premises; the proof follows (RR-17)."""
    values = {"application_id": application_id, "name": name, "amount": amount, "credit_code": credit_code, "area": area, "note": note}
    return records.create(session, ReliefSubtenant, values, _not_decided)


def change_subtenant(session: Any, row: ReliefSubtenant, **values: Any) -> ReliefSubtenant:
    """Before its proof was seen; afterwards the amount is fixed."""

    def check(session: Any, full: dict[str, Any], problems: Problems) -> None:
        _not_decided(session, full, problems)
        if row.proven_on is not None and full["amount"] != row.amount:
            problems.add("leasing.RR-17", _l("The proof of this amount was seen; remove the line and enter it anew."), "amount")

    return records.change(session, row, values, check)


def remove_subtenant(session: Any, row: ReliefSubtenant) -> None:
    """While the application is open."""
    problems = Problems()
    _not_decided(session, {"application_id": row.application_id}, problems)
    problems.stop()
    records.remove(session, row)


def prove_subtenant(session: Any, row: ReliefSubtenant, *, on: date, file: Any, note: str | None = None) -> ReliefSubtenant:
    """Keep the proof (receipt, signed statement) that the amount reached the operator."""
    access.require(session, "leasing.relief_subtenant", "act")
    problems = Problems()
    _not_decided(session, {"application_id": row.application_id}, problems)
    records.not_future({"on": on}, problems, ("on",))
    problems.stop()
    kept = attachments.attach(session, row.application, getattr(file, "stream", file), getattr(file, "filename", None) or "proof.pdf",
                              kind="relief_passed_on")
    row.attachment_id, row.proven_on, row.proven_by = kept.id, on, scope_of(session).user_name
    row.note = note or row.note
    session.flush()
    return row


def record_agreement(session: Any, app: ReliefApplication, *, agreement_no: str, agreement_on: date) -> ReliefApplication:
    """The supplement agreement to the lease (RR-18: before posting)."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if app.state in CLOSED:
        problems.add("leasing.RR-18", _l("The application is closed; its agreement stays as it is."))
    records.not_future({"agreement_on": agreement_on}, problems, ("agreement_on",))
    problems.stop()
    app.agreement_no, app.agreement_on = agreement_no.strip(), agreement_on
    session.flush()
    return app


def why_not_agreement(session: Any, app: ReliefApplication) -> str | None:
    """Closed ones keep theirs."""
    return _("The application is closed; its agreement stays as it is.") if app.state in CLOSED else None


def add_objection(session: Any, *, application_id: int, raised_on: date, raised_by: str, text: str) -> ReliefObjection:
    """Somebody objected during the public notice (RR-19)."""

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        app = session.get(ReliefApplication, values["application_id"])
        if app is None or app.state != "publicity" or not app.notice_from <= values["raised_on"] <= app.notice_to:
            problems.add("leasing.RR-19", _l("Objections are recorded while the application is on public notice, with a day of it."),
                         "raised_on")

    values = {"application_id": application_id, "raised_on": raised_on, "raised_by": raised_by, "text": text}
    return records.create(session, ReliefObjection, values, check)


def answer_objection(session: Any, row: ReliefObjection, *, on: date, answer: str, upheld: bool) -> ReliefObjection:
    """Answered with the finding; the maker of the application does not answer (RR-16)."""
    access.require(session, "leasing.relief_objection", "act")
    problems = Problems()
    if row.answered_on is not None:
        problems.add("leasing.RR-19", _l("This objection is answered already."))
    if scope_of(session).user_id in row.application.makers:
        problems.add("leasing.RR-16", _l("Whoever prepared or submitted it cannot decide about it. Ask a colleague."))
    problems.stop()
    row.answered_on, row.answer, row.upheld = on, answer.strip(), upheld
    session.flush()
    return row


def why_not_answer(session: Any, row: ReliefObjection) -> str | None:
    """Once only."""
    return _("This objection is answered already.") if row.answered_on is not None else None


def open_objections(session: Any, app: ReliefApplication) -> tuple[int, int]:
    """(not answered, upheld)."""
    o = ReliefObjection
    row = session.execute(select(func.count().filter(o.answered_on.is_(None)), func.count().filter(o.upheld)).where(
        o.application_id == app.id)).one()
    return row[0], row[1]
