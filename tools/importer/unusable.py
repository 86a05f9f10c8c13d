"""Why a picture cannot be used."""


class Unusable(Exception):
    """A picture that cannot be used.

    Args:
        reason: A key of `tools.importer.report.REASONS`.
        detail: More of it, or nothing.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
