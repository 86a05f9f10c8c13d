"""What was measured, in words: metrics, notes, figures, changed predictions, thresholds, people."""

from shared.text.catalogue import Catalogue, Text

MEASURED: Catalogue = {
    # the page
    "title": Text("{baseline} against {candidates}", "{baseline} 대 {candidates}"),
    "subtitle": Text("A/B comparison on dataset {dataset}, {created}", "A/B 비교, 데이터셋: {dataset}, {created}"),
    "synthetic": Text(
        en="SYNTHETIC DATA: the people in these pictures are drawn. The figures show that the tools work; they say "
        "nothing about real people.",
        ko="합성 데이터: 이 사진 속 사람들은 프로그램이 그린 것입니다. 수치는 도구가 동작한다는 것만 보여 주며, 실제 "
        "사람에 대해서는 아무것도 말해 주지 않습니다.",
    ),
    "faces": Text(
        en="This page holds pictures of people. Do not pass it on; --no-faces makes one without them.",
        ko="이 문서에는 사람의 얼굴 사진이 들어 있습니다. 외부에 전달하지 마세요. --no-faces 옵션을 쓰면 사진 없이 "
        "만들 수 있습니다.",
    ),
    # the headline
    "headline": Text("What was measured", "무엇을 측정했나"),
    "measured_on": Text(
        en="{sequences} ({labels}) of {people} in dataset {dataset}, {side}.",
        ko="{people}, {sequences} ({labels}). 데이터셋: {dataset}, 범위: {side}.",
    ),
    "side_test": Text("the test set", "테스트 세트"),
    "side_validation": Text("the validation set", "검증 세트"),
    "side_train": Text("the training set", "학습 세트"),
    "side_all": Text("all sequences of the dataset", "데이터셋의 모든 시퀀스"),
    "change": Text(
        en="{metric} {candidate} against {baseline} ({difference})",
        ko="{metric} {baseline} → {candidate} ({difference})",
    ),
    "change_undefined": Text("{metric} {candidate} against {baseline}", "{metric} {baseline} → {candidate}"),
    "arm_summary": Text(
        en="{arm}: {changes}. Predictions that became right: {to_right}; became wrong: {to_wrong}; unchanged: "
        "{unchanged}.",
        ko="{arm}: {changes}. 맞게 바뀐 예측 {to_right}개, 틀리게 바뀐 예측 {to_wrong}개, 그대로인 예측 {unchanged}개.",
    ),
    "targets_met": Text("Measured values that reach their target: {arms}.", "측정값이 목표에 도달한 지표: {arms}."),
    "targets_arm": Text("{arm} {count} of {total}{which}", "{arm} {total}개 중 {count}개{which}"),
    "targets_which": Text(" ({metrics})", " ({metrics})"),
    "caution_recall": Text(" and recall by {step}", ", 재현율은 {step}"),
    "side_warning_train": Text(
        en="These sequences were used for training. The figures say how well a model remembers them, not how well it "
        "does on new people.",
        ko="이 시퀀스들은 학습에 쓰였습니다. 수치는 모델이 이들을 얼마나 기억하는지를 말할 뿐, 새로운 사람에게 얼마나 "
        "잘 맞는지는 말해 주지 않습니다.",
    ),
    "side_warning_validation": Text(
        en="Epochs and thresholds are chosen on these sequences. The figures flatter the models; judge them on the "
        "test set.",
        ko="에포크와 임계값을 바로 이 시퀀스들로 골랐습니다. 수치가 실제보다 좋게 나오므로 테스트 세트로 판단하세요.",
    ),
    "side_warning_all": Text(
        en="No part of a split was named. If a model was trained on some of these people, its figures flatter it.",
        ko="분할의 어느 세트인지 지정하지 않았습니다. 모델이 이 사람들 중 일부로 학습되었다면 수치가 실제보다 좋게 "
        "나옵니다.",
    ),
    # the table
    "table": Text("The six metrics", "여섯 가지 지표"),
    "table_intro": Text(
        en="Each model decides at its own threshold: a score strictly greater is called {positive}. Differences are "
        "against {baseline}.",
        ko="각 모델은 자기 임계값으로 판정합니다. 점수가 임계값보다 커야만 {positive} 판정입니다. 차이의 기준: "
        "{baseline}.",
    ),
    "target": Text("target", "목표"),
    "recall_what": Text("of all real {positive}, how many were found", "실제 {positive} 중에서 찾아낸 비율"),
    "precision_what": Text("of all that was called {positive}, how much was right", "{positive} 판정 중에서 맞은 비율"),
    "f1_what": Text("recall and precision in one figure", "재현율과 정밀도를 합친 값"),
    "roc_auc_what": Text(
        en="how well the scores order the two classes, at any threshold; 0.5 is chance",
        ko="임계값과 관계없이 점수가 두 클래스를 얼마나 잘 가르는지; 0.5는 무작위",
    ),
    "accuracy_what": Text("of all predictions, how many were right", "전체 예측 중에서 맞은 비율"),
    "optimal_threshold_what": Text(
        en="best of these very sequences (Youden's J); for information, not in use",
        ko="바로 이 시퀀스들에서 가장 좋은 값 (Youden's J); 참고용이며 쓰이지 않음",
    ),
    "threshold_given": Text("given by hand when it was measured", "측정할 때 사람이 지정함"),
    "threshold_default": Text("the default: the model names none", "기본값: 모델에 정해진 값이 없음"),
    "threshold_optimal": Text(
        en="chosen on these very sequences, which flatters the model",
        ko="바로 이 시퀀스들에서 골라 실제보다 좋게 나옴",
    ),
    "targets_note": Text(
        en="Targets are the team's plan: {targets}. The dataset's protocol can set others.",
        ko="목표는 팀의 계획입니다: {targets}. 데이터셋의 프로토콜에서 바꿀 수 있습니다.",
    ),
    # notes
    "notes": Text("Notes on the models", "모델별 참고 사항"),
    "no_notes": Text("Nothing unusual.", "특별한 사항이 없습니다."),
    "note_one_class": Text(
        en="only one class is present ({label}), so ROC AUC and the optimal threshold are not defined.",
        ko="한 클래스만 있어서 ({label}) ROC AUC와 최적 임계값이 정의되지 않습니다.",
    ),
    "note_nothing_positive": Text(
        en="nothing was called {positive} at this threshold, so precision is not defined.",
        ko="이 임계값에서 {positive} 판정이 하나도 없어 정밀도가 정의되지 않습니다.",
    ),
    "note_no_positive": Text(
        en="no sequence is labelled {positive}, so recall is not defined.",
        ko="{positive} 라벨인 시퀀스가 없어 재현율이 정의되지 않습니다.",
    ),
    "note_all_positive": Text(
        en="everything was called {positive} at this threshold: it does not tell the classes apart.",
        ko="이 임계값에서 모두 {positive} 판정이 나와 클래스를 구별하지 못합니다.",
    ),
    "note_all_equal": Text(
        en="all scores are equal: the model does not tell the classes apart.",
        ko="모든 점수가 같아 모델이 클래스를 구별하지 못합니다.",
    ),
    "note_below_chance": Text(
        en="its ROC AUC is below 0.5: here its scores order the classes worse than chance.",
        ko="ROC AUC 값이 0.5보다 낮아, 여기서는 점수가 무작위보다도 클래스를 가르지 못합니다.",
    ),
    "note_trained_on_drawn": Text(
        en="it was trained on drawn faces, not on people.",
        ko="실제 사람이 아니라 그린 얼굴로 학습한 모델입니다.",
    ),
    "note_other_split": Text(
        en="it was trained on this dataset with another split, or without one: it may have seen these people in "
        "training, and its figures then flatter it.",
        ko="이 데이터셋을 다른 분할로, 또는 분할 없이 학습한 모델입니다. 여기의 사람들을 학습 때 보았을 수 있으며, "
        "그렇다면 수치가 실제보다 좋게 나옵니다.",
    ),
    "note_same_model": Text("this is the same model file as that of {other}.", "모델 파일이 다음과 같습니다: {other}."),
    "note_threshold_optimal": Text(
        en="its threshold was chosen on the very sequences that it is measured on, so its figures are too good.",
        ko="측정에 쓴 바로 그 시퀀스들로 임계값을 골라 수치가 실제보다 좋습니다.",
    ),
    "note_threshold_few": Text(
        en="its threshold was chosen on {sequences} of {people} only; with others it may lie elsewhere.",
        ko="임계값을 적은 데이터로 골랐습니다 ({people}, {sequences}). 다른 사람들로 고르면 값이 달라질 수 있습니다.",
    ),
    "note_dataset_changed": Text(
        en="labels.csv was different when this model was measured; the sequences compared here are the same.",
        ko="이 모델을 측정할 때의 labels.csv 파일은 지금 기준과 달랐습니다. 다만 여기서 비교한 시퀀스는 같습니다.",
    ),
    # figures
    "roc": Text("ROC curves", "ROC 곡선"),
    "roc_caption": Text(
        en="The higher a curve, the better the scores order the classes. A dot marks the threshold in use.",
        ko="곡선이 위에 있을수록 점수가 클래스를 잘 가릅니다. 점은 사용한 임계값의 위치입니다.",
    ),
    "roc_none": Text(
        en="No curve can be drawn: it needs sequences of both classes.",
        ko="곡선을 그리려면 두 클래스의 시퀀스가 모두 있어야 합니다.",
    ),
    "roc_missing": Text("Without a curve: {arms}.", "곡선이 없는 모델: {arms}."),
    "confusion": Text("Confusion matrices", "혼동 행렬"),
    "confusion_caption": Text(
        en="Rows are the labels, columns the predictions; percentages are of the row.",
        ko="행은 라벨, 열은 예측이며 백분율은 행 기준입니다.",
    ),
    "learning": Text("Learning curve", "학습 곡선"),
    "learning_caption": Text(
        en="Training {name}. Losses should fall together; where the validation loss rises again, the model begins to "
        "overfit its training people.",
        ko="학습: {name}. 두 손실이 함께 내려가야 합니다. 검증 손실이 다시 오르면 모델이 학습에 쓴 사람들에게 "
        "과적합하기 시작한 것입니다.",
    ),
    "people_curve": Text("Would more people help?", "사람을 더 녹화하면 나아질까요?"),
    "people_curve_caption": Text(
        en="Accuracy of the same training on fewer people, measured on the same sequences, with 95 % intervals. A "
        "curve that still rises speaks for recording more people; intervals that overlap prove nothing.",
        ko="같은 학습을 더 적은 사람으로 했을 때의 정확도입니다. 같은 시퀀스에서 측정했고 95% 구간을 함께 그렸습니다. "
        "아직 오르는 곡선은 더 녹화할 이유가 되지만, 겹치는 구간은 아무것도 증명하지 않습니다.",
    ),
    "learning_none": Text(
        en="No training history was given (--run or --history).",
        ko="학습 기록이 주어지지 않았습니다 (--run 또는 --history).",
    ),
    # flips
    "flips": Text("Changed predictions", "예측이 바뀐 시퀀스"),
    "flips_intro": Text(
        en="Scores are from 0 to 1, each beside the threshold of its model: above it is {positive}.",
        ko="점수는 0에서 1 사이이며, 옆에 그 모델의 임계값이 있습니다. 임계값보다 크면 {positive} 판정입니다.",
    ),
    "flips_arm": Text("{arm} against {baseline}", "{arm} (기준: {baseline})"),
    "flips_none": Text("No prediction changed.", "바뀐 예측이 없습니다."),
    "flips_right": Text("Became right ({n})", "맞게 바뀜 ({n})"),
    "flips_wrong": Text("Became wrong ({n})", "틀리게 바뀜 ({n})"),
    "flip_line": Text("{label}, {subject}", "{label}, {subject}"),
    "flip_alt": Text("the pictures of {sequence}, in order", "{sequence} 시퀀스의 사진, 시간순"),
    "flips_no_dataset": Text(
        en="Pictures are shown when the dataset is named (--dataset).",
        ko="데이터셋을 지정하면 (--dataset) 사진이 함께 표시됩니다.",
    ),
    "flips_no_faces": Text(
        en="Pictures were left out on request (--no-faces).",
        ko="요청에 따라 사진을 뺐습니다 (--no-faces).",
    ),
    "flips_cut": Text(
        en="Pictures are shown for the first {n} of each list.",
        ko="사진은 목록마다 처음 {n}개까지만 표시합니다.",
    ),
    # differences
    "note_majority": Text(
        en="no model: it always predicts the class that is larger among the training people.",
        ko="모델이 아니며, 학습 세트에서 더 많은 클래스를 항상 예측합니다.",
    ),
    "note_stale": Text(
        en="stale since {date}: {reason}; train it anew, and do not ship this one",
        ko="{date}부터 쓰지 말아야 할 모델입니다. {reason}. 다시 학습하고, 이 모델은 배포하지 마세요.",
    ),
    "note_one_frame": Text(
        en="the model of its name, shown only the middle picture of each sequence: what it reaches needs no movement.",
        ko="시퀀스의 가운데 사진 한 장만 본 같은 모델입니다. 이만큼은 움직임 없이도 얻을 수 있습니다.",
    ),
    "optimal_gap": Text(
        en="{metric} {value} if chosen here: {gap} too good",
        ko="여기서 골랐다면 {metric} {value}: {gap} 부풀려진 값",
    ),
    "single_step": Text(
        en="A single prediction more or less moves accuracy by {step}{recall_step}.",
        ko="예측 하나만 달라져도 정확도는 {step}{recall_step} 움직입니다.",
    ),
    # the threshold in use
    "thresholds": Text("The threshold in the game's terms", "게임에서 본 임계값"),
    "thresholds_intro": Text(
        en="How many {positive} clips are caught, and how often there is a false alarm. Do not choose a threshold "
        "here: one chosen on these people flatters the model; choose it on validation people.",
        ko="{positive} 클립을 몇 개 찾아내고 오경보가 얼마나 잦은지 보여 줍니다. 여기서 임계값을 고르지는 마세요. 이 "
        "사람들로 고르면 모델이 실제보다 좋아 보이므로 검증 세트의 사람들로 골라야 합니다.",
    ),
    "minutes_known": Text(
        en="False alarms a minute assume that the game asks the model once for each clip of {clip_s} s, without pause "
        "or smoothing: the {n} negative clips are then {minutes} minutes. Recorded negatives are easier than play "
        "(talking, eating, turning away), so expect more alarms there.",
        ko="분당 오경보는 게임이 {clip_s}초 클립마다 쉬지 않고 한 번씩, 평활화 없이 모델에 묻는다고 가정한 값입니다. "
        "그러면 음성 클립 {n}개는 {minutes}분에 해당합니다. 실제 게임에서는 말하기, 먹기, 고개 돌리기 등이 있어 "
        "오경보가 더 많을 수 있습니다.",
    ),
    "minutes_unknown": Text(
        en="How long a clip lasts is not known here (no dataset or model card was found), so false alarms are given "
        "as a share of the {n} negative clips and not a minute.",
        ko="클립의 길이를 알 수 없어 (데이터셋이나 모델 카드 없음) 오경보는 분당 횟수가 아니라 음성 클립 {n}개 중의 "
        "비율로 나타냅니다.",
    ),
    "slider_label": Text("Threshold of {arm}", "임계값: {arm}"),
    "caught": Text(
        en="{positive} caught: {{k}} of {{n}} ({{percent}} %)",
        ko="{positive} 잡아냄: {{n}}개 중 {{k}}개 ({{percent}}%)",
    ),
    "alarms": Text("false alarms: {k} of {n} clips ({percent} %)", "오경보: 클립 {n}개 중 {k}개 ({percent}%)"),
    "alarms_rate": Text(
        en="false alarms: {rate} a minute ({k} of {n} clips)",
        ko="오경보: 분당 {rate}회 (클립 {n}개 중 {k}개)",
    ),
    "threshold_column": Text("threshold", "임계값"),
    "caught_column": Text("{positive} caught", "{positive} 잡아냄"),
    "alarms_column": Text("false alarms", "오경보"),
    "in_use": Text("in use", "사용 중"),
    "a_minute": Text("{rate} a minute", "분당 {rate}회"),
    # calibration
    "calibration": Text("Do the scores mean what they say", "점수를 확률로 믿을 수 있나"),
    "reliability_caption": Text(
        en="Of all sequences with about this score, how many were really {positive}? On the diagonal a score is a "
        "probability. Bars are 95 % intervals (Wilson, sequences taken as independent).",
        ko="점수가 비슷한 시퀀스 중에서 실제 {positive} 비율입니다. 대각선 위에 있으면 점수를 확률로 볼 수 있습니다. "
        "막대는 95% 구간입니다 (Wilson, 시퀀스를 독립으로 봄).",
    ),
    "calibration_column": Text("calibration error", "보정 오차"),
    "log_loss_column": Text("log loss", "로그 손실"),
    "brier_column": Text("Brier score", "Brier 점수"),
    "calibration_note": Text(
        en="0 is best for all three. With {n} sequences even a perfectly calibrated model shows an error above 0: "
        "compare it only between models of this table.",
        ko="세 값 모두 0이 가장 좋습니다. 시퀀스 {n}개로는 완벽히 보정된 모델도 오차가 0보다 크게 나오므로 이 표의 "
        "모델끼리만 비교하세요.",
    ),
    # people
    "people": Text("Person by person", "사람별 결과"),
    "people_intro": Text(
        en="Right predictions for each person's sequences. A difference that comes from one or two people may be "
        "theirs alone.",
        ko="사람마다 맞은 예측의 수입니다. 한두 사람에게서 나온 차이는 그 사람들에게만 해당할 수 있습니다.",
    ),
    "person": Text("person", "사람"),
    "people_hidden": Text(
        en="Not shown: {people} with fewer than {least} sequences each; such figures say more about luck and the "
        "person than about the models.",
        ko="시퀀스가 {least}개보다 적은 사람은 표시하지 않습니다 ({people}). 그 수치는 모델보다 우연이나 그 개인에 "
        "대해 더 많이 말해 주기 때문입니다.",
    ),
    "people_too_few": Text(
        en="Not shown: there are only {people}, and figures of so small a group would be those of single persons.",
        ko="표시하지 않습니다 ({people}). 이렇게 작은 집단의 수치는 곧 개인의 수치이기 때문입니다.",
    ),
    "people_better": Text(
        en="{arm}: right more often than {baseline} on {better}, less often on {worse}, as often on {same}.",
        ko="{arm} (기준: {baseline}): 더 많이 맞은 사람 {better}, 더 적게 맞은 사람 {worse}, 같은 사람 {same}.",
    ),
    # the sealed test, cards
    "roc_band": Text(
        en="The shaded band holds 95 % of the curves of resampled people (bootstrap over people, {n} resamples); with "
        "few people it is rather too narrow.",
        ko="음영은 사람을 다시 뽑았을 때 곡선의 95%가 놓이는 범위입니다 (부트스트랩, 사람별, {n}회). 사람이 적으면 "
        "실제보다 좁게 나옵니다.",
    ),
    "spread": Text("mean {mean} ± {sd} over {n} folds and seeds", "평균 {mean} ± {sd} (폴드와 시드 {n}개)"),
    "threshold_pooled": Text(
        en="each fold's own, moved to 0.5 so that folds can be put together",
        ko="폴드마다 자기 임계값을 0.5로 옮겨 합침",
    ),
    "selection_gap": Text(
        en="balanced accuracy would look {gap} better if it were chosen here",
        ko="여기서 골랐다면 균형 정확도가 {gap} 더 좋아 보임",
    ),
}
