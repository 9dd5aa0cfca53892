"""Django's settings, from the operator's configuration. Strict from the first page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from tocsin.server.configuration import read_configuration

HERE = Path(__file__).parent
TOCSIN = read_configuration()

SECRET_KEY = TOCSIN.secret_key
SECRET_KEY_FALLBACKS = list(TOCSIN.former_secret_keys)
DEBUG = False
ALLOWED_HOSTS = list(TOCSIN.hosts)
DATABASES: dict[str, dict[str, Any]] = {"default": TOCSIN.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TOCSIN_APPS = (
    "audit",
    "accounts",
    "marking",
    "files",
    "links",
    "duties",
    "documents",
    "register",
    "licensing",
    "holdings",
    "oversight",
    "measurements",
    "alarms",
    "ingest",
    "incidents",
    "notices",
    "tracing",
    "statistics",
    "picture",
    "outlets",
    "console",
)
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",  # the list of sessions reads times by it
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_tasks_db",
    *(f"tocsin.server.{app}" for app in TOCSIN_APPS),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "tocsin.server.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "tocsin.server.access.AccessMiddleware",
    "tocsin.server.files.gone.GoneMiddleware",
]
ROOT_URLCONF = "tocsin.server.urls"
ASGI_APPLICATION = "tocsin.server.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tocsin.server.frame.frame",
            ],
        },
    },
]

# Who signs in, and how
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "tocsin.server.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tocsin"
# A browser treats the loopback address as secure; allauth wants to be told.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not TOCSIN.https

# Sessions and cookies
# what a page tells once, as an exact place, stays on the server and in no cookie
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TOCSIN.https
SESSION_COOKIE_NAME = "__Host-session" if TOCSIN.https else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if TOCSIN.https else "csrf"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"

# Headers
SECURE_SSL_REDIRECT = False  # the server listens on HTTPS alone
SECURE_HSTS_SECONDS = 365 * 86400 if TOCSIN.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = TOCSIN.https
SECURE_HSTS_PRELOAD = TOCSIN.https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
# A file and the fields of its form: no larger body is taken (tocsin.server.bodies), and none that
# is taken goes to the disk in the clear.
FILE_UPLOAD_MAX_MEMORY_SIZE = (TOCSIN.upload_most_MiB + 1) * 2**20
FILE_UPLOAD_HANDLERS = ["tocsin.server.files.receiving.InMemory"]

# Static files come from the wheel alone
STATIC_URL = "static/"
STATIC_ROOT = HERE / "static"
STATICFILES_DIRS: list[Path] = []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Work in the background
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# E-mail: refused unless the operator names a server
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# One line of JSON for each event; no bodies, no addresses of pages with content
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "tocsin.server.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = [
    # HTTPS is part of `tocsin serve`, which listens on nothing else; see SECURE_SSL_REDIRECT
    "security.W008",
]
