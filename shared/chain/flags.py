"""Flags: what they mean, which is the same in every task, and how they are written."""

HELP = {
    "across": "what must not share a picture: people or takes",
    "allow_unreviewed": "labels that nobody has checked may go; the card says so",
    "approaches": "some of dual_head,one_frame,landmark_mlp,blendshape_mlp,blendshapes,blendshape_logistic (default: "
    "all that dataset and machine allow)",
    "archives": "a ZIP, or a folder of ZIPs, with Training and Validation in it",
    "baseline": "the detector to compare with: an .onnx for ab (default: ./inv baseline), a results file for report; "
    "for compare-approaches one whose weights training may start from",
    "batch": "sequences a step",
    "browser": "prove it in a real Chromium, and write down what was seen",
    "calibrate": "fit a temperature on the validation people and carry it into the graph",
    "candidate": "results file of a candidate, or NAME=FILE (repeat for more)",
    "checkpoint": "best, last or epoch_0010",
    "confirm": "the slug, typed once more, for --public in scripts",
    "consent": "what the person agreed to on paper: train, or train,publish (a camera's window asks)",
    "dataset": "name under datasets/, or a path",
    "difficulty": "of the drawn actors: easy or normal",
    "dry_run": "only say what would change",
    "epochs": "passes over the training people; of compare-approaches the dual head's only (small networks have their "
    "own 120); for ab several lengths are several arms, such as 7,10,30,50",
    "face_model": "YuNet's file, or none (default: the fetched one)",
    "faces": "--no-faces leaves the pictures out",
    "film": "a film to play as the webcam (default: a drawn one)",
    "films": "folder of the films (default: that of the csv)",
    "folder": "copy the files from this folder instead of the network",
    "folds": "divide the people into so many folds, so that everybody is tested (default: one split; of "
    "compare-approaches 5, or as many as there are people)",
    "freeze_epochs": "first epochs with the encoder frozen",
    "gate": "exit code 1 unless the verdict is better",
    "given_by": "who agreed: self or guardian",
    "joinable": "people keep their pseudonym over all releases made with this flag",
    "k": "only tests whose name matches",
    "keep_epochs": "epochs to keep beside best and last, such as 7,10,30",
    "keywords": "keywords.json: which word in a file's name means which label",
    "kind": "features: landmarks or blendshapes; suspect: blendshapes or pixels",
    "label": "only this label (repeat for more)",
    "label_column": "column of the table that holds the label",
    "labels": "what the source says, such as 1=smile,0=non_smile",
    "landmark_model": "face_landmarker.task (default: the fetched one; collect and suspect also take none)",
    "landmarks_only": "geometry without pictures",
    "lang": "language of what people see: ko or en",
    "license": "one of Kaggle's licence names",
    "look_back": "--no-look-back shows no take again after it was recorded",
    "lr": "learning rate",
    "margin": "least difference of practical interest, as a fraction",
    "max_per_zip": "pictures of one ZIP at most (default: 5000)",
    "merge": "another dataset: name under datasets/, or a path",
    "min_duration_ms": "how long smile_prob must stay above the threshold before a smile counts",
    "min_reviewers": "how many must agree (default: 1)",
    "mixed": "let a person's takes differ in size and frame rate",
    "model": "an .onnx file, or a name under artifacts/models",
    "network": "dual_head, landmark_mlp or blendshape_mlp",
    "objective": "what thresholds are chosen for: youden, f1, recall:0.9 or false_alarms:2 (a minute)",
    "only": "name of one benchmark",
    "open_": "--no-open only prints the address",
    "out": "where to write",
    "owner": "your Kaggle user name",
    "people_curve": "also train on fewer people, to see whether recording more will help",
    "photos": "folder of photos, a sub-folder for each class",
    "pick": "how they are chosen: random or even",
    "port": "port on this computer (default: a free one)",
    "prefer": "whose decision counts where reviewers disagree",
    "primary": "the metric that decides: accuracy, recall, precision, f1 or roc_auc",
    "prefix": "put before each pseudonym of the other dataset",
    "still_photos": "photos of the other dataset become sequences in which nothing moves",
    "preview": "--no-preview records without a window",
    "protected": "the metric that must not drop by more than the margin, or none",
    "protocol": "a protocol file (default: shared/dataset/protocol.json)",
    "pseudonyms": "give every person of the source a new pseudonym",
    "public": "visible to everybody; asks for the slug once more",
    "quick": "fewer inferences, for a look that takes a minute or two",
    "realtime": "play films and actors at their own speed",
    "release_threshold": "a smile that has begun ends when smile_prob falls to this",
    "restore": "a take of trash/ or rejected/ that is put back",
    "retrain": "mark the models that learned from the person as stale",
    "reviewer": "your pseudonym, such as r1; not your name",
    "run": "folder of a run, or its name under artifacts/runs; its run.json for report",
    "scores": "out-of-fold scores to sort by (default: those of suspect, if there are some)",
    "seed": "what is drawn at random, is drawn by this",
    "seeds": "with --folds: how often, each time divided and trained otherwise",
    "side": "train, validation, test or all",
    "slow": "also the end-to-end runs of minutes",
    "slug": "the dataset's name in its Kaggle address",
    "sound": "--no-sound gives no tones",
    "source": "camera number, film, stream URL, or 'synthetic' (default: 0, the first webcam)",
    "spec": "check this spec (anybody's JSON) instead of writing one",
    "split": "frozen split file",
    "subject": "a person's pseudonym, such as s01; never a name",
    "subject_column": "column of the table that holds the person",
    "subject_per": "who is on a photo that no table tells: photo, folder or unknown",
    "subtitle": "20 to 80 characters",
    "table": "csv that names photos and labels",
    "target": "takes of this person in total; run again to go on",
    "test": "people to test on, such as s01,s02; none where another dataset is the test (default: drawn)",
    "threshold": "decision threshold (default: the model's own)",
    "title": "6 to 50 characters",
    "undo": "move the last take to trash/",
    "unfreeze_blocks": "encoder blocks that learn afterwards (0: all)",
    "weights": "imagenet, none, or a .safetensors file (default of comparisons: the baseline's if it has "
    "some, else imagenet)",
    "windows": "csv of films: file, start, end, label, subject; seconds",
    "workers": "processes (default: one a core)",
    "yes": "upload; without it nothing is sent",
}


def help_of(*names: str) -> dict[str, str]:
    """Return what some flags mean, by name."""
    return {name: HELP[name] for name in names}


def flags_of(**values: object) -> list[object]:
    """Write keyword arguments as flags: None, False and '' are left out, True is a bare flag, lists repeat it."""
    words: list[object] = []
    for name, value in values.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, list | tuple):
            for item in value:
                words += [flag, item]
        elif value is not None and value is not False and value != "":
            words += [flag, value]
    return words
