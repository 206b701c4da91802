"""The import screen: a file is dropped, guessed, looked at, mapped, imported by the worker; what is wrong is said before it goes in."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from springtide.cycle.worker import handlers
from springtide.kernel import clock
from springtide.operations.jobs.models import Job
from springtide.operations.jobs.worker import work_once
from springtide.operations.members import append_only
from springtide.operations.members.models import AuditRow
from tests.desk.pages import text_of

USERS = """用户ID,注册时间,国家,KYC等级,用户类型
u1,2026-03-01 10:00:00,SG,1,retail
u2,2026-03-02 11:00:00,VN,1,retail
"""
TRADES = """成交ID,用户ID,成交时间,交易对,方向,成交价,数量,成交额,手续费
t1,u1,2026-03-31 07:30:00,BTCUSDT,买入,60000,0.01,600,0.6
t2,u2,2026-03-31 23:30:00,BTCUSDT,卖出,60000,0.02,1200,1.2
t3,u1,2026-03-31 09:00:00,BTCUSDT,买入,60000,-0.01,600,0.6
"""


@pytest.fixture
def home(empty_home, serves):
    return serves(empty_home)


@pytest.fixture
def importer(browser_of, home):
    return browser_of("manager")


@pytest.fixture
def committed(transactional_db):
    """The worker's heart beats on a connection of its own, so what the page wrote must be committed."""
    from django.db import connection

    yield
    with connection.schema_editor() as schema:
        append_only.unguard(schema)


def drop(browser, text, name="成交.csv", encoding="utf-8", **more):
    content = text.encode(encoding) if isinstance(text, str) else text
    return browser.post("/data/import/", {"file": SimpleUploadedFile(name, content)}, **more)


def form_of(page):
    """What the form of an upload page would send as it stands."""
    form = page.split("data-import>")[1]
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    for name, options in re.findall(r'<select name="([\w-]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected', options)
        sent[name] = chosen[1] if chosen else ""
    if name := re.search(r'name="name" value="([^"]*)"', form):
        sent["name"] = name[1]
    return sent


def works_off(home):
    """The worker does everything that waits."""
    while work_once("worker", handlers(home), now=clock.now):
        pass


def test_a_dropped_file_is_shown_with_what_its_columns_are_taken_for(importer):
    response = drop(importer, TRADES, encoding="gb18030")
    page = text_of(importer.get(response.url))
    assert '<option value="spot_trades" selected>' in page
    sent = form_of(page)
    assert [sent[f"column-{n}"] for n in range(9)] == [
        "event_id", "user_id", "executed_at", "market", "side", "price", "quantity", "notional_usdt", "fee_usdt",
    ]  # fmt: skip
    assert "Time zone of the times in this file, which name none" in page


def test_our_script_is_told_where_to_go_and_a_browser_without_it_is_sent(importer):
    told = drop(importer, TRADES, headers={"X-Requested-With": "springtide"})
    assert told.status_code == 204
    assert re.fullmatch(r"/data/import/[0-9a-f]{16}/", told.headers["X-Springtide-Location"])
    assert drop(importer, TRADES).status_code == 302


def test_times_without_a_zone_are_asked_for_once(importer):
    there = drop(importer, TRADES).url
    sent = form_of(text_of(importer.get(there)))
    asked = importer.post(f"{there}preview/", sent)
    assert asked.status_code == 400
    assert "The times in this file name no time zone." in text_of(asked)
    assert importer.post(f"{there}preview/", sent | {"zone": "Asia/Shanghai"}).status_code == 200
    assert "no time zone" in text_of(importer.post(f"{there}preview/", sent | {"zone": "Asia/Shangai"})).lower()


def test_the_preview_says_what_would_be_quarantined_and_writes_nothing(importer, home):
    there = drop(importer, TRADES).url
    sent = form_of(text_of(importer.get(there))) | {"zone": "Asia/Shanghai", "derive_users": "1"}
    page = text_of(importer.post(f"{there}preview/", sent))
    assert "Of 3 rows 1 would be quarantined, the others go in" in page
    assert "quantity is negative" in page
    assert "<td>2026-03-30 23:30:00</td>" in page  # 07:30 in Shanghai
    assert home.lake.snapshot().manifest.version == 0


