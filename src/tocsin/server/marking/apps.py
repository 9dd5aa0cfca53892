"""The app as Django knows it."""

from django.apps import AppConfig


class MarkingConfig(AppConfig):
    """Marking and policy."""

    name = "tocsin.server.marking"
    label = "marking"
    default_auto_field = "django.db.models.BigAutoField"
