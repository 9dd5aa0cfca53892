"""From a recording to an answer: the one entry that command line, server and notebooks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import tocsin
from tocsin.detection.analysis import Analysis
from tocsin.detection.detector import ALGORITHM_VERSION, DetectorSettings
from tocsin.detection.identification import IdentificationSettings
from tocsin.detection.static import analyze_static
from tocsin.detection.survey import analyze_survey
from tocsin.detectors import TEMPLATE_LIBRARY_VERSION
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.spectra import Recording

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """All settings of an analysis; the defaults are the one setting for every file."""

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    identification: IdentificationSettings = field(default_factory=IdentificationSettings)


def analyze(
    recording: Recording,
    *,
    background: Recording | None = None,
    settings: AnalysisSettings | None = None,
    library: NuclideLibrary | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Encounters of a survey, or what a static spectrum shows above its background.

    Parameters
    ----------
    recording : Recording
        As read from one file.
    background : Recording, optional
        A recording without a source, of the same instrument. Without one the background is the
        record that the file declares as such, or is tracked along the survey, or is not known.
    settings : AnalysisSettings, optional
        The defaults hold for every instrument; a change belongs into the report.
    library : NuclideLibrary, optional
        The library that Tocsin carries is the default.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of records.

    Returns
    -------
    Analysis
        With warnings, reasons and the versions of program, library, templates and algorithm.

    Raises
    ------
    InvalidInput
        When the recording holds nothing that could be analysed.
    """
    settings = settings or AnalysisSettings()
    library = library or load_library()
    measured = recording.measured
    if not measured:
        raise InvalidInput(
            f"{recording.file_name or 'recording'}: no record to analyse (only calibration, "
            "intrinsic-activity or derived records)"
        )
    live_times = [r.live_time_s for r in measured if r.live_time_s is not None]
    strip = spectrum = None
    if recording.kind == "survey":
        encounters, used, found, strip = analyze_survey(
            recording,
            background=background,
            settings=settings.detector,
            library=library,
            progress=progress,
        )
    else:
        encounters, used, found, spectrum = analyze_static(
            recording, background=background, settings=settings.identification, library=library
        )
        if progress is not None:
            progress(len(measured), len(measured))
    return Analysis(
        file=recording.file_name,
        sha256=recording.sha256,
        kind=recording.kind,
        instrument=recording.instrument,
        background_used=used,
        records=len(measured),
        live_time_s=sum(live_times) if live_times else None,
        encounters=encounters,
        versions={
            "tocsin": tocsin.__version__,
            "nuclide_library": library.version,
            "template_library": TEMPLATE_LIBRARY_VERSION,
            "algorithm": ALGORITHM_VERSION,
        },
        warnings=recording.warnings + found,
        realm=recording.realm,
        strip=strip,
        spectrum=spectrum,
    )
