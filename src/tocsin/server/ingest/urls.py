"""Addresses of devices."""

from __future__ import annotations

from django.urls import path

from tocsin.server.ingest import keeping_views, views

app_name = "ingest"
urlpatterns = [
    path("", views.device_list, name="devices"),
    path("table.csv", views.device_list_csv, name="devices_csv"),
    path("enrol/", views.device_new, name="device_new"),
    path("retention/", keeping_views.retention, name="retention"),
    path("retention/<uuid:pk>/", keeping_views.decide_retention, name="retention_decide"),
    path("surveys/<uuid:pk>/hold/", keeping_views.survey_hold, name="survey_hold"),
    path("<uuid:pk>/", views.device, name="device"),
    path("<uuid:pk>/revoke/", views.device_revoke, name="device_revoke"),
    path("surveys/<uuid:pk>/end/", views.survey_end, name="survey_end"),
]
