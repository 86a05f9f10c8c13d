"""Why a picture cannot be used."""


class Unusable(Exception):
    """A picture that cannot be used.

    Args:
        reason: A key of the importer's and the predictor's texts, such as unreadable, truncated, too_large.
        detail: More of it, or nothing.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
