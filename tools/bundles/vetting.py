"""What a bundle's configuration asks for, looked at when it is listed: nothing is built, nothing of torch imported.

The parts that will be run are walked as data. A name that is not on the list, an expression that is not run here, or a
network that contradicts the metadata is found before anybody asks the tool for anything. What cannot be told without
building (sizes that do not fit, say) is left to the first run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.bundles.config import MOST_DEPTH, NOT_LISTED, REPLACED, Config, is_listed, refuse_fetching
from tools.bundles.expressions import Refused, refuse_unlisted
from tools.bundles.metadata import About

RUN = ("network_def", "network", "net", "preprocessing", "inferer", "postprocessing")
"""What a tool runs of a configuration; its training half is never looked at."""


def vet(config: Config, about: About) -> None:
    """Raise Refused for what a bundle's run would be refused for, as far as it can be told from its pages."""
    network = config.first(*RUN[:3])
    if network is None:
        raise Refused("its configuration names no network (network_def)")
    for key in (network, *RUN[3:]):
        if config.has(key):
            for part in _parts(config, config.data[key], frozenset((key,))):
                target = str(part["_target_"])
                if not is_listed(target):
                    raise Refused(f"it asks for {target!r}{NOT_LISTED}")
                refuse_fetching(target, {k: v for k, v in part.items() if not str(v).startswith(("$", "@", "%"))})
    _agrees(config, config.data[network], about)


def _parts(config: Config, raw: Any, seen: frozenset[str], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield every part that would be built, references followed; expressions are looked at on the way."""
    if depth > MOST_DEPTH:
        return  # said when it is built
    if isinstance(raw, str):
        for name in _named(raw):
            if name in config.data and name not in seen and name != "device":  # the device is ours
                yield from _parts(config, config.data[name], seen | {name}, depth + 1)
    elif isinstance(raw, list):
        for value in raw:
            yield from _parts(config, value, seen, depth + 1)
    elif isinstance(raw, dict):
        target = str(raw.get("_target_", ""))
        if target.rpartition(".")[2] in REPLACED or raw.get("_disabled_", False) is not False:
            return  # left out, or by an expression perhaps: said when it is built
        if target:
            yield raw
        for key, value in raw.items():
            if not str(key).startswith("_"):
                yield from _parts(config, value, seen, depth + 1)


def _named(raw: str) -> list[str]:
    """Return the entries a text refers to. Raises Refused when it is an expression that is not run here."""
    if raw.startswith("$"):
        return [name.replace("#", "::").partition("::")[0] for name in refuse_unlisted(raw[1:].strip())]
    if raw.startswith(("@", "%")):
        return [raw[1:].replace("#", "::").partition("::")[0]]
    return []


def _agrees(config: Config, network: Any, about: About) -> None:
    """Raise Refused when the network's own channels are not those of the metadata."""
    if not isinstance(network, dict):
        return
    for key, due, what in (("in_channels", about.channels, "takes"), ("out_channels", about.answers, "answers")):
        seen = _number(config, network.get(key))
        if seen is not None and due is not None and seen != due:
            raise Refused(f"its network {what} {seen} channels ({key}); metadata.json says {due} (num_channels)")


def _number(config: Config, raw: Any) -> int | None:
    if isinstance(raw, str) and raw.startswith("@") and raw[1:] in config.data:
        raw = config.data[raw[1:]]
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None
