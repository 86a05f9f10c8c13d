"""PhotoClassifier: an encoder, pooling, dropout and one logit; and the logistic regression on its frozen features.

    photo → encoder → pooling → dropout 0.3 → one logit          ``photo``
    photo → the same encoder, frozen → logistic regression       ``photo_logistic``, stage 0 of a run

A photo is a sequence of one picture. Of several pictures the mean of their logits is given.
"""

from typing import cast

from torch import Tensor, nn

from shared.models.encoder_specs import EncoderChoice
from shared.models.network import NetworkOutput
from shared.models.picture_network import DROPOUT, PictureNetwork


class PhotoClassifier(PictureNetwork):
    """Probability of the positive class of a photo.

    Args:
        frame_count: Pictures of a sequence, 1 for photos; the weights do not depend on it.
        choice: Encoder, input size, pooling, crop and views.
        image_px: Side of the pictures that come in.
        is_logistic: Whether the encoder's features reach the logit as they are: all of a grid, or their averages.

    Source: the photo classifier of the project's second plan (encoder, global average pooling, dropout 0.3, sigmoid).
    """

    def __init__(
        self, frame_count: int, choice: EncoderChoice | None = None, image_px: int = 224, *, is_logistic: bool = False
    ) -> None:
        self.is_logistic = is_logistic
        super().__init__(frame_count, choice, image_px)
        self.dropout = nn.Dropout(0.0 if is_logistic else DROPOUT)
        self.head = nn.Linear(self.n_features, 1)

    def build_pool(self, shape: tuple[int, int, int]) -> tuple[nn.Module, int]:
        """Build the pooling; that of a logistic regression on a grid leaves it as it is."""
        if self.is_logistic and self.choice.pooling == "grid":
            channels, height, width = shape
            return nn.Flatten(1), channels * height * width
        return super().build_pool(shape)

    def decide(self, features_ntf_f32: Tensor) -> NetworkOutput:
        """Turn the features of sequences, (N, T, n_features), into the mean logit of their pictures."""
        logits = cast(Tensor, self.head(self.dropout(features_ntf_f32)))  # (N, T, 1)
        return NetworkOutput(logits.mean((1, 2)))
