"""Migrations: the database they make equals the models; every branch goes down and up again; a second upgrade does nothing."""

import re

import pytest
from sqlalchemy import text

from parkops import registry as reg
from parkops.db import embedded, migrations, session


@pytest.fixture
def empty(db, monkeypatch):
    """An empty database beside the worker's."""
    name = f"{db}_m"
    session.dispose()
    embedded.drop_database(name)
    embedded.create_database(name)
    monkeypatch.setenv("_PARKOPS_TEST_DB", name)
    reg.registry().load(list(reg.discover()))
    yield name
    session.dispose()
    monkeypatch.undo()
    embedded.drop_database(name)


def shape():
    """Tables, columns, constraints, indices, triggers and functions of the public schema."""
    queries = (
        "select table_name, column_name, data_type, is_nullable, generation_expression from information_schema.columns where table_schema='public'",
        "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace='public'::regnamespace",
        "select indexname, indexdef from pg_indexes where schemaname='public'",
        "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
        "select proname, prosrc, array_to_string(proconfig, ';') from pg_proc where pronamespace='public'::regnamespace",
    )
    with session.engine(owner=True).connect() as c:
        return [sorted(map(tuple, c.execute(text(q)).all()), key=str) for q in queries]


def test_migrations_and_models_agree(empty):
    migrations.upgrade(list(reg.discover()))
    migrations.check()


def test_what_migrations_make_is_what_the_models_declare(empty):
    migrations.upgrade(list(reg.discover()))
    by_migration = shape()
    session.dispose()
    embedded.drop_database(empty)
    embedded.create_database(empty)
    migrations._create_all()
    by_models = shape()
    for made, declared in zip(by_migration, by_models, strict=True):
        made = [row for row in made if "alembic_version" not in str(row)]
        assert made == declared


def test_down_and_up_again(empty):
    names = list(reg.discover())
    migrations.upgrade(names)
    before = shape()
    for name in reversed(names):
        if name in migrations.branches():
            migrations.downgrade(name)
    with session.engine(owner=True).connect() as c:
        left = c.execute(text("select tablename from pg_tables where schemaname='public'")).scalars().all()
    assert [t for t in left if t.split("_")[0] in names] == []
    migrations.upgrade(names)
    assert shape() == before


def test_no_branch_is_called_base_and_each_installed_module_has_one(empty):
    assert migrations.branches() == {"core", *(n for n, m in reg.discover().items() if (m.path / "migrations").is_dir())}
    assert "base" not in migrations.branches()


def test_functions_read_our_tables_and_no_others(empty):
    """A function that names a table has a fixed search path: a temporary table of the same session cannot stand in for ours."""
    migrations._create_all()
    with session.engine(owner=True).connect() as c:
        tables = c.execute(text("select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace")).scalars().all()
        functions = c.execute(text("select proname, prosrc, coalesce(array_to_string(proconfig, ';'), '') from pg_proc where "
                                   "pronamespace = 'public'::regnamespace and prosrc <> ''")).all()
        named = re.compile(rf"\b({'|'.join(tables)})\b|\bEXECUTE\b")
        reading = {name: options for name, source, options in functions if named.search(source)}
        assert len(reading) > 40 and [n for n, options in reading.items() if "search_path=public, pg_temp" not in options] == []


def test_control_without_the_path_a_temporary_table_stands_in(empty):
    """What the path is for: the guard of cost entries looks at the pool, and is fooled once the option is taken away."""
    migrations._create_all()
    ask = text("select prosrc from pg_proc where proname = 'platforms_cost_entry_guard'")
    probe = ("create function pg_temp.probe() returns text language plpgsql {} as "
             "$$ begin return (select count(*) from platforms_cost_pool)::text; end $$")
    with session.engine(owner=True).connect() as c:
        assert "platforms_cost_pool" in c.execute(ask).scalar_one()
        c.execute(text("create temporary table platforms_cost_pool as select 1 as id"))
        for option, seen in (("", "1"), ("set search_path = public, pg_temp", "0")):
            c.execute(text("drop function if exists pg_temp.probe()"))
            c.execute(text(probe.format(option)))
            assert c.execute(text("select pg_temp.probe()")).scalar_one() == seen
