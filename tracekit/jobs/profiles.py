"""Profiles: the kind of analysis of a request."""

from __future__ import annotations

QUERY_TOOL = "query_tool"
QUERY_TOOL_REVERSE = "query_tool_reverse"
MID_SECTION_DEFECT = "mid_section_defect"

PROFILES = (QUERY_TOOL, QUERY_TOOL_REVERSE, MID_SECTION_DEFECT)
AGGREGATED_PROFILES = frozenset({MID_SECTION_DEFECT})
"""Profiles whose streams end with the sums of each domain."""
