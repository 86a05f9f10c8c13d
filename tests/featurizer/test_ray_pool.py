"""Features by a Ray cluster: the same store as with processes, and a node's troubles in one line."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared.dataset.reader import Dataset, decode_picture
from shared.errors import CheckFailed, InvalidInput
from shared.faces.landmarker import FaceLandmarker, find_model
from shared.system import ray_cluster
from tools.featurizer import ray_pool
from tools.featurizer.cli import main
from tools.featurizer.worker import Job, Picture


class InlineRay:
    """Stands for the package where no cluster is wanted: does a task when its answer is asked for, the last one first.

    Attributes:
        lost: How many tasks are lost for good.
        most: How many tasks waited at a time.
    """

    class RayError(Exception):
        """As Ray's own."""

    exceptions = SimpleNamespace(RayError=RayError)

    def __init__(self, lost: int = 0) -> None:
        self.lost = lost
        self.most = 0
        self.is_open = True

    def put(self, value: Any) -> Any:
        return value

    def remote(self, **_: Any) -> Any:
        return lambda task: SimpleNamespace(remote=lambda *given: lambda: task(*given))

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def wait(self, waiting: list[Any], num_returns: int) -> tuple[list[Any], list[Any]]:
        self.most = max(self.most, len(waiting))
        return waiting[-num_returns:], waiting[:-num_returns]

    def get(self, answer: Any) -> Any:
        if self.lost:
            self.lost -= 1
            raise self.RayError("Worker crashed\n  (a stack trace)")
        return answer()

    def shutdown(self) -> None:
        self.is_open = False


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> InlineRay:
    ray = InlineRay()
    monkeypatch.setattr(ray_cluster, "connect", lambda address: ray)
    monkeypatch.setattr(ray_pool, "PICTURES_A_TASK", 5)
    ray_pool._reader_of.cache_clear()
    return ray


def stored(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.npy")}


def test_a_cluster_writes_the_same_store_as_processes(people: Dataset, cluster: InlineRay, tmp_path: Path) -> None:
    assert main(["--dataset", "people", "--engine", "ray", "--out", str(tmp_path / "ray")]) == 0
    assert main(["--dataset", "people", "--workers", "1", "--out", str(tmp_path / "here")]) == 0
    assert stored(tmp_path / "ray") == stored(tmp_path / "here")
    assert (cluster.most, cluster.is_open) == (4, False)


def test_a_shard_that_ray_lost_for_good_is_one_line_and_a_second_run_reads_it(
    people: Dataset, cluster: InlineRay, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.lost = 1
    assert main(["--dataset", "people", "--engine", "ray"]) == CheckFailed.exit_code
    error = capsys.readouterr().err
    assert "Ray lost them: Worker crashed (a stack trace)" in error
    assert "run the same command again" in error
    assert error.count("\n") == 1
    assert main(["--dataset", "people", "--engine", "ray"]) == 0


def test_a_broken_picture_is_named(people: Dataset, cluster: InlineRay, capsys: pytest.CaptureFixture[str]) -> None:
    (people.folder / "images/seq_0020_frame_0.jpg").write_bytes(b"no picture")
    assert main(["--dataset", "people", "--engine", "ray"]) == 1
    assert "seq_0020_frame_0.jpg: found a file that is no picture" in capsys.readouterr().err


def test_a_node_with_another_mediapipe_is_refused(photos: list[bytes], cluster: InlineRay) -> None:
    job = Job("blendshapes", find_model(), 224, 224, {"mediapipe": "0.0.1"})
    with pytest.raises(
        InvalidInput, match=r"a node of the cluster: found mediapipe [\d.]+, expected mediapipe 0\.0\.1"
    ):
        list(ray_pool.read_faces([Picture("p", b"\0" * 32, photos[0])], job, None, "auto"))


def test_flags_of_the_other_engine_are_refused(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--address", "auto"], ["--engine", "ray", "--workers", "2"]):
        assert main(["--dataset", "people", *words]) == 2
        assert "--engine" in capsys.readouterr().err


def test_without_ray_the_extra_is_named(
    people: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["--dataset", "people", "--engine", "ray"]) == 3
    assert "pip install 'smilebench[ray]'" in capsys.readouterr().err


def test_a_closed_landmarker_finds_no_face_in_silence_no_more(photos: list[bytes]) -> None:
    landmarker = FaceLandmarker()
    landmarker.close()
    with pytest.raises(ValueError, match="closed"):
        landmarker.read(decode_picture(photos[0], "a photo", 224, 224))
