"""Write requirements/run.lock and dev.lock: every dependency pinned, with its hashes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    "run": ["--extra", "build", "--extra", "server"],
    "dev": [
        *("--extra", "build", "--extra", "server", "--extra", "dev"),
        *("--constraint", "requirements/run.lock"),
    ],
}


def lock(name: str, options: list[str]) -> None:
    """Resolve one set for every platform and Python that the project supports."""
    subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "--universal", "--quiet"),
            *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"),
            *("--python-version", "3.11", "--custom-compile-command", "make lock"),
            *(*options, "pyproject.toml", "--output-file", f"requirements/{name}.lock"),
        ],
        cwd=ROOT,
        check=True,
    )


if __name__ == "__main__":
    for lock_name, lock_options in LOCKS.items():
        lock(lock_name, lock_options)
