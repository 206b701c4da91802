"""Work asked for over the API: it is queued once, by those who may, and can be watched."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from springtide.operations.jobs.models import Job
from springtide.operations.members import states
from springtide.operations.members.models import AuditRow, Token

JSON = {"content_type": "application/json"}


def prices(name="prices.csv"):
    return SimpleUploadedFile(name, b"asset,day,close_usdt\nBTC,2026-03-31,67000\n", content_type="text/csv")


def test_closing_is_queued_and_can_be_watched(program):
    job = program.post("close", {"through": "2026-03-31"}, **JSON)["job"]
    assert program.status == 202
    seen = program.get(f"jobs/{job}")
    assert (seen["kind"], seen["state"], seen["asked_by"]) == ("close", "ready", "Manager")
    assert program.get("jobs") == [seen]
    assert AuditRow.objects.latest("number").details == {"through": "2026-03-31", "by_token": Token.objects.get().pk}


def test_asked_twice_it_is_one_job(program):
    assert program.post("close", {}, **JSON) == program.post("close", {}, **JSON)


def test_a_file_is_kept_and_its_import_queued(program, small_home):
    job = Job.objects.get(pk=program.post("imports", {"file": prices()})["job"])
    assert program.status == 202
    assert job.payload["path"].endswith("/prices.csv")
    assert job.payload["path"].startswith(str(small_home.path))
    assert "path" not in program.get(f"jobs/{job.pk}")


def test_a_file_finds_no_way_out_of_its_folder(program, small_home):
    job = Job.objects.get(pk=program.post("imports", {"file": prices("../../springtide.toml")})["job"])
    assert job.payload["path"].startswith(str(small_home.path / "uploads"))


@pytest.mark.parametrize(
    ("data", "code"),
    [({}, "bad_request"), ({"file": prices(), "mapping": "balanser_weekly"}, "unknown_mapping")],
)
def test_an_import_that_cannot_be(program, data, code):
    told = program.post("imports", data)
    assert (program.status, told["code"]) == (422, code)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body", ["", "[]", "[null]", '{"through": 0}', '{"throught": "2026-03-31"}', '{"through": "soon"}', "{"]
)
def test_a_close_that_cannot_be(program, body):
    told = program.post("close", body, **JSON)
    assert (program.status, told["code"]) == (422, "bad_request")
    assert not Job.objects.exists()


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_close_and_import(program_of, serves, small_home, role):
    serves(small_home)
    program = program_of(role)
    program.post("close", {}, **JSON)
    assert program.status == (202 if role in ("manager", "analyst") else 403)
    program.post("imports", {"file": prices()})
    assert program.status == (202 if role in ("manager", "analyst") else 403)
