"""Lists of users: any selection, exact, in pages, with the columns that the member may see."""

import re

import pytest

from tests.desk.pages import links, text_of, total
from tests.desk.shown_home import HOSTILE, LONG_ID


def rows(page):
    """User id → the other cells of a list."""
    body = page.split("data-list")[1].split("<tbody>")[1].split("</tbody>")[0]
    return {
        re.search(r'<th scope="row" class="id"><a [^>]*>(.*?)</a></th>', row)[1]: re.findall(r"<td[^>]*>(.*?)</td>", row)
        for row in body.split("</tr>")
        if "<th" in row
    }


def headings(page):
    return [" ".join(words.replace("↓", "").replace("↑", "").split()) for address, words in links(page) if "order=" in address]


def test_pages_cover_the_list_once_each(manager):
    first = text_of(manager.get("/users/list/"))
    pages = int(re.search(r"Page 1 of (\d+)", first)[1])
    seen = [user for n in range(1, pages + 1) for user in rows(text_of(manager.get(f"/users/list/?page={n}")))]
    assert len(seen) == len(set(seen)) == total(first)


def test_the_title_says_what_was_selected(manager):
    page = text_of(manager.get("/users/list/?lifecycle=repeat&activity=active&country=SG"))
    assert "<h1>Lifecycle: Repeat trader · Country: SG · Activity: Active</h1>" in page


def test_a_list_is_sorted_by_a_column_and_back(manager):
    falling = list(rows(text_of(manager.get("/users/list/?lifecycle=repeat&order=-trades_30d"))).values())
    rising = list(rows(text_of(manager.get("/users/list/?lifecycle=repeat&order=trades_30d"))).values())
    place = 8
    numbers = [int(cells[place]) for cells in falling]
    assert numbers == sorted(numbers, reverse=True)
    assert int(rising[0][place]) <= int(rising[-1][place])


def test_named_lists_steps_parts_of_growth_and_moves_are_selections_too(manager):
    for query in (
        "list=active_traders",
        "list=gone_quiet",
        "reached=deposit",
        "growth=churned&period=week",
        "lifecycle=lapsing&was=lifecycle:repeat&since=2026-03-24",
        "was=lifecycle:&since=2026-03-24",
    ):
        page = text_of(manager.get(f"/users/list/?{query}"))
        assert total(page) >= 0, query
        assert "<h1>All users</h1>" not in page, query


def test_one_user_is_found_by_id_letter_by_letter(manager):
    response = manager.get("/users/find/", {"user": LONG_ID})
    assert response.status_code == 302
    assert f"<code>{LONG_ID}</code>" in text_of(manager.get(response.url))
    assert list(rows(text_of(manager.get("/users/list/", {"user": LONG_ID})))) == [LONG_ID]
    assert "No user has this id." in text_of(manager.get("/users/list/", {"user": LONG_ID[:-1]}))
    assert manager.get("/users/find/").url == "/users/"


def test_a_hostile_id_is_text(manager):
    page = text_of(manager.get("/users/list/", {"user": HOSTILE}))
    assert "=cmd|&#x27; /C calc&#x27;!A0" in page


def test_an_employee_is_found_by_id_but_is_on_no_list(manager):
    assert total(text_of(manager.get("/users/list/?user=u00005"))) == 1
    everybody = [user for n in range(1, 9) for user in rows(text_of(manager.get(f"/users/list/?page={n}")))]
    assert "u00005" not in everybody


def test_money_of_single_users_is_seen_by_those_who_may(manager, browser_of):
    assert "Net revenue, 90 days" in headings(text_of(manager.get("/users/list/")))
    assert "Net revenue, 90 days" in headings(text_of(browser_of("analyst", granted_rights=["see_money"]).get("/users/list/")))


def test_who_may_not_see_money_gets_the_row_without_it_and_is_told(browser_of, serves, shown_home):
    serves(shown_home)
    page = text_of(browser_of("analyst").get("/users/list/"))
    assert "Net revenue, 90 days" not in headings(page)
    assert "not open to you: Volume, 30 days · Net revenue, 90 days · Assets" in page


def test_columns_that_were_never_given_are_named_and_left_out(browser_of, serves, bare_home):
    serves(bare_home)
    page = text_of(browser_of("manager").get("/users/list/"))
    assert "never given:" in page
    assert "Assets" not in headings(page)
    assert "Activity" in headings(page)


def test_an_empty_list_says_what_to_do(manager):
    page = text_of(manager.get("/users/list/?country=nowhere"))
    assert "Nobody is on this list." in page
    assert "Take a filter away, or look at another day." in page


@pytest.mark.parametrize("role", ["operator", "qc_reviewer", "approver", "collaborator", "admin"])
def test_who_may_not_open_users(browser_of, serves, shown_home, role):
    serves(shown_home)
    response = browser_of(role).get("/users/list/")
    assert response.status_code == 403
    assert "Your role does not open this" in text_of(response)


def test_a_stranger_is_sent_to_the_door(client, serves, shown_home, db):
    serves(shown_home)
    for address in ("/users/", "/users/list/", "/users/find/?user=x"):
        assert client.get(address).url.startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("lifecycle=vipp", 404, "Did you mean &#x27;vip&#x27;?"),
        ("activity=actve", 404, "Did you mean &#x27;active&#x27;?"),
        ("list=vip_silnt", 404, "Did you mean &#x27;vip_silent&#x27;?"),
        ("growth=lost", 404, "active, churned, new"),
        ("growth=new&period=year", 404, "day, month, week"),
        ("reached=trade", 404, "Did you mean"),
        ("was=livecycle:vip", 404, "Did you mean &#x27;lifecycle&#x27;?"),
        ("was=lifecycle:vip&since=2026-04-30", 400, "Choose an earlier day."),
        ("was=lifecycle:vip&since=2020-01-01", 409, "There is no snapshot of 2020-01-01."),
        ("page=0", 400, "There is no page"),
        ("page=1e3", 400, "There is no page"),
        ("page=99999999999999999999", 400, "There is no page"),
        ("page=٣", 400, "There is no page"),
        ("user=" + "x" * 500, 400, "cannot have this value"),
    ],
)
def test_bad_input(manager, query, status, says):
    response = manager.get(f"/users/list/?{query}")
    assert response.status_code == status
    assert says in text_of(response)


def test_an_unknown_order_falls_back_to_value(manager):
    assert 'aria-sort="descending"' in text_of(manager.get("/users/list/?order=-user_id;drop"))


def test_every_stratification_is_shown_with_its_reason_where_it_cannot_be_told(manager):
    page = text_of(manager.get("/users/"))
    assert page.count('<section class="card"') == 9
    assert page.count("Not available.") == 2
    assert "No reward_entries was given." not in page
    assert "no reward_entries was given." in page
