"""What the reader states, read from one message in English or Chinese by rules alone, and never guessed.

    words       the words in which something is stated
    letter      words of others in a message: a quotation, a pasted letter; they state nothing by themselves
    prior       an earlier scan: how long ago it was; and which lesions are targets
    nodes       which lesions are lymph nodes
    packs       packs a day and years, told in two halves
    criteria    what criteria beside Fleischner's ask for
    statements  one message into statements

Knows no case: which fields were asked for and which lesion is meant are handed in.
"""

from agent.stated.statements import Statement, read_statements

__all__ = ["Statement", "read_statements"]
