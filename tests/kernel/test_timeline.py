"""The timeline: changes, steps, comments, files, to-dos, approvals in the reader's words; personal values masked."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest

from parkops import approval, attachments, comments, timeline, todos
from parkops.errors import NotAllowed
from parkops.i18n import force_locale
from tests.kernel.samples import FLOW, SampleCarrier, SampleThing

RIGHTS = "sample.thing:read add change act"
TODO = "core.todo:read add change act"
approval.ApprovalKind("sample.small", "Small thing", "sample.thing")


@pytest.fixture
def story(actor, thing):
    with actor("operations_clerk", RIGHTS, TODO) as s, force_locale("en"):
        obj = s.get(SampleThing, thing)
        first, second = SampleCarrier(name="Incubator A"), SampleCarrier(name="Makerspace B")
        s.add_all([first, second])
        s.flush()
        obj.carrier, obj.capital, obj.track, obj.founded_on = first, Decimal("1000000"), "bio", date(2020, 2, 3)
        s.flush()
        obj.carrier, obj.capital, obj.track, obj.phone = second, Decimal("1234567.89"), "soft", "13900001111"
        s.flush()
        FLOW.move(s, obj, "close", on=date(2022, 5, 6), reason="moved away")
        comments.add(s, obj, "see you")
        attachments.attach(s, obj, io.BytesIO(b"%PDF-1"), "proof.pdf")
        todos.done(s, todos.add(s, obj, "Return the keys", date(2022, 6, 1)))
        approval.request(s, obj, "sample.small", reason="please")
        s.commit()
    return thing


def test_in_words_newest_first(actor, story):
    with actor("operations_clerk", "sample.thing:read unmask") as s, force_locale("en"):
        found = timeline.of(s, s.get(SampleThing, story))
        assert [e.kind for e in found if e.kind not in ("todo",)] == [
            "approval", "file", "comment", "move", "change", "change", "created"]
        change = next(e for e in found if e.kind == "change")
        assert set(change.lines) == {"Carrier: Incubator A → Makerspace B", "Registered capital: 1,000,000.00 → 1,234,567.89",
                                     "Industry track: Biomedicine → Software and information", "Phone: 13812345678 → 13900001111"}
        move = next(e for e in found if e.kind == "move")
        assert move.text == "Close" and move.lines == ("Draft → Closed on 2022-05-06", "Reason: moved away") and move.tone == "green"
        assert sum("state" in str(e.lines).lower() for e in found if e.kind == "change") == 0  # a step is told once


def test_personal_values_are_masked_without_the_right(actor, story):
    with actor("leadership", "sample.thing:read") as s, force_locale("en"):
        told = "\n".join(line for e in timeline.of(s, s.get(SampleThing, story)) for line in (e.text, *e.lines))
        assert "13812345678" not in told and "13900001111" not in told and "Phone: 138****5678 → 139****1111" in told


def test_control_the_audit_row_itself_holds_the_whole_number(actor, story):
    from sqlalchemy import select

    from parkops.db.audit import AuditEntry

    with actor("x", system=True) as s:
        assert any("13900001111" in str(d) for d in s.scalars(select(AuditEntry.detail).where(AuditEntry.resource == "sample.thing")))


def test_the_right_to_read_is_asked(actor, story):
    with actor("finance", "core.todo:read") as s, pytest.raises(NotAllowed):
        timeline.of(s, s.get(SampleThing, story))


def test_statements_do_not_grow_with_the_history(actor, story, query_count):
    with actor("operations_clerk", RIGHTS, TODO) as s:
        obj = s.get(SampleThing, story)
        with query_count() as short:
            timeline.of(s, obj)
        for i in range(15):
            obj.code = f"C{i}"
            s.flush()
            comments.add(s, obj, f"c{i}")
        with query_count() as long:
            found = timeline.of(s, obj)
        assert len(found) > 35 and long.count <= short.count


def test_people_are_shown_by_their_full_name(actor, story, session):
    """Rows keep the user name; the reader sees who it is, as in the demo's history."""
    from sqlalchemy import update

    from parkops.security.models import UserProfile

    with actor("operations_clerk", RIGHTS) as s, force_locale("en"):
        assert {e.who for e in timeline.of(s, s.get(SampleThing, story))} == {"operations_clerk", "setup"}  # no full name is known
        s.execute(update(UserProfile).where(UserProfile.username == "operations_clerk").values(name="王小燕"))
        found = timeline.of(s, s.get(SampleThing, story))
        assert {e.who for e in found} == {"王小燕", "setup"} and any(e.kind == "comment" for e in found)
        assert [c.user_name for c in comments.of(s, s.get(SampleThing, story))] == ["operations_clerk"]


def test_references_without_a_relationship_are_named_too(actor, samples):
    from parkops.security.models import UserProfile

    with actor("operations_clerk", RIGHTS) as s, force_locale("en"):
        park = s.info["scope"].park_id
        assert timeline.describe(s, UserProfile, {"current_park_id": [None, park]}) == ("Current park: — → 东园",)
        assert timeline.describe(s, UserProfile, {"current_park_id": [park, 999999]}) == ("Current park: 东园 → #999999",)
