"""The networks, one file each, by name. Importing this package imports no torch; building a network does."""

from typing import TYPE_CHECKING

from shared.errors import InvalidInput

if TYPE_CHECKING:
    from shared.models.dual_head import DualHeadSmileDetector

NETWORKS = ("dual_head",)


def build_network(name: str, frame_count: int) -> "DualHeadSmileDetector":
    """Build a network with random weights.

    Args:
        name: One of `NETWORKS`.
        frame_count: Frames of a sequence.

    Raises:
        InvalidInput: No network has this name.
    """
    if name == "dual_head":
        from shared.models.dual_head import DualHeadSmileDetector

        return DualHeadSmileDetector(frame_count)
    raise InvalidInput("the network", found=repr(name), expected="one of " + ", ".join(NETWORKS))
