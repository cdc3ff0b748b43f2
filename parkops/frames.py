"""The only door to pandas. The statement runs through the session, so the park scope applies; money arrives as int64 fen,
missing numbers as `<NA>`, never as float NaN, never as zero."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, type_coerce
from sqlalchemy.sql import Select

from .db.types import Scaled, UTCDateTime


def read_frame(session: Any, statement: Select) -> pd.DataFrame:
    """A frame of the select's columns.

    Scaled columns (Money, UnitPrice, Area, Rate) come as Int64 in their smallest unit; `frame.attrs["places"]` says how
    many decimal places that is per column. Whole entities are refused: name the columns."""
    if any(d["expr"] is d["entity"] for d in statement.column_descriptions):
        raise TypeError("read_frame takes columns, not whole entities")
    columns = list(statement.selected_columns)
    names = [d["name"] for d in statement.column_descriptions]
    plain = [type_coerce(c, BigInteger).label(n) if isinstance(c.type, Scaled) else c
             for c, n in zip(columns, names, strict=True)]
    rows = session.execute(statement.with_only_columns(*plain, maintain_column_froms=True)).all()
    data = {n: _series([r[i] for r in rows], c.type) for i, (n, c) in enumerate(zip(names, columns, strict=True))}
    frame = pd.DataFrame(data, columns=names)
    frame.attrs["places"] = {n: c.type.places for n, c in zip(names, columns, strict=True) if isinstance(c.type, Scaled)}
    return frame


def _series(values: list[Any], kind: Any) -> pd.Series:
    if isinstance(kind, Scaled | Integer) or _whole(values):
        return pd.Series([None if v is None else int(v) for v in values], dtype="Int64")
    if isinstance(kind, Boolean):
        return pd.Series(values, dtype="boolean")
    if isinstance(kind, UTCDateTime | DateTime):
        return pd.Series(pd.to_datetime(values, utc=True))
    if isinstance(kind, Date):
        return pd.Series(pd.to_datetime(values))
    return pd.Series(values, dtype="object")


def _whole(values: list[Any]) -> bool:
    """Whether an untyped expression (a count, a sum of integers) holds whole numbers only."""
    known = [v for v in values if v is not None]
    return bool(known) and all(isinstance(v, int) and not isinstance(v, bool) for v in known)
