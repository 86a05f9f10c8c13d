"""The page of approaches, in words."""

from shared.text.catalogue import Catalogue, Text

APPROACHES: Catalogue = {
    # the page
    "approaches_title": Text("Which approach to ship: {dataset}", "어떤 방식을 쓸 것인가: {dataset}"),
    "approaches_subtitle": Text(
        en="Comparison of approaches on dataset {dataset}, {created}",
        ko="방식 비교, 데이터셋: {dataset}, {created}",
    ),
    "name_dual_head": Text("dual head", "듀얼 헤드"),
    "name_one_frame": Text("dual head on one frame", "듀얼 헤드 한 장"),
    "name_landmark_mlp": Text("landmark MLP", "랜드마크 MLP"),
    "name_blendshape_mlp": Text("blendshape MLP", "블렌드셰이프 MLP"),
    "name_blendshapes": Text("smile blendshapes", "미소 블렌드셰이프"),
    "name_blendshape_logistic": Text("blendshape regression", "블렌드셰이프 회귀"),
    "name_majority": Text("always the larger class", "항상 다수 클래스"),
    "about_dual_head": Text("pictures into a network", "사진을 신경망으로"),
    "about_one_frame": Text("the same network, shown one picture", "같은 신경망에 사진 한 장만"),
    "about_landmark_mlp": Text("478 face points into a small network", "얼굴 점 478개를 작은 신경망으로"),
    "about_blendshape_mlp": Text("52 blendshapes into a small network", "블렌드셰이프 52개를 작은 신경망으로"),
    "about_blendshapes": Text("MediaPipe's two, and a threshold", "MediaPipe 값 두 개와 임계값"),
    "about_blendshape_logistic": Text("logistic regression on 52", "52개 값의 로지스틱 회귀"),
    "about_majority": Text("no model: the floor", "모델 없음: 바닥 기준"),
    # the verdict
    "word_ship": Text("Ship: {name}", "추천: {name}"),
    "ship_about": Text(
        en="{n} approaches on the same {sequences} of {people}",
        ko="같은 {people}, {sequences}에서 비교한 방식 {n}가지",
    ),
    "choice_pair": Text(
        en="{difference}, 95 % interval {interval}, {p} after Holm over {n} pairs",
        ko="{difference}, 95% 구간 {interval}, {n}쌍 Holm 보정 후 {p}",
    ),
    "choice_shown": Text(
        en="Highest {metric}: {leader}, {value}. It is shown to be better than each of the others (the closest, "
        "{closest}: {pair}).",
        ko="가장 높은 {metric}: {leader}, {value}. 나머지 모든 방식보다 좋다는 것이 확인되었습니다 (가장 가까운 방식: "
        "{closest}, {pair}).",
    ),
    "choice_leader_cheapest": Text(
        en="Highest {metric}: {leader}, {value}; and of the approaches that are not told apart from it ({level}) it "
        "costs least{among}: {cost}.",
        ko="가장 높은 {metric}: {leader}, {value}. 차이가 확인되지 않은 방식들({level}) 중에서{among} 비용도 가장 "
        "적습니다: {cost}.",
    ),
    "choice_cheapest": Text(
        en="Highest {metric}: {leader}, {value}; but it is not shown to be better than {name}, {cheaper} ({pair}). Of "
        "the approaches that are not told apart from the highest ({level}), {name} costs least{among}: {cost}.",
        ko="가장 높은 {metric}: {leader}, {value}. 그러나 다음보다 좋다는 것은 확인되지 않았습니다: {name}, {cheaper} "
        "({pair}). 가장 높은 방식과 구별되지 않은 방식들({level}) 중에서{among} 비용이 가장 적은 방식: {name} "
        "({cost}).",
    ),
    "choice_among": Text(
        en=" among those that are shown to beat the floor and, where trained, whatever needs no training",
        ko=" 바닥 기준보다 좋고, 학습한 것이라면 학습이 필요 없는 모든 방식보다도 좋다고 확인된 것 가운데",
    ),
    "choice_floor": Text(
        en="Cannot tell: the highest {metric} is that of {leader}, {value}, but it is not shown to be better than "
        "always predicting the larger class ({pair}).",
        ko="판단할 수 없음: 가장 높은 {metric}: {leader}, {value}. 그러나 항상 다수 클래스로 예측하는 것보다 좋다는 "
        "것이 확인되지 않았습니다 ({pair}).",
    ),
    "choice_floor_leads": Text(
        en="Cannot tell: no approach has a higher {metric} than {floor}, {value}.",
        ko="판단할 수 없음: 다음보다 {metric} 수치가 높은 방식이 없습니다: {floor}, {value}.",
    ),
    "choice_free": Text(
        en="Cannot tell: the highest {metric} is that of {leader}, {value}, but it is not shown to be better than "
        "{rival}, which needs no training ({pair}); and {rival} is not shown to be better than always predicting the "
        "larger class.",
        ko="판단할 수 없음: 가장 높은 {metric}: {leader}, {value}. 그러나 학습이 필요 없는 방식({rival})보다 좋다는 "
        "것이 확인되지 않았고 ({pair}), 그 방식({rival}) 역시 항상 다수 클래스로 예측하는 것보다 좋다는 것이 확인되지 "
        "않았습니다.",
    ),
    "choice_few_people": Text(
        en="Cannot tell: with {people}, no predictions at all could tell {n} approaches apart; that takes at least "
        "{least} people. The highest {metric} so far is that of {leader}, {value}.",
        ko="판단할 수 없음: 사람이 {people}뿐이면 어떤 예측이 나왔더라도 방식 {n}가지를 구별할 수 없으며, 적어도 "
        "{least}명이 필요합니다. 지금까지 가장 높은 {metric}: {leader}, {value}.",
    ),
    "choice_within": Text(
        en="The whole interval lies within {margin}: the difference does not matter.",
        ko="구간 전체가 {margin} 이내이므로 차이는 중요하지 않습니다.",
    ),
    "more_clips": Text("{n} more clips", "클립 약 {n}개"),
    "more_clips_one": Text("{n} more clip", "클립 {n}개"),
    "more_people": Text("{n} more people", "새로운 사람 약 {n}명"),
    "more_people_one": Text("{n} more person", "새로운 사람 {n}명"),
    "choice_plan": Text(
        en="About {clips} from {people} would tell {leader} and {rival} apart.",
        ko="더 녹화하면 두 방식({leader}, {rival})을 구별할 수 있는 양: {clips}, {people}.",
    ),
    "choice_repeat": Text(
        en="Measure {leader} and {rival} on new people to see whether it repeats.",
        ko="두 방식({leader}, {rival})을 새로운 사람들에게서 측정해 같은 결과가 나오는지 확인하세요.",
    ),
    "choice_stands_in": Text("(Planned for {metric}.)", "({metric} 기준으로 계산)"),
    "cost_trained": Text("trained", "학습 필요"),
    "cost_untrained": Text("no training", "학습 없음"),
    "cost_download": Text("{mb} MB to download", "다운로드 {mb} MB"),
    "cost_time": Text("{ms} ms per decision here", "판정 한 번에 {ms} ms (이 컴퓨터)"),
    "choice_rule": Text(
        en="The rule, fixed beforehand: the leader has the highest {metric} (of equals the cheaper one). All {n} "
        "pairs are tested by person, with Holm's correction over all of them, since the leader was found on these "
        "very people; where test and interval agree, one is shown to be better. What the leader is not shown to beat "
        "is not told apart from it. Of these the cheapest is recommended that is shown to beat the floor, always the "
        "larger class, and, if it was trained, every approach without training. Cheap is: no training, then fewer "
        "bytes, then less time a decision.",
        ko="미리 정한 규칙: {metric} 수치가 가장 높은 방식이 선두입니다(같으면 비용이 적은 쪽). 바로 이 사람들에게서 "
        "선두를 찾았으므로 {n}쌍 모두를 사람별로 검정하고 전체에 대해 Holm 보정을 합니다. 검정과 구간이 일치할 때만 "
        "더 좋다고 봅니다. 선두가 더 좋다고 확인되지 않은 상대는 선두와 구별되지 않은 것입니다. 그중에서 바닥 "
        "기준(항상 다수 클래스)보다 좋다고 확인되고, 학습한 방식이라면 학습이 필요 없는 모든 방식보다도 좋다고 확인된 "
        "것 가운데 비용이 가장 적은 것을 추천합니다. 비용의 순서: 학습 여부, 다운로드 크기, 판정 시간.",
    ),
    "rider_recall": Text(
        en="{name} has less recall than {leader}: {difference} (95 %: {interval}).",
        ko="재현율 비교: {name} 쪽이 {leader} 쪽보다 낮습니다. 차이 {difference} (95%: {interval}).",
    ),
    "rider_highest": Text(
        en="The highest of {n} figures on the same people is likely a little too good.",
        ko="같은 사람들에게서 얻은 수치 {n}개 중 가장 높은 것은 실제보다 조금 좋게 나오기 쉽습니다.",
    ),
    # what to ship
    "ship": Text("How to ship it", "실제로 쓰려면"),
    "ship_formula": Text(
        en="The formula: the mean of mouthSmileLeft and mouthSmileRight, two of the blendshapes of MediaPipe's Face "
        "Landmarker, over the pictures of a clip; a smile where it is above T.",
        ko="공식: MediaPipe Face Landmarker의 블렌드셰이프 mouthSmileLeft, mouthSmileRight 두 값의 평균을 클립의 사진 "
        "전체에 대해 평균하고, T보다 크면 미소입니다.",
    ),
    "ship_threshold": Text(
        en="T: {value}, the median of the {n} thresholds that were chosen here, one per fold and seed on its training "
        "people ({low} to {high}).",
        ko="T: {value}. 폴드와 시드마다 학습 세트로 고른 임계값 {n}개의 중앙값입니다 (최소 {low}, 최대 {high}).",
    ),
    "ship_threshold_one": Text("T: {value}, chosen on the training people.", "T: {value}. 학습 세트로 골랐습니다."),
    "ship_no_face": Text(
        en="A picture without a face takes the nearest one's values; where no face is found at all, it is no smile.",
        ko="얼굴이 없는 사진은 가장 가까운 사진의 값을 쓰고, 얼굴을 하나도 찾지 못하면 미소가 아닙니다.",
    ),
    "ship_no_handoff": Text(
        en="There is no model, so ./inv handoff writes nothing for it: the page asks @mediapipe/tasks-vision itself "
        "(FaceLandmarker with outputFaceBlendshapes and runningMode IMAGE: picture by picture, as here).",
        ko="모델이 없으므로 ./inv handoff 명령이 만들 것도 없습니다. 페이지가 @mediapipe/tasks-vision 패키지를 직접 "
        "부릅니다 (FaceLandmarker, outputFaceBlendshapes, runningMode IMAGE: 여기서처럼 사진마다 따로).",
    ),
    "ship_no_export": Text(
        en="There is no export of this regression: it was fitted anew in each fold, to see what 52 blendshapes hold. "
        "What can be shipped of the same input is blendshape_mlp:",
        ko="이 회귀는 내보낼 수 없습니다. 블렌드셰이프 52개에 무엇이 들어 있는지 보려고 폴드마다 새로 맞춘 것입니다. "
        "같은 입력으로 실제로 쓸 수 있는 것은 blendshape_mlp입니다:",
    ),
    "ship_folds": Text(
        en="The models measured here are those of folds: each was trained on a part of the people only, to be "
        "measured. Train the one to ship, export it, hand it off, check it (RUN and MODEL are what the command before "
        "has named):",
        ko="여기서 측정한 모델은 폴드의 모델입니다. 각각 일부 사람들로만 학습했고, 측정하려고 만든 것입니다. 실제로 "
        "쓸 모델은 다음 명령으로 학습하고, 내보내고, 전달하고, 확인하세요 (RUN, MODEL: 바로 앞 명령이 알려 준 이름):",
    ),
    "ship_one_frame": Text(
        en="It is the dual head; the page shows it one picture in all places of the window.",
        ko="신경망은 듀얼 헤드이며, 페이지는 창의 모든 자리에 같은 사진 한 장을 넣습니다.",
    ),
    # the table
    "approaches": Text("The approaches", "방식별 결과"),
    "scroll_hint": Text("⇆ Scroll sideways for more columns.", "⇆ 표가 옆으로 이어집니다."),
    "approaches_intro": Text(
        en="{sequences} of {people}; nobody was used for the training, or for the choice of the threshold, of what is "
        "measured on them. The cheapest approach is on top, the floor at the bottom. Below each figure its 95 % "
        "interval by person ({method}).",
        ko="{people}, {sequences}. 모든 사람은 자신을 측정하는 모델의 학습과 임계값 선택에서 제외되었습니다. 비용이 "
        "적은 방식이 위, 바닥 기준이 맨 아래입니다. 각 수치 아래는 사람별 95% 구간입니다 ({method}).",
    ),
    "approach": Text("approach", "방식"),
    "mark_recommended": Text("recommended", "추천"),
    "mark_leader": Text("highest {metric}", "가장 높은 {metric}"),
    "column_download": Text("download", "다운로드"),
    "column_download_what": Text("of a page, in all", "페이지 전체"),
    "column_time": Text("decision time", "판정 시간"),
    "column_time_what": Text("here, median, face included", "이 컴퓨터, 중앙값, 얼굴 읽기 포함"),
    "column_browser": Text("in a browser", "브라우저"),
    "column_browser_what": Text("where it was measured", "측정된 경우"),
    "column_faces": Text("no face found", "얼굴 없음"),
    "column_faces_what": Text("sequences", "시퀀스"),
    "column_training": Text("training", "학습"),
    "column_training_what": Text("once", "한 번"),
    "megabytes": Text("{mb} MB", "{mb} MB"),
    "part_model": Text("model {mb}", "모델 {mb}"),
    "part_landmarker": Text("landmarker {mb}", "랜드마커 {mb}"),
    "part_runtime": Text("runtime {mb}", "런타임 {mb}"),
    "ms": Text("{ms} ms", "{ms} ms"),
    "part_reading_ms": Text("face {ms}", "얼굴 {ms}"),
    "part_stream_ms": Text("stream {ms}", "스트림 {ms}"),
    "part_window_ms": Text("window {ms}", "윈도 {ms}"),
    "unmeasured": Text("not measured", "측정 안 됨"),
    "browser_decision": Text("whole decision", "판정 전체"),
    "browser_graphs": Text("graphs only", "그래프만"),
    "browser_reading": Text("reading the face", "얼굴 읽기"),
    "browser_run": Text("{provider}, threads: {threads}", "{provider}, 스레드 {threads}"),
    "no_face_needed": Text("needs none", "필요 없음"),
    "no_training": Text("none", "없음"),
    "threshold_only": Text("a threshold", "임계값만"),
    "trained_fit": Text("fit and predictions", "학습과 예측"),
    "trained_times": Text("mean of {n}", "{n}번의 평균"),
    "seconds": Text("{s} s", "{s}초"),
    "faces_note": Text(
        en="A sequence without any face is no smile for the approaches that need one: it is an error where the person "
        "smiles, and it is counted as one.",
        ko="얼굴이 하나도 없는 시퀀스는 얼굴이 필요한 방식에서는 미소가 아닌 것으로 판정합니다. 실제로 웃고 있었다면 "
        "오답이며, 오답으로 셉니다.",
    ),
    # the figure
    "figure": Text("What it reaches and what it costs", "성능과 비용"),
    "figure_caption": Text(
        en="The {metric} of each approach with its 95 % interval, the cheapest on top; beside each name its training, "
        "the download of a page and the decision time on this machine. Intervals that overlap prove nothing either "
        "way. The ring marks the recommended one.",
        ko="방식별 {metric}, 95% 구간. 비용이 적은 것이 위에 있고, 이름 아래는 학습 여부, 페이지의 다운로드 크기, 이 "
        "컴퓨터에서의 판정 시간입니다. 구간이 겹친다고 같은 것도, 다른 것도 아닙니다. 고리는 추천한 방식입니다.",
    ),
    "input_frames": Text("pictures", "사진"),
    "input_landmarks": Text("landmarks", "랜드마크"),
    "input_blendshapes": Text("blendshapes", "블렌드셰이프"),
    # pairs
    "pairs": Text("The leader against each of the others", "선두와 나머지"),
    "pairs_intro": Text(
        en="{leader} minus the other, on the same sequences. The correction is for all {n} pairs.",
        ko="같은 시퀀스에서 선두({leader}) 빼기 상대. 보정은 {n}쌍 전체에 대한 것입니다.",
    ),
    "pairs_other": Text("against", "상대"),
    "pairs_difference": Text("difference", "차이"),
    "pairs_p": Text("p", "p"),
    "pairs_p_adjusted": Text("p after Holm", "Holm 보정 후 p"),
    "pairs_shown": Text("shown?", "확인되었나"),
    "pairs_better": Text("better", "더 좋음"),
    "pairs_open": Text("not told apart", "구별되지 않음"),
    "pairs_least": Text(
        en="With {n} pairs, fewer than {least} people could not have shown anything, whatever the predictions. Fewer "
        "approaches (--approaches), chosen before the results are seen, are fewer pairs.",
        ko="{n}쌍을 비교할 때 {least}명보다 적으면 어떤 예측이 나왔더라도 아무것도 확인할 수 없습니다. 결과를 보기 "
        "전에 방식을 줄이면(--approaches) 쌍도 줄어듭니다.",
    ),
    # what was left out
    "left_out": Text("What was left out", "제외된 방식"),
    "left_out_line": Text("{name}: {reason}", "{name}: {reason}"),
    "left_out_landmarker": Text(
        en="faces cannot be read here. pip install 'smilebench[featurizer]' brings MediaPipe, ./inv fetch-models its "
        "model; then run the same command again.",
        ko="여기서는 얼굴을 읽을 수 없습니다. MediaPipe 설치: pip install 'smilebench[featurizer]', 모델 받기: ./inv "
        "fetch-models. 그런 다음 같은 명령을 다시 실행하세요.",
    ),
    "left_out_synthetic": Text(
        en="the people are drawn, and MediaPipe finds no drawn faces.",
        ko="그린 얼굴은 MediaPipe가 찾지 못합니다.",
    ),
    "left_out_no_faces": Text(
        en="not one face was found in the whole dataset.",
        ko="데이터셋 전체에서 얼굴을 하나도 찾지 못했습니다.",
    ),
    "left_out_photos": Text(
        en="these are photos: the dual head sees one picture of them anyway.",
        ko="사진 데이터셋이므로 듀얼 헤드도 어차피 한 장만 봅니다.",
    ),
    "left_out_mixed_frames": Text(
        en="sequences of this dataset differ in their number of pictures, and a network of pictures has one length.",
        ko="시퀀스마다 사진 수가 다른데, 사진 신경망은 길이가 하나여야 합니다.",
    ),
    # how to read it
    "reading": Text("How this was measured", "측정 방법"),
    "read_folds": Text(
        en="The same folds and people for all. Networks are trained to their last epoch, with a threshold chosen on "
        "validation people; the two of blendshapes without a network take theirs from the training people.",
        ko="모든 방식이 같은 폴드, 같은 사람들입니다. 신경망은 마지막 에포크까지 학습하고 임계값은 검증 세트로 "
        "고릅니다. 신경망이 없는 블렌드셰이프 방식 두 가지는 학습 세트로 정합니다.",
    ),
    "read_time": Text(
        en="Times are medians of {rounds} decisions each, in turns, on one thread ({processor}, {cores} cores, load "
        "{load}): believe the ratios. A phone is slower. Faces are read picture by picture, as in the training; "
        "MediaPipe's video mode, which follows a face, is quicker and gives other numbers.",
        ko="시간은 번갈아 잰 판정 {rounds}번의 중앙값, 스레드 하나 ({processor}, 코어 {cores}개, 부하 {load}): 비율만 "
        "믿으세요. 휴대전화는 더 느립니다. 얼굴은 학습 때처럼 사진마다 따로 읽습니다. 얼굴을 따라가는 MediaPipe의 "
        "비디오 모드는 더 빠르지만 다른 수치를 냅니다.",
    ),
    "read_download": Text(
        en="Downloads are uncompressed: model, face_landmarker.task, and what runs them in a page ({runtimes}). "
        "Compression makes about a quarter of the runtimes and little of the rest.",
        ko="다운로드는 압축하지 않은 크기입니다: 모델, face_landmarker.task, 페이지에서 이를 실행하는 것({runtimes}). "
        "압축하면 런타임은 4분의 1 정도가 되고 나머지는 별로 줄지 않습니다.",
    ),
    "read_browser": Text(
        en="Browser times come from hand-offs: ./inv handoff --model MODEL, then ./inv validate-spec --model MODEL "
        "--browser for one of the models measured here (with --film and a film of somebody for models of faces); run "
        "this comparison again and they are in it.",
        ko="브라우저 시간은 전달 폴더에서 옵니다. 여기서 측정한 모델 하나로 ./inv handoff --model MODEL, 그다음 ./inv "
        "validate-spec --model MODEL --browser 명령을 실행하고(얼굴이 필요한 모델은 --film 옵션으로 사람이 나오는 "
        "영상을 지정) 이 비교를 다시 실행하면 표에 들어갑니다.",
    ),
    "read_training": Text(
        en="Training times are of this machine (threads: {threads}).",
        ko="학습 시간은 이 컴퓨터의 것입니다 (스레드: {threads}).",
    ),
    "read_faces": Text(
        en="Approaches of faces also read {pictures} pictures once, about {s} s on one thread; in {without} pictures "
        "no face was found.",
        ko="얼굴이 필요한 방식은 사진 {pictures}장을 한 번 읽어야 하며, 스레드 하나로 약 {s}초입니다. 얼굴을 찾지 "
        "못한 사진: {without}장.",
    ),
    "read_start": Text(
        en="The dual head started from {start}, not from ImageNet weights; from those it may reach more.",
        ko="듀얼 헤드는 ImageNet 가중치가 아니라 다음에서 시작했습니다: {start}. ImageNet에서 시작하면 더 좋아질 수 "
        "있습니다.",
    ),
    "read_start_none": Text(
        en="The dual head started from random weights ({start}), not from ImageNet's; from those it may reach more.",
        ko="듀얼 헤드는 ImageNet 가중치가 아니라 무작위 가중치({start})에서 시작했습니다. ImageNet에서 시작하면 더 "
        "좋아질 수 있습니다.",
    ),
    "read_limits": Text(
        en="Judged are these trainings of these networks: with other settings, more people or other cameras the order "
        "may change.",
        ko="이 신경망들을 이렇게 학습한 결과입니다. 설정, 사람 수, 카메라가 다르면 순서가 바뀔 수 있습니다.",
    ),
    "source_timings": Text("times on {name}", "시간 측정: {name}"),
    "source_features": Text("features of dataset {name}", "데이터셋 {name}의 특징"),
    "source_spec": Text("hand-off of {name}", "전달 폴더: {name}"),
    "source_browser_proof": Text("runs of {name} in a browser", "브라우저 실행 기록: {name}"),
}
