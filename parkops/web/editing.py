"""New, edit and remove: parse, call the service, commit once; on a refusal the form comes back as it was typed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request
from sqlalchemy import inspect as sa_inspect
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.exc import StaleDataError

from .. import refs
from ..errors import Conflict, NotAllowed, NotFound, ParkOpsError, Problem, Refused, RuleError
from ..i18n import _, _l
from . import conflict, idempotency
from .compile import Resolved
from .dberrors import as_refusal
from .forms import RecordForm, edit_form, new_form
from .views import PK, commit, route, safe_path


def load_record(session: Any, resolved: Resolved, pk: int, *, lock: bool = False) -> Any:
    """The record inside the scope, with what its page needs; locked for writing when asked. Raises NotFound, or Moved."""
    model = resolved.model
    query = select(model).where(model.id == pk)
    if lock:
        locked = query.with_for_update(of=model).execution_options(populate_existing=True)
        return _found(session, resolved, pk, session.execute(locked).scalars().first())
    relations = {*resolved.resource.load, *(f.relation for f in resolved.fields.values() if f.relation)}
    known = sa_inspect(model).relationships
    for name in sorted(relations):
        if name in known:
            query = query.options(joinedload(getattr(model, name)))
    return _found(session, resolved, pk, session.execute(query).unique().scalars().first())


def _found(session: Any, resolved: Resolved, pk: int, obj: Any) -> Any:
    if obj is None:
        raise refs.missing(session, resolved.name, pk)
    return obj


def version_of(obj: Any) -> str:
    """What changes when the record changes: its version, or a digest of its columns when it has none."""
    if getattr(obj, "version", None) is not None:
        return str(obj.version)
    columns = sorted(sa_inspect(type(obj)).column_attrs.keys())
    return hashlib.sha256(repr([getattr(obj, c) for c in columns]).encode()).hexdigest()[:20]


def attempt(session: Any, work: Callable[[], Any]) -> tuple[Any, ParkOpsError | None]:
    """Run `work`, commit, and return its result; on a refusal roll back and return the refusal (rights and absence are
    raised on, they have their own pages)."""
    try:
        result = work()
        commit()
        return result, None
    except (NotAllowed, NotFound):
        session.rollback()
        raise
    except ParkOpsError as e:
        session.rollback()
        return None, e
    except (DBAPIError, StaleDataError) as e:
        session.rollback()
        refusal = as_refusal(e)
        if refusal is None:
            raise
        return None, refusal
    except StatementError as e:
        session.rollback()
        if not isinstance(e.orig, ValueError | TypeError):
            raise
        return None, RuleError([Problem("core.bad_value", _l("One of the values cannot be stored; check numbers and dates."))])


def as_rule_error(refusal: ParkOpsError) -> RuleError:
    """A refusal in the form a form can show."""
    return refusal if isinstance(refusal, RuleError) else RuleError([Problem("core.refused", refusal.message)])


def require_editable(resolved: Resolved, obj: Any) -> None:
    """Refuse a record that is past the states in which it is edited."""
    if (why := resolved.fixed(obj)) is not None:
        raise Refused(why)


class EditPages:
    """Routes for making, changing and removing one record (mixed into the resource's page class)."""

    @route("/new", "add", methods=("GET", "POST"))
    def new(self) -> Any:
        resolved, session = self.resolved, self.session
        if resolved.create is None:
            raise NotFound(_l("These records are not made by hand."))
        form = new_form(resolved, session, given={k: v for k, v in request.args.items() if not k.startswith("_")})
        if request.method == "GET":
            return self._form_page(form, None)
        ok = form.read(request.form, request.files)
        needed = resolved.resource.money
        claimed = idempotency.claim(session, request.form.get("_once"), request.path, _body(), needed=needed) if ok else None
        if claimed is not None and claimed.answer is not None:
            session.rollback()
            return redirect(safe_path(claimed.answer.get("url"), resolved.url), 303)
        if not ok:
            return self._form_page(form, None, 422)
        obj, refusal = attempt(session, lambda: self._create(form, claimed))
        if refusal is not None:
            form.complain(as_rule_error(refusal))
            return self._form_page(form, None, refusal.status)
        flash(_("Saved: %(name)s", name=str(obj)), "success")
        return redirect(self._after_save(obj), 303)

    def _create(self, form: RecordForm, claimed: Any) -> Any:
        obj = self.resolved.create(self.session, **form.values())
        self.session.flush()
        idempotency.keep(self.session, claimed, {"url": self._record_url(obj), "id": obj.id})
        return obj

    def _record_url(self, obj: Any) -> str:
        return f"{self.resolved.url}{obj.id}"

    def _after_save(self, obj: Any) -> str:
        if request.form.get("_again"):
            return f"{self.resolved.url}new"
        return safe_path(request.form.get("_next"), self._record_url(obj))

    @route(f"/{PK}/edit", "change", methods=("GET", "POST"))
    def edit(self, pk: int) -> Any:
        resolved, session = self.resolved, self.session
        if resolved.change is None:
            raise NotFound(_l("These records are not changed by hand."))
        if request.method == "GET":
            obj = load_record(session, resolved, pk)
            require_editable(resolved, obj)
            return self._form_page(edit_form(resolved, session, obj), obj)
        obj = load_record(session, resolved, pk, lock=True)
        require_editable(resolved, obj)
        form = edit_form(resolved, session, obj)
        theirs = form.texts()
        ok = form.read(conflict.merged(request.form, theirs), request.files)
        given = request.form.get("_version", "")
        if given != version_of(obj):
            if not given:
                raise Refused(_l("This form is incomplete: the record's version is missing. Reload the page and change it again."))
            return self._conflict(pk, form)
        if not ok:
            return self._form_page(form, obj, 422)
        values = form.values()
        _done, refusal = attempt(session, lambda: (resolved.change(session, obj, **values), session.flush()))
        if isinstance(refusal, Conflict):
            return self._conflict(pk, form, refusal)
        if refusal is not None:
            form.complain(as_rule_error(refusal))
            return self._form_page(form, load_record(session, resolved, pk), refusal.status)
        flash(_("Saved: %(name)s", name=str(obj)), "success")
        return redirect(safe_path(request.form.get("_next"), f"{resolved.url}{pk}"), 303)

    def _conflict(self, pk: int, yours: RecordForm, refusal: Conflict | None = None) -> Any:
        """The 409 page: both versions side by side, to choose per field and save again."""
        resolved, session = self.resolved, self.session
        session.rollback()
        obj = load_record(session, resolved, pk)
        theirs = edit_form(resolved, session, obj)
        rows = conflict.rows(session, yours, theirs, conflict.was(request.form))
        who = conflict.last_change(session, resolved.name, pk)
        return self.draw("parkops/conflict.html", 409, resolved=resolved, obj=obj, title=str(obj), rows=rows, form=yours, who=who,
                         version=version_of(obj), was=json.dumps(theirs.texts()), refusal=refusal, next_url=request.form.get("_next", ""))

    def _form_page(self, form: RecordForm, obj: Any, status: int = 200) -> Any:
        resolved = self.resolved
        typed = request.method == "POST"
        return self.draw(
            "parkops/form.html", status, resolved=resolved, form=form, obj=obj, title=str(obj) if obj is not None else None,
            version=(request.form.get("_version") if typed else version_of(obj)) if obj is not None else None,
            was=(request.form.get("_was", "{}") if typed else json.dumps(form.texts())), once=idempotency.new_key(),
            cancel=safe_path(request.values.get("_next"), f"{resolved.url}{obj.id}" if obj is not None else resolved.url),
            next_url=safe_path(request.values.get("_next"), ""))

    @route(f"/{PK}/remove", "remove", methods=("POST",))
    def remove(self, pk: int) -> Any:
        resolved, session = self.resolved, self.session
        if resolved.remove is None:
            raise NotFound(_l("These records are not deleted; they are ended or reversed."))
        obj = load_record(session, resolved, pk, lock=True)
        require_editable(resolved, obj)
        name = str(obj)
        if request.form.get("_version") not in (None, "", version_of(obj)):
            raise Conflict(_l("Somebody else changed this record meanwhile. Look at it again before you delete it."))
        _done, refusal = attempt(session, lambda: (resolved.remove(session, obj), session.flush()))
        if refusal is not None:
            flash(str(refusal), "danger")
            return redirect(f"{resolved.url}{pk}", 303)
        flash(_("Deleted: %(name)s", name=name), "success")
        return redirect(safe_path(request.form.get("_next"), resolved.url), 303)


def _body() -> dict[str, Any]:
    return {k: request.form.getlist(k) for k in request.form if k not in ("_once", "csrf_token")}
