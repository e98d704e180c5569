"""The embedded planner: picks functions and fills their arguments from text and case card, with no key and no network.

    reading   one message made plain and split into clauses
    spelling  shorthand written out, slips of the keyboard put right
    learned   a linear model over short sentences: what kind one is, and how surely
    intents   which intent a clause has, learned from examples and from the tools' own utterances
    changes   which way an outline is to change: by words, else learned
    cues      the few forms that settle what they ask by themselves, and what speaks of advice
    slots     numbers, sides, planes, thresholds, dates in a clause
    mention   which lesion a clause speaks of, in its own words
    refer     which lesion of the card that is
    kinds     what one clause is: a function, a topic, a statement
    goals     one clause into calls and their arguments
    steps     clauses into a plan: what depends on what
    turn      what has been done in this turn, read from the messages
    answers   results into sentences that cite their evidence
    model     all of it as a LangChain chat model

Importing this is light: scikit-learn and LangChain load at first use.
"""

from agent.planner.steps import ToolCall, plan

__all__ = ["ToolCall", "plan"]
