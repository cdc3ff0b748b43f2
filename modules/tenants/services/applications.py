"""Applications: documents, review by several people, decision with a minute, admission. Rules T-73 to T-82."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import records, sequences, settings
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.rules import engine
from parkops.security import access
from parkops.security.models import UserProfile

from .. import errors, signals
from ..models.application import Application, ApplicationDocument, Reviewer
from ..models.firm import Firm
from ..states import APPLICATION
from . import checklists, firms, stages
from ._forms import takes
from .reviews import average_score, minute_of

RESOURCE = "tenants.application"
FAMILIES = {"biomed": "ENTRY-BIO", "software": "ENTRY-SOFT", "culture": "ENTRY-CULT", "manufacturing": "ENTRY-MFG"}
OWN = ("number", "state", "submitted_on", "decided_on", "admitted_on", "created_by_id")
OPEN = ("draft", "returned")


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    for name in ("applied_on", "registered_on"):
        errors.not_future(problems, name, values.get(name))
    errors.contact_data(problems, values.get("phone"), None)
    if values.get("kind") == "team" and values.get("credit_code"):
        problems.add("tenants.T-73", _l("A team has no credit code; choose company."), "kind")
    if values.get("kind") == "company" and not values.get("credit_code"):
        problems.add("tenants.T-73", _l("Enter the company's credit code, or choose team."), "credit_code")
    for name in ("team_size", "rd_people", "ip_count", "revenue_last_year", "funds_committed", "investment", "area_wanted"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("tenants.T-73", _l("This figure cannot be negative."), name)
    people, research = values.get("team_size"), values.get("rd_people")
    if research is not None and (people is None or research > people):
        problems.add("tenants.T-73", _l("There cannot be more people in R&D than people."), "rd_people")


def _prepare(session: Any, values: dict[str, Any], problems: Problems) -> dict[str, Any]:
    values = {k: v for k, v in errors.clean_values(values).items() if k not in OWN}
    if "credit_code" in values:
        values["credit_code"] = errors.credit_code(problems, values["credit_code"])
    return values


@takes(Application, OWN)
def add_application(session: Any, **values: Any) -> Application:
    """A draft with a number from the gap-free sequence and its checklist of documents. T-74: one open per applicant."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    values = _prepare(session, values, problems)
    problems.stop()
    with session.begin_nested():
        row = records.create(session, Application, {**values, "number": "-"}, _check_new)
        row.number = sequences.next_number(session, RESOURCE, row.park_id, row.applied_on)
        row.created_by_id = scope_of(session).user_id
        if row.firm_id is None and row.credit_code is not None:
            row.firm_id = session.scalar(select(Firm.id).where(Firm.credit_code == row.credit_code))
        session.flush()
        _documents(session, row)
    return row


def _check_new(session: Any, values: dict[str, Any], problems: Problems) -> None:
    _check(session, values, problems)
    same = Application.credit_code == values["credit_code"] if values.get("credit_code") else Application.name == values["name"]
    other = session.scalar(select(Application.number).where(same, Application.state.in_(
        ("draft", "submitted", "reviewing", "approved", "returned"))))
    if other is not None:
        problems.add("tenants.T-74", _l("Application %(number)s of this applicant is still open; go on with that one.",
                                        number=other), "name")


@takes(Application, OWN)
def change_application(session: Any, application: Application, **values: Any) -> Application:
    """Correct an application while it is a draft or was returned (T-75)."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    values = _prepare(session, values, problems)
    if application.state not in OPEN:
        problems.add("tenants.T-75", _l("A submitted application is not changed; return it to the applicant first."))
    problems.stop()
    row = records.change(session, application, values, _check)
    _documents(session, row)
    return row


def remove_application(session: Any, application: Application) -> None:
    """Applications stay on record; withdraw them instead."""
    problems = Problems()
    problems.add("tenants.T-75", _l("An application keeps its number; withdraw it instead."))
    problems.stop()


def _documents(session: Any, application: Application) -> None:
    """The checklist that fits the kind of applicant and its track; lines received before stay."""
    have = set(session.scalars(select(ApplicationDocument.item_id).where(
        ApplicationDocument.application_id == application.id)))
    for item in checklists.ensure_defaults(session, "document", application.park_id):
        fits = item.applies_to in (None, application.kind) and item.track in (None, application.track)
        if fits and item.id not in have:
            session.add(ApplicationDocument(application=application, park_id=application.park_id, item=item, state="missing",
                                            required=item.required))
    session.flush()


def receive_document(session: Any, document: ApplicationDocument, *, on: date, note: str | None = None) -> ApplicationDocument:
    """The document is there."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    errors.not_future(problems, "on", on)
    errors.required(problems, {"on": on}, "on")
    problems.stop()
    document.state, document.received_on, document.note = "received", on, errors.clean(note) or document.note
    session.flush()
    return document


