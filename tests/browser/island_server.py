"""A small server for the browser's part alone: the built bundle, pages of the frame, made surveys.

Every answer carries exactly the policy of the real server. Uploads are answered as the contract
says: a name that ends in ``.n42`` is taken, others are refused.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from island_surveys import N_RECORD, MadeSurvey, reference_lines

STATIC = Path(__file__).resolve().parents[2] / "src" / "tocsin" / "server" / "static" / "tocsin"
PAGES = Path(__file__).parent / "pages"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'"
)
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
    ".pmtiles": "application/octet-stream",
}

SURVEYS = {
    "drive": MadeSurvey(),
    "no-positions": MadeSurvey(positions=False),
    "no-calibration": MadeSurvey(calibrated=False),
    "no-spectra": MadeSurvey(spectra=False, kind="track"),
    "static": MadeSurvey(kind="static"),
}


class IslandServer:
    """Serves on a free port of the loopback address until closed; keeps what was asked of it."""

    def __init__(self) -> None:
        self.uploads: list[tuple[str, int]] = []
        self.posted: list[dict[str, list[str]]] = []
        self.runs = True
        self.stream_runs = threading.Event()
        self.stream_runs.set()
        self.extra: dict[str, bytes] = {}
        self._httpd = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (_Handler,), {"at": self})
        )
        self._httpd.daemon_threads = True
        threading.Thread(target=self._httpd.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._httpd.server_address[1]}"

    def close(self) -> None:
        self.runs = False
        self._httpd.shutdown()
        self._httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    at: IslandServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests say what they need."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        parts = url.path.strip("/").split("/")
        if url.path == "/stream":
            self._stream()
        elif parts[0] == "static":
            self._file(STATIC / parts[-1])
        elif url.path in self.at.extra:
            self._part_of(self.at.extra[url.path])
        elif parts[0] == "api":
            self._api(parts[1], parts[2], query)
        elif parts[0] == "survey":
            page = (PAGES / "survey.html").read_text()
            page = page.replace("NAME", parts[1]).replace("TILES", query.get("tiles", [""])[0])
            self._page(page, query)
        else:
            path = PAGES / f"{parts[0] or 'frame'}.html"
            if path.is_file():
                self._page(path.read_text(), query)
            else:
                self._send(404, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/upload":
            name = body.partition(b'filename="')[2].partition(b'"')[0].decode()
            self.at.uploads.append((name, len(body)))
            if name.endswith(".n42"):
                self._json(201, {"url": "/survey/drive", "title": f"Measurement of {name}"})
            else:
                error = {"code": "unreadable", "message": "no reader knows <b>this</b> format"}
                self._json(422, {"error": error})
        else:
            self.at.posted.append(parse_qs(body.decode(), keep_blank_values=True))
            self._page("<!doctype html><html lang=en><title>t</title><p id=done>Saved", {})

    def _page(self, text: str, query: dict[str, list[str]]) -> None:
        text = text.replace("THEME", query.get("theme", ["auto"])[0])
        text = text.replace("LANGUAGE", query.get("lang", ["en"])[0])
        self._send(200, text.encode(), TYPES[".html"])

    def _api(self, name: str, what: str, query: dict[str, list[str]]) -> None:
        made = SURVEYS.get(name)
        if made is None:
            self._json(404, {"error": {"code": "not_found", "message": "no such measurement"}})
        elif what == "survey":
            self._json(200, made.survey())
        elif what == "waterfall":
            self._json(200, made.waterfall())
        elif what == "spectrum":
            first = int(query.get("first", ["0"])[0])
            last = int(query.get("last", [str(N_RECORD - 1)])[0])
            self._json(200, made.spectrum(first, last))
        else:
            names = query.get("nuclides", [""])[0]
            answer = reference_lines(names.split(",") if names else None)
            error = {"code": "unknown_nuclide", "message": f"{names} is not in the library"}
            self._json(200 if answer else 404, answer or {"error": error})

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        number = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while self.at.runs:
                # Open and silent while it is held back, as a hung detector is.
                self.at.stream_runs.wait(0.2)
                if self.at.stream_runs.is_set():
                    number += 1
                    self.wfile.write(f"data: <p>reading {number}</p>\n\n".encode())
                    self.wfile.flush()
                    time.sleep(0.2)

    def _file(self, path: Path) -> None:
        if path.is_file():
            self._send(200, path.read_bytes(), TYPES.get(path.suffix, "application/octet-stream"))
        else:
            self._send(404, b"", "text/plain")

    def _part_of(self, body: bytes) -> None:
        """Byte ranges, as an archive of tiles is read."""
        first, _, last = (
            (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")
        )
        start, end = int(first), min(int(last or len(body) - 1), len(body) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end}/{len(body)}")
        self._finish(body[start : end + 1], "application/octet-stream")

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self._finish(body, kind)

    def _finish(self, body: bytes, kind: str) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
