"""The prices of a month's events in set-based SQL: the twin of `calc_pricing.py`, equal to the fen (a test holds them together).

Statements name the park in every table; the caller checks that the session sees it. Amounts are whole fen, prices 1/10000 yuan,
times are minutes of the park's clock since 1970. Events priced before are priced anew while they stand on no bill; those on a bill
(`late`) stay as they are and count for caps, days, steps and rights."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from modules.billing.services.temporary import measure

BILLABLE = ("validated", "waived")
# priced events of the month (of one firm) that stand on no bill, drafts included; what came to nothing has no line of its own: it stays
# once the month of its project has one
UNBILLED = """
WITH priced AS (
  SELECT e.id, e.project_id, e.net = 0 AND e.entitled = 0 AS nothing, EXISTS (
           SELECT FROM billing_charge c WHERE c.park_id = :park AND c.key = 'platforms.event:' || e.id
             || CASE WHEN e.reversals > 0 THEN ':' || e.reversals + 1 ELSE '' END) AS billed
    FROM platforms_event e WHERE e.park_id = :park AND e.ended_on >= :first AND e.ended_on < :next AND e.net IS NOT NULL
     AND (CAST(:firm AS bigint) IS NULL OR e.firm_id = :firm))
SELECT p.id FROM priced p WHERE NOT p.billed AND NOT (p.nothing AND p.project_id IN (SELECT b.project_id FROM priced b WHERE b.billed))
"""
AGAIN = "INSERT INTO platforms_tmp_again" + UNBILLED
AGAINS = "CREATE TEMPORARY TABLE platforms_tmp_again (id bigint PRIMARY KEY) ON COMMIT DROP"
ANEW = "EXISTS (SELECT FROM platforms_tmp_again a WHERE a.id = e.id)"
OR_ANEW = f" OR e.net IS NOT NULL AND {ANEW}"  # left out where nothing is: the server plans a first run better without
LATE = f"e.net IS NOT NULL AND NOT {ANEW}"
WAITING = (
    "e.park_id = :park AND e.ended_on >= :first AND e.ended_on < :next AND (e.net IS NULL AND e.state = ANY(:states) "
    f"AND (CAST(:only AS bigint) IS NULL OR e.id = :only){OR_ANEW})")
MINUTE = "floor(date_part('epoch', e.{0} AT TIME ZONE 'Asia/Shanghai') / 60)::bigint"
CLOCK = f"CASE WHEN c.windows OR c.basis = 'day' OR c.daily_cap IS NOT NULL THEN {MINUTE} END"
WHEN = f"{MINUTE.format('started_at')} AS s, {MINUTE.format('ended_at')} AS t"

# which base rate holds for each combination of kind, class, platform, instrument, item and day: the most special one
COMBOS = f"""
CREATE TEMPORARY TABLE platforms_tmp_combo ON COMMIT DROP AS
WITH c AS (SELECT e.kind, e.customer_class, e.platform_id, coalesce(e.instrument_id, 0) AS instrument_id, coalesce(e.item_id, 0) AS item_id,
                  e.ended_on FROM platforms_event e WHERE {WAITING} AND e.kind <> 'custom' GROUP BY 1, 2, 3, 4, 5, 6)
SELECT c.*, r.id AS rate_id, r.basis, r.amount, r.minimum, r.service_fee, r.daily_cap, r.subject,
       EXISTS (SELECT FROM platforms_rate_tier t WHERE t.rate_id = r.id) AS tiers,
       EXISTS (SELECT FROM platforms_rate w WHERE w.park_id = :park AND w.subject = r.subject AND w.weekdays IS NOT NULL
                  AND w.during @> c.ended_on) AS windows
  FROM c LEFT JOIN LATERAL (
    SELECT r.* FROM platforms_rate r
     WHERE r.park_id = :park AND r.kind = c.kind AND r.platform_id = c.platform_id AND r.weekdays IS NULL AND r.during @> c.ended_on
       AND (r.instrument_id IS NULL OR r.instrument_id = c.instrument_id) AND (r.item_id IS NULL OR r.item_id = c.item_id)
       AND (r.customer_class IS NULL OR r.customer_class = c.customer_class)
     ORDER BY (r.item_id IS NOT NULL)::int * 4 + (r.instrument_id IS NOT NULL)::int * 2 + (r.customer_class IS NOT NULL)::int DESC
     LIMIT 1) r ON true
