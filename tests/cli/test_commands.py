"""The commands as a person types them: start, width, colour, errors, several files."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.batch import Job, Outcome, _finished
from tocsin.cli.main import app
from tocsin.errors import ParseError

COMMAND = [sys.executable, "-m", "tocsin"]
SPECTRUM = """$SPEC_ID:
tocsin test
$MEAS_TIM:
300 310
$DATA:
0 {last}
{counts}
$MCA_CAL:
3
0.0 3.0 0.0 keV
"""


def tocsin(
    *arguments: str | Path, cwd: Path | None = None, columns: int = 80
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with its output in pipes."""
    command = [*COMMAND, *map(str, arguments)]
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"COLUMNS": str(columns), "TERM": "xterm-256color"}
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def quiet_spectrum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small static spectrum that is a smooth slope and nothing else."""
    counts = "\n".join(str(int(400 * 0.97**i)) for i in range(256))
    path = tmp_path_factory.mktemp("spectrum") / "slope.spe"
    path.write_text(SPECTRUM.format(last=255, counts=counts))
    return path


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["analyze", "--help"]])
def test_help_does_not_wait_for_the_science(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom tocsin.cli.main import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = [m for m in ('numpy', 'scipy', 'matplotlib', 'lxml') if m in sys.modules]\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_command_explains_itself_and_its_exit_status() -> None:
    for command in ("analyze", "show", "convert"):
        text = CliRunner().invoke(app, [command, "-h"]).stdout
        assert "Exit status: 0 done, 2 the call is wrong, 3 a file" in " ".join(text.split())


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("command", ["analyze", "show", "nuclide"])
def test_output_keeps_to_the_width_and_has_no_colour_in_a_pipe(
    short_walk: Path, command: str, columns: int
) -> None:
    subject = "Ra-226" if command == "nuclide" else short_walk
    done = tocsin(command, subject, columns=columns)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert max(len(line.rstrip()) for line in done.stdout.splitlines()) <= columns


def test_several_files_come_out_in_order_with_errors_in_their_place(
    short_walk: Path, quiet_spectrum: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    files = [quiet_spectrum, tmp_path / "nowhere.n42", short_walk, folder, quiet_spectrum]
    reports = tmp_path / "reports"
    done = tocsin("analyze", *files, "--json", "--html", reports, "--geojson", tmp_path / "maps")
    assert done.returncode == 3
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["file"] if "file" in a else a["error"]["code"] for a in answers] == [
        "slope.spe",
        "not_found",
        "walk.n42",
        "not_a_file",
        "slope.spe",
    ]
    complaints = [line for line in done.stderr.splitlines() if line.startswith("tocsin:")]
    assert len(complaints) == 2
    assert "nowhere.n42: there is no such file: check the name" in complaints[0]
    assert "is a folder: name the recordings in it" in complaints[1]
    assert sorted(p.name for p in reports.iterdir()) == [
        "001-slope.spe.html",
        "005-slope.spe.html",
        "walk.n42.html",
    ]
    assert len(list((tmp_path / "maps").iterdir())) == 3


def test_an_answer_that_is_redirected_arrives_although_the_bar_is_alive(
    quiet_spectrum: Path, tmp_path: Path
) -> None:
    """Standard error is a terminal with progress on it, standard output a file."""
    master, terminal = pty.openpty()
    out = tmp_path / "answers.jsonl"
    with out.open("wb") as stream:
        process = subprocess.Popen(
            [*COMMAND, "analyze", quiet_spectrum, quiet_spectrum, "--json"],
            stdout=stream,
            stderr=terminal,
            env=os.environ | {"TERM": "xterm"},
        )
        os.close(terminal)
        seen = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the terminal is gone when the process has ended
                break
            if not part:
                break
            seen += part
        assert process.wait(timeout=120) == 0
    os.close(master)
    assert [json.loads(x)["file"] for x in out.read_text().splitlines()] == ["slope.spe"] * 2
    assert b"files" in seen
    assert b"schema" not in seen


def test_quiet_says_nothing_but_the_answer(quiet_spectrum: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    loud = tocsin("analyze", quiet_spectrum, "--html", page)
    assert loud.stderr == f"Report: {page}\n"
    quiet = tocsin("analyze", quiet_spectrum, "--html", page, "--force", "--quiet")
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.spe", "--html", "old.html"], "old.html exists already: add --force"),
        (["a.spe", "--html", "no/new.html"], "the folder no does not exist"),
        (["a.spe", "--geojson", "old.html"], "old.html exists already: add --force"),
        (["a.spe", "b.spe", "--html", "new.html"], "for several recordings name a folder"),
        (["a.spe", "b.spe", "--html", "old"], "is a file: for several recordings"),
        (["a.spe", "--summary", "table.txt"], "the name must end in .csv, .html, .pdf"),
        (["a.spe", "--background", "nowhere"], "--background nowhere: there is no such file"),
        (["a.spe", "--jobs", "-1"], "--jobs"),
    ],
)
def test_a_wrong_call_is_refused_before_any_work(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of these recordings exists: were one opened, the exit status would be 3."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "old").write_text("old")
    done = CliRunner().invoke(app, ["analyze", *arguments])
    assert done.exit_code == 2
    assert words in re.sub(r"\s+", " ", done.stderr)


def test_a_worker_that_died_takes_no_other_file_with_it(tmp_path: Path) -> None:
    """The pool breaks with its first dead worker: what waited in it is analysed alone."""
    waiting: Future[Outcome] = Future()
    waiting.set_exception(BrokenProcessPool("a worker was killed"))
    job = Job(tmp_path / "nowhere.n42", None, (), None, force=False)
    outcome = _finished(waiting, job)
    assert isinstance(outcome.error, ParseError)
    assert outcome.error.code == "not_found"


def test_show_says_what_is_in_a_file(short_walk: Path) -> None:
    text = tocsin("show", short_walk).stdout
    words = " ".join(text.split())
    for wanted in ("Realm SYNTHETIC", "Kind survey, 600 records", "UTC", "Calibrated yes"):
        assert wanted in words
    assert "... and 580 more records (--all shows them)" in text
    assert "foreground" in text
    everything = tocsin("show", short_walk, "--all").stdout
    assert everything.count("\n") > text.count("\n") + 570
    parsed = json.loads(tocsin("show", short_walk, "--json").stdout)
    assert len(parsed["records"]) == 600
    assert parsed["realm"] == "SYNTHETIC"


@pytest.mark.parametrize("command", [["show"], ["convert"]])
@pytest.mark.parametrize("name", ["nowhere", "."])
def test_what_is_no_file_ends_with_status_3(
    command: list[str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = ["out.csv"] if command == ["convert"] else []
    done = tocsin(*command, name, *target, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_convert_names_what_it_wrote(short_walk: Path, tmp_path: Path) -> None:
    target = tmp_path / "walk.csv"
    done = tocsin("convert", short_walk, target)
    assert done.returncode == 0
    assert f"{target}: 600 records, 600 spectra from n42-2012" in done.stderr
    assert tocsin("convert", short_walk, target).returncode == 2
    assert tocsin("convert", short_walk, target, "--force", "-q").stderr == ""
    unknown = tocsin("convert", short_walk, tmp_path / "walk.foo")
    assert unknown.returncode == 2
    assert "use .n42, .csv" in unknown.stderr


def test_a_folder_stands_for_its_files_and_the_summary_tells_of_all(
    short_walk: Path, quiet_spectrum: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "day" / "inner"
    folder.mkdir(parents=True)
    (folder / "b.n42").write_bytes(short_walk.read_bytes())
    (tmp_path / "day" / "=a.spe").write_bytes(quiet_spectrum.read_bytes())
    (tmp_path / "day" / "c.n42").write_bytes(b"no recording")
    (tmp_path / "day" / ".hidden").write_bytes(b"no recording")
    table, page, paper = (tmp_path / f"all{e}" for e in (".csv", ".html", ".pdf"))
    done = tocsin("analyze", tmp_path / "day", "--summary", table, "--json")
    assert done.returncode == 3
    assert [json.loads(line).get("file") for line in done.stdout.splitlines()] == [
        "=a.spe",
        None,
        "b.n42",
    ]
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [r["File"] for r in rows] == ["'=a.spe", "c.n42", "b.n42"]
    assert [r["Answer"] for r in rows] == ["clear", "not read", rows[2]["Answer"]]
    assert rows[1]["Error"]
    assert rows[2]["Realm"] == "SYNTHETIC"
    assert len(rows[2]["SHA-256"]) == 64
    for target in (page, paper):
        assert tocsin("analyze", tmp_path / "day", "--summary", target).returncode == 3
    assert "not read" not in page.read_text().split("Not read")[0]
    assert "contains SYNTHETIC data" in page.read_text()
    assert paper.read_bytes().startswith(b"%PDF-")


def test_a_signed_report_is_archival(quiet_spectrum: Path, tmp_path: Path) -> None:
    paper = tmp_path / "report.pdf"
    done = tocsin("analyze", quiet_spectrum, "--pdf", paper)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"Report: {paper}\n"
    assert b"pdfaid" in paper.read_bytes()
