"""A chart of lines over time as SVG text."""

import html

COLOURS = ('#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#8c564b', '#17becf', '#7f7f7f')
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 960, 480, 70, 40, 210, 50
STEPS = 5


def chart(title, x_title, y_title, lines):
    """lines: {name: [(x, y), …]}; both axes begin at 0."""
    x_most = max((x for points in lines.values() for x, _ in points), default=0) or 1
    y_most = 1.05 * max((y for points in lines.values() for _, y in points), default=0) or 1

    def place(x, y):
        return (LEFT + x / x_most * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - y / y_most * (HEIGHT - TOP - BOTTOM))

    def text(x, y, words, anchor='middle'):
        return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
                f'{html.escape(words)}</text>')

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           text(WIDTH / 2, TOP / 2, title),
           text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_title),
           text(LEFT, TOP - 8, y_title)]
    for i in range(STEPS + 1):
        x, y = place(x_most * i / STEPS, y_most * i / STEPS)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, y + 4, f'{y_most * i / STEPS:.0f}', 'end'))
        out.append(text(x, HEIGHT - BOTTOM + 18, f'{x_most * i / STEPS:.0f}'))
    for i, (name, points) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = ' '.join('%.1f,%.1f' % place(x, y) for x, y in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        at = TOP + 16 * i
        out.append(f'<rect x="{WIDTH - RIGHT + 12}" y="{at}" width="10" height="10" '
                   f'fill="{colour}"/>')
        out.append(text(WIDTH - RIGHT + 28, at + 10, name, 'start'))
    return '\n'.join(out + ['</svg>', ''])
