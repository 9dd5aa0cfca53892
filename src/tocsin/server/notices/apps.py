"""The app as Django knows it."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Public notices."""

    name = "tocsin.server.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
