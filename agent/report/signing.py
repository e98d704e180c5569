"""A reader signs a report: the signature is evidence, what was signed is sealed by its hash and kept as a version.

Who the reader is, the caller knows: the app's login, or the operator's setting for the command line. Knows no file.
"""

from __future__ import annotations

import dataclasses

from agent.events import AgentError
from agent.report.kept import keep_report, last_report, next_version
from agent.report.model import Report, Signature
from agent.report.phrases import phrase
from agent.report.refresh import is_current
from agent.report.terms import named
from agent.toolset.desk import Desk
from tools.contract import NotApplicable

LONGEST_NAME = 80


def sign(desk: Desk, reader: str) -> Report:
    """Sign the case's last report and return the signed version.

    Raises:
        NotApplicable: no name, or the last version is signed already.
        AgentError: there is no report, or the case has moved on since it was written.
    """
    name = named(reader, LONGEST_NAME)
    if not any(c.isalpha() for c in name):
        raise NotApplicable("A report is signed with the reader's name; none was given. Log in, then sign.")
    report = last_report(desk)
    if report is None:
        raise AgentError('There is no report in this case yet. Ask for it first: "write the report".')
    if report.signature is not None:
        raise NotApplicable(
            f"Version {report.version} is signed already, by {report.signature.reader}. A change makes an addendum, "
            "which can be signed."
        )
    if not is_current(desk, report):
        raise AgentError(
            f"The case has changed since report version {report.version} was written. Write the report again, read "
            "it, then sign."
        )
    return _signed(desk, report, name)


def _signed(desk: Desk, report: Report, name: str) -> Report:
    version = next_version(desk)
    shown = name.replace(".", "")  # a full stop would end the sentence before its citation
    item = desk.evidence.add(
        "stated", "reader", "1", text=shown, scan_id=desk.scan.id if desk.scan else None,
        inputs={"what": "signature", "reader": name, "version": report.version, "kept_as": version,
                "seal": report.seal},
    )  # fmt: skip
    told = phrase("signed", report.language, reader=shown, signed=item.created, id=item.id)
    signed = dataclasses.replace(
        report, version=version, notices=(told, report.notices[-1]),
        signature=Signature(name, item.created, item.id, report.seal),
    )  # fmt: skip
    keep_report(desk, signed)
    return signed