"""
# the waiting events with their rate; minutes of the clock only where the rate asks for them: they are a third of reading an event
EVENTS = f"""
CREATE TEMPORARY TABLE platforms_tmp_event ON COMMIT DROP AS
SELECT e.id, e.project_id, e.instrument_id, e.ended_on, e.minutes, e.quantity, e.amount AS own, e.kind = 'custom' AS custom,
       e.state = 'waived' AS waive, c.rate_id, c.basis, c.amount, c.minimum, c.service_fee, c.daily_cap, c.subject,
       coalesce(c.tiers, false) AS tiers,
       coalesce(c.windows, false) AS windows, {CLOCK.format('started_at')} AS s, {CLOCK.format('ended_at')} AS t
  FROM platforms_event e
  LEFT JOIN platforms_tmp_combo c ON c.kind = e.kind AND c.customer_class = e.customer_class AND c.platform_id = e.platform_id
       AND c.instrument_id = coalesce(e.instrument_id, 0) AND c.item_id = coalesce(e.item_id, 0) AND c.ended_on = e.ended_on
 WHERE {WAITING}
"""
# a step no rate of the month asks for is not taken: the condition is worked out once, before any event is read
TIERED, WINDOWED, DAILY, CAPPED, UNKNOWN = (f"(SELECT coalesce(bool_or({asked}), false) FROM platforms_tmp_combo c)" for asked in (
    "c.tiers", "c.windows", "c.basis = 'day'", "c.daily_cap IS NOT NULL", "c.rate_id IS NULL"))
# the part of a quantity at each step; hourly steps count minutes, unit steps whole units (quantities are kept in 1/10000)
STEPS = f"""
steps AS (SELECT t.rate_id, t.after::bigint AS after, lead(t.after::bigint) OVER (PARTITION BY t.rate_id ORDER BY t.after) AS upto, t.amount
            FROM (SELECT rate_id, after, amount FROM platforms_rate_tier WHERE park_id = :park
                  UNION ALL SELECT DISTINCT c.rate_id, 0, c.amount FROM platforms_tmp_combo c WHERE c.tiers) t),
stepped AS (SELECT e.id, sum(greatest(least(q.n, coalesce(s.upto * q.scale, q.n)) - s.after * q.scale, 0)::numeric * s.amount) AS num
              FROM platforms_tmp_event e
              CROSS JOIN LATERAL (SELECT CASE WHEN e.basis = 'unit' THEN coalesce(e.quantity, 10000) ELSE e.minutes END AS n,
                                         CASE WHEN e.basis = 'unit' THEN 10000 ELSE 1 END AS scale) q
              JOIN steps s ON s.rate_id = e.rate_id WHERE {TIERED} AND e.tiers AND e.basis IN ('hour', 'unit') GROUP BY e.id)"""
# day 0 is 1 January 1970, a Thursday
INSIDE = f"""
inside AS (SELECT e.id, sum(o.n) AS minutes, sum(o.n * w.amount) AS num
             FROM platforms_tmp_event e
             JOIN platforms_rate w ON w.park_id = :park AND w.subject = e.subject AND w.weekdays IS NOT NULL AND w.during @> e.ended_on
             CROSS JOIN LATERAL generate_series(e.s / 1440, greatest(e.t - 1, e.s) / 1440) d
             CROSS JOIN LATERAL (SELECT greatest(least(e.t, d * 1440 + w.to_minute) - greatest(e.s, d * 1440 + w.from_minute), 0) AS n) o
            WHERE {WINDOWED} AND e.windows AND NOT e.tiers AND e.basis = 'hour' AND position(((d + 3) % 7 + 1)::text IN w.weekdays) > 0
            GROUP BY e.id)"""
# what begins in the same minute is told apart by what it is, never by when it was entered
DAYS = f"""
touched AS (SELECT e.id, false AS late, e.project_id, e.rate_id, e.s, e.t, e.waive, e.instrument_id, d FROM platforms_tmp_event e
              CROSS JOIN LATERAL generate_series(e.s / 1440, greatest(e.t - 1, e.s) / 1440) d
             WHERE {DAILY} AND e.basis = 'day'
            UNION ALL
            SELECT e.id, true, e.project_id, e.rate_id, e.s, e.t, false, e.instrument_id, d
              FROM (SELECT e.id, e.project_id, e.rate_id, e.instrument_id, {WHEN} FROM platforms_event e
                     WHERE e.park_id = :park AND e.ended_on >= :before AND e.ended_on < :next AND {LATE}
                       AND {DAILY} AND e.rate_id IN (SELECT c.rate_id FROM platforms_tmp_combo c WHERE c.basis = 'day')) e
              CROSS JOIN LATERAL generate_series(e.s / 1440, greatest(e.t - 1, e.s) / 1440) d),
