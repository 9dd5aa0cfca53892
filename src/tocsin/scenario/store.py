"""A walk on disk: the recording as N42 and the truth beside it as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tocsin.errors import InvalidInput
from tocsin.formats import write_n42
from tocsin.scenario.truth import Truth
from tocsin.spectra import Recording

WALK_NAME = "walk.n42"
TRUTH_NAME = "walk.truth.json"


@dataclass(frozen=True, slots=True)
class WrittenScenario:
    """Paths of what was written."""

    walk: Path
    truth: Path


def write_scenario(folder: Path, recording: Recording, *, truth: Truth) -> WrittenScenario:
    """Write ``walk.n42`` and ``walk.truth.json`` into a folder, which is made if needed.

    Parameters
    ----------
    folder : Path
        Where to write; files of these two names are replaced.
    recording, truth : Recording, Truth
        What `simulate_walk` returned.

    Returns
    -------
    WrittenScenario
        The two paths.

    Raises
    ------
    InvalidInput
        When the recording is not synthetic.
    """
    if recording.realm != truth.realm:
        raise InvalidInput(
            f"only a recording of realm {truth.realm} has a truth, not {recording.realm!r}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenScenario(folder / WALK_NAME, folder / TRUTH_NAME)
    written.walk.write_bytes(write_n42(recording))
    written.truth.write_text(truth.to_text(), encoding="utf-8")
    return written


def read_truth(path: Path) -> Truth:
    """Truth from a truth file.

    Raises
    ------
    InvalidInput
        When the file is not a truth file; the message names it.
    """
    try:
        return Truth.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path.name}: not JSON ({error})") from error
