"""Addresses of duties."""

from __future__ import annotations

from django.urls import path

from tocsin.server.duties import views

app_name = "duties"
urlpatterns = [
    path("", views.roster, name="roster"),
    path("roster.csv", views.roster_csv, name="roster_csv"),
    path("shifts/", views.shift_add, name="shift_add"),
    path("shifts/<uuid:pk>/cancel/", views.shift_cancel, name="shift_cancel"),
    path("take-over/", views.takeover, name="takeover"),
    path("notices/", views.notices, name="notices"),
    path("notices/<uuid:pk>/acknowledge/", views.notice_acknowledge, name="notice_acknowledge"),
    path("clocks/", views.clocks, name="clocks"),
    path("clocks/<uuid:pk>/end/", views.clock_end, name="clock_end"),
]
