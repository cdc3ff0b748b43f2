"""The dossier of a case as one zip: an index as PDF, the checklist, the rules' answer, every file, a manifest. Rule LN-26."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from parkops import attachments
from parkops.db import audit
from parkops.i18n import _, _l
from parkops.reports.bundle import bundle
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import draw
from parkops.rules import engine
from parkops.security import access

from ..models.case import LoanCase
from ..models.paper import PAPER_STATES
from ..models.scheme import KINDS
from . import clocks, papers, persons_of

EXPIRED = _l("Expired")


def state_text(paper: Any, on: date) -> str:
    """The paper's state on a day in words."""
    state = papers.status(paper, on)
    return str(EXPIRED if state == "expired" else PAPER_STATES.label(state))


def _documents(session: Any, case: LoanCase, on: date) -> Table:
    """The checklist with the file of each."""
    files = {f.id: f.filename for f in attachments.of(session, case)}
    columns = (
        Column(_l("No."), "int", 0.5),
        Column(_l("Document"), width=3),
        Column(_l("State"), width=1),
        Column(_l("Date of issue"), "date"),
        Column(_l("Valid until"), "date"),
        Column(_l("File"), width=2),
    )
    rows = [
        [n, str(p.kind), state_text(p, on), p.issued_on or "", p.expires_on or "", files.get(p.attachment_id or 0, "")]
        for n, p in enumerate(papers.of_case(session, case), 1)
    ]
    return Table(columns, rows)


def _rules(session: Any, case: LoanCase) -> Table:
    """The newest answer of the rules."""
    found = engine.decisions_of(session, case)
    columns = (Column(_l("Rule")), Column(_l("Article"), width=1.5), Column(_l("Sentence"), width=4), Column(_l("Result")))
    lines = engine.lines_of(found[0]) if found else ()
    return Table(columns, [[line.code, line.article, line.sentence, str(_VERDICTS[line.verdict])] for line in lines])


def _turns(session: Any, case: LoanCase, on: date) -> Table:
    """Days by party, stage by stage."""
    columns = (
        Column(_l("Stage of the case"), width=2),
        Column(_l("Whose turn"), width=1.5),
        Column(_l("Promised days"), "int"),
        Column(_l("Own days"), "int"),
        Column(_l("Days of others"), "int"),
    )
    stages, parties = clocks.LOAN.choices, clocks.PARTIES
    return Table(
        columns,
        [[str(stages.label(t.stage)), str(parties.label(t.owner)), t.promised, t.own, t.others] for t in clocks.turns(session, case, on)],
    )


def index(session: Any, case: LoanCase, *, on: date, at: datetime, made_by: str) -> Document:
    """What the dossier holds; names of people are masked."""
    people = [[str(role), str(person), str(person.consent_on)] for role, person in persons_of.rows(session, case)]
    columns = (Column(_l("Role")), Column(_l("Name")), Column(_l("Consent given on")))
    return Document(
        _l("Dossier of a start-up loan"),
        f"{case.number} · {case.firm}",
        (
            Section(_l("Loan case"), facts=_facts(case)),
            Section(_l("People"), table=Table(columns, people)),
            Section(_l("Documents"), table=_documents(session, case, on)),
            Section(_l("Pre-check"), table=_rules(session, case)),
            Section(_l("Days by party"), table=_turns(session, case, on)),
        ),
        at,
        made_by,
    )


_VERDICTS = {"pass": _l("Met"), "fail": _l("Not met"), "unknown": _l("Cannot say")}


def _facts(case: LoanCase) -> tuple[tuple[Any, Any, str], ...]:
    return (
        (_l("Firm"), str(case.firm), "text"),
        (_l("Borrower is"), str(KINDS.label(case.kind)), "text"),
        (_l("Loan scheme"), f"{case.scheme.code} · {case.scheme.doc_no}", "text"),
        (_l("Applied on"), case.applied_on, "date"),
        (_l("Loan amount asked for"), case.amount_requested, "money"),
        (_l("Amount approved"), case.amount_approved, "money"),
        (_l("Term in months"), case.term_months, "int"),
        (_l("Lending bank"), str(case.bank or ""), "text"),
        (_l("Guarantee fund"), str(case.fund or ""), "text"),
        (_l("Purpose"), case.purpose or "", "text"),
    )


def make_dossier(session: Any, case: LoanCase, *, on: date, at: datetime, made_by: str) -> bytes:
    """LN-26: the zip. The same files at the same moment give the same bytes; MANIFEST.json names each with size and sha-256."""
    access.require(session, "loans.case", "export")
    files: dict[str, bytes] = {"index.pdf": draw(index(session, case, on=on, at=at, made_by=made_by), "pdf")}
    files["rules.json"] = json.dumps(
        [
            {"on": d.on_date.isoformat(), "rule_set": d.rule_set_key, "verdict": d.verdict, "lines": d.lines}
            for d in engine.decisions_of(session, case)
        ],
        ensure_ascii=False,
        indent=1,
        default=str,
    ).encode()
    for file in attachments.of(session, case):
        with attachments.open_file(session, file) as stream:
            files[f"files/{file.id}-{file.filename}"] = stream.read()
    audit.event(
        session,
        "export",
        {"dossier": case.number, "files": len(files)},
        resource="loans.case",
        record_id=case.id,
        label=str(case),
        park_id=case.park_id,
    )
    return bundle(files)


def file_name(case: LoanCase) -> str:
    """Of the download."""
    return _("Loan dossier") + f"-{case.number}.zip"
