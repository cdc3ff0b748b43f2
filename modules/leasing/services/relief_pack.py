"""The audit pack of a scheme and period: one zip an auditor can check alone. Rules RR-40 to RR-43.

Policy files, list with the rule results of every application, approvals with who and when, public notice, bill lines, supplement
agreements, pass-through proofs, 统计表 and 进度表, the tie-out with ledger and indicator, and a manifest with sha-256 of every file."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import approval, attachments, outbox, todos
from parkops.clock import Period
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Problems, RuleError
from parkops.i18n import _, _l
from parkops.reports.bundle import bundle
from parkops.reports.xlsx import write as write_xlsx
from parkops.rules.models import Decision
from parkops.security import access

from ..models.relief import ReliefScheme
from ..models.relief_case import ReliefApplication, ReliefObjection, ReliefSubtenant
from . import relief_pack_sheets as sheets
from . import relief_tables as tables

BIG = 300


def is_big(session: Any, scheme: ReliefScheme) -> bool:
    """More applications than a request should wait for."""
    return (session.scalar(select(func.count()).select_from(ReliefApplication).where(ReliefApplication.scheme_id == scheme.id)) or 0) > BIG


def make_pack(session: Any, scheme: ReliefScheme, period: Period, *, today: date) -> bytes:
    """The zip. RR-40: it is not made when lines, ledger and indicator differ: the difference is named instead."""
    access.require(session, "leasing.relief_application", "export")
    found = tables.lines(session, scheme.park_id, period.start, period.end, scheme=scheme)
    tied = tables.tie(session, scheme.park_id, period, today=today)
    problems = Problems()
    if not tied.ties:
        problems.add(
            "leasing.RR-40",
            _l(
                "Lines %(lines)s, ledger %(ledger)s and indicator %(kpi)s differ. Look at the tie-out first.",
                lines=tied.lines,
                ledger=tied.ledger,
                kpi=tied.kpi,
            ),
        )
    problems.stop()
    apps = tables.progress(session, scheme, period.end)
    files = _texts(session, scheme, period, apps, found, tied)
    files |= _attached(session, scheme, apps)
    audit.event(
        session,
        "export",
        {"pack": scheme.code, "period": period.key, "files": len(files)},
        resource="leasing.relief_scheme",
        record_id=scheme.id,
        label=str(scheme),
        park_id=scheme.park_id,
    )
    return bundle(files)


def _texts(
    session: Any, scheme: ReliefScheme, period: Period, apps: list[ReliefApplication], found: list[tables.ReliefLine], tied: tables.Tie
) -> dict[str, bytes]:
    decisions, votes = _decisions(session, apps), _approvals(session, apps)
    document = sheets.workbook(session, scheme, period, apps, found, tied, decisions, votes)
    totals = {
        "scheme": scheme.code,
        "doc_no": scheme.doc_no,
        "period": period.key,
        "applications": len(apps),
        "lines": len(found),
        "relief": str(sum((x.amount for x in found), 0)),
        "all_schemes": {"lines": str(tied.lines), "ledger": str(tied.ledger), "indicator": str(tied.kpi), "vat": str(tied.vat)},
    }
    return {
        "relief.xlsx": write_xlsx(document),
        "rules.json": _json(
            [
                {
                    "application": a.number,
                    "rule_set": d.rule_set_key,
                    "verdict": d.verdict,
                    "on": d.on_date.isoformat(),
                    "decided_by": d.user_name,
                    "lines": d.lines,
                }
                for a in apps
                for d in decisions.get(a.id, [])
            ]
        ),
        "approvals.json": _json(votes),
        "notice.json": _json(_notice(session, apps)),
        "totals.json": _json(totals),
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode()


def _decisions(session: Any, apps: list[ReliefApplication]) -> dict[int, list[Any]]:
    """Every stored decision of each application, newest first."""
    rows = session.scalars(
        select(Decision)
        .where(Decision.resource == "leasing.relief_application", Decision.record_id.in_([a.id for a in apps]))
        .order_by(Decision.id.desc())
    )
    out: dict[int, list[Any]] = {}
    for row in rows:
        out.setdefault(row.record_id, []).append(row)
    return out


def _approvals(session: Any, apps: list[ReliefApplication]) -> list[dict[str, Any]]:
    """Requests with every vote: who, when, what, why."""
    names = {a.id: a.number for a in apps}
    rows = session.scalars(
        select(approval.Approval)
        .where(approval.Approval.resource == "leasing.relief_application", approval.Approval.record_id.in_(list(names)))
        .order_by(approval.Approval.id)
    )
    return [
        {
            "application": names[r.record_id],
            "approval": r.id,
            "state": r.state,
            "needed": r.needed,
            "amount": str(r.amount),
            "requested_by": r.requested_by,
            "requested_at": r.requested_at.isoformat(),
            "reason": r.reason,
            "votes": [{"who": v.user_name, "approve": v.approve, "at": v.voted_at.isoformat(), "reason": v.reason} for v in r.votes],
        }
        for r in rows
    ]


def _notice(session: Any, apps: list[ReliefApplication]) -> list[dict[str, Any]]:
    """Public notices with their objections, and the operators the relief reached."""
    ids = [a.id for a in apps]
    objections = list(session.scalars(select(ReliefObjection).where(ReliefObjection.application_id.in_(ids)).order_by(ReliefObjection.id)))
    operators = list(session.scalars(select(ReliefSubtenant).where(ReliefSubtenant.application_id.in_(ids)).order_by(ReliefSubtenant.id)))
    return [
        {
            "application": a.number,
            "from": a.notice_from,
            "until": a.notice_to,
            "objections": [
                {"on": o.raised_on, "text": o.text, "answer": o.answer, "answered_on": o.answered_on, "upheld": o.upheld}
                for o in objections
                if o.application_id == a.id
            ],
            "operators": [
                {"name": s.name, "credit_code": s.credit_code, "amount": str(s.amount), "proven_on": s.proven_on, "by": s.proven_by}
                for s in operators
                if s.application_id == a.id
            ],
        }
        for a in apps
    ]


def _attached(session: Any, scheme: ReliefScheme, apps: list[ReliefApplication]) -> dict[str, bytes]:
    """The policy and every file beside an application, in a folder of its number. Packs made before are left out."""
    out: dict[str, bytes] = {}
    for folder, owner in [("policy", scheme), *((f"applications/{a.number}", a) for a in apps)]:
        for file in attachments.of(session, owner):
            if file.kind != "audit_pack":
                with attachments.open_file(session, file) as stream:
                    out[f"{folder}/{file.id}-{file.filename}"] = stream.read()
    return out


def order_pack(session: Any, scheme: ReliefScheme, *, period: str, on: date) -> str:
    """RR-43: a big pack is made by the job that delivers messages, and attached to the scheme; the asker is told."""
    access.require(session, "leasing.relief_application", "export")
    found = Period.parse(period)
    outbox.publish(
        session,
        "leasing.relief_pack",
        {"scheme_id": scheme.id, "period": found.key, "on": on.isoformat(), "user_id": scope_of(session).user_id},
        park_id=scheme.park_id,
    )
    return _("The pack is being made; you are told when it is attached to the scheme.")


@outbox.handler("leasing.relief_pack")
def deliver_pack(session: Any, payload: dict[str, Any], message: Any) -> None:
    """Make an ordered pack and attach it; a difference is told instead of a pack."""
    scheme, period = session.get(ReliefScheme, payload["scheme_id"]), Period.parse(payload["period"])
    if scheme is None:
        return
    text, values = _l("The audit pack of %(scheme)s is ready."), {"scheme": scheme.code}
    try:
        raw = make_pack(session, scheme, period, today=date.fromisoformat(payload["on"]))
        attachments.attach(session, scheme, io.BytesIO(raw), f"{scheme.code}-{period.key}.zip", kind="audit_pack")
    except RuleError as e:
        text, values = _l("No audit pack: %(why)s"), {"why": str(e)}
    if payload.get("user_id"):
        todos.notify(session, payload["user_id"], text, values, owner=scheme)
