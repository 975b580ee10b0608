"""Checks what a system's owner allows: budget, windows and breaker, each value at its place.

What passes here lets calls through at some time: no budget of nothing, no window of nonsense.
"""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.model import SystemConfig, WindowConfig
from config.tree import Node
from midspan.kernel.errors import Problem

MOST = 10_000.0
"""Calls a second beyond which counting them costs more than they do."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def check_limits(tree: Node, config: SystemConfig, problems: list[Problem]) -> None:
    """Add every problem of a system's budget, windows and breaker."""
    budget, breaker = config.budget, config.breaker
    cooldown = breaker.cooldown.total_seconds()
    for key, fine, wanted in (
        (
            "budget.rate",
            0 < budget.rate <= MOST,
            f"Give calls a second, above 0, {MOST:.0f} at most",
        ),
        ("budget.concurrency", budget.concurrency >= 1, "Give 1 or more"),
        ("budget.reserve", 0 <= budget.reserve < 1, "Give a share from 0 to below 1"),
        ("breaker.failures", breaker.failures >= 1, "Give 1 or more"),
        ("breaker.cooldown", cooldown > 0, "Give a duration above 0"),
        ("breaker.longest", breaker.longest >= breaker.cooldown, "Give cooldown or more"),
    ):
        if not fine:
            message = f"this {key} cannot be kept"
            problems.append(_place(tree, key).problem("config.budget", message, wanted))
    node = tree.get("windows")
    if node is not None:
        places = node.value if isinstance(node.value, list) else [node]
        for place, window in zip(places, config.windows, strict=True):
            _check_window(place, window, problems)


def clock_minutes(value: str | int) -> int | None:
    """Return the minutes since midnight of ``08:00``; None when it is no such time."""
    if value == "24:00":
        return 24 * 60
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) * 60 + int(match[2]) if match else None


def weekdays(words: tuple[str, ...]) -> frozenset[int] | None:
    """Return the days of ``mon`` and ``fri-mon``, Monday as 0; None when one is unknown."""
    found: set[int] = set()
    for word in words:
        first, dash, last = word.partition("-")
        if first not in DAYS or (last if dash else first) not in DAYS:
            return None
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(found)


def _check_window(place: Node, window: WindowConfig, problems: list[Problem]) -> None:
    quoted = 'Write hours and minutes in quotes, such as "08:00"'
    begin, end = clock_minutes(window.from_), clock_minutes(window.to)
    if begin is None or begin == 24 * 60:
        problems.append(_window(place, "from", f"'{window.from_}' is no time of day", quoted))
    if end is None:
        problems.append(_window(place, "to", f"'{window.to}' is no time of day", quoted))
    if begin is not None and begin == end:
        wanted = 'For a whole day give from "00:00" to "24:00"'
        problems.append(_window(place, "to", "the window ends when it begins", wanted))
    if not weekdays(window.days):
        message = f"'{', '.join(window.days)}' is no list of days"
        wanted = f"Give days such as mon or mon-fri, of {', '.join(DAYS)}"
        problems.append(_window(place, "days", message, wanted))
    if not window.lanes:
        problems.append(_window(place, "lanes", "the window closes nothing", "Name a lane"))
    try:
        ZoneInfo(window.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"the time zone '{window.zone}' is not known"
        node = place.get("zone") or place
        problems.append(node.problem("config.zone", message, "Use an IANA name"))


def _window(place: Node, key: str, message: str, remedy: str) -> Problem:
    return (place.get(key) or place).problem("config.window", message, remedy)


def _place(tree: Node, path: str) -> Node:
    place = tree
    for key in path.split("."):
        place = place.get(key) or place
    return place
