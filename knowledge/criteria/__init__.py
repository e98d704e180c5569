"""Guideline criteria in code: every threshold and category is data in ``tables/``, applied by one small engine."""

from knowledge.criteria.apply import assess
from knowledge.criteria.table import criteria_names

__all__ = ["assess", "criteria_names"]
