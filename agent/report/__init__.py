"""The report: composed from current evidence, checked sentence by sentence, edited, signed, kept, written out.

    model      what a report is
    phrases    every sentence it can say, English and Chinese
    terms      its words for what is recorded as codes
    guidance   what a guideline says about each lesion now
    template   which sections, in which order, under which titles
    material   what the parts draw on
    opening comparison targets findings closing   the parts
    compose    the parts, filled in and checked
    edits      the clinician's own words, laid over them; edit_acts: how they come in
    addendum   what has changed since a signature
    kept       every version, for good
    refresh    composed anew as the last one was
    signing    a reader signs
    files      written out: render (Markdown), text, page (HTML), pdf with fonts and pictures

Knows no language model and no user interface.
"""

from agent.report.compose import compose, material_of
from agent.report.edit_acts import add_to_report, delete_from_report, edit_report, restore_in_report
from agent.report.files import Written, evidence_json, formats, make_files, write_files
from agent.report.guidance import bring_up_to_date
from agent.report.kept import (
    Change,
    Version,
    compare_reports,
    keep_report,
    last_report,
    load_report,
    next_version,
    versions,
)
from agent.report.model import Report, Section, Signature, Statement
from agent.report.refresh import refresh
from agent.report.render import to_markdown
from agent.report.signing import sign
from agent.report.text import to_text

__all__ = [
    "Change",
    "Report",
    "Section",
    "Signature",
    "Statement",
    "Version",
    "Written",
    "add_to_report",
    "bring_up_to_date",
    "compare_reports",
    "compose",
    "delete_from_report",
    "edit_report",
    "evidence_json",
    "formats",
    "keep_report",
    "last_report",
    "load_report",
    "make_files",
    "material_of",
    "next_version",
    "refresh",
    "restore_in_report",
    "sign",
    "to_markdown",
    "to_text",
    "versions",
    "write_files",
]
