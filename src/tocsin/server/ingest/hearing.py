"""One survey heard by the server's detector: the agent's own listener, at one record a second.

Faster streams are summed to a second. Where such a sum holds an alarm, it is told at once; when it
is over, the records around it are heard once more at their full rate (:mod:`finer`): what is said
then is the message of its end, with a finer place and extent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import tocsin
from tocsin.detection.detector import ALGORITHM_VERSION
from tocsin.errors import ParseError
from tocsin.field.listening import Heard, Listener
from tocsin.server.ingest.finer import Finer, Records
from tocsin.server.ingest.said import Said, read_said
from tocsin.spectra import (
    GrossCounts,
    Instrument,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

ALONE_S = 0.75
"""A record of this length is heard by itself."""
WHOLE_S = 0.996
"""Shorter ones are summed to this: ten of 0.1 s must not fall short of one second."""
LONG_BACKGROUND = 5.0
"""Times the first record of the walk: so long is a background that was measured beforehand."""
LEAD_S, TAIL_S = 90.0, 12.0
"""Heard at the full rate before an alarm (the background is learnt in it) and after."""
MOST_AGAIN = 5000
"""Records before an alarm, and after it, at most: one odd length makes it not the whole walk."""
MOST_FIRSTS = 4096
"""So many sums back it is known which records they hold; the longest encounter is far shorter."""
MOST_BACKGROUND = 100


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that the detector says, in the device's own numbers of records.

    Attributes
    ----------
    said : Said
        As from a device.
    record : int
        Number of the message's record that made it known, in the lane of records.
    """

    said: Said
    record: int


