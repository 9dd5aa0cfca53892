"""Addresses of the app."""

from __future__ import annotations

from django.urls import path

from tocsin.server.tracing import sheet_views as sheets

app_name = "tracing"
urlpatterns = [
    path("missing/", sheets.missing, name="missing"),
    path("missing.csv", sheets.missing_csv, name="missing_csv"),
    path("sheets/", sheets.sheet_list, name="sheets"),
    path("sheets/about/<uuid:pk>/", sheets.sheet_new, name="sheet_new"),
    path("sheets/<uuid:pk>/", sheets.sheet, name="sheet"),
    path("sheets/<uuid:pk>/sheet.pdf", sheets.sheet_pdf, name="sheet_pdf"),
    path("sheets/<uuid:pk>/picture", sheets.sheet_picture, name="sheet_picture"),
    path("sheets/<uuid:pk>/end", sheets.sheet_end, name="sheet_end"),
]
