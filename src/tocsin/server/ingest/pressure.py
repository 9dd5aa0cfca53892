"""How much is taken: a share for each device, and what is left undone when too much comes.

The order is fixed: the map is drawn less often first; then records wait on their devices, which
keep them; alarms are always taken, and before everything else. Only a device that sends more alarms
than any true one has waits with what is beyond. Nothing is lost by it. Pure but for the clock that
is handed in.
"""

from __future__ import annotations

from collections import OrderedDict, deque

QUOTA_BYTES_S = 512 << 10
QUOTA_BURST_BYTES = 16 << 20
"""A device that was offline brings an hour at once; 10 records a second take some 10 kB."""
ALARM_BURST_BYTES = 2 << 20
ALARM_BYTES_S = 16 << 10
"""Of alarms, some 2 kB each: a thousand at once after a day without a network, and 8 a second."""
MOST_DEVICES = 10_000
MAP_WAIT_S = 0.4
"""A message that waits longer than this shows that too much comes."""
WAIT_S = 0.8
"""So much work may wait: what comes beyond stays with its device."""
LEAST_WAITING = 32
CALM_S = 5.0
"""So long nothing must have waited before it is said that all is well again."""
MEASURED_OVER = 50


class Quotas:
    """Bytes that each device may still send; full again after a while of silence.

    Parameters
    ----------
    burst_bytes, bytes_s : int, optional
        At once, and in a second on end; by default those of records.
    """

    def __init__(self, burst_bytes: int | None = None, bytes_s: int | None = None) -> None:
        self._burst = float(QUOTA_BURST_BYTES if burst_bytes is None else burst_bytes)
        self._bytes_s = QUOTA_BYTES_S if bytes_s is None else bytes_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, device: str, at_s: float) -> bool:
        """Whether this device has anything left; only what it signed itself was charged."""
        return self._of(device, at_s) > 0.0

    def charge(self, device: str, size: int, at_s: float) -> None:
        """Count a message that was verified."""
        self._left[device] = (self._of(device, at_s) - size, at_s)
        self._left.move_to_end(device)
        while len(self._left) > MOST_DEVICES:
            self._left.popitem(last=False)

    def _of(self, device: str, at_s: float) -> float:
        left, since_s = self._left.get(device, (self._burst, at_s))
        return min(self._burst, left + (at_s - since_s) * self._bytes_s)


class Pressure:
    """What is left undone now."""

    def __init__(self) -> None:
        self._groups: deque[tuple[int, float]] = deque(maxlen=MEASURED_OVER)
        self._waited_s = -CALM_S
        self._turned_away_s = self._alarm_s = -CALM_S
        self.turned_away = 0
        """Messages since the last time that records were taken without any waiting."""

    def wrote(self, messages: int, took_s: float, waited_s: float, at_s: float) -> None:
        """A group was written, the oldest message of which had waited so long before."""
        self._groups.append((messages, took_s))
        if waited_s > MAP_WAIT_S:
            self._waited_s = at_s

    @property
    def most_waiting(self) -> int:
        """Messages that are written within :data:`WAIT_S`, as fast as it went lately."""
        messages = sum(n for n, _took in self._groups)
        took_s = sum(took for _n, took in self._groups)
        return max(LEAST_WAITING, int(WAIT_S * messages / took_s)) if took_s > 0 else 10**6

    def takes(self, waiting: int, at_s: float) -> bool:
        """Whether another message with records is taken while so many wait."""
        if waiting < self.most_waiting:
            return True
        self._turned_away_s = at_s
        self.turned_away += 1
        return False

    def turn_alarm_away(self, at_s: float) -> None:
        """An alarm was beyond the share of its device."""
        self._alarm_s = at_s

    def sheds(self, at_s: float) -> tuple[str, ...]:
        """What is left undone: nothing, ``map``, or ``map`` and ``background``; ``one`` beside."""
        one = ("one",) if at_s - self._alarm_s < CALM_S else ()
        if at_s - self._turned_away_s < CALM_S:
            return ("map", "background", *one)
        return ("map", *one) if at_s - self._waited_s < CALM_S else one
