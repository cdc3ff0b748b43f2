"""Demo, last part: who leads the firms and whom to call, entries of the register that were made twice, and one merge."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from stdnum.cn import ric

from parkops.demo import Context

from . import demo_data as data
from .models.firm import DuplicatePair, Firm
from .models.person import Person
from .services import firms, merge, people

TRAITS = ("student", "serial", "executive", "scientist", "returnee", "rural", "other", "other", "veteran")
SCHOOLS = ("济宁学院", "曲阜师范大学", "山东大学", "济宁医学院", "山东理工大学", "青岛科技大学", None)
EDUCATIONS = ("bachelor", "bachelor", "master", "college", "bachelor", "doctor")


def build(context: Context, maker: data.Maker, today: date) -> None:
    """A person in charge for every firm and team, a contact for every third; then the doubles."""
    with context.scope("operations_clerk") as s:
        found = s.execute(select(Firm.id, Firm.legal_representative, Firm.credit_code, Firm.phone, func.coalesce(Firm.entered_on, Firm.registered_on))
                          .order_by(Firm.id)).all()
        for n, (firm_id, name, code, phone, since) in enumerate(found):
            head = _person(s, maker, name or maker.person(), phone, n)
            people.add_part(s, firm_id=firm_id, person_id=head.id, part="founder", since=since)
            if code:
                people.add_part(s, firm_id=firm_id, person_id=head.id, part="legal_representative", since=since)
            if n % 3 == 0:
                part = ("contact", "finance_contact", "statistician")[n // 3 % 3]
                called = people.add_person(s, name=maker.person(), mobile=maker.phone(), gender=("female", "male")[n % 2])
                people.add_part(s, firm_id=firm_id, person_id=called.id, part=part, position=("行政主管", "会计", "统计员")[n // 3 % 3], since=since)
    _doubles(context, today)
    context.say("tenants: people, and entries made twice")


def _person(session: Any, maker: data.Maker, name: str, phone: str | None, n: int) -> Person:
    """One who leads a firm; one in eight has not told everything."""
    born = date(1970, 1, 5) + timedelta(days=23 * n % 10_600)  # of its own, see _id_number
    known = n % 8 != 7
    return people.add_person(
        session, name=name, mobile=phone, gender=("male", "male", "female")[n % 3], born_on=born if known else None, nationality="中国",
        id_number=_id_number(born) if known else None, education=EDUCATIONS[n % 6] if known else None,
        school=SCHOOLS[n % 7], trait=TRAITS[n % 9] if known else None, serial=TRAITS[n % 9] == "serial" if known else None)


def _id_number(born: date) -> str:
    """A number with a right check digit and the sequence 000, which is given to nobody."""
    body = f"370811{born:%Y%m%d}000"
    return body + ric.calc_check_digit(body + "0")


def _doubles(context: Context, today: date) -> None:
    """Three entries a clerk made a second time; the search finds them, one pair is merged, one is judged different."""
    with context.scope("operations_clerk") as s:
        known = list(s.scalars(select(Firm).where(Firm.state == "incubating").order_by(Firm.id.desc()).limit(3)))
        for firm in known:
            firms.register_firm(s, name=f"{firm.name.removesuffix('有限公司').removesuffix('有限责任公司')}公司", phone=firm.phone, track=firm.track,
                                source="电话登记")
    with context.scope("operations_manager") as s:
        merge.find_duplicates(s, on=today - timedelta(days=6), park_id=context.park_id)
        pairs = list(s.scalars(select(DuplicatePair).where(DuplicatePair.state == "open").order_by(DuplicatePair.id)))
        twice = [p for p in pairs if s.get(Firm, p.other_id).state == "prospect" and s.get(Firm, p.firm_id).state == "incubating"]
        if pairs and pairs[0] not in twice:
            merge.dismiss_pair(s, pairs[0], note="同一代理记账公司的联系电话,是两家企业")
        if twice:
            merge.merge_firms(s, s.get(Firm, twice[0].firm_id), drop_id=twice[0].other_id, on=today - timedelta(days=5), discard_conflicts=True)
