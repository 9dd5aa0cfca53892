"""``tocsin verify-log``: is a transparency log what its checkpoints say, and if not, where not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import check_readable, console, counted, print_json
from tocsin.cli.verifier_key import verifier_key
from tocsin.errors import InvalidInput, ParseError

if TYPE_CHECKING:
    from tocsin.sealing import Verdict, VerifierKey

EXIT_ALTERED = 1
VERIFY_EXIT_STATUS = (
    "Exit status: 0 nothing was altered, 1 something was, 2 the call is wrong, 3 a file cannot be "
    "read."
)
MOST_BYTES = 1 << 30
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM")


def verify_log_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Log file (tocsin log-export), or an event with proof."
        ),
    ],
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="Checkpoint that was kept outside: its text, or a picture of its QR code. Several "
            "are possible.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="Key of the log (name+id+...), or a file with it; several after a change of key.",
            show_default=False,
        ),
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(
            help="Copy of the commitments, or an older log file, kept outside: names positions "
            "exactly.",
            show_default=False,
        ),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            help="Key of a witness (or a file with it) who must have co-signed.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Check a log against checkpoints and keys that were kept outside, and say what was altered."""
    from tocsin.sealing import read_kept_commitments, read_log_file, verify_log
    from tocsin.sealing.eventproof import read_event_proof

    data = _bytes_of(file)
    keys = [verifier_key(text) for text in key or []]
    if (event := read_event_proof(data, file=str(file))) is not None:
        _answer_event(event, keys=keys, file=file, as_json=as_json)
        return
    log = read_log_file(data, file=str(file))
    notes = [note for path in checkpoint or [] for note in _notes(path)]
    verdict = verify_log(
        log,
        keys=keys,
        kept_checkpoints=notes,
        kept_commitments=(
            None if kept is None else read_kept_commitments(_bytes_of(kept), file=str(kept))
        ),
        witnesses=[verifier_key(text) for text in witness or []],
    )
    if as_json:
        print_json(as_document(verdict, file=str(file), n_kept=len(notes)))
    else:
        _print(verdict, n_kept=len(notes), marking=log.marking)
    if not verdict.intact:
        raise typer.Exit(EXIT_ALTERED)


def _answer_event(
    event: dict[str, Any], *, keys: list[VerifierKey], file: Path, as_json: bool
) -> None:
    """One event with its proof, as the page of the event hands it out."""
    from tocsin.sealing.eventproof import verify_event

    if len(keys) != 1:
        raise InvalidInput("the proof of an event needs the log's key: give one --key")
    verdict = verify_event(event, key=keys[0])
    if as_json:
        print_json(as_document(verdict, file=str(file), n_kept=0))
    elif verdict.intact:
        console.print(
            Text("PROVED", style="bold green")
            + Text(
                f": this content stands at position {event['position']} of the log "
                f"{verdict.origin} of {verdict.size} leaves."
            )
        )
    else:
        _print_findings(verdict)
    if not verdict.intact:
        raise typer.Exit(EXIT_ALTERED)


def _bytes_of(path: Path) -> bytes:
    check_readable(path)
    if path.stat().st_size > MOST_BYTES:
        raise ParseError(f"is larger than {MOST_BYTES >> 20} MiB", code="too_large", file=str(path))
    return path.read_bytes()


def _notes(path: Path) -> list[str]:
    """Checkpoint of a file, or those of all codes in a picture."""
    data = _bytes_of(path)
    if data.startswith(_PICTURES):
        from tocsin.formats.confined_qr import qr_texts

        found = [text for text in qr_texts(data) if b"\n\n" in text]
        if not found:
            raise ParseError("no checkpoint can be read in the picture", file=str(path))
    else:
        found = [data]
    try:
        return [text.decode("utf-8") for text in found]
    except UnicodeDecodeError as error:
        raise ParseError("is no checkpoint: it is not UTF-8 text", file=str(path)) from error


def as_document(verdict: Verdict, *, file: str, n_kept: int) -> dict[str, Any]:
    """The answer as JSON."""
    return {
        "schema": "tocsin.verify-log/1",
        "file": file,
        "origin": verdict.origin,
        "intact": verdict.intact,
        "leaves": verdict.size,
        "signed_leaves": verdict.held,
        "key_pinned": verdict.pinned,
        "checkpoints_kept_outside": n_kept,
        "leaves_held_by_checkpoints_kept_outside": verdict.held_outside,
        "disclosed_leaves": verdict.disclosed,
        "witnesses": [
            {"name": name, "leaves": size, "time": _time(time_s)}
            for name, (size, time_s) in verdict.witnessed.items()
        ],
        "findings": [
            {"kind": f.kind, "first": f.first, "last": f.last, "message": f.message}
            for f in verdict.findings
        ],
    }


def _print(verdict: Verdict, *, n_kept: int, marking: str) -> None:
    if marking:
        console.print(Text(marking, style="bold"))
    console.print(Text(f"{verdict.origin}: {counted(verdict.size, 'leaf', 'leaves')}"))
    if verdict.intact:
        newer = verdict.size - verdict.held
        console.print(
            Text("NOT ALTERED", style="bold green")
            + Text(f": the first {verdict.held} are those that were signed")
            + Text(f"; {newer} newer are not signed yet." if newer else ".")
        )
    else:
        _print_findings(verdict)
    _print_limits(verdict, n_kept=n_kept)


def _print_findings(verdict: Verdict) -> None:
    console.print(Text("ALTERED", style="bold red"))
    table = Table(box=None, pad_edge=False)
    table.add_column("what")
    table.add_column("position", justify="right")
    table.add_column("why", overflow="fold")
    for f in verdict.findings:
        table.add_row(f.kind, _positions(f.first, f.last), Text(f.message))
    console.print(table)
    console.print("Positions count from 0.")


def _print_limits(verdict: Verdict, *, n_kept: int) -> None:
    """What the answer rests on, and what it therefore does not show."""
    if verdict.disclosed:
        text = counted(verdict.disclosed, "disclosed content opens", "disclosed contents open")
        console.print(Text(f"{text} the commitment that was logged."))
    for name, (size, time_s) in verdict.witnessed.items():
        console.print(Text(f"{name} saw the first {size} at {_time(time_s)}."))
    if verdict.held_outside is not None:
        console.print(
            Text(
                f"{counted(n_kept, 'checkpoint')} kept outside; the first {verdict.held_outside} "
                "leaves agree with them."
            )
        )
    elif not n_kept:
        console.print(
            "No checkpoint kept outside was given: this shows only that the file agrees with "
            "itself. Give --checkpoint."
        )
    if not verdict.pinned:
        console.print(
            "No key was given, so the one in the file was taken, which whoever made the file "
            "chose. Give --key."
        )


def _positions(first: int | None, last: int | None) -> str:
    ends: Sequence[int] = sorted({n for n in (first, last) if n is not None})
    return " to ".join(str(n) for n in ends)


def _time(time_s: int) -> str:
    try:
        return dt.datetime.fromtimestamp(time_s, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{time_s} s after 1970"
