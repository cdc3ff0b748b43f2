"""Global search: Chinese, pinyin, initials, codes, phones; ranking; parks and rights; kept by the flush; quick."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select, text

from parkops import search
from parkops.db.session import Scope, engine, new_session
from parkops.errors import Refused
from parkops.search import SearchEntry, query
from parkops.search_terms import HEAD, TAIL, pinyin, terms_of, units
from tests.kernel.samples import SampleThing, ids, make_thing

READ = "sample.thing:read"
NAME = "济宁高新软件园服务有限公司"


def names(session, text_, **kw):
    return [h.label for h in query(session, text_, **kw)]


@pytest.mark.parametrize("typed", [
    NAME, "济宁高新", "高新", "软件园", "公司", "jininggaoxin", "JiNing GaoXin", "gaoxin", "jngx", "rjy", "jngxrjyfwyxgs",
    "91370800MA3C12345X", "91370800ma3c", "345X", "12345x", "济宁 软件园", "软件园 济宁", "gaoxin ruanjian", "13812345678", "（济宁）高新"])
def test_found_by(actor, thing, typed):
    with actor("operations_clerk", READ) as s:
        assert names(s, typed) == [NAME]


@pytest.mark.parametrize("typed", ["", "  ", "%", "_", "'", "\\", "\x00", "烟台", "zzz", "1381234567", "138", "济宁 烟台", "高新高新"])
def test_not_found_by(actor, thing, typed):
    """Senseless texts, other texts, wildcards, and parts of a phone number (no reader may guess it digit by digit)."""
    with actor("operations_clerk", READ) as s:
        assert names(s, typed) == []


def test_a_too_long_text_is_refused(actor, thing):
    with actor("operations_clerk", READ) as s, pytest.raises(Refused):
        query(s, "x" * 101)


def test_characters_of_several_readings_follow_their_phrase():
    assert pinyin(units("重庆银行")) == ["chong", "qing", "yin", "hang"]
    assert pinyin(units("行走重量 ABC")) == ["xing", "zou", "zhong", "liang", "abc"]
    assert (HEAD, "chongqingyinhang") in terms_of("重庆银行") and (TAIL, "yh") in terms_of("重庆银行")


def test_exact_before_prefix_before_inside(actor, samples):
    for name in ("大华智能装备", "智能", "智能制造"):
        make_thing(name=name)
    with actor("operations_clerk", READ) as s:
        assert names(s, "智能") == ["智能", "智能制造", "大华智能装备"]
        assert [h.rank for h in query(s, "智能")] == [0, 1, 2]
        assert names(s, "智能", limit=1) == ["智能"]


def test_parks_and_rights_confine(actor, thing):
    make_thing("west", name="济宁西园科技")
    with actor("operations_clerk", READ) as s:
        assert names(s, "济宁") == [NAME]
    with actor("operations_clerk_west", READ, park="west") as s:
        assert names(s, "济宁") == ["济宁西园科技"]
    with actor("finance", "core.todo:read") as s:
        assert names(s, "济宁") == []
    with actor("x", READ, park=None, system=True) as s:
        assert len(names(s, "济宁")) == 2
        assert names(s, "济宁", resources=["core.park"]) == []


def test_personal_values_are_never_shown_and_found_whole_only_without_the_right(actor, thing):
    with actor("operations_clerk", READ) as s:
        (hit,) = query(s, "13812345678")
        assert "138" not in hit.detail + hit.label
        assert query(s, "1381234") == []
    with actor("operations_manager", "sample.thing:read unmask") as s:
        assert len(query(s, "1381234")) == 1


def test_the_flush_keeps_the_index(actor, thing):
    with actor("operations_clerk", "sample.thing:read change remove") as s:
        obj = s.get(SampleThing, thing)
        obj.name = "烟台新材料"
        s.flush()
        assert (names(s, "烟台"), names(s, "软件园")) == (["烟台新材料"], [])
        s.delete(obj)
        s.flush()
        assert names(s, "烟台") == [] and s.execute(text(
            "select count(*) from core_search_term t join core_search s on s.id = t.search_id where s.resource = 'sample.thing'"
        )).scalar() == 0
        s.rollback()
        assert names(s, "软件园") == [NAME]


def _fill(n: int) -> None:
    """n firms by Core, then the index."""
    parks, _users = ids()
    places, words = ["济宁", "曲阜", "邹城", "兖州", "任城", "泗水", "嘉祥", "汶上"], ["生物", "软件", "智能", "文化", "新材", "光电", "环保", "医药"]
    kinds = ["科技", "制造", "服务", "研究", "装备", "信息"]
    rows = [{"park_id": parks["east"], "state": "draft", "code": f"9137{i:014d}", "phone": f"138{i:08d}", "version": 1,
             "name": f"{places[i % 8]}{words[i // 8 % 8]}{kinds[i // 64 % 6]}{chr(0x4e00 + i * 7 % 9000)}{chr(0x4e00 + i // 9000 * 31)}有限公司"}
            for i in range(n)]
    s = new_session(Scope(parks=None, system=True))
    for start in range(0, n, 5000):
        s.connection().execute(insert(SampleThing.__table__), rows[start:start + 5000])
    assert search.reindex(s, SampleThing) == n
    s.commit()
    s.close()
    with engine(owner=True).connect() as c:
        c.execute(text("analyze core_search")), c.execute(text("analyze core_search_term"))
        c.commit()


def test_reindex_is_set_based_and_complete(actor, samples):
    _fill(3000)
    with actor("operations_clerk", READ) as s:
        assert s.scalar(select(func.count()).select_from(SearchEntry).where(SearchEntry.resource == "sample.thing")) == 3000
        some = s.scalars(select(SampleThing).limit(3)).all()
        s.connection().execute(text("update sample_thing set name = '改名以后' where id = any(:i)"), {"i": [o.id for o in some]})
        assert search.reindex(s, SampleThing, [o.id for o in some]) == 3
        assert names(s, "改名") == ["改名以后"] * 3
        assert search.reindex(s, SampleThing) == 3000
        s.commit()
    with actor("check", park=None, system=True) as s:
        assert search.missing(s) == []
        s.execute(text("delete from core_search where resource = 'sample.thing' and record_id < 3"))
        assert len(search.missing(s)) == 1
