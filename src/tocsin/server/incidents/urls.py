"""Addresses of incidents."""

from __future__ import annotations

from django.urls import path

from tocsin.server.incidents import fact_views, release_views, views, work_views

app_name = "incidents"
urlpatterns = [
    path("", views.incident_list, name="list"),
    path("incidents.csv", views.incident_csv, name="csv"),
    path("inbox/", work_views.inbox, name="inbox"),
    path("map/", work_views.world_map, name="map"),
    path("new/", fact_views.new, name="new"),
    path("watches/", work_views.watches, name="watches"),
    path("watches/<int:number>/end/", work_views.watch_end, name="watch_end"),
    path("tasks/<uuid:pk>/end/", work_views.task_end, name="task_end"),
    path("imports/", work_views.import_list, name="imports"),
    path("imports/new/", work_views.import_new, name="import_new"),
    path("imports/<uuid:pk>/", work_views.import_page, name="import"),
    path("imports/<uuid:pk>/faults.csv", work_views.import_faults, name="import_faults"),
    path("imports/<uuid:pk>/columns/", work_views.import_map, name="import_map"),
    path("imports/<uuid:pk>/apply/", work_views.import_apply, name="import_apply"),
    path("imports/<uuid:pk>/undo/", work_views.import_undo, name="import_undo"),
    path("objects/<uuid:pk>/", fact_views.object_page, name="object"),
    path("objects/<uuid:pk>/facts/", fact_views.object_facts, name="object_facts"),
    path("reports/<uuid:pk>/", fact_views.report_page, name="report"),
    path("notifications/<uuid:pk>/", release_views.notification, name="notification"),
    path("notifications/<uuid:pk>/pdf/", release_views.notification_file, name="notification_pdf"),
    path(
        "notifications/<uuid:pk>/fill/", release_views.notification_fill, name="notification_fill"
    ),
    path(
        "notifications/<uuid:pk>/sent/", release_views.notification_sent, name="notification_sent"
    ),
    path("releases/<int:number>/", release_views.release_decide, name="release_decide"),
    path("<uuid:pk>/", views.incident, name="incident"),
    path("<uuid:pk>/notes/", views.note, name="note"),
    path("<uuid:pk>/clocks/", views.clock_start, name="clock_start"),
    path("<uuid:pk>/facts/", fact_views.facts, name="facts"),
    path("<uuid:pk>/history/", fact_views.history, name="history"),
    path("<uuid:pk>/history.csv", fact_views.history_csv, name="history_csv"),
    path("<uuid:pk>/objects/", fact_views.object_new, name="object_new"),
    path("<uuid:pk>/reports/", fact_views.report_new, name="report_new"),
    path("<uuid:pk>/evidence/", fact_views.evidence, name="evidence"),
    path("<uuid:pk>/tasks/", work_views.task_new, name="task_new"),
    path("<uuid:pk>/persons/", work_views.persons, name="persons"),
    path("<uuid:pk>/release/", release_views.release, name="release"),
    path("<uuid:pk>/release/ask/", release_views.release_ask, name="release_ask"),
    path("<uuid:pk>/notifications/", release_views.notifications, name="notifications"),
    path("<uuid:pk>/notifications/new/", release_views.notification_new, name="notification_new"),
]