class Hearing:
    """The detector in one survey.

    Parameters
    ----------
    listener : Listener, optional
        One that goes on; by default one is begun at the first record of the walk.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.listener = listener
        self.through = -1
        """Last number of the lane of records that was heard."""
        self.over = False
        self._instrument = ""
        self._realm = ""
        self._others = 0
        # numbers in the lane of what was measured beside the walk after its beginning
        self._beside_at: list[int] = []
        self._walked = 0
        self._length_s = 0.0
        self._background: list[Record] = []
        self._held: list[Record] = []
        # alarms that are over and are heard once more, and the encounter that was told standing
        self._finer: deque[Finer] = deque()
        self._standing = 0
        # number in the walk of the first record of each item that the listener heard
        self._dropped = 0
        self._firsts: list[int] = []

    # ---------------------------------------------------------------- hearing
    def hear(self, recording: Recording) -> list[Saying]:
        """Judge the records of one message.

        Parameters
        ----------
        recording : Recording
            What the message holds; it follows on the one before without a gap.
        """
        told: list[Saying] = []
        said = recording.instrument
        self._instrument = " ".join(w for w in (said.manufacturer, said.model, said.serial) if w)
        self._realm = recording.realm
        for record in recording.records:
            self.through += 1
            if not record.is_measured:
                self._beside(record)
                continue
            for heard in self._walk(record, recording.instrument):
                told += self._sayings(heard)
        return told

    def end(self) -> list[Saying]:
        """No further record will come."""
        self.over = True
        if self.listener is None:
            return []
        told = [s for h in self._flush() for s in self._sayings(h)]
        return told + [s for h in self.listener.end() for s in self._sayings(h)]

    @property
    def is_learning(self) -> bool:
        """Whether the detector has no background yet: no record can be an alarm before that."""
        return self.listener is None or self.listener.detector.is_learning

    def has_finer(self) -> bool:
        """Whether an alarm is over that is heard once more: :meth:`go_on`."""
        return bool(self._finer)

    def go_on(self, records: Records, until_s: float) -> tuple[list[Saying], int]:
        """Hear some more of the records around an alarm that is over.

        Parameters
        ----------
        records : callable
            Gives records of the walk by their first and last number in the lane of records.
        until_s : float
            By the clock that cannot be set.

        Returns
        -------
        list of Saying
            What is said of it, once it was heard to its end.
        int
            Records that were heard now.
        """
        finer = self._finer[0]
        before = finer.heard
        heard = finer.go_on(records, until_s)
        if heard is None:
            return [], finer.heard - before
        self._finer.popleft()
        return [self._saying(heard, finer.record)], finer.heard - before

    def give_up(self) -> Saying:
        """What was said by the second, where the records around an alarm cannot be heard again."""
        finer = self._finer.popleft()
        return self._saying(finer.coarse, finer.record)

    def _beside(self, record: Record) -> None:
        """Records that are not walked: a background before the walk starts the tracked one."""
        if self.listener is not None:
            self._beside_at.append(self.through)
            return
        self._others += 1
        if record.source_type is SourceType.BACKGROUND and record.spectra:
            self._background = [*self._background, record][-MOST_BACKGROUND:]

    def _walk(self, record: Record, instrument: Instrument) -> list[Heard]:
        length_s = record.real_time_s or record.live_time_s or 0.0
        if self.listener is None:
            known = [
                b
                for b in self._background
                if (b.real_time_s or 0.0) >= LONG_BACKGROUND * max(length_s, 1e-9)
            ]
            self.listener, self._background = Listener(instrument, known), []
        # neutrons that come as records of their own are for the detector to put together
        if not 0.0 < length_s < ALONE_S or not record.spectra:
            heard = self._flush()
            self._walked += 1
            return heard + self._hear_one(record, self._walked - 1)
        self._length_s = length_s
        heard = [] if not self._held or _add_up(self._held[-1], record) else self._flush()
        self._held.append(record)
        self._walked += 1
        if sum(r.real_time_s or r.live_time_s or 0.0 for r in self._held) >= WHOLE_S:
            heard += self._flush()
        return heard

    def _flush(self) -> list[Heard]:
        if not self._held:
            return []
        held, self._held = self._held, []
        return self._hear_one(summed(held), self._walked - len(held))

    def _hear_one(self, record: Record, first: int) -> list[Heard]:
        if self.listener is None:
            return []
        self._firsts.append(first)
        if len(self._firsts) > MOST_FIRSTS:
            drop = MOST_FIRSTS // 4
            self._firsts, self._dropped = self._firsts[drop:], self._dropped + drop
        return self.listener.hear(record)

    # ----------------------------------------------------------------- saying
    @property
    def is_fast(self) -> bool:
        """Whether records are summed before they are heard."""
        return self._length_s > 0.0

    def _sayings(self, heard: Heard) -> list[Saying]:
        """In the device's numbers; the end of an alarm of a fast stream is said after :mod:`finer`.

        What is an alarm only at its end is told of at once, as one that goes on.
        """
        coarse = replace(heard, said=self._numbered(heard.said))
        if heard.stage == "standing":
            self._standing = heard.number
        if not (self.is_fast and heard.said and heard.is_alarm and heard.stage == "closed"):
            return [self._saying(coarse, self.through)]
        self._hear_again(coarse)
        if self._standing == heard.number:
            return []
        self._standing = heard.number
        return [self._saying(replace(coarse, stage="standing"), self.through)]

    def _saying(self, heard: Heard, record: int) -> Saying:
        return Saying(
            read_said(
                {
                    "stage": heard.stage,
                    "number": heard.number,
                    "encounter": heard.said,
                    "instrument": self._instrument[:200],
                    "realm": self._realm,
                    "versions": {"tocsin": tocsin.__version__, "algorithm": ALGORITHM_VERSION},
                }
            ),
            record,
        )

    def _first_of(self, item: int) -> int:
        """Number in the walk of the first record of what the listener calls an item."""
        at = item - self._dropped
        if at < 0 or not self._firsts:
            return item if not self.is_fast else (self._firsts or [0])[0]
        return self._firsts[at] if at < len(self._firsts) else self._walked

    def _in_lane(self, number: int) -> int:
        """Number in the lane of records of one of the walk."""
        lane = number + self._others
        for beside in self._beside_at:
            if beside > lane:
                break
            lane += 1
        return lane

    def _numbered(self, said: dict[str, Any]) -> dict[str, Any]:
        if not said:
            return said
        first, last = self._first_of(said["first_record"]), self._first_of(said["last_record"] + 1)
        return said | {
            "first_record": first,
            "last_record": max(first, last - 1),
            "peak_record": self._first_of(said["peak_record"]),
        }

    def _hear_again(self, coarse: Heard) -> None:
        """Let the records around an alarm be heard at their full rate."""
        if self.listener is None:
            return
        rate = 1.0 / self._length_s
        lead, tail = (min(int(s * rate), MOST_AGAIN) for s in (LEAD_S, TAIL_S))
        begin = max(0, coarse.said["first_record"] - lead)
        end = min(self._walked - 1, coarse.said["last_record"] + tail)
        lane = self._in_lane(begin), self._in_lane(end)
        instrument = self.listener.detector.instrument
        self._finer.append(Finer(coarse, instrument, begin, lane, self.through))

    # ------------------------------------------------------------------ state
    def save(self) -> tuple[dict[str, Any], bytes] | None:
        """Values and state to go on from; None where something is held that they do not cover."""
        if self.listener is None or self._held or self._finer:
            return None
        state, since_s = self.listener.save()
        values = {
            "since_s": since_s,
            "instrument": self._instrument,
            "realm": self._realm,
            "others": self._others,
            "beside_at": list(self._beside_at),
            "walked": self._walked,
            "length_s": self._length_s,
            "dropped": self._dropped,
            # where nothing is summed the numbers follow from one another
            "firsts": list(self._firsts) if self._firsts != self._plain() else None,
        }
        return values, state

    def _plain(self) -> list[int]:
        return list(range(self._dropped, self._dropped + len(self._firsts)))

    @classmethod
    def resumed(cls, through: int, values: dict[str, Any], state: bytes) -> Hearing:
        """Go on where :meth:`save` was called.

        Raises
        ------
        ParseError
            When another version of the detector wrote the state: the records are heard again.
        """
        try:
            self = cls(Listener.resumed(state, values["since_s"]))
            self.through = through
            self._instrument, self._realm = values["instrument"], values["realm"]
            self._others, self._walked = values["others"], values["walked"]
            self._length_s, self._dropped = values["length_s"], values["dropped"]
            self._beside_at = [int(n) for n in values["beside_at"]]
            firsts = values["firsts"]
        except (LookupError, TypeError, ValueError) as error:
            raise ParseError(f"no state of a hearing: {error}", code="detector-state") from error
        heard = self.listener.detector.index + 1 if self.listener is not None else 0
        self._firsts = list(range(self._dropped, heard)) if firsts is None else list(firsts)
        return self


def _add_up(one: Record, other: Record) -> bool:
    """Whether the spectra of two records can be summed channel by channel."""
    return len(one.spectra) == len(other.spectra) and all(
        a.detector == b.detector
        and a.n_channel == b.n_channel
        and (a.calibration is b.calibration or a.calibration == b.calibration)
        for a, b in zip(one.spectra, other.spectra, strict=True)
    )


def summed(records: Sequence[Record]) -> Record:
    """Records of one instrument, one after the other, as one: time of the first, last place."""
    first, last = records[0], records[-1]
    if len(records) == 1:
        return first
    spectra = tuple(_spectrum([r.spectra[k] for r in records]) for k in range(len(first.spectra)))
    place = next((r.position for r in reversed(records) if r.position is not None), None)
    doses = [d for r in records for d in r.dose_rates]
    return Record(
        spectra=spectra,
        start=first.start,
        real_time_s=_total([r.real_time_s or r.live_time_s for r in records]),
        source_type=first.source_type,
        position=place,
        gross_counts=_gross(records),
        dose_rates=(max(doses, key=lambda d: d.dose_rate_uSv_h),) if doses else (),
        count_rates=last.count_rates,
    )


def _spectrum(parts: Sequence[Spectrum]) -> Spectrum:
    counts = parts[0].counts.copy()
    for part in parts[1:]:
        counts = counts + part.counts
    return replace(
        parts[0],
        counts=counts,
        live_time_s=_total([p.live_time_s for p in parts]),
        real_time_s=_total([p.real_time_s for p in parts]),
    )


def _gross(records: Sequence[Record]) -> tuple[GrossCounts, ...]:
    parts: dict[tuple[str, str], list[GrossCounts]] = {}
    for record in records:
        for gross in record.gross_counts:
            parts.setdefault((gross.detector, gross.kind), []).append(gross)
    return tuple(
        GrossCounts(
            detector,
            # None of a detector that wrote nothing in this slice
            _total([g.counts for g in group if g.counts is not None])
            if any(g.counts is not None for g in group)
            else None,
            _total([g.live_time_s for g in group]),
            _total([g.real_time_s for g in group]),
            kind,
        )
        for (detector, kind), group in parts.items()
    )


def _total(values: Sequence[float | None]) -> float | None:
    """Sum; None where one is not known."""
    known = [v for v in values if v is not None]
    return sum(known) if len(known) == len(values) else None
