"""The firm master: register, change, rename, remove; collisions with what is already recorded. Rules T-01 to T-09."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from parkops import records
from parkops.db.base import Model
from parkops.errors import Problems, Refused
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc, errors
from ..models.application import Lead
from ..models.firm import Firm, FirmName
from ._forms import takes

RESOURCE = "tenants.firm"
BY_STEPS = ("state", "carrier_id", "entered_on", "moved_out_on", "incubating_since", "term_ends_on", "graduated_on",
            "was_team", "name_key")


def check_code_free(session: Any, problems: Problems, code: str | None, own_id: int | None = None) -> None:
    """T-04: one credit code, one firm in a park."""
    if code is None:
        return
    query = select(Firm.id, Firm.name).where(Firm.credit_code == code)
    taken = session.execute(query.where(Firm.id != own_id) if own_id is not None else query).first()
    if taken:
        problems.add("tenants.T-04", _l("The credit code belongs to %(name)s already; open that firm instead.",
                                        name=taken.name), "credit_code")


def _check_name_free(session: Any, problems: Problems, values: dict[str, Any], own_id: int | None) -> None:
    """T-05: two firms may bear one name only when both show different credit codes."""
    key, code = calc.name_key(values["name"]), values.get("credit_code")
    if not key:
        problems.add("tenants.T-05", _l("The name needs letters or characters."), "name")
    query = select(Firm.name, Firm.credit_code).where(Firm.name_key == key)
    for name, other in session.execute(query.where(Firm.id != own_id) if own_id is not None else query):
        if code is None or other is None:
            problems.add("tenants.T-05", _l("A firm named %(name)s is already recorded; open it, or enter the credit codes"
                                            " of both.", name=name), "name")
            return


def _check(own_id: int | None, today: date | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        for name in ("registered_on",):
            errors.not_future(problems, name, values.get(name), today)
            errors.not_before_1900(problems, name, values.get(name))
        errors.contact_data(problems, values.get("phone"), values.get("email"))
        for name in ("capital_amount", "founding_capital"):
            if values.get(name) is not None and values[name] < 0:
                problems.add("tenants.T-06", _l("Capital cannot be negative."), name)
        if values.get("capital_amount") is not None and values.get("capital_currency") is None:
            problems.add("tenants.T-06", _l("Choose the currency of the capital."), "capital_currency")
        if values.get("entered_on") and values.get("registered_on") and not values.get("was_team") and (
                values["registered_on"] > values["entered_on"]):
            problems.add("tenants.T-14", _l("The firm entered on %(day)s; it cannot have been registered later.",
                                            day=values["entered_on"].isoformat()), "registered_on")
        check_code_free(session, problems, values.get("credit_code"), own_id)
        _check_name_free(session, problems, values, own_id)

    return check


def _prepare(values: dict[str, Any], problems: Problems) -> dict[str, Any]:
    wrong = [name for name in values if name in BY_STEPS]
    if wrong:
        raise Refused(_l("The stage, carrier and dates of a firm change by its steps only, not by editing."))
    values = errors.clean_values(values)
    if "credit_code" in values:
        values["credit_code"] = errors.credit_code(problems, values["credit_code"])
    return values


@takes(Firm, BY_STEPS)
def register_firm(session: Any, *, today: date | None = None, **values: Any) -> Firm:
    """Record a firm or a team as a register entry (`prospect`): it counts as a tenant only after an admission.

    `name` is required; every other column of the master except those set by steps may be given.
    Raises RuleError T-01 (code), T-02 (future), T-04 (code taken), T-05 (name taken), T-06 (capital)."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    values = _prepare(values, problems)
    problems.stop()
    return records.create(session, Firm, values, _check(None, today))


