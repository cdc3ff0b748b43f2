"""Satisfaction surveys: questions, one sheet a person, results. Rules Y-85 to Y-88."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from parkops import clock, records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.notice import Survey, SurveyAnswer, SurveyQuestion, SurveySheet
from ..states_notice import SURVEY


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "opens_on", "closes_on", _l("It cannot close before it opens."))


def create_survey(session: Any, **values: Any) -> Survey:
    """Prepare a survey (Y-85)."""
    return records.create(session, Survey, values, _check)


def change_survey(session: Any, row: Survey, **values: Any) -> Survey:
    """Change it; the questions only while it is a draft."""
    return records.change(session, row, values, _check)


def _check_question(session: Any, values: dict[str, Any], problems: Problems) -> None:
    survey = session.get(Survey, values["survey_id"])
    if survey is not None and survey.state != "draft":
        problems.add("amenities.Y-86", _l("People have begun to answer; questions stay as they are."), "survey_id")
    if values.get("kind") == "choice" and len(choices_of(values.get("choices"))) < 2:
        problems.add("amenities.Y-86", _l("Write at least two choices, one a line."), "choices")


def choices_of(text: str | None) -> list[str]:
    """The choices, one a line."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def create_question(session: Any, **values: Any) -> SurveyQuestion:
    """Add a question to a draft (Y-86)."""
    return records.create(session, SurveyQuestion, {k: v for k, v in values.items() if v is not None}, _check_question)


def change_question(session: Any, row: SurveyQuestion, **values: Any) -> SurveyQuestion:
    """Change a draft's question."""
    return records.change(session, row, values, _check_question)


def remove_question(session: Any, row: SurveyQuestion) -> None:
    """Take it out of a draft."""
    if row.survey.state != "draft":
        raise RuleError([Problem("amenities.Y-86", _l("People have begun to answer; questions stay as they are."))])
    records.remove(session, row)


def questions_of(session: Any, survey: Survey) -> list[SurveyQuestion]:
    """In order."""
    q = SurveyQuestion
    return list(session.scalars(select(q).where(q.survey_id == survey.id).order_by(q.position, q.id)))


def why_not_open(session: Any, row: Survey) -> str | None:
    """A survey asks something."""
    return None if questions_of(session, row) else _("Add the questions first.")


def open_survey(session: Any, row: Survey) -> None:
    """From now on people answer."""
    if (why := why_not_open(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-86", why)])
    SURVEY.move(session, row, "open")


def answer(session: Any, survey: Survey, *, person: str, answers: dict[int, Any], on: date, firm_id: int | None = None) -> SurveySheet:
    """One sheet a person (Y-87): `person` (telephone, staff number) leaves only a fingerprint. answers: {question id: value}."""
    access.require(session, "amenities.survey_sheet", "add")
    problems = Problems()
    if survey.state != "open" or not survey.opens_on <= on <= survey.closes_on:
        problems.add("amenities.Y-87", _l("This survey takes no answers now."))
    if not person.strip():
        problems.add("amenities.Y-87", _l("Say who answers; it is stored as a fingerprint only."), "person")
    rows = []
    for q in questions_of(session, survey):
        value = answers.get(q.id)
        if value in (None, ""):
            if q.needed:
                problems.add("amenities.Y-88", _l("Answer: %(question)s", question=q.text), f"q{q.id}")
        elif q.kind == "score" and (not str(value).isascii() or not str(value).isdigit() or not 1 <= int(value) <= 5):
            problems.add("amenities.Y-88", _l("Give 1 to 5 stars: %(question)s", question=q.text), f"q{q.id}")
        elif q.kind == "choice" and value not in choices_of(q.choices):
            problems.add("amenities.Y-88", _l("Choose one of the values offered."), f"q{q.id}")
        else:
            rows.append((q.id, int(value), None) if q.kind == "score" else (q.id, None, str(value)[:2000]))
    problems.stop()
    print_ = hashlib.sha256(f"{survey.id}\n{person.strip().lower()}".encode()).hexdigest()
    new = (
        session.connection()
        .execute(
            pg_insert(SurveySheet.__table__)
            .values(park_id=survey.park_id, survey_id=survey.id, firm_id=firm_id, respondent=print_, answered_at=clock.now())
            .on_conflict_do_nothing()
            .returning(SurveySheet.__table__.c.id)
        )
        .scalar()
    )
    if new is None:
        raise RuleError([Problem("amenities.Y-87", _l("This person has answered already; one sheet each."), "person")])
    session.add_all(SurveyAnswer(park_id=survey.park_id, sheet_id=new, question_id=q, score=score, text=text) for q, score, text in rows)
    session.flush()
    return session.get(SurveySheet, new)


def results(session: Any, survey: Survey) -> dict[str, Any]:
    """Sheets, and per question: mean of stars in hundredths and their spread, counts of choices, texts."""
    access.require(session, "amenities.survey_sheet", "read")
    a, out = SurveyAnswer, []
    sheets = session.scalar(select(func.count(SurveySheet.id)).where(SurveySheet.survey_id == survey.id))
    for q in questions_of(session, survey):
        if q.kind == "score":
            spread = dict(session.execute(select(a.score, func.count(a.id)).where(a.question_id == q.id).group_by(a.score)).all())
            n = sum(spread.values())
            mean = round(sum(k * v for k, v in spread.items()) * 100 / n) if n else None
            out.append({"question": q, "n": n, "mean": mean, "counts": [(str(k), spread.get(k, 0)) for k in range(5, 0, -1)]})
        elif q.kind == "choice":
            found = dict(session.execute(select(a.text, func.count(a.id)).where(a.question_id == q.id).group_by(a.text)).all())
            out.append(
                {"question": q, "n": sum(found.values()), "mean": None, "counts": [(c, found.get(c, 0)) for c in choices_of(q.choices)]}
            )
        else:
            texts = list(session.scalars(select(a.text).where(a.question_id == q.id).order_by(a.id.desc()).limit(100)))
            out.append({"question": q, "n": len(texts), "mean": None, "texts": texts})
    return {"sheets": sheets, "rows": out}
