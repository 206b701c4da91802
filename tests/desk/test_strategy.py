"""Diagnosis and Strategy: every figure opens its users, and a changed matrix comes into force through two persons."""

import re
from io import BytesIO

import openpyxl
import pytest

from springtide.home import Selection
from springtide.operations.definitions import reads
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


def test_a_changed_matrix_is_in_force_once_a_second_person_approved_it(browser_of, own_home):
    analyst, manager = browser_of("analyst"), browser_of("manager")
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", text_of(analyst.get("/strategy/edit/")), re.S)[1]
    text = text.replace("&#x27;", "'").replace("&quot;", '"').replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    assert "contacts: 3" in text
    analyst.post("/strategy/change/", {"what": "submit", "text": text.replace("contacts: 3", "contacts: 2", 1), "seen": ""})
    [waiting] = reads.definitions("strategy", among=("in_review",))
    assert "Approve" not in text_of(analyst.get("/strategy/"))
    assert "Approve" in text_of(manager.get("/strategy/"))
    analyst.post("/strategy/change/", {"what": "approve", "seen": waiting.content_hash})
    assert reads.definitions("strategy") == ()
    manager.post("/strategy/change/", {"what": "approve", "seen": waiting.content_hash})
    assert own_home.strategy().version == waiting.version
    assert reads.definition("strategy", "strategy").content_hash == waiting.content_hash


@pytest.mark.parametrize("text", ["cells: [", "just words", "title: {en: x, zh: y}"])
def test_a_matrix_that_cannot_be_is_told_and_what_was_typed_is_not_lost(browser_of, own_home, text):
    answer = browser_of("analyst").post("/strategy/change/", {"what": "save", "text": text, "seen": ""})
    assert answer.status_code == 400
    page = text_of(answer)
    assert 'role="alert"' in page
    assert text in page
    assert reads.definitions("strategy", among=("draft",)) == ()


def test_who_may_not_edit_the_strategy_reads_it(browser_of, serves, shown_home):
    serves(shown_home)
    operator = browser_of("operator")
    assert "/strategy/edit/" not in text_of(operator.get("/strategy/"))
    assert operator.get("/strategy/edit/").status_code == 403
    assert browser_of("admin").get("/strategy/").status_code == 403
