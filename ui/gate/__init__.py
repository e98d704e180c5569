"""The gate that every request passes before anything of the app sees it.

    gate     is there such a door, may it be opened from there, by whom, how often
    guards   whose a page's stream is, a request's body read whole, an answer of the gate's own
    headers  what protects every answer
"""

from ui.gate.gate import DOORS, PUBLIC, Gate

__all__ = ["DOORS", "PUBLIC", "Gate"]