def waive_document(session: Any, document: ApplicationDocument, *, note: str) -> ApplicationDocument:
    """Not needed in this case, with the reason; by whom may act on applications."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if errors.clean(note) is None:
        problems.add("tenants.T-76", _l("Write why this document is not needed."), "note")
    problems.stop()
    document.state, document.note, document.received_on = "waived", errors.clean(note), None
    session.flush()
    return document


def receive_documents(session: Any, documents: list[ApplicationDocument], *, on: date) -> tuple[str, None]:
    """Several at once (bulk action)."""
    for document in documents:
        if document.state == "missing":
            receive_document(session, document, on=on)
    return _("%(n)s documents received.", n=len(documents)), None


def missing_documents(session: Any, application: Application) -> list[ApplicationDocument]:
    """Required documents that are not there."""
    return list(session.scalars(select(ApplicationDocument).where(
        ApplicationDocument.application_id == application.id, ApplicationDocument.required,
        ApplicationDocument.state == "missing").order_by(ApplicationDocument.id)))


def examine_application(session: Any, application: Application, *, on: date) -> engine.Outcome:
    """The entry conditions of the application's track in force on `on` (park rules), line by line."""
    return engine.evaluate(session, None, application, on, family=FAMILIES[application.track])


def why_not_submit(session: Any, application: Application) -> str | None:
    """T-76: every required document is received or waived."""
    missing = missing_documents(session, application)
    if not missing:
        return None
    return _("Missing documents: %(names)s.", names=", ".join(str(d.item) for d in missing[:5]) + ("…" if len(missing) > 5 else ""))


def _step(session: Any, application: Application, step: str, on: date, reason: str | None = None) -> Application:
    problems = Problems()
    errors.not_future(problems, "on", on)
    errors.required(problems, {"on": on}, "on")
    if on is not None and on < application.applied_on:
        problems.add("tenants.T-77", _l("The application was made on %(day)s; choose a later day.",
                                        day=application.applied_on.isoformat()), "on")
    problems.stop()
    APPLICATION.move(session, application, step, on=on, reason=reason)
    session.flush()
    return application


def submit_application(session: Any, application: Application, *, on: date) -> Application:
    """Complete; the entry conditions as of that day are stored with it."""
    _step(session, application, "submit", on)
    application.submitted_on = on
    session.flush()
    engine.store(session, examine_application(session, application, on=on), owner=application)
    return application


def start_review(session: Any, application: Application, *, on: date, reviewers: list[int]) -> Application:
    """Assign reviewers (users of the park). T-78: at least `tenants.min_reviewers` people, none of them who entered it."""
    access.require(session, RESOURCE, "act")
    problems, wanted = Problems(), list(dict.fromkeys(int(i) for i in reviewers or ()))
    people = {p.id: p for p in session.scalars(select(UserProfile).where(UserProfile.id.in_(wanted)))}
    least = settings.get(session, "tenants.min_reviewers", park_id=application.park_id)
    if len(people) < len(wanted) or any(not p.active or not _in_park(p, application.park_id) for p in people.values()):
        problems.add("tenants.T-78", _l("Choose active users of this park as reviewers."), "reviewers")
    if len(wanted) < least:
        problems.add("tenants.T-78", _l("Choose at least %(n)s reviewers.", n=least), "reviewers")
    if application.created_by_id in wanted:
        problems.add("tenants.T-79", _l("Who entered the application does not review it; choose somebody else."), "reviewers")
    problems.stop()
    _step(session, application, "start_review", on)
    have = set(session.scalars(select(Reviewer.user_id).where(Reviewer.application_id == application.id)))
    for user_id in wanted:
        if user_id not in have:
            session.add(Reviewer(application=application, park_id=application.park_id, user_id=user_id,
                                 user_name=people[user_id].name))
    session.flush()
    return application


