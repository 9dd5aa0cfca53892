"""Addresses of incidents."""

from __future__ import annotations

from django.urls import path

from tocsin.server.incidents import views

app_name = "incidents"
urlpatterns = [
    path("", views.incident_list, name="list"),
    path("incidents.csv", views.incident_csv, name="csv"),
    path("<uuid:pk>/", views.incident, name="incident"),
    path("<uuid:pk>/notes/", views.note, name="note"),
    path("<uuid:pk>/clocks/", views.clock_start, name="clock_start"),
]
