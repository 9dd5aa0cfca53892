"""Addresses of the statistics."""

from __future__ import annotations

from django.urls import path

from tocsin.server.statistics import views

app_name = "statistics"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("table.csv", views.table_csv, name="table_csv"),
    path("vintages/", views.vintages, name="vintages"),
    path("itdb/", views.series, name="series"),
    path("sheets/", views.sheet_list, name="sheets"),
    path("sheets/make/", views.sheet_make, name="sheet_make"),
    path("sheets/<uuid:pk>/", views.sheet, name="sheet"),
    path("sheets/<uuid:pk>/approval/", views.sheet_approve, name="sheet_approve"),
    path("sheets/<uuid:pk>/<slug:form>-<slug:language>.pdf", views.sheet_pdf, name="sheet_pdf"),
]
