"""The audit trail is append-only in the database itself: triggers refuse UPDATE, DELETE and TRUNCATE for every role, the
application's role loses the privileges, and `core_audit_purge(days)` is the only way old entries leave.

Floor of 184 days: Cybersecurity Law art. 23(3), logs are kept for at least six months."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, or_
from sqlalchemy.orm import with_loader_criteria

from ..db.audit import AuditEntry
from ..db.ddl import after_create
from ..db.session import ParkSession

UP = """
create or replace function core_audit_refuse() returns trigger language plpgsql as $body$
begin
  if tg_op = 'DELETE' and coalesce(current_setting('parkops.audit_purge', true), '') = 'yes'
     and old.at < now() - interval '184 days' and current_user = (
       select pg_get_userbyid(relowner) from pg_class where oid = tg_relid) then
    return old;
  end if;
  raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
end $body$;
create trigger core_audit_append_only before update or delete on core_audit
  for each row execute function core_audit_refuse();
create trigger core_audit_no_truncate before truncate on core_audit
  for each statement execute function core_audit_refuse();
create or replace function core_audit_purge(keep_days integer) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $body$
declare gone bigint;
begin
  if keep_days is null or keep_days < 184 then
    raise exception 'the audit trail is kept for at least 184 days' using errcode = 'invalid_parameter_value';
  end if;
  perform set_config('parkops.audit_purge', 'yes', true);
  delete from core_audit where at < now() - make_interval(days => keep_days);
  get diagnostics gone = row_count;
  perform set_config('parkops.audit_purge', '', true);
  return gone;
end $body$;
do $body$
declare who record;
begin
  for who in select distinct grantee from information_schema.role_table_grants
             where table_schema = current_schema() and table_name = 'core_audit' and grantee <> current_user
  loop
    if who.grantee = 'PUBLIC' then
      execute 'revoke update, delete, truncate, trigger on core_audit from public';
    else
      execute format('revoke update, delete, truncate, trigger on core_audit from %I', who.grantee);
    end if;
  end loop;
end $body$;
"""

DOWN = """
drop trigger if exists core_audit_append_only on core_audit;
drop trigger if exists core_audit_no_truncate on core_audit;
drop function if exists core_audit_purge(integer);
drop function if exists core_audit_refuse();
"""

after_create(AuditEntry.__table__, UP, DOWN)


@event.listens_for(ParkSession, "do_orm_execute")
def confine(state: Any) -> None:
    """Readers of some parks see those parks' entries and the company-wide ones."""
    scope = state.session.info.get("scope")
    if scope is None or scope.parks is None or not any(m.class_ is AuditEntry for m in state.all_mappers):
        return
    parks = tuple(scope.parks) or (-1,)
    state.statement = state.statement.options(with_loader_criteria(
        AuditEntry, lambda cls: or_(cls.park_id.is_(None), cls.park_id.in_(parks)), include_aliases=True, track_closure_variables=True))
