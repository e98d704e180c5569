"""Files from outside are decoded in a warm process of their own, with limits on time and memory.

    wire      what goes between the two processes: JSON and one block of array bytes, never pickles
    parent    starts children, keeps them warm, ends those that take too long or too much
    child     the process
    ask       the three questions: a scan, the series in a folder, the segments of a segmentation

A decoder that crashes, never ends or eats memory costs one error message. Knows no case and no model.
"""

from tools.apart.ask import here, list_apart, scan_apart, segments_apart, warm
from tools.apart.parent import Children, Limits

__all__ = ["Children", "Limits", "here", "list_apart", "scan_apart", "segments_apart", "warm"]
