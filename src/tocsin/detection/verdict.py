"""From the proof of every nuclide to what is named: rules for weak and for easily mistaken ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.detection.evidence import LineGroup, Proof
from tocsin.detection.source_lines import NATURAL
from tocsin.detectors.compton import ELECTRON_MASS_KEV

# Activity of the actinium series over that of the uranium series in nature: 0.046 (half-lives of
# U-235 and U-238, atom ratio 137.8). Absorbers and lost radon make several times as much of it.
_ACTINIUM_SERIES = frozenset({"Ra-223", "Th-227", "Ac-227"})
_ACTINIUM_NATURAL = 3.0 * 0.046
_COMES_WITH = {"U-235": "U-238", "U-237": "Pu-239"}
# Emitters of positrons that show next to nothing else, and what the photons of others make by
# pairs: per photon counted above 1.5 MeV in its full energy, the crystal, the shield and the
# surroundings add about as many counts of annihilation radiation.
_POSITRONS_ONLY = frozenset({"F-18", "Cu-64", "Ge-68", "Rb-82"})
_PAIRS_FROM_KEV, _PAIRS_MOST = 1500.0, 1.0
# K X-rays of the elements from lead to uranium, 72.8 to 111.3 keV, as broad as a scintillator sees
# them: every alpha emitter of a heavy element sends them out, and excites them in what is near.
_HEAVY_K_KEV = (70.0, 115.0)
# Ra-226, and U-235 with the uranium of the ground: seen in many a background, as 93 keV of Th-234.
_RADIUM_KEV = 186.2
_ODD_LINE = 0.5  # of its intensity from which another line of a nuclide should be seen as well


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictSettings:
    """Choices of the verdict; the same for all files.

    Attributes
    ----------
    gain : float
        Fall of chi-squared that a named nuclide must bring, all others refitted.
    leading, leading_strategic, leading_clear : float
        Significance of the strongest peak; that of special nuclear material; and that of a peak as
        high as all that lies under it (``clear``), or of a nuclide without which hardly anything
        is explained (``clear_gain``) where no other is stronger.
    leading_natural, gain_natural : float
        Of natural nuclides, of which there are few and which are everywhere.
    many : int
        So many peaks seen, each as strong as the nuclide has it, stand for a strongest one.
    clear, clear_gain : float
        Contrast of such a peak, fall of chi-squared by such a nuclide.
    missing_part : float
        Part of the expected peak counts that may be missing.
    contrast : float
        Counts of the clearest peak over all that lies under it, background left out: what the
        response may get wrong beside a stronger nuclide.
    contrast_single : float
        The same where only one peak is seen beside a stronger nuclide.
    contrast_odd : float
        The same where another line of the nuclide, not seen, is at least half as strong.
    leading_alone, contrast_alone : float
        Significance and contrast of a peak from which alone special nuclear material is named,
        where it is what explains the spectrum (``clear_gain``, nothing stronger beside it).
    same_fwhm, same_part : float
        A peak is shared with a stronger nuclide when one of that nuclide's, with at least this part
        of its counts, lies within so many peak widths. A nuclide is not named from shared peaks.
    x_ray_keV, x_ray_part : float
        Lines up to here alone are no proof beside another nuclide (X-rays, escapes, thresholds),
        nor at all where at least this part of a nuclide's photons has more energy.
    """

    gain: float = 25.0
    leading: float = 5.0
    leading_strategic: float = 6.0
    leading_clear: float = 3.5
    leading_natural: float = 5.0
    gain_natural: float = 25.0
    many: int = 1000
    clear: float = 1.0
    clear_gain: float = 300.0
    missing_part: float = 0.35
    contrast: float = 0.10
    contrast_single: float = 0.25
    contrast_odd: float = 1.0
    leading_alone: float = 10.0
    contrast_alone: float = 0.5
    same_fwhm: float = 0.85
    same_part: float = 0.5
    x_ray_keV: float = 45.0
    x_ray_part: float = 0.1


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate that the fit took and the proof refuses, with the reason in words.

    ``stays``: what it explains is there, under another name that is told.
    """

    name: str
    gain: float
    reason: str
    stays: bool = False


@dataclass(frozen=True)
class Judgement:
    """Proofs of what stands, the strongest first, and what falls, the weakest first."""

    proved: tuple[Proof, ...] = ()
    rejected: tuple[Rejection, ...] = ()


