"""The words of the page of approaches in English; `tools.reporter.text.approaches_ko` has the same keys."""

TEXTS = {
    "approaches_title": "Which approach to ship: {dataset}",
    "approaches_subtitle": "Approaches side by side on dataset {dataset}, {created}",
    "name_dual_head": "dual head",
    "name_one_frame": "dual head on one frame",
    "name_landmark_mlp": "landmark MLP",
    "name_blendshape_mlp": "blendshape MLP",
    "name_blendshapes": "smile blendshapes",
    "name_blendshape_logistic": "blendshape regression",
    "name_majority": "always the larger class",
    "about_dual_head": "pictures into a network",
    "about_one_frame": "the same network, shown one picture",
    "about_landmark_mlp": "478 face points into a small network",
    "about_blendshape_mlp": "52 blendshapes into a small network",
    "about_blendshapes": "MediaPipe's two, and a threshold",
    "about_blendshape_logistic": "logistic regression on 52",
    "about_majority": "no model: the floor",
    # the verdict
    "word_ship": "Ship: {name}",
    "ship_about": "{n} approaches on the same {sequences} of {people}",
    "choice_pair": "{difference}, 95 % interval {interval}, p {p} after Holm over {n} pairs",
    "choice_shown": "Highest {metric}: {leader}, {value}. It is shown to be better than each of the others (the "
    "closest, {closest}: {pair}).",
    "choice_leader_cheapest": "Highest {metric}: {leader}, {value}; and of the approaches that are not told apart from "
    "it ({level}) it costs least{among}: {cost}.",
    "choice_cheapest": "Highest {metric}: {leader}, {value}; but it is not shown to be better than {name}, {mine} "
    "({pair}). Of the approaches that are not told apart from the highest ({level}), {name} costs least{among}: "
    "{cost}.",
    "choice_among": " among those that are shown to beat the floor and, where trained, whatever needs no training",
    "choice_floor": "Cannot tell: the highest {metric} is that of {leader}, {value}, but it is not shown to be better "
    "than always giving the larger class ({pair}).",
    "choice_floor_leads": "Cannot tell: no approach has a higher {metric} than {floor}, {value}.",
    "choice_free": "Cannot tell: the highest {metric} is that of {leader}, {value}, but it is not shown to be better "
    "than {rival}, which needs no training ({pair}); and {rival} is not shown to be better than always giving the "
    "larger class.",
    "choice_few_people": "Cannot tell: with {people}, no answers whatever could tell {n} approaches apart; that takes "
    "at least {least} people. The highest {metric} so far is that of {leader}, {value}.",
    "choice_within": "The whole interval lies within {margin}: the difference does not matter.",
    "more_clips": "{n} more clips",
    "more_clips_one": "{n} more clip",
    "more_people": "{n} more people",
    "more_people_one": "{n} more person",
    "choice_plan": "About {clips} from {people} would tell {leader} and {rival} apart.",
    "choice_repeat": "Measure {leader} and {rival} on new people to see whether it repeats.",
    "choice_stands_in": "(Planned for {metric}.)",
    "cost_trained": "trained",
    "cost_untrained": "no training",
    "cost_download": "{mb} MB to download",
    "cost_time": "{ms} ms a decision here",
    "choice_rule": "The rule, fixed beforehand: the leader has the highest {metric} (of equals the cheaper one). All "
    "{n} pairs are tested by person, with Holm's correction over all of them, since the leader was found on these "
    "very people; where test and interval agree, one is shown to be better. What the leader is not shown to beat is "
    "not told apart from it. Of these the cheapest is recommended that is shown to beat the floor, always the larger "
    "class, and, if it was trained, every approach without training. Cheap is: no training, then fewer bytes, then "
    "less time a decision.",
    "rider_recall": "{name} has less recall than {leader}: {difference} (95 %: {interval}).",
    "rider_highest": "The highest of {n} figures on the same people is likely a little too good.",
    # what to ship
    "ship": "How to ship it",
    "ship_formula": "The formula: the mean of mouthSmileLeft and mouthSmileRight, two of the blendshapes of "
    "MediaPipe's Face Landmarker, over the pictures of a clip; a smile where it is above T.",
    "ship_threshold": "T: {value}, the median of the {n} thresholds that were chosen here, one a fold and seed on its "
    "training people ({low} to {high}).",
    "ship_threshold_one": "T: {value}, chosen on the training people.",
    "ship_no_face": "A picture without a face takes the nearest one's values; where no face is found at all, it is no "
    "smile.",
    "ship_no_handoff": "There is no model, so ./inv handoff writes nothing for it: the page asks "
    "@mediapipe/tasks-vision itself (FaceLandmarker with outputFaceBlendshapes and runningMode IMAGE: picture by "
    "picture, as here).",
    "ship_no_export": "There is no export of this regression: it was fitted anew in each fold, to see what 52 "
    "blendshapes hold. What can be shipped of the same input is blendshape_mlp:",
    "ship_folds": "The models measured here are those of folds: each has learned from a part of the people only, and "
    "was made to be measured. Train the one to ship, export it, hand it off, prove it (RUN and MODEL are what the "
    "command before has named):",
    "ship_one_frame": "It is the dual head; the page shows it one picture in all places of the window.",
    # the table
    "approaches": "The approaches",
    "scroll_hint": "⇆ The table goes on to the side.",
    "approaches_intro": "{sequences} of {people}; everybody was kept out of the training, and out of the choice of the "
    "threshold, of what is measured on them. The cheapest "
    "is on top, the floor below. Below each figure its 95 % interval by person ({method}).",
    "approach": "approach",
    "mark_recommended": "recommended",
    "mark_leader": "highest {metric}",
    "column_download": "download",
    "column_download_what": "of a page, in all",
    "column_time": "a decision here",
    "column_time_what": "median, its face read",
    "column_browser": "in a browser",
    "column_browser_what": "where it was measured",
    "column_faces": "no face found",
    "column_faces_what": "sequences",
    "column_training": "training",
    "column_training_what": "once",
    "megabytes": "{mb} MB",
    "part_model": "model {mb}",
    "part_landmarker": "landmarker {mb}",
    "part_runtime": "runtime {mb}",
    "ms": "{ms} ms",
    "part_reading_ms": "face {ms}",
    "part_stream_ms": "stream {ms}",
    "part_window_ms": "window {ms}",
    "unmeasured": "not measured",
    "browser_decision": "whole decision",
    "browser_graphs": "graphs only",
    "browser_reading": "reading the face",
    "browser_run": "{provider}, threads: {threads}",
    "no_face_needed": "needs none",
    "no_training": "none",
    "threshold_only": "a threshold",
    "trained_fit": "fit and answers",
    "trained_times": "mean of {n}",
    "seconds": "{s} s",
    "faces_note": "A sequence without any face is no smile for the approaches that need one: it is an error where the "
    "person smiles, and it is counted as one.",
    # the figure
    "figure": "What it reaches and what it costs",
    "figure_caption": "The {metric} of each approach with its 95 % interval, the cheapest on top; beside each name its "
    "training, the download of a page and the time of a decision on this machine. Intervals that overlap prove "
    "nothing either way. The ring marks the recommended one.",
    "input_frames": "pictures",
    "input_landmarks": "landmarks",
    "input_blendshapes": "blendshapes",
    # pairs
    "pairs": "The leader against each of the others",
    "pairs_intro": "{leader} minus the other, on the same sequences. The correction is for all {n} pairs.",
    "pairs_other": "against",
    "pairs_difference": "difference",
    "pairs_p": "p",
    "pairs_p_adjusted": "p after Holm",
    "pairs_said": "shown?",
    "pairs_better": "better",
    "pairs_open": "not told apart",
    "pairs_least": "With {n} pairs, fewer than {least} people could not have shown anything, whatever they answered. "
    "Fewer approaches (--approaches), chosen before anybody looks, are fewer pairs.",
    # what was left out
    "left_out": "What was left out",
    "left_out_line": "{name}: {reason}",
    "left_out_landmarker": "faces cannot be read here. pip install 'smilebench[featurizer]' brings MediaPipe, ./inv "
    "fetch-models its model; then run the same command again.",
    "left_out_synthetic": "the people are drawn, and MediaPipe finds no drawn faces.",
    "left_out_no_faces": "not one face was found in the whole dataset.",
    "left_out_photos": "these are photos: the dual head sees one picture of them anyway.",
    "left_out_mixed_frames": "sequences of this dataset differ in their number of pictures, and a network of pictures "
    "has one length.",
    # how to read it
    "reading": "How this was measured",
    "read_folds": "The same folds and people for all. Networks are trained to their last epoch, with a threshold "
    "chosen on validation people; the two of blendshapes without a network take theirs from the training people.",
    "read_time": "Times are medians of {rounds} decisions each, in turns, on one thread ({processor}, {cores} cores, "
    "load {load}): believe the ratios. A phone is slower. Faces are read picture by picture, as in the training; "
    "MediaPipe's video mode, which follows a face, is quicker and gives other numbers.",
    "read_download": "Downloads are uncompressed: model, face_landmarker.task, and what runs them in a page "
    "({runtimes}). Compression makes about a quarter of the runtimes and little of the rest.",
    "read_browser": "Browser times come from hand-offs: ./inv handoff --model MODEL, then ./inv validate-spec --model "
    "MODEL --browser for one of the models measured here (with --film and a film of somebody for models of faces); "
    "run this comparison again and they are in it.",
    "read_training": "Training times are of this machine (threads: {threads}).",
    "read_faces": "Approaches of faces also read {pictures} pictures once, about {s} s on one thread; in {without} "
    "pictures no face was found.",
    "read_start": "The dual head started from {start}, not from ImageNet weights; from those it may reach more.",
    "read_start_none": "The dual head started from random weights ({start}), not from ImageNet's; from those it may "
    "reach more.",
    "read_limits": "Judged are these trainings of these networks: with other settings, more people or other cameras "
    "the order may change.",
    "source_timings": "times on {name}",
    "source_features": "features of dataset {name}",
    "source_spec": "hand-off of {name}",
    "source_browser_proof": "runs of {name} in a browser",
}
