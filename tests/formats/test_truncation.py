"""No file is ever read in part without a word: cut anywhere, it is refused or wholly there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import SpecUtils
from recordings_by_hand import small_survey

from tocsin.errors import ParseError
from tocsin.formats import Limits, Reader, write_n42
from tocsin.formats import reader as reader_module
from tocsin.formats.parse import parse
from tocsin.formats.wire import Answer
from tocsin.spectra import Recording

LIMITS = Limits()
# Formats whose files end where they end: a cut at the end of a line cannot be told from a whole
# file. They are read with a warning that says so.
ENDLESS = frozenset(("text", "tka", "list-mode"))
# Warnings that say "this may not be all".
FLAGS = frozenset(("length_unknown", "not_well_formed", "lengths_contradict"))


def measured(recording: Recording) -> list[object]:
    return [(r.start, r.spectra, r.gross_counts) for r in recording.records]


def test_an_n42_survey_cut_at_every_offset(tmp_path: Path) -> None:
    data = write_n42(small_survey(records=2, channels=4))
    whole = measured(parse(data, path="", limits=LIMITS).recording)
    path = tmp_path / "cut.n42"
    for length in range(1, len(data)):
        cut = data[:length]
        if length < 1000:  # later the root is there, and the library is not asked
            path.write_bytes(cut)
        try:
            parsed = parse(cut, path=str(path), limits=LIMITS)
        except ParseError:
            continue
        assert parsed.expected == parsed.found
        assert measured(parsed.recording) == whole, length


def test_records_taken_out_of_the_middle_change_the_count() -> None:
    """The count is of the bytes at hand: whole measurements may be missing, halves may not."""
    data = write_n42(small_survey(records=6))
    start = data.index(b"<Spectrum", data.index(b"<Spectrum") + 1)
    hole = data[:start] + data[data.index(b"</RadMeasurement>", start) + 5 :]
    with pytest.raises(ParseError):
        parse(hole, path="", limits=LIMITS)


def test_a_reader_that_loses_records_is_caught(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason may be: fewer parts than the bytes hold is an error."""
    data = write_n42(small_survey(records=6))
    decode = reader_module.wire.decode

    def forgetful(raw: bytes, *, limits: Limits, file: str = "") -> Answer:
        answer = decode(raw, limits=limits, file=file)
        assert answer.found is not None
        return dataclasses.replace(answer, found=answer.found - 2)

    assert len(reader.read_bytes(data).records) == 6
    monkeypatch.setattr(reader_module.wire, "decode", forgetful)
    with pytest.raises(ParseError) as caught:
        reader.read_bytes(data)
    assert caught.value.code == "truncated"
    assert "12 measurements and spectra are in the file, 10 were read" in caught.value.reason


def written_by_library(folder: Path) -> dict[str, bytes]:
    """One survey of twelve records in the formats that the library writes."""
    source = folder / "source.n42"
    source.write_bytes(write_n42(small_survey(channels=256)))
    files = {}
    for name in ("Pcf", "N42_2006", "ExploraniumGr130v0", "ExploraniumGr135v2", "Chn", "SpeIaea"):
        spec = SpecUtils.SpecFile()
        spec.loadFile(str(source), SpecUtils.ParserType.N42_2012)
        path = folder / f"{name}.out"
        spec.writeAllToFile(str(path), getattr(SpecUtils.SaveSpectrumAsType, name))
        files[name] = path.read_bytes()
    return files


@pytest.mark.parametrize(
    "name", ["Pcf", "N42_2006", "ExploraniumGr130v0", "ExploraniumGr135v2", "Chn", "SpeIaea"]
)
def test_other_formats_cut_at_many_offsets(name: str, reader: Reader, tmp_path: Path) -> None:
    data = written_by_library(tmp_path)[name]
    whole = reader.read_bytes(data)
    cuts = np.linspace(1, len(data) - 1, 60).astype(int)
    for length in [*cuts, len(data) - 1]:
        try:
            part = reader.read_bytes(data[:length])
        except ParseError:
            continue
        assert_whole(part, whole, f"{name} cut at {length} of {len(data)}")


def assert_whole(part: Recording, whole: Recording, where: str) -> None:
    said = {w.code for w in part.warnings}
    if part.file_format in ENDLESS:
        assert "length_unknown" in said, where
    if said & FLAGS:
        return
    assert len(part.records) == len(whole.records), where
    for a, b in zip(part.records, whole.records, strict=True):
        assert [s.total for s in a.spectra] == [s.total for s in b.spectra], where


@pytest.mark.recordings
def test_every_real_recording_cut_in_three_places(
    reader: Reader, recording_paths: list[Path]
) -> None:
    for path in recording_paths:
        data = path.read_bytes()
        try:
            whole = reader.read_bytes(data, file_name=path.name)
        except ParseError:
            continue
        for share in (0.3, 0.8, 0.999):
            cut = data[: int(share * len(data))]
            try:
                part = reader.read_bytes(cut, file_name=path.name)
            except ParseError:
                continue
            assert_whole(part, whole, f"{path.name} cut to {share:.1%}")


def test_a_text_edition_of_spc_is_read_and_its_cuts_are_seen(
    reader: Reader, tmp_path: Path
) -> None:
    source = tmp_path / "source.n42"
    source.write_bytes(write_n42(small_survey(records=1, channels=256)))
    spec = SpecUtils.SpecFile()
    spec.loadFile(str(source), SpecUtils.ParserType.N42_2012)
    path = tmp_path / "text.spc"
    spec.writeAllToFile(str(path), SpecUtils.SaveSpectrumAsType.SpcAscii)
    data = path.read_bytes()
    whole = reader.read_bytes(data, file_name="text.spc")
    assert whole.records[0].spectra[0].n_channel == 256
    for length in [*range(200, len(data), 41), len(data) - 3]:
        try:
            part = reader.read_bytes(data[:length], file_name="text.spc")
        except ParseError:
            continue
        said = {w.code for w in part.warnings} - {w.code for w in whole.warnings}
        assert said or part.records == whole.records, length
