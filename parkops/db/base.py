"""The abstract bases of every model and the `field` helper. One metadata (FAB's), our naming convention, no silent merge.

`Record` brings id, version (optimistic lock) and created_at; `ParkScoped` brings park_id and the default-deny scope."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, DateTime, ForeignKey, Identity, Integer, String, Text, event, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from .types import EnumText, Json, Scaled, UTCDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = Model.metadata
metadata.naming_convention = NAMING  # before FAB's security models are imported, so that ab_* keys are named too

PERSONAL_KINDS = ("phone", "id_number", "bank", "email", "name")


def format_of(type_: Any) -> str:
    """The display format a column type stands for."""
    type_ = type_() if isinstance(type_, type) else type_
    if isinstance(type_, Scaled):
        return type_.fmt
    pairs = ((EnumText, "choice"), (UTCDateTime, "datetime"), (DateTime, "datetime"), (Date, "date"), (Boolean, "bool"),
             (BigInteger, "int"), (Integer, "int"), (Text, "longtext"), (String, "text"))
    return next((name for kind, name in pairs if isinstance(type_, kind)), "text")


def field(type_: Any, label: Any, *, help: Any = None, personal: str | None = None, fmt: str | None = None,
          long: bool = False, **options: Any) -> Any:
    """A column with what people see of it: label, help, personal-data kind and display format (kept in `info`)."""
    if personal is not None and personal not in PERSONAL_KINDS:
        raise ValueError(f"personal={personal!r}: use one of {PERSONAL_KINDS}")
    info = {"label": label, "help": help, "personal": personal, "fmt": "longtext" if long else fmt or format_of(type_)}
    return mapped_column(type_, info={**info, **options.pop("info", {})}, **options)


def fk(target: str, label: Any, *, ondelete: str = "RESTRICT", **options: Any) -> Any:
    """An indexed BIGINT foreign key."""
    info = {"label": label, "help": options.pop("help", None), "personal": None, "fmt": "ref"}
    options.setdefault("index", True)
    return mapped_column(BigInteger, ForeignKey(target, ondelete=ondelete), info=info, **options)


def resource_name(table: str) -> str:
    """`tenants_firm` -> `tenants.firm`."""
    return table.replace("_", ".", 1)


class Record(Model):
    """Base of every table of ours."""

    __abstract__ = True
    __table_args__: Any = ()  # FAB's default says extend_existing and would silently merge two models of one name

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-10)
    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1, server_default="1", sort_order=90)
    created_at: Mapped[datetime] = mapped_column(
        UTCDateTime, nullable=False, server_default=func.now(), sort_order=91, info={"label": None, "fmt": "datetime"})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls.__resource__ = resource_name(cls.__dict__["__tablename__"]) if "__tablename__" in cls.__dict__ else None
        super().__init_subclass__(**kwargs)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.version} if hasattr(cls, "__table__") else {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__dict__.get('id')}>"


@event.listens_for(Record, "instrument_class", propagate=True)
def _add_choice_checks(mapper: Any, class_: type) -> None:
    """A CHECK for every column with `Choices`, so that no road leads an unknown code into the table."""
    table = mapper.local_table
    for column in table.columns:
        if isinstance(column.type, EnumText) and column.type.choices is not None:
            codes = ", ".join("'" + c.replace("'", "''") + "'" for c in column.type.choices)
            table.append_constraint(CheckConstraint(f"{column.name} IN ({codes})", name=column.name))


class ParkScoped:
    """A row of one park. Queries are confined to the session's parks; without a scope they raise."""

    @declared_attr
    def park_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, ForeignKey("core_park.id", ondelete="RESTRICT"), nullable=False, index=True,
                             sort_order=-9, info={"label": None, "fmt": "ref"})


__all__ = ["Json", "ParkScoped", "Record", "field", "fk", "metadata", "resource_name"]
