"""Lead, application, documents, review, decision, admission. Rules T-70 to T-82."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from core_help import code, incubatee
from sqlalchemy import select, text
from support_help import carrier

from modules.tenants.models.application import Application, ApplicationDocument, Lead, Reviewer
from modules.tenants.models.firm import Firm
from modules.tenants.services import applications, checklists, leads, reviews
from parkops.errors import NotAllowed, NotFound, RuleError
from parkops.rules import engine

APPLIED, SUBMITTED, REVIEW, DECIDED, IN = (date(2022, 3, d) for d in (1, 3, 5, 20, 28))
FIVE = ("team", "technology", "market", "fit", "funds")


def codes_of(call, *args, **values):
    with pytest.raises(RuleError) as e:
        call(*args, **values)
    return e.value.codes


def apply(s, **values):
    values = {"name": "申请公司", "kind": "company", "credit_code": code(), "track": "software", "project": "云平台", "applied_on": APPLIED,
              "registered_on": date(2021, 6, 1), "team_size": 6, "rd_people": 4, "ip_count": 2, **values}
    if values["kind"] == "team":
        values = {**values, "credit_code": None, "registered_on": None}
    return applications.add_application(s, **values)


def complete(s, application):
    for document in applications.missing_documents(s, application):
        applications.receive_document(s, document, on=APPLIED)
    return applications.submit_application(s, application, on=SUBMITTED)


def users(s):
    return dict(s.execute(text("select username, id from ab_user")).all())


def scored(as_role, application_id, score=80):
    """Both reviewers hand in their sheets, each in the own session."""
    for name in ("finance", "leadership"):
        with as_role(name) as s:
            reviews.score_application(s, s.get(Application, application_id), scores=dict.fromkeys(FIVE, score), recommends=True)
            s.commit()


@pytest.fixture
def in_review(session, as_role):
    application = complete(session, apply(session, carrier_id=carrier(session).id))
    ids = users(session)
    applications.start_review(session, application, on=REVIEW, reviewers=[ids["finance"], ids["leadership"]])
    session.commit()
    return application


def minute(s, application, decision="approve"):
    return reviews.record_minute(s, application, held_on=date(2022, 3, 18), chair="王主任", attendance="王、李、张", decision=decision,
                                 text="Agreed.")


def test_from_lead_to_tenant(session, as_role):
    home = carrier(session)
    lead = leads.add_lead(session, name="云启科技", credit_code=code(), found_on=date(2022, 2, 1), track="software", project="云平台",
                          area_wanted=Decimal("120.00"), phone="13905370009")
    leads.contact_lead(session, lead, on=date(2022, 2, 3))
    leads.visit_lead(session, lead, on=date(2022, 2, 8))
    application = leads.apply_lead(session, lead, on=APPLIED)
    assert (lead.state, application.number, application.area_wanted) == ("won", "A-2022-00001", Decimal("120.00"))
    applications.change_application(session, application, registered_on=date(2021, 6, 1), team_size=6, rd_people=4, ip_count=1,
                                    carrier_id=home.id)
    complete(session, application)
    ids = users(session)
    applications.start_review(session, application, on=REVIEW, reviewers=[ids["finance"], ids["leadership"]])
    session.commit()
    scored(as_role, application.id)
    minute(session, application)
    applications.approve_application(session, application, on=DECIDED)
    applications.admit_application(session, application, on=IN)
    firm = application.firm
    assert (application.state, firm.state, firm.entered_on, firm.carrier_id) == ("admitted", "incubating", IN, home.id)
    assert firm.source == application.number and firm.track == "software"
    assert [d.verdict for d in engine.decisions_of(session, application)] == ["pass", "pass"]


def test_a_team_is_admitted_as_team(session, as_role):
    application = complete(session, apply(session, kind="team", name="学生团队", carrier_id=carrier(session, kind="makerspace").id))
    ids = users(session)
    applications.start_review(session, application, on=REVIEW, reviewers=[ids["finance"], ids["leadership"]])
    session.commit()
    scored(as_role, application.id)
    minute(session, application)
    applications.approve_application(session, application, on=DECIDED)
    applications.admit_application(session, application, on=IN)
    assert application.firm.state == "team" and application.firm.credit_code is None


def test_documents_fit_applicant_and_track(session):
    def wanted(application):
        rows = session.scalars(select(ApplicationDocument).where(ApplicationDocument.application_id == application.id))
        return {d.item.code for d in rows}

    company, crew = apply(session, track="biomed"), apply(session, kind="team", name="团队")
    assert {"licence", "environment"} <= wanted(company) and "team_ids" not in wanted(company)
    assert "team_ids" in wanted(crew) and "licence" not in wanted(crew)
    applications.change_application(session, crew, track="biomed")
    assert "environment" in wanted(crew)


def test_missing_documents_stop_the_submission(session):
    application = apply(session)
    with pytest.raises(RuleError, match="营业执照"):
        applications.submit_application(session, application, on=SUBMITTED)
    document = applications.missing_documents(session, application)[0]
    assert codes_of(applications.waive_document, session, document, note="") == ["tenants.T-76"]
    applications.waive_document(session, document, note="shown on site")
    complete(session, application)
    assert application.state == "submitted"


def test_a_submitted_application_is_not_edited(session):
    application = complete(session, apply(session))
    assert codes_of(applications.change_application, session, application, project="x") == ["tenants.T-75"]
    applications.return_application(session, application, on=date(2022, 3, 4), reason="facts missing")
    assert applications.change_application(session, application, project="新项目").project == "新项目"


def test_numbers_have_no_gaps_even_when_forms_are_refused(session):
    first = apply(session)
    for _ in range(3):
        codes_of(apply, session, credit_code=first.credit_code)
        codes_of(apply, session, name="x", rd_people=99)
    second = apply(session, name="第二家")
    assert (first.number, second.number) == ("A-2022-00001", "A-2022-00002")


def test_bad_input(session):
    assert "tenants.T-73" in codes_of(apply, session, credit_code=None)
    assert "tenants.T-01" in codes_of(apply, session, credit_code="123")
    assert codes_of(apply, session, applied_on=date(2099, 1, 1)) == ["tenants.T-02"]
    assert "tenants.T-73" in codes_of(apply, session, team_size=2, rd_people=3)
    assert "record.too_long" in codes_of(apply, session, project="x" * 201)


def test_one_open_application_per_applicant(session):
    first = apply(session)
    assert codes_of(apply, session, credit_code=first.credit_code) == ["tenants.T-74"]
    applications.withdraw_application(session, first, on=SUBMITTED, reason="no longer")
    assert apply(session, credit_code=first.credit_code).id != first.id


@pytest.mark.parametrize(("track", "values", "verdict"), [
    ("software", {"team_size": 6, "rd_people": 3, "ip_count": 0, "in_catalogue": True}, "pass"),
    ("software", {"team_size": 6, "rd_people": 2, "ip_count": 1}, "fail"),
    ("software", {"team_size": 6, "rd_people": None, "ip_count": 1}, "unknown"),
    ("software", {"registered_on": date(2019, 1, 1)}, "fail"),
    ("biomed", {"environment_cleared": True, "safety_cleared": True, "funds_committed": Decimal("500000.00")}, "pass"),
    ("biomed", {"environment_cleared": None, "safety_cleared": True, "funds_committed": Decimal("500000.00")}, "unknown"),
    ("biomed", {"environment_cleared": False, "safety_cleared": None, "funds_committed": Decimal("500000.00")}, "fail"),
    ("culture", {"in_catalogue": True, "licence_cleared": True}, "pass"),
    ("culture", {"in_catalogue": True, "licence_cleared": None}, "unknown"),
    ("manufacturing", {"environment_cleared": True, "safety_cleared": True, "funds_committed": Decimal("999999.99")}, "fail"),
    ("manufacturing", {"environment_cleared": True, "safety_cleared": True, "funds_committed": Decimal("1000000.00")}, "pass"),
])
def test_entry_conditions_per_track(session, track, values, verdict):
    application = apply(session, track=track, **values)
    outcome = applications.examine_application(session, application, on=APPLIED)
    assert outcome.verdict == verdict, [(line.code, line.verdict) for line in outcome.lines]
    assert outcome.provenance == "D"


def test_reviewers(session):
    application = complete(session, apply(session))
    ids = users(session)
    assert codes_of(applications.start_review, session, application, on=REVIEW, reviewers=[ids["finance"]]) == ["tenants.T-78"]
    assert codes_of(applications.start_review, session, application, on=REVIEW,
                    reviewers=[ids["finance"], ids["finance_west"]]) == ["tenants.T-78"]
    assert codes_of(applications.start_review, session, application, on=REVIEW, reviewers=[ids["finance"], 10**9]) == ["tenants.T-78"]


def test_who_entered_it_neither_reviews_nor_decides(session, as_role):
    with as_role("operations_manager") as s:
        own = complete(s, apply(s))
        ids = users(s)
        assert codes_of(applications.start_review, s, own, on=REVIEW,
                        reviewers=[ids["operations_manager"], ids["finance"]]) == ["tenants.T-79"]
        applications.start_review(s, own, on=REVIEW, reviewers=[ids["leadership"], ids["finance"]])
        s.commit()
        own_id = own.id
    scored(as_role, own_id)
    with as_role("operations_manager") as s:
        own = s.get(Application, own_id)
        minute(s, own)
        assert codes_of(applications.approve_application, s, own, on=DECIDED) == ["workflow.not_now"]
    with as_role("operations_manager", user="operations_clerk") as s:
        own = s.get(Application, own_id)
        minute(s, own)
        assert applications.approve_application(s, own, on=DECIDED).state == "approved"


def test_scores_are_whole_and_complete(in_review, as_role):
    with as_role("finance") as s:
        application = s.get(Application, in_review.id)
        for bad in (101, -1, None, "80", True, 79.5):
            found = codes_of(reviews.score_application, s, application, scores={**dict.fromkeys(FIVE, 80), "fit": bad}, recommends=True)
            assert found == ["tenants.T-81"]
        row = reviews.score_application(s, application, recommends=True,
                                        scores={"team": 90, "technology": 80, "market": 70, "fit": 60, "funds": 50})
        assert row.total == Decimal("73.00")  # 25·90 + 25·80 + 20·70 + 15·60 + 15·50
    with as_role("operations_clerk") as s, pytest.raises(NotFound):
        reviews.score_application(s, s.get(Application, in_review.id), scores={}, recommends=True)


def test_a_conflict_of_interest_takes_the_sheet_out(in_review, session, as_role):
    scored(as_role, in_review.id)
    with as_role("finance") as s:
        reviews.declare_conflict(s, s.get(Application, in_review.id), reason="shareholder")
        s.commit()
    session.expire_all()
    assert reviews.average_score(session, in_review) == (Decimal("80.00"), 1, 1)
    minute(session, in_review)
    with pytest.raises(RuleError, match="1"):
        applications.approve_application(session, in_review, on=DECIDED)
    with as_role("finance") as s:
        assert codes_of(reviews.score_application, s, s.get(Application, in_review.id), scores=dict.fromkeys(FIVE, 99),
                        recommends=True) == ["tenants.T-80"]
    assert session.scalar(select(Reviewer.total).where(Reviewer.conflict)) is None


def test_a_decision_needs_the_minute_and_follows_it(in_review, session, as_role):
    scored(as_role, in_review.id)
    assert codes_of(applications.approve_application, session, in_review, on=DECIDED) == ["workflow.not_now"]
    minute(session, in_review, "reject")
    assert codes_of(applications.approve_application, session, in_review, on=DECIDED) == ["tenants.T-82"]
    applications.reject_application(session, in_review, on=DECIDED, reason="not mature")
    assert in_review.state == "rejected"


def test_a_low_mean_needs_a_reason(in_review, session, as_role):
    scored(as_role, in_review.id, score=59)
    minute(session, in_review)
    assert codes_of(applications.approve_application, session, in_review, on=DECIDED) == ["tenants.T-82"]
    applications.approve_application(session, in_review, on=DECIDED, reason="strategic project")
    assert in_review.state == "approved"


def test_weights_of_a_given_sheet_stay(in_review, session, as_role):
    scored(as_role, in_review.id)
    items = {i.code: i for i in reviews.criteria(session, in_review.park_id)}
    checklists.change_item(session, items["team"], weight=100)
    assert reviews.average_score(session, in_review)[0] == Decimal("80.00")


def test_lead_collisions(session):
    lead = leads.add_lead(session, name="云启科技", found_on=date(2022, 2, 1))
    assert codes_of(leads.add_lead, session, name="云启科技", found_on=date(2022, 2, 1)) == ["tenants.T-70"]
    tenant = incubatee(session)
    assert codes_of(leads.add_lead, session, name="另名", credit_code=tenant.credit_code, found_on=date(2022, 2, 1)) == ["tenants.T-71"]
    leads.lose_lead(session, lead, on=date(2022, 2, 9), reason="went elsewhere")
    again = leads.add_lead(session, name="云启科技", found_on=date(2022, 4, 1), next_on=date(2022, 4, 10))
    assert leads.due_leads(session, on=date(2022, 4, 10)) == [again]


def test_foreign_park(session, as_role, park2):
    session.add(Lead(name="西园线索", found_on=date(2022, 1, 1), park_id=park2.id))
    session.flush()
    with as_role("operations_clerk") as s:
        assert s.scalars(select(Lead)).all() == []
        assert leads.add_lead(s, name="西园线索", found_on=date(2022, 1, 1)).park_id != park2.id
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        apply(s)


def test_the_register_entry_is_used_not_doubled(session, as_role):
    known = Firm(name="已登记公司", credit_code=code(), registered_on=date(2021, 6, 1))
    session.add(known)
    session.flush()
    application = apply(session, name="已登记公司", credit_code=known.credit_code, carrier_id=carrier(session).id)
    assert application.firm_id == known.id