fresh AS (SELECT id, count(*) AS days FROM (SELECT id, late, row_number() OVER (PARTITION BY project_id, rate_id, d
            ORDER BY late DESC, s, t, waive, instrument_id, id) AS n FROM touched) x WHERE n = 1 AND NOT late GROUP BY id)"""
PRICES = f"""
CREATE TEMPORARY TABLE platforms_tmp_price ON COMMIT DROP AS
WITH {STEPS},{INSIDE},{DAYS},
priced AS (
  SELECT e.id, e.project_id, e.instrument_id, e.rate_id, e.ended_on, e.s, e.daily_cap, e.waive, CASE WHEN e.custom THEN e.own ELSE
    greatest(CASE e.basis
      WHEN 'hour' THEN CASE WHEN e.tiers THEN div(2 * st.num + 6000, 12000)::bigint
                            ELSE (2 * ((e.minutes - coalesce(i.minutes, 0)) * e.amount + coalesce(i.num, 0))::bigint + 6000) / 12000 END
      WHEN 'unit' THEN div(2 * coalesce(st.num, coalesce(e.quantity, 10000)::numeric * e.amount) + 1000000, 2000000)::bigint
      WHEN 'day' THEN (2 * coalesce(f.days, 0) * e.amount + 100) / 200
      ELSE (2 * e.amount + 100) / 200 END, coalesce(e.minimum, 0)) + coalesce(e.service_fee, 0) END AS price
    FROM platforms_tmp_event e LEFT JOIN stepped st ON st.id = e.id LEFT JOIN inside i ON i.id = e.id LEFT JOIN fresh f ON f.id = e.id
   WHERE e.custom OR e.rate_id IS NOT NULL),
used AS (SELECT e.project_id, e.rate_id, e.ended_on, sum(e.gross) AS used FROM platforms_event e
          WHERE e.park_id = :park AND e.ended_on >= :first AND e.ended_on < :next AND {LATE}
            AND e.rate_id IN (SELECT c.rate_id FROM platforms_tmp_combo c WHERE c.daily_cap IS NOT NULL) GROUP BY 1, 2, 3),
bounded AS (SELECT p.id, greatest(least(p.price, p.daily_cap - coalesce(u.used, 0) - sum(p.price) OVER (
                     PARTITION BY p.project_id, p.rate_id, p.ended_on
                     ORDER BY p.s, p.price, p.waive, p.instrument_id, p.id) + p.price), 0)::bigint AS gross
              FROM priced p LEFT JOIN used u ON u.project_id = p.project_id AND u.rate_id = p.rate_id AND u.ended_on = p.ended_on
             WHERE {CAPPED} AND p.daily_cap IS NOT NULL)
SELECT p.id, p.rate_id, p.project_id, p.waive, coalesce(b.gross, p.price) AS gross, 0::bigint AS discount
  FROM priced p LEFT JOIN bounded b ON b.id = p.id
"""
# the discount of the highest step the payer's month reaches; without steps nothing is read
DISCOUNTS = f"""
WITH totals AS (
  SELECT x.payer, sum(x.gross) AS total FROM (
    SELECT coalesce(j.payer_id, j.firm_id) AS payer, p.gross FROM platforms_tmp_price p JOIN platforms_project j ON j.id = p.project_id
    UNION ALL
    SELECT coalesce(j.payer_id, j.firm_id), e.gross FROM platforms_event e JOIN platforms_project j ON j.id = e.project_id
     WHERE e.park_id = :park AND e.ended_on >= :first AND e.ended_on < :next AND {LATE}) x
   WHERE EXISTS (SELECT FROM platforms_discount_tier d WHERE d.park_id = :park AND d.during @> :first) GROUP BY 1),
percents AS (
  SELECT DISTINCT ON (t.payer) t.payer, d.percent FROM totals t
    JOIN platforms_discount_tier d ON d.park_id = :park AND d.during @> :first AND d.reached <= t.total ORDER BY t.payer, d.reached DESC)
UPDATE platforms_tmp_price p SET discount = div(2 * p.gross::numeric * c.percent + 100000000, 200000000)::bigint
  FROM percents c JOIN platforms_project j ON coalesce(j.payer_id, j.firm_id) = c.payer
 WHERE p.project_id = j.id AND p.gross > 0 AND c.percent > 0
