"""The words of the page of approaches in Korean; `tools.reporter.text.approaches_en` has the same keys.

No particle follows an inserted name, since its right form would depend on the name's last sound.
"""

TEXTS = {
    "approaches_title": "어떤 방식을 쓸 것인가: {dataset}",
    "approaches_subtitle": "방식 비교, 데이터셋: {dataset}, {created}",
    "name_dual_head": "듀얼 헤드",
    "name_one_frame": "듀얼 헤드 한 장",
    "name_landmark_mlp": "랜드마크 MLP",
    "name_blendshape_mlp": "블렌드셰이프 MLP",
    "name_blendshapes": "미소 블렌드셰이프",
    "name_blendshape_logistic": "블렌드셰이프 회귀",
    "name_majority": "항상 다수 클래스",
    "about_dual_head": "사진을 신경망으로",
    "about_one_frame": "같은 신경망에 사진 한 장만",
    "about_landmark_mlp": "얼굴 점 478개를 작은 신경망으로",
    "about_blendshape_mlp": "블렌드셰이프 52개를 작은 신경망으로",
    "about_blendshapes": "MediaPipe 값 두 개와 임계값",
    "about_blendshape_logistic": "52개 값의 로지스틱 회귀",
    "about_majority": "모델 없음: 바닥 기준",
    "word_ship": "추천: {name}",
    "ship_about": "같은 {people}, {sequences}에서 비교한 방식 {n}가지",
    "choice_pair": "{difference}, 95 % 구간 {interval}, {n}쌍 Holm 보정 후 p {p}",
    "choice_shown": "가장 높은 {metric}: {leader}, {value}. 나머지 모든 방식보다 좋다는 것이 확인되었습니다 (가장 "
    "가까운 방식: {closest}, {pair}).",
    "choice_leader_cheapest": "가장 높은 {metric}: {leader}, {value}. 차이가 확인되지 않은 방식들({level}) "
    "중에서{among} 비용도 가장 적습니다: {cost}.",
    "choice_cheapest": "가장 높은 {metric}: {leader}, {value}. 그러나 다음보다 좋다는 것은 확인되지 않았습니다: "
    "{name}, {mine} ({pair}). 가장 높은 방식과 구별되지 않은 방식들({level}) 중에서{among} 비용이 가장 적은 방식: "
    "{name} ({cost}).",
    "choice_among": " 바닥 기준보다 좋고, 학습한 것이라면 학습이 필요 없는 모든 방식보다도 좋다고 확인된 것 가운데",
    "choice_floor": "판단할 수 없음: 가장 높은 {metric}: {leader}, {value}. 그러나 언제나 다수 클래스로 답하는 것보다 "
    "좋다는 것이 확인되지 않았습니다 ({pair}).",
    "choice_floor_leads": "판단할 수 없음: 다음보다 {metric} 수치가 높은 방식이 없습니다: {floor}, {value}.",
    "choice_free": "판단할 수 없음: 가장 높은 {metric}: {leader}, {value}. 그러나 학습이 필요 없는 방식({rival})보다 "
    "좋다는 것이 확인되지 않았고 ({pair}), 그 방식({rival}) 역시 언제나 다수 클래스로 답하는 것보다 좋다는 것이 "
    "확인되지 않았습니다.",
    "choice_few_people": "판단할 수 없음: 사람이 {people}뿐이면 어떤 답이 나왔더라도 방식 {n}가지를 구별할 수 없으며, "
    "적어도 {least}명이 필요합니다. 지금까지 가장 높은 {metric}: {leader}, {value}.",
    "choice_within": "구간 전체가 {margin} 이내이므로 차이는 중요하지 않습니다.",
    "more_clips": "클립 약 {n}개",
    "more_clips_one": "클립 {n}개",
    "more_people": "새로운 사람 약 {n}명",
    "more_people_one": "새로운 사람 {n}명",
    "choice_plan": "더 녹화하면 두 방식({leader}, {rival})을 구별할 수 있는 양: {clips}, {people}.",
    "choice_repeat": "두 방식({leader}, {rival})을 새로운 사람들에게서 측정해 같은 결과가 나오는지 확인하세요.",
    "choice_stands_in": "({metric} 기준으로 계산)",
    "cost_trained": "학습 필요",
    "cost_untrained": "학습 없음",
    "cost_download": "다운로드 {mb} MB",
    "cost_time": "판정 한 번에 {ms} ms (이 컴퓨터)",
    "choice_rule": "미리 정한 규칙: {metric} 수치가 가장 높은 방식이 선두입니다(같으면 비용이 적은 쪽). 바로 이 "
    "사람들에게서 선두를 찾았으므로 {n}쌍 모두를 사람별로 검정하고 전체에 대해 Holm 보정을 합니다. 검정과 구간이 "
    "일치할 때만 더 좋다고 봅니다. 선두가 더 좋다고 확인되지 않은 상대는 선두와 구별되지 않은 것입니다. 그중에서 바닥 "
    "기준(항상 다수 클래스)보다 좋다고 확인되고, 학습한 방식이라면 학습이 필요 없는 모든 방식보다도 좋다고 확인된 것 "
    "가운데 비용이 가장 적은 것을 추천합니다. 비용의 순서: 학습 여부, 다운로드 크기, 판정 시간.",
    "rider_recall": "재현율 비교: {name} 쪽이 {leader} 쪽보다 낮습니다. 차이 {difference} (95 %: {interval}).",
    "rider_highest": "같은 사람들에게서 얻은 수치 {n}개 중 가장 높은 것은 실제보다 조금 좋게 나오기 쉽습니다.",
    "ship": "실제로 쓰려면",
    "ship_formula": "공식: MediaPipe Face Landmarker의 블렌드셰이프 mouthSmileLeft, mouthSmileRight 두 값의 평균을 "
    "클립의 사진 전체에 대해 평균하고, T보다 크면 미소입니다.",
    "ship_threshold": "T: {value}. 폴드와 시드마다 학습 쪽 사람들로 고른 임계값 {n}개의 중앙값입니다 "
    "(최소 {low}, 최대 {high}).",
    "ship_threshold_one": "T: {value}. 학습 쪽 사람들로 골랐습니다.",
    "ship_no_face": "얼굴이 없는 사진은 가장 가까운 사진의 값을 쓰고, 얼굴을 하나도 찾지 못하면 미소가 아닙니다.",
    "ship_no_handoff": "모델이 없으므로 ./inv handoff 명령이 만들 것도 없습니다. 페이지가 @mediapipe/tasks-vision "
    "패키지를 직접 부릅니다 (FaceLandmarker, outputFaceBlendshapes, runningMode IMAGE: 여기서처럼 사진마다 따로).",
    "ship_no_export": "이 회귀는 내보낼 수 없습니다. 블렌드셰이프 52개에 무엇이 들어 있는지 보려고 폴드마다 새로 맞춘 "
    "것입니다. 같은 입력으로 실제로 쓸 수 있는 것은 blendshape_mlp입니다:",
    "ship_folds": "여기서 측정한 모델은 폴드의 모델입니다. 각각 일부 사람들에게서만 배웠고, 측정하려고 만든 것입니다. "
    "실제로 쓸 모델은 다음 명령으로 학습하고, 내보내고, 전달하고, 확인하세요 (RUN, MODEL: 바로 앞 명령이 알려 "
    "준 이름):",
    "ship_one_frame": "신경망은 듀얼 헤드이며, 페이지는 창의 모든 자리에 같은 사진 한 장을 넣습니다.",
    "approaches": "방식별 결과",
    "scroll_hint": "⇆ 표가 옆으로 이어집니다.",
    "approaches_intro": "{people}, {sequences}. 모든 사람은 자신을 측정하는 모델의 학습과 임계값 선택에서 "
    "제외되었습니다. 비용이 적은 방식이 위, 바닥 기준이 맨 아래입니다. "
    "각 수치 아래는 사람별 95 % 구간입니다 ({method}).",
    "approach": "방식",
    "mark_recommended": "추천",
    "mark_leader": "가장 높은 {metric}",
    "column_download": "다운로드",
    "column_download_what": "페이지 전체",
    "column_time": "판정 시간",
    "column_time_what": "이 컴퓨터, 중앙값, 얼굴 읽기 포함",
    "column_browser": "브라우저",
    "column_browser_what": "측정된 경우",
    "column_faces": "얼굴 없음",
    "column_faces_what": "시퀀스",
    "column_training": "학습",
    "column_training_what": "한 번",
    "megabytes": "{mb} MB",
    "part_model": "모델 {mb}",
    "part_landmarker": "랜드마커 {mb}",
    "part_runtime": "런타임 {mb}",
    "ms": "{ms} ms",
    "part_reading_ms": "얼굴 {ms}",
    "part_stream_ms": "스트림 {ms}",
    "part_window_ms": "윈도 {ms}",
    "unmeasured": "측정 안 됨",
    "browser_decision": "판정 전체",
    "browser_graphs": "그래프만",
    "browser_reading": "얼굴 읽기",
    "browser_run": "{provider}, 스레드 {threads}",
    "no_face_needed": "필요 없음",
    "no_training": "없음",
    "threshold_only": "임계값만",
    "trained_fit": "맞춤과 응답",
    "trained_times": "{n}번의 평균",
    "seconds": "{s}초",
    "faces_note": "얼굴이 하나도 없는 시퀀스는 얼굴이 필요한 방식에서는 미소가 아닌 것으로 답합니다. 실제로 웃고 "
    "있었다면 오답이며, 오답으로 셉니다.",
    "figure": "성능과 비용",
    "figure_caption": "방식별 {metric}, 95 % 구간. 비용이 적은 것이 위에 있고, 이름 아래는 학습 여부, 페이지의 "
    "다운로드 크기, 이 컴퓨터에서의 판정 시간입니다. 구간이 겹친다고 같은 것도, 다른 것도 아닙니다. 고리는 추천한 "
    "방식입니다.",
    "input_frames": "사진",
    "input_landmarks": "랜드마크",
    "input_blendshapes": "블렌드셰이프",
    "pairs": "선두와 나머지",
    "pairs_intro": "같은 시퀀스에서 선두({leader}) 빼기 상대. 보정은 {n}쌍 전체에 대한 것입니다.",
    "pairs_other": "상대",
    "pairs_difference": "차이",
    "pairs_p": "p",
    "pairs_p_adjusted": "Holm 보정 후 p",
    "pairs_said": "확인되었나",
    "pairs_better": "더 좋음",
    "pairs_open": "구별되지 않음",
    "pairs_least": "{n}쌍을 비교할 때 {least}명보다 적으면 어떤 답이 나왔더라도 아무것도 확인할 수 없습니다. 결과를 "
    "보기 전에 방식을 줄이면(--approaches) 쌍도 줄어듭니다.",
    "left_out": "제외된 방식",
    "left_out_line": "{name}: {reason}",
    "left_out_landmarker": "여기서는 얼굴을 읽을 수 없습니다. MediaPipe 설치: pip install 'smilebench[featurizer]', "
    "모델 받기: ./inv fetch-models. 그런 다음 같은 명령을 다시 실행하세요.",
    "left_out_synthetic": "그린 얼굴은 MediaPipe가 찾지 못합니다.",
    "left_out_no_faces": "데이터셋 전체에서 얼굴을 하나도 찾지 못했습니다.",
    "left_out_photos": "사진 데이터셋이므로 듀얼 헤드도 어차피 한 장만 봅니다.",
    "left_out_mixed_frames": "시퀀스마다 사진 수가 다른데, 사진 신경망은 길이가 하나여야 합니다.",
    "reading": "측정 방법",
    "read_folds": "모든 방식이 같은 폴드, 같은 사람들입니다. 신경망은 마지막 에포크까지 학습하고 임계값은 검증 쪽 "
    "사람들로 고릅니다. 신경망이 없는 블렌드셰이프 방식 두 가지는 학습 쪽 사람들로 정합니다.",
    "read_time": "시간은 번갈아 잰 판정 {rounds}번의 중앙값, 스레드 하나 ({processor}, 코어 {cores}개, 부하 {load}): "
    "비율만 믿으세요. 휴대전화는 더 느립니다. 얼굴은 학습 때처럼 사진마다 따로 읽습니다. 얼굴을 따라가는 MediaPipe의 "
    "비디오 모드는 더 빠르지만 다른 수치를 냅니다.",
    "read_download": "다운로드는 압축하지 않은 크기입니다: 모델, face_landmarker.task, 페이지에서 이를 실행하는 "
    "것({runtimes}). 압축하면 런타임은 4분의 1 정도가 되고 나머지는 별로 줄지 않습니다.",
    "read_browser": "브라우저 시간은 전달 폴더에서 옵니다. 여기서 측정한 모델 하나로 ./inv handoff --model MODEL, "
    "그다음 ./inv validate-spec --model MODEL --browser 명령을 실행하고(얼굴이 필요한 모델은 --film 옵션으로 사람이 "
    "나오는 영상을 지정) 이 비교를 다시 실행하면 표에 들어갑니다.",
    "read_training": "학습 시간은 이 컴퓨터의 것입니다 (스레드: {threads}).",
    "read_faces": "얼굴이 필요한 방식은 사진 {pictures}장을 한 번 읽어야 하며, 스레드 하나로 약 {s}초입니다. 얼굴을 "
    "찾지 못한 사진: {without}장.",
    "read_start": "듀얼 헤드는 ImageNet 가중치가 아니라 다음에서 시작했습니다: {start}. ImageNet에서 시작하면 더 "
    "좋아질 수 있습니다.",
    "read_start_none": "듀얼 헤드는 ImageNet 가중치가 아니라 무작위 가중치({start})에서 시작했습니다. ImageNet에서 "
    "시작하면 더 좋아질 수 있습니다.",
    "read_limits": "이 신경망들을 이렇게 학습한 결과입니다. 설정, 사람 수, 카메라가 다르면 순서가 바뀔 수 있습니다.",
    "source_timings": "시간 측정: {name}",
    "source_features": "데이터셋 {name}의 특징",
    "source_spec": "전달 폴더: {name}",
    "source_browser_proof": "브라우저 실행 기록: {name}",
}
