"""Pretraining on photos and films: what is learned from, what is kept, and who must not be tested afterwards."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from shared import contracts
from shared.arrays import F32, U8
from shared.dataset import splits
from shared.dataset.protocol import EMOTIONS, parse_protocol, read_protocol
from shared.dataset.reader import Dataset, open_dataset
from shared.faces.landmarker import model_folders
from shared.faces.providers import XCEPTION
from shared.models import pretrained
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import EncoderChoice
from shared.models.network import NetworkOutput
from tools.trainer import cli, start
from tools.trainer.pretraining import learning, teachers
from tools.trainer.pretraining import pictures as pictures_module
from tools.trainer.pretraining.config import PretrainConfig, Source, is_in_part, parse_source
from tools.trainer.pretraining.pictures import find_emotion_teacher, gather_pictures

PLAIN = ("--crop", "none", "--encoder", "mobilenet_v3_small_b3", "--weights", "none", "--blendshape-weight", "0")
SHORT = ("--batch", "8", "--threads", "1", "--device", "cpu", "--emotion-teacher", "none", "--quiet")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def people(home: Path, make_dataset: Callable[..., Dataset]) -> Dataset:
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 224}, "test")
    return make_dataset(home / "datasets" / "people", subjects=5, protocol=protocol)


def _pretrain(home: Path, *words: object, out: str = "first") -> int:
    return cli.main(["pretrain", "--out", str(home / "artifacts/pretrained" / out), *PLAIN, *SHORT, *map(str, words)])


def _card(home: Path, out: str = "first") -> dict[str, Any]:
    return contracts.read_document(home / "artifacts/pretrained" / out / "card.json", "pretrained")


def test_only_training_people_are_learned_from_and_the_card_says_so(people: Dataset, home: Path) -> None:
    assert _pretrain(home, "--datasets", "people", "--epochs", 1) == 0
    card = _card(home)
    split = splits.read_split(splits.freeze_split(people, 0), people)
    train = sorted({row.subject_id for row in splits.rows_of(people, split, "train")})
    assert card["data"][0]["people"] == train
    assert card["status"] == "done"
    learned = (home / "artifacts/pretrained/first/learned.txt").read_text().split()
    shown = {
        start.hash_picture(people.folder / name)
        for row in splits.rows_of(people, split, "train")
        for name in row.frame_names()
    }
    assert set(learned) == shown
    assert card["figures"][0]["n_people"] == len(
        {row.subject_id for row in splits.rows_of(people, split, "validation")}
    )


def test_training_starts_from_the_newest_and_takes_its_network(people: Dataset, home: Path) -> None:
    assert _pretrain(home, "--datasets", "people", "--epochs", 1) == 0
    run = home / "run"
    flags = ["--dataset", "people", "--weights", "pretrained", "--epochs", "1", "--out", str(run), "--quiet"]
    assert cli.main([*flags, "--freeze-epochs", "all", "--threads", "1"]) == 0
    config = json.loads((run / "run.json").read_text())["config"]
    assert (config["encoder"], config["input_px"], config["pooling"]) == ("mobilenet_v3_small_b3", 112, "grid")
    before = safetensors.torch.load_file(home / "artifacts/pretrained/first/weights.safetensors")
    after = safetensors.torch.load_file(run / "last.safetensors")
    assert all(torch.equal(before[key], after[key]) for key in before if key.startswith("encoder."))


def test_another_network_than_that_of_the_weights_is_refused(
    people: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _pretrain(home, "--datasets", "people", "--epochs", 1) == 0
    assert cli.main(["--dataset", "people", "--weights", "pretrained", "--encoder", "efficientnet_lite0"]) == 2
    assert "expected mobilenet_v3_small_b3" in capsys.readouterr().err


def test_without_a_pretraining_the_way_to_one_is_told(
    people: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--dataset", "people", "--weights", "pretrained"]) == 3
    assert "./inv pretrain" in capsys.readouterr().err


def test_who_was_learned_from_cannot_be_tested_even_under_another_name(
    people: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _pretrain(home, "--datasets", "people:all", "--epochs", 1) == 0
    flags = ("--weights", "pretrained", "--epochs", "1", "--threads", "1", "--quiet")
    assert cli.main(["--dataset", "people", *flags]) == 1
    assert "have learned from" in capsys.readouterr().err
    other = home / "datasets" / "copy"
    people.folder.rename(other)
    manifest = json.loads((other / "dataset.json").read_text())
    (other / "dataset.json").write_text(json.dumps({**manifest, "name": "copy"}))
    assert cli.main(["--dataset", "copy", *flags]) == 1
    assert "have learned from" in capsys.readouterr().err


@pytest.mark.parametrize("decay", [0, 0.9])
def test_a_pretraining_that_was_cut_off_ends_with_the_same_weights(
    people: Dataset, home: Path, monkeypatch: pytest.MonkeyPatch, decay: float
) -> None:
    monkeypatch.setattr(learning, "MEAN_REACH", 100)  # these are few steps
    words = ("--datasets", "people", "--epochs", 2, "--ema", decay)
    assert _pretrain(home, *words) == 0
    train_epoch = learning.train_epoch

    def cut_off(*arguments: Any) -> Any:
        if arguments[4] == 2:
            raise KeyboardInterrupt
        return train_epoch(*arguments)

    monkeypatch.setattr(learning, "train_epoch", cut_off)
    assert _pretrain(home, *words, out="second") == 130
    assert _card(home, "second")["status"] == "running"
    assert pretrained.find_weights() == home / "artifacts/pretrained/first/weights.safetensors"
    monkeypatch.setattr(learning, "train_epoch", train_epoch)
    assert _pretrain(home, *words, out="second") == 0
    first, second = (
        safetensors.torch.load_file(home / "artifacts/pretrained" / name / "weights.safetensors")
        for name in ("first", "second")
    )
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not (home / "artifacts/pretrained/second/resume.safetensors").exists()


def test_mean_weights_are_the_mean_of_what_was_trained() -> None:
    torch.manual_seed(0)
    network = DualHeadSmileDetector(5, EncoderChoice("mobilenet_v3_small_b3", 64, "grid", "none"))
    kept = learning.Kept(learning.Learner(network), 0.75)
    states = []
    for _ in range(3):
        with torch.no_grad():
            for value in kept.learner.parameters():
                value.add_(torch.randn_like(value))
            kept.learner.network.encoder[0][1].running_mean.add_(1.0)
        kept.update()
        states.append({key: value.clone() for key, value in network.state_dict().items()})
    for key, value in kept.network.state_dict().items():
        if not value.is_floating_point():
            continue
        expected = 0.75 * (0.75 * states[0][key] + 0.25 * states[1][key]) + 0.25 * states[2][key]
        assert torch.allclose(value, expected, atol=1e-5), key
    assert learning.Kept(kept.learner, 0).network is network


def test_other_settings_do_not_go_on_with_a_pretraining(
    people: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _pretrain(home, "--datasets", "people", "--epochs", 1) == 0
    assert _pretrain(home, "--datasets", "people", "--epochs", 1, "--mixup", 0) == 1
    assert "choose another --out" in capsys.readouterr().err


def test_a_named_split_says_whom_to_learn_from(people: Dataset, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subjects = people.subjects()
    nobody = splits.freeze_split(people, 0, chosen=())
    tested = splits.freeze_split(people, 0, chosen=subjects[:1])
    assert _pretrain(home, "--datasets", "people", "--epochs", 1, "--splits", nobody) == 0
    document = splits.read_split(nobody, people)
    assert _card(home)["data"][0]["people"] == document["sides"]["train"]["subjects"]
    (figures,) = _card(home)["figures"]
    assert figures["n_people"] == len(document["sides"]["validation"]["subjects"])
    assert _pretrain(home, "--datasets", "people", "--epochs", 1, "--splits", tested) == 1
    assert "choose another --out" in capsys.readouterr().err
    assert _pretrain(home, "--datasets", "people:all", "--epochs", 1, "--splits", tested, out="second") == 1
    assert "found a split of people, expected one each, of none" in capsys.readouterr().err


def test_a_student_learns_from_a_teachers_answers(people: Dataset, home: Path) -> None:
    assert _pretrain(home, "--datasets", "people", "--epochs", 1) == 0
    words = ("--datasets", "people", "--epochs", 1, "--input-px", 64)
    assert _pretrain(home, *words, "--teachers", home / "artifacts/pretrained/first", out="student") == 0
    card = _card(home, "student")
    assert card["teachers"] == [{"name": "first", "sha256": _card(home)["weights"]["sha256"]}]
    assert list((home / "artifacts/cache").glob("predictions-people-first-*.npy"))


def test_a_picture_is_answered_by_teachers_that_have_not_seen_it(people: Dataset, home: Path) -> None:
    for number in (1, 2):
        words = ("--datasets", "people:all", "--epochs", 1, "--people-part", f"{number}/2")
        assert _pretrain(home, *words, out=f"half{number}") == 0
    halves = [teachers.open_teacher(home / "artifacts/pretrained" / f"half{number}") for number in (1, 2)]
    pictures = gather_pictures(people, None, halves[0].network.input_px, with_blendshapes=False)
    seen = np.stack([half.has_seen(pictures) for half in halves])
    assert (seen.sum(0) == 1).all()  # each person, films included, in one half
    assert seen.any(1).all()
    cpu = torch.device("cpu")
    alone = np.stack([teachers.mean_prediction([half], people, cpu) for half in halves])
    assert np.array_equal(teachers.mean_prediction(halves, people, cpu), np.where(seen[0], alone[1], alone[0]))
    manifest = json.loads((people.folder / "dataset.json").read_text())
    people.folder.rename(home / "datasets" / "copy")  # under another name it is known by its stored pictures
    (home / "datasets/copy/dataset.json").write_text(json.dumps({**manifest, "name": "copy"}))
    copy = gather_pictures(open_dataset(home / "datasets/copy"), None, 112, with_blendshapes=False)
    stored = np.array([bool(each) for each in copy.hashes])
    assert np.array_equal(halves[0].has_seen(copy)[stored], seen[0][stored])


def test_where_all_teachers_have_seen_a_picture_all_answer() -> None:
    answers = np.array([[0.25, 1.0, 0.5], [0.75, 0.5, 0.0]], np.float32)
    seen = np.array([[True, True, False], [False, True, False]])
    assert teachers.mean_of_unseen(answers, seen).tolist() == [0.75, 0.75, 0.25]


def test_parts_of_people_are_disjoint_and_together_everybody() -> None:
    people = [f"s{number:02}" for number in range(60)]
    parts = [{person for person in people if is_in_part(person, (number, 3))} for number in (1, 2, 3)]
    assert sorted(person for part in parts for person in part) == people
    assert all(len(part) > 10 for part in parts)
    assert all(is_in_part(person, None) for person in people)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_part_of_people_that_is_none_is_refused(text: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["pretrain", "--datasets", "people", f"--people-part={text}", "--quiet"]) == 2
    assert "I/N" in capsys.readouterr().err


def test_weights_are_named_as_the_newest_by_name_by_folder_or_as_a_file(people: Dataset, home: Path) -> None:
    assert _pretrain(home, "--datasets", "people", "--epochs", 1) == 0
    folder = home / "artifacts/pretrained/first"
    for text in ("pretrained", "first", str(folder), str(folder / "weights.safetensors")):
        assert pretrained.resolve_weights(text) == str(folder / "weights.safetensors")
    for text in ("imagenet", "none", "", "run/best.safetensors"):
        assert pretrained.resolve_weights(text) == text


def test_a_small_network_has_a_start_of_its_own_and_flags_count_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[PretrainConfig] = []

    def pretrain(config: PretrainConfig) -> None:
        asked.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr("tools.trainer.pretraining.pretrain.pretrain", pretrain)
    for words in ((), ("--size", "small"), ("--size", "small", "--epochs", "2", "--encoder", "efficientnet_lite0_b4")):
        cli.main(["pretrain", "--datasets", "people", *words])
    large, small, other = asked
    assert (large.encoder, large.input_px, large.weights) == ("efficientnet_lite0_b10", 112, "imagenet")
    assert (small.encoder, small.input_px, small.weights) == ("mobilenet_v3_small_b8", 96, "none")
    assert small.lr * small.head_lr_factor < 0.009  # where the LSTM saturates
    assert (other.encoder, other.epochs, other.lr) == ("efficientnet_lite0_b4", 2, small.lr)


def test_the_newest_frames_features_reach_the_answer_past_the_lstm() -> None:
    network = DualHeadSmileDetector(5, EncoderChoice("mobilenet_v3_small_b3", 64, "grid"), 64).eval()
    features = torch.rand(2, 5, network.choice.n_features)
    torch.nn.init.zeros_(network.smile_head.weight)
    other = features.clone()
    other[:, :-1] = 0
    assert network.shortcut is not None
    assert torch.equal(network.decide(features).smile_logit, network.decide(other).smile_logit)
    other[:, -1] = 0
    assert not torch.allclose(network.decide(features).smile_logit, network.decide(other).smile_logit)
    assert DualHeadSmileDetector(5, EncoderChoice("mobilenet_v3_small_b3", 64, "average"), 64).shortcut is None


def test_pictures_have_the_labels_of_their_sequences_and_every_frame_counts(people: Dataset, home: Path) -> None:
    pictures = gather_pictures(people, None, 224, with_blendshapes=False)
    rows = [row for row in people.rows for _ in row.frame_names()]
    of_films = pictures.hashes.count("")
    assert of_films > 0
    assert len(pictures.values) == len(rows) + of_films
    assert pictures.smile[: len(rows)].tolist() == [float(row.label == "smile") for row in rows]
    assert [EMOTIONS[place] for place in pictures.emotion[: len(rows)]] == [row.emotion for row in rows]
    assert np.isnan(pictures.blendshapes).all()
    assert np.array_equal(pictures.values[0], people.load_frames(people.rows[0])[0])


class _Brightness:
    """A classifier that calls a picture angry by how bright it is, with its channels in an order of its own."""

    about = SimpleNamespace(channels=tuple(reversed(EMOTIONS)), sha256="0" * 64)

    def read(self, picture: U8, face: object) -> F32:
        angry = float(picture.mean()) / 255
        return np.array([1 - angry, *[0.0] * 5, angry], np.float32)


@pytest.fixture
def brightness(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A teacher of emotions that finds a face in every picture that is not black."""
    finder = SimpleNamespace(find=lambda picture: ["face"] if picture.mean() > 0 else [])
    monkeypatch.setattr(pictures_module, "open_finder", lambda: finder)
    monkeypatch.setattr(pictures_module, "open_provider", lambda *_: contextlib.nullcontext(_Brightness()))
    return Path("brightness.onnx")


