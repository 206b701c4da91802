"""Diagnosis and Strategy: every figure opens its users, and a changed matrix comes into force through two persons."""

import html
import re
from io import BytesIO

import openpyxl
import pytest

from springtide.home import Selection
from springtide.operations.definitions import reads
from springtide.operations.members import approvals
from tests.desk.conftest import PASSWORD
from tests.desk.pages import text_of, total

pytestmark = pytest.mark.usefixtures("commits_at_once")


def opened(page, name):
    """The figures that open a list of this kind, with their addresses."""
    found = re.findall(rf'href="(/users/list/\?{name}=[^"]+)">([\d,]+)</a>', page)
    return [(address.replace("&amp;", "&"), int(figure.replace(",", ""))) for address, figure in found]


def test_every_finding_of_the_diagnosis_opens_exactly_its_users(manager):
    page = text_of(manager.get("/diagnosis/"))
    figures = opened(page, "finding")
    assert figures
    for address, users in figures:
        assert total(text_of(manager.get(address))) == users
    assert manager.get("/users/list/?finding=happiness").status_code == 404


def test_the_matrix_holds_every_counted_user_once(manager, shown_home):
    page = text_of(manager.get("/strategy/"))
    whole = [(address, users) for address, users in opened(page, "cell") if address.endswith("%3A%2A")]
    assert sum(users for _, users in whole) == shown_home.count(Selection()).users
    address, users = max(whole, key=lambda each: each[1])
    assert total(text_of(manager.get(address))) == users


def test_a_cell_with_its_exceptions_opens_as_many_as_it_says(manager):
    figures = [each for each in opened(text_of(manager.get("/strategy/")), "cell") if not each[0].endswith("%3A%2A")]
    for address, users in figures[:6]:
        assert total(text_of(manager.get(address))) == users
    assert manager.get("/users/list/?cell=repeat:moon:*").status_code == 404


def test_the_strategy_goes_to_excel(manager):
    book = openpyxl.load_workbook(BytesIO(manager.post("/strategy/export/").content))
    assert "Strategy" in book.sheetnames


def form_of(page):
    """What the form of a cell would send as it stands."""
    fields = dict(re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page))
    for name, options in re.findall(r'<select name="(\w+)">(.*?)</select>', page, re.S):
        fields[name] = re.search(r'value="(\w+)" selected', options)[1]
    return fields


def test_a_changed_cell_is_in_force_once_a_second_person_approved_it(browser_of, own_home):
    analyst, manager = browser_of("analyst"), browser_of("manager")
    assert "/strategy/edit/?cell=lapsing%3Ahigh%3A%2A" in text_of(analyst.get("/strategy/"))
    sent = form_of(text_of(analyst.get("/strategy/edit/?cell=lapsing:high:*")))
    assert (sent["channel"], sent["contacts"], sent["service_hours"]) == ("call", "1", "4")
    analyst.post("/strategy/change/", {**sent, "channel": "manager", "contacts": "2", "what": "save"})
    page = text_of(analyst.get("/strategy/edit/"))
    assert "Lapsing × High · Channel" in page
    assert '<td class="wide">Call</td><td class="wide">Personal manager</td>' in page
    seen = form_of(page)["seen"]
    analyst.post("/strategy/change/", {"what": "submit", "seen": seen})
    [waiting] = reads.definitions("strategy", among=("in_review",))
    number = approvals.question_about("strategy", waiting.number)
    assert "Lapsing × High · Contacts at most" in text_of(manager.get(f"/approvals/{number}/"))
    answer = {"answer": "approve", "seen": waiting.content_hash, "password": PASSWORD}
    analyst.post(f"/approvals/{number}/", answer)
    assert reads.definitions("strategy") == ()
    manager.post(f"/approvals/{number}/", answer)
    in_force = own_home.strategy()
    assert (in_force.version, in_force.play("lapsing", "high").channel) == (waiting.version, "manager")
    assert in_force.play("lapsing", "middle").channel == "email"


def test_the_text_may_be_submitted_at_once(browser_of, own_home):
    analyst = browser_of("analyst")
    browser_of("approver")
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", text_of(analyst.get("/strategy/edit/")), re.S)[1]
    text = html.unescape(text)
    analyst.post("/strategy/change/", {"what": "submit", "text": text.replace("contacts: 3", "contacts: 2", 1), "seen": ""})
    assert len(reads.definitions("strategy", among=("in_review",))) == 1
    assert "waits for a second person" in text_of(analyst.get("/strategy/"))


@pytest.mark.parametrize(
    ("sent", "says"),
    [({"contacts": "many"}, "contacts is"), ({"channel": "pigeon"}, "pigeon"), ({"service_hours": "0"}, "service_hours is 0")],
)
def test_a_cell_that_cannot_be_is_told(browser_of, own_home, sent, says):
    analyst = browser_of("analyst")
    form = form_of(text_of(analyst.get("/strategy/edit/?cell=lapsing:high:*")))
    answer = analyst.post("/strategy/change/", {**form, **sent, "what": "save"})
    assert answer.status_code == 400
    assert says in text_of(answer)
    assert analyst.get("/strategy/edit/?cell=lapsing:moon:*").status_code == 404


@pytest.mark.parametrize("text", ["cells: [", "just words", "title: {en: x, zh: y}"])
def test_a_matrix_that_cannot_be_is_told_and_what_was_typed_is_not_lost(browser_of, own_home, text):
    answer = browser_of("analyst").post("/strategy/change/", {"what": "save", "text": text, "seen": ""})
    assert answer.status_code == 400
    page = html.unescape(text_of(answer))
    assert 'role="alert"' in page
    assert text in page
    assert reads.definitions("strategy", among=("draft",)) == ()


def test_who_may_not_edit_the_strategy_reads_it(browser_of, serves, shown_home):
    serves(shown_home)
    operator = browser_of("operator")
    assert "/strategy/edit/" not in text_of(operator.get("/strategy/"))
    assert operator.get("/strategy/edit/").status_code == 403
    assert browser_of("admin").get("/strategy/").status_code == 403
