"""The app as Django knows it."""

from django.apps import AppConfig


class HoldingsConfig(AppConfig):
    """What a holder has beside sealed sources."""

    name = "tocsin.server.holdings"
    label = "holdings"
    default_auto_field = "django.db.models.BigAutoField"
