"""The settings of a home are refused loudly: the name, the value seen, the values allowed."""

import pytest

from springtide.kernel.errors import BadInput
from springtide.kernel.settings import FILE_NAME, HomeSettings, read_settings


def _read(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    return read_settings(tmp_path)


def test_what_is_written_is_read_again(tmp_path):
    settings = HomeSettings(
        exchange='The "Sea"',
        reporting_zone="Asia/Shanghai",
        back_office="https://office.example/u/{user_id}",
        spark="spark://spark.example:7077",
    )
    assert _read(tmp_path, settings.as_toml()) == settings


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("exchnge = 'Sea'", "unknown_setting", "exchange"),
        ("threads = 'two'", "bad_setting", "int"),
        ("back_office = 'https://office.example/u/'", "bad_setting", "{user_id}"),
        ("back_office = 'javascript:alert({user_id})'", "bad_setting", "https://"),
        ("threads = ", "bad_setting", "line"),
    ],
)
def test_a_setting_that_cannot_be_is_told(tmp_path, text, code, hint):
    with pytest.raises(BadInput) as told:
        _read(tmp_path, text)
    assert told.value.code == code
    assert hint in told.value.hint
