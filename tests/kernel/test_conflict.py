"""Two people, one record (G17): the second sees both values on every editable resource, nothing is silently overwritten."""

from __future__ import annotations

import pytest

from tests.kernel.things import form_of, make, stored, things  # noqa: F401


@pytest.fixture
def two(app, login_as, things):  # noqa: F811
    first, second = app.test_client(), app.test_client()
    login_as(first, "operations_clerk"), login_as(second, "operations_manager")
    return first, second


def _both_open(two, pk):
    first, second = two
    url = f"/test/thing/{pk}/edit"
    return url, form_of(first.get(url)), form_of(second.get(url))


def test_second_writer_gets_both_values_and_chooses(two, make, stored):  # noqa: F811
    pk = make("start", note="old", phone="13812345678")
    url, mine, theirs = _both_open(two, pk)
    assert two[0].post(url, data=mine | {"name": "from the first", "note": "first note"}).status_code == 303
    answer = two[1].post(url, data=theirs | {"name": "from the second", "count": "5"})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 409
    for word in ("from the first", "from the second", "first note", "start", "operations_clerk"):
        assert word in body, word
    assert "13812345678" not in body
    assert stored(pk).name == "from the first" and stored(pk).count is None
    data = form_of(answer) | {"_pick.name": "yours", "_pick.note": "theirs", "_pick.count": "yours"}
    done = two[1].post(url, data=data)
    assert done.status_code == 303, done.get_data(as_text=True)
    now = stored(pk)
    assert (now.name, now.note, now.count, now.phone) == ("from the second", "first note", 5, "13812345678")


def test_one_sided_changes_are_preselected(two, make):  # noqa: F811
    pk = make("start", note="old")
    url, mine, theirs = _both_open(two, pk)
    two[0].post(url, data=mine | {"note": "changed by the first"})
    body = two[1].post(url, data=theirs | {"name": "mine"}).get_data(as_text=True)
    assert 'name="_pick.name" value="yours" checked' in body and 'name="_pick.note" value="theirs" checked' in body


def test_a_third_change_meanwhile_is_a_conflict_again(two, make, stored):  # noqa: F811
    pk = make("start")
    url, mine, theirs = _both_open(two, pk)
    two[0].post(url, data=mine | {"name": "a"})
    conflict = two[1].post(url, data=theirs | {"name": "b"})
    two[0].post(url, data=form_of(two[0].get(url)) | {"name": "c"})
    assert two[1].post(url, data=form_of(conflict) | {"_pick.name": "yours"}).status_code == 409
    assert stored(pk).name == "c"


def test_form_without_version_is_refused(two, make, stored):  # noqa: F811
    pk = make("start")
    url, mine, _theirs = _both_open(two, pk)
    answer = two[0].post(url, data={k: v for k, v in mine.items() if k != "_version"} | {"name": "x"})
    assert answer.status_code == 400 and stored(pk).name == "start"


def test_control_without_the_version_check_the_first_change_is_lost(two, make, stored, monkeypatch):  # noqa: F811
    """Control: with the check switched off the second post overwrites."""
    from parkops.web import editing

    pk = make("start")
    url, mine, theirs = _both_open(two, pk)
    two[0].post(url, data=mine | {"name": "first", "note": "kept?"})
    monkeypatch.setattr(editing, "version_of", lambda obj: theirs["_version"])
    assert two[1].post(url, data=theirs | {"name": "second"}).status_code == 303
    assert stored(pk).note is None


def test_racing_posts_one_wins(app, login_as, make, stored):  # noqa: F811
    """Both post the same version at the same time: exactly one is saved, the other sees the conflict."""
    import threading

    pk = make("start")
    clients = [app.test_client() for _ in range(4)]
    for client in clients:
        login_as(client, "operations_clerk")
    forms = [form_of(c.get(f"/test/thing/{pk}/edit")) for c in clients]
    codes: list[int] = []
    gate = threading.Barrier(4)

    def save(i: int) -> None:
        gate.wait()
        codes.append(clients[i].post(f"/test/thing/{pk}/edit", data=forms[i] | {"name": f"writer {i}"}).status_code)

    threads = [threading.Thread(target=save, args=(i,)) for i in range(4)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert sorted(codes) == [303, 409, 409, 409]
    assert stored(pk).version == 2


def test_every_editable_resource_carries_its_version(app, client, login_as):
    """G17 over all resources: the edit form of each has the version field, and its PUT asks for one."""
    from parkops.web import resources

    editable = [n for n in resources.all_resources() if resources.resolved(n).change is not None and n != "test.thing"]
    assert editable
    adapter = app.url_map.bind("127.0.0.1")
    for name in editable:
        found = resources.resolved(name)
        endpoint, _args = adapter.match(f"{found.url}1/edit", method="POST")
        assert endpoint.endswith("Page.edit"), (name, endpoint)
        endpoint, _args = adapter.match(f"{found.api_url}1", method="PUT")
        assert endpoint.endswith("Api.change_item"), (name, endpoint)
        assert found.form_fields("change"), f"{name}: the change service accepts no field of the form"
