"""What must tie in this module; `parkops check` and the nightly job run these over all parks."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select

from parkops.checks import Check
from parkops.clock import Period, today
from parkops.i18n import _, _l
from parkops.kpi.registry import Window

from . import calc_datacall as calc
from .kpis import _sql
from .models.carrier import Carrier
from .models.datacall import DataCall, DataCallResponse
from .models.firm import Firm
from .models.stage import Stage
from .models.statement import FirmStatement
from .services.fact_queries import stage_on
from .services.responses import fields_of

FLOWS = ("admitted", "moved_in", "graduated", "left", "dissolved", "moved_out")


def reconcile(session: Any, period: Period) -> dict[int | None, dict[str, int]]:
    """Per carrier: opening, each flow, closing and `difference` = opening + flows − closing (0 when the chain ties).

    Opening and closing are counted by the days the stage rows cover, the flows by the changes between rows, so a gap in a
    firm's history shows."""
    out: dict[int | None, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("opening", *FLOWS, "closing"), 0))
    for name, day in (("opening", period.start - timedelta(days=1)), ("closing", period.last_day)):
        for carrier, count in session.execute(select(Stage.carrier_id, func.count()).where(
                Stage.state == "incubating", stage_on(day)).group_by(Stage.carrier_id)):
            out[carrier][name] = count
    c, window = _sql.changes(), Window(period, period.last_day)
    conditions = {"admitted": (_sql.admitted(c), c.c.carrier_id), "moved_in": (_sql.moved(c), c.c.carrier_id),
                  "moved_out": (_sql.moved(c), c.c.old_carrier)}
    conditions |= {s: (_sql.ended(c, s), c.c.old_carrier) for s in ("graduated", "left", "dissolved")}
    for name, (condition, carrier) in conditions.items():
        for key, count in session.execute(select(carrier, func.count()).where(
                condition, _sql.in_window(c, window)).group_by(carrier)):
            out[key][name] = count
    for row in out.values():
        row["difference"] = (row["opening"] + row["admitted"] + row["moved_in"] - row["graduated"] - row["left"]
                             - row["dissolved"] - row["moved_out"] - row["closing"])
    return dict(out)


def _chain(session: Any) -> list[str]:
    """Every year from the first stage row until today, per carrier."""
    first = session.scalar(select(func.min(Stage.starts_on)))
    if first is None:
        return []
    names = dict(session.execute(select(Carrier.id, Carrier.name)).all())
    found, year = [], Period.year(first)
    while year.start <= today():
        for carrier, row in sorted(reconcile(session, year).items(), key=lambda x: x[0] or 0):
            if row["difference"]:
                found.append(_("%(carrier)s %(year)s: opening and flows differ from closing by %(n)s firms.",
                               carrier=names.get(carrier, "—"), year=year.key, n=row["difference"]))
        year = year.next()
    return found


def _state_is_stage(session: Any) -> list[str]:
    """A firm's state and carrier are those of its open stage row; only register entries have none."""
    current = select(Stage.firm_id, Stage.state, Stage.carrier_id).where(stage_on(today())).subquery()
    rows = session.execute(select(Firm.id, Firm.name, Firm.state, current.c.state.label("stage")).outerjoin(
        current, current.c.firm_id == Firm.id).where(or_(
            (current.c.firm_id.is_(None)) & Firm.state.not_in(("prospect", "dissolved")), current.c.state != Firm.state)))
    return [_("%(firm)s: the state is %(state)s, the history says %(stage)s.", firm=row.name, state=row.state,
              stage=row.stage or "—") for row in rows]


def _gaps(session: Any) -> list[str]:
    """The stage rows of a firm follow each other without a gap."""
    following = func.lead(Stage.starts_on).over(partition_by=Stage.firm_id, order_by=Stage.starts_on)
    rows = select(Stage.firm_id, Stage.ends_on, following.label("following")).subquery()
    found = session.execute(select(Firm.name, rows.c.ends_on, rows.c.following).join(rows, rows.c.firm_id == Firm.id).where(
        rows.c.following.is_not(None), rows.c.ends_on.is_distinct_from(rows.c.following)))
    return [_("%(firm)s: the history has a gap between %(a)s and %(b)s.", firm=name, a=str(end), b=str(start))
            for name, end, start in found]


def _answers_are_statements(session: Any) -> list[str]:
    """An accepted answer and the firm's statement of that period hold the same figures."""
    found = []
    query = select(DataCallResponse, FirmStatement).join(DataCall, DataCall.id == DataCallResponse.call_id).outerjoin(
        FirmStatement, (FirmStatement.firm_id == DataCallResponse.firm_id) & (FirmStatement.grain == DataCall.grain)
        & (FirmStatement.period_start == DataCall.period_start)).where(DataCallResponse.state == "accepted")
    for response, statement in session.execute(query.execution_options(yield_per=500)):
        call = session.get(DataCall, response.call_id)
        expected = calc.figures(fields_of(call), response.answers, call.unit)
        wrong = [n for n, v in expected.items() if statement is None or getattr(statement, n) != v]
        if wrong:
            found.append(_("Answer %(id)s to %(call)s differs from the firm's figures in %(fields)s.", id=response.id,
                           call=call.name, fields=", ".join(wrong)))
    return found


def _future(session: Any) -> list[str]:
    """No stage begins after today."""
    rows = session.execute(select(Firm.name, Stage.starts_on).join(Firm, Firm.id == Stage.firm_id).where(
        Stage.starts_on > today()))
    return [_("%(firm)s: a stage begins in the future, on %(day)s.", firm=n, day=str(d)) for n, d in rows]


CHECKS = [
    Check("tenants.chain", _l("Opening + new − graduated − left − dissolved = closing, per carrier and year"), _chain),
    Check("tenants.state_is_stage", _l("Every firm's state is that of its history"), _state_is_stage),
    Check("tenants.stage_gaps", _l("No gaps in the stage history"), _gaps),
    Check("tenants.answers", _l("Accepted answers equal the firms' figures"), _answers_are_statements),
    Check("tenants.future_stages", _l("No stage begins in the future"), _future),
]
