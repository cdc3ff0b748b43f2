"""Facts about an applicant for an apartment. What nobody declared is unknown, with what to collect; the park's own records are complete."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from modules.tenants.models.person import Person
from modules.tenants.services import history
from modules.tenants.services.stages import IN_PARK
from modules.tenants.states import FIRM
from parkops.i18n import _, _l
from parkops.rules.facts import Fact, provider

from .. import calc_housing as calc
from ..models.housing import TALENT_LEVELS, HousingContract

SUBJECT = "amenities.housing_application"


@provider(SUBJECT, "employer_in_park", title=_l("Employer is a firm of the park"))
def employer_in_park(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """The employer's stage on the day."""
    found, out = history.status_on(session, on, [s.firm_id for s in subjects]), {}
    for s in subjects:
        state = found.get(s.firm_id, (None, None))[0]
        out[s.id] = Fact(state in IN_PARK, source=str(FIRM.choices.label(state)) if state else _("Not admitted on that day"),
                         records=[("tenants.firm", s.firm_id)])
    return out


def _own(name: str, title: Any, read: Any, source: Any) -> None:
    """A fact declared in the application."""

    def answer(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
        out = {}
        for s in subjects:
            value = read(s, on)
            out[s.id] = Fact() if value is None else Fact(value, source=str(source(s)), records=[(SUBJECT, s.id)])
        return out

    answer.__qualname__ = f"amenities.{name}"
    provider(SUBJECT, name, title=title)(answer)


_own("talent_rank", _l("Rank of the talent level"), lambda s, on: s.rank, lambda s: TALENT_LEVELS.label(s.talent_level))
_own("months_employed", _l("Months at the employer"),
     lambda s, on: calc.whole_months(s.employed_since, on) if s.employed_since else None, lambda s: _l("Employed since"))
_own("insured_months", _l("Months of social insurance"), lambda s, on: s.insured_months, lambda s: _l("As declared"))
_own("owns_home", _l("Owns a home in the city"), lambda s, on: s.owns_home, lambda s: _l("As declared"))


@provider(SUBJECT, "age", title=_l("Age in years"))
def age(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Completed years, from the day of birth."""
    born = dict(session.execute(select(Person.id, Person.born_on).where(Person.id.in_([s.person_id for s in subjects]))).all())
    return {s.id: Fact(calc.whole_months(born[s.person_id], on) // 12, source=_("Born on"), records=[("tenants.person", s.person_id)])
            if born.get(s.person_id) else Fact() for s in subjects}


@provider(SUBJECT, "housed_months", title=_l("Months housed so far"))
def housed_months(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Months of contracts under which the person lived here; none on record is none."""
    c, total, ids = HousingContract, {s.person_id: 0 for s in subjects}, {s.person_id: [] for s in subjects}
    query = select(c.id, c.person_id, c.starts_on, c.ended_on, c.ends_on).where(c.person_id.in_(list(total)), c.checked_in_on.is_not(None))
    for pk, person, starts, ended, ends in session.execute(query):
        total[person] += calc.whole_months(starts, min(ended or ends, on))
        ids[person].append((c.__resource__, pk))
    return {s.id: Fact(total[s.person_id], source=_("Housing contracts"), records=ids[s.person_id]) for s in subjects}
