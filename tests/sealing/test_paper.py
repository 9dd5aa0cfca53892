"""Checkpoints on paper: printed, photographed, read back, and found again by the verifier."""

from __future__ import annotations

import io

import numpy as np
import pytest
from logs_by_hand import LOG_KEY, WITNESS_KEY
from PIL import Image

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.confined_qr import qr_texts
from tocsin.formats.limits import Limits
from tocsin.sealing import Checkpoint, SigningKey
from tocsin.sealing.paper import checkpoint_code, checkpoint_png, checkpoint_svg


def a_checkpoint(*, witnesses: int = 0) -> Checkpoint:
    made = Checkpoint.sign(size=20_852_163, root=bytes(range(32)), key=LOG_KEY)
    for n in range(witnesses):
        made = made.cosigned(SigningKey(f"w{n}.example", bytes(32), 4), time_s=1_700_000_000 + n)
    return made


def photographed(png: bytes) -> bytes:
    """A print seen a little askew, grey, noisy and saved as JPEG."""
    rng = np.random.default_rng(5)
    with Image.open(io.BytesIO(png)) as picture:
        page = Image.new("L", (picture.width + 200, picture.height + 200), 235)
        page.paste(picture.convert("L"), (90, 110))
    turned = page.rotate(7, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=235)
    noisy = np.asarray(turned, float) * 0.7 + 30 + rng.normal(0, 8, turned.size[::-1])
    out = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=70)
    return out.getvalue()


def test_a_photographed_print_is_the_checkpoint_that_was_signed() -> None:
    made = a_checkpoint(witnesses=2)
    texts = qr_texts(photographed(checkpoint_png(made)))
    assert texts == [made.written().encode()]
    assert Checkpoint.open(texts[0], LOG_KEY.verifier) == made


def test_a_dirty_print_is_still_read() -> None:
    """A tenth of the code is torn off at an edge that has no finder pattern: level Q mends it."""
    made = a_checkpoint()
    with Image.open(io.BytesIO(checkpoint_png(made))) as picture:
        page = picture.convert("L")
    side = page.width
    page.paste(255, (side * 55 // 100, side * 60 // 100, side * 75 // 100, side * 80 // 100))
    out = io.BytesIO()
    page.save(out, "PNG")
    assert qr_texts(out.getvalue()) == [made.written().encode()]


def test_many_cosignatures_take_less_correction_and_too_many_are_refused() -> None:
    assert checkpoint_code(a_checkpoint()).error == "Q"
    assert checkpoint_code(a_checkpoint(witnesses=16)).error == "M"
    with pytest.raises(InvalidInput, match="more co-signatures"):
        checkpoint_code(a_checkpoint(witnesses=40))


def test_the_drawing_for_a_page_has_no_style_and_no_script() -> None:
    svg = checkpoint_svg(a_checkpoint())
    assert svg.startswith("<svg ")
    for forbidden in ("style", "script", "<?xml", "class=", "href"):
        assert forbidden not in svg


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\nno picture", b"\xff\xd8\xff" + bytes(99)])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError):
        qr_texts(data)


def test_a_picture_has_a_size_limit_and_a_blank_one_holds_nothing() -> None:
    out = io.BytesIO()
    Image.new("L", (50, 50), 255).save(out, "PNG")
    assert qr_texts(out.getvalue()) == []
    with pytest.raises(ParseError, match="too large"):
        qr_texts(out.getvalue(), limits=Limits(max_bytes=10))


def test_the_reader_of_codes_cannot_open_files() -> None:
    """The same child, asked to open a file after it confined itself, is stopped."""
    import subprocess
    import sys

    code = (
        "import os\n"
        "from tocsin.formats import confinement, qr_image\n"
        "from tocsin.formats.limits import Limits\n"
        "qr_image.warm_up()\n"
        "layers = confinement.confine(Limits())\n"
        "try:\n"
        "    open('/etc/passwd').read()\n"
        "    os._exit(9 if layers['no_files'] or layers['system_call_filter'] else 0)\n"
        "except OSError:\n"
        "    os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode in (0, -31)


def test_a_witnessed_checkpoint_reads_back_with_its_witness() -> None:
    made = a_checkpoint().cosigned(WITNESS_KEY, time_s=77)
    text = qr_texts(checkpoint_png(made))[0]
    assert Checkpoint.open(text, LOG_KEY.verifier).witnessed_at(WITNESS_KEY.verifier) == [77]
