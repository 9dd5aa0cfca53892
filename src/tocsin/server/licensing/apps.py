"""The app as Django knows it."""

from django.apps import AppConfig


class LicensingConfig(AppConfig):
    """Licences, sheets and orders."""

    name = "tocsin.server.licensing"
    label = "licensing"
    default_auto_field = "django.db.models.BigAutoField"
