"""The first layer of a landmark network: `shared.faces.normalise.normalise` in torch, so that it lies in the graph.

Gather, subtract, multiply, one maximum and one square root: operators that every ONNX runtime has. Also a face's mirror
image, for networks that shall not care which cheek rises.
"""

import torch
from torch import nn

from shared.errors import InvalidInput
from shared.faces.mirror import BLENDSHAPE_TWINS, POINT_TWINS
from shared.faces.normalise import DEFAULT_SCHEME, LEFT_EYE, NOSE_TIP, RIGHT_EYE, SCHEMES


class LandmarkInput(nn.Module):
    """Landmarks as MediaPipe gives them for a square picture, to normalised numbers in a row.

    Args:
        scheme: One of `shared.faces.normalise.SCHEMES`.
        with_z: Keep z.

    Attributes:
        width: Numbers a picture: 956 of x and y, 1,434 with z.
    """

    def __init__(self, scheme: str = DEFAULT_SCHEME, *, with_z: bool = False) -> None:
        super().__init__()
        if scheme not in SCHEMES:
            raise InvalidInput("the normalisation", found=repr(scheme), expected=" or ".join(SCHEMES))
        self.scheme = scheme
        self.n_axes = 3 if with_z else 2
        self.width = 478 * self.n_axes
        self.mirrored_index: torch.Tensor
        self.signs: torch.Tensor
        self.register_buffer("mirrored_index", torch.tensor(POINT_TWINS), persistent=False)
        self.register_buffer("signs", torch.tensor([-1.0, 1.0, 1.0][: self.n_axes]), persistent=False)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """Normalise.

        Args:
            points: (N, T, 478, 3) float32 without nan: a picture without a face is the caller's to decide.

        Returns:
            (N, T, width), the axes of a point side by side.
        """
        points = points[..., : self.n_axes]
        centred = points - points[..., NOSE_TIP : NOSE_TIP + 1, :]
        if self.scheme == "farthest":
            scale = centred.square().sum(-1).amax(-1).sqrt()[..., None]
        else:
            between = _middle(centred, LEFT_EYE) - _middle(centred, RIGHT_EYE)
            scale = between[..., :2].square().sum(-1).sqrt()[..., None]
        centred = centred / scale[..., None]
        if self.scheme == "upright":
            x, y = centred[..., 0], centred[..., 1]
            cosine, sine = between[..., 0:1] / scale, between[..., 1:2] / scale
            turned = [cosine * x + sine * y, cosine * y - sine * x]
            centred = torch.stack([*turned, *(centred[..., axis] for axis in range(2, self.n_axes))], -1)
        return centred.flatten(-2)

    def mirror(self, values: torch.Tensor) -> torch.Tensor:
        """Turn what `forward` gave, (N, T, width), into what it would give for the mirrored pictures."""
        points: torch.Tensor = values.unflatten(-1, (478, self.n_axes))[..., self.mirrored_index, :]
        return (points * self.signs).flatten(-2)


class BlendshapeInput(nn.Module):
    """Blendshapes as they are, with the same two doors.

    Attributes:
        width: 52.
    """

    def __init__(self) -> None:
        super().__init__()
        self.width = len(BLENDSHAPE_TWINS)
        self.mirrored_index: torch.Tensor
        self.register_buffer("mirrored_index", torch.tensor(BLENDSHAPE_TWINS), persistent=False)

    def forward(self, blendshapes: torch.Tensor) -> torch.Tensor:
        """Give (N, T, 52) back."""
        return blendshapes

    def mirror(self, values: torch.Tensor) -> torch.Tensor:
        """Swap the left and the right ones."""
        return values[..., self.mirrored_index]


def _middle(points: torch.Tensor, corners: tuple[int, int]) -> torch.Tensor:
    """Return the middle between an eye's corners."""
    return (points[..., corners[0], :] + points[..., corners[1], :]) / 2
