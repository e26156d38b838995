"""The one settings module: what differs between places comes from the environment (README, RUNBOOK)."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from deploy import env, log_format
from deploy.static_headers import add_headers, is_immutable
from pacs.storage.addresses import storage_settings

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
PORT = env.integer("PORT", 8000, minimum=1, maximum=65535)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in ("http", "https") or not _public.hostname:
    raise ImproperlyConfigured("PUBLIC_URL must be an http or https address")
IS_HTTPS = _public.scheme == "https"

DEBUG = False
SECRET_KEY = env.kept_secret("SECRET_KEY", DATA_DIR / "secret_key")
ALLOWED_HOSTS = sorted({_public.hostname, "localhost", "127.0.0.1"})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "deploy.urls"
WSGI_APPLICATION = "deploy.wsgi.application"
APPEND_SLASH = False  # OHIF's route is `viewer?…` without a slash: nothing may redirect it

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "tenants",
    "pacs",
    "billing",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.DoorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "tenants.views.frame.frame",
                "pacs.web.navigation.navigation",
            ],
        },
    }
]

# Database: SQLite where nothing is set; on PostgreSQL the application's role is neither owner nor superuser.


def _database(url: str) -> dict[str, Any]:
    parsed: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True))
    if parsed["ENGINE"] == "django.db.backends.sqlite3":
        parsed["CONN_HEALTH_CHECKS"] = False
        parsed["OPTIONS"] = {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA recursive_triggers=ON;",
        }
    elif parsed["ENGINE"] == "django.db.backends.postgresql":
        # Short statements on solid-state disks: no compiling, and reading here and there costs little more.
        parsed.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off -c random_page_cost=1.1")
    else:
        raise ImproperlyConfigured("DATABASE_URL must be sqlite:///… or postgresql://…")
    return parsed


DATABASES = {"default": _database(env.text("DATABASE_URL", f"sqlite:///{DATA_DIR}/db.sqlite3"))}
_owner_url = env.text("DATABASE_OWNER_URL", "")
if _owner_url:
    DATABASES["owner"] = _database(_owner_url)
MIGRATION_DATABASE = "owner" if _owner_url else "default"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People

AUTH_USER_MODEL = "tenants.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"

# Words

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português")]  # in their own words, never translated
LOCALE_PATHS = [BASE_DIR / "templates" / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# Images

KEY_PROVIDER_URL = env.text("KEY_PROVIDER_URL", f"local://{DATA_DIR}/keys")
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "primary": storage_settings(env.text("PRIMARY_STORE_URL", f"file://{DATA_DIR}/primary")),
}
_backup_url = env.text("BACKUP_STORE_URL", "")
if _backup_url:
    STORAGES["backup"] = storage_settings(_backup_url)
INSTANCE_LIMIT_BYTES = env.integer("INSTANCE_LIMIT_BYTES", 2 * 2**30, minimum=1, maximum=2**40)
REQUEST_LIMIT_BYTES = env.integer("REQUEST_LIMIT_BYTES", 8 * 2**30, minimum=1, maximum=2**40)
BIN_KEEPS_DAYS = env.integer("BIN_KEEPS_DAYS", 30, minimum=1, maximum=3650)
DECODERS = env.integer("DECODERS", 2, minimum=1, maximum=64)

# Uploaded form files never touch the disk; images come as a stream that Django does not parse.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# Jobs

CELERY_BROKER_URL = env.text("BROKER_URL", f"redis+socket://{DATA_DIR}/redis.sock")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "live"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A nudge that meets no broker fails at once and is found by the sweep; without these kombu waits for minutes,
# and with it the request that was answered already. Workers go on knocking.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "socket_connect_timeout": 1,
}
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
CELERY_BEAT_SCHEDULE = {
    "derive": {"task": "pacs.tasks.derive_waiting", "schedule": 10.0, "options": {"expires": 9}},
    "close-reading": {"task": "pacs.tasks.close_reading", "schedule": 60.0, "options": {"expires": 55}},
    "empty-bins": {"task": "pacs.tasks.empty_bins", "schedule": 3600.0, "options": {"expires": 3500}},
    "sweep-stores": {"task": "pacs.tasks.sweep_stores", "schedule": 3600.0, "options": {"expires": 3500}},
    "remove-blobs": {"task": "pacs.tasks.remove_blobs", "schedule": 60.0, "options": {"expires": 55}},
}

# Headers

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS  # the proxy in front says in X-Forwarded-Proto how it was asked
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = 365 * 86400 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "/static/"
ASSETS_DIR = BASE_DIR / "deploy" / "assets" / "dist"
STATICFILES_DIRS = [path for path in [ASSETS_DIR] if path.is_dir()]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 60
WHITENOISE_IMMUTABLE_FILE_TEST = is_immutable
WHITENOISE_ADD_HEADERS_FUNCTION = add_headers

LOGGING = log_format.configuration(env.text("LOG_LEVEL", "INFO"))
