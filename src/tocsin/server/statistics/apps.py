"""The app as Django knows it."""

from django.apps import AppConfig


class StatisticsConfig(AppConfig):
    """Counts and fact sheet."""

    name = "tocsin.server.statistics"
    label = "statistics"
    default_auto_field = "django.db.models.BigAutoField"
