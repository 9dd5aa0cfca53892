"""Addresses of alarms."""

from __future__ import annotations

from django.urls import path

from tocsin.server.alarms import views

app_name = "alarms"
urlpatterns = [
    path("", views.alarm_list, name="list"),
    path("alarms.csv", views.alarm_csv, name="csv"),
    path("statistics/", views.statistics, name="statistics"),
    path("statistics.csv", views.statistics_csv, name="statistics_csv"),
    path("inform/", views.inform, name="inform"),
    path("<uuid:pk>/", views.alarm, name="alarm"),
    path("<uuid:pk>/steps/<slug:kind>/", views.step, name="step"),
    path("<uuid:pk>/response/", views.response, name="response"),
    path("<uuid:pk>/response.csv", views.response_csv, name="response_csv"),
]
