"""User: who is this, and why this treatment? What each role sees of one user, and what the team writes."""

import re

import pytest

from springtide.operations.work import actions, reads
from tests.desk.pages import text_of
from tests.desk.shown_home import HOSTILE, LONG_ID, MADE_AT

TRADER = "u00010"


@pytest.fixture
def trader(shown_home):
    """Somebody who traded lately and brought net revenue."""
    from springtide.home import Selection

    chosen = shown_home.users(Selection("days_since_trade <= 7 and contract_trades_90d > 0"), limit=1)
    return chosen.rows[0][0]


def _page(client, user_id, **more):
    return client.get("/users/one/", {"user": user_id, **more})


def test_a_manager_sees_where_a_user_stands_and_by_which_rule(manager, trader):
    page = text_of(_page(manager, trader))

    assert f"<code>{trader}</code>" in page
    activity = re.search(r"<details class=\"stand\"><summary><span class=\"muted\">Activity</span>.*?</details>", page, re.S)[0]
    assert "<b>Active</b>" in activity
    assert "days_since_trade is null" in activity
    assert "days_since_trade &lt;= 7" in activity
    assert "Days since trade" in activity
    assert "Net revenue, 90 days" in page
    assert "Traded contracts" in page


def test_the_search_opens_the_page_and_an_unknown_id_is_told(manager, trader):
    found = manager.get("/users/find/", {"user": trader}, follow=True)
    assert f"<code>{trader}</code>" in text_of(found)
    unknown = _page(manager, "nobody")
    assert unknown.status_code == 404
    assert "No user has the id" in text_of(unknown)


@pytest.mark.parametrize("user_id", [HOSTILE, LONG_ID])
def test_every_id_has_a_page_and_the_lists_lead_to_it(manager, user_id):
    assert _page(manager, user_id).status_code == 200
    listed = text_of(manager.get("/users/list/", {"user": user_id}))
    assert "/users/one/?user=" in listed


def test_an_earlier_day_and_an_earlier_beginning_can_be_looked_at(manager, trader):
    page = text_of(_page(manager, trader, day="2026-03-20", since="2026-03-10"))
    assert "As of 20 Mar 2026" in page
    assert "Since 10 Mar 2026" in page
    assert _page(manager, trader, since="soon").status_code == 400


def test_an_operator_sees_only_users_in_their_care_and_no_money_without_the_right(
    member_of, browser_of, serves, shown_home, trader
):
    serves(shown_home)
    manager, operator = member_of("manager"), browser_of("operator")
    stranger = _page(operator, trader)
    assert stranger.status_code == 404

    from springtide.operations.members.models import Member

    actions.assign_users([trader], Member.objects.get(username="operator"), acting=manager, now=MADE_AT)
    page = text_of(_page(operator, trader))
    assert "in the care of Operator" in page
    assert "Net revenue, 90 days" in page.split("not open to you:")[1]
    assert "<dt>Net revenue, 90 days</dt>" not in page
    assert not re.search(r"\d,\d{3}\.\d\d", page)  # no amount anywhere, not even in what a rule saw


@pytest.mark.parametrize("role", ["admin", "collaborator"])
def test_who_may_not_see_users_does_not_learn_that_one_exists(browser_of, serves, shown_home, trader, role):
    serves(shown_home)
    client = browser_of(role, **({"department": "marketing"} if role == "collaborator" else {}))
    assert {_page(client, user).status_code for user in (trader, "nobody")} <= {403, 404}
    assert _page(client, trader).status_code == _page(client, "nobody").status_code


def test_notes_contacts_tags_and_hand_overs_are_written_on_the_page(manager, member_of, trader):
    operator = member_of("operator")
    for what, sent in (
        ("note", {"text": "Prefers <b>Telegram</b>."}),
        ("contact", {"channel": "call", "outcome": "reached", "text": "Asked about fees"}),
        ("tag", {"tag": "VIP-care"}),
        ("assign", {"to": operator.username}),
    ):
        answer = manager.post(f"/users/one/{what}/", {"user": trader, **sent})
        assert answer.status_code == 302, what
    page = text_of(_page(manager, trader))
    assert "Prefers &lt;b&gt;Telegram&lt;/b&gt;." in page
    assert "<b>Call</b>, reached: Asked about fees" in page
    assert "vip-care" in page
    assert "in the care of Operator" in page

    [note] = reads.work_on(trader, reader=operator).notes
    manager.post("/users/one/withdraw/", {"user": trader, "note": note.id})
    manager.post("/users/one/untag/", {"user": trader, "tag": "vip-care"})
    seen = reads.work_on(trader, reader=operator)
    assert (seen.notes, seen.tags) == ((), ())


def test_what_cannot_be_written_is_told_and_nothing_is_kept(manager, trader):
    page = text_of(manager.post("/users/one/tag/", {"user": trader, "tag": "two words"}, follow=True))
    assert "cannot be a tag" in page
    assert reads.tags() == {}
    assert manager.post("/users/one/note/", {"user": "nobody", "text": "Hello"}).status_code == 404
    assert manager.post("/users/one/dance/", {"user": trader}).status_code == 404
    assert manager.post("/users/one/withdraw/", {"user": trader, "note": "9" * 30}).status_code == 404


def test_an_analyst_reads_and_does_not_write(browser_of, serves, shown_home, trader):
    serves(shown_home)
    analyst = browser_of("analyst")
    assert "Keep the note" not in text_of(_page(analyst, trader))
    assert analyst.post("/users/one/note/", {"user": trader, "text": "Hello"}).status_code == 403


def test_the_page_leads_to_the_back_office_where_one_is_set(manager, serves, shown_home, trader, tmp_path):
    from springtide.home import Home

    assert "back office" not in text_of(_page(manager, trader))
    (tmp_path / "springtide.toml").write_text(
        shown_home.settings.as_toml().replace('back_office = ""', 'back_office = "https://office.example/u/{user_id}"')
    )
    for name in ("lake", "definitions"):
        (tmp_path / name).symlink_to(shown_home.path / name)
    serves(Home(tmp_path))
    assert f'href="https://office.example/u/{trader}"' in text_of(_page(manager, trader))
