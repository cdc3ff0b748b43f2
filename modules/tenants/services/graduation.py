"""Graduation: the test by the rules of the day, the case with its evidence, the monthly list of candidates. T-30 to T-36."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, select

from parkops import attachments, clock, refs, sequences
from parkops.attachments import Attachment
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.rules import engine
from parkops.rules.models import Decision
from parkops.security import access
from parkops.workflow import Transition

from .. import errors
from ..models.firm import Firm
from ..models.graduation import EVIDENCE_KINDS, GraduationCandidate, GraduationCase, GraduationEvidence
from ..models.stage import Stage
from ..states import GRADUATION_CASE
from . import stages

RESOURCE = "tenants.graduation_case"
FAMILY = "GRAD"
CHUNK = 1000


def examine_firm(session: Any, firm: Firm, *, on: date) -> engine.Outcome:
    """The graduation test under the rule set in force on `on` (GRAD-2018 until 2025-07-09, then GRAD-2025), line by line."""
    return engine.evaluate(session, None, firm, on, family=FAMILY)


def met(outcome: engine.Outcome) -> list[str]:
    """Codes of the criteria met."""
    return [line.code for line in outcome.lines if line.verdict == "pass"]


def why_not_propose(session: Any, firm: Firm) -> str | None:
    """T-30: one open case per firm, and only for firms in incubation."""
    if firm.state != "incubating":
        return _("Only a firm in incubation can graduate.")
    if session.scalar(select(GraduationCase.id).where(GraduationCase.firm_id == firm.id,
                                                      GraduationCase.state.in_(("proposed", "evidence", "approved")))):
        return _("A graduation case of this firm is already open.")
    return None


def propose_case(session: Any, firm: Firm, *, on: date, note: str | None = None) -> GraduationCase:
    """Open a case as of `on`. The outcome and its facts are stored word for word; the records behind the criteria that are
    met become the first evidence. A case may be opened before a criterion is met; T-32 stops it there."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    errors.not_future(problems, "on", on)
    errors.required(problems, {"on": on}, "on")
    if why := why_not_propose(session, firm):
        problems.add("tenants.T-30", why)
    if firm.incubating_since is not None and on is not None and on < firm.incubating_since:
        problems.add("tenants.T-30", _l("The firm is in incubation since %(day)s; choose a later day.",
                                        day=firm.incubating_since.isoformat()), "on")
    problems.stop()
    outcome = examine_firm(session, firm, on=on)
    case = GraduationCase(
        number=sequences.next_number(session, RESOURCE, firm.park_id, on), firm=firm, park_id=firm.park_id, state="proposed",
        tested_on=on, rule_set=outcome.rule_set_key, verdict=outcome.verdict, criteria=", ".join(met(outcome)) or None,
        proposed_by_id=scope_of(session).user_id, note=errors.clean(note))
    session.add(case)
    session.flush()
    case.decision_id = engine.store(session, outcome, owner=case).id
    _first_evidence(session, case, outcome)
    return case


def _first_evidence(session: Any, case: GraduationCase, outcome: engine.Outcome) -> None:
    kinds = {"newly_recognised": "certificate", "max_single_round": "capital_record", "cumulative_rounds": "capital_record",
             "two_year_revenue": "statements", "exit_events": "announcement"}
    for line in outcome.lines:
        if line.verdict == "pass":
            for resource, record_id in line.records:
                session.add(GraduationEvidence(case=case, park_id=case.park_id, criterion=line.code, resource=resource,
                                               kind=kinds.get(line.fact, "other"), record_id=record_id))
    session.flush()


