"""Lost answers and racing payments (goals G11 and G16), each with a control that shows the damage without the protection."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from datetime import date
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from receipts_help import bill, firm
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from modules.billing.checks import receipts as checks
from modules.billing.models.bill import Bill
from modules.billing.models.receipt import Receipt
from modules.billing.services import receipts
from parkops.db.session import Scope, engine, factory, system_scope
from parkops.models import Park
from parkops.web import idempotency

ON = date(2026, 4, 20)
NIGHTLY = bool(os.environ.get("PARKOPS_NIGHTLY"))


class DroppingProxy:
    """A Unix socket before the server. Armed, it lets a COMMIT reach the server, waits for its answer and loses it."""

    def __init__(self, server: str) -> None:
        self.server, self.folder, self.armed, self.dropped = server, tempfile.mkdtemp(prefix="pk-"), False, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/.s.PGSQL.5432")
        self.listener.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(self.server)
            lost = threading.Event()
            threading.Thread(target=self._up, args=(client, upstream, lost), daemon=True).start()
            threading.Thread(target=self._down, args=(client, upstream, lost), daemon=True).start()

    def _up(self, client: Any, upstream: Any, lost: threading.Event) -> None:
        try:
            while data := client.recv(65536):
                if self.armed and b"COMMIT\x00" in data:
                    self.armed, self.dropped = False, self.dropped + 1
                    lost.set()
                upstream.sendall(data)
        except OSError:
            pass
        upstream.close() if not lost.is_set() else None

    def _down(self, client: Any, upstream: Any, lost: threading.Event) -> None:
        try:
            while data := upstream.recv(65536):
                if lost.is_set():  # the server has committed and said so; nobody hears it
                    client.shutdown(socket.SHUT_RDWR)
                    client.close()
                    break
                client.sendall(data)
        except OSError:
            pass
        upstream.close()

    def close(self) -> None:
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def server_socket() -> str:
    from parkops.db import embedded

    return str(next(Path(embedded.socket_dir()).glob(".s.PGSQL.*[0-9]")))


@pytest.fixture
def paid_through(fresh_db):
    """(proxy, pay): `pay(i, key)` records one payment of 1 yuan through the proxy and retries until it hears an answer."""
    with system_scope("test") as s:
        park = s.scalars(select(Park.id).order_by(Park.id)).first()
        firm_id = firm(s, park).id
    proxy = DroppingProxy(server_socket())
    url = engine().url
    bind = create_engine(url.update_query_dict({"host": proxy.folder, "port": "5432"}), poolclass=NullPool)

    def attempt(i: int, key: str | None) -> None:
        s = factory(bind=bind)
        s.info["scope"] = Scope(parks=None, system=True, park_id=park, user_id=1, user_name="test", via="screen")
        try:
            claimed = idempotency.claim(s, key, "/billing/payment/save", {"n": i}, needed=key is not None)
            if claimed.answer is None:
                row = receipts.receive(s, firm_id=firm_id, amount=D(1), received_on=ON)
                idempotency.keep(s, claimed, {"id": row.id})
            s.commit()
        finally:
            s.close()

    def pay(i: int, key: str | None) -> None:
        proxy.armed = True
        for _try in range(3):
            try:
                return attempt(i, key)
            except DBAPIError:
                continue
        raise AssertionError("no answer after three tries")

    yield proxy, pay
    bind.dispose()
    proxy.close()


@pytest.mark.parametrize("keyed,count", [(True, 100), (False, 100 if NIGHTLY else 20)], ids=["key", "control"])
def test_answer_of_commit_lost(paid_through, keyed, count):
    """G11: the client retries each payment whose answer was lost: 100 payments are 100 receipts; without a key twice as many."""
    proxy, pay = paid_through
    for i in range(count):
        pay(i, f"payment-{i:04d}" if keyed else None)
    with system_scope("count") as s:
        rows, total = s.execute(select(func.count(), func.sum(Receipt.amount)).select_from(Receipt)).one()
        assert proxy.dropped == count
        assert (rows, total) == ((count, D(count)) if keyed else (2 * count, D(2 * count)))
        assert checks.receivable_differences(s) == []


WORKER = """
import sys
from datetime import date
from decimal import Decimal as D
from parkops.registry import discover, registry
registry().load(list(discover()))
from sqlalchemy import select
from parkops.db.session import in_retry, system_scope
from parkops.errors import RuleError
from modules.billing.models.bill import Bill
from modules.billing.models.receipt import Receipt
from modules.billing.services import allocations, receipts
firm, advance, n, me = map(int, sys.argv[1:])
def one(i):
    with system_scope("race") as s:
        if i % 2:
            return receipts.receive(s, firm_id=firm, amount=D(1), received_on=date(2026, 4, 20), allocate="oldest").allocated > 0
        bills = allocations.open_bills(s, firm)
        if not bills:
            return False
        allocations.allocate(s, s.get(Receipt, advance), pairs=[(bills[(i + me) % len(bills)].id, D(1))], on=date(2026, 4, 20))
        return True
done = 0
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
for i in range(n):
    try:
        done += bool(in_retry(one, i))
    except RuleError:
        pass  # another process took the last yuan of that bill
print(done)
"""


def test_four_processes_on_the_same_bills(fresh_db):
    """G16: 4 × 100 payments and allocations on the same bills: nothing lost, nothing over-settled, everything ties."""
    with system_scope("test") as s:
        f = firm(s, s.scalars(select(Park.id).order_by(Park.id)).first())
        for amount in ("70", "80", "90", "100"):  # 340 of the 400 fit
            bill(s, f, amount)
        advance = receipts.receive(s, firm_id=f.id, amount=D(1000), received_on=ON, allocate=None)
        ids = f.id, advance.id
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(ids[0]), str(ids[1]), "100", str(k)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True, env=dict(os.environ)) for k in range(4)]
    assert [w.stdout.readline() for w in workers] == ["ready\n"] * 4
    for w in workers:
        w.stdin.write("go\n")
        w.stdin.flush()
    answers = [w.communicate(timeout=300)[0] for w in workers]
    assert all(w.returncode == 0 for w in workers), answers
    done = sum(int(a) for a in answers)
    with system_scope("count") as s:
        settled, gross = s.execute(select(func.sum(Bill.settled), func.sum(Bill.gross)).where(Bill.firm_id == ids[0])).one()
        made, used = s.execute(select(func.count(), func.sum(Receipt.allocated)).select_from(Receipt)).one()
        assert settled == used == D(done) == gross == D(340)
        assert made == 201  # the advance, and every one of the 200 payments
        assert checks.settled_differences(s) == [] and checks.receivable_differences(s) == []


def test_control_read_modify_write_loses(fresh_db):
    """The same sum kept by reading, adding and writing loses a payment as soon as two read before either writes."""
    with engine(owner=True).begin() as c:
        c.execute(text("CREATE TABLE naive (settled bigint NOT NULL)"))
        c.execute(text("INSERT INTO naive VALUES (0)"))
    meet = threading.Barrier(2, timeout=30)

    def add() -> None:
        with engine(owner=True).begin() as c:
            found = c.execute(text("SELECT settled FROM naive")).scalar_one()
            meet.wait()
            c.execute(text("UPDATE naive SET settled = :n"), {"n": found + 100})

    threads = [threading.Thread(target=add) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with engine(owner=True).begin() as c:
        assert c.execute(text("SELECT settled FROM naive")).scalar_one() == 100  # one of the two is gone
