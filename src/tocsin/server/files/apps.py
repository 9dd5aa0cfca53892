"""The app as Django knows it."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Files."""

    name = "tocsin.server.files"
    label = "files"
    default_auto_field = "django.db.models.BigAutoField"
