"""The facts that passages and tables rest on, and the sources they were read in.

Reads ``facts.yaml`` beside this file. Knows no passage and no search.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

Confidence = Literal["high", "medium"]
_FILE = Path(__file__).with_name("facts.yaml")


@dataclass(frozen=True)
class FactSource:
    """Where a figure was read. `secondary` when it is not the guideline's own publication."""

    title: str
    year: int
    doi: str = ""
    secondary: bool = False

    def __str__(self) -> str:
        """Write title, year and, where it was seen, the DOI."""
        doi = f", doi:{self.doi}" if self.doi else ""
        return f"{self.title} ({self.year}{doi}){' [secondary]' if self.secondary else ''}"


@dataclass(frozen=True)
class Fact:
    """One statement of a guideline, in our own words."""

    id: str
    guideline: str
    fact: str
    confidence: Confidence
    sources: tuple[FactSource, ...]


def read_yaml(text: str) -> Any:
    """Parse YAML with the fast safe loader where the platform has it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506  (both are safe loaders)


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    raw: dict[str, Any] = read_yaml(_FILE.read_text(encoding="utf-8"))
    return raw


@lru_cache(maxsize=1)
def sources() -> dict[str, FactSource]:
    """Return every source by its short key."""
    return {key: FactSource(**entry) for key, entry in _raw()["sources"].items()}


@lru_cache(maxsize=1)
def facts() -> dict[str, Fact]:
    """Return every fact by its id."""
    known = sources()
    return {
        key: Fact(
            id=key,
            guideline=entry["guideline"],
            fact=entry["fact"],
            confidence=entry["confidence"],
            sources=tuple(known[name] for name in entry["sources"]),
        )
        for key, entry in _raw()["facts"].items()
    }