def _in_park(person: UserProfile, park_id: int) -> bool:
    return person.all_parks or park_id in person.park_ids


def why_not_decide(session: Any, application: Application) -> str | None:
    """T-82: enough sheets, a minute, and a decider who did not enter the application."""
    least = settings.get(session, "tenants.min_reviewers", park_id=application.park_id)
    _mean, done, _all = average_score(session, application)
    if done < least:
        return _("%(n)s of at least %(least)s score sheets are in.", n=done, least=least)
    scope = scope_of(session)
    if scope.user_id is not None and scope.user_id == application.created_by_id:
        return _("Who entered the application does not decide on it; ask a colleague.")
    return _("Record the minute of the decision first.") if minute_of(session, application) is None else None


def _decide(session: Any, application: Application, step: str, decision: str, on: date, reason: str | None) -> Application:
    access.require(session, RESOURCE, "act")
    problems, minute = Problems(), minute_of(session, application)
    if minute is not None and minute.decision != decision:
        problems.add("tenants.T-82", _l("The minute decided otherwise; record a new one first."))
    mean, _done, _all = average_score(session, application)
    mark = settings.get(session, "tenants.pass_score", park_id=application.park_id)
    if step == "approve" and mean is not None and mean < mark and errors.clean(reason) is None:
        problems.add("tenants.T-82", _l("The mean score %(score)s lies below %(mark)s; write why it is approved all the same.",
                                        score=mean, mark=mark), "reason")
    problems.stop()
    outcome = examine_application(session, application, on=on)
    _step(session, application, step, on, reason)
    application.decided_on = on
    stored = engine.store(session, outcome, owner=application)
    if minute is not None:
        minute.decision_record_id = stored.id
    session.flush()
    signals.application_decided.send(session, application=application, decision=decision, on=on)
    return application


def approve_application(session: Any, application: Application, *, on: date, reason: str | None = None) -> Application:
    """Approved as the minute says; a mean below `tenants.pass_score` needs a reason."""
    return _decide(session, application, "approve", "approve", on, reason)


def reject_application(session: Any, application: Application, *, on: date, reason: str) -> Application:
    """Rejected as the minute says."""
    return _decide(session, application, "reject", "reject", on, reason)


def return_application(session: Any, application: Application, *, on: date, reason: str) -> Application:
    """Back to the applicant, to be completed."""
    return _step(session, application, "return", on, reason)


def withdraw_application(session: Any, application: Application, *, on: date, reason: str) -> Application:
    """The applicant no longer wants to come."""
    return _step(session, application, "withdraw", on, reason)


def admit_application(session: Any, application: Application, *, on: date, carrier_id: int | None = None) -> Application:
    """The approved applicant comes in on `on`: the firm is made or completed, and admitted as company or team."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    carrier_id = carrier_id or application.carrier_id
    if carrier_id is None:
        problems.add("tenants.T-12", _l("Choose the carrier the applicant goes to."), "carrier_id")
    if application.decided_on is not None and on is not None and on < application.decided_on:
        problems.add("tenants.T-77", _l("The application was decided on %(day)s; choose a later day.",
                                        day=application.decided_on.isoformat()), "on")
    if application.kind == "company" and application.registered_on is None:
        problems.add("tenants.T-13", _l("Enter the company's date of registration first."), "registered_on")
    problems.stop()
    firm = _firm_for(session, application)
    application.firm, application.admitted_on = firm, on
    session.flush()
    admit = stages.admit_firm if application.kind == "company" else stages.admit_team
    admit(session, firm, on=on, carrier_id=carrier_id)
    application.carrier_id = carrier_id
    return _step(session, application, "admit", on)


def _firm_for(session: Any, application: Application) -> Firm:
    known = {"track": application.track, "industry": application.industry, "phone": application.phone,
             "registered_on": application.registered_on, "products": application.summary}
    if application.firm is None:
        values = {k: v for k, v in known.items() if v is not None}
        return firms.register_firm(session, name=application.name, credit_code=application.credit_code,
                                   source=application.number, **values)
    gaps = {k: v for k, v in known.items() if v is not None and getattr(application.firm, k) is None}
    if application.credit_code is not None and application.firm.credit_code is None:
        gaps["credit_code"] = application.credit_code
    return firms.change_firm(session, application.firm, **gaps) if gaps else application.firm
