"""HTML for a notebook's output: foreign text made harmless, and one style that fits every theme.

An output shares its page with the notebook and with the outputs of other runs. So there are no ids, no scripts and no
outside requests; every rule of the style begins with a class of its own; and colours are the page's own text colour at
several strengths beside three middle tones that are legible on white and on black.
"""

from __future__ import annotations

import html

from search.views.wording import clean

__all__ = ["BEST", "FRESH", "LOST", "framed", "sparkline", "text"]

FRESH, BEST, LOST = "#3d85c6", "#2f9e62", "#c9711d"
"""Middle tones: trials, what is best, what failed. At least 3:1 on white and on #1e1e1e."""

_STYLE = f"""
.tuneyard-run{{font-size:13px;line-height:1.45;max-width:940px;color:inherit}}
.tuneyard-run p{{margin:.25em 0}}
.tuneyard-run .ty-head{{font-size:16px;font-weight:600;margin:.2em 0}}
.tuneyard-run .ty-dim{{opacity:.72}}
.tuneyard-run .ty-best{{color:{BEST};font-weight:600}}
.tuneyard-run .ty-lost{{color:{LOST}}}
.tuneyard-run code{{font-size:12px;background:rgba(128,128,128,.16);padding:1px 4px;border-radius:3px;overflow-wrap:anywhere}}
.tuneyard-run .ty-bar{{height:6px;border-radius:3px;background:rgba(128,128,128,.25);overflow:hidden;margin:.4em 0}}
.tuneyard-run .ty-bar div{{height:100%;background:{FRESH}}}
.tuneyard-run .ty-figures{{display:flex;flex-wrap:wrap;gap:4px 12px;margin:.5em 0}}
.tuneyard-run .ty-figures svg{{flex:0 1 auto;max-width:100%;height:auto}}
.tuneyard-run .ty-scroll{{overflow-x:auto}}
.tuneyard-run table{{border-collapse:collapse;font-size:12px;margin:.4em 0;border:0}}
.tuneyard-run table th,.tuneyard-run table td{{text-align:left;padding:2px 10px 2px 0;background:none;color:inherit;border:0;white-space:nowrap}}
.tuneyard-run table .ty-number{{text-align:right;font-variant-numeric:tabular-nums}}
"""
_IGNORED = "tex2jax_ignore mathjax_ignore"  # a name such as $x$ is no formula


def text(value: object, limit: int = 200) -> str:
    """Foreign text for HTML: escaped, on one line, control and direction characters spelt out."""
    return html.escape(clean(str(value), limit))


def framed(inside: str) -> str:
    """An output of its own: the style, and `inside`, which must be safe."""
    return f'<div class="tuneyard-run {_IGNORED}"><style>{_STYLE}</style>{inside}</div>'


def sparkline(points: list[tuple[int, float]], end: int) -> str:
    """A step function, 160 x 20 pixels: `points` are (position, value from there on), positions up to `end`."""
    if len(points) < 2:
        return ""
    low, high = min(value for _, value in points), max(value for _, value in points)
    width, rise = max(1, end - points[0][0]), (high - low) or 1.0
    path = ""
    for position, value in points:
        x, y = 160 * (position - points[0][0]) / width, 18 - 16 * (value - low) / rise
        path += f"M{x:.0f} {y:.1f}" if not path else f"H{x:.0f}V{y:.1f}"
    return (
        f'<svg width="160" height="20" viewBox="0 0 160 20" role="img" aria-label="best so far">'
        f'<path d="{path}H160" fill="none" stroke="{BEST}" stroke-width="1.5"/></svg>'
    )
