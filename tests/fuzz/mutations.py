"""Desired states, scenarios and access logs that somebody got wrong: small steps from right ones.

Everything follows from a seed, so that a seed replays what it found.
"""

import gzip
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

Path = tuple[Any, ...]
DEEPEST = 30  # beyond that nothing is changed any more

# What is written where something else should be; some of it is what other tools take.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3.5, -0.0, 1e9, 1e308, float("inf"), float("nan"), 10**6, 10**18,
    10**40, -(10**18), "", " ", "0", "-1", "x", "no", "1e9", "١٢", "ünïcödé ☃", "\u202e", "\x00",
    "a" * 5000, "${", "${X}", "${A:-${B}}", "../../etc/passwd", "/dev/null", "nosuch.yaml", ".",
    "0s", "1ns", "-5s", "1000d", "99999999999999h", "5 m", "1h1h", "∞", "30", "1.5h", "3000y",
    "512Mi", "16Gi", "-1Gi", "0", "1e30", "99999999Ti", "100%", "-3%", "1000%", "1e9/s", "100m",
    "1000000 cores", [], {}, [[]], [None], {"": ""}, {"a": {"b": {"c": {}}}}, {"constant": 1e9},
    {"poisson": -1}, {"poisson": 1e7}, {"exponential": "0s"}, {"exponential": "1000d"},
    {"constant": "1ns"}, {"measured": []}, {"lognormal": {}}, ["a", 1, None], "service/web",
    "service/nobody", "dropped <= 0", "p99(web) <= ", "converged within 0s", "healthy",
)  # fmt: skip
KEYS = ("", "x", "services", "image", "at", "rate", "replicas", "on", "lasts", "${X}", "☃", "<<", 0)


def _places(tree: Any, here: Path = ()) -> list[Path]:
    """The way to everything in it."""
    found = [here] if here else []
    if len(here) > DEEPEST:
        return found
    if isinstance(tree, dict):
        children: Any = tree.items()
    elif isinstance(tree, list):
        children = enumerate(tree)
    else:
        return found
    for key, value in children:
        found += _places(value, (*here, key))
    return found


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _put(random: Random, tree: Any, path: Path) -> None:
    _at(tree, path[:-1])[path[-1]] = deepcopy(random.choice(VALUES))


def _drop(random: Random, tree: Any, path: Path) -> None:
    del _at(tree, path[:-1])[path[-1]]


def _add(random: Random, tree: Any, path: Path) -> None:
    into = _at(tree, path)
    if isinstance(into, dict):
        into[random.choice(KEYS)] = deepcopy(random.choice(VALUES))
    elif isinstance(into, list):
        into.insert(random.randrange(len(into) + 1), deepcopy(random.choice(VALUES)))
    else:
        _put(random, tree, path)


def _rename(random: Random, tree: Any, path: Path) -> None:
    holder = _at(tree, path[:-1])
    if isinstance(holder, dict):
        key = str(path[-1])
        other = random.choice([random.choice(KEYS), key + "x", key[:-1], key.upper()])
        holder[other] = holder.pop(path[-1])


def _twice(random: Random, tree: Any, path: Path) -> None:
    holder = _at(tree, path[:-1])
    if isinstance(holder, list):
        holder.append(deepcopy(holder[path[-1]]))
    else:
        holder[f"{path[-1]}-2"] = deepcopy(holder[path[-1]])


def _elsewhere(random: Random, tree: Any, path: Path) -> None:
    other = random.choice(_places(tree))
    _at(tree, other[:-1])[other[-1]] = deepcopy(_at(tree, path))


