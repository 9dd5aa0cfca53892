"""The app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StatisticsConfig(AppConfig):
    """Counts and fact sheet."""

    name = "tocsin.server.statistics"
    label = "statistics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand among the pages of incidents."""
        from tocsin.server.incidents import beyond
        from tocsin.server.register.beyond import Tab

        beyond.TABS.append(Tab("statistics:overview", _("Statistics"), "statistics.read"))