def retest_case(session: Any, case: GraduationCase, *, on: date) -> GraduationCase:
    """Test again after facts were added; the former decision stays on record."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    errors.not_future(problems, "on", on)
    if case.state not in ("proposed", "evidence"):
        problems.add("tenants.T-31", _l("A decided case is not tested again."))
    problems.stop()
    outcome = examine_firm(session, case.firm, on=on)
    case.tested_on, case.rule_set, case.verdict = on, outcome.rule_set_key, outcome.verdict
    case.criteria = ", ".join(met(outcome)) or None
    case.decision_id = engine.store(session, outcome, owner=case).id
    have = set(session.execute(select(GraduationEvidence.criterion, GraduationEvidence.resource, GraduationEvidence.record_id)
                               .where(GraduationEvidence.case_id == case.id)).tuples())
    for line in outcome.lines:
        for resource, record_id in line.records if line.verdict == "pass" else ():
            if (line.code, resource, record_id) not in have:
                session.add(GraduationEvidence(case=case, park_id=case.park_id, criterion=line.code, kind="other",
                                               resource=resource, record_id=record_id))
    session.flush()
    return case


def why_not_retest(session: Any, case: GraduationCase) -> str | None:
    """A decided case keeps its test and its evidence."""
    return None if case.state in ("proposed", "evidence") else _("The case is decided; nothing can be added to it.")


def add_evidence(session: Any, case: GraduationCase, *, criterion: str, kind: str, attachment_id: int | None = None,
                 resource: str | None = None, record_id: int | None = None, note: str | None = None) -> GraduationEvidence:
    """A proof for one criterion of the case: a file of the case or of the firm, or a record the scope can see."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    codes = [line["code"] for line in _lines(session, case)]
    if criterion not in codes:
        problems.add("tenants.T-33", _l("Choose one of the criteria %(codes)s.", codes=", ".join(codes)), "criterion")
    if kind not in EVIDENCE_KINDS:
        problems.add("tenants.T-33", _l("Choose the kind of evidence."), "kind")
    if case.state not in ("proposed", "evidence"):
        problems.add("tenants.T-33", _l("The case is decided; nothing can be added to it."))
    if attachment_id is not None:
        owners = {(RESOURCE, case.id), ("tenants.firm", case.firm_id)}
        file = session.scalars(select(Attachment).where(Attachment.id == attachment_id)).one_or_none()
        if file is None or (file.resource, file.record_id) not in owners:
            problems.add("tenants.T-33", _l("Attach the file to this case or to its firm first."), "attachment_id")
    elif resource and record_id:
        refs.load(session, resource, record_id)
    else:
        problems.add("tenants.T-33", _l("Give a file or a record as proof."), "attachment_id")
    problems.stop()
    row = GraduationEvidence(case=case, park_id=case.park_id, criterion=criterion, kind=kind, attachment_id=attachment_id,
                             resource=resource if attachment_id is None else None,
                             record_id=record_id if attachment_id is None else None, note=errors.clean(note))
    session.add(row)
    session.flush()
    return row


def remove_evidence(session: Any, row: GraduationEvidence) -> None:
    """Take a wrong proof out of an undecided case."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if row.case.state not in ("proposed", "evidence"):
        problems.add("tenants.T-33", _l("The case is decided; its evidence stays."))
    problems.stop()
    session.delete(row)
    session.flush()


def _lines(session: Any, case: GraduationCase) -> list[dict[str, Any]]:
    decision = session.scalars(select(Decision).where(Decision.id == (case.decision_id or 0))).one_or_none()
    return decision.lines if decision is not None else []


def unproven(session: Any, case: GraduationCase) -> list[str]:
    """Criteria met that have no evidence yet."""
    proven = set(session.scalars(select(GraduationEvidence.criterion).where(GraduationEvidence.case_id == case.id)))
    return [code for code in (case.criteria or "").split(", ") if code and code not in proven]


def why_not_hand_in(session: Any, case: GraduationCase) -> str | None:
    """T-32: at least one criterion is met and every one claimed is proven."""
    if case.verdict != "pass":
        return _("No criterion of %(key)s is met yet; add what is missing and test again.", key=case.rule_set)
    missing = unproven(session, case)
    return _("Evidence is missing for %(codes)s.", codes=", ".join(missing)) if missing else None


def why_not_approve(session: Any, case: GraduationCase) -> str | None:
    """T-34: who proposed a case does not approve it."""
    scope = scope_of(session)
    if scope.user_id is not None and scope.user_id == case.proposed_by_id:
        return _("Nobody approves their own proposal; ask a colleague.")
    return why_not_hand_in(session, case)


def _step(session: Any, case: GraduationCase, step: str, on: date, reason: str | None = None) -> GraduationCase:
    problems = Problems()
    errors.not_future(problems, "on", on)
    problems.stop()
    GRADUATION_CASE.move(session, case, step, on=on, reason=reason)
    session.flush()
    return case


def hand_in_evidence(session: Any, case: GraduationCase, *, on: date) -> GraduationCase:
    """The proposer declares the evidence complete."""
    return _step(session, case, "hand_in", on)


def approve_case(session: Any, case: GraduationCase, *, on: date, reason: str | None = None) -> GraduationCase:
    """A second person approves (T-34)."""
    _step(session, case, "approve", on, reason)
    case.approved_by_id = scope_of(session).user_id
    session.flush()
    return case


def send_back_case(session: Any, case: GraduationCase, *, on: date, reason: str) -> GraduationCase:
    """More evidence is wanted."""
    return _step(session, case, "send_back", on, reason)


def reject_case(session: Any, case: GraduationCase, *, on: date, reason: str) -> GraduationCase:
    """The firm does not graduate by this case; a new one may be opened later."""
    return _step(session, case, "reject", on, reason)


def complete_case(session: Any, case: GraduationCase, *, on: date) -> GraduationCase:
    """The firm graduates on `on`; T-35: the rules that hold on that day must be those the case was tested under."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if on is not None and engine.in_force(session, FAMILY, on).key != case.rule_set:
        problems.add("tenants.T-35", _l("Other rules hold on %(day)s; test the case again under them.", day=on.isoformat()), "on")
    problems.stop()
    stages.graduate_firm(session, case.firm, on=on)
    session.refresh(case)
    return case


