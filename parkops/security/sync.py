"""`parkops upgrade`: FAB's permission tables brought to what the code declares. Differences only, a few set-based
statements, under an advisory lock; a second run writes nothing (traps 2 and 3).

Persona roles are rewritten from the grants; site roles keep their own permissions and lose those of resources that are
gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from ..db import audit
from . import catalogue
from .roles import ROLES, WORDS

LOCK = 7_215_002
TARGET = """
 (select m.id as permission_id, v.id as view_menu_id, m.name || '|' || v.name as pair
    from ab_permission m cross join ab_view_menu v
   where m.name = any(:words) and v.name = any(:names))
"""
STEPS = (
    ("roles", """insert into ab_role (id, name) select nextval('ab_role_id_seq'), n from unnest(cast(:roles as text[])) n
                 where not exists (select 1 from ab_role r where r.name = n)"""),
    ("permissions", """insert into ab_permission (id, name) select nextval('ab_permission_id_seq'), n from unnest(cast(:words as text[])) n
                       where not exists (select 1 from ab_permission p where p.name = n)"""),
    ("resources", """insert into ab_view_menu (id, name) select nextval('ab_view_menu_id_seq'), n from unnest(cast(:names as text[])) n
                     where not exists (select 1 from ab_view_menu v where v.name = n)"""),
    ("rights", f"""insert into ab_permission_view (id, permission_id, view_menu_id)
                   select nextval('ab_permission_view_id_seq'), t.permission_id, t.view_menu_id from {TARGET} t
                   where not exists (select 1 from ab_permission_view x
                                     where x.permission_id = t.permission_id and x.view_menu_id = t.view_menu_id)"""),
    ("grants", """with wanted as (
                    select r.id as role_id, pv.id as pv_id
                      from unnest(cast(:g_roles as text[]), cast(:g_words as text[]), cast(:g_names as text[])) as g(role, word, name)
                      join ab_role r on r.name = g.role
                      join ab_permission m on m.name = g.word
                      join ab_view_menu v on v.name = g.name
                      join ab_permission_view pv on pv.permission_id = m.id and pv.view_menu_id = v.id)
                  insert into ab_permission_view_role (id, permission_view_id, role_id)
                  select nextval('ab_permission_view_role_id_seq'), w.pv_id, w.role_id from wanted w
                  where not exists (select 1 from ab_permission_view_role x
                                    where x.permission_view_id = w.pv_id and x.role_id = w.role_id)"""),
    ("stale grants", """delete from ab_permission_view_role x using ab_role r, ab_permission_view pv, ab_permission m, ab_view_menu v
                        where r.id = x.role_id and pv.id = x.permission_view_id and m.id = pv.permission_id and v.id = pv.view_menu_id
                          and r.name = any(:roles)
                          and not exists (
                            select 1 from unnest(cast(:g_roles as text[]), cast(:g_words as text[]), cast(:g_names as text[]))
                              as g(role, word, name) where g.role = r.name and g.word = m.name and g.name = v.name)"""),
    ("stale rights of site roles", """delete from ab_permission_view_role x using ab_permission_view pv, ab_permission m, ab_view_menu v
                        where pv.id = x.permission_view_id and m.id = pv.permission_id and v.id = pv.view_menu_id
                          and not (m.name = any(:words) and v.name = any(:names))"""),
    ("stale rights", """delete from ab_permission_view pv using ab_permission m, ab_view_menu v
                        where m.id = pv.permission_id and v.id = pv.view_menu_id
                          and not (m.name = any(:words) and v.name = any(:names))"""),
    ("stale resources", "delete from ab_view_menu v where not (v.name = any(:names))"),
    ("stale permissions", "delete from ab_permission m where not (m.name = any(:words))"),
)


def wanted() -> dict[str, list[str]]:
    """What the code declares, as parameters of the statements."""
    catalogue.compiled.cache_clear()
    grants = sorted((role, f"can_{word}", name) for role, rights in catalogue.compiled().items() for name, word in rights)
    return {
        "roles": [r.code for r in ROLES], "words": [f"can_{w}" for w in WORDS], "names": catalogue.resource_names(),
        "g_roles": [g[0] for g in grants], "g_words": [g[1] for g in grants], "g_names": [g[2] for g in grants],
    }


def sync_all(session: Any) -> dict[str, int]:
    """Rows written per step; all zero when nothing has changed. The caller commits."""
    connection, values = session.connection(), wanted()
    connection.execute(text("select pg_advisory_xact_lock(:k)"), {"k": LOCK})
    written = {name: connection.execute(text(sql), values).rowcount for name, sql in STEPS}
    if any(written.values()):
        audit.bulk(session, "core.role", "sync", sum(written.values()), {"steps": {k: n for k, n in written.items() if n}})
    return written
