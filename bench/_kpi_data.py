"""Three years of a group of parks for the benchmark of indicators and for the test of their consistency: every KPI of every module
has records to count. Numbers per firm are those of a busy park; what no KPI reads is left out or points nowhere (keys are at rest)."""

from __future__ import annotations

from parkops.testing.benches import neighbour

PARTS = [part for name in ("_kpi_firms", "_kpi_money", "_kpi_hall") for part in neighbour(name).PARTS]
volume = neighbour("_kpi_volume")


def fill(database: str, parks: int, firms: int) -> int:
    """Everything; returns the number of rows."""
    v = volume.Volume(database, parks)
    v.add("core_park", parks, code="'p' || g")
    v.add("tenants_carrier", 2 * parks)
    v.add("tenants_firm", firms)
    for part in PARTS:
        part(v, v.rows["tenants_firm"])
    return v.close()
