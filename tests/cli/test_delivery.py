"""`springtide message`, `template` and `connector`. Each command has a process of its own: Django is set up once in one."""

import json

import pytest
import yaml

from springtide.home import Home
from springtide.operations.delivery.signing import secret_key
from tests.cli.conftest import run
from tests.cli.test_people import springtide

pytestmark = pytest.mark.slow

BODY = {
    "texts": {"en": {"subject": "Hi {{ name }}", "text": "{{ amount }} USDT wait."}, "zh-hans": {"text": "{{ amount }} USDT"}},
    "fallback": "en",
    "variables": {"name": {"default": "there"}, "amount": {"example": "25"}},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home.create(tmp_path_factory.mktemp("delivery") / "acme").path


def test_a_template_is_put_in_force_and_previewed(home, tmp_path):
    file = tmp_path / "welcome.yml"
    file.write_text(yaml.safe_dump(BODY))
    assert json.loads(springtide(home, "template", "put", str(file), "--json").stdout)["version"] == 1
    assert springtide(home, "template", "preview", "welcome", "--with", "name=Bo").stdout == "Hi Bo\n25 USDT wait.\n"
    file.write_text(yaml.safe_dump({**BODY, "variables": {"nam": {}, "amount": {}}}))
    assert "Did you mean 'nam'?" in springtide(home, "template", "put", str(file), code=2).stderr


def test_connectors_are_listed_and_messages_in_doubt_too(home):
    [told] = json.loads(springtide(home, "connector", "list", "--json").stdout)
    assert (told["name"], told["health"], told["due"]) == ("inbox", "idle", 0)
    assert "is not in doubt" in springtide(home, "message", "settle", "decision-1", "--sent", code=2).stderr
    assert json.loads(springtide(home, "message", "funnel", "spring", "--json").stdout)["resends"] == 0


def test_a_secret_is_made_anew_each_time():
    made = {run("connector", "secret").output.strip() for _ in range(2)}
    assert len(made) == 2
    assert all(len(secret_key(each)) == 32 for each in made)
