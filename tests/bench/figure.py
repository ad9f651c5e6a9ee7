"""The launch ratios as bars, in SVG."""
from html import escape

WIDTH, BAR, GAP, LEFT = 760, 14, 5, 190


def bars(launch):
    y, parts = 30, []
    most = max((entry["to_bwrap"]["high"] for work in launch.values() for entry in work.values() if "to_bwrap" in entry), default=1)
    scale = (WIDTH - LEFT - 90) / most
    for work, entries in launch.items():
        parts.append(f'<text x="10" y="{y + 4}" font-weight="bold">{escape(work)}</text>')
        y += 16
        for name, entry in sorted(entries.items(), key=lambda each: each[1]["median_us"]):
            if "to_bwrap" not in entry:
                continue
            value = entry["to_bwrap"]
            colour = "#b5482a" if name == "hutch" else "#8a8f98"
            parts.append(f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
                         f'<rect x="{LEFT}" y="{y}" width="{value["ratio"] * scale:.1f}" height="{BAR}" fill="{colour}"/>'
                         f'<path d="M{LEFT + value["low"] * scale:.1f} {y + BAR / 2}H{LEFT + value["high"] * scale:.1f}" stroke="#000"/>'
                         f'<text x="{LEFT + value["high"] * scale + 6:.1f}" y="{y + 11}">{value["ratio"]:.2f}</text>')
            y += BAR + GAP
        y += 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="12">'
            f'<rect width="100%" height="100%" fill="#fff"/><text x="10" y="16">Wall time of one launch of true, bubblewrap = 1 (median, 95 % interval)</text>'
            + "".join(parts) + "</svg>\n")
