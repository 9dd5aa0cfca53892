"""Peak lists of whole files: germanium spectra of 16,384 channels, two processes side by side.

Files are made from a seed and written as N42-2012: a falling continuum with some 60 peaks, 200,000
to 20 million counts, each file with other counts and another gain. Timed is what ``tocsin peaks``
does with a file, the start of the processes included: the sandboxed reader, search and fit,
candidates, and the JSON document. Beside it stands a copy of the command for each file, in which
the start of the interpreter costs more than the peaks.

The target is 100 files a minute on two cores. A machine that does other work at the same time shows
a slower clock than its own: the processor time of all processes together says what two free cores
would do, and is what the target is held against. Every answer is looked at: peaks that nobody can
miss must be in it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from scipy.stats import norm

TARGET_PER_MINUTE = 100.0
CORES = 2
CHANNELS = 16_384
PEAKS = 60
FWHM_KEV = (0.9, 0.0021)
"""Square root of the first squared plus the second times the energy: a common coaxial crystal."""


def germanium(random: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray]:
    """Counts, gain in keV per channel, and energies of the peaks that nobody can miss."""
    gain = float(random.uniform(0.17, 0.2))
    edges = gain * np.arange(CHANNELS + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    total = 10.0 ** random.uniform(5.3, 7.3)
    shape = (np.exp(-middle / 400.0) + 0.01) * (1.0 - np.exp(-((middle / 40.0) ** 4)))
    expected = 0.8 * total * shape / shape.sum()
    energies = np.sort(random.uniform(60.0, 2700.0, PEAKS))
    areas = 0.2 * total * random.dirichlet(np.full(PEAKS, 0.5))
    fwhm = np.sqrt(FWHM_KEV[0] ** 2 + FWHM_KEV[1] * energies)
    for energy, area, width in zip(energies, areas, fwhm, strict=True):
        expected += area * np.diff(norm.cdf(edges, energy, width / 2.3548))
    below = np.interp(energies, middle, 0.8 * total * shape / shape.sum()) * fwhm / gain
    # Neighbours nearer than three widths are left out of the check, not of the spectrum.
    apart = np.full(PEAKS, True)
    apart[1:] &= np.diff(energies) > 3.0 * fwhm[1:]
    apart[:-1] &= np.diff(energies) > 3.0 * fwhm[:-1]
    clear = apart & (areas > 12.0 * np.sqrt(2.0 * below + areas))
    return random.poisson(expected), gain, energies[clear]


def write_files(folder: Path, number: int) -> dict[str, list[float]]:
    """N42 files, and by their names the energies of the clear peaks."""
    import datetime as dt

    from tocsin.formats import write_n42
    from tocsin.spectra import EnergyCalibration, Instrument, Record, Recording, Spectrum

    random = np.random.default_rng(16_384)
    truth = {}
    for n in range(number):
        counts, gain, energies = germanium(random)
        scale = EnergyCalibration.polynomial([0.0, gain, 0.0])
        spectrum = Spectrum(counts, 3580.0, 3600.0, scale, "Aa1")
        start = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
        record = Record(spectra=(spectrum,), start=start, real_time_s=3600.0)
        path = folder / f"spectrum-{n:03d}.n42"
        path.write_bytes(
            write_n42(Recording((record,), Instrument("Tocsin", "bench HPGe"), realm="SYNTHETIC"))
        )
        truth[path.name] = energies.tolist()
    return truth


def listed(paths: list[str]) -> list[tuple[str, list[float]]]:
    """Names and peak energies of files, by one reader in this process."""
    from tocsin.formats import Reader
    from tocsin.spectrometry import list_peaks
    from tocsin.spectrometry.document import to_json

    out = []
    with Reader() as reader:
        for path in paths:
            document = to_json(list_peaks(reader.read(Path(path))))
            out.append((Path(path).name, energies_of(json.dumps(document))))
    return out


def energies_of(document: str) -> list[float]:
    """Energies of all peaks in the JSON of a peak list."""
    return [peak["energy_keV"] for peak in json.loads(document)["peaks"]]


def by_command(path: str) -> tuple[str, list[float]]:
    """The same by a process of its own."""
    command = [sys.executable, "-m", "tocsin", "peaks", path, "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(path).name, energies_of(done.stdout)


def processor_s() -> float:
    """Processor time of all processes that this one started and that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def missed(
    answers: list[tuple[str, list[float]]], truth: dict[str, list[float]]
) -> tuple[int, int]:
    """Clear peaks without an answer within 1 keV, and all clear peaks."""
    wanted = found = 0
    for name, energies in answers:
        at = np.array(energies)
        for energy in truth[name]:
            wanted += 1
            found += bool(np.abs(at - energy).min(initial=np.inf) < 1.0)
    return wanted - found, wanted


def main() -> int:
    """Print one table; exit 1 when the target or a clear peak is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--files", type=int, default=100)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--commands", type=int, default=10, help="files for the single commands")
    options.add_argument(
        "--json", action="store_true", help="one JSON object in place of the table"
    )
    chosen = options.parse_args()
    # One thread for each process: two processes on two cores gain nothing from more.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        truth = write_files(Path(name), chosen.files)
        paths = [str(Path(name) / file) for file in truth]
        start, used = time.perf_counter(), processor_s()
        with ProcessPoolExecutor(chosen.processes, mp_context=fresh) as pool:
            parts = [paths[i :: chosen.processes] for i in range(chosen.processes)]
            answers = [answer for part in pool.map(listed, parts) for answer in part]
        pooled = 60.0 * len(paths) / (time.perf_counter() - start)
        free = 60.0 * CORES * len(paths) / (processor_s() - used)
        few = paths[: chosen.commands]
        start = time.perf_counter()
        with ProcessPoolExecutor(chosen.processes, mp_context=fresh) as pool:
            answers += list(pool.map(by_command, few))
        single = 60.0 * len(few) / (time.perf_counter() - start) if few else 0.0
    lost, wanted = missed(answers, truth)
    peaks = float(np.mean([len(e) for _, e in answers]))
    if chosen.json:
        numbers = {
            "files_per_minute": pooled,
            "files_per_minute_on_free_cores": free,
            "files_per_minute_single_commands": single,
            "target": TARGET_PER_MINUTE,
            "files": chosen.files,
            "channels": CHANNELS,
            "peaks_per_file": peaks,
            "clear_peaks": wanted,
            "clear_peaks_missed": lost,
        }
        print(json.dumps(numbers))
    else:
        print(f"{chosen.files} files of {CHANNELS} channels, {peaks:.0f} peaks found in each")
        print(f"  {chosen.processes} processes          {pooled:7.0f} files a minute")
        print(f"  by processor time    {free:7.0f} files a minute on {CORES} free cores")
        print(f"  one command a file   {single:7.0f} files a minute")
        print(f"  clear peaks missed   {lost:7d} of {wanted}")
        print(f"  target               {TARGET_PER_MINUTE:7.0f} files a minute")
    return 0 if max(pooled, free) >= TARGET_PER_MINUTE and lost == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
