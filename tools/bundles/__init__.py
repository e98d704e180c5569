"""Any MONAI bundle folder as a vision tool, without running what its configuration asks to run.

    expressions  the few expressions a configuration may hold
    config       a configuration read, its references followed, its parts built from an allow-list
    metadata     what a bundle says of itself, as a ToolSpec
    vetting      what a configuration asks for, looked at when it is listed
    classes      the classes of a bundle that scores, and its scores
    pins         weights by their hash
    running      the network between the bundle's own steps
    classifier   a bundle that scores as a VisionTool
    tool         a bundle that outlines as a VisionTool; which of both a folder is
    discover     folders and zips that hold bundles

A configuration is data from elsewhere: MONAI itself would evaluate any Python in it. Here names are looked up in a list
and expressions are walked, never evaluated.
"""

from tools.bundles.discover import bundles_in, is_bundle
from tools.bundles.tool import bundle_tool

__all__ = ["bundle_tool", "bundles_in", "is_bundle"]
