"""The approaches that a team can ship, by name: what each takes as input, and what it costs before it runs.

    dual_head            pictures → network                       one_frame     the same network, shown one picture
    photo                one picture → network                    photo_logistic  a regression on its frozen features
    landmark_mlp         face points → network                    majority      always the larger class: the floor
    blendshape_mlp       52 blendshapes → network
    blendshapes          MediaPipe's smile, a threshold           blendshape_logistic   a regression on all 52

Of clips, seconds of a film with a provider's named channels:

    clip_lstm, clip_conv1d, clip_stats   channels → network       clip_boosting   boosted trees on their statistics
    one_channel          what means the class, a threshold: the floor of clips

A fusion averages the predictions of two or more of them and is called after them: ``dual_head+landmark_mlp``.

Names only; reads and runs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import WrongUsage
from shared.onnx.contract import CLIPS


@dataclass(frozen=True)
class Approach:
    """An approach: how a smile is recognised.

    Attributes:
        name: How flags, documents and pages call it.
        arm: How the evaluator calls it.
        network: What the trainer trains for it; None where it needs no network of its own.
        input: What it decides by: ``frames``, ``landmarks``, ``blendshapes``, ``emotions`` (of clips) or ``nothing``;
            ``several`` for a fusion.
        is_trained: Whether anything but a threshold is learned from labels.
        members: The approaches that a fusion averages; none for any other.
    """

    name: str
    arm: str
    network: str | None
    input: str
    is_trained: bool
    members: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple["Approach", ...]:
        """What is measured for it: its members, or itself."""
        return tuple(APPROACHES[name] for name in self.members) or (self,)

    @property
    def inputs(self) -> frozenset[str]:
        """What it and its members decide by."""
        return frozenset(part.input for part in self.parts)

    @property
    def needs_faces(self) -> bool:
        """Whether MediaPipe must find a face first, for one of its members at least."""
        return bool(self.inputs & {"landmarks", "blendshapes"})

    @property
    def is_of_clips(self) -> bool:
        """Whether it judges clips by a provider's channels."""
        return self.input == CLIPS

    @property
    def runtimes(self) -> tuple[str, ...]:
        """Names in `RUNTIME_BYTES` of what a page needs to run it."""
        graphs, faces = RUNTIME_BYTES
        runs_graphs = bool(self.networks) and not self.is_of_clips  # no page judges clips
        return (*([graphs] if runs_graphs else []), *([faces] if self.needs_faces else []))

    @property
    def has_graph(self) -> bool:
        """Whether one ONNX file decides."""
        return self.arm in ("model", "one_frame")

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that must be trained for it, each once; one frame is shown to the dual head."""
        found = [part.network or "dual_head" for part in self.parts if part.has_graph]
        return tuple(dict.fromkeys(found))

    @property
    def file_stem(self) -> str:
        """Its name as a part of file names, and as a model's name in documents."""
        return self.name.replace(FUSE, "-and-")


FLOOR = "majority"
PHOTO, PHOTO_LOGISTIC = "photo", "photo_logistic"  # the second is stage 0 of the first, and always beside it
FUSE = "+"
APPROACHES = {
    one.name: one
    for one in (
        Approach("dual_head", "model", "dual_head", "frames", True),
        Approach("one_frame", "one_frame", None, "frames", True),
        Approach("photo", "model", "photo", "frames", True),
        Approach("photo_logistic", "model", "photo_logistic", "frames", True),
        Approach("landmark_mlp", "model", "landmark_mlp", "landmarks", True),
        Approach("blendshape_mlp", "model", "blendshape_mlp", "blendshapes", True),
        Approach("blendshapes", "blendshapes", None, "blendshapes", False),
        Approach("blendshape_logistic", "blendshape_logistic", None, "blendshapes", True),
        Approach("clip_lstm", "model", "clip_lstm", CLIPS, True),
        Approach("clip_conv1d", "model", "clip_conv1d", CLIPS, True),
        Approach("clip_stats", "model", "clip_stats", CLIPS, True),
        Approach("clip_boosting", "clip_boosting", None, CLIPS, True),
        Approach("one_channel", "one_channel", None, CLIPS, False),
        Approach(FLOOR, "majority", None, "nothing", False),
    )
}
# What a page loads to run a model or the landmarker, in bytes, uncompressed (gzip makes a quarter of it); counted on
# the releases that `shared.web.npm` pins: a test holds the versions together.
RUNTIME_BYTES = {"onnxruntime-web 1.30.0": 14_314_404, "@mediapipe/tasks-vision 1.1.0": 13_488_776}
# Why one was left out, for pages to say in words.
REASONS = ("landmarker", "synthetic", "no_faces", "photos", "mixed_frames")


