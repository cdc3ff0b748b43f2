"""Graduation cases with evidence, and the candidates of each month."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.i18n import _l, i18n_text
from parkops.rules.models import Decision, Rule, RuleSet
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.graduation import EVIDENCE_KINDS, GraduationCandidate, GraduationCase, GraduationEvidence
from ..services.graduation import unproven

SERVICES = "modules.tenants.services.graduation"


def candidate_data(session: Any, obj: GraduationCandidate) -> dict[str, Any]:
    """The stored lines; a code alone tells nobody what the condition is."""
    rules = session.scalars(select(Rule).join(RuleSet, RuleSet.id == Rule.rule_set_id).where(RuleSet.key == obj.rule_set))
    return {"candidate": obj, "sentences": {r.code: i18n_text(r, "sentence") for r in rules}}


TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())


def test_data(session: Any, case: GraduationCase) -> dict[str, Any]:
    """The stored decision line by line with the evidence under each criterion."""
    decision = session.scalars(select(Decision).where(Decision.id == (case.decision_id or 0))).one_or_none()
    rows = list(session.scalars(select(GraduationEvidence).where(GraduationEvidence.case_id == case.id).order_by(GraduationEvidence.id)))
    return {"case": case, "decision": decision, "evidence": rows, "kinds": EVIDENCE_KINDS, "unproven": unproven(session, case)}


CASE = Resource(
    name="tenants.graduation_case", model=GraduationCase, titles=Titles(_l("Graduation cases"), _l("Graduation case")), icon="school",
    columns=(Col("number", link=True, width=130), Col("firm_id", important=True, width=260), Col("state", important=True, width=140),
             Col("verdict", important=True, width=110), Col("criteria", width=140), Col("rule_set", width=120),
             Col("tested_on", width=110), Col("graduated_on", width=110), Col("proposed_by_id", hidden=True),
             Col("approved_by_id", hidden=True)),
    sections=(Section(_l("Case"), ("number", "firm_id", "tested_on", "rule_set", "verdict", "criteria", "proposed_by_id",
                                   "approved_by_id", "graduated_on", "note")),),
    workflow="modules.tenants.states:GRADUATION_CASE",
    views=(View("open", _l("Under way"), (Filter("state", "in", ["proposed", "evidence", "approved"]),), sort="tested_on"),
           View("decide", _l("To be approved"), (Filter("state", "eq", "evidence"),), sort="tested_on"),
           View("done", _l("Graduated"), (Filter("state", "eq", "done"),), sort="-graduated_on"), View("all", _l("All"), ())),
    actions=(Action("retest", _l("Test again"), f"{SERVICES}:retest_case", (TODAY,), word="change", guard=f"{SERVICES}:why_not_retest"),
             Action("prove", _l("Add evidence"), f"{SERVICES}:add_evidence_file", (
                 Input("criterion", "text", _l("Criterion"), required=True, max_length=40),
                 Input("kind", "choice", _l("Kind of evidence"), required=True, choices=EVIDENCE_KINDS),
                 Input("file", "file", _l("File"), required=True), Input("note", "text", _l("Note"), max_length=300)), word="change",
                    guard=f"{SERVICES}:why_not_retest")),
    tabs=(Tab("test", _l("Test and evidence"), "tenants/graduation_test.html", test_data, order=5),
          Related("evidence", _l("Evidence"), "tenants.graduation_evidence", "case_id", order=10)),
    search=("number",), sort="-id", load=("firm",), menu=("incubation", 10), code_field="number")

EVIDENCE = Resource(
    name="tenants.graduation_evidence", model=GraduationEvidence, titles=Titles(_l("Graduation evidence"), _l("Graduation evidence")),
    icon="certificate",
    columns=(Col("criterion", important=True, link=True, width=110), Col("kind", important=True, width=180),
             Col("case_id", important=True, width=240), Col("note", width=240)),
    sections=(Section(_l("Evidence"), ("case_id", "criterion", "kind", "resource", "record_id", "attachment_id", "note")),),
    remove=f"{SERVICES}:remove_evidence", sort="-id", load=("case",))

CANDIDATE = Resource(
    name="tenants.graduation_candidate", model=GraduationCandidate,
    titles=Titles(_l("Graduation candidates"), _l("Graduation candidate")), icon="list-search",
    columns=(Col("firm_id", important=True, link=True, width=260), Col("month", important=True, width=100),
             Col("verdict", important=True, width=110), Col("met", width=150), Col("unknown", width=180), Col("unknown_count", hidden=True),
             Col("rule_set", width=120), Col("firm.track", _l("Industry track"), width=120),
             Col("firm.term_ends_on", _l("Term ends on"), width=110), Col("tested_on", hidden=True)),
    sections=(Section(_l("Candidate"), ("firm_id", "month", "tested_on", "rule_set", "verdict", "met", "unknown")),),
    views=(View("met", _l("Condition met"), (Filter("verdict", "eq", "pass"), Filter("month", "gte", "@month-1")), sort="-month"),
           View("unknown", _l("Cannot say"), (Filter("verdict", "eq", "unknown"), Filter("month", "gte", "@month-1")),
                sort="-unknown_count"),
           View("all", _l("All"), (), sort="-month")),
    tabs=(Tab("lines", _l("Criteria"), "tenants/candidate_lines.html", candidate_data, order=5),),
    sort="-month", load=("firm",), menu=("incubation", 20))

RESOURCES = [CASE, EVIDENCE, CANDIDATE]
