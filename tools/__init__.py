"""Scans, models, measuring, evidence. Knows no language model, no guideline store and no user interface."""

from __future__ import annotations

import os

# Two spinning OpenMP threads on a busy two-core machine make small networks ten times slower: waiting threads
# must sleep. Read by the OpenMP runtime when torch is first imported, so it is set before anything else here.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from tools.contract import (
    Accuracy,
    Cancelled,
    Candidate,
    ClassifyRequest,
    ClassifyResult,
    FindRequest,
    FindResult,
    MeasureRequest,
    MeasureResult,
    MissingSpacing,
    NotApplicable,
    PrepareRequest,
    PrepareResult,
    SegmentRequest,
    SegmentResult,
    ToolError,
    ToolFailed,
    ToolSpec,
    UnknownTool,
    VisionTool,
)
from tools.evidence import CaseEvidence, Evidence, EvidenceError, EvidenceStore
from tools.mask import Mask
from tools.measure import measure_mask
from tools.quantity import Quantity
from tools.registry import Registry
from tools.runtime import Job, Runtime
from tools.scan import (
    IrregularSlices,
    Known,
    Scan,
    ScanError,
    Source,
    UnreadableScan,
    UnsafeArchive,
    load_scan,
)

__all__ = [
    "Accuracy",
    "Cancelled",
    "Candidate",
    "CaseEvidence",
    "ClassifyRequest",
    "ClassifyResult",
    "Evidence",
    "EvidenceError",
    "EvidenceStore",
    "FindRequest",
    "FindResult",
    "IrregularSlices",
    "Job",
    "Known",
    "Mask",
    "MeasureRequest",
    "MeasureResult",
    "MissingSpacing",
    "NotApplicable",
    "PrepareRequest",
    "PrepareResult",
    "Quantity",
    "Registry",
    "Runtime",
    "Scan",
    "ScanError",
    "SegmentRequest",
    "SegmentResult",
    "Source",
    "ToolError",
    "ToolFailed",
    "ToolSpec",
    "UnknownTool",
    "UnreadableScan",
    "UnsafeArchive",
    "VisionTool",
    "load_scan",
    "measure_mask",
]
