"""Errors: a page for people, JSON for programs, one sentence, no stack, no constraint name."""

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from parkops.errors import Conflict, NotAllowed, NotFound, Problem, Refused, RuleError

LEAKS = ("Traceback", "sqlalchemy", "psycopg", "uq_", "SELECT ", 'File "')


class Original(Exception):
    def __init__(self, state):
        super().__init__("duplicate key value violates unique constraint uq_secret")
        self.sqlstate = state
        self.diag = None


CASES = {
    "refused": (lambda: Refused("Write a number."), 400), "denied": (lambda: NotAllowed("No."), 403), "gone": (lambda: NotFound("Nothing."), 404),
    "conflict": (lambda: Conflict("Somebody else."), 409), "rule": (lambda: RuleError([Problem("x.y", "Fill this in.", "name")]), 422),
    "defect": (lambda: ZeroDivisionError("SELECT secret"), 500), "unique": (lambda: IntegrityError("SELECT 1", {}, Original("23505")), 422),
    "lost": (lambda: OperationalError("SELECT 1", {}, Original("08006")), 503), "timeout": (lambda: OperationalError("SELECT 1", {}, Original("57014")), 503)}


@pytest.fixture
def failing(app):
    """The handlers on small views of an app context of their own request."""
    from parkops.web import errors

    def handle(name, path, headers=None):
        with app.test_request_context(path, headers=headers or {}):
            from flask import g

            g.user = None
            made = app.handle_user_exception(CASES[name][0]())
            return app.make_response(made)

    assert errors
    return handle


@pytest.mark.parametrize("name", CASES)
def test_json_answers(failing, name):
    answer = failing(name, "/api/v1/x/")
    assert answer.status_code == CASES[name][1]
    body = answer.get_json()
    assert body["message"] and not any(leak in answer.get_data(as_text=True) for leak in LEAKS)
    if name == "rule":
        assert body["problems"] == [{"code": "x.y", "field": "name", "message": "Fill this in."}]
    if name == "defect":
        assert len(body["number"]) == 8


@pytest.mark.parametrize("name", CASES)
def test_pages(failing, name):
    answer = failing(name, "/x/", {"Accept": "text/html"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == CASES[name][1] and "<h1>" in text and not any(leak in text for leak in LEAKS)


def test_unknown_addresses(client, login_as):
    assert client.get("/nowhere").status_code == 404
    assert client.get("/api/v1/nowhere").get_json()["message"]
    login_as(client, "operations_clerk")
    page = client.get("/nowhere")
    assert page.status_code == 404 and "pk-side" in page.get_data(as_text=True)
    assert client.get("/tenants/firm/999999999").status_code == 404
    assert client.put("/search").status_code in (400, 405)


def test_too_large(client, login_as):
    login_as(client, "operations_clerk")
    answer = client.post("/api/v1/tenants/firm/_export", data=b"x" * (21 * 1024 * 1024), content_type="application/json")
    assert answer.status_code in (400, 413)


def test_the_number_stands_in_the_log(failing, caplog):
    body = failing("defect", "/api/v1/x/").get_json()
    assert body["number"] in caplog.text and "ZeroDivisionError" in caplog.text
