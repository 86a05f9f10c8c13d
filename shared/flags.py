"""Flags: what they mean, which is the same in every task, and how they are written."""

HELP = {
    "baseline": "the detector to compare with: an .onnx for ab (default: ./inv baseline), a results file for report",
    "batch": "sequences a step",
    "candidate": "results file of a candidate, or NAME=FILE (repeat for more)",
    "checkpoint": "best, last or epoch_0010",
    "dataset": "name under datasets/, or a path",
    "difficulty": "of the drawn actors: easy or normal",
    "epochs": "passes over the training people; for ab several lengths are several arms, such as 7,10,30,50",
    "faces": "--no-faces leaves the pictures out",
    "folds": "divide the people into so many folds, so that everybody is tested (default: one split)",
    "freeze_epochs": "first epochs with the encoder frozen",
    "gate": "exit code 1 unless the verdict is better",
    "k": "only tests whose name matches",
    "keep_epochs": "epochs to keep beside best and last, such as 7,10,30",
    "label": "only this label (repeat for more)",
    "lang": "language of what people see: ko or en",
    "license": "one of Kaggle's licence names",
    "lr": "learning rate",
    "margin": "least difference of practical interest, as a fraction",
    "model": "an .onnx file, or a name under artifacts/models",
    "objective": "what thresholds are chosen for: youden, f1, recall:0.9 or false_alarms:2 (a minute)",
    "only": "name of one benchmark",
    "out": "where to write",
    "owner": "your Kaggle user name",
    "people_curve": "also train on fewer people, to see whether recording more will help",
    "preview": "--no-preview records without a window",
    "protected": "the metric that must not drop by more than the margin, or none",
    "protocol": "a protocol file (default: shared/protocol.json)",
    "realtime": "play films and actors at their own speed",
    "run": "folder of a run, or its name under artifacts/runs; its run.json for report",
    "seed": "what is drawn at random, is drawn by this",
    "seeds": "with --folds: how often, each time divided and trained otherwise",
    "side": "train, validation, test or all",
    "slow": "also the end-to-end runs of minutes",
    "slug": "the dataset's name in its Kaggle address",
    "source": "camera number, film, stream URL, or 'synthetic' (default: 0, the first webcam)",
    "spec": "check this spec (anybody's JSON) instead of writing one",
    "split": "frozen split file",
    "subject": "a person's pseudonym, such as s01; never a name",
    "subtitle": "20 to 80 characters",
    "target": "takes of this person in total; run again to go on",
    "threshold": "decision threshold (default: the model's own)",
    "title": "6 to 50 characters",
    "unfreeze_blocks": "encoder blocks that learn afterwards (0: all)",
    "weights": "imagenet, none, or a .safetensors file (default of ab: the baseline's if it has some, else imagenet)",
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
