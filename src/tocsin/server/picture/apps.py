"""The app as Django knows it."""

from django.apps import AppConfig


class PictureConfig(AppConfig):
    """The live picture."""

    name = "tocsin.server.picture"
    label = "picture"
    default_auto_field = "django.db.models.BigAutoField"
