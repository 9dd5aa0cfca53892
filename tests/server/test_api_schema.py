"""The running server's API against its own description: no fault of the server, no other answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from schemathesis import checks

PREPARE = """
import sys
from pathlib import Path
from tocsin.server.serving.first_start import prepare_folder, start_django, migrate
data = Path(sys.argv[1]); prepare_folder(data)
start_django(data, TOCSIN_HTTPS="0", TOCSIN_DEMONSTRATION="1")
migrate()
from tocsin.server.fiction.population import populate
from tocsin.server.fiction.playing import caller
populate("a password for this run", sources=100)
for login in ("officer@customs.example", "expert@laboratory.example", "contact@authority.example",
              "supervisor@customs.example", "auditor@authority.example"):
    print(caller("", login).token)
"""
ALLOWED = (200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    data = tmp_path_factory.mktemp("server") / "data"
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, str(data)],
        capture_output=True,
        text=True,
        env=env,
        check=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "tocsin.server.asgi:application"),
            *("--port", str(port), "--no-access-log", "--log-level", "error"),
        ],
        env=env
        | {
            "TOCSIN_DATA": str(data),
            "TOCSIN_HTTPS": "0",
            "TOCSIN_DEMONSTRATION": "1",
            "DJANGO_SETTINGS_MODULE": "tocsin.server.settings",
        },
    )
    ends = time.monotonic() + 60.0
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            break
        except OSError:
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", done.stdout.split()
    process.terminate()
    process.wait()


def check_all(server: tuple[str, list[str]], examples: int) -> int:
    address, tokens = server
    header = {"Authorization": f"Bearer {tokens[0]}"}
    schema = schemathesis.openapi.from_url(f"{address}/api/1/openapi.json", headers=header)
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.given(
            case=operation.as_strategy(), token=hypothesis.strategies.sampled_from(tokens)
        )
        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def ask(case: schemathesis.Case, token: str) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in ALLOWED, (answer.status_code, answer.text[:300])
            case.validate_response(
                answer,
                checks=[checks.not_a_server_error, checks.response_schema_conformance],
            )

        ask()
    return asked


def test_every_operation_answers_as_described(server: tuple[str, list[str]]) -> None:
    assert check_all(server, 12) > 100


@pytest.mark.verify
def test_every_operation_answers_as_described_at_length(server: tuple[str, list[str]]) -> None:
    assert check_all(server, 300) > 3000
