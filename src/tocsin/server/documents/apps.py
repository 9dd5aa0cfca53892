"""The app as Django knows it."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents and photographs of sources, devices, licences and incidents."""

    name = "tocsin.server.documents"
    label = "documents"
    default_auto_field = "django.db.models.BigAutoField"
