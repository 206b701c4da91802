"""Definition files: what ships, what a manager may put in its place, and how a mistake is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from springtide.analytics.rules import BadRule, UnknownColumn, WrongUnit
from springtide.analytics.strata import (
    EDGES,
    KEYS,
    MOVES,
    POPULATION,
    BadDefinition,
    Stamp,
    UnknownStratum,
    VersionNotRaised,
    availability,
    check_versions,
    load,
)
from springtide.analytics.strata.stratification import Available, NotAvailable
from springtide.kernel.errors import UnknownName

SHIPPED = Path(__file__).parents[3] / "springtide" / "analytics" / "strata" / "definitions"


@pytest.fixture
def override(tmp_path):
    """Writes a changed copy of a shipped definition: `override("tenure", ("<= 7", "<= 14"), version=2)`; gives the folder."""

    def override(key: str, *changes: tuple[str, str], version: int = 2) -> Path:
        text = (SHIPPED / f"{key}.yml").read_text(encoding="utf-8").replace("version: 1\n", f"version: {version}\n", 1)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / f"{key}.yml").write_text(text, encoding="utf-8")
        return tmp_path

    return override


def loaded(overrides: Path | None = None):
    return {stratification.key: stratification for stratification in load(overrides)}


def test_nine_ship_in_the_order_of_every_screen():
    assert tuple(stratification.key for stratification in load()) == KEYS
    assert {path.stem for path in SHIPPED.glob("*")} == set(KEYS)


def test_every_text_is_there_in_english_and_in_chinese():
    for stratification in load():
        texts = [stratification.title, stratification.question]
        texts += [text for stratum in stratification.strata for text in (stratum.label, stratum.about)]
        for text in texts:
            assert text.en == text.en.strip()
            assert text.zh == text.zh.strip()
            assert re.search(r"[\u4e00-\u9fff]", text.zh) or text.zh == text.en == "VIP", text


def test_the_edges_that_rules_name_are_those_that_the_population_query_gives():
    assert tuple(re.findall(r"'(value_p\d+_usdt)'", POPULATION.text)) == EDGES


def test_the_query_of_moves_names_all_nine():
    assert tuple(dict.fromkeys(re.findall(r"select '(\w+)'", MOVES.text))) == KEYS


def test_a_file_of_the_same_name_takes_the_place_of_the_shipped_one(override):
    ours, theirs = loaded(override("tenure", ("tenure_days <= 7", "tenure_days <= 14")))["tenure"], loaded()["tenure"]
    assert (ours.version, theirs.version) == (2, 1)
    assert ours["onboarding"].rule.text == "tenure_days <= 14"
    assert ours.hash != theirs.hash


def test_without_a_folder_or_with_an_empty_one_the_shipped_ones_stand(tmp_path):
    assert load(tmp_path / "nowhere") == load(tmp_path) == load()


def test_texts_may_change_without_a_new_version_since_they_decide_nothing(override):
    folder = override("tenure", ("en: Veteran", "en: Old hand"), version=1)
    assert loaded(folder)["tenure"]["veteran"].label.en == "Old hand"
    assert loaded(folder)["tenure"].hash == loaded()["tenure"].hash


@pytest.mark.parametrize(
    "change",
    [
        ("tenure_days <= 7", "tenure_days <= 14"),
        ("name: onboarding", "name: beginners"),
        (
            "  - name: settling\n    rule: tenure_days <= 30\n",
            "  - name: settling\n    rule: tenure_days <= 30 and tenure_days > 0\n",
        ),
    ],
)
def test_a_changed_rule_or_name_must_carry_a_higher_version(override, change):
    with pytest.raises(VersionNotRaised) as refused:
        load(override("tenure", change, version=1))
    assert refused.value.code == "version_not_raised"
    assert "version: 2" in refused.value.hint


def test_layout_and_comments_are_no_change(override):
    folder = override(
        "tenure", ("rule: tenure_days <= 7", "rule: >-\n      tenure_days\n        <= 7"), ("strata:", "# ours\nstrata:")
    )
    assert loaded(folder)["tenure"].hash == loaded()["tenure"].hash


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (
            ("tenure_days <= 7", "tenur_days <= 7"),
            UnknownColumn,
            "tenure.yml, stratum 'onboarding': There is no column 'tenur_days'.",
        ),
        (("tenure_days <= 7", "tenure_days <= '7'"), WrongUnit, "stratum 'onboarding': "),
        (("tenure_days <= 7", "abs(tenure_days) <= 7"), BadRule, "is more than a rule can say"),
        (("tenure_days <= 7", "7"), BadDefinition, "the rule of 'onboarding' is 7"),
        (("name: settling", "name: onboarding"), BadDefinition, "stratum 'onboarding' stands there twice"),
        (
            ("rule: true", "rule: tenure_days > 365"),
            BadDefinition,
            "the last stratum, 'veteran', does not take everybody who is left",
        ),
        (("rule: true", "rule: false"), BadDefinition, "does not take everybody who is left"),
        (("tenure_days <= 7", "true"), BadDefinition, "'onboarding' takes everybody, and more strata follow it"),
        (("name: day0", "name: Day 0"), BadDefinition, "stratum 1 is named 'Day 0'"),
        (("name: day0", "name: 2"), BadDefinition, "stratum 1 is named 2"),
        (("version: 2", "version: two"), BadDefinition, "version is 'two'"),
        (("version: 2", "version: true"), BadDefinition, "version is True"),
        (("version: 2", "version: 0"), BadDefinition, "version is 0"),
        (("key: tenure", "key: age"), BadDefinition, "its key is 'age', not 'tenure'"),
        (("question:", "qestion:"), BadDefinition, "the file has the unknown key 'qestion'"),
        (("label:", "lable:"), BadDefinition, "stratum 1 has the unknown key 'lable'"),
        (("title: {en: Tenure, zh: 注册时长}\n", ""), BadDefinition, "the file lacks 'title'"),
        (("title: {en: Tenure, zh: 注册时长}", "title: {en: Tenure}"), BadDefinition, "title lacks 'zh'"),
        (("title: {en: Tenure, zh: 注册时长}", "title: {en: Tenure, zh: ''}"), BadDefinition, "title: zh is ''"),
        (("title: {en: Tenure, zh: 注册时长}", "title: Tenure"), BadDefinition, "title is not a list of keys and values"),
        (("key: tenure\n", "key: tenure\nkey: tenure\n"), BadDefinition, "the key 'key' stands there twice"),
        (("strata:\n", "strata: [\n"), BadDefinition, "cannot be read"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_the_place(override, change, error, says):
    with pytest.raises(error) as refused:
        load(override("tenure", change))
    assert says in refused.value.message
    assert "tenure.yml" in refused.value.message
    assert refused.value.hint


def test_a_mistyped_word_is_answered_with_the_nearest(override):
    with pytest.raises(UnknownColumn) as refused:
        load(override("tenure", ("tenure_days <= 7", "tenur_days <= 7")))
    assert refused.value.hint.startswith("Did you mean 'tenure_days'?")
    with pytest.raises(BadDefinition) as mistyped:
        load(override("tenure", ("label:", "lable:")))
    assert mistyped.value.hint == "Did you mean 'label'?"


@pytest.mark.parametrize("content", ["", "[]", "key", "key: tenure\nversion: 2\n", "\x00", "- a\n- b"])
def test_a_file_that_is_no_definition_is_refused(tmp_path, content):
    (tmp_path / "tenure.yml").write_text(content, encoding="utf-8")
    with pytest.raises(BadDefinition):
        load(tmp_path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    (tmp_path / "tenure.yml").write_bytes("key: tenure # 注册时长".encode("gb18030"))
    with pytest.raises(BadDefinition):
        load(tmp_path)


def test_an_empty_list_of_strata_is_refused(tmp_path):
    page = yaml.safe_load((SHIPPED / "tenure.yml").read_text(encoding="utf-8"))
    (tmp_path / "tenure.yml").write_text(yaml.safe_dump(page | {"strata": []}), encoding="utf-8")
    with pytest.raises(BadDefinition, match="it has no list of strata"):
        load(tmp_path)


@pytest.mark.parametrize(("name", "hint"), [("tenures.yml", "tenure.yml"), ("activity.yaml", "activity.yml")])
def test_a_file_named_after_nothing_is_refused_rather_than_passed_over(tmp_path, name, hint):
    (tmp_path / name).write_text("key: tenure\n", encoding="utf-8")
    with pytest.raises(UnknownName) as refused:
        load(tmp_path)
    assert refused.value.hint == f"Did you mean '{hint}'?"


def test_other_files_in_the_folder_do_not_matter(tmp_path):
    (tmp_path / "README.md").write_text("Why we moved the edges.", encoding="utf-8")
    assert load(tmp_path) == load()


def test_a_stratum_is_found_by_name_and_a_mistyped_one_is_told_what_exists():
    assert loaded()["activity"]["silent"].rule.text == "days_since_trade <= 90"
    with pytest.raises(UnknownStratum) as refused:
        loaded()["activity"]["silnt"]
    assert refused.value.message == (
        "'activity' version 1 has no stratum 'silnt'. It has never_traded, active, cooling, quiet, silent, cold, lost."
    )
    assert refused.value.hint == "Did you mean 'silent'?"


def test_a_stratification_whose_inputs_are_missing_is_not_available_and_says_why():
    missing = {
        "equity_usdt": "no balances was given",
        "earn_equity_usdt": "no balances was given",
        "volume_90d_usdt": "notional_usdt is unknown in given aggregates (user_days)",
        "asset_size_usdt": "no balances was given",
    }
    answers = {each.key: availability(each, missing) for each in load()}
    assert answers["activity"] == Available(loaded()["activity"])
    behaviour = answers["behaviour"]
    assert isinstance(behaviour, NotAvailable)
    assert behaviour.reason == (
        "volume_90d_usdt: notional_usdt is unknown in given aggregates (user_days); "
        "earn_equity_usdt, equity_usdt: no balances was given"
    )
    assert {key for key, answer in answers.items() if isinstance(answer, NotAvailable)} == {"assets", "behaviour"}


def test_one_version_has_one_meaning_for_ever(override):
    shipped = load()
    changed = load(override("tenure", ("tenure_days <= 7", "tenure_days <= 14"), version=3))

    def stamps(stratifications):
        return [Stamp(each.key, each.version, each.hash) for each in stratifications]

    check_versions(shipped, [])
    check_versions(changed, stamps(shipped))
    check_versions(shipped, stamps(shipped) + stamps(changed))  # going back to what was used before is no change
    again = load(override("tenure", ("tenure_days <= 7", "tenure_days <= 10"), version=3))
    with pytest.raises(VersionNotRaised) as refused:
        check_versions(again, stamps(shipped) + stamps(changed))
    assert "'tenure' changed" in refused.value.message
    assert "version: 4" in refused.value.hint
    lower = load(override("tenure", ("tenure_days <= 7", "tenure_days <= 10"), version=2))
    with pytest.raises(VersionNotRaised):
        check_versions(lower, stamps(shipped) + stamps(changed))
