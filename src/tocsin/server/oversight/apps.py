"""The app as Django knows it."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """What the authority watches over."""

    name = "tocsin.server.oversight"
    label = "oversight"
    default_auto_field = "django.db.models.BigAutoField"
