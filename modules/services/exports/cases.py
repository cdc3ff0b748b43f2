"""Import of finished and running cases from another hall system: 35,000 and more at once, ratings included. Rule SV-71."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import insert, literal, select

from modules.tenants.models.firm import Firm
from parkops.clock import ZONE
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.i18n import _l
from parkops.importing import ImportField, ImportKind, ImportRow

from ..models.case import CHANNELS, ServiceCase
from ..models.hall import ServiceHall
from ..models.item import HallItem
from ..models.quality import ServiceRating
from ..services import cases, ratings
from ..services.calendar import calendar_of
from ..states import RESULTS

FIXED = ("received_on", "completed_on", "stars", "result")


def prepare(session: Any, rows: list[ImportRow], on: date) -> None:
    """SV-71: item and hall by code, firm by credit code, limits from the calendar; five statements a chunk."""
    park_id = scope_of(session).park_id
    items = {i.code: i for i in session.scalars(select(HallItem).where(HallItem.park_id == park_id))}
    halls = dict(
        session.execute(
            select(ServiceHall.code, ServiceHall.id).where(ServiceHall.park_id == park_id).order_by(ServiceHall.id.desc())
        ).all()
    )
    codes = {r.values.get("credit_code") for r in rows} - {None}
    firms = (
        dict(session.execute(select(Firm.credit_code, Firm.id).where(Firm.park_id == park_id, Firm.credit_code.in_(codes))).all())
        if codes
        else {}
    )
    c = ServiceCase
    known = {
        n: more
        for n, *more in session.execute(
            select(c.number, c.batch, *(getattr(c, f) for f in FIXED)).where(
                c.park_id == park_id, c.number.in_([r.values["number"] for r in rows])
            )
        )
    }
    found = _Known(items, halls, firms, known, calendar_of(session, park_id), {}, on)
    for row in rows:
        _one(row, found)


class _Known:
    """What a chunk was looked up with; `limits` are worked out once per item and day."""

    def __init__(self, items: Any, halls: Any, firms: Any, known: Any, calendar: Any, limits: dict, on: date):
        self.items, self.halls, self.firms, self.known, self.calendar, self.limits, self.on = (
            items,
            halls,
            firms,
            known,
            calendar,
            limits,
            on,
        )

    def due(self, item: HallItem, day: date) -> tuple[date, date | None]:
        key = (item.id, day)
        if key not in self.limits:
            self.limits[key] = cases.limits(self.calendar, item, day)
        return self.limits[key]


def _one(row: ImportRow, known: _Known) -> None:
    v = row.values
    item, hall = (
        known.items.get(v["item_id"]),
        known.halls.get(v.get("hall_id")) if v.get("hall_id") else next(iter(known.halls.values()), None),
    )
    received, completed, stars = v["received_on"], v.get("completed_on"), v.get("stars")
    if item is None:
        return row.refuse("services.SV-71", _l("There is no service item %(code)s; correct the code.", code=v["item_id"]), "item_id")
    if hall is None:
        return row.refuse("services.SV-71", _l("There is no such hall; correct the code."), "hall_id")
    if received > known.on or (completed or received) > known.on:
        return row.refuse("record.future_date", _l("This date lies in the future. Enter the day it happened."), "received_on")
    if completed is not None and completed < received:
        return row.refuse("services.SV-71", _l("The result lies before the receipt."), "completed_on")
    if stars is not None and not (1 <= stars <= 5 and completed is not None):
        return row.refuse("services.SV-71", _l("A rating is 1 to 5 stars, on a case with a result."), "stars")
    if v.get("waited") is not None and v["waited"] < 0:
        return row.refuse("services.SV-71", _l("This cannot be negative."), "waited")
    v["result"] = (v.get("result") or ("approved" if item.label == "authority" else "done")) if completed is not None else None
    old = known.known.get(v["number"])
    if old is not None and (old[0] is None or old[1:] != [v.get(n) for n in FIXED]):
        return row.refuse(
            "services.SV-71", _l("This case is here already with other days, result or rating; it is changed on the screen."), "number"
        )
    return _derive(v, item, hall, known)


def _derive(v: dict[str, Any], item: HallItem, hall: int, known: _Known) -> None:
    received, completed = v["received_on"], v.get("completed_on")
    promised, statutory = known.due(item, received)
    v |= {
        "item_id": item.id,
        "hall_id": hall,
        "firm_id": known.firms.get(v.get("credit_code")),
        "channel": v.get("channel") or "window",
        "batch": "import",
        "received_at": datetime.combine(received, time(9), ZONE),
        "clock_from": received,
        "accepted_on": received,
        "promised_due": promised,
        "statutory_due": statutory,
        "promised_days": item.promised_days,
        "statutory_days": item.statutory_days,
        "state": "accepted",
    }
    if completed is not None:
        v |= {
            "state": "delivered",
            "completed_at": datetime.combine(completed, time(17), ZONE),
            "spot": completed == received,
            "in_time": completed <= promised,
            "delivery": "pickup",
            "delivered_on": completed,
        }


def after(session: Any, inserted: list[int], updated: list[int], on: date) -> None:
    """Ratings of the new cases in one statement; bad ones get their task with the day of the rule."""
    if not inserted:
        return
    c, r = ServiceCase, ServiceRating
    rows = select(c.park_id, c.id, c.stars, c.channel.in_(("online", "kiosk")), literal("import"), c.completed_on, c.completed_at).where(
        c.id.in_(inserted), c.stars.is_not(None)
    )
    done = session.execute(
        insert(r).from_select(["park_id", "case_id", "stars", "online", "rated_by", "rated_on", "rated_at"], rows).returning(r.id, r.stars)
    ).all()
    if done:
        audit.bulk(session, ServiceRating, "add", len(done), {"from": "import"})
    bad = [i for i, stars in done if stars <= 2]
    for rating in session.scalars(select(r).where(r.id.in_(bad)).order_by(r.id)) if bad else ():
        ratings.open_task(session, rating)


DERIVED = (
    "firm_id",
    "batch",
    "received_at",
    "clock_from",
    "accepted_on",
    "promised_due",
    "statutory_due",
    "promised_days",
    "statutory_days",
    "state",
    "completed_at",
    "spot",
    "in_time",
    "delivery",
    "delivered_on",
)
IMPORTS = [
    ImportKind(
        code="services.cases",
        title=_l("Cases of the hall"),
        resource="services.case",
        model="modules.services.models.case:ServiceCase",
        key=("number",),
        prepare=prepare,
        after=after,
        defaults={**dict.fromkeys(DERIVED), "batch": "import", "state": "accepted"},
        help=_l("Rows are found by case number; a result counts as handed over, stars become a rating. Ratings stay: with stars no undo."),
        fields=(
            ImportField("number", _l("Case no."), required=True, max_length=40, aliases=("办件编号", "业务编号", "受理编号", "Case no.")),
            ImportField("item_id", _l("Service item"), required=True, aliases=("事项编码", "事项代码", "Item")),
            ImportField("hall_id", _l("Service hall"), aliases=("大厅编码", "服务大厅", "Hall")),
            ImportField(
                "applicant", _l("Applicant of the case"), required=True, max_length=200, aliases=("申请人", "申请单位", "企业名称")
            ),
            ImportField("credit_code", _l("Credit code"), max_length=18, aliases=("统一社会信用代码",)),
            ImportField("channel", _l("Channel"), kind="choice", choices=CHANNELS, aliases=("渠道", "受理方式")),
            ImportField("received_on", _l("Received on"), kind="date", required=True, aliases=("受理日期", "收件日期", "接收日期")),
            ImportField("waited", _l("Minutes waited"), kind="int", aliases=("等候分钟", "等候时间")),
            ImportField("completed_on", _l("Result on"), kind="date", aliases=("办结日期", "办结时间")),
            ImportField("result", _l("Result"), kind="choice", choices=RESULTS, aliases=("办理结果", "结果")),
            ImportField("stars", _l("Stars"), kind="int", aliases=("评价星级", "星级", "评价")),
            ImportField("note", _l("Note"), max_length=300, aliases=("备注",)),
        ),
    ),
]
