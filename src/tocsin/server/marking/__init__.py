"""Realm, level, compartment and originator: who may see what, in one place."""
