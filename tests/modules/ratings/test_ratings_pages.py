"""The pages of ratings answer, show the same numbers and keep what is posted."""

import re

import pytest
from ratings_help import example
from sqlalchemy import func, select

from modules.ratings.models.assessment import RecognitionAssessment
from modules.ratings.models.score import ExpertSheet
from modules.ratings.services import experts, indices, schemes, scores
from parkops.db.session import system_scope


@pytest.fixture
def built(app, park):
    with system_scope("test", parks=[park.id]) as s:
        s.info["scope"] = s.info["scope"].__class__(**{**s.info["scope"].__dict__, "park_id": park.id})
        c, _firms = example(s, area="4900")
        made = schemes.ensure_schemes(s, park.id)
        index = indices.ensure_indices(s, park.id)[0]
        row = scores.create_score(
            s,
            carrier_id=c.id,
            scheme_id=next(x.id for x in made if x.key == "EVAL-GX-2023"),
            year=2025,
            on_date=s.scalar(select(func.current_date())),
        )
        experts.open_round(s, row, needed=1, outlier="none")
        return {
            "carrier": c.id,
            "score": row.id,
            "scheme": row.scheme_id,
            "index": index.id,
            "template": next(x.id for x in made if x.key == "EVAL-239-TEMPLATE"),
        }


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.status_code)
    return answer.get_data(as_text=True)


def token(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]


def test_pages(client, login_as, built):
    login_as(client, "operations_manager")
    at = f"/ratings/recognition/{built['carrier']}?set=INC-2025-STD&on=2026-03-01"
    html = page(client, at)
    assert "27.5 %" in html and "工信部科〔2025〕131号" in html and "/tenants/firm/?filters=" in html
    for url in (
        "/ratings/recognition/?on=2026-03-01",
        "/ratings/recognition/",
        "/ratings/replay/?before=INC-2025-STD&after=INC-HLJ-STD&on=2026-03-01",
        f"/ratings/whatif/{built['carrier']}?set=INC-2025-STD&on=2026-03-01&n_sme_share=12&n_controllable_area=5000",
        f"/ratings/score/{built['score']}",
        f"/ratings/whatif_score/{built['carrier']}?score={built['score']}",
        f"/ratings/whatif_score/{built['carrier']}?scheme={built['template']}",
        f"/ratings/scheme/{built['template']}",
        f"/ratings/index/{built['index']}",
        f"/tenants/carrier/{built['carrier']}?tab=recognition",
        f"/tenants/carrier/{built['carrier']}?tab=ratings",
    ):
        page(client, url)
    page(client, f"/ratings/whatif/{built['carrier']}?set=INC-2025-STD&n_sme_share=abc", 400)
    page(client, f"/ratings/recognition/{built['carrier']}?set=NO-SUCH", 404)
    form = {"csrf_token": token(html), "_once": "key-00000001", "set": "INC-2025-STD", "on": "2026-03-01"}
    for _again in range(2):
        assert client.post(f"/ratings/recognition/{built['carrier']}/keep", data=form).status_code == 303
    with system_scope("test") as s:
        kept = s.scalars(select(RecognitionAssessment)).all()
        assert [(k.verdict, k.rule_set) for k in kept] == [("fail", "INC-2025-STD")]
    assert "工信部科〔2025〕131号" in page(client, f"/ratings/assessment/{kept[0].id}") or "INC-2025-STD" in page(
        client, f"/ratings/assessment/{kept[0].id}"
    )


def test_an_expert_signs_on_the_page(client, login_as, built):
    login_as(client, "finance")
    html = page(client, f"/ratings/expert/{built['score']}")
    points = dict.fromkeys(re.findall(r'name="(p_[^"]+)"', html), "10")
    data = {"csrf_token": token(html), "_once": "key-00000002", **points}
    assert client.post(f"/ratings/expert/{built['score']}", data=data).status_code == 303
    with system_scope("test") as s:
        assert s.scalar(select(func.count(ExpertSheet.id))) == 1


def test_who_may_not_read(client, login_as, built):
    login_as(client, "system_administrator")
    page(client, "/ratings/recognition/", 403)
