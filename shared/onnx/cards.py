"""Which ONNX file a --model means, and the card beside it: whose it is, its name, its own threshold.

A model of this house has a model.json beside it; a stranger's may carry a few notes inside, or nothing at all.
"""

import contextlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from shared import contracts, paths
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from shared.onnx.model import OnnxModel


def find_model(value: str | None) -> Path:
    """Return the ONNX file of what --model was given: a name, a folder, an .onnx file, or None for the newest.

    Raises:
        InvalidInput: There is no such model; those that there are are listed.
    """
    if value is not None:
        here = Path(value).expanduser() / paths.MODEL_FILE  # another folder of a model's name is none
        onnx = here.resolve() if here.is_file() else paths.model_file(value)
        if not onnx.is_file():
            _refuse(value, onnx)
        return onnx
    newest = paths.newest_named("models", paths.MODEL_CARD, unless=_is_of_a_fold)
    if newest is None:
        where = paths.shown(paths.artifacts("models"))
        raise InvalidInput(
            where, found="no model", expected="an exported model", todo="export one, or name an .onnx with --model"
        )
    return newest / paths.MODEL_FILE


def _is_of_a_fold(card: Path) -> bool:
    """Tell whether a model was trained on a fold to measure an approach, not to be shipped."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        split = json.loads(card.read_text(encoding="utf-8"))["split"]["file"]
        return re.search(r"-(fold|person)\d+of\d+\.json$", split) is not None
    return False


def _refuse(value: str, onnx: Path) -> NoReturn:
    """Refuse a --model that does not exist, and list the models that do.

    Raises:
        InvalidInput: Always.
    """
    where = paths.artifacts("models")
    names = sorted(card.parent.name for card in where.glob(f"*/{paths.MODEL_CARD}"))
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    raise InvalidInput(
        f"--model {value}",
        found=f"no such model: there is no {paths.shown(onnx)}",
        expected=f"one in {paths.shown(where)} ({listed or 'there is none yet'}), or an .onnx file",
        todo="name an existing model" if names else "export one",
    )


def read_card(model: Path) -> dict[str, Any] | None:
    """Return model.json beside the file, if it speaks of this very file.

    Raises:
        InvalidInput: The card is not valid, or the file has changed since.
    """
    path = model.with_name(paths.MODEL_CARD)
    if not path.is_file():
        return None
    card = contracts.read_document(path, "model")
    if card["onnx"]["file"] != model.name:
        return None
    found = contracts.sha256_file(model)
    if card["onnx"]["sha256"] != found:
        raise InvalidInput(
            str(model),
            found=f"sha256 {found[:12]}",
            expected=f"{card['onnx']['sha256'][:12]}, as in model.json beside it",
            todo="export the model again, or move model.json away",
        )
    return card


def name_of(model: Path, card: dict[str, Any] | None) -> str:
    """Return a model's id; a stranger's is named after its file, or by its hash where the name has other letters."""
    if card:
        return str(card["model_id"])
    return model.stem if paths.is_name(model.stem) else f"model-{contracts.sha256_file(model)[:8]}"


def own_threshold(model: "OnnxModel", card: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the threshold that a model brings, as cards hold it; None where it brings none."""
    if card:
        return dict(card["threshold"])
    if model.threshold is None:
        return None
    return {
        "value": model.threshold,
        "chosen_on": "given",
        "objective": "fixed",
        "n_sequences": 0,
        "n_subjects": 0,
        "interval": None,
    }
