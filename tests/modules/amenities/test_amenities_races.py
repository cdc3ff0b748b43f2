"""Races with their controls: a bed is let once, a card is never negative and a key sells once, a slot is never overbooked."""

import contextlib
import threading
from datetime import date

from amenities_help import MARCH, D, beds, card, english, incubatee, local, place, queued, till  # noqa: F401
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from modules.amenities.models.health import HealthPackage, HealthSlot, HealthVisit
from modules.amenities.models.housing import NO_OVERLAP, HousingApplication, HousingContract
from modules.amenities.models.meals import MealCard, MealUse
from modules.amenities.services import health, housing_queue
from modules.amenities.services import till as tills
from parkops.db.session import Scope, engine, new_session, system_scope
from parkops.errors import Conflict, ParkOpsError


def scope():
    with system_scope("test") as s:
        park = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
    return Scope(parks=None, system=True, park_id=park, via="system", user_name="test", reason="test")


def prepared(make):
    with system_scope("test") as s:
        s.info["scope"] = scope()
        out = make(s)
        s.commit()
    return out


def together(jobs):
    """Run the jobs at the same moment, each in a transaction of its own; returns (done, refused, broken)."""
    barrier, mine, out = threading.Barrier(len(jobs), timeout=60), scope(), ([], [], [])

    def one(job):
        with new_session(mine) as s:
            try:
                found = job(s, barrier)
                s.commit()
                out[0].append(found)
            except (ParkOpsError, Conflict) as refused:
                s.rollback()
                out[1].append(str(refused))
            except Exception as wrong:
                s.rollback()
                out[2].append(repr(wrong))

    threads = [threading.Thread(target=one, args=(j,)) for j in jobs]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return out


def allotments(n=6, control=False):
    def make(s):
        where = place(s)
        return beds(s, where)[0].id, [queued(s, where).id for _ in range(n)]

    bed, rows = prepared(make)
    if control:
        with engine(owner=True).begin() as c:
            c.execute(text(f"ALTER TABLE amenities_housing_contract DROP CONSTRAINT {NO_OVERLAP}"))

    def allot(pk):
        def job(s, barrier):
            row = s.get(HousingApplication, pk)
            barrier.wait()
            return housing_queue.allot_application(s, row, bed_id=bed, starts_on=MARCH, on=MARCH, reason="race").id

        return job

    done, refused, broken = together([allot(pk) for pk in rows])
    with system_scope("test") as s:
        return done, refused, broken, s.scalar(select(func.count(HousingContract.id)).where(HousingContract.bed_id == bed))


def test_a_bed_is_let_once(fresh_db):
    done, refused, broken, contracts = allotments()
    assert not broken and (len(done), len(refused), contracts) == (1, 5, 1)
    assert all("taken in these days" in sentence or "占用" in sentence for sentence in refused)


def test_control_without_the_constraint_a_bed_is_let_twice(fresh_db):
    done, _refused, broken, contracts = allotments(control=True)
    assert not broken and len(done) == contracts > 1


def sales(n, price, keys, monkeypatch=None, control=False):
    box, number = prepared(lambda s: (till(s).code, card(s, balance="100").number))
    if control:
        with engine(owner=True).begin() as c:
            c.execute(text("ALTER TABLE amenities_meal_card DROP CONSTRAINT ck_amenities_meal_card_balance"))
        waiting, plain = threading.Barrier(n, timeout=60), tills._reading()
        plain._for_update_arg = None
        monkeypatch.setattr(tills, "READ", plain)

        def minus(session, row, **values):  # as hurried code would write it: look, then subtract
            waiting.wait()
            fields = {"park_id": row.park_id, "card_id": row.id, "till_id": row.till_id, "outlet_id": row.outlet_id,
                      **{k: v for k, v in values.items() if k not in ("day_meals", "month_subsidy")}}
            new = session.connection().execute(MealUse.__table__.insert().values(**fields).returning(MealUse.__table__.c.id)).scalar()
            session.execute(text("update amenities_meal_card set balance = balance - :o where id = :i"), {"o": int(values["own"] * 100), "i": row.id})
            return new

        monkeypatch.setattr(tills, "_write", minus)

    def sell(k):
        def job(s, barrier):
            barrier.wait()
            return tills.consume(s, till=box, card=number, price=D(price), key=keys(k), at=local(2)).id

        return job

    done, refused, broken = together([sell(k) for k in range(n)])
    with system_scope("test") as s:
        found = s.execute(select(MealCard.balance, select(func.count(MealUse.id)).scalar_subquery()).where(MealCard.number == number)).one()
    return done, refused, broken, found


def test_a_card_is_never_negative(fresh_db):
    done, refused, broken, (balance, uses) = sales(12, "30", lambda k: f"key-{k:06d}")
    assert not broken and (len(done), len(refused), uses, balance) == (3, 9, 3, D("10.00"))


def test_control_without_lock_and_check_a_card_goes_negative(fresh_db, monkeypatch):
    done, _refused, broken, (balance, uses) = sales(6, "30", lambda k: f"key-{k:06d}", monkeypatch, control=True)
    assert not broken and len(done) == uses == 6 and balance == D("-80.00")


def test_the_same_message_from_all_sides_sells_once(fresh_db):
    done, refused, broken, (balance, uses) = sales(8, "30", lambda k: "key-always")
    assert not broken and not refused and len(set(done)) == 1 and (uses, balance) == (1, D("70.00"))


def slots(control=False):
    def make(s):
        where = place(s, "health")
        package = HealthPackage(park_id=where.park_id, facility_id=where.id, code="P", name="P", kind="checkup", price=D("100"))
        s.add(package)
        s.flush()
        return health.create_slot(s, facility_id=where.id, starts_at=local(2), places=3).id, package.id, incubatee(s).id

    slot, package, firm = prepared(make)
    if control:
        with engine(owner=True).begin() as c:
            c.execute(text("ALTER TABLE amenities_slot DROP CONSTRAINT ck_amenities_slot_taken"))

    def book(k):
        def job(s, barrier):
            barrier.wait()
            return health.book_visit(s, firm_id=firm, person_code=f"E{k}", package_id=package, slot_id=slot).id

        return job

    done, refused, broken = together([book(k) for k in range(9)])
    with system_scope("test") as s:
        return done, refused, broken, s.get(HealthSlot, slot).taken, s.scalar(select(func.count(HealthVisit.id)))


def test_a_slot_is_never_overbooked(fresh_db):
    done, refused, broken, taken, visits = slots()
    assert not broken and (len(done), len(refused), taken, visits) == (3, 6, 3, 3)


def test_control_without_the_check_a_slot_is_overbooked(fresh_db):
    done, _refused, broken, taken, visits = slots(control=True)
    assert not broken and len(done) == taken == visits == 9


def test_the_database_itself_refuses_a_negative_card(fresh_db):
    pk = prepared(lambda s: card(s, balance="5").id)
    refused = False
    with contextlib.suppress(DBAPIError), engine(owner=True).begin() as c:
        refused = True
        c.execute(text("update amenities_meal_card set balance = -1 where id = :i"), {"i": pk})
        refused = False
    assert refused and date(2026, 3, 1) == MARCH
