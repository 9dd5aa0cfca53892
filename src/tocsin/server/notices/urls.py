"""Addresses of the app."""

from __future__ import annotations

from django.urls import path

from tocsin.server.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.notice_list, name="list"),
    path("notices.csv", views.notice_csv, name="csv"),
    path("<uuid:pk>/", views.notice, name="notice"),
    path("imports/", views.import_list, name="imports"),
    path("imports/new/", views.import_new, name="import_new"),
    path("imports/<uuid:pk>/", views.import_page, name="import"),
    path("imports/<uuid:pk>/undo", views.import_undo, name="import_undo"),
    path("imports/<uuid:pk>/carry-on", views.import_carry_on, name="import_carry_on"),
]
