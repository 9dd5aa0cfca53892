"""Addresses of the app."""

from __future__ import annotations

from django.urls import path

from tocsin.server.tracing import sheet_views as sheets
from tocsin.server.tracing import views

app_name = "tracing"
urlpatterns = [
    path("candidates/", views.candidate_list, name="candidates"),
    path("candidates.csv", views.candidate_csv, name="candidates_csv"),
    path("candidates/<uuid:pk>/", views.candidate, name="candidate"),
    path("candidates/<uuid:pk>/judge", views.candidate_judge, name="judge"),
    path("missing/", sheets.missing, name="missing"),
    path("missing.csv", sheets.missing_csv, name="missing_csv"),
    path("sheets/", sheets.sheet_list, name="sheets"),
    path("sheets/about/<uuid:pk>/", sheets.sheet_new, name="sheet_new"),
    path("sheets/<uuid:pk>/", sheets.sheet, name="sheet"),
    path("sheets/<uuid:pk>/sheet.pdf", sheets.sheet_pdf, name="sheet_pdf"),
    path("sheets/<uuid:pk>/picture", sheets.sheet_picture, name="sheet_picture"),
    path("sheets/<uuid:pk>/end", sheets.sheet_end, name="sheet_end"),
]
