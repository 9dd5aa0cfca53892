"""A synthetic register of sources: holders, practices, five years of life, and known mistakes."""

from tocsin.scenario.register.holders import NAMES, TOWNS, SyntheticHolder
from tocsin.scenario.register.lives import Item, Step
from tocsin.scenario.register.make import (
    LIMITS_EXCEEDED,
    RATES,
    SyntheticLicence,
    SyntheticRegister,
    life_table,
    register_table,
    synthetic_register,
    truth_table,
)
from tocsin.scenario.register.mistakes import Mistake

__all__ = [
    "LIMITS_EXCEEDED",
    "NAMES",
    "RATES",
    "TOWNS",
    "Item",
    "Mistake",
    "Step",
    "SyntheticHolder",
    "SyntheticLicence",
    "SyntheticRegister",
    "life_table",
    "register_table",
    "synthetic_register",
    "truth_table",
]
