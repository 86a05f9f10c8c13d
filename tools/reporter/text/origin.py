"""Where figures come from, in words: files, the test log, model cards, the dataset's card."""

from shared.text.catalogue import Catalogue, Text

ORIGIN: Catalogue = {
    # every file
    "provenance": Text("Where this comes from", "출처"),
    "provenance_intro": Text(
        en="Every file that was read, with the hash of its content. The same sequences were compared in all arms: "
        "{sha256}.",
        ko="읽은 모든 파일과 그 내용의 해시입니다. 모든 모델을 같은 시퀀스로 비교했습니다: {sha256}.",
    ),
    "what": Text("what", "내용"),
    "file": Text("file", "파일"),
    "created": Text("written", "작성 시각"),
    "commit": Text("commit", "커밋"),
    "source_results": Text("results of {name}", "측정 결과: {name}"),
    "source_predictions": Text("predictions of {name}", "예측: {name}"),
    "source_model_card": Text("model card of {name}", "모델 카드: {name}"),
    "source_run": Text("training run {name}", "학습 실행: {name}"),
    "source_history": Text("training history of {name}", "학습 기록: {name}"),
    "source_dataset": Text("labels of dataset {name}", "데이터셋 라벨: {name}"),
    "split_named": Text("Split: {file}, sha256 {sha256}.", "분할: {file}, sha256 {sha256}."),
    "footer": Text(
        en="smilebench {version}, commit {commit}; report {report} of {created}",
        ko="smilebench {version}, 커밋 {commit}; 보고서 {report}, {created}",
    ),
    # the test log
    "evaluations": Text("How often the test set was evaluated", "테스트 세트 평가 횟수"),
    "evaluations_count": Text(
        en="This test set had been evaluated {n} times when the last of these models was measured; all arms of one "
        "comparison count once. Each evaluation that changes a decision makes the figures a little too good.",
        ko="이 모델들 중 마지막 것을 측정했을 때까지 이 테스트 세트를 평가한 횟수: {n}회 (모델이 여럿이어도 한 번의 "
        "비교는 한 번으로 셉니다). 평가를 보고 결정을 바꿀 때마다 수치는 실제보다 조금씩 좋아집니다.",
    ),
    "evaluations_count_one": Text(
        en="This test set had been evaluated {n} time when the last of these models was measured; all arms of one "
        "comparison count once. Each evaluation that changes a decision makes the figures a little too good.",
        ko="이 모델들 중 마지막 것을 측정했을 때까지 이 테스트 세트를 평가한 횟수: {n}회 (모델이 여럿이어도 한 번의 "
        "비교는 한 번으로 셉니다). 평가를 보고 결정을 바꿀 때마다 수치는 실제보다 조금씩 좋아집니다.",
    ),
    "evaluations_unknown": Text(
        en="It is not known how often these people were evaluated before.",
        ko="이 사람들을 이전에 몇 번 평가했는지 기록이 없습니다.",
    ),
    "evaluations_cut": Text("The last {n} are shown.", "마지막 {n}개만 표시합니다."),
    "evaluated": Text("evaluated", "평가 시각"),
    "session": Text("comparison", "비교"),
    "no_session": Text("on its own", "단독 측정"),
    "measured_model": Text("model", "모델"),
    # model cards
    "model_cards": Text("Model cards", "모델 카드"),
    "card_none": Text(
        en="{arm}: no model card was found (a model from elsewhere, or none).",
        ko="{arm}: 모델 카드가 없습니다 (외부 모델이거나 모델이 아님).",
    ),
    "card_row": Text("about", "항목"),
    "card_network": Text("network", "네트워크"),
    "card_file": Text("file", "파일"),
    "card_size": Text("{mb} MB, opset {opset}", "{mb} MB, opset {opset}"),
    "card_input": Text("input", "입력"),
    "card_input_value": Text(
        en="{frames} pictures of {size}, {interval} ms apart",
        ko="{size} 사진 {frames}장, 간격 {interval} ms",
    ),
    "card_learned": Text("learned from", "학습 데이터"),
    "card_learned_value": Text("{dataset} ({kind})", "{dataset} ({kind})"),
    "kind_real": Text("real people", "실제 사람"),
    "kind_synthetic": Text("drawn people", "그린 사람"),
    "card_threshold": Text("threshold", "임계값"),
    "card_emotions": Text("emotions trained", "학습한 감정"),
    "card_parity": Text("exported against trained", "내보낸 모델과 학습한 모델의 차이"),
    "card_parity_value": Text(
        en="largest difference {difference}, {flips} changed predictions in {n} sequences",
        ko="최대 차이 {difference}, 시퀀스 {n}개 중 바뀐 예측 {flips}개",
    ),
    "card_limits": Text(
        en="Meant for clips that were recorded like those of the dataset; how it does on other cameras, light or "
        "people is not known from this report.",
        ko="데이터셋과 같은 방식으로 녹화한 클립에 쓰는 모델입니다. 다른 카메라, 조명, 사람에 대해서는 이 보고서로 알 "
        "수 없습니다.",
    ),
    "threshold_objective": Text("objective {objective}", "목표 {objective}"),
    "threshold_model_validation": Text(
        en="the model's own, chosen on validation: {sequences} of {people}",
        ko="모델 자체 값, 검증 세트에서 선택: {people}, {sequences}",
    ),
    "threshold_model_given": Text("the model's own, fixed by hand", "모델 자체 값, 사람이 정함"),
    "threshold_model_default": Text(
        en="the model's own, a default that was not chosen on data",
        ko="모델 자체 값, 데이터로 고르지 않은 기본값",
    ),
    "threshold_model": Text("the model's own", "모델 자체 값"),
    "trained": Text("training", "학습"),
    "trained_epochs": Text("{n} epochs", "{n} 에포크"),
    "trained_epochs_one": Text("{n} epoch", "{n} 에포크"),
    "trained_unknown": Text("not known", "알 수 없음"),
    # the dataset's card
    "dataset_card": Text("Dataset card", "데이터셋 카드"),
    "dataset_none": Text(
        en="The dataset as it was measured was not found on this machine (--dataset names it).",
        ko="측정에 쓴 그대로의 데이터셋을 이 컴퓨터에서 찾지 못했습니다 (--dataset 옵션으로 지정).",
    ),
    "dataset_counts": Text(
        en="{dataset}, version {version}, {kind}: {sequences} from {takes} takes of {people} ({labels}).",
        ko="{dataset}, 버전 {version}, {kind}: {people}, 테이크 {takes}개, {sequences} ({labels}).",
    ),
    "dataset_pictures": Text(
        en="{n} pictures a clip, {interval} ms apart, {size}; recorded with the protocol {protocol}.",
        ko="클립마다 사진 {n}장, 간격 {interval} ms, {size}. 녹화 프로토콜: {protocol}.",
    ),
    "dataset_pictures_one": Text(
        en="{n} picture a sequence, {size}; recorded with the protocol {protocol}.",
        ko="시퀀스마다 사진 {n}장, {size}. 녹화 프로토콜: {protocol}.",
    ),
    "dataset_reviewed": Text(
        en="{reviewed} of {n} labels were reviewed by a person.",
        ko="라벨 {n}개 중 {reviewed}개를 사람이 검토했습니다.",
    ),
}
