"""The app as Django knows it."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Transparency log."""

    name = "tocsin.server.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
