"""The dependency graph as a picture: columns by what must be there first."""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from reconciler.views.rehearsal_markup import Html, el

Edge = tuple[str, str, str]
Spot = str | tuple[str, str, int]  # a node, or where an edge passes a column

MOST_NODES = 150
_WIDE, _TALL, _GAP_X, _GAP_Y = 168, 28, 76, 12
_LETTERS = 24


def graph_svg(nodes: Sequence[str], edges: Sequence[Edge], blamed: Collection[str]) -> Html:
    """Each node right of what it needs; `blamed` ones are outlined."""
    columns, ways = layers(nodes, edges)
    tallest = max(len(column) for column in columns)
    width = len(columns) * (_WIDE + _GAP_X) - _GAP_X + 4
    height = tallest * (_TALL + _GAP_Y) - _GAP_Y + 4
    place = {
        spot: (
            2 + x * (_WIDE + _GAP_X),
            2 + y * (_TALL + _GAP_Y) + (tallest - len(column)) * (_TALL + _GAP_Y) // 2,
        )
        for x, column in enumerate(columns)
        for y, spot in enumerate(column)
    }
    drawn = [_edge([place[spot] for spot in way], how) for way, (_, _, how) in ways]
    names = [spot for column in columns for spot in column if isinstance(spot, str)]
    drawn += [_node(name, place[name], name in blamed) for name in names]
    told = "; ".join(f"{a} needs {b} ({how})" for a, b, how in edges)
    return el(
        "svg", el("title", "What needs what"), el("desc", told), *drawn,
        viewBox=f"0 0 {width} {height}", width=width, height=height, role="img",
    )  # fmt: skip


def layers(
    nodes: Sequence[str], edges: Sequence[Edge]
) -> tuple[list[list[Spot]], list[tuple[list[Spot], Edge]]]:
    """Columns by the longest way to a node that needs nothing, and each edge's way through them.

    An edge that passes a column takes a place in it, so that it goes between nodes and not
    behind them. Within a column each is near what it needs (Sugiyama, Tagawa and Toda, 1981).
    """
    names = list(dict.fromkeys([*nodes, *(name for a, b, _ in edges for name in (a, b))]))
    depth = _depths(names, edges)
    columns: list[list[Spot]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    before: dict[Spot, list[Spot]] = {name: [] for name in names}
    for name in names:
        columns[depth[name]].append(name)
    ways = []
    for edge in edges:
        name, need, _ = edge
        way: list[Spot] = [need]
        for level in range(depth[need] + 1, depth[name]):
            way.append((need, name, level))
            columns[level].append(way[-1])
        way.append(name)
        for first, second in pairwise(way):
            before.setdefault(second, []).append(first)
        ways.append((way, edge))
    columns = [column for column in columns if column] or [[]]
    at: dict[Spot, float] = {}
    for column in columns:
        column.sort(key=lambda spot: _middle(at[s] for s in before[spot] if s in at))
        at.update({spot: row - (len(column) - 1) / 2 for row, spot in enumerate(column)})
    return columns, ways


def _depths(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """How many steps each is from what needs nothing, by the longest way."""
    depth = dict.fromkeys(names, 0)
    # No way is longer than there are nodes; a ring, which no plan has, must end too.
    for _ in names:
        before = dict(depth)
        for name, need, _ in edges:
            depth[name] = min(max(depth[name], depth[need] + 1), len(names) - 1)
        if depth == before:
            break
    return depth


def _middle(found: Iterable[float]) -> float:
    every = list(found)
    return sum(every) / len(every) if every else 0.0


def _node(name: str, at: tuple[int, int], is_blamed: bool) -> Html:
    x, y = at
    short = name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"
    return el(
        "g",
        el("title", name + (": see the causes" if is_blamed else "")),
        el("rect", x=x, y=y, width=_WIDE, height=_TALL, rx=6, cls=f"node{' bad' * is_blamed}"),
        el("text", short, x=x + _WIDE // 2, y=y + 18, cls="name mid"),
    )


def _edge(way: Sequence[tuple[int, int]], how: str) -> Html:
    """From the right of the first place, past the middle of those between, to the last."""
    x, y = way[0][0] + _WIDE, way[0][1] + _TALL // 2
    d = f"M{x},{y}"
    for next_x, top in way[1:]:
        next_y, bend = top + _TALL // 2, _GAP_X // 2
        d += f" C{x + bend},{y} {next_x - bend},{next_y} {next_x - 6},{next_y} h{_WIDE + 6}"
        x, y = next_x + _WIDE, next_y
    d = d.rpartition(" h")[0]
    x -= _WIDE
    head = f"M{x - 8},{y - 3.5} L{x - 1},{y} L{x - 8},{y + 3.5} Z"
    # Being there is what every need asks for; only more than that is told.
    said = None
    if how != "exists":
        said = el("text", how, x=way[0][0] + _WIDE + 6, y=way[0][1] + _TALL // 2 - 5)
    return el(
        "g", el("title", how), el("path", d=d, cls="edge"), el("path", d=head, cls="tip"), said
    )
