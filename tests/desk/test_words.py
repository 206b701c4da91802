"""Every word of the console is there in 简体中文, and what is compiled is what is written."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.template import engines
from django.template.base import Lexer, TokenType
from django.utils import translation
from django.utils.translation.template import templatize

import springtide.desk
from springtide.analytics.segments import COLUMNS
from springtide.analytics.strata import KEYS, RULE_COLUMNS
from springtide.desk import words
from springtide.desk.shell import PAGES
from springtide.operations.members import states

DESK = Path(springtide.desk.__file__).parent
LOCALE = DESK / "locale" / "zh_Hans" / "LC_MESSAGES"
CALLS = {"_", "gettext", "gettext_lazy", "ngettext"}


def of_python(text):
    """The texts that Python code asks to be translated."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def said():
    """Every text that is to be translated, with the file that says it."""
    for path in sorted(DESK.rglob("*.py")):
        for text in of_python(path.read_text(encoding="utf-8")):
            yield text, path.name
    for path in sorted((DESK / "templates").rglob("*.html")):
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        # Django turns a template into calls, one a line, among X's: what is left of each line is Python.
        for call in re.findall(r"\b(?:gettext|ngettext)\((u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\")", code):
            yield ast.literal_eval(call), str(path.relative_to(DESK))


@pytest.fixture(scope="module")
def compiled():
    with (LOCALE / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]


def test_there_is_much_to_say():
    assert len({text for text, _ in said()}) > 300


def test_no_text_is_left_untranslated(compiled):
    known = {key[0] if isinstance(key, tuple) else key for key in compiled}
    missing = sorted({(text, file) for text, file in said() if text not in known})
    assert not missing, f"{len(missing)} texts are not in locale/zh_Hans: {missing[:10]}"


def test_a_translation_fills_in_the_same_places(compiled):
    place = re.compile(r"%\((\w+)\)[sd]")
    wrong = []
    for key, value in compiled.items():
        source = key[0] if isinstance(key, tuple) else key
        if set(place.findall(source)) != set(place.findall(value)):
            wrong.append((source, value))
    assert not wrong


def test_what_is_compiled_is_what_is_written(compiled):
    written = {}
    entry = None
    for line in (LOCALE / "django.po").read_text(encoding="utf-8").splitlines():
        if found := re.match(r'(msgid_plural|msgid|msgstr(?:\[0\])?) (".*")$', line):
            entry = found[1]
            if entry == "msgid":
                key = ast.literal_eval(found[2])
            elif entry.startswith("msgstr"):
                written[key] = ast.literal_eval(found[2])
        elif line.startswith('"') and entry == "msgid":
            key += ast.literal_eval(line)
        elif line.startswith('"') and entry and entry.startswith("msgstr"):
            written[key] += ast.literal_eval(line)
    told = {key[0] if isinstance(key, tuple) else key: value for key, value in compiled.items()}
    assert {key: value for key, value in written.items() if key} == {key: value for key, value in told.items() if key}


def test_templates_say_nothing_that_is_not_to_be_translated():
    ours = {"Springtide", "USDT"}
    found = []
    for path in sorted((DESK / "templates").rglob("*.html")):
        tokens = Lexer(path.read_text(encoding="utf-8")).tokenize()
        plain, hidden = "", False
        for token in tokens:
            if token.token_type is TokenType.BLOCK and "blocktranslate" in token.contents:
                hidden = not token.contents.startswith("end")
            elif token.token_type is TokenType.TEXT and not hidden:
                plain += token.contents
        text = re.sub(r"<(script|pre|svg|kbd|code|title)\b.*?</\1>|<[^>]*>", " ", plain, flags=re.S)
        found += [(path.name, word) for word in re.findall(r"[A-Za-z]{2,}", text) if word not in ours]
    assert not found


def test_roles_and_rights_have_words_and_keys_nobody_named_are_readable():
    assert set(words.ROLES) == set(states.ROLES)
    assert set(words.RIGHTS) == set(states.RIGHTS)
    assert set(words.DEPARTMENTS) == set(states.DEPARTMENTS)
    assert words.column("spot_trades") == "Spot trades"


def test_every_column_that_a_segment_or_a_rule_may_name_has_a_word():
    unnamed = {name for name in (*COLUMNS, *RULE_COLUMNS) if name not in KEYS and words.column(name) == words.plain(name)}
    assert unnamed <= set(words.COLUMNS)
    assert words.column("net_deposit_90d_usdt") == "Net deposits, 90 days"
    assert words.column("rewards_consumed_all_usdt") == "Rewards used, all time"
    assert words.column("value_p10_usdt") == "the edge of the lowest 10 in a hundred"


def test_every_page_has_a_key_of_its_own():
    letters = [page.letter for page in PAGES]
    assert sorted(letters) == sorted(set(letters))


def test_an_error_is_told_in_the_members_language_with_what_was_seen():
    english = words.told("not_kept", "There is no snapshot of 2020-01-01.", "The nearest is 2026-01-31.")
    assert english == words.Told("There is no snapshot of 2020-01-01.", "The nearest is 2026-01-31.")
    with translation.override("zh-hans"):
        chinese = words.told("not_kept", "There is no snapshot of 2020-01-01.", "The nearest is 2026-01-31.")
    assert chinese.message == "没有这一天的快照。"
    assert chinese.detail == "There is no snapshot of 2020-01-01. The nearest is 2026-01-31."


def test_why_something_cannot_be_told_is_said_in_the_members_language():
    reason = "equity_usdt: no balances or given aggregates (user_days) was given"
    assert words.reason(reason) == "Assets: no balances or given aggregates (user_days) was given."
    with translation.override("zh-hans"):
        assert words.reason(reason) == "资产：未提供 balances 或 given aggregates (user_days)。"


def test_templates_are_all_read_without_fault():
    for path in sorted((DESK / "templates").rglob("*.html")):
        engines["django"].get_template(str(path.relative_to(DESK / "templates")))
