"""Django's settings, derived from the collector's own (config.py); nothing is set here that could be set there."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from keuring_collector import chat_channels, config
from keuring_collector.store.pragmas import sqlite_init_command

KEURING = config.load()
# How long a thread keeps its connection. A new one reads the schema and begins with nothing in its cache.
CONNECTION_SECONDS = 600
PREPARED_AFTER = 2  # times that a connection to PostgreSQL was asked a statement


def _database(url: str) -> dict[str, Any]:
    if url.startswith("sqlite:///"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///"),
            "OPTIONS": {
                "init_command": sqlite_init_command(),
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
            },
            "CONN_MAX_AGE": CONNECTION_SECONDS,
        }
    parts = conninfo_to_dict(url)  # as libpq reads it: sockets, sslmode and the like work here as in the store
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        # Values apart from the SQL, which the server then keeps planned; a statement is kept from its third time on.
        "OPTIONS": {**parts, "server_side_binding": True, "prepare_threshold": PREPARED_AFTER},
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(KEURING.database_url)}
SECRET_KEY = KEURING.secret_key
ALLOWED_HOSTS = [KEURING.public_name, "localhost", "127.0.0.1", "[::1]"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "keuring_collector.store",
    "keuring_collector.fleet",
    "keuring_collector.desk",
    "keuring_collector.service",
    "keuring_collector.console",  # before allauth, whose templates it replaces
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
]
MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "keuring_collector.console.middleware.Reader",
    "keuring_collector.console.middleware.SignInFirst",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
ROOT_URLCONF = "keuring_collector.urls"
WSGI_APPLICATION = "keuring_collector.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "keuring_collector.console.context.frame",
            ]
        },
    }
]
AUTH_USER_MODEL = "desk.Staff"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CSRF_FAILURE_VIEW = "keuring_collector.console.views.errors.csrf"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "queue"
AUTHENTICATION_BACKENDS = ["keuring_collector.console.session.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# django-allauth: signing in by another service, and second factors. Accounts are made by people of the desk.
ACCOUNT_ADAPTER = "keuring_collector.console.accounts.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
SOCIALACCOUNT_ADAPTER = "keuring_collector.console.accounts.SocialAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a link: the policy lets no form lead to another site
MFA_ADAPTER = "keuring_collector.console.accounts.FactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are written down by administrators, for digests alone
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # half a minute either way: clocks of phones differ
MFA_RECOVERY_CODES_SHOW_ONCE = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# Parts of the frame, which are the same for many; apart, so that they push out nothing that has to be remembered.
CACHES = {
    name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}
    for name in ("default", "template_fragments")
}
SESSION_ENGINE = "keuring_collector.console.session"
SESSION_COOKIE_AGE = 30 * 60  # idle; see console.middleware.Reader, which says when somebody was last here
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = KEURING.console_tls
SESSION_COOKIE_NAME = "__Host-session" if KEURING.console_tls else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if KEURING.console_tls else "csrf"
SECURE_HSTS_SECONDS = 31536000 if KEURING.console_tls and not chat_channels.is_loopback(KEURING.public_name) else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
LANGUAGE_CODE = KEURING.language
LANGUAGES = [("nl", _("Dutch")), ("en", _("English"))]
LOCALE_PATHS = [Path(__file__).parent / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = KEURING.time_zone
FILE_UPLOAD_HANDLERS = [
    "keuring_collector.console.uploads.Bounded",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False


def _mail(url: str) -> dict[str, Any]:
    if not url:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(KEURING.data_directory / "mail"),
        }
    parts = urlsplit(url)
    return {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or 25,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": bool(parts.password),
        "EMAIL_TIMEOUT": 15,
    }


globals().update(_mail(KEURING.mail_server))
DEFAULT_FROM_EMAIL = KEURING.mail_from
LOGGING_CONFIG = None  # logs.configure() does it
