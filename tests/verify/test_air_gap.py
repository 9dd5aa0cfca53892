"""Install and run from the wheelhouse with the network cut."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CUT = ("unshare", "--net", "--map-root-user")


@pytest.mark.verify
def test_the_server_installs_and_plays_the_flow_without_a_network(tmp_path: Path) -> None:
    if subprocess.run([*CUT, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare --net is not allowed here: the network cannot be cut")
    house = tmp_path / "wheelhouse"
    script = ROOT / "scripts" / "build_wheelhouse.py"
    subprocess.run([sys.executable, script, house], check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=house, check=True)
    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)

    def cut(*words: str) -> subprocess.CompletedProcess[str]:
        # a fresh network namespace has not even a loopback address until it is put up
        inside = f"ip link set lo up && exec {' '.join(words)}"
        return subprocess.run(
            [*CUT, "sh", "-c", inside], capture_output=True, text=True, cwd=tmp_path, check=False
        )

    if shutil.which("ip") is None:
        pytest.skip("the command ip is absent (Debian: iproute2): the loopback cannot be put up")
    code = "import socket; socket.create_connection(('192.0.2.1', 443), 3)"
    gone = cut(f"{home}/bin/python", "-c", f'"{code}"')
    assert "unreachable" in gone.stderr
    done = cut(
        f"{home}/bin/pip install --no-index --find-links {house} --require-hashes",
        f"-r {house}/requirements.txt",
    )
    assert done.returncode == 0, done.stderr
    done = cut(f"{home}/bin/pip install --no-index --no-deps {house}/tocsin-*.whl")
    assert done.returncode == 0, done.stderr
    played = cut(f"{home}/bin/tocsin demo --headless --out walk")
    assert played.returncode == 0, played.stderr
    assert "1 incidents from an expert's verdict" in " ".join(played.stdout.split())
