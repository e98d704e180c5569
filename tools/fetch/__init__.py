"""Weights that are fetched only when the operator says so: what there is, from where, how it is kept.

    ToolError
    └── FetchFailed    it could not be had, or is not what was expected
        └── NotFetched a tool whose weights are not here yet

    manifest   what can be fetched by name: address, size, hash where known, licence
    download   one file: resumed, hashed, through a proxy, with progress; or from a folder
    install    what is made of a file once it is here
    place      a tool with its weights in place, or the sentence that says how to get them

Nothing here is called at a tool's first use.
"""

from tools.fetch.errors import FetchFailed, NotFetched
from tools.fetch.install import fetch
from tools.fetch.manifest import ITEMS, Item, item_of
from tools.fetch.place import in_place

__all__ = ["ITEMS", "FetchFailed", "Item", "NotFetched", "fetch", "in_place", "item_of"]
