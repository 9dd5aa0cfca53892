"""Run every speed bench of this folder, one after the other, on the machine as it is."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Print the machine, then each bench; exit status 1 if one failed."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}")
    failed = 0
    for bench in sorted(HERE.glob("bench_*.py")):
        print(f"\n== {bench.stem} ==", flush=True)
        failed += subprocess.run([sys.executable, str(bench)], check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
