"""Django's settings, computed from ours."""

from typing import Any

from bodyworn.records.engine import database
from bodyworn.settings import Settings
from bodyworn.work.sealing import seal

PAGES_KEY_FOR_TOOLS = "tools-only-never-served"
# A request for an upload brings its sidecars along: 16 of 1 MiB, in base64.
LARGEST_REQUEST = 24 * 2**20  # bytes


def django_settings(settings: Settings, secret_key: str) -> dict[str, Any]:
    """Everything that `django.conf.settings.configure` wants."""
    secure = settings.pages.startswith("https:")
    return {
        "SECRET_KEY": secret_key,
        "DEBUG": False,
        "ALLOWED_HOSTS": _hosts(settings),
        "DATABASES": {"default": database(settings.database, settings.layout.records)},
        "INSTALLED_APPS": [
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django_htmx",
            "bodyworn.records",
            "bodyworn.web",
        ],
        "AUTH_USER_MODEL": "records.User",
        "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 12},
            },
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "bodyworn.web.middleware.content_policy",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
            "bodyworn.web.middleware.sign_in_required",
            "bodyworn.web.middleware.errors_in_words",
        ],
        "ROOT_URLCONF": "bodyworn.web.urls",
        "WSGI_APPLICATION": None,
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                        "bodyworn.web.context.every_page",
                    ],
                    "string_if_invalid": "",
                },
            }
        ],
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": "bodyworn.web.storage.HashedFiles"},
        },
        "STATIC_URL": "/static/",
        "STATIC_ROOT": str(settings.layout.static),
        "LOGIN_URL": "/sign-in",
        "SESSION_COOKIE_NAME": "bodyworn_session",
        "SESSION_COOKIE_AGE": settings.session_hours * 3600,
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "CSRF_COOKIE_NAME": "bodyworn_csrf",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_FAILURE_VIEW": "bodyworn.web.pages.errors.stale_form",
        "CSRF_TRUSTED_ORIGINS": [settings.pages],
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_HSTS_SECONDS": 31_536_000 if secure else 0,
        "X_FRAME_OPTIONS": "DENY",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": LARGEST_REQUEST,
        # No form of ours sends a file, and Django would write one to the disk for anybody.
        "FILE_UPLOAD_HANDLERS": [],
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": False,
        "LANGUAGE_CODE": "en-gb",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "LOGGING_CONFIG": None,
        "BODYWORN": settings,
        "BODYWORN_SEAL": seal,
    }


def _hosts(settings: Settings) -> list[str]:
    named = settings.pages.split("://", 1)[1].rsplit(":", 1)[0]
    return sorted({named, settings.host, "127.0.0.1", "localhost"})