@takes(Firm, BY_STEPS)
def change_firm(session: Any, firm: Firm, *, today: date | None = None, **values: Any) -> Firm:
    """Correct the master. A changed name counts as a correction; for a change of name by the registry use `rename_firm`."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    values = _prepare(values, problems)
    if values.get("credit_code", firm.credit_code) is None and firm.state not in ("prospect", "team", "left", "dissolved"):
        problems.add("tenants.T-13", _l("A firm in incubation keeps its credit code; correct it instead of removing it."),
                     "credit_code")
    problems.stop()
    return records.change(session, firm, values, _check(firm.id, today))


def rename_firm(session: Any, firm: Firm, *, name: str, on: date) -> Firm:
    """The registry changed the name on `on`: the old one is kept with its days and still found by search and import."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    name = errors.clean(name) or ""
    errors.not_future(problems, "on", on)
    errors.required(problems, {"name": name, "on": on}, "name", "on")
    if name == firm.name:
        problems.add("tenants.T-07", _l("This is the present name; enter the new one."), "name")
    last = session.scalar(select(func.max(FirmName.until)).where(FirmName.firm_id == firm.id))
    since = last or firm.registered_on
    if on is not None and since is not None and on <= since:
        problems.add("tenants.T-07", _l("The present name holds since %(day)s; choose a later day.", day=since.isoformat()), "on")
    problems.stop()
    session.add(FirmName(firm=firm, park_id=firm.park_id, name=firm.name, since=since, until=on))
    return records.change(session, firm, {"name": name}, _check(firm.id, None))


def referrers() -> list[tuple[Any, Any]]:
    """Every (mapped class, column) that points to a firm, of all installed modules, from the metadata."""
    target = Firm.__table__.c.id
    out = []
    for mapper in Model.registry.mappers:
        table = mapper.local_table
        if Model.metadata.tables.get(getattr(table, "key", "")) is not table:
            continue
        for column in getattr(table, "columns", ()):
            if any(key.references(Firm.__table__) and key.column is target for key in column.foreign_keys):
                out.append((mapper.class_, getattr(mapper.class_, mapper.get_property_by_column(column).key)))
    return sorted(out, key=lambda pair: (pair[0].__name__, pair[1].key))


def remove_firm(session: Any, firm: Firm) -> None:
    """Remove a wrong register entry. T-09: a firm with any history or record is never removed; it leaves or is merged."""
    access.require(session, RESOURCE, "remove")
    problems = Problems()
    if firm.state != "prospect":
        problems.add("tenants.T-09", _l("Only a register entry can be removed; a tenant leaves by its steps."))
    own = {"DuplicatePair", "FirmName"}
    used = [model.__resource__ for model, column in referrers() if model.__name__ not in own and session.scalar(
        select(func.count()).select_from(model).where(column == firm.id))]
    if used:
        problems.add("tenants.T-09", _l("Other records belong to this firm (%(kinds)s); merge it into another firm instead.",
                                        kinds=", ".join(sorted(set(used)))))
    problems.stop()
    session.delete(firm)
    session.flush()


def collisions(session: Any, *, credit_code: str | None = None, name: str | None = None, phone: str | None = None,
               skip_firm: int | None = None, skip_lead: int | None = None, limit: int = 10) -> list[tuple[str, Any, str]]:
    """What is already recorded under the same code, name, former name or phone: `(reason, record, label)`, firms first."""
    key, digits = calc.name_key(name or ""), calc.phone_key(phone)
    found: list[tuple[str, Any, str]] = []
    tests = [("credit_code", Firm.credit_code == credit_code) if credit_code else None,
             ("name", Firm.name_key == key) if key else None,
             ("former_name", Firm.id.in_(select(FirmName.firm_id).where(FirmName.name == name))) if name else None,
             ("phone", Firm.phone.in_({phone, digits})) if digits else None]
    seen: set[int] = {skip_firm} if skip_firm else set()
    for reason, condition in filter(None, tests):
        for firm in session.scalars(select(Firm).where(condition).limit(limit)):
            if firm.id not in seen:
                seen.add(firm.id)
                found.append((reason, firm, firm.name))
    ways = [c for c in (Lead.credit_code == credit_code if credit_code else None, Lead.name == name if name else None,
                        Lead.phone.in_({phone, digits}) if digits else None) if c is not None]
    if ways:
        query = select(Lead).where(or_(*ways), Lead.state != "lost", Lead.id != (skip_lead or 0)).limit(limit)
        found += [("lead", lead, lead.name) for lead in session.scalars(query)]
    return found[:limit]


def watch_firms(session: Any, firms: list[Firm]) -> tuple[str, None]:
    """Put firms on the watch list (bulk action)."""
    return _watch(session, firms, True), None


def unwatch_firms(session: Any, firms: list[Firm]) -> tuple[str, None]:
    """Take firms off the watch list (bulk action)."""
    return _watch(session, firms, False), None


def _watch(session: Any, firms: list[Firm], value: bool) -> str:
    access.require(session, RESOURCE, "change")
    for firm in firms:
        firm.watch = value
    session.flush()
    return _("%(n)s firms changed.", n=len(firms))
