"""Periods side by side. pandas only arranges what SQL has counted: whole numbers in, whole numbers out, NA stays NA."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from ..clock import Period
from ..frames import read_frame
from .catalogue import kpi_of
from .figures import Figure
from .models import KpiValue


def pivot(session: Any, codes: Iterable[str], periods: list[Period], park_id: int | None) -> dict[str, list[Figure | None]]:
    """code -> one figure per period (None when nothing is stored), as stored now. The scope applies; park_id None is the
    company's row."""
    kpis = [kpi_of(c) for c in codes]
    frame = read_frame(session, select(
        KpiValue.code, KpiValue.kpi_version, KpiValue.period_key, KpiValue.numerator, KpiValue.denominator, KpiValue.missing).where(
        KpiValue.code.in_([k.code for k in kpis]), KpiValue.key == "", KpiValue.park_id.is_not_distinct_from(park_id),
        KpiValue.period_key.in_([p.key for p in periods])))
    versions = {k.code: k.version for k in kpis}
    frame = frame[frame["kpi_version"] == frame["code"].map(versions)] if len(frame) else frame
    out: dict[str, list[Figure | None]] = {}
    by_code = {code: part.set_index("period_key") for code, part in frame.groupby("code")} if len(frame) else {}
    for kpi in kpis:
        part = by_code.get(kpi.code)
        out[kpi.code] = [_figure(part, p.key) for p in periods]
    return out


def _figure(part: Any, key: str) -> Figure | None:
    if part is None or key not in part.index:
        return None
    row = part.loc[key]
    return Figure(_int(row["numerator"]), _int(row["denominator"]), _int(row["missing"]) or 0)


def _int(value: Any) -> int | None:
    import pandas as pd

    return None if pd.isna(value) else int(value)
