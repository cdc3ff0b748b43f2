"""Questions before and after the use of an instrument; an answer in numbers can take consumables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UnitPrice
from parkops.i18n import _l

from .event import UsageEvent
from .registry import Instrument, ServiceItem

QUESTION_TIMES = Choices("platforms.question_time", ("before", _l("Before use")), ("after", _l("After use")))
ANSWER_KINDS = Choices(
    "platforms.answer_kind",
    ("number", _l("A number")),
    ("yes_no", _l("Yes or no")),
    ("text", _l("A text")),
)


class UsageQuestion(ParkScoped, Record):
    """Asked at the machine. With `item_id`, the number answered (times `factor`) becomes a consumable event of its own."""

    __tablename__ = "platforms_question"
    __table_args__ = (
        UniqueConstraint("park_id", "instrument_id", "asked", "code"),
        CheckConstraint("item_id IS NULL OR answer = 'number'", name="item_number"),
        CheckConstraint("factor > 0", name="factor"),
    )
    instrument_id: Mapped[int] = fk("platforms_instrument.id", _l("Instrument"))
    asked: Mapped[str] = field(EnumText(QUESTION_TIMES), _l("When"), default="after", server_default="after")
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    position: Mapped[int] = field(SmallInteger, _l("Order"), default=10, server_default="10")
    text: Mapped[str] = field(String(200), _l("Question"))
    answer: Mapped[str] = field(EnumText(ANSWER_KINDS), _l("Kind of answer"), default="number", server_default="number")
    required: Mapped[bool] = field(Boolean, _l("Must be answered"), default=True, server_default="true")
    item_id: Mapped[int | None] = fk("platforms_service_item.id", _l("Takes consumable"))
    factor: Mapped[Decimal] = field(UnitPrice, _l("Units per number answered"), default=Decimal(1), server_default="10000")
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    instrument: Mapped[Instrument] = relationship(foreign_keys="UsageQuestion.instrument_id")
    item: Mapped[ServiceItem | None] = relationship(foreign_keys="UsageQuestion.item_id")

    def __str__(self) -> str:
        return self.text


class UsageAnswer(ParkScoped, Record):
    """What the user said; the question's text as it was then."""

    __tablename__ = "platforms_answer"
    __table_args__ = (UniqueConstraint("event_id", "question_id"),)
    event_id: Mapped[int] = fk("platforms_event.id", _l("Event"), index=False)
    question_id: Mapped[int] = fk("platforms_question.id", _l("Question"))
    text: Mapped[str] = field(String(200), _l("Question"))
    answer: Mapped[str] = field(String(300), _l("Answer"))
    event: Mapped[UsageEvent] = relationship(foreign_keys="UsageAnswer.event_id")
    question: Mapped[Any] = relationship("UsageQuestion", foreign_keys="UsageAnswer.question_id")

    def __str__(self) -> str:
        return self.answer
