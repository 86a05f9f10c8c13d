"""The approaches that a team can ship, by name: what each takes as input, and what it costs before it runs.

    dual_head            pictures → network                       one_frame     the same network, shown one picture
    landmark_mlp         face points → network                    majority      always the larger class: the floor
    blendshape_mlp       52 blendshapes → network
    blendshapes          MediaPipe's smile, a threshold           blendshape_logistic   a regression on all 52

Names only; reads and runs nothing.
"""

from dataclasses import dataclass

from shared.errors import WrongUsage


@dataclass(frozen=True)
class Approach:
    """An approach: how a smile is recognised.

    Attributes:
        name: How flags, documents and pages call it.
        arm: How the evaluator calls it.
        network: What the trainer trains for it; None where it needs no network of its own.
        input: What it decides by: ``frames``, ``landmarks``, ``blendshapes`` or ``nothing``.
        is_trained: Whether anything but a threshold is learned from labels.
    """

    name: str
    arm: str
    network: str | None
    input: str
    is_trained: bool

    @property
    def needs_faces(self) -> bool:
        """Whether MediaPipe must find a face first."""
        return self.input in ("landmarks", "blendshapes")

    @property
    def runtimes(self) -> tuple[str, ...]:
        """Names in `RUNTIME_BYTES` of what a page needs to run it."""
        graphs, faces = RUNTIME_BYTES
        return (*([graphs] if self.has_graph else []), *([faces] if self.needs_faces else []))

    @property
    def has_graph(self) -> bool:
        """Whether an ONNX file decides."""
        return self.arm in ("model", "one_frame")


FLOOR = "majority"
APPROACHES = {
    one.name: one
    for one in (
        Approach("dual_head", "model", "dual_head", "frames", True),
        Approach("one_frame", "one_frame", None, "frames", True),
        Approach("landmark_mlp", "model", "landmark_mlp", "landmarks", True),
        Approach("blendshape_mlp", "model", "blendshape_mlp", "blendshapes", True),
        Approach("blendshapes", "blendshapes", None, "blendshapes", False),
        Approach("blendshape_logistic", "blendshape_logistic", None, "blendshapes", True),
        Approach(FLOOR, "majority", None, "nothing", False),
    )
}
# What a page loads to run a model or the landmarker, in bytes, uncompressed (gzip makes a quarter of it); counted on
# the releases that `shared.web.npm` pins: a test holds the versions together.
RUNTIME_BYTES = {"onnxruntime-web 1.30.0": 14_314_404, "@mediapipe/tasks-vision 1.1.0": 13_488_776}
# Why one was left out, for pages to say in words.
REASONS = ("landmarker", "synthetic", "no_faces", "photos", "mixed_frames")


def parse_names(text: str) -> tuple[str, ...]:
    """Parse names such as dual_head,landmark_mlp; nothing means all. The floor is always among them.

    Raises:
        WrongUsage: A name that there is none of, a name twice, or only the floor.

    Example:
        >>> parse_names("blendshapes, landmark_mlp")
        ('landmark_mlp', 'blendshapes', 'majority')
    """
    names = [part.strip() for part in text.split(",")] if text.strip() else list(APPROACHES)
    unknown = [name for name in names if name not in APPROACHES]
    if unknown or set(names) == {FLOOR}:
        found = repr(unknown[0]) if unknown else "the floor alone"
        raise WrongUsage("--approaches", found=found, expected=f"some of {', '.join(APPROACHES)}")
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise WrongUsage("--approaches", found=f"{twice[0]} twice", expected="each once")
    return tuple(name for name in APPROACHES if name in names or name == FLOOR)
