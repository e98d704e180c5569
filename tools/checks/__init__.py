"""The contract as a list of checks that anybody's tool can be held to, each with what was seen.

    source    what the code itself shows: pickles, evaluated text, weights loaded unsafely
    trial     made images of the tool's own scope
    checks    the checks, run in a process of their own
"""

from tools.checks.checks import Check, check_tool

__all__ = ["Check", "check_tool"]
