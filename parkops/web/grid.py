"""Lists: one typed question (`Query`) about a resource, answered with few statements whatever the table's size.

1. the page: its ids (joins only what filters and sort order need) as a sub-query, the shown columns of those ids around it,
2. count and totals of everything filtered, 3. the groups when asked. Entities, never bare tables: the park scope applies
to the resource and to everything joined. Values of personal columns leave masked; without the `unmask` right they can
neither be filtered, sorted nor searched (that would be an oracle)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import case, func, or_, select, type_coerce
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.orm import aliased

from .. import refs
from ..clock import today
from ..db.session import scope_of
from ..db.types import Scaled
from ..errors import NotAllowed, NotFound, Refused
from ..i18n import _l
from ..security import access
from . import filters, gridrows
from .compile import Resolved, ResolvedColumn, choosable, label_attr, label_expr
from .filters import Context, like
from .gridquery import Query, parse

GROUPS_SHOWN = 500
FILLED = ("eq", "gt", "gte", "lt", "lte", "between", "notempty")  # operators no empty value passes
USERS = ("ab.user", "core.user")


@dataclass
class Plan:
    """One statement being built: expressions by column, and the joins they need."""

    resolved: Resolved
    context: Context
    joins: dict[tuple[str, ...], tuple[Any, Any]] = field(default_factory=dict)

    def entity(self, path: tuple[str, ...]) -> Any:
        """The alias at the end of a many-to-one path, joined once."""
        if not path:
            return self.resolved.model
        if path not in self.joins:
            parent = self.entity(path[:-1])
            self.joins[path] = _joined(parent, path[-1])
        return self.joins[path][0]

    def expr(self, column: ResolvedColumn) -> Any:
        """The value of a column."""
        if column.sql is not None:
            return column.sql(self.resolved.model, self.context)
        entity = self.entity(column.path)
        return label_expr(entity, "name") if column.path and column.attr == "name" else getattr(entity, column.attr)

    def text(self, column: ResolvedColumn) -> tuple[Any, str | None]:
        """(shown text, personal kind) of a reference; (None, None) when only the record itself could say."""
        if column.relation is not None:
            target = self.entity((*column.path, column.relation))
        else:
            target = self._unrelated(column)
        model = sa_inspect(target).mapper.class_ if target is not None else None
        attr = label_attr(model) if model is not None else None
        if attr is None or attr not in sa_inspect(model).column_attrs:
            return None, None
        return label_expr(target, attr), sa_inspect(model).column_attrs[attr].columns[0].info.get("personal")

    def _unrelated(self, column: ResolvedColumn) -> Any:
        """A joined alias for a foreign key without a relationship (users and the like)."""
        name = "core.user" if column.ref in USERS else column.ref
        key = (*column.path, f"={column.attr}")
        if key not in self.joins:
            try:
                model = refs.model_of(name)
            except Refused:
                return None
            target = _aliased(model, key)
            self.joins[key] = (target, (target, target.id == self.expr(column)))
        return self.joins[key][0]

    def apply(self, statement: Any) -> Any:
        """Outer joins, parents first; many-to-one never multiplies rows."""
        for _target, on in self.joins.values():
            statement = statement.outerjoin(*on) if isinstance(on, tuple) else statement.outerjoin(on)
        return statement


@lru_cache(maxsize=2048)
def _joined(parent: Any, name: str) -> tuple[Any, Any]:
    """(alias, join condition) of a relationship. Made once: an alias costs a millisecond, and it never changes."""
    relation = getattr(parent, name)
    target = aliased(relation.property.mapper.class_)
    return target, relation.of_type(target)


@lru_cache(maxsize=2048)
def _aliased(model: Any, place: tuple[str, ...]) -> Any:
    """The alias of a model at one place of a list's joins."""
    return aliased(model)