def judge(
    proofs: Sequence[Proof], settings: VerdictSettings, *, has_background: bool = True
) -> Judgement:
    """Verdict on every nuclide of a fit; ``has_background``: one was measured and is in the fit."""
    by_name = {p.name: p for p in proofs}
    proved, rejected = [], []
    for proof in proofs:
        stronger = [p for p in proofs if p.gain > proof.gain and p.confirmed and p is not proof]
        reason = (
            _objection(proof, settings, stronger, by_name)
            or _special(proof, by_name, settings)
            or _pairs(proof, stronger)
            or _heavy_x_rays(proof, stronger, settings)
            or (None if has_background else _of_the_ground(proof, settings))
        )
        company = _company(proof, by_name)
        if reason is None and company is None:
            proved.append(proof)
        else:
            words = f"{proof.name} not named: {reason or company}"
            rejected.append(Rejection(proof.name, proof.gain, words, stays=reason is None))
    proved.sort(key=lambda p: -p.gain)
    rejected.sort(key=lambda r: r.gain)
    return Judgement(tuple(proved), tuple(rejected))


def _objection(
    proof: Proof, settings: VerdictSettings, stronger: list[Proof], by_name: dict[str, Proof]
) -> str | None:
    """Why a candidate is not proved; None when nothing speaks against it."""
    lead = proof.leading
    strategic = proof.candidate.tier == "strategic"
    natural = proof.candidate.tier == "natural"
    if lead is None or proof.gain < (settings.gain_natural if natural else settings.gain):
        return f"explains too little (chi-squared {proof.gain:.0f})"
    clear = lead.contrast >= settings.clear or (not stronger and proof.gain >= settings.clear_gain)
    need = settings.leading_clear if clear else settings.leading
    need = max(need, settings.leading_strategic) if strategic else need
    need = min(need, settings.leading_natural) if natural else need
    if lead.significance < need and len(proof.confirmed) < settings.many:
        return f"its strongest peak at {lead.energy_keV:.0f} keV has {lead.significance:.1f} sigma"
    if lead.hump:
        return f"what is seen at {lead.energy_keV:.0f} keV is broader than a peak"
    if lead not in proof.confirmed:
        return f"its strongest peak at {lead.energy_keV:.0f} keV does not fit its other lines"
    lost = sum(g.expected for g in proof.missing)
    if lost > settings.missing_part * sum(g.expected for g in proof.groups):
        lines = ", ".join(f"{g.energy_keV:.0f}" for g in proof.missing[:3])
        return f"expected at {lines} keV and not seen"
    if natural:
        return None
    low = [g.energy_keV <= settings.x_ray_keV for g in proof.confirmed]
    if all(low) and proof.harder_part > settings.x_ray_part:
        return "only X-rays of it are seen"
    beside = by_name.get(_COMES_WITH.get(proof.name, ""))
    together = beside is not None and bool(beside.confirmed)
    if (
        strategic
        and len(proof.confirmed) < 2
        and not (together or _alone(proof, lead, settings, stronger))
    ):
        return "special nuclear material is not named from one peak"
    if not stronger:
        return None
    own = [g for g in proof.confirmed if not _shared(g, stronger, settings)]
    if not own:
        names = " and ".join(p.name for p in stronger)
        return f"its lines cannot be told from those of {names}"
    contrast = max(g.contrast for g in own)
    if contrast < settings.contrast:
        return f"its peaks rise only {100 * contrast:.0f} per cent over what lies under them"
    if len(proof.confirmed) == 1 and contrast < settings.contrast_single:
        return "one faint line beside a stronger nuclide"
    if len(proof.confirmed) == 1 and contrast < settings.contrast_odd:
        odd = _odd(proof, settings)
        if odd is not None:
            return (
                f"of its lines only that at {proof.confirmed[0].energy_keV:.0f} keV is seen, faint "
                f"beside a stronger nuclide, and not that at {odd:.0f} keV"
            )
    if all(g.energy_keV <= settings.x_ray_keV for g in own):
        return "only X-ray energies beside another nuclide"
    return None


def _alone(proof: Proof, lead: LineGroup, settings: VerdictSettings, stronger: list[Proof]) -> bool:
    """Whether one peak is so clear, and so much of the spectrum, that it stands for itself."""
    return (
        not stronger
        and proof.gain >= settings.clear_gain
        and lead.significance >= settings.leading_alone
        and lead.contrast >= settings.contrast_alone
    )


