"""The networks, one file each, by name. Importing this package imports no torch; building a network does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.errors import InvalidInput
from shared.onnx.contract import CLIPS

if TYPE_CHECKING:
    from shared.models.network import Network

# What each network takes: pictures, or what the featurizer reads in them.
INPUT_KINDS = {
    "dual_head": "frames",
    "photo": "frames",
    "photo_logistic": "frames",
    "landmark_mlp": "landmarks",
    "blendshape_mlp": "blendshapes",
    "clip_lstm": CLIPS,
    "clip_conv1d": CLIPS,
    "clip_stats": CLIPS,
}
NETWORKS = tuple(INPUT_KINDS)
EMOTION_NETWORKS = ("dual_head",)  # the emotion_logits of other networks of pictures are zeros


def build_network(
    name: str,
    frame_count: int,
    settings: Mapping[str, Any] | None = None,
    image_px: int = 224,
    n_channels: int = 0,
) -> "Network":
    """Build a network with random weights.

    Args:
        name: One of `NETWORKS`.
        frame_count: Frames of a sequence; networks of features take any number.
        settings: The ``config`` of a run. A network of landmarks reads ``normalisation`` and ``with_z`` in it, one of
            pictures ``encoder``, ``input_px`` and ``pooling``; what is missing is as it was before there was a choice.
        image_px: Side of the pictures.
        n_channels: K, for a network of clips.

    Raises:
        InvalidInput: No network has this name.
    """
    if INPUT_KINDS.get(name) == "frames":
        from shared.models.dual_head import DualHeadSmileDetector
        from shared.models.encoder_specs import EncoderChoice
        from shared.models.photo import PhotoClassifier

        choice = EncoderChoice.from_settings(settings)
        if name == "dual_head":
            return DualHeadSmileDetector(frame_count, choice, image_px)
        return PhotoClassifier(frame_count, choice, image_px, is_logistic=name == "photo_logistic")
    if INPUT_KINDS.get(name) == CLIPS:
        from shared.models.clips import ClipConv1d, ClipLstm, ClipStats

        if name == "clip_stats":
            return ClipStats(n_channels)
        return ClipLstm(n_channels) if name == "clip_lstm" else ClipConv1d(n_channels)
    if name in INPUT_KINDS:
        from shared.faces.normalise import DEFAULT_SCHEME
        from shared.models.landmark_mlp import LandmarkMlp

        known = settings or {}
        scheme, with_z = known.get("normalisation", DEFAULT_SCHEME), bool(known.get("with_z"))
        return LandmarkMlp(INPUT_KINDS[name], scheme, with_z=with_z)
    raise InvalidInput("the network", found=repr(name), expected="one of " + ", ".join(NETWORKS))
