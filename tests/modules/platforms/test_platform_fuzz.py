"""Generated calls to the operations programs use: price, switch, stop, month, booking's check and booking itself. Only 5xx counts.

The normal run takes a few cases per operation; `FUZZ_EXAMPLES=200` (and `make nightly`) takes many. Known machines, projects and
records stand among the generated values, so that cases get past the first refusal."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

import pytest
from front_help import instrument, project, rate

from modules.booking.models.resource import BookableResource
from modules.platforms.models.event import UsageEvent
from modules.platforms.services import events
from parkops import clock
from parkops.testing.depth import depth

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", depth(4, 200)))
PATHS = ("/api/v1/platforms/machine/", "/api/v1/platforms/month/", "/api/v1/booking/check/", "/api/v1/booking/booking/",
         "/api/v1/platforms/event/", "/api/v1/platforms/project/")
TIMES = ["2026-03-02T09:00", "2026-03-02T11:30:00+08:00", "2026-02-30T09:00", "0001-01-01T00:00+23:59", "9999-12-31T23:59", "T", "2026-03-02"]


@pytest.fixture
def world(app, db, as_role):
    """A bookable machine with a rate, a project, a finished and a running use."""
    with as_role("operations_manager") as s:
        mine = s.info["scope"]
        s.info["scope"] = replace(mine, system=True)
        thing = BookableResource(park_id=mine.park_id, code="FUZZ", name="机", kind="instrument")
        s.add(thing)
        s.flush()
        machine, other = instrument(s, resource_id=thing.id), instrument(s)
        rate(s, machine, "200")
        pays = project(s)
        done = UsageEvent(park_id=mine.park_id, kind="usage", state="validated", platform_id=machine.platform_id, instrument_id=machine.id,
                          firm_id=pays.firm_id, project_id=pays.id, customer_class="incubatee", started_at=clock.now(), ended_at=clock.now(),
                          ended_on=date(2026, 3, 2), minutes=0)
        s.add(done)
        running = events.start_usage(s, instrument_id=other.id, project_id=pays.id, at=clock.now())
        s.commit()
        return {"instrument": machine.interlock_id, "interlock": machine.interlock_id, "project": pays.number, "pk": [done.id, running.id],
                "resource_id": thing.id, "firm_id": pays.firm_id, "payer": f"platforms.project:{pays.id}", "month": "2026-03",
                "start": TIMES, "end": TIMES, "starts_at": TIMES, "ends_at": TIMES, "at": TIMES}


def seasoned(node, known):
    """The schema with known values beside whatever the generator makes."""
    if isinstance(node, list):
        return [seasoned(n, known) for n in node]
    if not isinstance(node, dict):
        return node
    node = {k: seasoned(v, known) for k, v in node.items()}
    if node.get("in") in ("query", "path") and node.get("name") in known and "schema" in node:
        node["schema"] = _either(node["schema"], known[node["name"]])
    if isinstance(node.get("properties"), dict):
        node["properties"] = {k: _either(v, known[k]) if k in known and isinstance(v, dict) else v for k, v in node["properties"].items()}
    return node


def _either(schema, value):
    values = value if isinstance(value, list) else [value]
    return {"anyOf": [{"enum": values}, {k: v for k, v in schema.items() if k != "description"}]}


def test_no_call_is_a_server_error(client, app, world, login_as):
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, seed, settings

    login_as(client, "operations_manager")
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/booking/calendar/").get_data(as_text=True))[1]
    raw = client.get("/api/v1/_openapi").get_json()
    raw["paths"] = seasoned({p: ops for p, ops in raw["paths"].items() if p.startswith(PATHS)}, world)
    wrong, counts, operations = [], Counter(), 0
    for result in schemathesis.openapi.from_dict(raw).get_all_operations():
        operation, operations = result.ok(), operations + 1

        @seed(11)
        @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def hit(case):
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
            body = {"json": sent["json"]} if "json" in sent else {"data": sent.get("data")}
            try:
                answer = client.open(urlsplit(sent["url"]).path, method=case.method, query_string=sent.get("params"),
                                     headers={"X-CSRFToken": token}, **body)
            except (UnicodeError, ValueError, TypeError):
                return  # the test client itself cannot send it
            counts[answer.status_code // 100] += 1
            if answer.status_code >= 500:
                wrong.append(f"{case.method} {sent['url']} {json.dumps(body, default=str)}: {answer.status_code}"[:300])

        hit()
    print(f"{operations} operations, answers by hundred: {dict(sorted(counts.items()))}")
    assert not wrong, "\n".join(wrong[:20])
    assert operations >= 12 and counts[2] > 0 and counts[4] > 0