@pytest.mark.usefixtures("committed")
def test_a_person_imports_users_and_trades_closes_the_day_and_sees_strata(importer, home):
    for text, name in ((USERS, "用户.csv"), (TRADES, "成交.csv")):
        there = drop(importer, text, name).url
        said = {"zone": "Asia/Shanghai", "name": f"our_{name[0]}", "constant-status": "active"}
        sent = form_of(text_of(importer.get(there))) | said
        job = importer.post(f"{there}run/", sent)
        assert job.status_code == 302, text_of(job)
        works_off(home)
        summary = text_of(importer.get(job.url))
        assert "Done" in summary
    cells = re.findall(r'<td class="figure">(?:<a[^>]*>)?(\d+)', summary)
    assert cells == ["3", "2", "0", "0", "1"]  # read = taken + duplicate + corrected + quarantined
    assert (home.path / "mappings" / "our_成.yml").exists()
    assert "quantity is negative" in text_of(importer.get("/data/quarantine/?table=spot_trades"))
    closing = importer.post("/data/close/")
    works_off(home)
    assert "closed, through 31 Mar 2026." in text_of(importer.get(closing.url))
    assert "2 users on 31 Mar 2026" in text_of(importer.get("/overview/map/"))
    assert [row.action for row in AuditRow.objects.order_by("number")][1:] == [
        "ask_for_import",
        "ask_for_import",
        "ask_for_close",
    ]


@pytest.mark.usefixtures("committed")
def test_the_same_layout_again_is_read_with_the_mapping_that_was_saved(importer, home):
    there = drop(importer, TRADES).url
    sent = form_of(text_of(importer.get(there))) | {"zone": "Asia/Shanghai", "name": "our_trades", "derive_users": "1"}
    importer.post(f"{there}run/", sent)
    works_off(home)
    again = drop(importer, TRADES.replace("t1", "t9"), "四月.csv").url
    page = text_of(importer.get(again))
    assert '<option value="our_trades" selected>' in page
    assert "Time zone of the times" not in page
    job = importer.post(f"{again}run/", form_of(page))
    works_off(home)
    assert re.findall(r'<td class="figure">(?:<a[^>]*>)?(\d+)', text_of(importer.get(job.url))) == ["3", "1", "1", "0", "1"]


def test_asked_twice_while_open_it_is_one_job(importer):
    there = drop(importer, TRADES).url
    sent = form_of(text_of(importer.get(there))) | {"zone": "UTC", "name": "trades_one"}
    first = importer.post(f"{there}run/", sent)
    chosen = importer.post(f"{there}run/", {"mapping": "trades_one"})
    assert first.url == chosen.url
    assert Job.objects.count() == 1


def test_a_mapping_is_not_overwritten_by_accident(importer):
    there = drop(importer, TRADES).url
    sent = form_of(text_of(importer.get(there))) | {"zone": "UTC", "name": "kwenta_perp_quest"}
    response = importer.post(f"{there}run/", sent)
    assert response.status_code == 400
    assert "There is a mapping &#x27;kwenta_perp_quest&#x27; already." in text_of(response)
    assert not Job.objects.exists()


def test_what_is_missing_is_asked_for_and_can_be_the_same_for_all_rows_or_unknown(importer):
    text = "uid,time,qty\nu1,2026-03-31T10:00:00Z,1\n"
    there = drop(importer, text, "fills.csv").url + "?table=spot_trades"
    page = text_of(importer.get(there))
    assert "Still missing" in page
    lacking = set(re.findall(r"<legend><code>(\w+)</code>", page))
    assert "price" in lacking
    sent = form_of(page) | {f"unknown-{name}": "1" for name in lacking} | {"number_rows": "1", "derive_users": "1"}
    seen = importer.post(there.split("?")[0] + "preview/", sent)
    assert "1 row, and it would go in" in text_of(seen)


