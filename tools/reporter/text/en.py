"""The report's words in English; `tools.reporter.text.ko` has the same keys."""

TEXTS = {
    "title": "{baseline} against {candidates}",
    "subtitle": "A/B comparison on dataset {dataset}, {created}",
    "synthetic": "SYNTHETIC DATA: the people in these pictures are drawn. "
    "The figures show that the tools work; they say nothing about real people.",
    "faces": "This page holds pictures of people. Do not pass it on; --no-faces makes one without them.",
    # units
    "percent": "{value} %",
    "points": "{value} points",
    "points_short": "{value} pts",
    "of": "{part} of {whole}",
    "undefined": "not defined",
    "n_sequences_one": "{n} sequence",
    "n_sequences_many": "{n} sequences",
    "n_sequences_runs": "{sequences} (each answered in {runs} runs)",
    "n_people_one": "{n} person",
    "n_people_many": "{n} people",
    "and": "{first} and {last}",
    # the headline
    "headline": "What was measured",
    "measured_on": "{sequences} ({labels}) of {people} in dataset {dataset}, {side}.",
    "side_test": "the test side of the split",
    "side_validation": "the validation side of the split",
    "side_train": "the training side of the split",
    "side_all": "all sequences of the dataset",
    "change": "{metric} {candidate} against {baseline} ({difference})",
    "change_undefined": "{metric} {candidate} against {baseline}",
    "arm_summary": "{arm}: {changes}. Answers that became right: {to_right}; became wrong: {to_wrong}; "
    "unchanged: {unchanged}.",
    "targets_met": "Measured values that reach their target: {arms}.",
    "targets_arm": "{arm} {count} of {total}{which}",
    "targets_which": " ({metrics})",
    "caution_recall": " and recall by {step}",
    "side_warning_train": "These sequences were used for training. The figures say how well a model remembers them, "
    "not how well it does on new people.",
    "side_warning_validation": "Epochs and thresholds are chosen on these sequences. The figures flatter the models; "
    "judge them on the test side.",
    "side_warning_all": "No side of a split was named. If a model was trained on some of these people, its figures "
    "flatter it.",
    # the table
    "table": "The six metrics",
    "table_intro": "Each model decides at its own threshold: a score strictly greater is called {positive}. "
    "Differences are against {baseline}.",
    "metric": "metric",
    "target": "target",
    "baseline": "baseline",
    "candidate": "candidate",
    "recall": "recall",
    "recall_what": "of all real {positive}, how many were found",
    "precision": "precision",
    "precision_what": "of all that was called {positive}, how much was right",
    "f1": "F1",
    "f1_what": "recall and precision in one figure",
    "roc_auc": "ROC AUC",
    "roc_auc_what": "how well the scores order the two classes, at any threshold; 0.5 is chance",
    "accuracy": "accuracy",
    "accuracy_what": "how many of all answers are right",
    "optimal_threshold": "optimal threshold",
    "optimal_threshold_what": "best of these very sequences (Youden's J); for information, not in use",
    "threshold": "threshold in use",
    "threshold_model_validation": "the model's own, chosen on validation: {sequences} of {people}",
    "threshold_model_given": "the model's own, fixed by hand",
    "threshold_model_default": "the model's own, a default that was not chosen on data",
    "threshold_model": "the model's own",
    "threshold_given": "given by hand when it was measured",
    "threshold_default": "the default: the model names none",
    "threshold_optimal": "chosen on these very sequences, which flatters the model",
    "trained": "training",
    "trained_epochs": "{n} epochs",
    "trained_epochs_one": "{n} epoch",
    "trained_unknown": "not known",
    "targets_note": "Targets are the team's plan: accuracy 85 %, precision 85 %, recall 90 %, F1 87 %, AUC 0.90.",
    # notes
    "notes": "Notes on the models",
    "no_notes": "Nothing unusual.",
    "note_one_class": "only one class is present ({label}), so ROC AUC and the optimal threshold are not defined.",
    "note_nothing_positive": "nothing was called {positive} at this threshold, so precision is not defined.",
    "note_no_positive": "no sequence is labelled {positive}, so recall is not defined.",
    "note_all_positive": "everything was called {positive} at this threshold: it does not tell the classes apart.",
    "note_all_equal": "all scores are equal: the model does not tell the classes apart.",
    "note_below_chance": "its ROC AUC is below 0.5: here its scores order the classes worse than chance.",
    "note_trained_on_drawn": "it was trained on drawn faces, not on people.",
    "note_other_split": "it was trained on this dataset with another split, or without one: it may have seen these "
    "people in training, and its figures then flatter it.",
    "note_same_model": "this is the same model file as that of {other}.",
    "note_threshold_optimal": "its threshold was chosen on the very sequences that it is measured on, so its figures "
    "are too good.",
    "note_threshold_few": "its threshold was chosen on {sequences} of {people} only; with others it may lie elsewhere.",
    "note_dataset_changed": "labels.csv was another one when this model was measured; the sequences compared here are "
    "the same.",
    # figures
    "roc": "ROC curves",
    "roc_caption": "The higher a curve, the better the scores order the classes. A dot marks the threshold in use.",
    "roc_none": "No curve can be drawn: it needs sequences of both classes.",
    "roc_missing": "Without a curve: {arms}.",
    "confusion": "Confusion matrices",
    "confusion_caption": "Rows are the labels, columns the answers; percentages are of the row.",
    "learning": "Learning curve",
    "learning_caption": "Training {name}. Losses should fall together; where the validation loss rises again, the "
    "model begins to learn its training people by heart.",
    "people_curve": "Would more people help?",
    "people_curve_caption": "Accuracy of the same training on fewer people, measured on the same sequences, with 95 % "
    "intervals. A curve that still rises speaks for recording more people; intervals that overlap prove nothing.",
    "learning_none": "No training history was given (--run or --history).",
    # flips
    "flips": "Sequences whose answer changed",
    "flips_intro": "Scores are from 0 to 1, and beside each stands the threshold of its model: above it is {positive}.",
    "flips_arm": "{arm} against {baseline}",
    "flips_none": "No answer changed.",
    "flips_right": "Became right ({n})",
    "flips_wrong": "Became wrong ({n})",
    "flip_line": "{label}, {subject}",
    "flip_alt": "the pictures of {sequence}, in order",
    "flips_no_dataset": "Pictures are shown when the dataset is named (--dataset).",
    "flips_no_faces": "Pictures were left out on request (--no-faces).",
    "flips_cut": "Pictures are shown for the first {n} of each list.",
    # provenance
    "provenance": "Where this comes from",
    "provenance_intro": "Every file that was read, with the hash of its content. The same sequences were compared in "
    "all arms: {sha256}.",
    "what": "what",
    "file": "file",
    "created": "written",
    "commit": "commit",
    "unknown": "–",
    "source_results": "results of {name}",
    "source_predictions": "predictions of {name}",
    "source_model_card": "model card of {name}",
    "source_run": "training run {name}",
    "source_history": "training history of {name}",
    "source_dataset": "labels of dataset {name}",
    "split_named": "Split: {file}, sha256 {sha256}.",
    "footer": "smilebench {version}, commit {commit}; report {report} of {created}",
    # the verdict
    "verdict": "Verdict",
    "word_better": "Better",
    "word_worse": "Worse",
    "word_equal": "Equal within {margin} points",
    "word_cannot_tell": "Cannot tell",
    "verdict_about": "{candidate} against {baseline}",
    "rider_reference_cannot_tell": "It is not shown to be better than the reference {reference}, which costs nothing.",
    "rider_reference_equal": "It is only as good as the reference {reference}, which costs nothing.",
    "rider_reference_worse": "It is worse than the reference {reference}, which costs nothing.",
    "rider_several": "{candidate} was chosen from {n} candidates on these same people: the test is corrected for "
    "that (Holm), but its figures are likely a little too good.",
    "weak": "Cannot tell: {reason}.",
    "weak_one_class": "only one class is present, and a model that always gives that answer would be right each time",
    "weak_train": "these sequences were used for training, so the figures say nothing of new people",
    "weak_validation": "epochs and thresholds are chosen on these sequences; measure on the test side",
    "weak_threshold": "the threshold was chosen on the very sequences that it is measured on",
    "weak_other_split": "the model was trained on this dataset with another split, or without one, and may have seen "
    "these people",
    "weak_all_equal": "all scores of the candidate are equal, so it does not tell the classes apart",
    "weak_one_answer": "the candidate gives the same answer to every sequence, so it does not tell the classes apart",
    "rule": "The rule: {primary} decides, by a test and an interval over people; {guard}differences of less than "
    "{margin} points do not matter.",
    "rule_guard": "{protected} must not have dropped by more than that margin; ",
    "each_candidate": "Each candidate",
    # differences
    "differences": "How sure the differences are",
    "forest_caption": "Differences to {baseline} with their 95 % intervals. In the grey band (±{margin} points) a "
    "difference does not matter; an interval that crosses 0 may be luck. ROC AUC: a point is 0.01.",
    "paired_intro": "Both models answered the same sequences; the interval is of the difference itself. "
    "Where only a handful of sequences tells them apart, it is rather too wide than too narrow.",
    "test": "test",
    "test_n": "n = {n}",
    "p_value": "p",
    "p_adjusted": "p after Holm, over {n} candidates",
    "tests_note": "Tests by person decide. McNemar and DeLong take each sequence as a witness of its own and are "
    "shown for comparison: with several sequences a person their p is too small.",
    "no_interval": "no interval: {reason}",
    "range": "{low} to {high}",
    "interval_level": "95 %: {interval}",
    "interval_method": "n = {n}, {people}; {method}",
    "reference": "reference",
    "note_majority": "no model: it always gives the class that is larger among the training people.",
    "note_stale": "stale since {date}: somebody it learned from has taken consent back; train it anew, and do not ship "
    "this one",
    "note_one_frame": "the model of its name, shown only the middle picture of each sequence: what it reaches needs "
    "no movement.",
    "optimal_gap": "{metric} {value} if chosen here: {gap} too good",
    "single_step": "A single answer more or less moves accuracy by {step}{recall_step}.",
    # what would settle it
    "settle": "What would settle it",
    "settle_arm": "{arm}: about {more} more clips from {more_people} more people ({n} clips of {people} people in "
    "all) would show a difference of {target} in {metric} with {power} % probability.",
    "settle_guard": "{arm}: about {more} more clips from {more_people} more people ({n} clips of {people} people in "
    "all) would show, with {power} % probability, that {metric} did not drop by {target}, if it did not drop at all.",
    "settle_stands_in": "This was planned for {metric}: a number of clips for {primary} cannot be planned.",
    "settle_repeat": "{arm}: there would be enough clips to show a difference of {target} in {metric} with {power} % "
    "probability; measure on new people to see whether it repeats.",
    "settle_method": "Counted from how the answers of the two models differed here and how alike the clips of one "
    "person are: {method}. New people are worth more than more clips of the same people.",
    "settle_done": "{arm}: nothing more is needed for this question.",
    "settle_mend": "{arm}: more clips do not help before this is mended: {reason}.",
    "settle_unknown": "{arm}: no plan can be made from these figures; record clips of more people first.",
    # the threshold in use
    "thresholds": "The threshold in the game's terms",
    "thresholds_intro": "How many {positive} clips are caught, and how often the game would hear one that is not "
    "there. Look, but do not choose here: a threshold that is chosen on these people flatters the model; it is "
    "chosen on validation people.",
    "minutes_known": "False alarms a minute assume that the game asks the model once for each clip of {clip_s} s, "
    "without pause or smoothing: the {n} negative clips are then {minutes} minutes. Recorded negatives are easier "
    "than play (talking, eating, turning away), so expect more alarms there.",
    "minutes_unknown": "How long a clip lasts is not known here (no dataset or model card was found), so false "
    "alarms are given as a share of the {n} negative clips and not a minute.",
    "slider_label": "Threshold of {arm}",
    "caught": "{positive} caught: {{k}} of {{n}} ({{percent}} %)",
    "alarms": "false alarms: {k} of {n} clips ({percent} %)",
    "alarms_rate": "false alarms: {rate} a minute ({k} of {n} clips)",
    "threshold_column": "threshold",
    "caught_column": "{positive} caught",
    "alarms_column": "false alarms",
    "in_use": "in use",
    "a_minute": "{rate} a minute",
    # calibration
    "calibration": "Do the scores mean what they say",
    "reliability_caption": "Of all sequences with about this score, how many were really {positive}? On the diagonal "
    "a score is a probability. Bars are 95 % intervals (Wilson, sequences taken as independent).",
    "calibration_column": "calibration error",
    "log_loss_column": "log loss",
    "brier_column": "Brier score",
    "calibration_note": "0 is best for all three. With {n} sequences even a perfectly calibrated model shows an "
    "error above 0: compare it only between models of this table.",
    # people
    "people": "Person by person",
    "people_intro": "Right answers of each person's sequences. A difference that comes from one or two people may be "
    "theirs alone.",
    "person": "person",
    "people_hidden": "Not shown: {people} with fewer than {least} sequences each, whose figures would say more of "
    "luck and of them than of the models.",
    "people_too_few": "Not shown: there are only {people}, and figures of so small a group would be figures of "
    "persons.",
    "people_better": "{arm}: right more often than {baseline} on {better}, less often on {worse}, as often on {same}.",
    # the sealed test, cards
    "roc_band": "The shaded band holds 95 % of the curves of resampled people ({method}); with few people it is "
    "rather too narrow.",
    "sealed": "The sealed test",
    "sealed_count": "This test side had been opened {n} times when the last of these models was measured; the arms "
    "of one comparison are one opening. Every look that changes a decision makes the figures a little too good.",
    "sealed_count_one": "This test side had been opened {n} time when the last of these models was measured; the arms "
    "of one comparison are one opening. Every look that changes a decision makes the figures a little too good.",
    "sealed_unknown": "Nobody counted how often these people had been looked at before.",
    "model_cards": "Model cards",
    "card_none": "{arm}: no model card was found (a stranger's model, or none).",
    "card_row": "about",
    "card_network": "network",
    "card_file": "file",
    "card_size": "{mb} MB, opset {opset}",
    "card_input": "input",
    "card_input_value": "{frames} pictures of {size}, {interval} ms apart",
    "card_learned": "learned from",
    "card_learned_value": "{dataset} ({kind})",
    "kind_real": "real people",
    "kind_synthetic": "drawn people",
    "card_threshold": "threshold",
    "card_emotions": "emotions it was taught",
    "card_parity": "as exported against as trained",
    "card_parity_value": "largest difference {difference}, {flips} changed answers in {n} sequences",
    "card_limits": "Meant for clips that were recorded like those of the dataset; how it does on other cameras, "
    "light or people is not known from this report.",
    "dataset_card": "Dataset card",
    "dataset_none": "The dataset as it was measured was not found on this machine (--dataset names it).",
    "dataset_counts": "{dataset}, version {version}, {kind}: {sequences} from {takes} takes of {people} ({labels}).",
    "dataset_pictures": "{n} pictures a clip, {interval} ms apart, {size}; recorded with the protocol {protocol}.",
    "dataset_pictures_one": "{n} picture a sequence, {size}; recorded with the protocol {protocol}.",
    "dataset_reviewed": "{reviewed} of {n} labels were reviewed by a person.",
    "spread": "mean {mean} ± {sd} over {n} folds and seeds",
    "threshold_pooled": "each fold's own, moved to 0.5 so that folds can be put together",
    "selection_gap": "balanced accuracy would look {gap} better if it were chosen here",
    "threshold_objective": "objective {objective}",
    "opened": "opened",
    "session": "comparison",
    "no_session": "on its own",
    "sealed_cut": "The last {n} are shown.",
    "measured_model": "model",
    "interval_n": "n = {n}, {people}",
}
