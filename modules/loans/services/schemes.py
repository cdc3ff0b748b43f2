"""Schemes, their document lists, the promises of the stages, and the LPR. Rules LN-01 to LN-04."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.models import Park
from parkops.rules import engine, parameters
from parkops.rules.models import RuleSet
from parkops.security import access

from ..models.case import LoanCase
from ..models.organisation import LoanOrganisation
from ..models.paper import LoanPaper
from ..models.scheme import LoanPaperKind, LoanScheme, LoanStagePromise
from ..states import STAGE_OWNERS

FILE = Path(__file__).resolve().parent.parent / "data" / "schemes.yaml"
LPR = {"1y": "loans.lpr_1y", "5y": "loans.lpr_5y"}


@lru_cache(maxsize=1)
def defaults() -> dict[str, list[dict[str, Any]]]:
    """What a park starts with."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def ensure_defaults(session: Any, park_id: int) -> None:
    """Give a park that has no scheme yet the national ones of its region, their documents, promises and the channel."""
    if session.scalar(select(LoanScheme.id).where(LoanScheme.park_id == park_id).limit(1)) is not None:
        return
    region = session.get(Park, park_id).region_code or "—"
    for raw in defaults()["schemes"]:
        values = {k: v for k, v in raw.items() if k != "rules"}
        if values.get("subsidy_share"):
            values["subsidy_share"] = Decimal(values["subsidy_share"])
        for name, suffix in (("rule_person", "P"), ("rule_partnership", "H"), ("rule_firm", "F")):
            values[name] = f"{raw['rules']}-{suffix}"
        row = LoanScheme(park_id=park_id, region=region, **values)
        session.add(row)
        session.flush()
        session.add_all(LoanPaperKind(park_id=park_id, scheme_id=row.id, position=10 * n, **{"required": True, **paper})
                        for n, paper in enumerate(defaults()["papers"], 1))
    session.add_all(LoanStagePromise(park_id=park_id, stage=s, party=party, days=days) for s, (party, days) in STAGE_OWNERS.items())
    have = set(session.execute(select(LoanOrganisation.kind, LoanOrganisation.name).where(LoanOrganisation.park_id == park_id)).all())
    session.add_all(LoanOrganisation(park_id=park_id, **o) for o in defaults()["organisations"] if (o["kind"], o["name"]) not in have)
    session.flush()


def start_park(session: Any, *, park_id: int) -> None:
    """The button of an empty list: enter the national schemes, to be adapted to the region."""
    access.require(session, "loans.scheme", "add")
    ensure_defaults(session, park_id)


def scheme_on(session: Any, park_id: int, on: date, *, region: str | None = None) -> LoanScheme:
    """LN-01: the scheme in force on a day in the park's region."""
    ensure_defaults(session, park_id)
    query = select(LoanScheme).where(LoanScheme.park_id == park_id, LoanScheme.enabled).order_by(LoanScheme.effective_from.desc())
    region = region or session.get(Park, park_id).region_code or "—"
    rows = [s for s in session.scalars(query) if s.holds(on)]
    found = next((s for s in rows if s.region == region), rows[0] if rows else None)
    if found is None:
        raise RuleError([Problem("loans.LN-01", _l("No loan scheme holds on %(day)s. Enter one under Loan set-up.", day=on.isoformat()))])
    return found


def lpr_on(session: Any, scheme: LoanScheme, on: date) -> Decimal:
    """LN-04: the LPR announced last by the day."""
    return parameters.decimal(session, LPR[scheme.lpr_tenor], on)


def rule_set(session: Any, scheme: LoanScheme, kind: str) -> RuleSet:
    """The rules of a scheme for a kind of borrower."""
    return engine.by_key(session, scheme.rule_of(kind))


def limits(session: Any, scheme: LoanScheme, kind: str) -> dict[str, Any]:
    """Thresholds by fact, as the rules state them: `amount`, `term_months`, `times_used`, `hiring_ratio`…"""
    return {r.fact: r.value for r in rule_set(session, scheme, kind).rules}


def cap_of(session: Any, scheme: LoanScheme, kind: str) -> Decimal:
    """The most one loan may be."""
    return Decimal(str(limits(session, scheme, kind)["amount"]))


def term_of(session: Any, scheme: LoanScheme, kind: str) -> int:
    """The longest term in months."""
    return int(limits(session, scheme, kind)["term_months"])


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    for name in ("rule_person", "rule_partnership", "rule_firm"):
        if session.scalar(select(RuleSet.id).where(RuleSet.key == values[name], RuleSet.subject == "loans.case")) is None:
            problems.add("loans.LN-02", _l("There is no rule set %(key)s for loans; load it first.", key=values[name]), name)
    kinds = {values["subsidy_person"], values["subsidy_firm"]}
    if kinds & {"share_of_interest", "share_of_lpr"} and values.get("subsidy_share") is None:
        problems.add("loans.LN-03", _l("This subsidy needs a share."), "subsidy_share")
    if "above_lpr_minus" in kinds and values.get("subsidy_bp") is None:
        problems.add("loans.LN-03", _l("This subsidy needs the basis points below LPR."), "subsidy_bp")
    records.date_order(values, problems, "effective_from", "effective_to", _l("It ends before it begins; correct one of the days."))


def create_scheme(session: Any, **values: Any) -> LoanScheme:
    """A regional variant or a new regulation; its document list starts as the park's usual one."""
    row = records.create(session, LoanScheme, values, _check)
    session.add_all(LoanPaperKind(park_id=row.park_id, scheme_id=row.id, position=10 * n, **{"required": True, **paper})
                    for n, paper in enumerate(defaults()["papers"], 1))
    session.flush()
    return row


def change_scheme(session: Any, row: LoanScheme, **values: Any) -> LoanScheme:
    """LN-02: code, region, days and subsidy of a scheme that loans were signed under stay; a new rule is a new scheme."""

    def check(session: Any, full: dict[str, Any], problems: Problems) -> None:
        _check(session, full, problems)
        fixed = ("code", "region", "subsidy_person", "subsidy_firm", "subsidy_share", "subsidy_bp", "subsidy_from", "day_basis")
        if any(full.get(n) != getattr(row, n) for n in fixed) and _signed(session, row):
            problems.add("loans.LN-02", _l("Loans were signed under this scheme; enter the new rule as a scheme of its own."))

    return records.change(session, row, values, check)


def _signed(session: Any, row: LoanScheme) -> bool:
    return session.scalar(select(LoanCase.id).where(LoanCase.scheme_id == row.id, LoanCase.contract_on.is_not(None)).limit(1)) is not None


def remove_scheme(session: Any, row: LoanScheme) -> None:
    """Unused only."""
    records.remove(session, row, (LoanCase, "scheme_id", _l("Loan cases use this scheme; end it with a last day instead.")))


def add_paper_kind(session: Any, **values: Any) -> LoanPaperKind:
    """A document the scheme asks for; cases under way keep their list."""
    return records.create(session, LoanPaperKind, values)


def change_paper_kind(session: Any, row: LoanPaperKind, **values: Any) -> LoanPaperKind:
    """Words, order, validity."""
    return records.change(session, row, values)


def remove_paper_kind(session: Any, row: LoanPaperKind) -> None:
    """Unused only."""
    records.remove(session, row, (LoanPaper, "kind_id", _l("Cases list this document; it stays.")))


def change_promise(session: Any, row: LoanStagePromise, *, party: str, days: int) -> LoanStagePromise:
    """Whose turn a stage is and how long it may take; spans that run keep theirs."""
    return records.change(session, row, {"party": party, "days": days})
