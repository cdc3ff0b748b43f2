"""A few firms in two parks and a resource over them, for the grid's tests. Independent of the tenants screens."""

from datetime import date
from decimal import Decimal

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from parkops.web.compile import resolve
from parkops.web.resource import Col, Filter, Resource, Section, Titles, View

RESOURCE = Resource(
    name="tenants.firm", model=Firm, titles=Titles("Firms", "Firm", "New firm"),
    columns=(Col("name", link=True, important=True), Col("credit_code"), Col("state"), Col("track"), Col("carrier_id"), Col("carrier.name", "Carrier name"),
             Col("phone"), Col("legal_representative"), Col("capital_amount", total="sum"), Col("registered_on"),
             Col("registered_in_carrier"), Col("created_at", hidden=True),
             Col("age", "Days", sql=lambda m, c: c.today - m.registered_on, fmt="int")),
    sections=(Section("Facts", ("name",)),), workflow="modules.tenants.states:FIRM",
    views=(View("incubating", "In incubation", (Filter("state", "eq", "incubating"),), sort="name"),
           View("young", "Young", (Filter("registered_on", "gte", "@today-30"),))),
    search=("name", "credit_code", "phone"), sort="name")

TODAY = date(2026, 6, 15)
FIRMS = (  # name, code, state, track, capital, registered
    ("Alpha 生物", "91370000000000001A", "incubating", "biomed", "100.00", date(2020, 1, 1)),
    ("Beta 100% pure", "91370000000000002A", "incubating", "software", "250.50", date(2021, 5, 31)),
    ("beta_under", None, "team", None, None, None),
    ("Gamma 软件", "91370000000000004A", "graduated", "software", "1000000.00", date(2026, 6, 1)),
    ("=cmd|'/c calc'!A1", None, "prospect", "culture", "0.01", date(2026, 6, 15)),
)


def resolved():
    return resolve(RESOURCE)


def fill(session, park, *, names=FIRMS, prefix=""):
    """The firms of one park under one carrier; returns them by position."""
    carrier = Carrier(park_id=park.id, name=f"{prefix}Hall {park.code}", code=f"{prefix}H-{park.code}", carrier_type="incubator")
    session.add(carrier)
    session.flush()
    firms = [Firm(park_id=park.id, name=prefix + name, credit_code=code, state=state, track=track, registered_on=day,
                  capital_amount=Decimal(capital) if capital else None, capital_currency="CNY" if capital else None,
                  carrier_id=carrier.id if i % 2 == 0 else None, phone="13812345678" if i == 0 else None,
                  legal_representative="王小明" if i == 0 else None, registered_in_carrier=None if i == 2 else i % 2 == 0)
             for i, (name, code, state, track, capital, day) in enumerate(names)]
    session.add_all(firms)
    session.flush()
    return firms