def test_a_classifier_of_emotions_predicts_for_every_face_in_the_houses_order(
    people: Dataset, home: Path, brightness: Path
) -> None:
    pictures = gather_pictures(people, None, 112, with_blendshapes=False, emotion_teacher=brightness)
    bright = people.load_frames(people.rows[0])[0].mean() / 255
    assert pictures.emotion_predictions[0] == pytest.approx([bright, 0, 0, 0, 0, 0, 1 - bright])
    is_black = ~pictures.values.any((1, 2, 3))  # as films of the fixture begin: no face is found
    assert np.array_equal(np.isnan(pictures.emotion_predictions[:, 0]), is_black)
    assert is_black.any()


def test_the_card_names_the_classifier_and_another_one_is_another_pretraining(
    people: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = next((folder / XCEPTION for folder in model_folders() if (folder / XCEPTION).is_file()), None)
    if classifier is None:
        pytest.skip(f"no {XCEPTION}")
    assert find_emotion_teacher(None) == classifier
    words = ("--datasets", "people", "--epochs", 1, "--emotion-teacher")
    assert _pretrain(home, *words, classifier) == 0
    assert _card(home)["emotion_teacher"] == {
        "name": "emotion_mini_xception",
        "sha256": contracts.sha256_file(classifier),
    }
    assert _pretrain(home, *words, "none") == 1
    assert "emotion_teacher" in capsys.readouterr().err
    assert _pretrain(home, *words, "none", out="alone") == 0
    assert _card(home, "alone")["emotion_teacher"] is None


def test_without_a_crop_the_network_learns_from_what_it_will_see(people: Dataset, home: Path) -> None:
    network = DualHeadSmileDetector(5, EncoderChoice("mobilenet_v3_small_b3", 112, "grid")).eval()
    pictures = gather_pictures(people, None, network.input_px, with_blendshapes=False)
    whole = torch.from_numpy(people.load_frames(people.rows[0])[:1]).permute(0, 3, 1, 2).float() / 255
    shrunk = torch.from_numpy(pictures.values[:1].copy()).permute(0, 3, 1, 2).float() / 255
    assert torch.allclose(network.crop(whole), shrunk, atol=1 / 255)


def test_pictures_of_another_size_are_refused(
    home: Path, make_dataset: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
    make_dataset(home / "datasets" / "people", subjects=5, protocol=protocol)
    assert _pretrain(home, "--datasets", "people", "--epochs", 1) == 1
    assert "pictures of 64 px" in capsys.readouterr().err


def _config(**values: Any) -> PretrainConfig:
    plain: dict[str, Any] = dict.fromkeys(PretrainConfig.__dataclass_fields__)
    return PretrainConfig(
        **{**plain, "emotion_weight": 0.5, "blendshape_weight": 0.0, "emotion_teacher_weight": 2.0, **values}
    )


def test_the_loss_counts_what_is_known_by_its_weight() -> None:
    nan = float("nan")
    targets = learning.Targets(
        torch.tensor([1.0, nan, 0.0]),
        torch.tensor([-1, 3, -1]),
        torch.full((3, 52), nan),
        torch.stack([torch.full((7,), nan), torch.full((7,), nan), torch.eye(7)[2]]),
        torch.tensor([2.0, 1.0, 1.0]),
    )
    output = NetworkOutput(torch.tensor([0.0, 5.0, 2.0]), torch.zeros(3, 7))
    losses = learning.LossMeans(_config())
    certain = 100 * torch.eye(7)[2].repeat(3, 1)
    total = float(losses.of(learning.LearnerOutput(output, torch.zeros(3, 52), certain), [(1.0, targets)]))
    smile = (2 * np.log(2) + np.log1p(np.exp(2))) / 3
    assert total == pytest.approx(smile + 0.5 * np.log(7), abs=1e-5)
    assert losses.means() == {
        "smile": pytest.approx(smile, abs=1e-5),
        "emotion": pytest.approx(np.log(7), abs=1e-5),
        "blendshape": None,
        "emotion_teacher": pytest.approx(0, abs=1e-5),
    }


def test_a_source_is_a_name_its_people_and_its_weight() -> None:
    assert parse_source("photos") == Source("photos", False, 1.0)
    assert parse_source("photos:all@0.5") == Source("photos", True, 0.5)


@pytest.mark.parametrize("text", ["", "photos@0", "photos@x", "photos:some", "a:all:train"])
def test_what_is_no_source_is_refused(text: str, home: Path) -> None:
    assert cli.main(["pretrain", "--datasets", text, "--quiet"]) == 2
