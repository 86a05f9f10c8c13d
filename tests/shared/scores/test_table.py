"""Tables of scores as other people's programs write them, and what is refused."""

import json
from pathlib import Path

import pandas as pd
import pytest

from shared.errors import InvalidInput
from shared.scores.columns import Wanted
from shared.scores.table import ScoreTable, read_table

TRUTH = [1, 0, 1, 0]
SCORES = [0.9, 0.2, 0.4, 0.6]


def read(tmp_path: Path, text: str, name: str = "s.csv", **wanted: str) -> ScoreTable:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return read_table(file, Wanted(**wanted))


def keys(table: ScoreTable) -> list[str]:
    return [remark.key for remark in table.remarks]


def is_the_example(table: ScoreTable) -> bool:
    return table.labels == [True, False, True, False] and table.scores == pytest.approx(SCORES)


def test_a_frame_of_a_scikit_learn_user_needs_no_editing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y_true": TRUTH, "y_pred": [1, 0, 0, 1], "y_score": SCORES})
    table = read(tmp_path, frame.to_csv())  # with the index, whose column has no name
    assert is_the_example(table)
    assert (table.ids, table.decided) == (["0", "1", "2", "3"], [True, False, False, True])
    by_class = pd.DataFrame({0: [1 - s for s in SCORES], 1: SCORES}).add_prefix("proba_").assign(target=TRUTH)
    assert is_the_example(read(tmp_path, by_class.to_csv(index=False)))
    numbered = pd.DataFrame({"0": [1 - s for s in SCORES], "1": SCORES, "y_test": map(float, TRUTH)})
    assert is_the_example(read(tmp_path, numbered.to_csv(index=False)))
    both = pd.DataFrame({"y_true": TRUTH, "y_proba": [[round(1 - s, 3), s] for s in SCORES]})
    assert is_the_example(read(tmp_path, both.to_csv(index=False)))
    words = ["cat", "dog", "cat", "dog"]
    named = pd.DataFrame({"class": words, "proba_dog": [1 - s for s in SCORES], "proba_cat": SCORES})
    assert is_the_example(read(tmp_path, named.to_csv(index=False), positive="cat"))


def test_what_hugging_face_users_write_needs_no_editing(tmp_path: Path) -> None:
    # A pipeline gives the class that it decided for, and the score of that class.
    decided = ["POSITIVE", "NEGATIVE", "NEGATIVE", "POSITIVE"]
    truth = ["POSITIVE", "NEGATIVE", "POSITIVE", "NEGATIVE"]
    of_decided = [0.9, 0.8, 0.6, 0.6]
    records = [
        {"text": "a, b\nc", "true_label": t, "label": d, "score": s}
        for t, d, s in zip(truth, decided, of_decided, strict=True)
    ]
    table = read(tmp_path, pd.DataFrame(records).to_csv(index=False))
    assert is_the_example(table)
    assert keys(table) == ["score_of_decided"]
    assert is_the_example(read(tmp_path, "\n".join(map(json.dumps, records)), "s.jsonl"))
    numbered = pd.DataFrame(records).replace({"POSITIVE": "LABEL_1", "NEGATIVE": "LABEL_0"})
    assert is_the_example(read(tmp_path, numbered.to_csv(index=False)))
    columns = {"references": TRUTH, "predictions": [1, 0, 0, 1], "prediction_scores": SCORES}
    assert is_the_example(read(tmp_path, json.dumps(columns), "s.json"))


def test_what_mlflow_users_write_needs_no_editing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"prediction": [1, 0, 0, 1], "prediction_proba": SCORES, "target": TRUTH})
    assert is_the_example(read(tmp_path, frame.to_csv(index=False)))
    assert is_the_example(read(tmp_path, frame.to_json(orient="split"), "eval_results_table.json"))
    assert is_the_example(read(tmp_path, frame.to_json(orient="records"), "s.json"))
    assert is_the_example(read(tmp_path, frame.to_json(orient="columns"), "s.json"))


def test_predictions_that_are_numbers_are_scores_and_decisions_alone_are_decisions(tmp_path: Path) -> None:
    assert is_the_example(read(tmp_path, "label,prediction\n1,0.9\n0,0.2\n1,0.4\n0,0.6\n"))
    table = read(tmp_path, "y_true,y_pred\n1,1\n0,0\n1,0\n")
    assert (table.scores, keys(table)) == ([1.0, 0.0, 0.0], ["decisions_only"])


