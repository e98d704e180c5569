"""The report: composed from current evidence, checked sentence by sentence, kept with its case, written out.

    model      what a report is
    phrases    every sentence it can say, English and Chinese
    terms      its words for what is recorded as codes
    guidance   what a guideline says about each lesion now
    material   what the parts draw on
    opening comparison findings closing   the parts
    compose    the parts, filled in and checked
    render     Markdown
    files      kept and written

Knows no language model, no user interface and no pixel.
"""

from agent.report.compose import compose, material_of
from agent.report.files import evidence_json, keep_report, last_report, write_files
from agent.report.guidance import bring_up_to_date
from agent.report.model import Report, Section, Statement
from agent.report.render import to_markdown

__all__ = [
    "Report",
    "Section",
    "Statement",
    "bring_up_to_date",
    "compose",
    "evidence_json",
    "keep_report",
    "last_report",
    "material_of",
    "to_markdown",
    "write_files",
]
