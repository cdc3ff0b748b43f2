"""G35: hundreds of odd calls to every REST operation: not one server error.

The normal run takes a bounded sample of schemathesis cases per operation and our own fuzzer over every list parameter.
`make nightly` takes every resource there is, 200 examples under each of three seeds; `FUZZ_EXAMPLES`, `FUZZ_SEEDS` and
`FUZZ_RESOURCES` (names, or `all`) say otherwise."""

from __future__ import annotations

import json
import os
import random

import pytest

from parkops.testing.depth import depth
from tests.kernel.things import make, things, token_of  # noqa: F401

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", depth(3, 200)))
SEEDS = [int(s) for s in os.environ.get("FUZZ_SEEDS", "11 12 13" if depth(0, 1) else "11").split()]
SAMPLE = ("test.thing", "test.room", "core.park", "core.todo", "core.approval", "tenants.firm", "tenants.person")
NAMED = os.environ.get("FUZZ_RESOURCES", "all" if depth(0, 1) else "")
ODD = ["", "x", "-1", 0, -1, 1e308, 10**30, True, None, [], {}, [None], {"a": 1}, "\u0000", "%", "'", '"', "\\", "1 or 1=1", "@today", "@today+99999",
       "@me", "2022-02-30", "9999-12-31", "٣", "\U0001f600" * 50, "a" * 5000, "NaN", "1e5", "0x1", "💥"]


def fuzzed():
    """Names of the resources to call; the rest of the file is the same at every depth."""
    from parkops.web import resources

    wanted = NAMED.split() if NAMED not in ("", "all") else (*resources.all_resources(),) if NAMED else SAMPLE
    return [n for n in wanted if resources.has(n)]


@pytest.fixture
def caller(client, login_as, make):  # noqa: F811
    login_as(client, "operations_manager")
    make("one", count=1), make("two")
    token = token_of(client.get("/test/thing/new"))

    def call(method, url, **kwargs):
        return client.open(url, method=method, headers={"X-CSRFToken": token, **kwargs.pop("headers", {})}, **kwargs)

    return call


@pytest.mark.parametrize("seed", SEEDS)
def test_own_fuzzer_over_every_list_parameter(caller, app, seed):
    from parkops.web import resources

    rng, wrong = random.Random(seed), []
    for name in fuzzed():
        found = resources.resolved(name)
        columns = [*found.columns, "id", "park_id", "nonsense", "a.b.c"]
        ops = ["eq", "ne", "contains", "starts", "gt", "gte", "lt", "lte", "between", "in", "notin", "empty", "notempty", "drop"]
        queries = [{"filters": [[c, o, rng.choice(ODD)]]} for c in columns for o in ops if rng.random() < depth(35, 100) / 100]
        queries += [{key: odd} for key in ("filters", "sort", "page", "size", "columns", "text", "view", "totals", "group", "ids", "zz") for odd in ODD]
        queries += [{"sort": [[c, rng.choice(["asc", "desc", 1])]], "group": [c], "totals": True} for c in columns]
        for q in queries:
            answer = caller("GET", found.api_url, query_string={"q": json.dumps(q, allow_nan=True)})
            if answer.status_code >= 500:
                wrong.append(f"{name} {json.dumps(q)[:200]}: {answer.status_code}")
    assert not wrong, "\n".join(wrong[:20])


def test_odd_bodies_on_every_write_operation(caller, app):
    from parkops.web import resources

    wrong = []
    for name in fuzzed():
        found = resources.resolved(name)
        fields = {f.name for f in (*found.form_field_list("create"), *found.form_field_list("change"))}
        for method, url in (("POST", found.api_url), ("PUT", f"{found.api_url}1")):
            for odd in ODD:
                bodies = [odd, {"version": odd}, dict.fromkeys(fields, odd) | {"version": 1}]
                for body in bodies:
                    answer = caller(method, url, data=json.dumps(body), content_type="application/json")
                    if answer.status_code >= 500:
                        wrong.append(f"{method} {url} {json.dumps(body)[:160]}: {answer.status_code}")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("started", SEEDS)
def test_schemathesis_finds_no_server_error(caller, app, started):
    """Every documented operation, generated cases; only 5xx counts here."""
    from urllib.parse import urlsplit

    import schemathesis
    from hypothesis import HealthCheck, Phase, given, seed, settings

    raw = caller("GET", "/api/v1/_openapi").get_json()
    raw["paths"] = {p: ops for p, ops in raw["paths"].items() if p.startswith(tuple(f"/api/v1/{n.replace('.', '/', 1)}/" for n in fuzzed()))}
    assert len(raw["paths"]) >= 20
    schema, wrong = schemathesis.openapi.from_dict(raw), []
    for result in schema.get_all_operations():
        operation = result.ok()

        @seed(started)
        @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def hit(case):
            kwargs = {k: v for k, v in case.as_transport_kwargs(base_url="http://127.0.0.1").items() if k in ("params", "json", "data")}
            url = urlsplit(case.as_transport_kwargs(base_url="http://127.0.0.1")["url"]).path
            body = {"json": kwargs["json"]} if "json" in kwargs else {"data": kwargs.get("data")}
            try:
                answer = caller(case.method, url, query_string=kwargs.get("params"), **body)
            except (UnicodeError, ValueError, TypeError):
                return  # the test client itself cannot send it
            if answer.status_code >= 500:
                wrong.append(f"{case.method} {url} {kwargs}: {answer.status_code}"[:300])

        hit()
    assert not wrong, "\n".join(wrong[:20])
