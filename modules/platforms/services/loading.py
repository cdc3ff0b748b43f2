"""Many events at once, taken over from another system or a reader's log: checked as a whole, inserted set-based. Rule U-51."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import text

from parkops.clock import local
from parkops.db import audit
from parkops.db.session import scope_of, unprepared
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.event import UsageEvent
from . import month_runs

TABLE = """CREATE TEMPORARY TABLE platforms_tmp_load (line bigint GENERATED ALWAYS AS IDENTITY, instrument text, project text,
  started_at timestamptz, ended_at timestamptz) ON COMMIT DROP"""
WRONG = """
SELECT line, instrument, project, why FROM (
  SELECT l.line, l.instrument, l.project, CASE
      WHEN i.id IS NULL THEN 'instrument' WHEN j.id IS NULL THEN 'project' WHEN (l.ended_at >= l.started_at) IS NOT TRUE THEN 'end'
      WHEN (j.state = 'active' OR (j.state = 'closed' AND j.last_day < :today)) IS NOT TRUE THEN 'state'
      WHEN (l.ended_at AT TIME ZONE 'Asia/Shanghai')::date < j.starts_on
        OR (l.ended_at AT TIME ZONE 'Asia/Shanghai')::date > j.last_day THEN 'day'
      WHEN NOT j.allows_usage OR j.platform_id <> i.platform_id THEN 'kind' END AS why
    FROM platforms_tmp_load l LEFT JOIN platforms_instrument i ON i.park_id = :park AND i.code = l.instrument
    LEFT JOIN platforms_project j ON j.park_id = :park AND j.number = l.project) checked
 WHERE why IS NOT NULL ORDER BY line LIMIT 5
"""
INSERT = """
INSERT INTO platforms_event (park_id, kind, state, origin, platform_id, instrument_id, firm_id, project_id, customer_class, started_at,
    ended_at, ended_on, minutes, validated_by, validated_on)
SELECT :park, 'usage', 'validated', 'load', i.platform_id, i.id, j.firm_id, j.id, j.customer_class, date_trunc('minute', l.started_at),
       date_trunc('minute', l.ended_at), (l.ended_at AT TIME ZONE 'Asia/Shanghai')::date,
       (extract(epoch FROM date_trunc('minute', l.ended_at) - date_trunc('minute', l.started_at)) / 60)::int, :who, :today
  FROM platforms_tmp_load l JOIN platforms_instrument i ON i.park_id = :park AND i.code = l.instrument
  JOIN platforms_project j ON j.park_id = :park AND j.number = l.project ORDER BY l.line
"""


def load_usage(session: Any, rows: Iterable[tuple[str, str, datetime, datetime]], *, at: datetime, park_id: int | None = None) -> int:
    """Rows of instrument code, project number, start and end (instants). All of them or none; the first five wrong ones are named."""
    access.require(session, "platforms.event", "add")
    access.require(session, "platforms.event", "act")
    park = month_runs.park_of(session, park_id)
    session.flush()
    connection = session.connection()
    connection.execute(text("DROP TABLE IF EXISTS platforms_tmp_load"))
    connection.execute(text(TABLE))
    driver = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy("COPY platforms_tmp_load (instrument, project, started_at, ended_at) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(text("ANALYZE platforms_tmp_load"))
    bound = {"park": park, "who": scope_of(session).user_name, "today": local(at).date()}
    problems = Problems()
    with unprepared(session):
        for line, instrument, project, why in connection.execute(text(WRONG), bound):
            problems.add("platforms.U-51", _sentence(why, {"n": line, "instrument": instrument, "project": project}))
        problems.stop()
        done = connection.execute(text(INSERT), bound, execution_options={"preserve_rowcount": True}).rowcount
    audit.bulk(session, UsageEvent, "insert", done, {"origin": "load"}, park)
    return done


def _sentence(why: str, values: dict[str, Any]) -> Any:
    """The first thing wrong with a line."""
    return {
        "instrument": _l("Line %(n)s: there is no instrument %(instrument)s.", **values),
        "project": _l("Line %(n)s: there is no paying project %(project)s.", **values),
        "end": _l("Line %(n)s: it ends before it starts.", **values),
        "state": _l("Line %(n)s: project %(project)s is not open for use.", **values),
        "day": _l("Line %(n)s: project %(project)s did not hold on that day.", **values),
        "kind": _l("Line %(n)s: project %(project)s does not pay for use of %(instrument)s.", **values),
    }[why]
