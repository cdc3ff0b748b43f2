"""Column types: exact scaled integers for money, prices, areas and rates; text enumerations; aware instants.

| type | Python | database | scale |
|---|---|---|---|
| Money | Decimal yuan | BIGINT fen | 2 |
| UnitPrice | Decimal yuan | BIGINT | 4 |
| Area | Decimal ㎡ | BIGINT | 2 |
| Rate | Decimal (0.1 = 10 %) | BIGINT | 8 |
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import BigInteger, DateTime, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

Json = JSONB


class Scaled(TypeDecorator):
    """A decimal with a fixed number of places, kept as an integer. A finer value is refused, never rounded here."""

    impl = BigInteger
    cache_ok = True
    places = 0
    fmt = "decimal"

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError("exact columns take Decimal, int or str, never float")
        try:
            scaled = Decimal(value).scaleb(self.places)
        except InvalidOperation as e:
            raise ValueError(f"{value!r} is not a number") from e
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than {self.places} decimal places")
        return int(scaled)

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value).scaleb(-self.places).quantize(Decimal(1).scaleb(-self.places))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self

    @property
    def python_type(self) -> type:
        return Decimal


class Money(Scaled):
    cache_ok = True
    places, fmt = 2, "money"


class UnitPrice(Scaled):
    cache_ok = True
    places, fmt = 4, "decimal"


class Area(Scaled):
    cache_ok = True
    places, fmt = 2, "area"


class Rate(Scaled):
    cache_ok = True
    places, fmt = 8, "percent"


class UTCDateTime(TypeDecorator):
    """An aware instant; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a time zone; use parkops.clock.now()")
        return value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None


class Choices:
    """An ordered, closed list of codes with labels and (for states) tones. Codes are stored, labels are shown."""

    def __init__(self, name: str, *items: tuple):
        self.name = name
        self.labels = {item[0]: item[1] for item in items}
        self.tones = {item[0]: item[2] for item in items if len(item) > 2}

    def __iter__(self):
        return iter(self.labels)

    def __contains__(self, code: object) -> bool:
        return code in self.labels

    def __len__(self) -> int:
        return len(self.labels)

    def label(self, code: str | None) -> Any:
        return self.labels.get(code, code) if code is not None else ""

    def tone(self, code: str | None) -> str:
        return self.tones.get(code, "grey")

    def items(self):
        return self.labels.items()


class EnumText(TypeDecorator):
    """Text restricted to `Choices`; the CHECK constraint is added by `field()`."""

    impl = String(40)
    cache_ok = True

    def __init__(self, choices: Choices | None = None):
        super().__init__()
        self.choices = choices

    @property
    def cache_key(self) -> tuple:  # pragma: no cover - used by SQLAlchemy
        return (type(self), self.choices.name if self.choices else None)

    def __repr__(self) -> str:
        return "sa.String(length=40)"