@pytest.mark.parametrize(
    "text",
    [
        "1,0.9\n0,0.2\n1,0.4\n0,0.6\n",
        "a,1,0.9\nb,0,0.2\nc,1,0.4\nd,0,0.6\n",
        "a,1,0.9,s1\nb,0,0.2,s1\nc,1,0.4,s2\nd,0,0.6,s2\n",
        "smile,0.9,s1\nnon_smile,0.2,s1\nsmile,0.4,s2\nnon_smile,0.6,s2\n",
    ],
)
def test_a_table_without_a_header_is_read_by_what_it_holds(text: str, tmp_path: Path) -> None:
    table = read(tmp_path, text)
    assert is_the_example(table)
    assert keys(table) == ["no_header"]
    assert (table.subjects is not None) == ("s1" in text)


def test_decimal_commas_are_read_where_they_cannot_be_columns(tmp_path: Path) -> None:
    for text in ("label;score\n1;0,9\n0;0,2\n1;0,4\n0;0,6\n", 'label,score\n1,"0,9"\n0,"0,2"\n1,"0,4"\n0,"0,6"\n'):
        table = read(tmp_path, text)
        assert is_the_example(table)
        assert keys(table) == ["decimal_commas"]
    with pytest.raises(InvalidInput, match=r"row 2: found 3 cells, expected 2; is that a decimal comma\?"):
        read(tmp_path, "label,score\n1,0,9\n0,0,2\n")


def test_an_id_twice_is_refused_but_a_frames_index_may_repeat(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"row 4: found the id 'a' a second time \(row 2\)"):
        read(tmp_path, "id,label,score\na,1,0.9\nb,0,0.1\na,1,0.8\n")
    with pytest.raises(InvalidInput, match="row 3: found no id"):
        read(tmp_path, "id,label,score\na,1,0.9\n,0,0.1\n")
    table = read(tmp_path, ",label,score\n0,1,0.9\n1,0,0.1\n0,1,0.8\n")
    assert (table.ids, keys(table)) == (None, ["index_repeats"])


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        (
            "label,score\n1,0.9\n0,0.1\n",
            {"positive": "7"},
            "--positive 7: found the labels 0, 1, expected one of these",
        ),
        ("label,score\na,0.9\nb,0.1\nc,0.1\n", {"positive": "a"}, "expected a and one more"),
        ("label,score\n1,0.9\n0,0.1\n2,0.1\n", {}, "found the labels 0, 1, 2, expected two of them"),
        ("label,score\n1,0.9\n,0.1\n", {}, "row 3: found no label"),
        ("label,score\n1,0.9\n0,\n", {}, "row 3: found no score"),
        ("label,score\n1,0.9\n0,0.1,7\n", {}, "row 3: found 3 cells, expected 2"),
        ("label,score\n1,0.9\n", {"subject_column": "who"}, "expected one called who"),
        ("label,text\n1,x\n", {}, "found label,text, expected a column with the score of the positive class"),
        ("y_true,prob_a,prob_b\n1,0.9,0.1\n", {}, "name it with --score-column"),
        ('{"label": 3}', {}, "found JSON of another kind"),
        ('[{"label": 1, "score": 0.5}, {"label": 1}]', {}, "expected records with the same keys"),
        ("[1, 2", {}, "found no JSON"),
    ],
)
def test_what_cannot_be_understood_is_refused(text: str, wanted: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        read(tmp_path, text, **wanted)
    assert message in str(error.value)


def test_of_two_words_one_that_everybody_knows_is_enough(tmp_path: Path) -> None:
    assert read(tmp_path, "label,score\nneutral,0.1\nanxious,0.9\n").positive == "anxious"
    assert read(tmp_path, "label,score\nsmile,0.1\nother,0.9\n").positive == "smile"


def test_what_must_be_known_of_the_figures_is_said(tmp_path: Path) -> None:
    table = read(tmp_path, "label,score,y_pred,person\n1,0.9,1,a\n0,0.2,1,a\n1,0.4,0,a\n")
    assert [one.key for one in table.look(0.5, 0.9)] == ["one_person", "threshold_differs"]
    assert [one.key for one in table.look(0.1, 0.4)] == ["one_person", "below_chance", "all_positive"]
    nobody = read(tmp_path, "label,score\n1,0.9\n0,0.2\n")
    assert [one.key for one in nobody.look(0.95, None)] == ["no_people", "nothing_positive"]
    for remark in (*table.look(0.1, 0.4), *nobody.look(0.95, None)):
        assert remark.text("en") != remark.text("ko")
