"""`ModuleSuite`: the checks every module inherits.

    class TestTenants(ModuleSuite):
        module = "tenants"

Each test names what is wrong and where. What a module may leave out is said in class attributes with a reason."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Float, Numeric, UniqueConstraint

from parkops import hooks, i18n, registry, workflow
from parkops.db.base import Model, ParkScoped, Record
from parkops.db.types import Scaled, UTCDateTime
from parkops.web import forms, resources
from parkops.web.compile import accepted, load_object
from parkops.web.record import module_of

HEADINGS = ("Purpose", "Concepts", "Rules", "States", "Signals", "KPIs", "Jobs", "Rights", "How to extend")
NO_FLASK = ("services", "calc.py", "states.py", "kpis.py", "jobs.py", "models", "facts.py", "exports.py", "errors.py", "signals.py")
AUTO = re.compile(r"^(List|Show|Add|Edit) [A-Z]\w+( [A-Z]\w+)*$")


class ModuleSuite:
    """Subclass it with `module`; `shared` lists tables without a park and why."""

    module: ClassVar[str] = ""
    shared: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _loaded(self, app: Any) -> None:
        assert self.module in registry.registry().manifests, f"module {self.module} is not installed"

    @property
    def manifest(self) -> registry.Manifest:
        return registry.registry().manifests[self.module]

    def models(self) -> list[Any]:
        return [m.class_ for m in Model.registry.mappers if m.class_.__module__.startswith(f"modules.{self.module}.")]

    def resources(self) -> list[Any]:
        return [resources.resolved(n) for n in resources.all_resources() if n.startswith(f"{self.module}.")]

    def sources(self, *rooms: str) -> list[Path]:
        out: list[Path] = []
        for room in rooms or (".",):
            path = self.manifest.path / room
            out += [path] if path.is_file() else sorted(path.rglob("*.py")) if path.is_dir() else []
        return out

    def readme(self) -> str:
        return (self.manifest.path / "README.md").read_text(encoding="utf-8")

    def test_manifest_and_names_agree(self) -> None:
        assert registry.read_manifest(self.manifest.path).name == self.module == self.manifest.path.name
        wrong = [m.__tablename__ for m in self.models() if not m.__tablename__.startswith(f"{self.module}_")]
        assert not wrong, f"tables without the module's prefix: {wrong}"

    def test_imports_keep_to_the_dependencies(self) -> None:
        allowed = {self.module, *registry.with_dependencies(self.module), *self.manifest.extends}
        wrong = []
        for path in self.sources():
            for name in imported(path):
                parts = name.split(".")
                if parts[0] == "modules" and len(parts) > 1 and parts[1] not in allowed:
                    wrong.append(f"{path.name} imports {name}")
        assert not wrong, wrong

    def test_services_know_no_web(self) -> None:
        wrong = [f"{path.relative_to(self.manifest.path)} imports {name}" for path in self.sources(*NO_FLASK) for name in imported(path)
                 if name.split(".")[0] in ("flask", "flask_appbuilder", "werkzeug") or name.startswith("parkops.web.session")]
        assert not wrong, wrong

    def test_services_never_commit_or_raise_other_errors(self) -> None:
        wrong = []
        for path in self.sources("services"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
                    wrong.append(f"{path.name}:{node.lineno} commits")
        assert not wrong, wrong

    def test_columns_are_exact_and_labelled(self) -> None:
        wrong = []
        for model in self.models():
            for column in model.__table__.columns:
                where = f"{model.__tablename__}.{column.name}"
                if isinstance(column.type, Float | Numeric) and not isinstance(column.type, Scaled):
                    wrong.append(f"{where}: no Float or Numeric")
                if getattr(column.type, "timezone", None) is False and not isinstance(column.type, UTCDateTime):
                    wrong.append(f"{where}: instants are UTCDateTime")
                if column.foreign_keys and not indexed(model.__table__, column):
                    wrong.append(f"{where}: a foreign key needs an index")
        assert not wrong, wrong

    def test_tables_belong_to_a_park(self) -> None:
        wrong = []
        for model in self.models():
            if not issubclass(model, Record):
                wrong.append(f"{model.__name__} is no Record")
            elif not issubclass(model, ParkScoped):
                if "park_id" not in model.__table__.columns and model.__tablename__ not in self.shared:
                    wrong.append(f"{model.__tablename__} has no park; list it in `shared` with the reason")
            else:
                wrong += [f"{model.__tablename__}: unique {[c.name for c in u.columns]} must begin with park_id or the parent's key"
                          for u in model.__table__.constraints if isinstance(u, UniqueConstraint) and not scoped_unique(u)]
        assert not wrong, wrong

    def test_class_names_are_unique(self) -> None:
        names = [m.class_.__name__ for m in Model.registry.mappers]
        assert not [m.__name__ for m in self.models() if names.count(m.__name__) > 1]

    def test_resources_resolve_and_are_titled(self) -> None:
        assert self.resources(), "no screens are declared in views/"
        wrong = []
        for found in self.resources():
            titles = found.resource.titles
            wrong += [f"{found.name}: title {t!r}" for t in (titles.many, titles.one)
                      if not isinstance(t, i18n.Lazy) or AUTO.match(t.msgid)]
            wrong += [f"{found.name}.{c.name}: no title" for c in found.columns.values() if c.title == c.name]
            wrong += [f"{found.name}.{f.name}: no label" for f in found.fields.values() if f.label == f.name]
            codes = [tab.code for tab in found.tabs]
            wrong += [f"{found.name}: two tabs are called {c!r}" for c in {c for c in codes if codes.count(c) > 1}]
            named = [(module_of(tab, self.module), getattr(tab.title, "msgid", tab.title)) for tab in found.tabs]
            wrong += [f"{found.name}: two tabs of one module are titled {n!r}" for n in {n for n in named if named.count(n) > 1}]
            if found.create is not None and not (titles.new and found.form_fields("create")):
                wrong.append(f"{found.name}: a create service needs titles.new and fields")
        assert not wrong, wrong

    def test_forms_give_services_what_they_need(self) -> None:
        wrong = []
        for found in self.resources():
            for purpose, service in (("create", found.create), ("change", found.change)):
                if service is not None:
                    missing = forms.required_names(service) - {f.name for f in found.form_field_list(purpose)}
                    wrong += [f"{found.name}: {purpose} needs {n}, which no section offers" for n in sorted(missing)]
            for action in (*found.actions.values(), *found.bulk.values()):
                wrong += unfit(found.name, action.code, load_object(action.service, found.name), {i.name for i in action.inputs})
            for step in found.workflow.steps if found.workflow is not None else ():
                if step.service:
                    inputs = {i.name for i in step.form} | ({"reason"} if step.needs_reason else set())
                    wrong += unfit(found.name, step.code, load_object(step.service, found.name), inputs)
        assert not wrong, wrong

    def test_every_state_is_reached(self) -> None:
        for found in self.resources():
            flow = found.workflow or workflow.of(found.name)
            if flow is None:
                continue
            reached = {flow.start, *(s.target for s in flow.steps)}
            assert {s.code for s in flow.states} <= reached | set(getattr(self, "entry_states", ())), f"{found.name}: unreachable state"

    def test_grants_name_known_resources(self) -> None:
        from parkops.security.catalogue import resource_names

        known = set(resource_names())
        grants = registry.registry().collect("roles", "GRANTS")
        ours = [g for g in grants if g.resource.startswith(f"{self.module}.") and not g.resource.endswith("*")]
        wrong = [str(g) for g in ours if g.resource not in known]
        unread = [r.name for r in self.resources() if not any(_covers(g, r.name) for g in grants)]
        assert not wrong and not unread, f"unknown: {wrong}; nobody may read: {unread}"

    def test_readme_has_its_headings_and_names_what_exists(self) -> None:
        text = self.readme()
        found = {h.strip() for h in re.findall(r"^#{1,3} (.+)$", text, re.M)}
        assert not [h for h in HEADINGS if not any(f.startswith(h) for f in found)], f"headings missing among {sorted(found)}"
        names = [k.code for k in registry.registry().collect("kpis", "KPIS") if k.code.startswith(f"{self.module}.")]
        names += [j.code for j in registry.registry().collect("jobs", "JOBS") if j.code.startswith(f"{self.module}.")]
        names += [s for s in hooks.signals() if s.startswith(f"{self.module}.")]
        names += list(self.manifest.settings)
        missing = [n for n in names if f"`{n}`" not in text and f"`{n.split('.', 1)[1]}`" not in text]
        assert not missing, f"the README does not name {missing}"

    def test_home_indicators_exist(self) -> None:
        """`kpis.py: HOME` names roles whose home shows figures, and monthly indicators of the module."""
        from parkops.kpi.catalogue import all_kpis
        from parkops.web.homekpis import ROLES

        monthly = {k.code for k in all_kpis().values() if "month" in k.grains and k.module == self.module}
        homes = [h for room in registry.registry().rooms("kpis") for h in getattr(room, "HOME", ())
                 if room.__name__.startswith(f"modules.{self.module}.")]
        wrong = [h for h in homes if h.role not in ROLES or set(h.codes.split()) - monthly]
        assert not wrong, f"no such role or monthly indicator: {wrong}"

    def test_lists_are_few_statements(self, client: Any, login_as: Any, query_count: Any) -> None:
        login_as(client, "operations_manager")
        wrong = []
        for found in self.resources():
            with query_count() as q:
                answer = client.get(found.api_url)
            if answer.status_code == 200 and q.count > 12:
                wrong.append(f"{found.name}: {q.count} statements")
        assert not wrong, wrong

    def test_pages_open(self, client: Any, login_as: Any) -> None:
        login_as(client, "operations_manager")
        wrong = []
        for found in self.resources():
            for url in (found.url, found.api_url, f"{found.api_url}_info", f"{found.url}new"):
                status = client.get(url).status_code
                if status >= 500:
                    wrong.append(f"{url}: {status}")
        assert not wrong, wrong


def imported(path: Path) -> list[str]:
    """Absolute names of what a file imports (relative ones are resolved)."""
    package = ["modules", *path.relative_to(registry.MODULES).parts[:-1]]
    out: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            out += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            out.append(".".join([*base, *([node.module] if node.module else [])]))
    return out


def indexed(table: Any, column: Any) -> bool:
    """Whether an index or unique constraint begins with the column (or with park_id and then it)."""
    lists = [[c.name for c in i.columns] for i in table.indexes] + [
        [c.name for c in k.columns] for k in table.constraints if isinstance(k, UniqueConstraint)]
    return any(names[:1] == [column.name] or names[:2] == ["park_id", column.name] for names in lists)


def scoped_unique(constraint: Any) -> bool:
    """Begins with park_id, or with a foreign key (the parent's park is the park)."""
    first = next(iter(constraint.columns))
    return first.name == "park_id" or bool(first.foreign_keys)


def unfit(resource: str, code: str, service: Any, inputs: set[str]) -> list[str]:
    """Inputs a service does not take, arguments nothing gives."""
    names = accepted(service)
    out = [f"{resource}: {code} needs {n}, which its form does not ask" for n in sorted(forms.required_names(service) - inputs)]
    extra = inputs - {"reason"} - (inputs if names is None else names)
    return out + [f"{resource}: {code} asks {n}, which its service does not take" for n in sorted(extra)]


def _covers(grant: Any, name: str) -> bool:
    return "read" in grant.words.split() and (grant.resource == name or grant.resource == f"{name.split('.')[0]}.*")
