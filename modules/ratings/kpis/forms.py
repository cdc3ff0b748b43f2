"""Indicators of statutory forms and of the tax exemption."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, and_, case, cast, func, or_, select, type_coerce

from parkops.i18n import _l
from parkops.kpi.registry import LAST, RATIO, Kpi, Window

from ..models.form_run import FormRun
from ..services.measures import installed

R = FormRun
KEY = cast(R.carrier_id, String).label("key")


def _due(window: Window) -> tuple[Any, ...]:
    return R.due_on >= window.start, R.due_on < window.end, R.due_on <= window.on


def measure_on_time(window: Window) -> Any:
    """park_id, key, filings filed by their day, filings due."""
    count = func.sum(case((R.filed_on <= R.due_on, 1), else_=0))
    return (
        select(R.park_id, KEY, cast(count, BigInteger).label("numerator"), func.count(R.id).label("denominator"))
        .where(*_due(window))
        .group_by(R.park_id, R.carrier_id)
    )


def list_on_time(window: Window) -> Any:
    """Filed by their day."""
    return select(R.id.label("id"), KEY).where(*_due(window), R.filed_on <= R.due_on)


def list_due(window: Window) -> Any:
    """Due in the period."""
    return select(R.id.label("id"), KEY).where(*_due(window))


def _open(window: Window) -> tuple[Any, ...]:
    """Periods over by the day, not frozen by then."""
    return R.last_day < window.on, or_(R.frozen_on.is_(None), R.frozen_on > window.on), R.open_cells > 0


def measure_open(window: Window) -> Any:
    """park_id, key, unreported items."""
    total = cast(func.sum(R.open_cells), BigInteger).label("numerator")
    return select(R.park_id, KEY, total).where(*_open(window)).group_by(R.park_id, R.carrier_id)


def list_open(window: Window) -> Any:
    """The filings with their unreported items."""
    return select(R.id.label("id"), KEY, cast(R.open_cells, BigInteger).label("amount")).where(*_open(window))


def _posted(window: Window, *columns: Any, exempt: bool = False) -> Any:
    from modules.billing.models.bill import Bill
    from modules.billing.models.charge import Charge

    query = select(*columns).select_from(Charge).join(Bill, Bill.id == Charge.bill_id)
    day = and_(Bill.issued_on >= window.start, Bill.issued_on < window.end)
    query = query.where(Bill.state != "draft", day, Charge.treatment != "outside")
    return query.where(Charge.treatment == "exempt") if exempt else query


def measure_exempt(window: Window) -> Any:
    """park_id, key, exempt and all sales in fen, without VAT."""
    from modules.billing.models.charge import Charge

    net = type_coerce(Charge.net, BigInteger)
    exempt = func.sum(case((Charge.treatment == "exempt", net), else_=0))
    key = cast(Charge.carrier_id, String).label("key")
    columns = (Charge.park_id, key, cast(exempt, BigInteger).label("numerator"), cast(func.sum(net), BigInteger).label("denominator"))
    return _posted(window, *columns).group_by(Charge.park_id, Charge.carrier_id)


def _lines(exempt: bool) -> Any:
    def drill(window: Window) -> Any:
        """The billed lines."""
        from modules.billing.models.charge import Charge

        net, key = type_coerce(Charge.net, BigInteger), cast(Charge.carrier_id, String).label("key")
        return _posted(window, Charge.id.label("id"), key, net.label("amount"), exempt=exempt)

    return drill


OWN = (
    Kpi(
        "ratings.forms_on_time",
        _l("Statutory forms filed on time"),
        "percent",
        RATIO,
        measure_on_time,
        _l("Filings filed by their day ÷ filings whose day lies in the period and has passed."),
        resource="ratings.form_run",
        drill=list_on_time,
        drill_denominator=list_due,
        denominator_resource="ratings.form_run",
        dimension="tenants.carrier",
        order=70,
    ),
    Kpi(
        "ratings.form_open_cells",
        _l("Unreported items of statutory forms"),
        "count",
        LAST,
        measure_open,
        _l("Items without a value in forms of past periods that are not frozen, as they stand today."),
        resource="ratings.form_run",
        drill=list_open,
        better="lower",
        dimension="tenants.carrier",
        order=71,
    ),
)
EXEMPT = Kpi(
    "ratings.exempt_share",
    _l("Exempt share of sales"),
    "percent",
    RATIO,
    measure_exempt,
    _l("Exempt income of incubation services ÷ all sales, both without VAT, by the day of bills and credit notes."),
    resource="billing.charge",
    drill=_lines(True),
    drill_denominator=_lines(False),
    denominator_resource="billing.charge",
    dimension="tenants.carrier",
    better="none",
    order=72,
    places=2,
    denominator_places=2,
)


def __getattr__(name: str) -> Any:
    """KPIS, asked when every module is known: billing is only extended."""
    if name == "KPIS":
        return [*OWN, *((EXEMPT,) if installed("billing") else ())]
    raise AttributeError(name)
