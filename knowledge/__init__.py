"""Guidelines: passages in our own words, search that answers with nothing rather than a guess, criteria in code.

A leaf: knows no scan, no tool and no agent. Importing it is quick; models and indices load at first use.
"""

from knowledge.criteria import assess, criteria_names
from knowledge.library import passage
from knowledge.search import default_store, search, use
from knowledge.store import Store
from knowledge.types import (
    Assessment,
    BadInput,
    BrokenStore,
    KnowledgeError,
    Need,
    Passage,
    UnknownGuideline,
)

__all__ = [
    "Assessment",
    "BadInput",
    "BrokenStore",
    "KnowledgeError",
    "Need",
    "Passage",
    "Store",
    "UnknownGuideline",
    "assess",
    "criteria_names",
    "default_store",
    "passage",
    "search",
    "use",
]
