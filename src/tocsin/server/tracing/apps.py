"""The app as Django knows it."""

from django.apps import AppConfig


class TracingConfig(AppConfig):
    """Candidates and their review."""

    name = "tocsin.server.tracing"
    label = "tracing"
    default_auto_field = "django.db.models.BigAutoField"
