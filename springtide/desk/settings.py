"""Django's settings, read once from the home directory and the environment.

SPRINGTIDE_HOME    the home directory (default ./springtide-home); made and filled by `springtide.desk.serve.prepare`
DATABASE_URL       postgres://user:password@host:port/name for the operational state; default is SQLite in the home
SPRINGTIDE_HOST    the address that `springtide serve` listens on; it sets this itself
SPRINGTIDE_URL     the address people type when a proxy stands in front, such as https://springtide.example.com. With https the
                   proxy must set X-Forwarded-Proto and append to X-Forwarded-For, and cookies are sent over https only
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from springtide.kernel.errors import BadInput

HERE = Path(__file__).resolve().parent
SPRINGTIDE_HOME = Path(os.environ.get("SPRINGTIDE_HOME") or "springtide-home").resolve()
PUBLIC_URL = urlsplit(os.environ.get("SPRINGTIDE_URL", ""))


def _database(url: str) -> dict[str, object]:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": SPRINGTIDE_HOME / "desk.sqlite3",
            "OPTIONS": {
                # A transaction that begins by reading cannot wait for a writer later: take the write lock at once.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # recursive_triggers: without it INSERT OR REPLACE walks past the triggers that guard the audit chain.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise BadInput(
            f"DATABASE_URL begins with '{parts.scheme}:'.",
            "It must be postgres://user:password@host:port/name, or be left out for SQLite in the home.",
            code="bad_setting",
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or dict(parse_qsl(parts.query)).get("host", "")),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


KEY_FILE = SPRINGTIDE_HOME / "console.key"
SECRET_KEY = KEY_FILE.read_text().strip() if KEY_FILE.is_file() else ""  # empty: Django refuses to start, `prepare` makes it

DEBUG = False
_HOSTS = {"localhost", "127.0.0.1", "[::1]", PUBLIC_URL.hostname, os.environ.get("SPRINGTIDE_HOST")}
# Listening on every address of the machine is asking to be reached by any of its names.
ALLOWED_HOSTS = ["*"] if "0.0.0.0" in _HOSTS or "::" in _HOSTS else sorted(host for host in _HOSTS if host)
IS_BEHIND_PROXY = bool(PUBLIC_URL.hostname)
IS_HTTPS = PUBLIC_URL.scheme == "https"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "springtide.operations.members",
    "springtide.operations.jobs",
    "springtide.operations.definitions",
    "springtide.operations.statements",
    "springtide.operations.delivery",
    "springtide.operations.risk",
    "springtide.operations.rewards",
    "springtide.operations.work",
    "springtide.operations.campaigns",
    "springtide.desk",
    "ninja",  # the scripts of the API's own documentation, served from here
]
AUTH_USER_MODEL = "members.Member"
MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",  # pads its output, and Django masks the CSRF token: BREACH finds nothing
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "springtide.desk.middleware.security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "springtide.desk.middleware.language_of_the_member",
    "springtide.desk.shell.one_home_a_request",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "springtide.desk.middleware.ErrorsAsPages",
]
ROOT_URLCONF = "springtide.desk.urls"
WSGI_APPLICATION = "springtide.desk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "springtide.desk.shell.around_every_page",
            ],
            "builtins": ["springtide.desk.templatetags.figures"],
        },
    }
]
DATABASES = {"default": _database(os.environ.get("DATABASE_URL", ""))}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "overview"

SESSION_COOKIE_NAME = "springtide_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "springtide_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_FAILURE_VIEW = "springtide.desk.views.account.csrf_failed"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_SSL_REDIRECT = IS_HTTPS
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # what other names of the domain do is not ours to say
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "springtide.desk.storage.NamedByContent"},
}
WHITENOISE_USE_FINDERS = True  # served from the package itself: nothing to collect, nothing to build
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 365 * 24 * 3600

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
# On the same disk as where uploads are kept, so that keeping one is a rename.
FILE_UPLOAD_TEMP_DIR = str(SPRINGTIDE_HOME / "uploads") if (SPRINGTIDE_HOME / "uploads").is_dir() else None
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"secrets": {"()": "springtide.desk.logs.WithoutSecrets"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
