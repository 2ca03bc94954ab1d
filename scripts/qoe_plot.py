"""Curves over the request rate, two panels a row, as an SVG that needs nothing else."""

import math
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, KEY = 420, 230, 42, 12, 28, 34, 30
COLOURS = ("#777777", "#b8860b", "#8a4fbf", "#2f7fb5", "#c8322b")  # the last one, ours, stands out
DASHES = ("6 3", "2 3", "8 3 2 3", "4 2", "")


def picture(panels, names):
    """panels: (title, {name: [(rate, value)]}, whether values are parts of 1); names: in the order of colours, "" = leaves one out."""
    rows = (len(panels) + 1) // 2
    width, height = 2 * WIDTH, rows * HEIGHT + KEY
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">']
    svg.append(f'<rect width="{width}" height="{height}" fill="#ffffff"/>')
    svg += key(names)
    for i, (title, curves, parts) in enumerate(panels):
        svg.append(f'<g transform="translate({i % 2 * WIDTH} {KEY + i // 2 * HEIGHT})">')
        svg += panel(title, curves, parts, names)
        svg.append("</g>")
    return "\n".join(svg + ["</svg>", ""])


def key(names):
    named = [i for i, name in enumerate(names) if name]
    for place, i in enumerate(named):
        x = LEFT + 110 * place
        yield f'<path d="M{x} 16h26" {stroke(i)}/>'
        yield f'<text x="{x + 32}" y="20" fill="#222222">{escape(names[i])}</text>'


def stroke(i):
    dash = f' stroke-dasharray="{DASHES[i % len(DASHES)]}"' if DASHES[i % len(DASHES)] else ""
    return f'fill="none" stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="{2.4 if not dash else 1.6}"{dash}'


def heights(curves, parts):
    """Where lines go across; the last one is the top."""
    if parts:
        return (0, 0.25, 0.5, 0.75, 0.9, 1)
    most = max((value for points in curves.values() for _, value in points), default=0) or 1
    step = 10 ** math.floor(math.log10(most))
    step = next(step * part for part in (0.2, 0.5, 1, 2) if most <= 5 * step * part)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


def panel(title, curves, parts, names):
    lines = heights(curves, parts)
    rates = [rate for points in curves.values() for rate, _ in points] or [0, 1]
    low, high = min(rates), max(rates)

    def left(rate):
        return LEFT + (rate - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    def top(value):
        return HEIGHT - BOTTOM - min(max(value / lines[-1], 0), 1) * (HEIGHT - TOP - BOTTOM)

    yield f'<text x="{LEFT}" y="18" fill="#222222" font-size="12" font-weight="bold">{escape(title)}</text>'
    for value in lines:
        shade = "#999999" if parts and value == 0.9 else "#e2e2e2"
        yield f'<path d="M{LEFT} {top(value):.1f}H{WIDTH - RIGHT}" stroke="{shade}" fill="none"/>'
        yield f'<text x="{LEFT - 5}" y="{top(value) + 4:.1f}" text-anchor="end" fill="#555555">{value:.4g}</text>'
    for rate in shown(sorted(set(rates)), left):
        yield f'<text x="{left(rate):.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle" fill="#555555">{rate:g}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 5}" text-anchor="middle" fill="#555555">rate over saturation</text>'
    for i, name in enumerate(names):
        points = curves.get(name, ())
        if points:
            path = "M" + "L".join(f"{left(rate):.1f} {top(value):.1f}" for rate, value in points)
            yield f'<path d="{path}" {stroke(i)}/>'


def shown(rates, left):
    """Those whose figures do not touch."""
    kept = []
    for rate in rates:
        if not kept or left(rate) - left(kept[-1]) >= 24:
            kept.append(rate)
    return kept