class Grid:
    """A checked query of one resource in one session: `rows()`, `count()`, `groups()`, `statement()` for exports."""

    def __init__(self, session: Any, resolved: Resolved, query: Query, *, on: date | None = None):
        self.session, self.resolved, self.query = session, resolved, query
        self.context = Context(on or today(), scope_of(session).user_id)
        self.names = self._columns()
        self.filters = self._filters()
        self.sort = self._sort()
        for name in query.group:
            self.column(name)
            self._uncovered(self.column(name))

    def column(self, name: str) -> ResolvedColumn:
        """A column the client may name; Refused otherwise."""
        found = self.resolved.find(name)
        if found is None or (found.col.needs and not access.may(self.session, found.col.needs, "read")):
            raise Refused(_l("This list has no column %(name)s; reload the page or choose another column.", name=name[:60]))
        return found

    def may_unmask(self, column: ResolvedColumn) -> bool:
        return access.may_unmask(self.session, column.guard or self.resolved.name)

    def _uncovered(self, column: ResolvedColumn) -> None:
        if column.personal and not self.may_unmask(column):
            raise NotAllowed(
                _l("%(title)s is personal data; filtering, sorting and searching it needs the right to see it.", title=column.title)
            )

    def _columns(self) -> tuple[str, ...]:
        if self.query.columns:
            for name in self.query.columns:
                self.column(name)
            return tuple(dict.fromkeys(self.query.columns))
        view = self._view()
        if view is not None and view.columns:
            return view.columns
        return tuple(n for n, c in self.resolved.shown_to(self.session).items() if not c.col.hidden)

    def _view(self) -> Any:
        if self.query.view is None:
            return None
        for view in self.resolved.resource.views:
            if view.code == self.query.view:
                return view
        raise Refused(_l("There is no such view of this list."))

    def _filters(self) -> list[tuple[ResolvedColumn, str, Any]]:
        view = self._view()
        ours = [*self.resolved.resource.base_filters, *(view.filters if view is not None else ())]
        out = [(self.column(f.column), f.op, list(f.value) if isinstance(f.value, tuple) else f.value) for f in ours]
        for name, op, value in self.query.filters:
            column = self.column(name)
            self._uncovered(column)
            out.append((column, op, value))
        return out

    def _sort(self) -> list[tuple[ResolvedColumn, bool]]:
        asked = list(self.query.sort)
        for name, _desc in asked:
            self._uncovered(self.column(name))
        if not asked:
            view = self._view()
            text = (view.sort if view is not None else None) or self.resolved.resource.sort
            asked = [(text.lstrip("-"), text.startswith("-"))] if text else []
        grouped = [(g, dict(asked).get(g, False)) for g in self.query.group]
        return [(self.column(n), d) for n, d in [*grouped, *((n, d) for n, d in asked if n not in self.query.group)]]

    def conditions(self, plan: Plan) -> list[Any]:
        """Every filter as SQL, with the joins it needs added to the plan."""
        out = []
        for column, op, value in self.filters:
            text = plan.text(column)[0] if column.fmt == "ref" and op == "contains" else None
            out.append(filters.condition(column, plan.expr(column), op, value, self.context, text))
        if self.query.ids:
            out.append(self.resolved.model.id.in_(self.query.ids))
        if self.query.text:
            out.append(self._search(plan))
        return out

    def _search(self, plan: Plan) -> Any:
        """The search box: the grid's search columns, and the global index (pinyin) where the model is in it."""
        exprs = []
        for name in self.resolved.resource.search:
            column = self.column(name)
            if not column.personal or self.may_unmask(column):
                exprs.append(plan.text(column)[0] if column.fmt == "ref" else plan.expr(column))
        found = [filters.any_contains([e for e in exprs if e is not None], self.query.text)] if exprs else []
        indexed = gridrows.indexed_ids(self.session, self.resolved, self.query.text)
        if indexed:
            found.append(self.resolved.model.id.in_(indexed))
        if not found:
            raise Refused(_l("This list has no search box; filter a column instead."))
        return or_(*found)

    def order(self, plan: Plan) -> list[Any]:
        """ORDER BY: empties last, states in the order of their list, the id as the last word so that pages never overlap."""
        out = []
        for column, descending in self.sort:
            expr, nullable = plan.expr(column), (column.nullable or column.sql is not None) and not self._filled(column)
            if column.fmt == "ref":
                expr, nullable = self._ref_order(plan, column, expr)
            elif column.fmt == "choice" and column.choices is not None:
                places = {code: i for i, code in enumerate(column.choices)}
                expr = case(places, value=expr, else_=len(places)) if places else expr
            expr = expr.desc() if descending else expr.asc()
            out.append(expr.nulls_last() if nullable else expr)
        last = self.sort[0][1] if self.sort else True
        if not any(c.attr == "id" and not c.path for c, _d in self.sort):
            out.append(self.resolved.model.id.desc() if last else self.resolved.model.id.asc())
        return out

    def _filled(self, column: ResolvedColumn) -> bool:
        """Whether a filter leaves no empties of this column, so that an ordinary index has the order already."""
        return any(c.name == column.name and op in FILLED for c, op, _value in self.filters)

    def _ref_order(self, plan: Plan, column: ResolvedColumn, expr: Any) -> tuple[Any, bool]:
        text, personal = plan.text(column)
        return (text, True) if text is not None and not personal else (expr, True)

    def plan(self) -> Plan:
        """An empty plan for one statement about this list."""
        return Plan(self.resolved, self.context)

    def page_statement(self) -> Any:
        """The select of the ids on this page, in order."""
        plan = self.plan()
        where, order = self.conditions(plan), self.order(plan)
        statement = plan.apply(select(self.resolved.model.id).select_from(self.resolved.model)).where(*where).order_by(*order)
        return statement.limit(self.query.size).offset(self.query.page * self.query.size)

    def page_ids(self) -> list[int]:
        """The ids on this page, in order."""
        return list(self.session.execute(self.page_statement()).scalars())

    def all_ids(self, limit: int) -> list[int]:
        """Every filtered id in order, at most `limit` (exports, bulk actions on everything filtered)."""
        plan = Plan(self.resolved, self.context)
        where, order = self.conditions(plan), self.order(plan)
        statement = plan.apply(select(self.resolved.model.id).select_from(self.resolved.model)).where(*where).order_by(*order)
        return list(self.session.execute(statement.limit(limit)).scalars())

    def rows(self, ids: list[int], *, names: tuple[str, ...] | None = None, clear: bool = False) -> list[dict[str, Any]]:
        """The shown values of these ids, in their order. `clear` leaves personal values of those who hold
        the right unmasked (exports, which record it)."""
        return gridrows.fetch(self, ids, names or self.names, clear=clear) if ids else []

    def count(self) -> tuple[int, dict[str, str]]:
        """Statement 2: how many, and the totals of the columns that have one, over everything filtered."""
        plan = Plan(self.resolved, self.context)
        where, columns = self.conditions(plan), []
        if self.query.totals:
            columns = [(c, gridrows.total(c, plan.expr(c))) for c in self._totalled()]
        statement = plan.apply(select(func.count(), *(e for _c, e in columns)).select_from(self.resolved.model)).where(*where)
        row = self.session.execute(statement).one()
        return row[0], {c.name: gridrows.plain(c, v) for (c, _e), v in zip(columns, row[1:], strict=True)}

    def _totalled(self) -> list[ResolvedColumn]:
        return [c for n, c in self.resolved.columns.items() if c.col.total and n in self.names and not c.personal]

    def groups(self) -> list[dict[str, Any]]:
        """Statement 3: one entry per group over everything filtered, in the grid's order, at most 500."""
        plan = Plan(self.resolved, self.context)
        where, keys = self.conditions(plan), [self.column(n) for n in self.query.group]
        columns = self._totalled()
        exprs = [plan.expr(k) for k in keys]
        sums = [gridrows.total(c, plan.expr(c)) for c in columns]
        statement = plan.apply(select(*exprs, func.count(), *sums).select_from(self.resolved.model)).where(*where)
        found = self.session.execute(statement.group_by(*exprs).order_by(func.count().desc()).limit(GROUPS_SHOWN)).all()
        n = len(keys)
        return [
            {
                "key": [gridrows.plain(k, v) for k, v in zip(keys, row[:n], strict=True)],
                "count": row[n],
                "totals": {c.name: gridrows.plain(c, v) for c, v in zip(columns, row[n + 1 :], strict=True)},
            }
            for row in found
        ]

    def answer(self) -> dict[str, Any]:
        """The REST answer to a list request."""
        out: dict[str, Any] = {"page": self.query.page, "size": self.query.size}
        rows = gridrows.page(self)
        if self.query.count:
            whole = self.query.page == 0 and len(rows) < self.query.size and not (self.query.totals and self._totalled())
            out["count"], totals = (len(rows), {}) if whole else self.count()
            if self.query.totals:
                out["totals"] = totals
        if self.query.group:
            out["groups"] = self.groups()
        out["rows"] = rows
        return out


