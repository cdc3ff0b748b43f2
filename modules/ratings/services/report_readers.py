"""Who may get a report: users of the park who are active and may see its records. Rule R-134."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access
from parkops.security.catalogue import role_rights
from parkops.security.identity import site_rights
from parkops.security.roles import PERSONAS

from ..models.report_plan import ReportPlan, ReportReader
from .report_sources import sources

RESOURCE = "ratings.report_reader"
WHO = text("""
select p.id, p.name, u.active and not p.is_portal as active,
       array(select r.name from ab_user_role ur join ab_role r on r.id = ur.role_id where ur.user_id = u.id) as roles,
       array(select distinct v.name || '|' || m.name
               from ab_user_role ur join ab_role r on r.id = ur.role_id
               join ab_permission_view_role pr on pr.role_id = r.id
               join ab_permission_view pv on pv.id = pr.permission_view_id
               join ab_permission m on m.id = pv.permission_id
               join ab_view_menu v on v.id = pv.view_menu_id
              where ur.user_id = u.id and r.name <> all(:personas)) as site_rights,
       p.all_parks or exists (select 1 from core_user_park k where k.user_id = p.id and k.park_id = :park) as here
  from core_user p join ab_user u on u.id = p.user_id
 where p.id = any(:ids)
""")


@dataclass(frozen=True)
class Who:
    """A user as a receiver."""

    user_id: int
    name: str
    active: bool
    here: bool
    rights: frozenset[tuple[str, str]]

    def may_get(self, resources: Iterable[str]) -> bool:
        """Kept reports and the records of this one may be read, in this park."""
        return self.active and self.here and all((r, "read") in self.rights for r in ("ratings.report_made", *resources))


def who(session: Any, user_ids: Iterable[int], park_id: int) -> dict[int, Who]:
    """Users by id with what they may, in one statement."""
    rows = session.connection().execute(WHO, {"ids": sorted(set(user_ids)), "park": park_id, "personas": list(PERSONAS)})
    out = {}
    for r in rows:
        out[r.id] = Who(r.id, r.name, bool(r.active), bool(r.here), role_rights(frozenset(r.roles)) | site_rights(r.site_rights))
    return out


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    plan = session.get(ReportPlan, values["plan_id"])
    found = who(session, [values["user_id"]], plan.park_id).get(values["user_id"]) if plan is not None else None
    if found is None or not found.active or not found.here:
        problems.add("ratings.R-134", _l("This person is no active user of the park. Choose another."), "user_id")
    elif not found.may_get(sources(plan.report, ())):
        problems.add(
            "ratings.R-134",
            _l("This person may not see the records of this report. Give the person a role that may, or choose another."),
            "user_id",
        )


def create_reader(session: Any, **values: Any) -> ReportReader:
    """R-134: somebody who may see it anyway."""
    return records.create(session, ReportReader, values, _check)


def remove_reader(session: Any, row: ReportReader) -> None:
    """Not told any more."""
    access.require(session, RESOURCE, "remove")
    records.remove(session, row)
