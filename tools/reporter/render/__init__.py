"""From a report in blocks to a page, Markdown and figures."""
