"""The independent verifier: a log file against checkpoints, a key and a copy kept elsewhere.

It shares with the server only the hashing and the signatures. What it takes as true is what the
caller brings: the key, which pins the identity of the log, and the checkpoints kept outside. The
checkpoints inside the file are believed when that key signed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.errors import InvalidInput, TocsinError
from tocsin.sealing.checkpoint import Checkpoint
from tocsin.sealing.commitment import opens
from tocsin.sealing.findings import Finding, Verdict, where
from tocsin.sealing.keys import VerifierKey
from tocsin.sealing.locate import against_copy, against_root
from tocsin.sealing.logfile import LogFile
from tocsin.sealing.merkle import MerkleTree, leaf_hash
from tocsin.sealing.note import NoteRefused

ROUGH = ("altered", "truncated", "inserted", "moved", "removed", "rolled back")


@dataclass(frozen=True, slots=True)
class _Trusted:
    """A checkpoint whose signature holds, and whether the caller kept it."""

    checkpoint: Checkpoint
    outside: bool

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def whose(self) -> str:
        return "checkpoint kept outside" if self.outside else "checkpoint in the file"


def verify_log(
    log: LogFile,
    *,
    keys: Sequence[VerifierKey] = (),
    kept_checkpoints: Sequence[str] = (),
    kept_commitments: Sequence[bytes] | None = None,
    witnesses: Sequence[VerifierKey] = (),
) -> Verdict:
    """Judge a log.

    Parameters
    ----------
    log : LogFile
        What the server, or whoever holds its database, handed out.
    keys : sequence of VerifierKey
        Key of the log, got from elsewhere; several, all of one name, where it was changed. Without
        one the key in the file is taken, and the verdict says that nothing is pinned.
    kept_checkpoints : sequence of str
        Signed notes kept outside: files, a second host, paper.
    kept_commitments : sequence of bytes, optional
        Copy of the commitments kept outside; makes positions exact.
    witnesses : sequence of VerifierKey
        Witnesses each of whom must have co-signed a checkpoint that holds.

    Returns
    -------
    Verdict
        Intact, or with everything that was found.
    """
    findings: list[Finding] = []
    pinned = bool(keys)
    keys = tuple(keys) or (_claimed_key(log),)
    if len({key.name for key in keys}) > 1:
        raise InvalidInput("the keys are of different logs: " + ", ".join(k.name for k in keys))
    findings += _identity(log, keys)
    found = [leaf.commitment for leaf in log.leaves]
    disclosed, opened = _contents(log)
    trusted, refused = _trusted(log, keys, kept_checkpoints)
    findings += refused
    tree = MerkleTree(leaf_hash(c) for c in found)
    holding = [t for t in trusted if _holds(t, tree)]
    from_copy = _from_copy(kept_commitments, found, trusted)
    from_roots = _from_roots(found, tree, trusted)
    # A copy that was shown to be good says exactly what roots say roughly.
    exact = [f for f in from_copy if f.kind != "other log"]
    if any(f.kind == "rolled back" for f in from_roots) and {f.kind for f in exact} == {
        "truncated"
    }:
        from_copy = exact = []
    findings += [f for f in from_roots if not (exact and f.kind in ROUGH)]
    findings += from_copy
    findings += _order(log) if not exact else []
    said = {f.first for f in findings if f.kind == "changed"}
    findings += [f for f in opened if f.first not in said]
    witnessed, unwitnessed = _witnesses(witnesses, holding)
    findings += unwitnessed
    outside = [t.size for t in holding if t.outside]
    return Verdict(
        origin=keys[0].name,
        size=len(found),
        findings=tuple(dict.fromkeys(findings)),
        pinned=pinned,
        held=max((t.size for t in holding), default=0),
        held_outside=max(outside) if outside else None,
        disclosed=disclosed,
        witnessed=witnessed,
    )


def _claimed_key(log: LogFile) -> VerifierKey:
    try:
        return VerifierKey.parse(log.key)
    except InvalidInput as error:
        raise InvalidInput(
            f"the key in the file cannot be read ({error}); give the log's key"
        ) from error


def _identity(log: LogFile, keys: Sequence[VerifierKey]) -> list[Finding]:
    if log.origin != keys[0].name:
        text = f"the file is of {log.origin}, the key of {keys[0].name}"
        return [Finding("other log", None, None, text)]
    if log.key not in {str(key) for key in keys}:
        text = "the file names another key for this log than the one that is trusted"
        return [Finding("other log", None, None, text)]
    return []


def _order(log: LogFile) -> list[Finding]:
    """What the numbering in the file gives away by itself."""
    findings = []
    expected = 0
    for leaf in log.leaves:
        if leaf.position > expected:
            text = f"the file has no leaf {where(expected, leaf.position - 1)}"
            findings.append(Finding("removed", expected, leaf.position - 1, text))
        elif leaf.position < expected:
            text = f"the file numbers a leaf {leaf.position} where {expected} is due"
            findings.append(Finding("inserted", leaf.position, leaf.position, text))
        expected = max(expected, leaf.position + 1)
    if log.counted is None or log.counted != (len(log.leaves), len(log.checkpoints)):
        text = "the file is cut off, or its last line counts other leaves or checkpoints"
        findings.append(Finding("truncated", len(log.leaves), None, text))
    return findings


def _contents(log: LogFile) -> tuple[int, list[Finding]]:
    """Number of contents that open their commitment, and those that do not."""
    good = 0
    findings = []
    for index, leaf in enumerate(log.leaves):
        if leaf.salt is None:
            continue
        if opens(leaf.commitment, leaf.content, leaf.salt):
            good += 1
        else:
            text = f"the content {where(index, index)} is not the one that was committed to"
            findings.append(Finding("changed", index, index, text))
    return good, findings


def _trusted(
    log: LogFile, keys: Sequence[VerifierKey], kept: Sequence[str]
) -> tuple[list[_Trusted], list[Finding]]:
    """Checkpoints that a key signed, by size; and what is wrong with the others."""
    trusted: list[_Trusted] = []
    findings = []
    for number, written in enumerate(log.checkpoints, start=1):
        try:
            trusted.append(_Trusted(_opened(written, keys), outside=False))
        except NoteRefused as error:
            text = f"checkpoint {number} in the file is refused: {error}"
            findings.append(Finding("forged", None, None, text))
    for number, written in enumerate(kept, start=1):
        try:
            trusted.append(_Trusted(_opened(written, keys), outside=True))
        except NoteRefused as error:
            text = f"checkpoint {number} kept outside is refused: {error}"
            findings.append(Finding("other log", None, None, text))
    return sorted(trusted, key=lambda t: (t.size, t.outside)), findings


def _opened(written: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    """A checkpoint under the one of the keys that signed it."""
    refusal = NoteRefused("there is no key")
    for key in keys:
        try:
            return Checkpoint.open(written, key)
        except NoteRefused as error:
            refusal = error
    raise refusal


def _holds(trusted: _Trusted, tree: MerkleTree) -> bool:
    return trusted.size <= tree.size and tree.root(trusted.size) == trusted.checkpoint.root


def _from_roots(
    found: Sequence[bytes], tree: MerkleTree, trusted: Sequence[_Trusted]
) -> list[Finding]:
    """What checkpoints say of leaves: the first that fails, and what the log is too short for."""
    findings: list[Finding] = []
    inside = [t for t in trusted if not t.outside]
    fitting = [t for t in trusted if t.size <= tree.size]
    holding = [t for t in fitting if _holds(t, tree)]
    good = max((t.size for t in holding), default=0)
    failing = next((t for t in fitting if not _holds(t, tree)), None)
    if failing is not None:
        below = [t for t in holding if t.size < failing.size]
        good = max((t.size for t in below), default=0)
        rival = next((t for t in inside if t.size >= failing.size and _holds(t, tree)), None)
        if rival is not None:
            # Whoever signed a second history may have signed its earlier checkpoints anew.
            good = max((t.size for t in below if t.outside), default=0)
            text = (
                f"two histories are signed: the {failing.whose} of {failing.size} leaves and the "
                f"{rival.whose} of {rival.size} leaves part {where(good, failing.size - 1)}"
            )
            findings.append(Finding("fork", good, failing.size - 1, text))
        else:
            root = failing.checkpoint.root
            findings.append(against_root(found, good=good, size=failing.size, root=root))
    if not trusted or trusted[-1].size <= tree.size:
        return findings
    longest = trusted[-1]
    missing = longest.size - tree.size
    if any(f.kind == "altered" for f in findings):
        # Leaves are missing and earlier ones differ: the hole lies where they begin to differ.
        first, last = findings[0].first, findings[0].last
        text = f"{missing} of {longest.size} signed leaves are missing, the first of them "
        text += where(first or 0, last or 0)
        return [Finding("removed", first, last, text)]
    if inside and inside[-1].size == tree.size and _holds(inside[-1], tree):
        text = (
            f"the log ends at {tree.size} leaves as its own checkpoints do, but a {longest.whose} "
            f"states {longest.size}: an older state was put back"
        )
        return [*findings, Finding("rolled back", tree.size, longest.size - 1, text)]
    text = f"{missing} signed leaves are missing after position {good}: {longest.size} were signed"
    return [*findings, Finding("truncated", good, longest.size - 1, text)]


def _from_copy(
    kept: Sequence[bytes] | None, found: Sequence[bytes], trusted: Sequence[_Trusted]
) -> list[Finding]:
    """Exact differences, once the copy itself was shown to be what was signed."""
    if kept is None:
        return []
    tree = MerkleTree(leaf_hash(c) for c in kept)
    # Where two histories are signed, the copy is of the one that the caller kept.
    reference = [t for t in trusted if t.outside] or trusted
    shown = [t for t in reference if t.size <= tree.size]
    good = max((t.size for t in shown if _holds(t, tree)), default=0)
    if not shown or not all(_holds(t, tree) for t in shown):
        text = "the kept copy of the commitments is not what the checkpoints state: not used"
        return [Finding("other log", None, None, text)]
    return against_copy(kept[:good], found)


def _witnesses(
    witnesses: Sequence[VerifierKey], holding: Sequence[_Trusted]
) -> tuple[dict[str, tuple[int, int]], list[Finding]]:
    """Greatest size that each witness vouches for, and the witnesses that vouch for nothing."""
    seen: dict[str, tuple[int, int]] = {}
    findings = []
    for witness in witnesses:
        signed: list[tuple[int, int]] = []
        try:
            for one in holding:
                signed += [(one.size, at) for at in one.checkpoint.witnessed_at(witness)]
        except TocsinError as error:
            findings.append(Finding("forged", None, None, str(error)))
            continue
        if signed:
            seen[witness.name] = max(signed)
        else:
            text = f"no checkpoint that holds is co-signed by {witness.name}"
            findings.append(Finding("unwitnessed", None, None, text))
    return seen, findings
