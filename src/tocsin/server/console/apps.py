"""The app as Django knows it."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Home and search."""

    name = "tocsin.server.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