def find_approach(name: str) -> Approach | None:
    """Return an approach by its name; None where there is none of that name.

    Example:
        >>> find_approach("landmark_mlp+dual_head").name
        'dual_head+landmark_mlp'
    """
    if name in APPROACHES:
        return APPROACHES[name]
    given = [part.strip() for part in name.split(FUSE)]
    members = tuple(name for name, one in APPROACHES.items() if name in given and name != FLOOR and not one.is_of_clips)
    if len(given) < 2 or len(members) != len(given):
        return None
    return Approach(FUSE.join(members), "fusion", None, "several", True, members)


def get_approach(name: str) -> Approach:
    """Return an approach that is known to be one.

    Raises:
        KeyError: There is none of that name.
    """
    found = find_approach(name)
    if found is None:
        raise KeyError(name)
    return found


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Order approaches as tables show them: single ones, fusions as they were given, the floor.

    Example:
        >>> in_order(["majority", "dual_head+landmark_mlp", "landmark_mlp", "dual_head"])
        ('dual_head', 'landmark_mlp', 'dual_head+landmark_mlp', 'majority')
    """
    places = {name: place for place, name in enumerate(name for name in APPROACHES if name != FLOOR)}
    return tuple(sorted(names, key=lambda name: (name == FLOOR, places.get(name, len(places)))))


def usual_names(*, of_clips: bool) -> tuple[str, ...]:
    """Name what is compared where nobody chose: all of sequences that are no fusion; of clips what is made for them."""
    found = (name for name, one in APPROACHES.items() if name == FLOOR or one.is_of_clips == of_clips)
    return tuple(name for name in found if name not in (PHOTO, PHOTO_LOGISTIC))


def parse_names(text: str, flag: str = "--approaches") -> tuple[str, ...]:
    """Parse names such as dual_head,landmark_mlp,dual_head+landmark_mlp; the usual ones where nothing is given.

    The floor is always among them, and so are the members of a fusion, and the regression that ``photo`` begins with.

    Raises:
        WrongUsage: A name that there is none of, a name twice, or only the floor.

    Example:
        >>> parse_names("blendshapes, landmark_mlp")
        ('landmark_mlp', 'blendshapes', 'majority')
        >>> parse_names("landmark_mlp+dual_head")
        ('dual_head', 'landmark_mlp', 'dual_head+landmark_mlp', 'majority')
    """
    usual = usual_names(of_clips=False)
    given = [part.strip() for part in text.split(",")] if text.strip() else list(usual)
    found = [(name, find_approach(name)) for name in given]
    unknown = [name for name, one in found if one is None]
    if unknown or set(given) == {FLOOR}:
        wrong = repr(unknown[0]) if unknown else "the floor alone"
        expected = f"some of {', '.join(APPROACHES)}, or several of them joined by {FUSE} (not {FLOOR})"
        raise WrongUsage(flag, found=wrong, expected=expected)
    known = [one for _, one in found if one is not None]
    names = [one.name for one in known]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise WrongUsage(flag, found=f"{twice[0]} twice", expected="each once")
    members = [member for one in known for member in one.members]
    beside = [PHOTO_LOGISTIC] if PHOTO in (*names, *members) else []
    return in_order(dict.fromkeys([*names, *members, *beside, FLOOR]))
