"""Two published tables against each other, in words: short, the verdict first."""

from shared.text.catalogue import Catalogue, Text

TABLES: Catalogue = {
    "verdict_better": Text(
        en="BETTER: the candidate is more accurate, whichever clips each arm got right.",
        ko="더 좋음: 각 모델이 어떤 클립을 맞혔든 후보 모델이 더 정확합니다.",
    ),
    "verdict_worse": Text(
        en="WORSE: {because}, whichever clips each arm got right.",
        ko="더 나쁨: 각 모델이 어떤 클립을 맞혔든 {because}.",
    ),
    "verdict_equal": Text(
        en="EQUAL WITHIN THE MARGIN of {margin} points, whichever clips each arm got right.",
        ko="{margin}%p 이내로 같음: 각 모델이 어떤 클립을 맞혔든 그렇습니다.",
    ),
    "verdict_cannot_tell": Text(
        en="CANNOT TELL whether the candidate is better or worse: {because}.",
        ko="판단할 수 없음: {because}.",
    ),
    "because_shown": Text("the candidate is less accurate", "후보 모델의 정확도가 더 낮습니다"),
    "because_protected_dropped": Text(
        en="recall dropped by more than {margin} points",
        ko="재현율이 {margin}%p보다 많이 떨어졌습니다",
    ),
    "because_luck": Text("the difference may be luck", "차이가 우연일 수 있습니다"),
    "because_undefined": Text(
        en="an interval or a test is not defined on so little",
        ko="자료가 너무 적어 구간이나 검정이 정의되지 않습니다",
    ),
    "because_protected_unsure": Text(
        en="recall may have dropped by up to {drop} points, more than the {margin} that are allowed",
        ko="재현율이 허용 폭 {margin}%p보다 크게, 최대 {drop}%p까지 떨어졌을 수 있습니다",
    ),
    "because_pairings_differ": Text(
        en="it depends on which clips each arm got right, and the tables do not say",
        ko="각 모델이 어떤 클립을 맞혔는지에 따라 달라지는데, 표에는 그것이 없습니다",
    ),
    "because_people_may_be_alike": Text(
        en="it would be '{word}' if each clip came from another person, but {n} clips of {people} people may be worth "
        "no more than {people}",
        ko="클립마다 사람이 다르면 '{word}'이지만, {people}명의 클립 {n}개는 {people}개만큼의 가치밖에 없을 수 "
        "있습니다",
    ),
    "because_different_clips": Text(
        en="the tables are not of the same clips ({one} against {other}), so the difference may come from the clips",
        ko="두 표는 같은 클립에서 나온 것이 아니어서 ({one}, {other}) 차이가 클립에서 왔을 수 있습니다",
    ),
    "clips_of": Text("{positive} positive + {negative} negative", "양성 {positive} + 음성 {negative}"),
    "sum": Text("Accuracy {one} → {other} ({change}) on {n} clips.", "정확도 {one} → {other} ({change}), 클립 {n}개."),
    "p": Text(
        en="{n_pairings} pairings of the predictions fit: McNemar's exact p is {p}, {significant}.",
        ko="예측을 짝짓는 방법은 {n_pairings}가지이고, McNemar 정확 p는 {p}, {significant}.",
    ),
    "p_none": Text("below 0.05 in none of them", "0.05보다 작은 경우가 하나도 없습니다"),
    "p_all": Text("below 0.05 in all of them", "모두 0.05보다 작습니다"),
    "p_some": Text("below 0.05 in {n} of them", "그중 {n}가지에서 0.05보다 작습니다"),
    "fell": Text("FELL: {metrics}.", "하락: {metrics}."),
    "rose": Text("Rose: {metrics}.", "상승: {metrics}."),
    "same": Text("Unchanged: {metrics}.", "그대로: {metrics}."),
    "unclear": Text(
        en="Rose or fell, the rates leave it open: {metrics}.",
        ko="비율만으로는 상승인지 하락인지 알 수 없음: {metrics}.",
    ),
    "specificity": Text("specificity", "특이도"),
    "difference": Text("difference at the widest", "차이 (가장 넓을 때)"),
    "difference_unpaired": Text("difference, unpaired", "차이 (짝 없음)"),
    "legend": Text(
        en="Ranges are 95 % intervals: Wilson for a metric (F1 through TP/(TP+FP+FN)), {difference}; each clip "
        "counted as if from its own person.",
        ko="범위는 95% 구간입니다. 지표: Wilson (F1은 TP/(TP+FP+FN)에서), {difference}. 클립마다 사람이 다르다고 "
        "보았습니다.",
    ),
    "legend_paired": Text(
        en="Tango for a difference, in the pairing with most disagreements",
        ko="차이: 예측이 가장 많이 엇갈리는 짝짓기의 Tango",
    ),
    "legend_unpaired": Text(
        en="Newcombe for a difference, if both sets of clips were drawn alike",
        ko="차이: Newcombe (두 클립 모음이 같은 방식으로 뽑혔을 때)",
    ),
    "needed": Text(
        en="To show this difference with {power} power takes about {low} clips (the arms disagree on {low_share}, the "
        "least that fits) to {high} ({high_share}){most}.",
        ko="이 차이를 {power}의 검정력으로 확인하려면 클립 약 {low}개 (두 모델이 {low_share}에서 엇갈릴 때, 가능한 "
        "최소) ~ {high}개 ({high_share})가 필요합니다{most}.",
    ),
    "needed_most": Text(
        en="; {most} if they disagree on {most_share}, the most that fits",
        ko="; 가능한 최대인 {most_share}에서 엇갈리면 {most}개",
    ),
    "tables_many": Text(
        en="{arm}: {n_fitting} tables fit the rates {rates}; {n} of them can be of the other arm's clips, and all "
        "these count.",
        ko="{arm}: 비율 {rates}에 맞는 표가 {n_fitting}개이며, 그중 상대와 같은 클립일 수 있는 {n}개를 모두 "
        "고려했습니다.",
    ),
    "tables_unpaired": Text(
        en="{arm}: {n_fitting} tables fit the rates {rates}; all of them count.",
        ko="{arm}: 비율 {rates}에 맞는 표가 {n_fitting}개이며, 모두 고려했습니다.",
    ),
    "tables_one": Text(
        en="{arm}: one table fits the rates {rates}: {table}.",
        ko="{arm}: 비율 {rates}에 맞는 표는 하나입니다: {table}.",
    ),
    "caveat": Text(
        en="This assumes that both tables are of the same clips, one clip per person. With several clips per person "
        "even this is optimistic: --n-subjects.",
        ko="두 표가 같은 클립에서 나왔고 한 사람이 클립 하나씩 냈다고 가정합니다. 한 사람이 여러 개를 냈다면 이것도 "
        "낙관적입니다: --n-subjects.",
    ),
    "caveat_unpaired": Text(
        en="This assumes one clip per person. With several clips per person even this is optimistic.",
        ko="한 사람이 클립 하나씩 냈다고 가정합니다. 한 사람이 여러 개를 냈다면 이것도 낙관적입니다.",
    ),
    "caveat_unpaired_people": Text(
        en="This assumes one clip per person; of {people} people even this is optimistic.",
        ko="한 사람이 클립 하나씩 냈다고 가정합니다. {people}명의 클립이므로 이것도 낙관적입니다.",
    ),
    "caveat_people": Text(
        en="{n} clips of {people} people: clips of one person resemble each other, so these ranges and p are "
        "optimistic. If the predictions for each person's clips were all alike, accuracy would be {one} against "
        "{other}.",
        ko="{people}명의 클립 {n}개: 같은 사람의 클립은 서로 닮아서 위의 범위와 p는 낙관적입니다. 한 사람의 클립에 "
        "대한 예측이 모두 같다면 정확도는 {one}, {other}입니다.",
    ),
}
