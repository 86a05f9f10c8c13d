"""Which labels look wrong to models that have not seen the person: confident learning. Pure numpy; reads nothing."""

import numpy as np

from shared.arrays import F64, Bool, Int


def flag(probabilities: F64, labels: Int) -> Bool:
    """Flag the labels that confident learning takes for wrong.

    Args:
        probabilities: (n, n_classes), out of fold.
        labels: (n,) class indices.

    Returns:
        (n,) True where another class is at least as probable as it is on average among the sequences of that class,
        and the most probable of those. Source: Northcutt, Jiang and Chuang 2021, Confident Learning, section 3.1
        (the confident joint off its diagonal).
    """
    n_classes = probabilities.shape[1]
    thresholds = np.array(
        [
            probabilities[labels == index, index].mean() if (labels == index).any() else np.inf
            for index in range(n_classes)
        ]
    )
    confident = np.where(probabilities >= thresholds - 1e-9, probabilities, -1.0)
    best = confident.argmax(axis=1)
    return np.asarray((confident.max(axis=1) >= 0) & (best != labels))
