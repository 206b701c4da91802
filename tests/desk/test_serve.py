"""Preparing a home for the console: its key, its database, its first manager; in processes of their own, as it happens."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from springtide.desk import serve
from springtide.kernel.errors import BadInput


def run(code, home):
    """Run code in a fresh process: Django is set up once a process, for one home."""
    begin = "from pathlib import Path; import sys; from springtide.desk import serve; home = Path(sys.argv[1]);"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "SPRINGTIDE", "DATABASE"))}
    ran = subprocess.run(
        [sys.executable, "-c", begin + code, str(home)], env=clean, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_home_gets_a_key_only_its_owner_reads_a_database_and_one_founder(empty_home):
    twice = "serve.prepare(home); print(*serve.founder(home)); serve.prepare(home); print(*serve.founder(home))"
    first, second = run(twice, empty_home.path).splitlines()
    assert first == second
    assert first.startswith("manager ")
    assert (empty_home.path / "desk.sqlite3").exists()
    for name in ("console.key", serve.FIRST_SIGN_IN):
        assert stat.S_IMODE((empty_home.path / name).stat().st_mode) == 0o600
    key = (empty_home.path / "console.key").read_text()
    assert len(key) >= 60
    again = run(
        "serve.prepare(home); print(*serve.founder(home));"
        "from springtide.operations.members.models import Member; print(Member.objects.get().check_password(sys.argv[2:] or '"
        + first.split()[1]
        + "'))",
        empty_home.path,
    )
    assert again.splitlines() == [first, "True"]
    assert (empty_home.path / "console.key").read_text() == key


def test_a_founder_who_changed_the_password_is_not_told_again(empty_home):
    run("serve.prepare(home); serve.founder(home)", empty_home.path)
    (empty_home.path / serve.FIRST_SIGN_IN).unlink()
    assert run("serve.prepare(home); print(serve.founder(home))", empty_home.path) == "None\n"


def test_the_database_is_in_wal_takes_the_write_lock_at_once_and_guards_the_audit_chain(empty_home):
    asked = (
        "serve.prepare(home); from django.db import connection; c = connection.cursor();"
        "print([c.execute(f'pragma {name}').fetchone()[0] for name in ('journal_mode', 'recursive_triggers', 'foreign_keys')]);"
        "print(connection.transaction_mode);"
        "print(*sorted({name for (name,) in c.execute(\"select tbl_name from sqlite_master where type='trigger'\")}))"
    )
    assert run(asked, empty_home.path).splitlines() == [
        "['wal', 1, 1]",
        "IMMEDIATE",
        "members_auditrow rewards_entry rewards_posting",
    ]


def test_settings_pass_djangos_own_check_for_the_open_net(empty_home):
    code = (
        "import os; os.environ['SPRINGTIDE_URL'] = 'https://springtide.example.com'; serve.prepare(home);"
        "from django.core.management import call_command; call_command('check', deploy=True, fail_level='WARNING');"
        "from django.conf import settings; print(settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_SECURE, settings.SECURE_HSTS_SECONDS)"
    )
    assert "springtide.example.com" in run(code, empty_home.path)


@pytest.mark.parametrize("url", ["mysql://user@host/name", "oracle:thing"])
def test_another_database_is_refused_loudly(url):
    from springtide.desk.settings import _database

    with pytest.raises(BadInput) as refused:
        _database(url)
    assert refused.value.code == "bad_setting"


def test_an_address_of_postgresql_is_read_whole():
    from springtide.desk.settings import _database

    told = _database("postgres://o%40ps:p%2Fw@db.example:5433/spring%20tide")
    assert (told["USER"], told["PASSWORD"], told["HOST"], told["PORT"], told["NAME"]) == (
        "o@ps",
        "p/w",
        "db.example",
        "5433",
        "spring tide",
    )
    assert _database("postgresql://me@/desk?host=/run/pg")["HOST"] == "/run/pg"


def test_a_taken_port_is_refused_before_anything_starts(empty_home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput) as refused:
            serve.run(empty_home.path, "127.0.0.1", taken.getsockname()[1])
    assert refused.value.code == "port_taken"


def test_the_models_have_their_migrations(db):
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
