"""The networks, one file each, by name. Importing this package imports no torch; building a network does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.errors import InvalidInput
from shared.faces.normalise import DEFAULT_SCHEME

if TYPE_CHECKING:
    from shared.models.network import Network

# What each network takes: pictures, or what the featurizer reads in them.
INPUT_KINDS = {"dual_head": "frames", "landmark_mlp": "landmarks", "blendshape_mlp": "blendshapes"}
NETWORKS = tuple(INPUT_KINDS)


def build_network(name: str, frame_count: int, settings: Mapping[str, Any] | None = None) -> "Network":
    """Build a network with random weights.

    Args:
        name: One of `NETWORKS`.
        frame_count: Frames of a sequence; networks of features take any number.
        settings: The ``config`` of a run, of which a network of landmarks reads ``normalisation`` and ``with_z``;
            what is not there is as it was before there was a choice.

    Raises:
        InvalidInput: No network has this name.
    """
    if name == "dual_head":
        from shared.models.dual_head import DualHeadSmileDetector

        return DualHeadSmileDetector(frame_count)
    if name in INPUT_KINDS:
        from shared.models.landmark_mlp import LandmarkMlp

        told = settings or {}
        scheme, with_z = told.get("normalisation", DEFAULT_SCHEME), bool(told.get("with_z"))
        return LandmarkMlp(INPUT_KINDS[name], scheme, with_z=with_z)
    raise InvalidInput("the network", found=repr(name), expected="one of " + ", ".join(NETWORKS))