def run(session: Any, resolved: Resolved, query: Query, *, on: date | None = None) -> dict[str, Any]:
    """Check the right to read, then answer."""
    access.require(session, resolved.name, "read")
    return Grid(session, resolved, query, on=on).answer()


def choices(session: Any, resolved: Resolved, text: str, *, ids: tuple[int, ...] = (), limit: int = 20,
            filters: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    """Entries for a remote select: `{"id", "label"}`, by the label and the search columns; `ids` names chosen ones, whether or not
    they are still offered."""
    if not ids:
        filters = (*filters, *((f.column, f.op, f.value) for f in resolved.resource.offered))
    attr = label_attr(resolved.model)
    if attr is None or attr not in sa_inspect(resolved.model).column_attrs:
        return _by_words(session, resolved, text, ids, limit, filters)
    query = Query(columns=(), size=limit, text=text if resolved.resource.search else "", ids=ids, count=False, filters=filters)
    grid = Grid(session, resolved, replace(query, sort=()))
    plan = Plan(resolved, grid.context)
    label = label_expr(resolved.model, attr)
    where = grid.conditions(plan)
    if text and not resolved.resource.search:
        where.append(like(label, text))
    statement = plan.apply(select(resolved.model.id, label).select_from(resolved.model)).where(*where)
    personal = sa_inspect(resolved.model).column_attrs[attr].columns[0].info.get("personal")
    clear = not personal or access.may_unmask(session, resolved.name)
    from ..security.masking import mask

    order = (func.length(type_coerce(label, label.type)), label) if text else (label,)
    found = session.execute(statement.order_by(*order, resolved.model.id).limit(limit)).all()
    return [{"id": pk, "label": shown if clear else mask(personal, shown)} for pk, shown in found]


def _by_words(session: Any, resolved: Resolved, text: str, ids: tuple[int, ...], limit: int,
              filters: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Entries of records that no column names: the newest first, called what they call themselves. What is typed is looked for by the
    search columns, else among the newest 200. NotFound where the words could give away personal data."""
    model, searched = resolved.model, bool(resolved.resource.search)
    if not choosable(resolved):
        raise NotFound(_l("These records cannot be chosen from a list."))
    grid = Grid(session, resolved, Query(columns=(), size=limit, text=text if searched else "", ids=ids, count=False, sort=(),
                                         filters=filters))
    plan = Plan(resolved, grid.context)
    where = grid.conditions(plan)
    most = limit if searched or not text else 200
    chosen = plan.apply(select(model.id).select_from(model)).where(*where).order_by(model.id.desc()).limit(most)
    rows = session.scalars(select(model).where(model.id.in_(chosen.scalar_subquery())).order_by(model.id.desc()))
    entries = ({"id": row.id, "label": str(row)} for row in rows)
    return [e for e in entries if searched or text.casefold() in e["label"].casefold()][:limit]


__all__ = ["Grid", "Plan", "Query", "Scaled", "choices", "parse", "run"]
