"""Reports: verdicts as text and as JSON, one module per format, found by themselves.

A format module has a `REPORT` whose `render` is given a `Report` and yields the text in pieces.
"""

from chainrule.show.report.base import Report, ReportFormat, report_formats

__all__ = ["Report", "ReportFormat", "report_formats"]
