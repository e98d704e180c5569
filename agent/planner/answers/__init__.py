"""Results into sentences that cite their evidence, in the language of the question.

    wording   the two languages side by side; names of quantities and places
    vision    find, segment, measure, classify, show
    advice    assess and find_guideline
    memory    recall
    paper     compare, write_report, export
    talk      what needs no function: greetings, limits, questions

No digit of a measurement is written here: a sentence refers to it (``{E9.axial_long_axis}``) and code fills it in.
Knows no intent: what to say follows from the plan's topics and the results.
"""