"""
RIGHTS = "CREATE TEMPORARY TABLE platforms_tmp_right (id bigint PRIMARY KEY, amount bigint NOT NULL) ON COMMIT DROP"
WRITE = """
UPDATE platforms_event e
   SET run_id = :run, rate_id = t.rate_id, gross = t.gross, discount = t.discount, entitled = t.entitled,
       waived = CASE WHEN t.waive THEN t.gross - t.discount - t.entitled ELSE 0 END,
       net = CASE WHEN t.waive THEN 0 ELSE t.gross - t.discount - t.entitled END, version = e.version + 1
  FROM (SELECT n.*, greatest(least(coalesce(r.amount, 0), n.gross - n.discount), 0) AS entitled
          FROM platforms_tmp_price n LEFT JOIN platforms_tmp_right r ON r.id = n.id) t
 WHERE e.id = t.id AND e.park_id = :park AND e.ended_on >= :first AND e.ended_on < :next
   AND (e.net IS NULL OR (e.rate_id, e.gross, e.discount, e.entitled) IS DISTINCT FROM (t.rate_id, t.gross, t.discount, t.entitled))
"""
DROP = "DROP TABLE IF EXISTS platforms_tmp_again, platforms_tmp_combo, platforms_tmp_event, platforms_tmp_price, platforms_tmp_right"
UNRATED = f"""
SELECT x.id, f.name, coalesce(i.name, s.name, p.name)
  FROM (SELECT e.id FROM platforms_tmp_event e WHERE NOT e.custom AND e.rate_id IS NULL) t JOIN platforms_event x ON x.id = t.id
  JOIN tenants_firm f ON f.id = x.firm_id JOIN platforms_platform p ON p.id = x.platform_id
  LEFT JOIN platforms_instrument i ON i.id = x.instrument_id LEFT JOIN platforms_service_item s ON s.id = x.item_id
 WHERE {UNKNOWN} AND x.park_id = :park AND x.ended_on >= :first AND x.ended_on < :next ORDER BY x.id
"""


def values(park_id: int, first: date, next_: date, states: tuple[str, ...] = (), only: int | None = None, firm: int | None = None
           ) -> dict[str, Any]:
    """What the statements are bound to; of events without a price `only` one; `firm` for `unbilled`."""
    before = first - timedelta(days=31)
    return {"park": park_id, "first": first, "next": next_, "before": before, "states": list(states), "only": only, "firm": firm}


def prepare(session: Any, bound: dict[str, Any]) -> None:
    """Temporary tables with every event of the month that waits or stands on no bill yet, and its price; nothing of the product changes."""
    c = session.connection()
    c.execute(text(DROP))
    c.execute(text(AGAINS))
    again = c.execute(text(AGAIN), bound, execution_options={"preserve_rowcount": True}).rowcount
    if again:
        measure(c, "platforms_tmp_again")
    combos, events = (sql if again else sql.replace(OR_ANEW, "") for sql in (COMBOS, EVENTS))
    c.execute(text("SET LOCAL enable_sort = off"))  # of a month just loaded the server expects one event and would sort them all
    c.execute(text(combos), bound)
    c.execute(text("SET LOCAL enable_sort TO DEFAULT"))
    measure(c, "platforms_tmp_combo")
    c.execute(text(events), bound)
    measure(c, "platforms_tmp_event")
    c.execute(text(PRICES), bound)
    measure(c, "platforms_tmp_price")
    c.execute(text(DISCOUNTS), bound)
    c.execute(text(RIGHTS))


def put_rights(session: Any, rows: list[tuple[int, int]]) -> None:
    """How much (fen) of which event rights cover."""
    if rows:
        driver = session.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy("COPY platforms_tmp_right (id, amount) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def write(session: Any, bound: dict[str, Any], run_id: int) -> int:
    """Give the prepared events their prices; returns how many had none or another one."""
    done = session.connection().execute(text(WRITE), {**bound, "run": run_id}, execution_options={"preserve_rowcount": True}).rowcount
    session.expire_all()
    return done


def unbilled(session: Any, bound: dict[str, Any]) -> set[int]:
    """Priced events of the month that would be priced anew."""
    return set(session.connection().execute(text(UNBILLED), bound).scalars())


def unrated(session: Any, bound: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Prepared events no rate holds for: id, firm, what."""
    return [tuple(r) for r in session.connection().execute(text(UNRATED), bound)]