def close_case(session: Any, firm: Firm, *, on: date) -> None:
    """Called by the graduation: the approved case is done."""
    case = session.scalars(select(GraduationCase).where(GraduationCase.firm_id == firm.id,
                                                        GraduationCase.state == "approved")).one_or_none()
    if case is not None:
        GRADUATION_CASE.move(session, case, "complete", on=on)
        case.graduated_on = on
        session.flush()


def reopen_after_undo(session: Any, firm: Firm, reason: str) -> None:
    """A graduation taken back turns its case into a rejected one, with the reason."""
    case = session.scalars(select(GraduationCase).where(GraduationCase.firm_id == firm.id, GraduationCase.state == "done")
                           .order_by(GraduationCase.graduated_on.desc()).limit(1)).one_or_none()
    if case is None:
        return
    on, case.state, case.graduated_on = case.graduated_on, "rejected", None
    scope = scope_of(session)
    session.add(Transition(resource=RESOURCE, record_id=case.id, park_id=case.park_id, from_state="done", step="undo",
                           to_state="rejected", on_date=on, reason=reason, user_id=scope.user_id,
                           user_name=scope.user_name, at=clock.now()))
    session.flush()




def list_candidates(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """T-36: test every firm that was in incubation on `on` and keep the month's list (one row per firm: pass, fail or
    cannot say, and by which criterion). Set-based and repeatable: a second run of the month replaces the first.

    Returns counts by verdict. Job and button call this; it needs `add` on the candidates."""
    access.require(session, "tenants.graduation_candidate", "add")
    month = on.replace(day=1)
    query = select(Firm).join(Stage, Stage.firm_id == Firm.id).where(Stage.state == "incubating", Stage.during.contains(on))
    old = delete(GraduationCandidate).where(GraduationCandidate.month == month)
    if park_id is not None:
        query, old = query.where(Firm.park_id == park_id), old.where(GraduationCandidate.park_id == park_id)
    session.execute(old.execution_options(synchronize_session=False))
    firms = list(session.scalars(query.order_by(Firm.id)))
    counts = {"tested": len(firms), "pass": 0, "fail": 0, "unknown": 0}
    for start in range(0, len(firms), CHUNK):
        rows = _candidates(session, firms[start:start + CHUNK], on, month)
        for row in rows:
            counts[row["verdict"]] += 1
        session.execute(insert(GraduationCandidate), rows)
    audit.bulk(session, GraduationCandidate, "refresh", len(firms), {"month": month.isoformat(), **counts}, park_id=park_id)
    return counts


def _candidates(session: Any, firms: Sequence[Firm], on: date, month: date) -> list[dict[str, Any]]:
    outcomes = engine.evaluate_many(session, None, firms, on, family=FAMILY)
    rows = []
    for firm in firms:
        outcome = outcomes[firm.id]
        open_codes = [line.code for line in outcome.lines if line.verdict == "unknown"]
        rows.append({
            "park_id": firm.park_id, "month": month, "firm_id": firm.id, "tested_on": on, "rule_set": outcome.rule_set_key,
            "verdict": outcome.verdict, "met": ", ".join(met(outcome)) or None, "unknown": ", ".join(open_codes) or None,
            "unknown_count": len(open_codes),
            "lines": [{"code": line.code, "verdict": line.verdict, "source": str(line.source), "collect": str(line.collect)}
                      for line in outcome.lines]})
    return rows


def candidate_count(session: Any, month: date) -> int:
    """Firms that met a criterion at the end of that month."""
    return session.scalar(select(func.count()).select_from(GraduationCandidate).where(
        GraduationCandidate.month == month, GraduationCandidate.verdict == "pass")) or 0




def add_evidence_file(session: Any, case: GraduationCase, *, criterion: str, kind: str, file: Any,
                      note: str | None = None) -> GraduationEvidence:
    """The button on a case: keep the file beside the case and prove a criterion with it."""
    access.require(session, RESOURCE, "change")
    attachment = attachments.attach(session, case, file.stream if hasattr(file, "stream") else file,
                                    getattr(file, "filename", None) or "evidence", kind="evidence")
    return add_evidence(session, case, criterion=criterion, kind=kind, attachment_id=attachment.id, note=note)
