"""The app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TracingConfig(AppConfig):
    """Alert sheets, candidates and their review."""

    name = "tocsin.server.tracing"
    label = "tracing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand on the register's pages."""
        from tocsin.server.register.beyond import SOURCE_PANELS, TABS, Tab
        from tocsin.server.tracing.panels import alert_panel

        TABS.append(Tab("tracing:missing", _("What is missing now"), "tracing.read"))
        SOURCE_PANELS.append(alert_panel)
