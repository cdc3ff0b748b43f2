"""The nightly tidying: keys of old forms go, young ones stay."""

from datetime import date, timedelta

from sqlalchemy import func, select

from parkops.clock import now
from parkops.jobs.kernel_jobs import tidy
from parkops.web.idempotency import OnceKey


def test_old_form_keys_are_forgotten_and_young_ones_kept(session):
    table = OnceKey.__table__
    filled = {c.name: "x" for c in table.columns if not c.nullable and c.default is None and c.server_default is None
              and c.name not in ("id", "at", "version", "user_id")}
    for key, age in (("old", 5), ("young", 0)):
        row = {**filled, "at": now() - timedelta(days=age), **({"user_id": 1} if "user_id" in table.c else {})}
        row.update({c: f"{key}-key-0123" for c in ("key",) if c in table.c})
        session.connection().execute(table.insert().values(**row))
    done = tidy(session, on=date.today(), park_id=None)
    assert done["keys"] == 1
    assert session.scalar(select(func.count()).select_from(OnceKey)) == 1
