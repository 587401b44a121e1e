"""The report of one run or more: a page that shows every turn, tables in Markdown, and results for programs."""

from vlm_gym.evaluation.report.write import Report, write_report

__all__ = ["Report", "write_report"]
