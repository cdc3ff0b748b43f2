"""Questions at the machine: what must be answered, and the consumables an answer takes. Rules U-45 and U-46."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.event import UsageEvent
from ..models.question import UsageAnswer, UsageQuestion
from ..models.registry import Instrument, ServiceItem

YES = ("yes", "no")


def create_question(
    session: Any, *, instrument_id: int, asked: str, code: str, text: str, answer: str = "number", required: bool = True,
    item_id: int | None = None, factor: Decimal | None = None, position: int = 10, active: bool = True,
) -> UsageQuestion:
    """Ask something before or after the use of an instrument."""
    values = {n: v for n, v in locals().items() if n != "session"}
    values["factor"] = factor or Decimal(1)
    return records.create(session, UsageQuestion, values, _check)


def change_question(
    session: Any, question: UsageQuestion, *, text: str, required: bool = True, item_id: int | None = None, factor: Decimal | None = None,
    position: int = 10, active: bool = True,
) -> UsageQuestion:
    """Change it; answers given keep the text they answered."""
    values = {n: v for n, v in locals().items() if n not in ("session", "question")}
    values["factor"] = factor or Decimal(1)
    return records.change(session, question, values, _check)


def _check(session: Any, v: dict[str, Any], problems: Problems) -> None:
    item, instrument = (session.get(ServiceItem, v["item_id"]) if v["item_id"] else None), session.get(Instrument, v["instrument_id"])
    if item is not None and (v["answer"] != "number" or item.kind != "consumable"):
        problems.add("platforms.U-46", _l("Only a question answered by a number takes a consumable."), "item_id")
    if item is not None and instrument is not None and item.platform_id != instrument.platform_id:
        problems.add("platforms.U-13", _l("This is offered by another platform."), "item_id")
    if v["factor"] <= 0:
        problems.add("platforms.U-46", _l("Units per number are more than nothing."), "factor")


def of_instrument(session: Any, instrument_id: int, asked: str) -> list[UsageQuestion]:
    """What is asked at that time, in order."""
    q = UsageQuestion
    return list(session.scalars(
        select(q).where(q.instrument_id == instrument_id, q.asked == asked, q.active.is_(True)).order_by(q.position, q.id)))


def take_consumables(session: Any, instrument_id: int) -> bool:
    """Whether an answer, before or after use, takes consumables."""
    q = UsageQuestion
    found = select(q.id).where(q.instrument_id == instrument_id, q.item_id.is_not(None), q.active.is_(True)).limit(1)
    return session.scalar(found) is not None


def check(questions: list[UsageQuestion], answers: dict[str, Any], problems: Problems) -> dict[int, str]:
    """The answers by question, each one checked (U-45); `answers` is keyed by the question's code."""
    out: dict[int, str] = {}
    unknown = set(answers) - {q.code for q in questions}
    if unknown:
        problems.add("platforms.U-45", _l("Nobody asks %(names)s here. Load the page again.", names=", ".join(sorted(unknown))))
    for question in questions:
        given = str(answers.get(question.code) or "").replace("\x00", "").strip()
        if not given:
            if question.required:
                problems.add("platforms.U-45", _l("Answer the question: %(text)s", text=question.text), f"q_{question.code}")
            continue
        if (question.answer == "number" and number(given) is None) or (question.answer == "yes_no" and given not in YES):
            problems.add("platforms.U-45", _l("Answer with a number from 0, or yes or no, as asked: %(text)s", text=question.text),
                         f"q_{question.code}")
            continue
        out[question.id] = given[:300]
    return out


def number(given: str) -> Decimal | None:
    """A number from 0 with at most four places."""
    try:
        value = Decimal(given)
    except InvalidOperation:
        return None
    fits = value.is_finite() and 0 <= value < 10**9 and value == value.quantize(Decimal("0.0001"))
    return value if fits else None


def keep(session: Any, event: UsageEvent, questions: list[UsageQuestion], given: dict[int, str]) -> list[tuple[UsageQuestion, Decimal]]:
    """Write the answers; returns which consumables they take."""
    takes = []
    for question in questions:
        if question.id in given:
            session.add(UsageAnswer(park_id=event.park_id, event_id=event.id, question_id=question.id, text=question.text,
                                    answer=given[question.id]))
            if question.item_id is not None and (value := number(given[question.id]) or Decimal(0)) > 0:
                takes.append((question, (value * question.factor).quantize(Decimal("0.0001"))))
    session.flush()
    return takes
