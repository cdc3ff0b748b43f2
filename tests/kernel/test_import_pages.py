"""The wizard through the client: upload, mapping, dry run, import, error workbook, undo; rights, parks, bad input."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import import_hostile as hostile
import openpyxl
import pytest

from parkops.testing.registers import register_rows, write_csv

ROWS = list(register_rows(30))


def token(client: Any, url: str = "/imports/new") -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(url).get_data(as_text=True))[1]


def send(client: Any, path: Path, *, kind: str = "tenants.firms", csrf: str | None = None) -> Any:
    data = {"kind": kind, "file": (io.BytesIO(path.read_bytes()), path.name), "csrf_token": csrf if csrf is not None else token(client)}
    return client.post("/imports/new", data=data, content_type="multipart/form-data")


def form_of(page: str) -> dict[str, str]:
    """What the mapping form would send."""
    out = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page)[1]}
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        picked = re.search(r'<option value="([^"]*)" selected', body)
        out[name] = picked[1] if picked else ""
    return out


@pytest.fixture
def clerk(client: Any, login_as: Any) -> Any:
    login_as(client, "operations_clerk")
    return client


@pytest.fixture
def batch(clerk: Any, tmp_path: Path) -> str:
    """An uploaded file with one bad row."""
    rows = [*ROWS, ("坏行公司", "913708000000000000", *ROWS[0][2:])]
    answer = send(clerk, write_csv(tmp_path / "名录.csv", rows))
    assert answer.status_code == 302, answer.get_data(as_text=True)[:2000]
    return answer.headers["Location"]


def text_of(client: Any, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def names(client: Any) -> set[str]:
    return {r["_label"] for r in client.get('/api/v1/tenants/firm/?q={"size":100}').json["rows"]}


def test_the_whole_road(clerk, batch) -> None:
    page = text_of(clerk, batch)
    assert ROWS[0][0] in page and "统一社会信用代码" in page
    form = form_of(page)
    assert form["column-0"] == "name" and form["column-5"] == "capital"
    assert clerk.post(f"{batch}/check", data=form).status_code == 302
    page = text_of(clerk, batch)
    assert "<dd>30</dd>" in page.replace(' class=""', "") and "/commit" in page and "/errors" in page
    workbook = clerk.get(f"{batch}/errors")
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.data)).active
    assert workbook.headers["Content-Disposition"].startswith("attachment") and sheet.max_row == 2
    assert sheet["A2"].value == "坏行公司" and sheet["L2"].value == 32
    assert clerk.post(f"{batch}/commit", data=form).status_code == 302
    page = text_of(clerk, batch)
    assert "/undo" in page and f"{batch}/commit" not in page
    state = clerk.get(f"{batch}/progress").json
    assert state["state"] == "done" and state["finished"] and state["progress"] == state["total"] == 31
    assert names(clerk) == {r[0] for r in ROWS}
    assert clerk.post(f"{batch}/undo", data=form).status_code == 302
    assert clerk.get(f"{batch}/progress").json["state"] == "undone" and names(clerk) == set()
    assert clerk.post(f"{batch}/undo", data=form).status_code == 409
    assert clerk.post(f"{batch}/commit", data=form).status_code == 302  # a sentence, and still undone
    assert clerk.get(f"{batch}/progress").json["state"] == "undone"


def test_import_needs_the_dry_run_first(clerk, batch) -> None:
    form = form_of(text_of(clerk, batch))
    clerk.post(f"{batch}/commit", data=form)
    assert clerk.get(f"{batch}/progress").json["state"] == "uploaded"


def test_all_or_nothing_on_the_screen(clerk, batch) -> None:
    form = {**form_of(text_of(clerk, batch)), "policy": "all"}
    clerk.post(f"{batch}/check", data=form)
    clerk.post(f"{batch}/commit", data=form)
    assert clerk.get(f"{batch}/progress").json["state"] == "checked"
    assert names(clerk) == set()


@pytest.mark.parametrize("change", [
    {"column-0": ""}, {"column-0": "credit_code"}, {"column-x": "name"}, {"column-99999": "short_name"}, {"column-9": "state"},
    {"mode": "replace"}, {"policy": "some"}])
def test_bad_mapping_is_one_sentence(clerk, batch, change) -> None:
    answer = clerk.post(f"{batch}/check", data={**form_of(text_of(clerk, batch)), **change})
    assert answer.status_code == 400 and 'role="alert"' in answer.get_data(as_text=True)
    assert clerk.get(f"{batch}/progress").json["state"] == "uploaded"


@pytest.mark.parametrize("name", ["far cell", "entities", "lying size", "csv broken utf-16", "xls encrypted", "wrong suffix", "blank"])
def test_hostile_upload_keeps_the_worker(clerk, tmp_path, name) -> None:
    filename, make = hostile.FILES[name]
    path = tmp_path / filename
    path.write_bytes(make())
    answer = send(clerk, path)
    assert answer.status_code == 400 and 'role="alert"' in answer.get_data(as_text=True)
    assert clerk.get("/imports/new").status_code == 200


def test_bad_uploads(clerk, tmp_path) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS)
    assert send(clerk, path, kind="no.such").status_code == 400
    assert clerk.post("/imports/new", data={"kind": "tenants.firms", "csrf_token": token(clerk)}).status_code == 400
    assert clerk.get("/imports/999999").status_code == 404
    large = tmp_path / "b.csv"
    large.write_bytes(b"x" * (21 << 20))
    assert send(clerk, large).status_code in (400, 413)
    odd = tmp_path / "c.csv"
    odd.write_bytes(path.read_bytes())
    named = clerk.post("/imports/new", data={"kind": "tenants.firms", "csrf_token": token(clerk),
                                             "file": (io.BytesIO(path.read_bytes()), "../../<script>alert(1)</script>.csv")},
                       content_type="multipart/form-data")
    assert named.status_code == 302
    assert "<script>alert(1)" not in text_of(clerk, named.headers["Location"])


def test_posts_need_a_token(clerk, batch, tmp_path) -> None:
    form = form_of(text_of(clerk, batch))
    form["csrf_token"] = "wrong"
    for url in (f"{batch}/check", f"{batch}/commit", f"{batch}/undo"):
        assert clerk.post(url, data=form).status_code == 400
    assert send(clerk, write_csv(tmp_path / "a.csv", ROWS), csrf="").status_code == 400
    assert clerk.get(f"{batch}/progress").json["state"] == "uploaded"


def test_other_people(app, clerk, batch, login_as) -> None:
    """Another clerk of the park sees counts, not rows, unless she sees personal data anyway; another park sees nothing."""
    for who, status in (("finance", 403), ("leadership", 403), ("system_administrator", 403), ("operations_clerk_west", 404)):
        other = app.test_client()
        login_as(other, who)
        for url in (batch, f"{batch}/progress", f"{batch}/errors"):
            assert other.get(url).status_code == status, (who, url)
    auditor = app.test_client()
    login_as(auditor, "auditor")
    page = text_of(auditor, batch)
    assert ROWS[0][0] not in page and auditor.get(f"{batch}/errors").status_code == 403
    assert auditor.post(f"{batch}/commit", data={"csrf_token": token(auditor, batch) if "csrf_token" in page else ""}).status_code in (400, 403)
    anonymous = app.test_client()
    assert anonymous.get(batch).status_code in (302, 401)


def test_list_and_links(clerk, batch) -> None:
    assert clerk.get("/imports/").headers["Location"].endswith("/core/import/")
    assert clerk.get("/core/import/").status_code == 200
    number = batch.rsplit("/", 1)[1]
    assert clerk.get(f"/core/import/{number}").headers["Location"].endswith(batch)
    rows = clerk.get('/api/v1/core/import/?q={"size":10}').json["rows"]
    assert [str(r["id"]) for r in rows] == [number]


def test_errors_are_read_in_the_readers_language(clerk, batch) -> None:
    """A batch checked by a Chinese reader shows English sentences to an English one: the sentence is stored, not its words."""
    clerk.post(f"{batch}/check", data=form_of(text_of(clerk, batch)))
    zh = text_of(clerk, batch)
    answer = clerk.post(re.search(r'action="([^"]+/locale/)"', zh)[1], data={"csrf_token": token(clerk), "locale": "en", "next": batch})
    assert answer.status_code == 302
    en = text_of(clerk, batch)
    assert "The check character of credit code 913708000000000000 is wrong" in en
    assert "The check character" not in zh
