"""Synthetic street walks with known truth, for demonstration, exercises and benchmarks.

A scene is a street with a natural background that varies, sources with distance and housing, a
walk, and the instrument that is carried. Everything made here is of the realm SYNTHETIC. Nothing
here searches over shielding, place or speed.
"""

from tocsin.scenario.compare import ComparisonRow, compare
from tocsin.scenario.demo import demo_scene
from tocsin.scenario.families import FAMILIES, Family
from tocsin.scenario.geometry import Anchor, Stop, Walk
from tocsin.scenario.perturbation import Perturbation, PerturbationRanges
from tocsin.scenario.positioning import GnssModel
from tocsin.scenario.scene import Carried, Scene
from tocsin.scenario.simulate import DEFAULT_START, simulate_walk
from tocsin.scenario.sources import Layer, NormHeap, PointSource, Waypoint
from tocsin.scenario.store import WrittenScenario, read_truth, write_scenario
from tocsin.scenario.street import Material, Patch, Rain, StreetMap, random_patches
from tocsin.scenario.truth import TrueSource, Truth

__all__ = [
    "DEFAULT_START",
    "FAMILIES",
    "Anchor",
    "Carried",
    "ComparisonRow",
    "Family",
    "GnssModel",
    "Layer",
    "Material",
    "NormHeap",
    "Patch",
    "Perturbation",
    "PerturbationRanges",
    "PointSource",
    "Rain",
    "Scene",
    "Stop",
    "StreetMap",
    "TrueSource",
    "Truth",
    "Walk",
    "Waypoint",
    "WrittenScenario",
    "compare",
    "demo_scene",
    "random_patches",
    "read_truth",
    "simulate_walk",
    "write_scenario",
]
