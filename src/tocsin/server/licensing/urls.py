"""Addresses of licences and orders."""

from __future__ import annotations

from django.urls import path

from tocsin.server.licensing import order_views, views

app_name = "licensing"
urlpatterns = [
    path("", views.licence_list, name="list"),
    path("licences.csv", views.licence_csv, name="csv"),
    path("new/", views.new, name="new"),
    path("check/", order_views.check, name="check"),
    path("orders/", order_views.order_list, name="orders"),
    path("orders.csv", order_views.order_csv, name="orders_csv"),
    path("orders/<uuid:pk>/", order_views.order, name="order"),
    path("orders/<uuid:pk>/<slug:kind>/", order_views.order_step, name="order_step"),
    path("<uuid:pk>/", views.licence, name="licence"),
    path("<uuid:pk>/limits.csv", views.limits_csv, name="limits_csv"),
    path("<uuid:pk>/amend/", views.amend, name="amend"),
    path("<uuid:pk>/decide/", views.decide, name="decide"),
    path("<uuid:pk>/step/<slug:kind>/", views.step, name="step"),
    path("<uuid:pk>/sheets/", views.sheet_new, name="sheet_new"),
    path("<uuid:pk>/sheets/<slug:nonce>.json", views.sheet_json, name="sheet_json"),
    path("<uuid:pk>/sheets/<slug:nonce>.pdf", views.sheet_pdf, name="sheet_pdf"),
]
