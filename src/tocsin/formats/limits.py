"""How much a file may ask for: size, memory, time, records."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.errors import InvalidInput

MiB = 1 << 20
_HEADER_BYTES = 256  # a record with time, place and two detectors takes about 200


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file and on the worker that reads it.

    The figures are choices of this project, not of a standard: the online set keeps a server with
    many clients responsive, the offline set lets one person open a day of recordings.

    Parameters
    ----------
    max_bytes : int
        Largest file.
    memory_bytes : int
        Address space of the worker (``RLIMIT_AS``).
    cpu_s, wall_s : int
        Processor time (``RLIMIT_CPU``) and clock time of the worker.
    max_values : int
        Channels of all spectra together, after the expansion of counted zeroes.
    max_records : int
        Records, spectra and count readings together: each costs the caller some 30 us and some
        100 bytes of answer, however little of the file it takes.
    max_depth : int
        Nesting of XML elements; N42 needs fewer than a dozen.
    rss_fraction : float
        Share of ``memory_bytes`` beyond which an answer is not believed to be complete.
    """

    max_bytes: int = 16 * MiB
    memory_bytes: int = 768 * MiB
    cpu_s: int = 10
    wall_s: int = 15
    max_values: int = 1 << 24
    max_records: int = 150_000
    max_depth: int = 64
    rss_fraction: float = 0.8

    def __post_init__(self) -> None:
        for name in (
            "max_bytes",
            "memory_bytes",
            "cpu_s",
            "wall_s",
            "max_values",
            "max_records",
            "max_depth",
        ):
            if getattr(self, name) < 1:
                raise InvalidInput(f"{name} must be at least 1, not {getattr(self, name)!r}")
        if not 0.0 < self.rss_fraction <= 1.0:
            raise InvalidInput(f"rss_fraction must lie in (0, 1], not {self.rss_fraction!r}")

    @property
    def max_answer_bytes(self) -> int:
        """Largest answer that is accepted from the worker."""
        return 8 * self.max_values + self.max_header_bytes

    @property
    def max_header_bytes(self) -> int:
        """Largest part of an answer that is text: names, times, remarks, warnings."""
        return _HEADER_BYTES * self.max_records


ONLINE = Limits()
OFFLINE = Limits(
    max_bytes=256 * MiB,
    memory_bytes=4096 * MiB,
    cpu_s=120,
    wall_s=180,
    max_values=1 << 27,
    max_records=1_000_000,
)


def limits_for(size_bytes: int) -> Limits:
    """``ONLINE`` for what fits into it, ``OFFLINE`` for larger files."""
    return ONLINE if size_bytes <= ONLINE.max_bytes else OFFLINE
