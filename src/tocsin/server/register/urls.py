"""Addresses of the register."""

from __future__ import annotations

from django.urls import path

from tocsin.server.register import (
    export_views,
    import_views,
    looked_views,
    overdue_views,
    report_views,
    saved_views,
    views,
)

app_name = "register"
urlpatterns = [
    path("", views.source_list, name="list"),
    path("sources.csv", views.source_csv, name="csv"),
    path("transactions.csv", export_views.transactions_csv, name="transactions_csv"),
    path("inventory.pdf", export_views.inventory, name="inventory"),
    path("whole/", export_views.whole, name="whole"),
    path("views/", saved_views.save, name="view_save"),
    path("views/<uuid:pk>/delete/", saved_views.delete, name="view_delete"),
    path("new/", report_views.new, name="new"),
    path("overdue/", overdue_views.overdue_page, name="overdue"),
    path("overdue.csv", overdue_views.overdue_csv, name="overdue_csv"),
    path("checks/", views.checks, name="checks"),
    path("checks.csv", looked_views.checks_csv, name="checks_csv"),
    path("<uuid:pk>/checks/<slug:kind>/", looked_views.finding, name="finding"),
    path("holders/", views.holder_list, name="holders"),
    path("holders.csv", export_views.holders_csv, name="holders_csv"),
    path("holders/<uuid:pk>/", views.holder, name="holder"),
    path("holders/<uuid:pk>/change/", views.holder_edit, name="holder_edit"),
    path("imports/", import_views.import_list, name="imports"),
    path("imports/new/", import_views.import_new, name="import_new"),
    path("imports/<uuid:pk>/", import_views.import_page, name="import"),
    path("imports/<uuid:pk>/faults.csv", import_views.import_faults, name="import_faults"),
    path("imports/<uuid:pk>/columns/", import_views.import_map, name="import_map"),
    path("imports/<uuid:pk>/sheet/", import_views.import_sheet, name="import_sheet"),
    path("imports/<uuid:pk>/apply/", import_views.import_apply, name="import_apply"),
    path("imports/<uuid:pk>/undo/", import_views.import_undo, name="import_undo"),
    path("imports/<uuid:pk>/on/", import_views.import_carry_on, name="import_carry_on"),
    path("<uuid:pk>/", views.source, name="source"),
    path("<uuid:pk>/place/", views.place, name="place"),
    path("<uuid:pk>/correct/", report_views.correction, name="correct"),
    path("<uuid:pk>/steps/<int:number>/wrong/", report_views.wrong, name="wrong"),
    path("<uuid:pk>/report/<slug:kind>/", report_views.report_step, name="report"),
]
