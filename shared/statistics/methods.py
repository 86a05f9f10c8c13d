"""How a number was found, and why there is none: identifiers, as documents hold them. The reporter has the words."""

from enum import StrEnum


class IntervalMethod(StrEnum):
    """How an interval was found; by person where people gave several sequences."""

    NONE = "none"
    WILSON = "wilson"
    WILSON_BY_PERSON = "wilson_by_person"
    WILSON_JACCARD = "wilson_jaccard"  # of TP / (TP + FP + FN), which F1 is a function of
    WILSON_JACCARD_BY_PERSON = "wilson_jaccard_by_person"
    DELONG_WILSON = "delong_wilson"
    DELONG_WILSON_BY_PERSON = "delong_wilson_by_person"
    TANGO = "tango"
    TANGO_BY_PERSON = "tango_by_person"
    JACKKNIFE_BY_PERSON = "jackknife_by_person"  # and with few sequences Zou and Donner's hybrid
    DELONG_HYBRID = "delong_hybrid"
    DELONG_HYBRID_BY_PERSON = "delong_hybrid_by_person"
    NEWCOMBE = "newcombe"
    PEOPLE_AND_SEEDS = "people_and_seeds"  # of recipes: trainings could have been others, too
    GARWOOD_BY_PERSON = "garwood_by_person"  # of events a minute
    WOODRUFF_BY_PERSON = "woodruff_by_person"  # of a quantile


class TestMethod(StrEnum):
    """How a difference was tested."""

    __test__ = False  # not a test of pytest's

    MCNEMAR_EXACT = "mcnemar_exact"
    MCNEMAR_MID_P = "mcnemar_mid_p"
    SWAP_EXACT = "swap_exact"  # of people
    SWAP_DRAWS = "swap_draws"  # of people, by random draws
    DELONG = "delong"
    DELONG_BY_PERSON = "delong_by_person"
    PEOPLE_AND_SEEDS = "people_and_seeds"  # of recipes: trainings could have been others, too


class PlanMethod(StrEnum):
    """The test that a plan is made for."""

    SWAP_BY_PERSON = "swap_by_person"
    DELONG_BY_PERSON = "delong_by_person"


class Reason(StrEnum):
    """Why a number, its interval or its p is missing."""

    ONE_PERSON = "one_person"  # nothing is known of others
    ONE_CLASS = "one_class"
    NO_SEQUENCES = "no_sequences"  # that the metric looks at
    FEW_PEOPLE = "few_people"  # fewer than two with a sequence that the metric looks at
    NO_VARIANCE = "no_variance"  # no person differs from others in what changed
