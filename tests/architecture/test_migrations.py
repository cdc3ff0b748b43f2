"""Migrations: the database they make equals the models; every branch goes down and up again; a second upgrade does nothing."""

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
