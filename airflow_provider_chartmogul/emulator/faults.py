"""Fault rules: which requests the emulator misbehaves on, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Answered instead of doing the work: kind -> status, content type, body.
ANSWERS = {
    "403": (
        403,
        "application/json",
        b'{"code":403,"message":"The requested action is forbidden","param":null}',
    ),
    "429": (
        429,
        "application/json",
        b'{"code":429,"message":"Your request rate has exceeded our rate limit.","param":null}',
    ),
    "503": (503, "text/plain", b"Service Unavailable"),
    "500": (500, "application/json", b'{"code":500,"message":"Internal server error","param":null}'),
    "500_html": (500, "text/html", b"<html><body><h1>500 Internal Server Error</h1></body></html>"),
    "500_text": (500, "text/plain", b"500 Internal Server Error"),
}

#: Break the connection: before the work, after it, in the middle of the answer, or never answer.
BREAKS = frozenset({"drop_before", "drop_after", "truncate", "hang"})


@dataclass(slots=True)
class FaultRule:
    """One rule.

    :param kind: a key of :data:`ANSWERS` or one of :data:`BREAKS`.
    :param method: only requests of this method; None for all.
    :param path: regular expression searched in the path; None for all.
    :param every: each how-manieth matching request; 1 for all.
    :param times: stop after so many faults; None for never.
    :param seconds: how long ``hang`` keeps the connection.
    """

    kind: str
    method: str | None = None
    path: re.Pattern[str] | None = None
    every: int = 1
    times: int | None = None
    seconds: float = 30.0
    matched: int = 0
    fired: int = 0

    def fires(self, method: str, path: str) -> bool:
        """Count a request if it matches, and tell whether it is to fail."""
        if self.method not in (None, method) or (self.path and not self.path.search(path)):
            return False
        self.matched += 1
        if self.matched % self.every or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True


class FaultRules:
    """Rules in order; the first that matches and fires wins, and the ones after it do not count the request."""

    def __init__(self, rules: Sequence[FaultRule] = ()) -> None:
        self._rules = list(rules)

    @classmethod
    def from_json(cls, rules: Sequence[dict[str, Any]]) -> FaultRules:
        """Read rules as :class:`FaultRule` names them.

        :raises ValueError: for an unknown kind, key or value.
        """
        return cls([_rule(rule) for rule in rules])

    def pick(self, method: str, path: str) -> FaultRule | None:
        """Return the rule that makes this request fail, if any."""
        return next((rule for rule in self._rules if rule.fires(method, path)), None)


def _rule(rule: dict[str, Any]) -> FaultRule:
    unknown = sorted(set(rule) - {"kind", "method", "path", "every", "times", "seconds"})
    if unknown:
        raise ValueError(f"unknown keys of a fault: {', '.join(unknown)}")
    kind = str(rule.get("kind"))
    if kind not in ANSWERS and kind not in BREAKS:
        raise ValueError(f"unknown kind of fault: {kind}")
    every, times = rule.get("every") or 1, rule.get("times")
    if not isinstance(every, int) or every < 1 or not (times is None or (isinstance(times, int) and times >= 0)):
        raise ValueError("every and times of a fault must be positive numbers")
    try:
        path = re.compile(rule["path"]) if rule.get("path") else None
    except re.error as error:
        raise ValueError(f"path of a fault is not a regular expression: {error}") from error
    method = rule.get("method")
    return FaultRule(kind, method and str(method).upper(), path, every, times, float(rule.get("seconds", 30)))
