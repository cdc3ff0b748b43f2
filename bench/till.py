"""`parkops bench till --size 2000`: meals sold at tills: through the service, over HTTP as a till does, and in bare SQL beside.

Asked: 200 consumptions a second on this machine, no negative card, retries that sell once. Everything is on: rights, park scope, subsidy,
one-time keys, append-only rows. The floor does the same three statements on tables of its own, in the same run. A difference stops it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from typing import Any

DATABASE = "parkops_bench_till"
PASSWORD = "Bench-password-1"
CARDS, BALANCE, PRICE, TILLS, WORKERS = 200, 60, Decimal("7.50"), 8, 8
WHO: dict[str, Any] = {}


def prepare() -> None:
    """A park, a firm with a meal plan, an operator, eight tills and 200 cards of 60 yuan."""
    from parkops.db.session import Scope, session_scope, system_scope
    from parkops.models import Park
    from parkops.security.users import ensure_demo_user

    with system_scope("bench") as s:
        park = Park(code="bench", name="Bench")
        s.add(park)
        s.flush()
        WHO.update(
            park=park.id,
            user=ensure_demo_user(s, username="bench", role="operations_clerk", full_name="Bench", park_id=park.id, password=PASSWORD),
        )
    with session_scope(Scope(system=True, parks=frozenset({WHO["park"]}), park_id=WHO["park"], via="cli", reason="bench")) as s:
        setup(s)


def setup(s: Any) -> None:
    """What a till needs."""
    from modules.amenities.models.meals import Outlet, Till
    from modules.amenities.models.operator import AmenityOperatorContract
    from modules.amenities.services import facilities, meal_cards, meal_setup
    from modules.tenants.services import firms

    firm = firms.register_firm(s, name="Bench firm")
    place = facilities.create_facility(s, code="C", name="Canteen", kind="canteen", seats=3000)
    terms = AmenityOperatorContract(
        park_id=place.park_id,
        number="B-1",
        facility_id=place.id,
        operator_id=firm.id,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        share_rate=Decimal("0.1"),
    )
    s.add(terms)
    s.flush()
    outlet = Outlet(park_id=place.park_id, facility_id=place.id, code="O", name="O", contract_id=terms.id)
    s.add(outlet)
    s.flush()
    s.add_all(Till(park_id=place.park_id, outlet_id=outlet.id, code=f"T{n}") for n in range(TILLS))
    meal_setup.create_plan(s, firm_id=firm.id, per_meal=Decimal("2"), meals_a_day=1, starts_on=date(2026, 1, 1))
    for _n in range(CARDS):
        card = meal_cards.issue_card(s, issued_on=date(2026, 1, 1), holder="H", firm_id=firm.id)
        meal_cards.top_up(s, card, amount=Decimal(BALANCE), on=date(2026, 1, 1))
        WHO.setdefault("cards", []).append(card.number)


def scope() -> Any:
    """A transaction with exactly the clerk's rights."""
    from parkops.db.session import Scope, session_scope
    from parkops.security.catalogue import role_rights

    roles = frozenset({"operations_clerk"})
    return session_scope(
        Scope(
            user_id=WHO["user"],
            user_name="bench",
            roles=roles,
            rights=role_rights(roles),
            parks=frozenset({WHO["park"]}),
            park_id=WHO["park"],
            via="rest",
        )
    )


def at() -> datetime:
    """Lunch."""
    from parkops.clock import ZONE

    return datetime(2026, 3, 2, 12, tzinfo=ZONE)


def sell(n: int, key: str) -> str:
    """One sale through the service: sold, again or refused."""
    from modules.amenities.services import till
    from parkops.errors import RuleError

    try:
        with scope() as s:
            found = till.consume(s, till=f"T{n % TILLS}", card=WHO["cards"][n % CARDS], price=PRICE, key=key, at=at())
        return "again" if found.again else "sold"
    except RuleError:
        return "refused"


