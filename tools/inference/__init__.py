"""Networks over whole volumes: windows as large as memory allows, air left out, the answer put together on the device.

    windows     where windows lie and how large they are: numbers only, no torch
    slide       a network over all windows of a volume, blended; the answers of MONAI's sliding window
    memory      what a network needs and what there is; smaller, then slower, when it does not fit, and said so
    together    several pieces of work whose questions to a network share a pass
    precision   where bfloat16 is worth it: never chosen for a model that does not say it holds

Knows no scan, no tool and no weights.
"""

from tools.inference.memory import (
    Attempt,
    first_that_fits,
    is_out_of_memory,
    most_voxels,
    on_cpu,
    placed,
    room_bytes,
)
from tools.inference.precision import has_fast_bfloat16
from tools.inference.slide import Answer, OtherSize, Sliding, infer, slide
from tools.inference.together import Ask, together
from tools.inference.windows import Windows, fitted

__all__ = [
    "Answer", "Ask", "Attempt", "OtherSize", "Sliding", "Windows", "first_that_fits", "fitted", "has_fast_bfloat16",
    "infer", "is_out_of_memory", "most_voxels", "on_cpu", "placed", "room_bytes", "slide", "together",
]  # fmt: skip
