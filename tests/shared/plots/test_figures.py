import importlib.util
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from shared.errors import InvalidInput, MissingOutside
from shared.plots import figures

CURVE = figures.RocCurve("baseline", (0.0, 0.2, 1.0), (0.0, 0.7, 1.0), 0.75, (0.2, 0.7))
MATRIX = figures.Confusion.binary("baseline", tp=30, fn=10, tn=22, fp=18)
HISTORY = [
    {"epoch": 1, "train_loss": 0.7, "validation_loss": 0.6, "validation_accuracy": 0.5, "validation_auc": None},
    {"epoch": 2, "train_loss": 0.5, "validation_loss": None, "validation_accuracy": 0.75, "validation_auc": 0.8},
]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def ink(text: str, family: str) -> np.ndarray:
    """Draw a text in the middle of a white picture and return where it is dark."""
    figure = Figure(figsize=(1, 1), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.text(0.5, 0.5, text, fontfamily=family, fontsize=30, ha="center", va="center")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, 0] < 128


def test_hangul_is_drawn_as_hangul_and_not_as_the_box_of_a_missing_glyph() -> None:
    family = figures.find_hangul_font()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the box is what this comparison needs, and it comes with a warning
        box = ink("손", "DejaVu Sans")
        assert np.array_equal(box, ink("실", "DejaVu Sans"))
    son, sil = ink("손", family), ink("실", family)
    assert son.sum() > 100
    assert not np.array_equal(son, sil)
    assert not np.array_equal(son, box)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.roc_figure([CURVE], "ko"),
        lambda: figures.confusion_figure([MATRIX], ("smile", "non_smile"), "ko"),
        lambda: figures.learning_curve_figure(HISTORY, "ko", 2),
    ],
    ids=["roc", "confusion", "learning_curve"],
)
def test_korean_figures_hold_hangul_and_miss_no_glyph(draw: object) -> None:
    figure = draw()  # type: ignore[operator]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.png_bytes(figure)
    assert any("가" <= letter <= "힣" for text in texts(figure) for letter in text)


def test_drawing_leaves_no_trace_in_the_process() -> None:
    code = (
        "import sys, matplotlib; before = matplotlib.rcParams.copy()\n"
        "from shared.plots import figures as plots\n"
        "plots.png_bytes(plots.learning_curve_figure([{'epoch': 1, 'train_loss': 0.7}], 'ko'))\n"
        "assert not {'matplotlib.pyplot', 'koreanize_matplotlib'} & set(sys.modules)\n"
        "assert matplotlib.rcParams.copy() == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(figures.__file__).parent.parent)


@pytest.fixture
def no_hangul(monkeypatch: pytest.MonkeyPatch) -> object:
    """Take every font with Hangul away: the package and the system's."""
    dejavu = font_manager.findfont("DejaVu Sans")
    impostor = SimpleNamespace(name="NanumGothic", fname=dejavu)  # the name promises what the file does not hold
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "koreanize_matplotlib" else find_spec(name)
    )
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [impostor])
    figures.find_hangul_font.cache_clear()
    yield
    figures.find_hangul_font.cache_clear()


@pytest.mark.usefixtures("no_hangul")
def test_without_a_font_that_has_hangul_korean_is_refused_with_advice() -> None:
    with pytest.raises(MissingOutside, match=r"no font with Hangul.*pip install.*--lang en"):
        figures.roc_figure([CURVE], "ko")


@pytest.mark.usefixtures("no_hangul")
def test_english_needs_no_korean_font() -> None:
    assert "false positive rate" in texts(figures.roc_figure([CURVE], "en"))


def test_a_system_font_serves_where_the_package_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    family = figures.find_hangul_font()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    figures.find_hangul_font.cache_clear()
    try:
        # The package's font was made known above, so it stands in for one that the system has.
        assert figures.find_hangul_font() == family
    finally:
        figures.find_hangul_font.cache_clear()


def test_the_roc_legend_names_each_curve_with_its_auc_and_says_where_it_is_undefined() -> None:
    none = figures.RocCurve("one_class", (0.0, 1.0), (0.0, 1.0), None)
    shown = texts(figures.roc_figure([CURVE, none], "en"))
    assert {"baseline: AUC 0.750", "one_class: AUC not defined", "chance"} <= set(shown)


def test_the_operating_point_is_marked_where_it_is() -> None:
    axes = figures.roc_figure([CURVE], "en").axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(float(d.get_xdata()[0]), float(d.get_ydata()[0])) for d in dots] == [(0.2, 0.7)]


def test_confusion_cells_hold_counts_and_the_share_of_their_row() -> None:
    shown = texts(figures.confusion_figure([MATRIX], ("smile", "non_smile"), "en"))
    assert {"30", "75.0 %", "10", "25.0 %", "18", "45.0 %", "22", "55.0 %"} <= set(shown)


def test_a_class_that_does_not_occur_has_no_percentage() -> None:
    figure = figures.confusion_figure([figures.Confusion.binary("x", tp=0, fn=0, tn=3, fp=1)], ("smile", "non"), "en")
    assert texts(figure).count("–") == 2


def test_the_learning_curve_leaves_a_gap_where_nothing_was_measured() -> None:
    figure = figures.learning_curve_figure(HISTORY, "en", best_epoch=2)
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for axes in figure.axes for line in axes.lines}
    assert lines["training"].tolist() == [0.7, 0.5]
    assert np.isnan(lines["validation"][1])
    assert np.isnan(lines["validation AUC"][0])
    assert "best epoch: 2" in lines


def test_a_history_without_validation_has_one_panel_and_one_without_epochs_is_refused() -> None:
    assert len(figures.learning_curve_figure([{"epoch": 1, "train_loss": 0.7}], "en").axes) == 1
    with pytest.raises(InvalidInput, match="no epochs"):
        figures.learning_curve_figure([], "en")


def test_the_same_figure_gives_the_same_bytes_without_a_date_or_a_version(tmp_path: Path) -> None:
    figure = figures.confusion_figure([MATRIX], ("smile", "non_smile"), "en")
    figures.save_png(figure, tmp_path / "new folder" / "a.png")
    data = (tmp_path / "new folder" / "a.png").read_bytes()
    again = figures.png_bytes(figures.confusion_figure([MATRIX], ("smile", "non_smile"), "en"))
    assert data == again
    assert b"tEXt" not in data  # where a date or a version would stand


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    curve = figures.RocCurve("a_very_long_name_of_a_model_epoch_50", (0.0, 1.0), (0.0, 1.0), 0.5)
    assert "a_very_long_name_…epoch_50: AUC 0.500" in texts(figures.roc_figure([curve], "en"))


def test_a_figure_leaves_the_fonts_of_others_alone() -> None:
    assert matplotlib.rcParams["font.family"] == ["sans-serif"]