def test_without_a_mandatory_column_nothing_is_queued(importer):
    there = drop(importer, USERS, "用户.csv").url
    page = text_of(importer.get(there))
    assert "<legend><code>status</code>" in page
    response = importer.post(f"{there}run/", form_of(page) | {"zone": "UTC"})
    assert response.status_code == 400
    assert "Nothing gives status, which users must have." in text_of(response)
    assert not Job.objects.exists()


def test_two_columns_for_the_same_one_are_refused(importer):
    there = drop(importer, TRADES).url
    sent = form_of(text_of(importer.get(there))) | {"zone": "UTC", "column-5": "quantity"}
    assert "are both taken for quantity" in text_of(importer.post(f"{there}preview/", sent))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty"),
        ("broken.parquet", b"PAR1 and then nothing", "broken.parquet"),
        ("letter.docx", b"hello", "not a file that can be imported"),
        ("twice.csv", b"id,id\n1,2\n", "id"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(importer, name, content, says):
    response = drop(importer, content, name)
    page = importer.get(response.url)
    assert page.status_code in (200, 400)
    assert says in text_of(page)


def test_a_name_with_a_path_in_it_stays_in_its_folder(importer, home):
    there = drop(importer, TRADES, "../../../etc/passwd.csv").url
    number = there.split("/")[-2]
    assert [path.name for path in (home.path / "uploads" / number).iterdir()] == ["passwd.csv"]


@pytest.mark.parametrize("number", ["0123456789abcdef", "..", "%2e%2e", "a/b"])
def test_an_upload_that_is_not_there_is_not_found(importer, number):
    assert importer.get(f"/data/import/{number}/").status_code == 404


def test_nothing_sent_is_told(importer):
    page = text_of(importer.get(importer.post("/data/import/", {}).url))
    assert "No file came. Drop one, or choose it." in page


def test_the_page_of_a_job_asks_again_while_it_goes_on_and_shows_progress(importer):
    there = drop(importer, TRADES).url
    sent = form_of(text_of(importer.get(there))) | {"zone": "UTC", "name": "trades_two"}
    job = importer.post(f"{there}run/", sent).url
    assert 'hx-trigger="every 1s"' in text_of(importer.get(job))
    Job.objects.update(state="leased", progress={"what": "2026-03-31", "done": 3, "total": 12}, kind="close")
    fragment = text_of(importer.get(job, headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert 'max="12" value="3"' in fragment
    assert "2026-03-31: day 3 of 12" in fragment
    Job.objects.update(state="dead", error={"code": "empty_file", "message": "It is empty.", "hint": "Export it again."})
    fragment = text_of(importer.get(job, headers={"HX-Request": "true"}))
    assert "every 1s" not in fragment
    assert "It is empty." in fragment
    assert importer.get("/data/jobs/999999/").status_code == 404


@pytest.mark.parametrize("role", ["operator", "qc_reviewer", "approver", "collaborator", "admin"])
def test_who_may_not_import_nor_close(browser_of, home, role):
    browser = browser_of(role)
    assert browser.get("/data/import/").status_code == 403
    assert drop(browser, TRADES).status_code == 403
    assert browser.post("/data/close/").status_code == 403
    assert not (home.path / "uploads").exists() or not list((home.path / "uploads").iterdir())
    assert not Job.objects.exists()


def test_a_stranger_is_sent_to_the_door(client, home, db):
    for address in ("/data/import/", "/data/import/0123456789abcdef/", "/data/jobs/1/"):
        assert client.get(address).url.startswith("/sign-in/")
    assert client.post("/data/close/").url == "/sign-in/?next=/"


def test_mappings_of_the_product_can_be_chosen(importer):
    there = drop(importer, TRADES).url
    page = text_of(importer.get(there))
    assert 'value="balancer_weekly"' in page
    assert 'value="hyperliquid_fills"' in page
    response = importer.post(f"{there}preview/", {"mapping": "hyperliquid_fills"})
    assert response.status_code == 400
    assert "takes no file named" in text_of(response)
