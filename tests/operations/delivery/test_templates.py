"""What a message says: languages, missing variables, versions, and a sandbox that members' texts cannot leave."""

import time

import pytest

from springtide.kernel.errors import BadInput
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.delivery import templates
from springtide.operations.delivery.sandbox import BadTemplate
from tests.operations.conftest import NOON
from tests.operations.delivery.conftest import WELCOME


def _template(text, *, variables=None, **parts):
    return templates.of_body(
        "test", {"texts": {"en": {"text": text, **parts}}, "fallback": "en", "variables": variables or {}}, version=1
    )


def _said(text, values=None, **more):
    names = {name: {"missing": "refuse"} for name in values or {}}
    return templates.render(_template(text, variables=names, **more), "en", values or {})


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "en"),
        ("EN_gb", "en"),
        ("zh-Hans", "zh-hans"),
        ("zh-hans-cn", "zh-hans"),
        ("zh-Hant-TW", "zh-hans"),  # its nearest relative
        ("zh", "zh-hans"),
        ("de", "en"),
        ("", "en"),
        ("../../etc/passwd", "en"),
    ],
)
def test_a_user_reads_their_language_or_its_nearest_relative_or_the_fallback(language, spoken):
    rendered = templates.render(templates.of_body("welcome", WELCOME), language, {"amount": "25"})
    assert rendered.language == spoken


def test_a_missing_variable_refuses_the_message_is_replaced_or_left_out():
    template = _template(
        "Dear {{ name }}{{ title }}, {{ amount }} USDT.",
        variables={"name": {"default": "trader"}, "title": {"missing": "leave_out"}, "amount": {"missing": "refuse"}},
    )
    assert templates.render(template, "en", {"amount": 25, "name": None}).text == "Dear trader, 25 USDT."
    assert templates.render(template, "en", {"amount": 25, "name": "Ann", "title": ", VIP"}).text == "Dear Ann, VIP, 25 USDT."
    assert templates.needed(template) == ("amount",)
    with pytest.raises(BadTemplate) as told:
        templates.render(template, "en", {"name": "Ann", "amount": ""})
    assert (told.value.code, "amount" in told.value.message) == ("missing_variable", True)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "texts by language"),
        ({"texts": {"en": {"text": "x"}}, "fallback": "de"}, "fallback"),
        ({"texts": {"en": {}}, "fallback": "en"}, "no 'text'"),
        ({"texts": {"en": {"text": "x", "sms": "x"}}, "fallback": "en"}, "'sms'"),
        ({"texts": {"en": {"text": "x"}}, "fallback": "en", "valuables": {}}, "Did you mean 'variables'?"),
        ({"texts": {"en": {"text": "{{ nane }}"}}, "fallback": "en", "variables": {"name": {}}}, "Did you mean 'name'?"),
        ({"texts": {"en": {"text": "x"}}, "fallback": "en", "variables": {"a": {"missing": "default"}}}, "'missing'"),
        ({"texts": {"en": {"text": "{{ a"}}, "fallback": "en", "variables": {"a": {}}}, "cannot be read"),
        ({"texts": {"en": {"text": "x" * 20_001}}, "fallback": "en"}, "20,001 characters"),
        ({"texts": {"en": {"text": "{{ 'x' | upcas }}"}}, "fallback": "en"}, "Did you mean 'upcase'?"),
    ],
)
@pytest.mark.django_db
def test_a_template_that_could_not_be_rendered_is_not_saved(body, says):
    with pytest.raises(BadInput) as told:
        publish_definition("message_template", "bad", title="Bad", body=body, acting=None, now=NOON)
    assert told.value.code == "bad_template"
    assert says in str(told.value)


@pytest.mark.django_db
def test_every_version_of_a_template_stays_readable(welcome):
    changed = {**WELCOME, "fallback": "zh-hans"}
    publish_definition(
        "message_template", "welcome", title="Welcome", body=changed, acting=None, now=NOON, seen=welcome.content_hash
    )

    assert [templates.read("welcome", version).fallback for version in (1, 2, None)] == ["en", "zh-hans", "zh-hans"]
    assert templates.read("welcome", 1).content_hash == welcome.content_hash
    with pytest.raises(BadInput) as told:
        templates.read("welcom")
    assert (told.value.code, told.value.hint) == ("unknown_template", "Did you mean 'welcome'?")


