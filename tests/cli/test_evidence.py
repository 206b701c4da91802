"""`springtide measure`, `power` and `self-test`."""

import csv
import json

import pytest

import springtide
from tests.cli.conftest import ask, run


@pytest.fixture
def file(tmp_path):
    """Eight persons: the treated have 2 more each, and cost 0.5."""
    path = tmp_path / "trial.csv"
    rows: list[tuple[str, int, float]] = [("control", 1, 0), ("control", 2, 0), ("control", 3, 0), ("control", 2, 0)]
    rows += [("treated", y + 2, 0.5) for _arm, y, _r in rows]
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([("arm", "fees", "paid"), *rows])
    return path


def test_a_file_is_measured(file):
    told = ask("measure", file, "--metric", "fees", "--reward", "paid")
    assert told["effect"]["difference"] == pytest.approx(2.0)
    assert told["money"]["profit"] == pytest.approx(4 * 2 - 4 * 0.5)
    assert told["balance"]["verdict"] == "ok"
    assert told["verdict"] == "better"
    assert [arm["arm"] for arm in told["arms"]] == ["treated"]


def test_it_says_the_same_to_people(file):
    said = run("measure", file, "--metric", "fees", "--reward", "paid").output
    assert "Better than the control." in said
    assert "treated earned 6 after rewards" in said


@pytest.mark.parametrize(("name", "text"), [("t.parquet", None), ("t.json", "json"), ("t.csv", "csv")])
def test_python_measures_rows_frames_and_files_alike(tmp_path, name, text):
    rows = [{"arm": arm, "y": float(y)} for arm, add in (("control", 0), ("treated", 2)) for y in (1 + add, 2 + add, 3 + add)]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows)
    path = tmp_path / name
    {"json": lambda: path.write_text(json.dumps(rows)), "csv": lambda: frame.to_csv(path, index=False)}.get(
        text, lambda: frame.to_parquet(path)
    )()
    expected = springtide.measure(rows)
    assert expected.effect.difference == 2.0
    for data in (path, frame, str(path)):
        assert springtide.measure(data).as_dict() == expected.as_dict()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "no_file"),
        (lambda path: path.write_text("arm,y\n"), "no_rows"),
        (lambda path: path.write_text("arm,x\ncontrol,1\n"), "unknown_column"),
        (lambda path: path.write_text("arm,y\ncontrol,1\ncontrol,2\n"), "one_arm"),
        (lambda path: path.write_text("arm,y\ncontrol,a\ntreated,2\n"), "bad_value"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path, make, code):
    path = tmp_path / "trial.csv"
    make(path)
    result = run("measure", path, "--json")
    assert result.exit_code == 2
    assert json.loads(result.output)["error"]["code"] == code


def test_a_campaign_is_planned_and_methods_are_tested_on_the_home(first_run):
    home, _said = first_run
    plan = ask("--home", home, "power", "--metric", "traded", "--window", 14)
    assert plan["persons"] > plan["active"] > 0
    assert 0 < plan["plan"]["detectable"] < 1
    tested = ask("--home", home, "self-test", "--metric", "fees", "--window", 14, "--partings", 20)
    assert next(one["method"] for one in tested["methods"]) == "welch"
    assert "Persons needed" in run("--home", home, "power", "--metric", "traded", "--window", 14).output
    assert "False alarms" in run("--home", home, "self-test", "--window", 14, "--partings", 5).output
