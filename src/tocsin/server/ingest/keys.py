"""Keys of the devices that may send, in memory: who signed a message is known before it waits.

A signature that was seen here is not computed again, but counts only where the device has the same
key in the database when its message is kept; one that was revoked meanwhile lets nothing in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tocsin.errors import InvalidInput
from tocsin.field.envelope import Envelope
from tocsin.sealing import VerifierKey

Ask = Callable[[], Iterable[tuple[str, str]]]


def enrolled() -> list[tuple[str, str]]:
    """Fingerprint and public key of each device that was not revoked."""
    from tocsin.server.ingest.models import Device

    return list(
        Device.objects.filter(revoked_at=None)
        .order_by()
        .values_list("fingerprint", "public_key")
        .iterator()
    )


class Keys:
    """Keys of devices, as they were when they were last asked for.

    Parameters
    ----------
    ask : callable
        Gives fingerprint and public key of every device that may send.
    """

    def __init__(self, ask: Ask = enrolled) -> None:
        self._ask = ask
        self._known: dict[str, tuple[str, VerifierKey]] = {}

    def renew(self) -> None:
        """Ask again: devices were enrolled or revoked."""
        known = self._known
        renewed = {}
        for device, text in self._ask():
            found = known.get(device)
            if found is None or found[0] != text:
                try:
                    found = (text, VerifierKey.parse(text))
                except InvalidInput:
                    continue  # what it sends is doubted, and refused by itself
            renewed[device] = found
        self._known = renewed

    def signer(self, envelope: Envelope) -> str:
        """Public key by which the device that an envelope names signed it; empty: it did not."""
        found = self._known.get(envelope.header.device)
        # the body as well: a header that was overheard would carry anything else past the others
        if found is None or not envelope.is_by(found[1]) or not envelope.is_whole:
            return ""
        return found[0]
