"""A white sheet to draw on: drawn at twice its size and reduced, so that lines and letters are smooth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "LIGHT",
    "PALETTE",
    "VERMILLION",
    "Canvas",
    "Colour",
    "shorten",
    "text_width",
]

Colour = tuple[int, int, int]
Point = tuple[float, float]

INK: Colour = (34, 34, 34)
GREY: Colour = (110, 110, 110)
LIGHT: Colour = (222, 222, 222)
BLUE: Colour = (0, 114, 178)
VERMILLION: Colour = (213, 94, 0)
PALETTE: tuple[Colour, ...] = (
    BLUE,
    VERMILLION,
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (0, 0, 0),
    (150, 110, 60),
)

_SCALE = 2


class Canvas:
    """`width` x `height` pixels; all places and sizes are in these pixels, from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = round(width), round(height)
        self._image = Image.new("RGB", (self.width * _SCALE, self.height * _SCALE), "white")
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 13,
        anchor: str = "la",
        colour: Colour = INK,
        upwards: bool = False,
    ) -> None:
        """`anchor`: which point of the text is at (x, y), as PIL spells it; of a text written upwards, "mm" or "rm"."""
        font = _font(size)
        if not upwards:
            self._draw.text((x * _SCALE, y * _SCALE), text, colour, font, anchor)
            return
        left, top, right, bottom = (round(edge) for edge in font.getbbox(text, anchor="lm"))
        flat = Image.new("L", (max(1, right - left), max(1, bottom - top)))
        ImageDraw.Draw(flat).text((-left, -top), text, 255, font, "lm")
        mask = flat.rotate(90, expand=True)
        below = mask.height // 2 if anchor == "mm" else 0  # "rm": the text ends at (x, y) and hangs below it
        corner = (round(x * _SCALE - mask.width / 2), round(y * _SCALE) - below)
        self._image.paste(Image.new("RGB", mask.size, colour), corner, mask)

    def line(
        self, points: Sequence[Point], colour: Colour, width: float = 1.5, *, dashed: bool = False
    ) -> None:
        """`dashed`: of two points only."""
        placed = [(x * _SCALE, y * _SCALE) for x, y in points]
        thickness = max(1, round(width * _SCALE))
        if not dashed:
            self._draw.line(placed, colour, thickness, joint="curve")
            return
        (x0, y0), (x1, y1) = placed
        parts = max(1, round(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / (5 * _SCALE)))
        ends = [(x0 + (x1 - x0) * part / parts, y0 + (y1 - y0) * part / parts) for part in range(parts + 1)]
        for begin, end in zip(ends[::2], ends[1::2], strict=False):
            self._draw.line((begin, end), colour, thickness)

    def rectangle(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: Colour,
        outline: Colour | None = None,
    ) -> None:
        edges = (left * _SCALE, top * _SCALE, right * _SCALE - 1, bottom * _SCALE - 1)
        self._draw.rectangle(edges, fill, outline, 1)

    def dot(self, x: float, y: float, colour: Colour, radius: float = 2.5, opacity: float = 1.0) -> None:
        edges = ((x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE)
        self._draw.ellipse(edges, (*colour, round(255 * opacity)))

    def picture(self, x: float, y: float, image: Image.Image, width: float, height: float) -> None:
        """Paste an image in this size, its pixels left as squares."""
        size = (round(width * _SCALE), round(height * _SCALE))
        self._image.paste(
            image.resize(size, Image.Resampling.NEAREST), (round(x * _SCALE), round(y * _SCALE))
        )

    def save(self, path: Path) -> None:
        """Write a PNG file. Raises OSError."""
        content = BytesIO()
        self._image.reduce(_SCALE).save(
            content, "PNG", compress_level=3
        )  # 6 is a tenth smaller and takes five times as long
        path.write_bytes(content.getvalue())


def text_width(text: str, size: float = 13) -> float:
    return _font(size).getlength(text) / _SCALE


def shorten(text: str, longest: int) -> str:
    """`text` in one line of at most `longest` characters: names that are alike mostly differ at their end."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    end = (longest - 3) // 2
    return line[: longest - 3 - end] + "..." + line[-end:]


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with PIL: the same on every machine. It has Latin letters only."""
    return ImageFont.load_default(size * _SCALE)
