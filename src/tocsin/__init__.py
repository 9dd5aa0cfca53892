"""Tocsin: the open system of a nation's nuclear security.

The science rooms (all but ``cli``) need no network, no settings and no server and are usable
alone, for example ``from tocsin.detection import Detector``.
"""

__version__ = "0.1.0"
