"""The archive search: cases found by words, labels, sides, sizes and change, each reader's own and what is shared.

A catalogue of what the cases' records hold is kept beside them and can be made anew from them at any time. Knows no
user interface.
"""

from agent.finder.finder import Finder
from agent.finder.query import BadSearch, Hit, Hits, Query

__all__ = ["BadSearch", "Finder", "Hit", "Hits", "Query"]
