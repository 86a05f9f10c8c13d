"""The verdict, in words: its sentence, how sure the differences are, and what would settle the question."""

from shared.text.catalogue import Catalogue, Text

VERDICT: Catalogue = {
    # the verdict
    "verdict": Text("Verdict", "판정"),
    "word_better": Text("Better", "더 좋음"),
    "word_worse": Text("Worse", "더 나쁨"),
    "word_equal": Text("Equal within {margin} points", "{margin}%p 이내로 같음"),
    "word_cannot_tell": Text("Cannot tell", "판단할 수 없음"),
    "verdict_about": Text("{candidate} against {baseline}", "{candidate} (기준: {baseline})"),
    "rider_reference_cannot_tell": Text(
        en="It is not shown to be better than the reference {reference}, which needs no training.",
        ko="학습이 필요 없는 참고 모델보다 더 좋다고 확인되지 않았습니다: {reference}.",
    ),
    "rider_reference_equal": Text(
        en="It is only as good as the reference {reference}, which needs no training.",
        ko="학습이 필요 없는 참고 모델과 같은 수준입니다: {reference}.",
    ),
    "rider_reference_worse": Text(
        en="It is worse than the reference {reference}, which needs no training.",
        ko="학습이 필요 없는 참고 모델보다 더 나쁩니다: {reference}.",
    ),
    "rider_several": Text(
        en="{candidate} was chosen from {n} candidates on these same people: the test is corrected for that (Holm), "
        "but its figures are likely a little too good.",
        ko="후보 {n}개 중에서 바로 이 사람들의 결과로 골랐습니다: {candidate}. 검정은 이를 보정했지만 (Holm), 수치는 "
        "실제보다 조금 좋게 나왔을 가능성이 큽니다.",
    ),
    "weak_one_class": Text(
        en="only one class is present, and a model that always predicts it would be right each time",
        ko="한 가지 클래스만 있어, 항상 그 클래스로 예측하는 모델도 모두 맞게 됩니다",
    ),
    "weak_train": Text(
        en="these sequences were used for training, so the figures say nothing about new people",
        ko="학습에 쓰인 시퀀스라서 새로운 사람에 대해서는 알 수 없습니다",
    ),
    "weak_validation": Text(
        en="epochs and thresholds are chosen on these sequences; measure on the test set",
        ko="에포크와 임계값을 고르는 데 쓰인 시퀀스이므로 테스트 세트로 측정해야 합니다",
    ),
    "weak_threshold": Text(
        en="the threshold was chosen on the very sequences that it is measured on",
        ko="측정에 쓴 바로 그 시퀀스들로 임계값을 골랐습니다",
    ),
    "weak_other_split": Text(
        en="the model was trained on this dataset with another split, or without one, and may have seen these people",
        ko="이 데이터셋을 다른 분할로, 또는 분할 없이 학습한 모델이라 이 사람들을 이미 보았을 수 있습니다",
    ),
    "weak_all_equal": Text(
        en="all scores of the candidate are equal, so it does not tell the classes apart",
        ko="후보 모델의 모든 점수가 같아 클래스를 구별하지 못합니다",
    ),
    "weak_same_decision": Text(
        en="the candidate decides the same for every sequence, so it does not tell the classes apart",
        ko="후보 모델이 모든 시퀀스를 똑같이 판정하여 클래스를 구별하지 못합니다",
    ),
    "rule": Text(
        en="The rule: {primary} decides, by a test and an interval over people; {guard}differences of less than "
        "{margin} points do not matter.",
        ko="판정 규칙: {primary} 기준, 사람 단위의 검정과 구간으로 판정합니다. {guard}{margin}%p보다 작은 차이는 "
        "중요하지 않은 것으로 봅니다.",
    ),
    "rule_guard": Text(
        en="{protected} must not have dropped by more than that margin; ",
        ko="보호 지표: {protected} (허용 폭보다 많이 떨어지면 안 됨). ",
    ),
    "each_candidate": Text("Each candidate", "후보별 판정"),
    # differences
    "differences": Text("How sure the differences are", "차이는 얼마나 확실한가"),
    "forest_caption": Text(
        en="Differences to {baseline} with their 95 % intervals. In the grey band (±{margin} points) a difference "
        "does not matter; an interval that crosses 0 may be luck. ROC AUC: a point is 0.01.",
        ko="95% 구간으로 나타낸 차이. 기준: {baseline}. 회색 띠 (±{margin}%p) 안의 차이는 중요하지 않으며, 0에 걸친 "
        "구간은 우연일 수 있습니다. ROC AUC 1점은 0.01입니다.",
    ),
    "paired_intro": Text(
        en="Both models predict the same sequences; the interval is of the difference itself. Where only a handful of "
        "sequences tells them apart, it is rather too wide than too narrow.",
        ko="두 모델을 같은 시퀀스에서 비교했으며, 구간은 차이 자체의 것입니다. 두 모델의 예측이 다른 시퀀스가 몇 "
        "개뿐이면 구간이 실제보다 넓게 나올 수 있습니다.",
    ),
    "test": Text("test", "검정"),
    "test_n": Text("n = {n}", "n = {n}"),
    "p_adjusted": Text("p after Holm, over {n} candidates", "Holm 보정 p (후보 {n}개)"),
    "tests_note": Text(
        en="Tests by person decide. McNemar and DeLong take sequences as independent and are shown for comparison: "
        "with several sequences per person their p is too small.",
        ko="판정은 사람별 검정으로 합니다. McNemar 검정과 DeLong 검정은 시퀀스를 서로 독립으로 보는 참고용 값이며, 한 "
        "사람의 시퀀스가 여러 개이면 p값이 실제보다 작게 나옵니다.",
    ),
    # what would settle it
    "settle": Text("What would settle it", "무엇을 더 모아야 하나"),
    "settle_arm": Text(
        en="{arm}: about {more} more clips from {more_people} more people ({n} clips of {people} people in all) would "
        "show a difference of {target} in {metric} with {power} % probability.",
        ko="{arm}: 새로운 사람 약 {more_people}명의 클립 약 {more}개를 더 모으면 (모두 {people}명, {n}개) {metric} "
        "차이 {target} 정도를 {power}% 확률로 확인할 수 있습니다.",
    ),
    "settle_guard": Text(
        en="{arm}: about {more} more clips from {more_people} more people ({n} clips of {people} people in all) would "
        "show, with {power} % probability, that {metric} did not drop by {target}, if it did not drop at all.",
        ko="{arm}: 새로운 사람 약 {more_people}명의 클립 약 {more}개를 더 모으면 (모두 {people}명, {n}개), 실제로 "
        "떨어지지 않았을 때 {metric} 하락이 {target} 미만임을 {power}% 확률로 확인할 수 있습니다.",
    ),
    "settle_stands_in": Text(
        en="This was planned for {metric}: a number of clips for {primary} cannot be planned.",
        ko="{metric} 기준으로 계산했습니다. {primary} 기준의 클립 수는 계산할 수 없습니다.",
    ),
    "settle_repeat": Text(
        en="{arm}: there would be enough clips to show a difference of {target} in {metric} with {power} % "
        "probability; measure on new people to see whether it repeats.",
        ko="{arm}: {metric} 차이 {target} 정도를 {power}% 확률로 확인할 만큼 클립이 있습니다. 같은 결과가 반복되는지 "
        "새로운 사람들로 확인하세요.",
    ),
    "settle_method": Text(
        en="Counted from how the predictions of the two models differed here and how alike the clips of one person "
        "are: {method}. New people are worth more than more clips of the same people.",
        ko="두 모델의 예측이 달라진 정도와 한 사람의 클립이 서로 닮은 정도로 계산했습니다: {method}. 같은 사람의 "
        "클립보다 새로운 사람이 더 도움이 됩니다.",
    ),
    "settle_done": Text(
        en="{arm}: nothing more is needed for this question.",
        ko="{arm}: 이 질문에는 더 필요한 것이 없습니다.",
    ),
    "settle_mend": Text(
        en="{arm}: more clips do not help before this is mended: {reason}.",
        ko="{arm}: 먼저 고쳐야 할 문제가 있어 클립을 더 모아도 도움이 되지 않습니다. {reason}.",
    ),
    "settle_unknown": Text(
        en="{arm}: no plan can be made from these figures; record clips of more people first.",
        ko="{arm}: 이 수치로는 계획을 세울 수 없습니다. 먼저 더 많은 사람의 클립을 녹화하세요.",
    ),
    # the verdict's sentence
    "verdict_better": Text("Better: {change}.", "더 좋음: {change}."),
    "verdict_better_guarded": Text(
        en="Better: {change}, and {protected} did not drop by more than {margin} points ({guard}).",
        ko="더 좋음: {change}. {protected} 하락 폭은 {margin}%p를 넘지 않습니다 ({guard}).",
    ),
    "verdict_worse": Text("Worse: {change}.", "더 나쁨: {change}."),
    "verdict_equal": Text("Equal within {margin} points: {change}.", "{margin}%p 이내로 같음: {change}."),
    "verdict_equal_guarded": Text(
        en="Equal within {margin} points: {change}, and {protected} did not drop by more than {margin} points "
        "({guard}).",
        ko="{margin}%p 이내로 같음: {change}. {protected} 하락 폭은 {margin}%p를 넘지 않습니다 ({guard}).",
    ),
    "verdict_protected_dropped": Text(
        en="Worse: {protected} dropped by more than {margin} points ({guard}); {change}.",
        ko="더 나쁨: {protected} 하락 폭이 {margin}%p를 넘습니다 ({guard}). {change}.",
    ),
    "verdict_protected_unsure": Text(
        en="Cannot tell: {protected} may have dropped by more than {margin} points ({guard}); {change}.",
        ko="판단할 수 없음: {protected} 하락 폭이 {margin}%p를 넘을 수 있습니다 ({guard}). {change}.",
    ),
    "verdict_luck": Text("Cannot tell: {change}, which may be luck.", "판단할 수 없음: {change}. 우연일 수 있습니다."),
    "verdict_cannot_tell": Text("Cannot tell: {reason}.", "판단할 수 없음: {reason}."),
    "verdict_change": Text(
        en="{metric} changed by {difference} ({interval}, {p}, {basis})",
        ko="{metric} 변화 {difference} ({interval}, {p}, {basis})",
    ),
    "verdict_interval": Text("{level} interval {range}", "{level} 구간 {range}"),
    "verdict_basis": Text("{sequences} of {people}", "{people}의 {sequences}"),
    "verdict_basis_runs": Text(
        en="{sequences} of {people}, each predicted in {runs} runs",
        ko="{people}의 {sequences}, 각각 {runs}번 실행",
    ),
    "verdict_plan": Text(
        en="Record about {clips} more clips from {people} more people to settle it.",
        ko="판단하려면 새로운 사람 약 {people}명에게서 클립 약 {clips}개를 더 녹화하세요.",
    ),
    "verdict_plan_stands_in": Text(
        en="Record about {clips} more clips from {people} more people to settle it (planned for {metric}).",
        ko="판단하려면 새로운 사람 약 {people}명에게서 클립 약 {clips}개를 더 녹화하세요 ({metric} 기준으로 계산).",
    ),
    "verdict_repeat": Text(
        en="Record new clips of new people to see whether it repeats.",
        ko="새로운 사람의 클립을 새로 녹화해 같은 결과가 나오는지 확인하세요.",
    ),
    # the gate
    "gate_not_better": Text("the verdict on {candidate} is '{word}'", "{candidate} 판정: '{word}'"),
    "gate_not_better_than_reference": Text(
        en="{candidate} is not shown to be better than {reference}, which needs no training (the verdict: '{word}')",
        ko="{candidate}: 학습이 필요 없는 참고 모델보다 더 좋다고 확인되지 않았습니다. 참고 모델: {reference}, 판정: "
        "'{word}'",
    ),
}
