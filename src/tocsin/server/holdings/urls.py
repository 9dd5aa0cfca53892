"""Addresses of the holdings."""

from __future__ import annotations

from django.urls import path

from tocsin.server.holdings.views import catalogue, devices, material, shipments, together

app_name = "holdings"
urlpatterns = [
    path("devices/", devices.device_list, name="devices"),
    path("devices.csv", devices.device_csv, name="devices_csv"),
    path("devices/new/", devices.device_new, name="device_new"),
    path("devices/<uuid:pk>/", devices.device, name="device"),
    path("devices/<uuid:pk>/correct/", devices.device_correct, name="device_correct"),
    path("devices/<uuid:pk>/report/<slug:kind>/", devices.device_report, name="device_report"),
    path("batches/", material.batch_list, name="batches"),
    path("batches.csv", material.batch_csv, name="batches_csv"),
    path("batches/new/", material.batch_new, name="batch_new"),
    path("batches/<uuid:pk>/", material.batch, name="batch"),
    path("batches/<uuid:pk>/correct/", material.batch_correct, name="batch_correct"),
    path("batches/<uuid:pk>/report/<slug:kind>/", material.batch_report, name="batch_report"),
    path("shipments/", shipments.shipment_list, name="shipments"),
    path("shipments.csv", shipments.shipment_csv, name="shipments_csv"),
    path("shipments/new/", shipments.shipment_new, name="shipment_new"),
    path("shipments/<uuid:pk>/", shipments.shipment, name="shipment"),
    path("shipments/<uuid:pk>/sources/", shipments.shipment_load, name="shipment_load"),
    path(
        "shipments/<uuid:pk>/report/<slug:kind>/",
        shipments.shipment_report,
        name="shipment_report",
    ),
    path("catalogue/", catalogue.model_list, name="catalogue"),
    path("catalogue.csv", catalogue.model_csv, name="catalogue_csv"),
    path("catalogue/new/", catalogue.model_new, name="model_new"),
    path("catalogue/import/", catalogue.model_import, name="model_import"),
    path("catalogue/find/", catalogue.could_be_page, name="could_be"),
    path("catalogue/<uuid:pk>/", catalogue.model, name="model"),
    path("catalogue/<uuid:pk>/change/", catalogue.model_change, name="model_change"),
    path("together/", together.together_page, name="together"),
    path("together.csv", together.together_csv, name="together_csv"),
]
