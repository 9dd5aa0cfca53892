"""Addresses of the pages on people."""

from __future__ import annotations

from django.urls import path

from tocsin.server.people import views

app_name = "accounts"
urlpatterns = [
    path("account/invitation/<str:token>/", views.invitation, name="invitation"),
    path("account/powers/", views.powers, name="powers"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/tokens/<uuid:pk>/end", views.token_end, name="token_end"),
    path("people/", views.people, name="people"),
    path("people/new", views.person_new, name="person_new"),
    path("people/<uuid:pk>/", views.person, name="person"),
    path("people/<uuid:pk>/roles", views.role_grant, name="role_grant"),
    path("people/<uuid:pk>/state", views.person_state, name="person_state"),
    path("people/<uuid:pk>/invitation", views.person_invite, name="person_invite"),
    path("people/roles/<uuid:pk>/end", views.role_end, name="role_end"),
    path("people/organisations/", views.organisations, name="organisations"),
    path(
        "people/organisations/<uuid:pk>/state",
        views.organisation_state,
        name="organisation_state",
    ),
    path("people/what-roles-may-do/", views.roles, name="roles"),
]
