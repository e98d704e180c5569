"""Clause against evidence: the one checker for chat, report and `verify`.

    clauses      text -> clauses; their citations; references filled with digits
    vocabulary   the words that claim something, English and Chinese
    numerals     numbers in words, in Chinese or Roman numerals, in other signs
    dates        dates in the ways they are written
    claims       a text -> what it claims: amounts, sides, qualifiers, findings, comparisons
    names        what a number is called, and the quantities that it may then be
    support      cited evidence -> what it carries
    about        which lesions evidence is about, as a clause may number them
    quotes       what of a clause is a quotation of what it cites
    told         what of a clause is a passage's row, word by word, in a frame that says nothing
    rows         whether a passage's numbers stand under the condition that the passage gives them
    bound        whose number it is where several lesions are spoken of
    placed       whose side it is, how many lie there, which lies above
    between      lesions compared with each other: which is the larger, by how much, how many times
    compared_words   the words of such comparisons
    dated        whether what is of a prior is told as of then, and what is of now as of now
    denied       what a clause denies though what it cites holds it
    given        what a category was given, and whom its guideline is for
    restated     what a cited text says in other words or in the other language
    speech       the closed list of words in which a lesion of the case may be spoken of
    check        claims against support, and what is never said
    report       a whole report against its evidence.json
    impression   what may be told of words that rest on nothing

Knows no language model, no scan and no tool.
"""

from agent.grounding.check import check
from agent.grounding.clauses import cites_of, fill, split_clauses
from agent.grounding.impression import measures, never_said
from agent.grounding.report import verify

__all__ = ["check", "cites_of", "fill", "measures", "never_said", "split_clauses", "verify"]
