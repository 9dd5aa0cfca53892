"""What an attack does to a reader without protection, tried in a process of its own.

Run as a script it reads one file with SpecUtils alone (``specutils``), with an XML parser that is
told to expand everything (``lxml``) or as a short script would (``naive``), and prints what it got;
``bite`` runs that script under a clock and a memory limit and says what happened. A family of
attacks that never bites proves nothing about the protection.
"""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

from .case import Attack

SECONDS = 12.0
ADDRESS_SPACE = 3 << 30
MUCH_MEMORY_KB = 400_000


def _specutils(path: str) -> dict[str, object]:
    import SpecUtils

    spectra = SpecUtils.SpecFile()
    spectra.loadFile(path, SpecUtils.ParserType.Auto, path)
    return {
        "records": len(spectra.sampleNumbers()),
        "total": spectra.gammaCountSum(),
        "warnings": len(spectra.parseWarnings()),
        "absurd": next((a for m in spectra.measurements() if (a := _absurd(m))), ""),
    }


def _absurd(m: Any) -> str:
    """What cannot be true in one measurement of the library, and is given out all the same."""
    for name, seconds in (("live", m.liveTime()), ("real", m.realTime())):
        if not 0 <= seconds < 1e9:
            return f"{name} time of {seconds:g} s"
    when = m.startTime()
    if when is not None and not 1900 < when.year < 2100:
        return f"year {when.year}"
    if m.hasGpsInfo():
        return f"the place {m.latitude():g}, {m.longitude():g}"  # no attack holds a true one
    energies = list(m.channelEnergies())
    if str(m.energyCalibrationModel()).endswith("UnspecifiedUsingDefaultPolynomial"):
        return f"invented energies up to {energies[-1]:g} keV" if energies else ""
    known = str(m.energyCalibrationModel()).rpartition(".")[2] in ("Polynomial", "LowerChannelEdge")
    if known and any(b <= a for a, b in itertools.pairwise(energies)):
        return "energies that do not rise"
    if known and energies and not abs(energies[-1]) < 1e6:
        return f"an energy of {energies[-1]:g} keV"
    return ""


def _lxml(path: str) -> dict[str, object]:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=True, load_dtd=True, no_network=False, huge_tree=True, recover=False
    )
    root = etree.parse(path, parser).getroot()
    found = [e for e in root.iter() if isinstance(e.tag, str) and e.tag.endswith("RadMeasurement")]
    texts = [
        e.text or ""
        for e in root.iter()
        if isinstance(e.tag, str) and e.tag.endswith("ChannelData")
    ]
    total = sum(float(word) for text in texts for word in text.split())
    leaked = sum(len(e.text or "") for e in root.iter() if isinstance(e.tag, str))
    return {"records": len(found), "total": total, "warnings": 0, "text": leaked}


def _naive(path: str) -> dict[str, object]:
    """What a short script does to a file of its format, without a thought of damage or malice."""
    data = Path(path).read_bytes()
    ending = path.rpartition(".")[2]
    found: list[float] = []
    if ending == "h5":
        import h5py

        with h5py.File(path) as file:
            found = [float(v) for v in file["counts"][()]]
            if "energy_cal" in file:
                expression = file["energy_cal"]["expression"][()].decode()
                eval(expression, {"p": [0, 1], "x": 1})  # noqa: S307 - as some readers do
        return {"records": 1, "total": sum(found)}
    if ending in ("png", "jpg", "bmp"):
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = None
        Image.open(path).convert("L")
        return {"records": 1}
    if ending == "uri":
        payload = data.split(b"/")[-1]
        body = zlib.decompress(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
        return {"records": 1, "total": float(len(body))}
    text = data.decode("utf-8", "replace")
    if ending == "ndjson":
        return {"records": sum("counts" in json.loads(line) for line in text.splitlines())}
    if ending == "json" or text.startswith("{"):
        document = json.loads(text)
        markers = document["markers"] if isinstance(document, dict) else document
        return {"records": len(markers)}
    if ending == "ers":
        lines = [line for line in text.splitlines() if line.startswith("#S")]
        total = sum(float(w.strip('"')) for line in lines for w in line.split()[1:])
        return {"records": len(lines), "total": total}
    return {"records": sum(line[:1].isalnum() or line[:1] == "$" for line in text.splitlines())}


def bite(case: Attack, folder: Path, reader: str = "specutils") -> str:
    """What the attack does to the unprotected reader; empty when nothing bad happens."""
    path = folder / case.file_name
    path.write_bytes(case.build())
    limit = f"import resource;resource.setrlimit(resource.RLIMIT_AS,({ADDRESS_SPACE},)*2);"
    call = (
        f"{limit}import sys;sys.path.insert(0,{str(Path(__file__).parents[1])!r});"
        f"from attacks import unprotected;unprotected.main({reader!r},{str(path)!r})"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", call], capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"hang > {SECONDS:.0f} s"
    if done.returncode < 0:
        return f"killed by signal {-done.returncode}"
    try:
        got = json.loads(done.stdout.decode("utf-8", "replace").splitlines()[-1])
    except (ValueError, IndexError):
        return f"died with status {done.returncode}"
    if got["peak_kB"] > MUCH_MEMORY_KB or got["error"] == "MemoryError":
        return f"took {got['peak_kB'] // 1000} MB"
    if got["error"]:
        return "" if case.refused else "refuses a valid file"
    if case.records is None:
        return f"reads {got['records']} records, {got['total']:g} counts out of it"
    if got["records"] != case.records:
        return f"reads {got['records']} of {case.records} records"
    if case.total is not None and abs(got["total"] - case.total) > 1e-3 * abs(case.total):
        return f"reads {got['total']:g} of {case.total:g} counts"
    if case.flagged and not got["warnings"]:
        return "says nothing of what is missing"
    if got.get("absurd"):
        return f"gives out {got['absurd']}"
    return ""


def main(reader: str, path: str) -> None:
    """Read one file and print one line of JSON."""
    out: dict[str, object] = {"error": "", "records": 0, "total": 0.0, "warnings": 0}
    try:
        out |= {"specutils": _specutils, "lxml": _lxml, "naive": _naive}[reader](path)
    except Exception as error:  # noqa: BLE001 - whatever it raises is the result of this script
        out["error"] = type(error).__name__
    # ru_maxrss would carry over what the parent had at the time of the fork.
    status = Path("/proc/self/status").read_text()
    out["peak_kB"] = int(status.split("VmHWM:")[1].split()[0])
    sys.stdout.write("\n" + json.dumps(out) + "\n")
