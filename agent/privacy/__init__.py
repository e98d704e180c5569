"""What identifies a patient stays on this machine: found, replaced by marks, and put back for the reader alone.

    known        a case's own identifiers, from its scan's headers and file names
    identifiers  what identifies somebody by its form alone
    words        words that are nobody's name, and Chinese surnames
    pasted       where a message is not typed but pasted
    leaving      what of a message leaves for a language model, and what of its answer comes back
    asking_who   whether a sentence asks for what identifies somebody

Knows no graph, no endpoint and no report.
"""

from agent.privacy.known import WITHHELD, Redactor

__all__ = ["WITHHELD", "Redactor"]