def _scaled(random: Random, tree: Any, path: Path) -> None:
    value = _at(tree, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        factor = random.choice((-1, 0, 10, 1000, 10**6, 0.001))
        _at(tree, path[:-1])[path[-1]] = value * factor
    elif isinstance(value, str) and value[:1].isdigit():
        _at(tree, path[:-1])[path[-1]] = random.choice(("1", "-", "000", "9999")) + value
    else:
        _put(random, tree, path)


def _deep(random: Random, tree: Any, path: Path) -> None:
    value = _at(tree, path)
    for _ in range(random.choice((3, 40, 90))):
        value = [value] if random.random() < 0.5 else {"x": value}
    _at(tree, path[:-1])[path[-1]] = value


STEPS: tuple[Callable[[Random, Any, Path], None], ...] = (
    _put, _put, _put, _drop, _add, _rename, _twice, _elsewhere, _scaled, _scaled, _deep,
)  # fmt: skip


def mutated(random: Random, tree: Any) -> str:
    """Change one to three places of it; what was done."""
    told = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = _places(tree)
        if not places:
            break
        step, path = random.choice(STEPS), random.choice(places)
        try:
            step(random, tree, path)
        except (LookupError, TypeError, ValueError, AttributeError):
            continue
        told.append(f"{step.__name__.strip('_')} {'.'.join(map(str, path))}")
    return ", ".join(told)


def garbled(random: Random, text: str) -> str:
    """The same text after an accident of an editor."""
    if not text:
        return "\t"
    at, lines = random.randrange(len(text)), text.splitlines(keepends=True)
    match random.randrange(7):
        case 0:
            return text[:at]
        case 1:
            return (
                text[:at]
                + random.choice(("\x00", "\t", "{", "]", ": ", "&a", "*a", "!!", "'", "\ufeff"))
                + text[at:]
            )
        case 2:
            return text.replace("\n", "\r\n")
        case 3:
            random.shuffle(lines)
            return "".join(lines)
        case 4:
            return text + text
        case 5:
            return "".join(line for line in lines if random.random() < 0.9)
        case _:
            return "&a [*a, " * random.choice((1, 3)) + text


# -- access logs ------------------------------------------------------------------------------

_COMBINED = '10.0.0.{n} - - [01/Mar/2026:12:00:{s:02d} +0000] "GET /a HTTP/1.1" 200 12 "-" "curl"'
_NGINX = _COMBINED + " {t:.3f} {t:.3f}"
_HAPROXY = (
    "Mar  1 12:00:{s:02d} lb haproxy[1]: 10.0.0.{n}:5000 [01/Mar/2026:12:00:{s:02d}.{n:03d}] "
    'front back/web1 0/0/1/{n}/{n} 200 12 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1"'
)
FORMATS = (_COMBINED, _NGINX, _HAPROXY)
_ODD = (
    b"", b"\n\n", b"\x00\xff\xfe", b"GET / HTTP/1.1", b"-" * 10000, "☃ ☃ ☃".encode(), b"{}", b"\r",
    b'10.0.0.1 - - [99/Foo/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
    b'10.0.0.1 - - [01/Mar/9999:23:59:59 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
    b'10.0.0.1 - - [01/Jan/0001:00:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
    b'10.0.0.1 - - [01/Mar/2026:12:00:00 +9999] "GET / HTTP/1.1" 200 1 "-" "-"',
    b'10.0.0.1 - - [01/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-" 1e308 -1',
    b'10.0.0.1 - - [01/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 9999 9999999999999999999 "-" "-"',
)  # fmt: skip


def access_log(random: Random) -> bytes:
    """A log of one format, or of several, and what becomes of logs."""
    made: list[bytes] = []
    form = random.choice(FORMATS)
    mixed, odd = random.random() < 0.2, random.choice((0.0, 0.005, 0.3))
    for n in range(random.choice((0, 1, 5, 60, 300))):
        if random.random() < odd:
            made.append(random.choice(_ODD))
            continue
        chosen = random.choice(FORMATS) if mixed else form
        made.append(chosen.format(n=n % 200, s=n % 60, t=random.random() * 9).encode())
    if random.random() < 0.2:
        random.shuffle(made)
    data = random.choice((b"\n", b"\n", b"\r\n")).join(made)
    match random.randrange(8):
        case 0:
            return gzip.compress(data, mtime=0)
        case 1:
            return gzip.compress(data, mtime=0)[: random.randrange(1, 60)]
        case 2:
            return random.randbytes(random.randrange(400))
        case 3:
            return data[: random.randrange(len(data) + 1)]
        case 4:
            return b"\x1f\x8b" + data
    return data
