"""All settings, read from the environment (README, "Settings"). Nonsense stops the start with one clear line."""

import secrets
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")


def flag(name: str) -> bool:
    """Read a yes or no; anything else is nonsense."""
    words = {"": False, "0": False, "false": False, "no": False, "off": False}
    words |= {"1": True, "true": True, "yes": True, "on": True}
    value = env.str(name, default="").strip().lower()
    if value not in words:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return words[value]


# --- Where data live -------------------------------------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
ATTACHMENTS_DIR = DATA_DIR / "attachments"
QUARANTINE_DIR = DATA_DIR / "quarantine"


def folder(path: Path) -> Path:
    """Make the folder if it is missing; one clear line if that is refused."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise ImproperlyConfigured(
            f"cannot write to {path} ({refused.strerror}); set DATA_DIR to a folder that can be written."
        ) from None
    return path


folder(DATA_DIR)

# --- Database --------------------------------------------------------------------------------------------------------
EMBEDDED = "DATABASE_URL" not in env.ENVIRON
try:
    with warnings.catch_warnings(action="ignore"):
        DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'helpdesk.sqlite3'}")}
except Exception as wrong:  # environ raises many kinds
    raise ImproperlyConfigured(
        f"DATABASE_URL cannot be read ({wrong}); e.g. postgres://user:password@host:5432/name"
    ) from None
if not DATABASES["default"].get("ENGINE", "").endswith((".postgresql", ".sqlite3")):
    raise ImproperlyConfigured("DATABASE_URL names no known database; e.g. postgres://user:password@host:5432/name")
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: otherwise a transaction that reads and then writes fails as soon as two processes do so.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA journal_size_limit=27103364;",
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Secrets and hosts -----------------------------------------------------------------------------------------------


def embedded_secret() -> str:
    """Return the key of this folder, made at the first start."""
    path = DATA_DIR / "secret-key"
    if not path.exists():
        try:
            path.write_text(secrets.token_urlsafe(50))
            path.chmod(0o600)
        except OSError as refused:
            raise ImproperlyConfigured(
                f"cannot write {path} ({refused.strerror}); set DATA_DIR to a folder that can be written."
            ) from None
    return path.read_text().strip()


SECRET_KEY = env.str("SECRET_KEY", default="") or (embedded_secret() if EMBEDDED else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is needed with DATABASE_URL; set it to a long random text and keep it.")
DEBUG = flag("DEBUG")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 60 * 60
X_FRAME_OPTIONS = "SAMEORIGIN"  # a letter is shown in a sandboxed frame of its own
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")

# --- The product -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "helpdesk",
    "audit",
    "directory",
    "sla",
    "escalation",
    "knowledge",
    "tickets",
    "contact",
    "reports",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "template_partials",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "helpdesk.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "helpdesk.context.shell",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
AUTH_USER_MODEL = "directory.User"
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "sign-in", "home", "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- Language and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "lv"
LANGUAGES = [("lv", _("Latvian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Riga"
USE_TZ = True

# --- Static files ----------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": ATTACHMENTS_DIR}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20

# Nothing inline, nothing from elsewhere; Bootstrap draws its ticks as data: images.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    }
}

# --- Mail: to clients, to staff, and the mailboxes -------------------------------------------------------------------


def mail_settings(name: str, default: str) -> dict[str, Any]:
    """Read an address of a mail server, or of a folder (folder:///path), as keywords of `get_connection`."""
    url = env.str(name, default=default)
    if url.startswith("folder://"):
        return {"backend": "helpdesk.folder_mail.EmailBackend", "path": unquote(urlsplit(url).path)}
    if url.startswith("smtp+xoauth2://") and urlsplit(url).hostname:
        return {"backend": "contact.email.smtp_oauth.EmailBackend", "url": url, "timeout": 30}
    try:
        read = environ.Env.email_url_config(url)
    except (KeyError, ValueError, ImproperlyConfigured):
        read = {}
    if not read.get("EMAIL_BACKEND") or (url.startswith("smtp") and not urlsplit(url).hostname):
        raise ImproperlyConfigured(
            f"{name} is not the address of a mail server; e.g. smtp+tls://user:password@mail.example:587"
        )
    found: dict[str, Any] = {"backend": read["EMAIL_BACKEND"]}
    if read["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        found |= {
            "backend": "contact.email.smtp.EmailBackend",
            "host": read["EMAIL_HOST"],
            "port": read["EMAIL_PORT"] or 25,
            "username": read["EMAIL_HOST_USER"] or "",
            "password": read["EMAIL_HOST_PASSWORD"] or "",
            "use_tls": bool(read.get("EMAIL_USE_TLS")),
            "use_ssl": bool(read.get("EMAIL_USE_SSL")),
            "timeout": 30,
        }
    return found


# A production database without a mail server set tries this machine's: a reply must never end unseen in a folder.
# The demonstration plays with mail: only where none of it leaves this folder.
MAY_DEMONSTRATE = EMBEDDED and not any(
    name in env.ENVIRON
    for name in ("EMAIL_URL", "NOTICE_EMAIL_URL") + tuple(n for n in env.ENVIRON if n.startswith("MAILBOX_URL"))
)
CLIENT_MAIL = mail_settings("EMAIL_URL", f"folder://{DATA_DIR}/mail/outgoing" if EMBEDDED else "smtp://localhost:25")
NOTICE_MAIL = mail_settings(
    "NOTICE_EMAIL_URL", f"folder://{DATA_DIR}/mail/notices" if EMBEDDED else "smtp://localhost:25"
)
# Where bounces come back to, e.g. "{local}+{mark}@{domain}" of the desk's address where its mailbox takes such addresses.
# Not needed: a reply that comes back is known by its Message-ID and by a mark in its headers too.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
try:
    _made = BOUNCE_ADDRESS.format(local="local", mark="mark", domain="example.lv")
except (KeyError, IndexError, ValueError):
    _made = "nonsense"
if BOUNCE_ADDRESS and ("{mark}" not in BOUNCE_ADDRESS or _made.count("@") != 1):
    raise ImproperlyConfigured("BOUNCE_ADDRESS must be an address that holds {mark}; e.g. {local}+{mark}@{domain}")
NOTICE_FROM = env.str("NOTICE_FROM", default="helpdesk@localhost")
# TNA's IT support: told by mail of an outage; without it the administrator calls, and logs the call.  (E-II.2)
TNA_SUPPORT_ADDRESS = env.str("TNA_SUPPORT_ADDRESS", default="")
if TNA_SUPPORT_ADDRESS and "@" not in TNA_SUPPORT_ADDRESS:
    raise ImproperlyConfigured(f"TNA_SUPPORT_ADDRESS is no e-mail address: {TNA_SUPPORT_ADDRESS!r}.")
# The largest mail that the office sends, in bytes as it leaves; files grow by 37 % in it.
MAX_MAIL = env.int("MAX_MAIL_MB", default=25) * 2**20
if MAX_MAIL <= 0:
    raise ImproperlyConfigured("MAX_MAIL_MB must be a number of megabytes; e.g. 25")
# How long a reply waits before it leaves, so that its writer can take it back.
UNDO_SPAN = timedelta(seconds=env.int("UNDO_SECONDS", default=15))
if not timedelta(0) <= UNDO_SPAN <= timedelta(minutes=2):
    raise ImproperlyConfigured("UNDO_SECONDS must be from 0 to 120: a reply must not wait long.")
# MAILBOX_URL is the first desk's; MAILBOX_URL_<DESK> belongs to the desk with that code.
MAILBOX_URLS = {
    name.removeprefix("MAILBOX_URL").removeprefix("_").lower(): value
    for name, value in env.ENVIRON.items()
    if name == "MAILBOX_URL" or name.startswith("MAILBOX_URL_")
}
if EMBEDDED:
    MAILBOX_URLS.setdefault("", f"maildir://{DATA_DIR}/mail/mailbox")


def is_mailbox(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.path if parts.scheme == "maildir" else parts.hostname and parts.port != 0)
    except ValueError:  # the port is no number
        return False


def is_scanner(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname and parts.port != 0) != bool(parts.path.strip("/"))
    except ValueError:  # the port is no number
        return False


for _name, _url in MAILBOX_URLS.items():
    if not _url.startswith(
        ("imaps://", "imaps+xoauth2://", "imap://", "imap+xoauth2://", "graph://", "maildir://")
    ) or not is_mailbox(_url):
        raise ImproperlyConfigured(
            f"MAILBOX_URL{'_' + _name.upper() if _name else ''} is no mailbox; e.g. imaps://user:password@host/INBOX"
        )

# --- Virus scanner: ClamAV's daemon, e.g. clamav://host:3310 or clamav:///run/clamav/clamd.ctl ------------------------
CLAMAV_URL = env.str("CLAMAV_URL", default="")
if CLAMAV_URL and not (CLAMAV_URL.startswith("clamav://") and is_scanner(CLAMAV_URL)):
    raise ImproperlyConfigured(
        "CLAMAV_URL is no virus scanner; e.g. clamav://host:3310 or clamav:///run/clamav/clamd.ctl"
    )

# More mails than this of one sender within an hour are taken for a loop of machines.
LOOP_MAILS_AN_HOUR = env.int("LOOP_MAILS_AN_HOUR", default=20)
if LOOP_MAILS_AN_HOUR < 1:
    raise ImproperlyConfigured("LOOP_MAILS_AN_HOUR must be 1 or more.")

# --- Celery ----------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost//")
if CELERY_BROKER_URL.startswith("filesystem://"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(DATA_DIR / "broker/queue"),
        "data_folder_out": str(DATA_DIR / "broker/queue"),
        "control_folder": str(DATA_DIR / "broker/control"),
        "polling_interval": 0.1,
    }
    for name in ("queue", "control"):
        folder(DATA_DIR / "broker" / name)
elif CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900, "socket_connect_timeout": 5}
else:
    raise ImproperlyConfigured("CELERY_BROKER_URL must begin with redis:// or rediss:// (or be left out).")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is down for hours is waited for
# In memory: a file of last runs, torn by a crash, keeps beat from ever starting again; and all that runs is intervals.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_TIMEZONE = "UTC"

# --- Logging ---------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise ImproperlyConfigured(f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {LOG_LEVEL!r}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django": {"level": "INFO"}, "celery": {"level": "WARNING"}, "kombu": {"level": "WARNING"}},
}
