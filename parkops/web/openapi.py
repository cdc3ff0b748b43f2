"""The OpenAPI description of a resource's REST class, made from what the routes and the model already say."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec

from .compile import Resolved, ResolvedField, input_field

TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"}, "bool": {"type": "boolean"}, "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"}, "ref": {"type": "integer", "minimum": 1},
    "refs": {"type": "array", "items": {"type": "integer", "minimum": 1}},
    "multichoice": {"type": "array", "items": {"type": "string"}}, "month": {"type": "string", "pattern": r"^\d{4}-\d{2}$"},
}
EXACT = {"money": 2, "area": 2, "percent": 8, "decimal": 8}
SENTENCE = {"type": "object", "properties": {"message": {"type": "string"}, "problems": {"type": "array", "items": {"type": "object"}}}}
CODES = {"400": "The request cannot be understood", "401": "Not logged in", "403": "Not allowed", "404": "No such record in your parks",
         "405": "Not a method of this address", "409": "Somebody else was quicker", "413": "Too large",
         "422": "Rules of the field are not met", "428": "The version is missing", "429": "Too many requests"}
SUMMARY = {
    "get_item": "Read one record", "create_item": "Create a record", "change_item": "Change a record", "remove_item": "Delete a record",
    "do_item": "Run a step or action of the record", "bulk_items": "Run or preview a bulk action",
}


def schema_of(field: ResolvedField) -> dict[str, Any]:
    """JSON schema of one field."""
    if field.kind in EXACT:
        out: dict[str, Any] = {"type": "string", "pattern": rf"^-?\d{{1,10}}(\.\d{{1,{field.places or EXACT[field.kind]}}})?$"}
    else:
        out = dict(TYPES.get(field.kind, {"type": "string"}))
    if out.get("type") == "string" and field.max_length and "format" not in out:
        out["maxLength"] = field.max_length
    if field.kind == "choice" and hasattr(field.choices, "labels"):
        out["enum"] = [*field.choices, *([] if field.required else [None])]
    if not field.required:
        out["nullable"] = True
    out["description"] = str(field.label)
    return out


def object_of(fields: list[ResolvedField], *, partial: bool = False, version: bool = False) -> dict[str, Any]:
    """JSON schema of an object with these fields."""
    properties = {f.name: schema_of(f) for f in fields if f.kind != "file"}
    required = [] if partial else [f.name for f in fields if f.required and f.kind != "file"]
    if version:
        properties["version"] = {"type": "integer", "minimum": 1}
        required.append("version")
    out: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**out, "required": required} if required else out


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": schema, "description": description}


def list_schema(resolved: Resolved) -> dict[str, Any]:
    """The `q` of a list, as JSON schema."""
    names = {"type": "string", "enum": list(resolved.columns)}
    word = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
    rule = {"type": "array", "items": word, "minItems": 2, "maxItems": 3}
    return {"type": "object", "properties": {
        "filters": {"type": "array", "items": rule, "maxItems": 30}, "sort": {"type": "array", "items": rule, "maxItems": 5},
        "page": {"type": "integer", "minimum": 0}, "size": {"type": "integer", "minimum": 1, "maximum": 100},
        "columns": {"type": "array", "items": names}, "text": {"type": "string"}, "view": {"type": "string"},
        "totals": {"type": "boolean"}, "count": {"type": "boolean"}, "group": {"type": "array", "items": names, "maxItems": 2},
        "ids": {"type": "array", "items": {"type": "integer"}}}}


def _parameters(resolved: Resolved, path: str, name: str, method: str) -> list[dict[str, Any]]:
    out = [{"in": "path", "name": p, "required": True,
            "schema": {"type": "integer", "minimum": 1} if p == "pk" else {"type": "string", "enum": _codes(resolved, name)}}
           for p in re.findall(r"{(\w+)}", path)]
    if method == "get" and path.endswith("/"):
        out.append({"in": "query", "name": "q", "content": {"application/json": {"schema": list_schema(resolved)}}})
    if name == "get_item":
        out.append(_query("unmask", {"type": "string"}, "Personal fields to show in full, comma separated; recorded"))
    if name == "remove_item":
        out.append(_query("version", {"type": "string"}, "The version that was read"))
    if path.endswith("/_choices"):
        out += [_query("text", {"type": "string"}, "Part of the label"), _query("limit", {"type": "integer"}, "How many")]
    if name in ("create_item", "do_item"):
        out.append({"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "pattern": "^[a-zA-Z0-9-]{8,100}$"}})
    if name in ("change_item", "remove_item"):
        out.append({"in": "header", "name": "If-Match", "schema": {"type": "string"}})
    return out


def _codes(resolved: Resolved, name: str) -> list[str]:
    if name == "bulk_items":
        return list(resolved.bulk) or ["none"]
    steps = [s.code for s in resolved.workflow.steps] if resolved.workflow is not None else []
    return [*steps, *resolved.actions] or ["none"]


def _body(resolved: Resolved, name: str) -> dict[str, Any] | None:
    if name == "create_item":
        schema = object_of(resolved.form_field_list("create"))
    elif name == "change_item":
        schema = object_of(resolved.form_field_list("change"), partial=True, version=True)
    elif name == "do_item":
        steps = [i for s in (resolved.workflow.steps if resolved.workflow is not None else ()) for i in s.form]
        inputs = [*steps, *(i for a in resolved.actions.values() for i in a.inputs)]
        schema = {**object_of([input_field(i) for i in inputs], partial=True), "additionalProperties": True}
    elif name == "bulk_items":
        schema = {"type": "object", "properties": {"ids": {"type": "array", "items": {"type": "integer"}}, "q": list_schema(resolved),
                                                   "values": {"type": "object"}, "dry_run": {"type": "boolean"}}}
    else:
        return {"content": {"application/json": {"schema": {"type": "object"}}}}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _operation(resolved: Resolved, path: str, name: str, method: str, doc: str | None) -> dict[str, Any]:
    ok = "201" if name == "create_item" else "200"
    responses = {ok: {"description": "Done", "content": {"application/json": {"schema": {"type": "object"}}}}}
    responses |= {code: {"description": text, "content": {"application/json": {"schema": SENTENCE}}} for code, text in CODES.items()}
    out: dict[str, Any] = {
        "summary": f"{SUMMARY.get(name) or (doc or name).strip().splitlines()[0]} ({resolved.name})", "tags": [resolved.name],
        "operationId": f"{resolved.name}:{method}:{name}", "parameters": _parameters(resolved, path, name, method),
        "responses": responses, "security": [{"jwt": []}]}
    if method in ("post", "put"):
        out["requestBody"] = _body(resolved, name)
    return out


def offered(resolved: Resolved, name: str) -> bool:
    """Whether the resource has what the operation needs."""
    needs = {"create_item": resolved.create, "change_item": resolved.change, "remove_item": resolved.remove,
             "bulk_items": resolved.bulk, "do_item": resolved.workflow or resolved.actions}
    return name not in needs or bool(needs[name])


def describe(api_spec: APISpec, api: Any) -> None:
    """Add every route of a resource's API class to the specification."""
    paths: dict[str, dict[str, Any]] = {}
    for name in dir(type(api)):
        method = getattr(api, name)
        for url, verbs in getattr(method, "_urls", ()):
            if not offered(api.resolved, name):
                continue
            path = api.route_base + re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", url)
            for verb in verbs:
                paths.setdefault(path, {})[verb.lower()] = _operation(api.resolved, path, name, verb.lower(), method.__doc__)
    for path, operations in paths.items():
        api_spec.path(path=path, operations=operations)
