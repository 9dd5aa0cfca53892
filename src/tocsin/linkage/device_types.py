"""What kind of device a notice speaks of."""

from __future__ import annotations

import re

_TYPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.I))
    for name, pattern in (
        (
            "moisture density gauge",
            r"moisture[ /-]*(?:and )?density|density[ /-]*moisture|soil (?:moisture|density)|"
            r"\btroxler\b|\bhumboldt\b|\bCPN\b|nuclear density gau?ge|portable (?:nuclear "
            r")?gau?ge",
        ),
        (
            "exit sign",
            r"exit (?:sign|light)|tritium (?:exit )?sign|self[- ]luminous sign|illuminated sign",
        ),
        (
            "static eliminator",
            r"static (?:eliminat|master|bar|gun|control)|ioni[sz]er|ioni[sz]ing (?:air|bar|tip|"
            r"cartridge)|anti-?static",
        ),
        (
            "radiography device",
            r"radiograph(?:y|ic) (?:camera|device|exposure|source|projector|equipment)|"
            r"exposure device|industrial radiograph",
        ),
        ("gas chromatograph", r"chromatograph|electron capture"),
        (
            "fixed gauge",
            r"(?:fixed|level|process|thickness|density|weight|belt|flow) gau?ge|shutter|level "
            r"detector|density meter|fill[ -]level",
        ),
        ("well logging source", r"well[ -]?logging|logging (?:source|tool)|down-?hole"),
        ("brachytherapy source", r"brachytherapy|\bseeds?\b|eye applicator|ribbon"),
        ("remote afterloader", r"afterloader|\bHDR\b|high dose rate"),
        ("teletherapy unit", r"teletherapy|gamma ?knife"),
        (
            "chemical agent detector",
            r"chemical agent (?:detector|monitor|alarm)|M43A1|\bCAM\b|\bACADA\b|\bICAM\b",
        ),
        (
            "X-ray fluorescence analyser",
            r"X-?ray fluorescence|\bXRF\b|alloy analy[sz]er|lead (?:paint )?analy[sz]er|niton",
        ),
        ("irradiator", r"irradiator"),
        ("radiopharmaceutical", r"radiopharmac|unit dose|syringe|nuclear medicine|generator"),
        (
            "luminous instrument",
            r"compass|dial|gun ?sight|aiming (?:post|light)|collimator|muzzle|level sight|"
            r"howitzer|gauge dial|watch",
        ),
        (
            "calibration or check source",
            r"check source|calibration source|reference source|button source|standard source|"
            r"calibrator",
        ),
        ("smoke detector", r"smoke detector"),
        ("pacemaker", r"pacemaker"),
    )
)


def find_device_types(text: str, *, most: int = 2) -> list[str]:
    """Types of device that a text names, the first named first.

    Parameters
    ----------
    text : str
        Cleaned running text.
    most : int
        How many to give at most.

    Returns
    -------
    list of str
        For example ``["moisture density gauge"]``.
    """
    found = []
    for name, pattern in _TYPES:
        match = pattern.search(text)
        if match is not None:
            found.append((match.start(), name))
    return [name for _, name in sorted(found)[:most]]
