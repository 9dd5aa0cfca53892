"""Collect every wheel of the server in one folder, pinned by hash: for use without a network."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build(target: Path) -> Path:
    """Fill the folder; what lay in it before is taken away.

    Returns
    -------
    Path
        The wheel of Tocsin in it.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    lock = ROOT / "requirements" / "run.lock"
    subprocess.run(
        [*pip, "download", "--require-hashes", "-r", lock, "--only-binary", ":all:", "-d", target],
        check=True,
    )
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", target, ROOT], check=True
    )
    shutil.copyfile(lock, target / "requirements.txt")
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}"
        for p in sorted(target.iterdir())
        if p.is_file()
    ]
    (target / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return next(target.glob("tocsin-*.whl"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist" / "wheelhouse")
    wheel = build(parser.parse_args().folder.absolute())
    print(f"{len(list(wheel.parent.glob('*.whl')))} wheels in {wheel.parent}; check: sha256sum -c")
