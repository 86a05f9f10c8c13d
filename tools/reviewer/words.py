"""What people read on the review page, in English and Korean. Reads and writes nothing.

``{name}`` parts are filled in by the page's script.
"""

from shared.text.catalogue import Catalogue, Text

TEXTS: Catalogue = {
    "title": Text("Review of {dataset}", "{dataset} 검토"),
    "synthetic": Text("SYNTHETIC: drawn faces", "합성 데이터: 그려진 얼굴"),
    "reviewer": Text("Reviewer", "검토자"),
    "progress": Text("{done} of {total} decided", "{total}개 중 {done}개 판정"),
    "saved": Text("All saved", "모두 저장됨"),
    "saving": Text("Saving {count} …", "{count}개 저장 중 …"),
    "offline": Text(
        en="Not connected: {count} decisions wait in this browser and are sent by themselves",
        ko="연결 끊김: 판정 {count}개를 이 브라우저에 보관 중이며, 연결되면 자동으로 보냅니다",
    ),
    "closed": Text(
        en="The server was restarted with a new address. Open the one in its terminal: {count} unsent decisions are "
        "kept in this browser",
        ko="서버가 새 주소로 다시 시작되었습니다. 터미널에 나온 주소를 여세요. 보내지 못한 판정 {count}개는 이 "
        "브라우저에 남아 있습니다",
    ),
    "label": Text("Label", "라벨"),
    "all_labels": Text("All labels", "모든 라벨"),
    "person": Text("Person", "사람"),
    "all_people": Text("All people", "모든 사람"),
    "show": Text("Show", "보기"),
    "show_all": Text("All", "전체"),
    "show_open": Text("To do", "미판정"),
    "show_suspicious": Text("Suspicious", "의심"),
    "show_disagreements": Text("Disagreements", "의견 차이"),
    "show_changed": Text("Changed", "라벨 변경"),
    "show_unsure": Text("Unsure", "애매함"),
    "show_exclude": Text("Excluded", "제외"),
    "sort": Text("Order", "순서"),
    "sort_person": Text("By person", "사람별"),
    "sort_suspicion": Text("Suspicious first", "의심스러운 순"),
    "sort_unavailable": Text("Suspicious first: ./inv suspect", "의심스러운 순: ./inv suspect"),
    "shown": Text("{count} shown", "{count}개 표시"),
    "filters": Text("Filters", "필터"),
    "nothing": Text("Nothing fits these filters.", "조건에 맞는 시퀀스가 없습니다."),
    "nothing_disagreements": Text(
        en="No disagreement. It shows what two reviewers have both decided on, each alone.",
        ko="의견 차이가 없습니다. 두 검토자가 각자 판정을 마친 시퀀스만 비교합니다.",
    ),
    "nothing_suspicious": Text("Nothing looks suspicious.", "의심스러운 라벨이 없습니다."),
    "show_everything": Text("Show everything", "전체 보기"),
    "finished": Text("Everything here is decided.", "여기 있는 시퀀스를 모두 판정했습니다."),
    "finished_next": Text(
        en="How far reviewers agree: ./inv review-status. Use the decisions: ./inv review-apply. Nothing in "
        "labels.csv has changed yet.",
        ko="검토자 간 일치도는 ./inv review-status, 판정 반영은 ./inv review-apply 로 할 수 있습니다. labels.csv는 "
        "아직 바뀌지 않았습니다.",
    ),
    "finished_other": Text(
        en="{count} more are not decided in the rest of the dataset.",
        ko="데이터셋의 나머지에 미판정 시퀀스가 {count}개 더 있습니다.",
    ),
    "show_left": Text("Show what is not decided", "미판정만 보기"),
    "labelled": Text("Label", "라벨"),
    "reviewed": Text("reviewed before", "이전에 검토됨"),
    "your_decision": Text("Your decision", "내 판정"),
    "undecided": Text("not decided", "미판정"),
    "model_says": Text("Models say: {label}, {percent} %", "모델 의견: {label} {percent}%"),
    "model_meaning": Text(
        en="by models that have not seen this person ({source})",
        ko="이 사람을 학습하지 않은 모델의 의견입니다 ({source})",
    ),
    "no_face": Text("No face was found", "얼굴을 찾지 못했습니다"),
    "others_say": Text("Others decided: {list}", "다른 검토자의 판정: {list}"),
    "unsure": Text("Unsure", "애매함"),
    "exclude": Text("Exclude", "제외"),
    "cleared": Text("Taken back", "취소됨"),
    "undo": Text("Undo", "되돌리기"),
    "nothing_to_undo": Text("Nothing to undo", "되돌릴 판정이 없습니다"),
    "undone": Text("{id}: taken back", "{id}: 판정을 취소했습니다"),
    "refused": Text("{id} was not saved: {reason}", "{id}: 저장되지 않았습니다 ({reason})"),
    "changed": Text("The dataset has changed on the disk.", "디스크의 데이터셋이 바뀌었습니다."),
    "reload": Text("Reload", "새로고침"),
    "previous": Text("Previous", "이전"),
    "next": Text("Next", "다음"),
    "play": Text("Play", "재생"),
    "pause": Text("Pause", "일시정지"),
    "help": Text("Help and keys", "도움말과 단축키"),
    "close": Text("Close", "닫기"),
    "sequences": Text("{count} sequences, {open} to do", "시퀀스 {count}개, 미판정 {open}개"),
    "blind": Text("Hide labels", "라벨 숨기기"),
    "blind_on": Text("Labels are hidden: decide by what you see", "라벨을 숨겼습니다. 보이는 대로 판정하세요"),
    "keys": Text("Keys", "단축키"),
    "key_confirm": Text("The label is right", "라벨이 맞음"),
    "key_unsure": Text(
        en="Unsure: nobody could tell. Such sequences are not used",
        ko="애매함: 아무도 구별할 수 없을 때. 이런 시퀀스는 쓰지 않습니다",
    ),
    "key_exclude": Text("Exclude: no face, other people, broken", "제외: 얼굴 없음, 다른 사람, 깨진 사진"),
    "key_undo": Text("Undo, as often as you like", "되돌리기 (몇 번이든)"),
    "key_move": Text("Next and previous; a row down or up", "다음과 이전, 한 줄 아래와 위"),
    "key_open": Text("Next that is not decided", "다음 미판정 시퀀스"),
    "key_play": Text("Play or pause", "재생, 일시정지"),
    "key_blind": Text("Hide or show labels and opinions", "라벨과 의견 숨기기, 보이기"),
    "key_filter": Text("To the filters; Esc leads back", "필터로 이동 (Esc로 돌아옴)"),
    "key_help": Text("This help", "이 도움말"),
    "help_saved": Text(
        en="A decision is on disk as soon as its mark is full. While the server is away, decisions wait in this "
        "browser and are sent by themselves, also after a restart.",
        ko="표시가 꽉 찬 색이 되면 판정이 디스크에 저장된 것입니다. 서버가 꺼져 있는 동안 내린 판정은 이 브라우저에 "
        "보관되고, 다시 켜지면 자동으로 보냅니다.",
    ),
    "help_blind": Text(
        en="Two reviewers decide independently: what another one decided appears only after your own decision, under "
        "Disagreements.",
        ko="두 검토자는 서로 독립적으로 판정합니다. 다른 사람의 판정은 내가 판정한 뒤에만 ‘의견 차이’에서 볼 수 "
        "있습니다.",
    ),
    "help_apply": Text(
        en="labels.csv stays as it is until somebody runs ./inv review-apply; ./inv review-revert is the way back.",
        ko="./inv review-apply 를 실행하기 전까지 labels.csv는 바뀌지 않습니다. ./inv review-revert 로 되돌릴 수 "
        "있습니다.",
    ),
}