def threads(work: Any, size: int, workers: int = WORKERS) -> tuple[float, list[str]]:
    """`size` pieces of work by several threads at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        out = list(pool.map(work, range(size), chunksize=8))
    return time.perf_counter() - started, out


def verify(sold: int) -> tuple[int, int]:
    """(negative cards, sales) and every balance equal to what came in less what was eaten."""
    from sqlalchemy import text

    from modules.amenities.checks.amenities import CHECKS
    from parkops.db.session import system_scope

    with system_scope("bench: verify") as s:
        negative = s.connection().execute(text("select count(*) from amenities_meal_card where balance < 0")).scalar()
        uses = s.connection().execute(text("select count(*) from amenities_meal_use")).scalar()
        wrong = [x for check in CHECKS if check.code in ("amenities.cards", "amenities.ledger") for x in check.run(s)]
    assert not negative and uses == sold and not wrong, (negative, uses, sold, wrong[:3])
    return negative, uses


def raw(size: int) -> float:
    """The floor: lock the card, write the row unless its key is there, subtract; psycopg, one connection a thread."""
    import psycopg

    from parkops.db import embedded

    url = embedded.owner_url().replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as c:
        c.execute(
            "create schema raw; create table raw.card (id bigint primary key,"
            " balance bigint not null check (balance >= 0), meals int not null default 0);"
            "create table raw.use (id bigint generated always as identity primary key, card_id bigint not null"
            " references raw.card, till int not null, key text not null, price bigint not null,"
            " at timestamptz not null default now(), unique (till, key))"
        )
        c.execute("insert into raw.card select i, 1000000000 from generate_series(0, %s) i" % (CARDS - 1))
    mine = threading.local()

    def one(n: int) -> str:
        if not hasattr(mine, "c"):
            mine.c = psycopg.connect(url)
        with mine.c.transaction():
            mine.c.execute("select balance, meals from raw.card where id = %s for update", (n % CARDS,)).fetchone()
            mine.c.execute(
                "insert into raw.use (card_id, till, key, price) values (%s, %s, %s, 750) on conflict do nothing returning id",
                (n % CARDS, n % TILLS, f"raw-{n}"),
            ).fetchone()
            mine.c.execute("update raw.card set balance = balance - 750, meals = meals + 1 where id = %s", (n % CARDS,))
        return "sold"

    return threads(one, size)[0]


def over_http(size: int) -> tuple[float, int]:
    """The real server, two workers, eight tills with a token and a kept connection each; only this part's sales."""
    from parkops.testing.served import served

    with served(workers=2) as port:
        ask = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        ask.request(
            "POST",
            "/api/v1/security/login",
            json.dumps({"username": "bench", "password": PASSWORD, "provider": "db"}),
            {"Content-Type": "application/json"},
        )
        token = json.loads(ask.getresponse().read())["access_token"]
        mine = threading.local()

        def one(n: int) -> str:
            if not hasattr(mine, "c"):
                mine.c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            body = json.dumps({"till": f"T{n % TILLS}", "card": WHO["cards"][n % CARDS], "price": "0.01"})
            mine.c.request(
                "POST",
                "/api/v1/amenities/pos/consume",
                body,
                {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": f"http-{n:08d}"},
            )
            answer = mine.c.getresponse()
            answer.read()
            return "sold" if answer.status == 200 else f"{answer.status}"

        threads(one, 40)  # warm: these keys come again below and sell once
        seconds, out = threads(one, size)
    assert set(out) == {"sold"}, {x: out.count(x) for x in set(out)}
    return seconds, size


def line(op: str, rows: int, seconds: float, floor: float | None, **more: Any) -> dict[str, Any]:
    return {
        "op": f"till: {op}",
        "rows": rows,
        "seconds": round(seconds, 3),
        "raw_seconds": round(floor, 3) if floor else None,
        "ratio": round(seconds / floor, 2) if floor else None,
        "per_second": round(rows / seconds),
        **more,
    }


def run(size: int = 2000) -> list[dict[str, Any]]:
    """Sales, the same sales again, cards run empty, HTTP."""
    from parkops.testing.benches import own_database

    with own_database(DATABASE):
        prepare()
        sell(0, "warm-0000")
        seconds, out = threads(lambda n: sell(n, f"sale-{n:08d}"), size)
        sold = out.count("sold")
        verify(sold + 1)
        table = [line("sales through the service", size, seconds, raw(size), sold=sold, refused=out.count("refused"), negative_cards=0)]
        seconds, again = threads(lambda n: sell(n, f"sale-{n:08d}"), size)
        assert again.count("sold") == 0 and again.count("again") == sold, (again.count("sold"), again.count("again"), sold)
        verify(sold + 1)
        table.append(line("the same sales again", size, seconds, None, sold=0, again=again.count("again")))
        refill()
        seconds, more = over_http(size)
        verify(sold + 1 + more)
        table.append(line("over HTTP, two workers", size, seconds, None, sold=more, negative_cards=0))
        return table


def refill() -> None:
    """The part over HTTP sells one-fen meals: every card gets money for them."""
    from sqlalchemy import select

    from modules.amenities.models.meals import MealCard
    from modules.amenities.services import meal_cards
    from parkops.db.session import Scope, session_scope

    with session_scope(Scope(system=True, parks=frozenset({WHO["park"]}), park_id=WHO["park"], via="cli", reason="bench")) as s:
        for card in s.scalars(select(MealCard)):
            meal_cards.top_up(s, card, amount=Decimal(50), on=date(2026, 3, 2))
