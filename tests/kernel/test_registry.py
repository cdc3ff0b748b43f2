"""Manifests are data; each mistake is one sentence naming the file; order follows the dependencies."""

import pytest

from parkops import registry as reg
from parkops.errors import Refused


def module(folder, name, text):
    (folder / name).mkdir()
    (folder / name / "__manifest__.py").write_text(text)
    return folder / name


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.setattr(reg, "MODULES", tmp_path)
    reg.discover.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    reg.discover.cache_clear()


@pytest.mark.parametrize("text, sentence", [
    ("import os\n", "must hold one literal dict"),
    ("[1]", "must hold one literal dict"),
    ("{'name': 'a', 'title': 'A'}", "'version' is missing"),
    ("{'name': 'b', 'title': 'A', 'version': '1'}", "must equal the folder 'a'"),
    ("{'name': 'a', 'title': 'A', 'version': '1', 'dependz': []}", "unknown key 'dependz'; did you mean 'depends'?"),
])
def test_a_wrong_manifest_is_one_sentence(modules, text, sentence):
    with pytest.raises(Refused, match="modules/a/__manifest__.py: .*") as e:
        reg.read_manifest(module(modules, "a", text))
    assert sentence in str(e.value)


def test_a_missing_dependency_suggests_the_nearest_name(modules):
    module(modules, "tenants", "{'name': 'tenants', 'title': 'T', 'version': '1'}")
    module(modules, "leasing", "{'name': 'leasing', 'title': 'L', 'version': '1', 'depends': ['tenant']}")
    with pytest.raises(Refused, match="did you mean 'tenants'"):
        reg.discover()


def test_a_circle_is_named(modules):
    module(modules, "a", "{'name': 'a', 'title': 'A', 'version': '1', 'depends': ['b']}")
    module(modules, "b", "{'name': 'b', 'title': 'B', 'version': '1', 'depends': ['a']}")
    with pytest.raises(Refused, match="in a circle: "):
        reg.discover()


def test_order_follows_depends_then_extends_then_order(modules):
    module(modules, "z", "{'name': 'z', 'title': 'Z', 'version': '1', 'order': 1}")
    module(modules, "a", "{'name': 'a', 'title': 'A', 'version': '1', 'depends': ['z'], 'order': 9}")
    module(modules, "b", "{'name': 'b', 'title': 'B', 'version': '1', 'depends': ['z'], 'extends': ['a', 'absent'], 'order': 2}")
    assert list(reg.discover()) == ["z", "a", "b"]
    assert reg.with_dependencies("a") == ["z", "a"]


def test_the_manifest_is_never_executed(modules, tmp_path):
    marker = tmp_path / "ran"
    with pytest.raises(Refused):
        reg.read_manifest(module(modules, "a", f"open({str(marker)!r}, 'w')"))
    assert not marker.exists()
