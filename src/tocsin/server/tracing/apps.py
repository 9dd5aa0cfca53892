"""The app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TracingConfig(AppConfig):
    """Alert sheets, candidates and their review."""

    name = "tocsin.server.tracing"
    label = "tracing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand on the pages of the apps above, and compare what is new there."""
        from tocsin.server.alarms.beyond import ALARM_PANELS
        from tocsin.server.duties.timers import register
        from tocsin.server.incidents import beyond as incidents
        from tocsin.server.ingest.beyond import NEEDED
        from tocsin.server.marking.services import LEVEL_HEARERS
        from tocsin.server.notices.beyond import AFTER_UNDO, COMPARERS
        from tocsin.server.register import beyond as sources
        from tocsin.server.tracing import panels
        from tocsin.server.tracing.archives import compare_archive, forget_undone
        from tocsin.server.tracing.reading import waits_for
        from tocsin.server.tracing.services.comparing import compare_waiting
        from tocsin.server.tracing.services.following import follow
        from tocsin.server.tracing.services.marks import rise_with
        from tocsin.server.tracing.services.seeking import seek_registered

        sources.TABS.append(
            sources.Tab("tracing:missing", _("What is missing now"), "tracing.read")
        )
        incidents.TABS.append(sources.Tab("tracing:candidates", _("Candidates"), "tracing.read"))
        sources.SOURCE_PANELS += [panels.alert_panel, panels.source_candidates_panel]
        ALARM_PANELS.append(panels.alarm_panel)
        incidents.INCIDENT_PANELS.append(panels.incident_panel)
        incidents.OBJECT_PANELS.append(panels.object_panel)
        COMPARERS.append(compare_archive)
        AFTER_UNDO.append(forget_undone)
        LEVEL_HEARERS.append(rise_with)
        NEEDED.append(waits_for)
        register(follow)
        register(seek_registered)
        register(compare_waiting)