def test_a_preview_takes_the_examples_and_says_what_it_lacks():
    template = templates.of_body("welcome", WELCOME)
    assert templates.preview(template, "zh-hans").text == "25 USDT 奖励等您领取。"
    assert templates.preview(template, "en", {"name": "Bo"}).subject == "Welcome, Bo"
    with pytest.raises(BadTemplate):
        templates.preview(_template("{{ a }}", variables={"a": {}}), "en")


# --- nobody gets out


def test_values_are_never_read_as_liquid_and_are_escaped_in_html():
    evil = "{{ 7 | times: 6 }}{% assign a = 1 %}<script>alert('x')</script>"
    rendered = _said("{{ a }}", {"a": evil}, html="<p title='{{ a }}'>{{ a }}</p>")
    assert rendered.text == evil
    assert "<script>" not in rendered.html
    assert "title='{{ 7 | times: 6 }}{% assign a = 1 %}&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;'" in rendered.html


def test_a_subject_is_one_line_whatever_a_value_holds():
    rendered = _said("x", {"a": "Hi\r\nBcc: all@example.com\u2028\0X: y"}, subject="{{ a }}\n")
    assert rendered.subject == "Hi Bcc: all@example.com X: y"


@pytest.mark.parametrize(
    "source",
    [
        "{% include 'secrets' %}",
        "{% render 'secrets' %}",
        "{% liquid include 'secrets' %}",
        "{% layout 'secrets' %}",
        "{{ 'x' | safe }}",
        "{{ 'x' | replace: '', 'y' }}",
        "{% tablerow i in (1..3) %}{% endtablerow %}",
        "{% if true %}" * 20 + "{% endif %}" * 20,
    ],
)
def test_what_reaches_for_files_or_grows_without_end_is_no_template(source):
    with pytest.raises(BadTemplate) as told:
        _template(source)
    assert told.value.code == "bad_template"


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..100) %}{% for j in (1..100) %}x{% endfor %}{% endfor %}",
        "{{ (1..100000000) | join: 'x' }}",
        "{% assign a = 'xxxxxxxx' %}{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}",
        (
            "{% capture a %}{% for i in (1..200) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endcapture %}"
            "{% for i in (1..200) %}{{ a }}{% endfor %}"
        ),
        "{{ 9 | times: 999999999 | times: 999999999 | times: 999999999 }}",
    ],
)
def test_a_template_that_takes_too_much_is_stopped_at_once(source):
    began = time.monotonic()
    with pytest.raises(BadTemplate) as told:
        _said(source)
    assert told.value.code == "template_too_long"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("path", ["a.__class__", "a.__init__.__globals__", "a['__class__']", "a.format", "b.__len__"])
def test_the_insides_of_values_are_closed(path):
    with pytest.raises(BadTemplate) as told:
        _said(f"{{{{ {path} }}}}", {"a": "x", "b": [1]})
    assert told.value.code == "template_failed"


@pytest.mark.parametrize("value", [{"a": 1}, ["x", ["y"]], "x" * 4_001, ["x"] * 4_001, object(), b"x"])
def test_values_that_no_message_needs_are_refused(value):
    with pytest.raises(BadTemplate) as told:
        _said("{{ a }}", {"a": value})
    assert told.value.code == "bad_variable"


def test_plain_texts_say_what_the_engine_says():
    values = {"t": "x & y", "n": 3, "f": 2.5, "b": True, "l": ["p", "<q>"]}
    source = "".join(f"[{{{{ {name} }}}}]" for name in values)
    plain = _said(source, values, html=source)
    run = _said(source + "{% comment %}{% endcomment %}", values, html=source + "{% comment %}{% endcomment %}")
    assert (plain.text, plain.html) == (run.text, run.html)
    assert plain.text == "[x & y][3][2.5][true][p<q>]"
