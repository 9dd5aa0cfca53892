"""Warnings gathered while reading: one per kind, with the number of times it was met."""

from __future__ import annotations

from dataclasses import dataclass, field

from tocsin.spectra import RecordingWarning


@dataclass(slots=True)
class Notes:
    """Collects what a reader of the recording should know, without repeating it per record."""

    _messages: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, code: str, message: str) -> None:
        """Note a kind of trouble; the first message of each kind is kept."""
        first, times = self._messages.get(code, (message, 0))
        self._messages[code] = (first, times + 1)

    def warnings(self) -> tuple[RecordingWarning, ...]:
        """One warning per kind, in the order in which they were first met."""
        return tuple(
            RecordingWarning(code, message if times == 1 else f"{message} ({times} times)")
            for code, (message, times) in self._messages.items()
        )