def _odd(proof: Proof, settings: VerdictSettings) -> float | None:
    """Energy of a line that should be seen as well as the only one that is; None for none."""
    (seen,) = proof.confirmed
    return next(
        (
            g.energy_keV
            for g in proof.groups
            if g is not seen
            and g.energy_keV > settings.x_ray_keV
            and g.intensity >= _ODD_LINE * seen.intensity
        ),
        None,
    )


def _heavy_x_rays(proof: Proof, stronger: list[Proof], settings: VerdictSettings) -> str | None:
    """Peaks that are nothing but the K X-rays of the heavy elements of stronger nuclides."""
    heavy = [
        p.name
        for p in stronger
        if p.candidate.tier == "strategic" or (p.candidate.tier == "natural" and p.name != "K-40")
    ]
    if proof.name == "U-238":  # radium comes from it: in ore both are there
        heavy = [name for name in heavy if name != "Ra-226"]
    low, high = _HEAVY_K_KEV
    own = [
        g
        for g in proof.confirmed
        if not low < g.energy_keV < high and g.contrast >= settings.contrast_single
    ]
    if not heavy or own:
        return None
    return f"K X-rays of the heavy elements of {heavy[0]} explain its lines"


def _of_the_ground(proof: Proof, settings: VerdictSettings) -> str | None:
    """Small peaks where, without a measured background, nature's own soft ones are."""
    low, high = _HEAVY_K_KEV
    elsewhere = [
        g
        for g in proof.confirmed
        if not low < g.energy_keV < high
        and abs(g.energy_keV - _RADIUM_KEV) > settings.same_fwhm * g.fwhm_keV
    ]
    strong = any(
        g.contrast >= settings.clear and g.significance >= settings.leading_alone
        for g in proof.confirmed
    )
    if elsewhere or strong:
        return None
    return (
        "without a background, K X-rays and the lines at 93 and 186 keV may be those of the ground"
    )


def _shared(group: LineGroup, stronger: list[Proof], settings: VerdictSettings) -> bool:
    """Whether a stronger nuclide has a peak of its own where this one is."""
    return any(
        abs(other.energy_keV - group.energy_keV) < settings.same_fwhm * group.fwhm_keV
        and other.expected >= settings.same_part * group.expected
        for proof in stronger
        for other in proof.groups
    )


def _special(proof: Proof, proofs: dict[str, Proof], settings: VerdictSettings) -> str | None:
    """Rules for pairs that are easily mistaken."""
    name, seen = proof.name, [g.energy_keV for g in proof.confirmed]
    if name == "Am-241" and any(
        n in proofs and proofs[n].gain > settings.gain for n in NATURAL if n in ("Ra-224", "Ra-228")
    ):
        return "tungsten K X-rays (59 keV) beside thorium explain its line"
    if name == "Cu-67" and "U-238" in proofs and proofs["U-238"].confirmed:
        return "beside uranium its line (185 keV) is that of U-235"
    if name == "U-233" and not (
        any(g.emitter == "U-233" for g in proof.confirmed)
        or ("Ra-224" in proofs and proofs["Ra-224"].confirmed)
    ):
        return "what is seen is the chain of Ac-225, without U-233's own lines or those of U-232"
    if name == "Pu-239" and not any(360.0 < e < 430.0 for e in seen):
        return "its lines around 375 and 414 keV are not seen"
    return None


def _company(proof: Proof, proofs: dict[str, Proof]) -> str | None:
    """What a proved nuclide belongs to that has a name already; None where it is one of its own."""
    radium = proofs.get("Ra-226")
    if (
        proof.name in _ACTINIUM_SERIES
        and radium is not None
        and radium.confirmed
        and proof.apparent < _ACTINIUM_NATURAL * radium.apparent
    ):
        return "as much of the actinium series comes with the uranium series in nature"
    if proof.name == "Be-7" and "Am-241" in proofs and proofs["Am-241"].confirmed:
        return "its line (478 keV) is that of lithium struck by the alphas of Am-241"
    return None


def _pairs(proof: Proof, stronger: list[Proof]) -> str | None:
    """Annihilation radiation that stronger nuclides make."""
    if proof.name not in _POSITRONS_ONLY:
        return None
    own = [g for g in proof.confirmed if abs(g.energy_keV - ELECTRON_MASS_KEV) > 1.0]
    hard = sum(g.expected for p in stronger for g in p.groups if g.energy_keV > _PAIRS_FROM_KEV)
    counts = sum(g.counts for g in proof.confirmed)
    if own or counts > _PAIRS_MOST * hard:
        return None
    return "photons above 1.5 MeV make as much annihilation radiation"
