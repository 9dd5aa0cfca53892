"""The streaming detector: records in, encounters out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tocsin.detection.background import BackgroundTracker
from tocsin.detection.bank import ShapeBank, build_bank
from tocsin.detection.encounters import (
    BackgroundSnapshot,
    CloseReason,
    DataGap,
    DetectorEvent,
    EncounterClosed,
    EncounterOpened,
    EncounterUpdated,
    OpenEncounter,
    RecordScored,
    close_encounter,
)
from tocsin.detection.quality import DispersionTracker
from tocsin.detection.scoring import Scorer, Verdict
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Grid, Slice
from tocsin.detection.state import (
    Arrays,
    Values,
    get_encounter,
    get_slices,
    instrument_from,
    instrument_values,
    pack,
    put_encounter,
    put_slices,
    settings_from,
    settings_values,
    unpack,
)
from tocsin.errors import InvalidInput, ParseError
from tocsin.spectra import Instrument, Record

__all__ = ["ALGORITHM_VERSION", "Detector", "DetectorSettings"]

ALGORITHM_VERSION = "1"

_TOTAL_BEFORE = 10.0  # times the usual length of a record: a total, not a record of the walk
_WARM_UP_OUTLIER = 3.5  # score above which a warm-up record is left out of the first background


class Detector:
    """Finds encounters in a stream of records, one record at a time.

    Parameters
    ----------
    instrument : Instrument
        What is known of the instrument; chooses the response behind the shapes.
    settings : DetectorSettings, optional
        The same defaults serve all instruments.

    Notes
    -----
    The first ``settings.warm_up_s`` seconds are held back, give the first background (records that
    stand out are left out of it) and are then judged like all others, so a source in the warm-up is
    still noticed unless it fills it. After that every record is judged when it comes.
    """

    def __init__(self, instrument: Instrument, settings: DetectorSettings | None = None) -> None:
        self.instrument = instrument
        self.settings = settings or DetectorSettings()
        self.index = -1
        self.encounters = 0
        self.grid: Grid | None = None
        self.bank: ShapeBank | None = None
        self._tracker: BackgroundTracker | None = None
        self._scorer: Scorer | None = None
        self._warming: list[Slice] = []
        self._seeds: list[Slice] = []
        self._recent: deque[Slice] = deque()
        self._open: OpenEncounter | None = None
        self._dispersion = DispersionTracker()
        self._neutrons = 0.0
        self._silent: list[int] = []
        self._silent_expected = 0.0

    @property
    def dispersion(self) -> DispersionTracker:
        """What is known of the variance of the counts over their mean."""
        return self._dispersion

    # ------------------------------------------------------------------ input
    @property
    def is_learning(self) -> bool:
        """Whether the first background is not known yet: nothing can be an event before that."""
        return self._scorer is None

    def push(self, record: Record) -> list[DetectorEvent]:
        """Judge one record; returns what happened, in order of time (often one score, or nothing).

        Records must come in the order of time. While the first background is being learnt nothing
        is returned; the events of the held-back records then come together.
        """
        self.index += 1
        if not record.spectra and not any(g.kind != "neutron" for g in record.gross_counts):
            # some systems write neutrons as records of their own: they join the next gamma record
            self._neutrons += record.neutron_counts or 0.0
            return []
        if self.grid is None:
            self._begin(record)
        item = self._grid().reduce(record, self.index)
        if self._neutrons:
            item = replace(item, neutrons=(item.neutrons or 0.0) + self._neutrons)
            self._neutrons = 0.0
        if self._scorer is not None:
            return self._judge(item, learn=True)
        self._warming.append(item)
        usable = [s for s in self._warming if s.live_time_s > 0]
        if (
            len(usable) >= self.settings.warm_up_records
            and sum(s.live_time_s for s in usable) >= self.settings.warm_up_s
        ):
            return self._start()
        return []

    def finish(self) -> list[DetectorEvent]:
        """End of the data: judge what is held back and close an open encounter."""
        events: list[DetectorEvent] = []
        if self._scorer is None and any(s.live_time_s > 0 for s in self._warming):
            events += self._start()
        if self._open is not None:
            events += self._close("end of data")
        return events

    def so_far(self) -> EncounterClosed | None:
        """The open encounter as it would be told if the data ended here; None where none is open.

        Nothing changes by it: a live screen asks while the encounter goes on.
        """
        if self._open is None or self._scorer is None:
            return None
        return close_encounter(
            self._open,
            threshold=self._scorer.threshold,
            false_alarm_rate_per_h=self.settings.false_alarm_rate_per_h,
            reason="end of data",
        )

    def seed(self, records: Sequence[Record]) -> None:
        """Give a background measured beforehand, before the first record is pushed.

        It stands for at most one shortest memory of records in the first background and is
        forgotten at the usual pace.

        Raises
        ------
        InvalidInput
            When records have been pushed already or none of these holds a spectrum.
        """
        with_spectra = [r for r in records if r.spectra]
        if self.index >= 0 or not with_spectra:
            raise InvalidInput("a background is given before the first record, with its spectra")
        if self.grid is None:
            self._begin(with_spectra[0])
        grid = self._grid()
        self._seeds = [grid.reduce(r, -1) for r in with_spectra]

    # ------------------------------------------------------------------ state
    def save(self) -> bytes:
        """State as bytes (NPZ, no pickles): :meth:`load` continues exactly from here."""
        values: Values = {
            "algorithm": ALGORITHM_VERSION,
            "settings": settings_values(self.settings),
            "instrument": instrument_values(self.instrument),
            "index": self.index,
            "encounters": self.encounters,
            "calibrated": self.grid.calibrated if self.grid is not None else None,
            "neutrons": self._neutrons,
            "silent": self._silent,
            "silent_expected": self._silent_expected,
        }
        arrays: Arrays = {}
        if self.grid is not None and self.grid.calibrated:
            arrays["fine_edges"] = self.grid.fine_edges_keV
        put_slices("warming", self._warming, values, arrays)
        put_slices("seeds", self._seeds, values, arrays)
        put_slices("recent", list(self._recent), values, arrays)
        self._dispersion.save(values, arrays)
        if self._tracker is not None and self._scorer is not None:
            self._tracker.save(values, arrays)
            put_slices("pending", list(self._tracker.pending), values, arrays)
            self._scorer.save(values, arrays)
        if self._open is not None:
            put_encounter(self._open, values, arrays)
        return pack(values, arrays)

    @classmethod
    def load(cls, state: bytes) -> Detector:
        """Detector that continues exactly where :meth:`save` was called.

        Raises
        ------
        ParseError
            When the bytes are no state, or one of another version of the algorithm.
        """
        values, arrays = unpack(state)
        if values["algorithm"] != ALGORITHM_VERSION:
            raise ParseError(
                f"detector state of algorithm {values['algorithm']}, this is {ALGORITHM_VERSION}: "
                "start a new detector",
                code="detector-state",
            )
        self = cls(instrument_from(values["instrument"]), settings_from(values["settings"]))
        self.index = values["index"]
        self.encounters = values["encounters"]
        self._neutrons = values["neutrons"]
        self._silent = list(values["silent"])
        self._silent_expected = values["silent_expected"]
        if values["calibrated"] is None:
            return self
        self._set_grid(Grid(arrays.get("fine_edges"), self.settings))
        grid = self._grid()
        self._warming = get_slices("warming", values, arrays, grid)
        self._seeds = get_slices("seeds", values, arrays, grid)
        self._recent = deque(get_slices("recent", values, arrays, grid))
        self._dispersion.restore(values, arrays)
        if "tracker" in values:
            self._tracker = self._new_tracker(values["scorer"]["record_s"])
            self._tracker.restore(values, arrays, get_slices("pending", values, arrays, grid))
            self._scorer = Scorer(
                grid, self.bank, self.settings, record_s=values["scorer"]["record_s"]
            )
            self._scorer.restore(values, arrays)
        self._open = get_encounter(values, arrays, grid)
        return self

    def _grid(self) -> Grid:
        if self.grid is None:  # set by the first record with counts
            raise RuntimeError("detector has no grid yet")
        return self.grid

    def _begin(self, record: Record) -> None:
        self._set_grid(Grid.for_record(record, self.settings))

    def _set_grid(self, grid: Grid) -> None:
        self.grid = grid
        self.bank = build_bank(self.instrument, self.grid) if self.grid.calibrated else None

    # ---------------------------------------------------------------- warm-up
    def _new_tracker(self, record_s: float) -> BackgroundTracker:
        grid = self._grid()
        prior = np.ones(1) if self.bank is None else self.bank.prior_shape
        guard_s = max(self.settings.window_s[-1], record_s)
        return BackgroundTracker(
            grid.fine_edges_keV.size - 1, prior, self.settings, guard_s=guard_s
        )

    def _start(self) -> list[DetectorEvent]:
        """First background from the held-back records, then judge them."""
        usable = [s for s in self._warming if s.live_time_s > 0 and s.total > 0]
        if not usable:
            return []
        record_s = float(np.median([s.live_time_s for s in usable]))
        if usable[0].live_time_s > _TOTAL_BEFORE * record_s:
            # cumulative logs begin with the total of all that was measured before
            self._warming.remove(usable.pop(0))
        for item in usable:
            self._dispersion.update(item)
        scorer = Scorer(self._grid(), self.bank, self.settings, record_s=record_s)
        kept = self._settled(usable, scorer, record_s)
        self._tracker = self._learn(kept, record_s)
        self._scorer = scorer
        scorer.measure(self._tracker, self._dispersion.dispersion)
        held, self._warming = self._warming, []
        learnt = {s.index for s in kept}
        events: list[DetectorEvent] = []
        for item in held:
            events += self._judge(item, learn=item.index not in learnt)
        return events

    def _learn(self, items: Sequence[Slice], record_s: float) -> BackgroundTracker:
        tracker = self._new_tracker(record_s)
        tracker.absorb_seeds(self._seeds)
        for item in items:
            tracker.absorb(item)
        return tracker

    def _settled(self, items: list[Slice], scorer: Scorer, record_s: float) -> list[Slice]:
        """Records of the warm-up that look like one background: no high rate, no odd shape."""
        rates = np.array([s.rate_cps for s in items])
        live = np.array([s.live_time_s for s in items])
        middle = float(np.median(rates))
        noise = np.sqrt(max(middle, 1e-9) * self._dispersion.dispersion / live)
        spread = max(1.4826 * float(np.median(np.abs(rates - middle))), 1e-9)
        keep = rates <= middle + 2.0 * np.maximum(noise, spread)
        kept = [s for s, k in zip(items, keep, strict=True) if k]
        tracker = self._learn(kept, record_s)
        odd = scorer.odd_records(items, tracker, self._dispersion.dispersion, _WARM_UP_OUTLIER)
        calm = [s for s in kept if s.index not in odd]
        return calm if len(calm) >= max(3, len(items) // 4) else kept

    # ---------------------------------------------------------------- judging
    def _judge(self, item: Slice, *, learn: bool) -> list[DetectorEvent]:
        tracker, scorer = self._tracker, self._scorer
        if tracker is None or scorer is None:
            raise RuntimeError("detector has no background yet")
        if item.live_time_s <= 0:
            return [DataGap(item.index, overload=False, timeless=True)] if item.total > 0 else []
        silence = self._silence(item, tracker)
        if silence:
            return silence
        self._recent.append(item)
        verdict = scorer.judge(self._recent, tracker, self._dispersion.dispersion)
        events: list[DetectorEvent] = [
            RecordScored(
                record=item.index,
                gross_rate_cps=item.total / item.live_time_s,
                background_rate_cps=tracker.gross_cps * item.total / max(item.gross, 1.0)
                if item.gross > 0
                else tracker.gross_cps,
                statistic=verdict.statistic,
                threshold=scorer.threshold,
                neutron_rate_cps=None
                if item.neutrons is None
                else item.neutrons / item.live_time_s,
            )
        ]
        events += self._follow(item, verdict)
        quiet = self._open is None or not (self._open.spectral or self._open.neutron)
        if quiet and verdict.spectral < scorer.threshold:
            scorer.learn_spread(verdict)
            if learn:
                self._dispersion.update(item)
                tracker.wait(item)
        else:
            self._dispersion.interrupt()
        self._forget()
        return events

    def _silence(self, item: Slice, tracker: BackgroundTracker) -> list[DetectorEvent]:
        """Gaps, when a record without counts, or a run of them, cannot be chance.

        Records at the beginning of such a run may have been judged already; they are named too, and
        what they would have told the background is forgotten.
        """
        if item.total > 0:
            self._silent, self._silent_expected = [], 0.0
            return []
        # where the last record had a high rate, silence is an overload even over a weak background
        before_cps = 0.1 * self._recent[-1].rate_cps if self._recent else 0.0
        self._silent_expected += max(tracker.gross_cps, before_cps) * item.live_time_s
        self._silent.append(item.index)
        if self._silent_expected <= self.settings.gap_expected_counts:
            return []
        # the sum stays, so that the next silent record is a gap at once
        run, self._silent = self._silent, []
        tracker.drop_pending_from(run[0])
        while self._recent and self._recent[-1].index >= run[0]:
            self._recent.pop()
        self._dispersion.interrupt()
        overload = self._is_overload(tracker)
        return [DataGap(record, overload) for record in run]

    def _is_overload(self, tracker: BackgroundTracker) -> bool:
        """Whether silence follows a flood; an open encounter then stays open."""
        if self._open is None:
            return False
        counted = [s for s in self._open.slices if s.total > 0]
        overload = bool(counted) and counted[-1].rate_cps > 5.0 * max(tracker.gross_cps, 1e-9)
        self._open.overloaded |= overload
        if overload:
            self._open.quiet_s = 0.0
        return overload

    def _follow(self, item: Slice, verdict: Verdict) -> list[DetectorEvent]:
        """Open, update or close an encounter."""
        scorer = self._scorer
        if scorer is None:
            raise RuntimeError("detector has no background yet")
        events: list[DetectorEvent] = []
        if self._open is None:
            if verdict.statistic >= scorer.threshold:
                events.append(self._begin_encounter(item, verdict))
            return events
        state = self._open
        state.slices.append(item)
        state.length_s += item.real_time_s
        if verdict.statistic >= scorer.threshold * self.settings.hold_fraction:
            state.quiet_s = 0.0
            if verdict.statistic >= scorer.threshold or state.last_record >= item.index - 1:
                state.last_record = item.index
        else:
            state.quiet_s += item.real_time_s
        if verdict.statistic >= scorer.threshold:
            self._mark(state, verdict)
            state.last_record = item.index
            if verdict.statistic > state.statistic:
                self._strongest(state, verdict)
                events.append(
                    EncounterUpdated(
                        state.number, item.index, verdict.statistic, scorer.threshold, verdict.name
                    )
                )
        if state.quiet_s >= self.settings.merge_gap_s:
            events += self._close("ended")
        elif state.length_s >= self.settings.longest_encounter_s:
            events += self._close("lasting change")
        return events

    def _begin_encounter(self, item: Slice, verdict: Verdict) -> EncounterOpened:
        tracker, scorer = self._tracker, self._scorer
        if tracker is None or scorer is None:
            raise RuntimeError("detector has no background yet")
        self.encounters += 1
        first = self._recent[-verdict.records].index
        state = OpenEncounter(
            number=self.encounters,
            first_record=first,
            last_record=item.index,
            statistic=0.0,
            statistic_name=verdict.name,
            template="",
            weights=np.ones(self._grid().n_bin),
            background=BackgroundSnapshot(
                rate_cps=tracker.rate_cps,
                fine_rate_cps=tracker.fine_rate_cps,
                effective_time_s=tracker.effective_time_s,
                dispersion=self._dispersion.dispersion,
                neutron_cps=tracker.neutron_cps,
            ),
            slices=list(self._recent),
            length_s=sum(s.real_time_s for s in self._recent if s.index >= first),
        )
        self._mark(state, verdict)
        self._strongest(state, verdict)
        self._open = state
        return EncounterOpened(
            state.number, item.index, verdict.statistic, scorer.threshold, verdict.name
        )

    def _mark(self, state: OpenEncounter, verdict: Verdict) -> None:
        """Note which statistics have crossed; a spectral or neutron one freezes the background."""
        threshold = self._scorer.threshold if self._scorer is not None else 0.0
        state.neutron_statistic = max(state.neutron_statistic, verdict.neutron)
        if verdict.neutron >= threshold:
            state.neutron = True
        if verdict.spectral >= threshold:
            state.spectral = True
        if (state.neutron or state.spectral) and self._tracker is not None:
            self._tracker.drop_pending_from(state.first_record)

    def _strongest(self, state: OpenEncounter, verdict: Verdict) -> None:
        state.statistic = verdict.statistic
        state.statistic_name = verdict.name
        state.template = verdict.template
        if verdict.weights is not None:
            state.weights = verdict.weights

    def _close(self, reason: CloseReason) -> list[DetectorEvent]:
        state, scorer = self._open, self._scorer
        if state is None or scorer is None:
            return []
        self._open = None
        closed = close_encounter(
            state,
            threshold=scorer.threshold,
            false_alarm_rate_per_h=self.settings.false_alarm_rate_per_h,
            reason=reason,
        )
        frozen = state.spectral or state.neutron
        after = [s for s in state.slices if s.index > closed.last_record]
        if reason == "lasting change":
            record_s = scorer.record_s
            self._tracker = self._learn(state.slices[-self.settings.warm_up_records :], record_s)
            self._recent.clear()
        elif frozen and self._tracker is not None:
            for item in after:
                self._tracker.wait(item)
        return [closed]

    def _forget(self) -> None:
        """Keep only as many past records as windows and positions need."""
        keep_s = self.settings.shoulder_s
        total = sum(s.real_time_s for s in self._recent)
        while len(self._recent) > 1 and total - self._recent[0].real_time_s > keep_s:
            total -= self._recent.popleft().real_time_s
