"""Photographs are drawn anew in a confined process, and nothing but their points comes over."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hostile_pictures import (
    SECRET,
    chunk,
    exif,
    jpeg,
    png,
    points,
    telling,
    unreadable,
    with_chunk,
    with_segment,
)
from PIL import Image

from tocsin.errors import ParseError
from tocsin.formats import Reader
from tocsin.formats.bare_picture import bare_picture
from tocsin.formats.clean_picture import LONGEST_SIDE_PX, THUMBNAIL_PX
from tocsin.formats.confined_picture import PICTURE_LIMITS, believed, redraw
from tocsin.formats.limits import Limits

TELLING = dict(telling())
UNREADABLE = dict(unreadable())
SECONDS = 25.0


def test_there_are_forty_hostile_pictures() -> None:
    assert len(TELLING) + len(UNREADABLE) >= 40
    # what is to be gone stands in them, or the test below would see nothing
    plain = [name for name, data in TELLING.items() if SECRET not in data and b"Exif" not in data]
    # the text of these is packed, or is no text
    assert set(plain) <= {"time.png", "transparent.png", "sixteen-bits.png", "palette.png"} | {
        "text.png",
        "icc.png",
    }


@pytest.mark.parametrize("name", sorted(TELLING))
def test_nothing_but_the_points_comes_over(name: str) -> None:
    drawn = redraw(TELLING[name])
    for content in (drawn.content, drawn.thumbnail):
        for word in (SECRET, b"Exif", b"http", b"<script", b"PK\x03\x04", b"%PDF", b"Photoshop"):
            assert word not in content, word
        again = Image.open(io.BytesIO(content))
        assert dict(again.getexif()) == {}
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert getattr(again, "n_frames", 1) == 1
        bare_picture(content)


@pytest.mark.parametrize("name", sorted(UNREADABLE))
def test_what_cannot_be_read_is_refused_in_one_line_and_in_time(name: str) -> None:
    start = time.monotonic()
    with pytest.raises(ParseError) as refused:
        redraw(UNREADABLE[name])
    assert time.monotonic() - start < SECONDS
    assert "\n" not in str(refused.value)
    assert "\x00" not in str(refused.value)
    assert refused.value.code != "crashed", "the reader itself should say what is wrong"


def test_the_points_stay_what_they_were() -> None:
    before = points()
    after = Image.open(io.BytesIO(redraw(png(before)).content))
    assert np.array_equal(np.asarray(before), np.asarray(after.convert("RGB")))


def test_a_picture_that_lies_on_its_side_is_put_upright() -> None:
    # the top left corner is red; the camera says: turn by 90 degrees clockwise
    lying = Image.new("RGB", (80, 40), "blue")
    lying.paste("red", (0, 0, 20, 20))
    drawn = redraw(jpeg(lying, exif=exif(turned=6), quality=95))
    assert (drawn.what.width_px, drawn.what.height_px) == (40, 80)
    upright = Image.open(io.BytesIO(drawn.content)).convert("RGB")
    red, _green, blue = upright.getpixel((35, 5))
    assert red > 200
    assert blue < 60


def test_a_large_picture_becomes_smaller_and_keeps_its_shape() -> None:
    drawn = redraw(jpeg(Image.new("RGB", (6000, 3000), "green")))
    assert (drawn.what.width_px, drawn.what.height_px) == (LONGEST_SIDE_PX, LONGEST_SIDE_PX // 2)
    small = bare_picture(drawn.thumbnail)
    assert (small.width_px, small.height_px) == (THUMBNAIL_PX, THUMBNAIL_PX // 2)


def test_more_than_the_limit_is_not_even_given_to_the_child() -> None:
    with pytest.raises(ParseError, match="MiB"):
        redraw(b"\xff\xd8\xff" + b"\0" * PICTURE_LIMITS.max_bytes)


def test_a_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 20\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    with pytest.raises(ParseError) as refused:
        redraw(jpeg(), limits=Limits(wall_s=1))
    assert refused.value.code == "timeout"


def packed(content: bytes, thumbnail: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content + thumbnail


@pytest.mark.parametrize(
    "content",
    [
        with_segment(0xE1, b"Exif\0\0" + SECRET),
        with_segment(0xFE, SECRET),
        with_segment(0xE2, b"ICC_PROFILE\0" + SECRET),
        jpeg() + SECRET,
        jpeg() + jpeg(),
        jpeg()[:-2],
        jpeg(progressive=True),
        with_chunk(b"tEXt", b"Comment\0" + SECRET),
        with_chunk(b"eXIf", exif()),
        png() + SECRET,
        png()[:-12],
        png()[:33] + chunk(b"IHDR", png()[16:29]) + png()[33:],
        b"<html>",
        b"",
    ],
)
def test_an_answer_that_is_more_than_a_picture_is_not_believed(content: bytes) -> None:
    good = jpeg(points(32, 32))
    believed(packed(good, good))
    with pytest.raises(ParseError):
        believed(packed(content, good))
    with pytest.raises(ParseError):
        believed(packed(good, content))


def test_a_child_that_does_not_keep_to_the_sizes_is_not_believed() -> None:
    small, large = jpeg(points(32, 32)), jpeg(points(LONGEST_SIDE_PX + 1, 8))
    with pytest.raises(ParseError):
        believed(packed(large, small))
    with pytest.raises(ParseError):
        believed(packed(small, jpeg(points(THUMBNAIL_PX + 1, 8))))


ATTEMPT = """
import os, socket
import tocsin.formats.confined_picture as child
from tocsin.errors import ParseError

def attempt(data):
    done = []
    for name, work in (
        ("file", lambda: open("/etc/passwd")),
        ("network", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
        ("process", os.fork),
    ):
        try:
            work()
        except (OSError, ValueError) as error:
            done.append(f"{name}={type(error).__name__}")
        else:
            done.append(f"{name}=open")
    raise ParseError(" ".join(done))

child.clean_picture = attempt
raise SystemExit(child.main())
"""


def test_the_decoder_has_neither_files_nor_network_nor_processes() -> None:
    with Reader() as reader:
        layers = reader.status()
    if not (layers["system_call_filter"] and layers["no_files"]):
        pytest.skip("this machine does not grant the system-call filter or Landlock")
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPT], input=jpeg(), capture_output=True, check=False, timeout=30
    )
    said = done.stdout.decode()
    assert "file=" in said
    assert "=open" not in said, said
