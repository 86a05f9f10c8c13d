"""DualHeadSmileDetector: an encoder sees each frame, an LSTM their order, two heads answer (a Y)."""

from typing import cast

from torch import Tensor, nn

from shared.dataset.protocol import EMOTIONS
from shared.models.encoder_specs import EncoderChoice
from shared.models.network import NetworkOutput
from shared.models.picture_network import DROPOUT, PictureNetwork

HIDDEN = {"average": 256, "grid": 128}


class DualHeadSmileDetector(PictureNetwork):
    """Smile probability and seven emotions of a short sequence of face pictures.

    Args:
        frame_count: Frames of a sequence; the weights do not depend on it.
        choice: Encoder, input size and pooling.
        image_px: Side of the pictures that come in.

    Source: the network of the project's first plan (MobileNetV3, Howard et al. 2019, section 5, the Small variant;
    torchvision's implementation). Hidden size and dropout are our own choice: they keep the ONNX at 7.2 MB.
    """

    def __init__(self, frame_count: int, choice: EncoderChoice | None = None, image_px: int = 224) -> None:
        super().__init__(frame_count, choice, image_px)
        hidden = HIDDEN[self.choice.pooling]
        self.lstm = nn.LSTM(self.n_features, hidden, batch_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.smile_head = nn.Linear(hidden, 1)
        self.emotion_head = nn.Linear(hidden, len(EMOTIONS))
        # The newest frame's features reach both answers past the LSTM as well: from scratch a small encoder learns
        # nothing for epochs behind an LSTM alone.
        is_grid = self.choice.pooling == "grid"
        self.shortcut = nn.Linear(self.n_features, 1 + len(EMOTIONS)) if is_grid else None

    def decide(self, features_ntf_f32: Tensor) -> NetworkOutput:
        """Turn the features of sequences, (N, T, n_features), into the answers of both heads."""
        return self.answer(self.remember(features_ntf_f32), features_ntf_f32)

    def remember(self, features_ntf_f32: Tensor) -> Tensor:
        """Return what the LSTM holds after the newest frame, (N, n_hidden)."""
        hidden, _ = self.lstm(features_ntf_f32)
        return cast(Tensor, self.dropout(hidden[:, -1]))

    def answer(self, hidden_nh_f32: Tensor, features_ntf_f32: Tensor) -> NetworkOutput:
        """Turn what the LSTM holds, and the newest frame's features beside it, into the answers of both heads."""
        smile, emotions = self.smile_head(hidden_nh_f32), self.emotion_head(hidden_nh_f32)
        if self.shortcut is not None:
            direct = self.shortcut(features_ntf_f32[:, -1])
            smile, emotions = smile + direct[:, :1], emotions + direct[:, 1:]
        return NetworkOutput(smile.squeeze(1), emotions)
