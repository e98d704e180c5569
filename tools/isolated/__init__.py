"""A tool in a process of its own, with a limit on memory and time: what it breaks stays broken there.

    wire      requests and results as files, without pickle
    parent    the tool as the registry sees it
    child     the process

For tools that the operator does not want in the app's own process: a crash, a leak or an endless loop ends the child
and nothing else. The scan is handed over without its source: no file name and no header goes along.
"""

from tools.isolated.parent import IsolatedTool

__all__ = ["IsolatedTool"]
