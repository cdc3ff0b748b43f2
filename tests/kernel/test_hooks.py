"""Signals: strong, ordered, in the transaction; Problems are collected; every signal is documented."""

from __future__ import annotations

import gc

import pytest

from parkops import hooks
from parkops.errors import Problem
from parkops.registry import registry


@pytest.fixture
def signal(monkeypatch):
    monkeypatch.setattr(hooks, "_signals", {})
    return hooks.Signal("sample.happened", "session, value; Problems are collected")


def test_a_closure_survives_garbage_collection(signal):
    seen = []
    hooks.receiver(signal)(lambda session, **kw: seen.append(kw["value"]))
    gc.collect()
    signal.send(None, value=3)
    assert seen == [3]


def test_control_blinker_alone_forgets_it():
    import blinker

    weak, seen = blinker.Signal(), []
    weak.connect(lambda sender, **kw: seen.append(1))
    gc.collect()
    weak.send(None)
    assert seen == []


def test_order_is_kernel_first_then_modules_then_name(signal, monkeypatch):
    monkeypatch.setattr(registry(), "manifests", {"tenants": 1, "billing": 2})
    order = []

    def make(module, name):
        def fn(session, **kw):
            order.append((module, name))

        fn.__module__, fn.__qualname__ = module, name
        return fn

    for module, name in (("modules.billing.hooks", "a"), ("modules.tenants.hooks", "z"), ("modules.tenants.hooks", "b"),
                         ("parkops.search", "k"), ("modules.gone.hooks", "x")):
        signal.connect(make(module, name))
    signal.send(None)
    assert order == [("parkops.search", "k"), ("modules.tenants.hooks", "b"), ("modules.tenants.hooks", "z"),
                     ("modules.billing.hooks", "a"), ("modules.gone.hooks", "x")]


def test_collect_gathers_every_problem_and_send_lets_errors_through(signal):
    signal.connect(lambda s, **kw: None)
    signal.connect(lambda s, **kw: Problem("a", "one"))
    signal.connect(lambda s, **kw: [Problem("b", "two"), Problem("c", "three")])
    assert sorted(p.code for p in signal.collect(None)) == ["a", "b", "c"]

    def broken(session, **kw):
        raise RuntimeError("stop")

    signal.connect(broken)
    with pytest.raises(RuntimeError):
        signal.send(None)
    signal.disconnect(broken)
    signal.connect(lambda s, **kw: ["text"])
    with pytest.raises(TypeError, match="Problems"):
        signal.collect(None)


def test_chain_passes_a_value_through(signal):
    signal.connect(lambda s, value, **kw: value + 1)
    signal.connect(lambda s, value, **kw: value * 2)
    assert signal.chain(None, 1) in (3, 4)


def test_a_signal_without_documentation_is_refused():
    with pytest.raises(ValueError, match="doc"):
        hooks.Signal("sample.silent", " ")
