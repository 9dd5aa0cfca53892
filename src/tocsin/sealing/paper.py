"""Checkpoints on paper: the signed note as a QR code, which nobody can reach over a network.

The code holds the note itself, byte for byte: what is read back from a photograph is checked
like any other checkpoint. Error correction level Q (a quarter of the code may be lost to dirt) is
used, and M where many co-signatures leave no room for it.
"""

from __future__ import annotations

import io

import segno
from segno.encoder import DataOverflowError

from tocsin.errors import InvalidInput
from tocsin.sealing.checkpoint import Checkpoint

_PAGE_WIDTH = 340  # CSS pixels: 90 mm on paper
_BORDER_MODULES = 4  # the quiet zone that ISO/IEC 18004 asks for


def checkpoint_code(checkpoint: Checkpoint) -> segno.QRCode:
    """QR code of a checkpoint with its co-signatures.

    Raises
    ------
    InvalidInput
        When it holds more co-signatures than a code has room for.
    """
    for level in ("q", "m"):
        try:
            return segno.make_qr(
                checkpoint.written().encode("utf-8"), error=level, mode="byte", boost_error=False
            )
        except DataOverflowError:
            continue
    raise InvalidInput("the checkpoint has more co-signatures than one QR code can hold")


def checkpoint_png(checkpoint: Checkpoint, *, scale: int = 6) -> bytes:
    """The code as a picture, ``scale`` points for each module."""
    out = io.BytesIO()
    checkpoint_code(checkpoint).save(out, kind="png", scale=scale, border=_BORDER_MODULES)
    return out.getvalue()


def checkpoint_svg(checkpoint: Checkpoint) -> str:
    """The code as an SVG element for a page: no style, no script, black on white in any theme.

    Its size leaves room for the text beside it on a printed page; with one co-signature a module is
    then some 0.8 mm wide.
    """
    out = io.BytesIO()
    checkpoint_code(checkpoint).save(
        out,
        kind="svg",
        border=_BORDER_MODULES,
        dark="#000000",
        light="#ffffff",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        svgclass=None,
        lineclass=None,
    )
    drawn = out.getvalue().decode("utf-8")
    return drawn.replace("<svg ", f'<svg width="{_PAGE_WIDTH}" height="{_PAGE_WIDTH}" ', 1)
