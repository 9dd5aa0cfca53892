"""The app as Django knows it."""

from django.apps import AppConfig


class LinksConfig(AppConfig):
    """Links."""

    name = "tocsin.server.links"
    label = "links"
    default_auto_field = "django.db.models.BigAutoField"
