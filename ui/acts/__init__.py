"""What a reader does in the browser, and what the page is shown for it: updates of its parts, by name.

    stage     how an act runs in a room: the part that every act shares
    hand      in the picture and in the table of lesions
    cases     opening, adding, choosing and deleting; search: looking through the cases
    panels    the context, guidelines, the report, settings
    sharing   who else may see a case
    operator  what only an operator does
    every     every one of them, in one object
    deeds     which of them the page's scripts may ask for

Knows rooms and HTML; Gradio only in `ui.app`.
"""

from ui.acts.every import Acts
from ui.acts.stage import BROKE, BUSY, Update

__all__ = ["BROKE", "BUSY", "Acts", "Update"]
