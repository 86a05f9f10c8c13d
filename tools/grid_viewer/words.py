"""What people read on sheets and page, in English and Korean. Reads and writes nothing.

``{name}`` parts are filled in by `str.format` on sheets, and by the page's script there.
"""

from shared.text.catalogue import Catalogue, Text

EMOTION_TEXTS: Catalogue = {
    "angry": Text("angry", "분노"),
    "disgust": Text("disgust", "혐오"),
    "fear": Text("fear", "공포"),
    "happy": Text("happy", "행복"),
    "sad": Text("sad", "슬픔"),
    "surprise": Text("surprise", "놀람"),
    "neutral": Text("neutral", "중립"),
}

TEXTS: Catalogue = {
    "title": Text("{dataset}: all sequences", "{dataset}: 모든 시퀀스"),
    "synthetic": Text("SYNTHETIC", "합성 데이터"),
    "synthetic_long": Text("SYNTHETIC: drawn faces, no people", "합성 데이터: 그려진 얼굴이며 실제 사람이 아닙니다"),
    "page": Text("page {page} of {pages}", "{pages}쪽 중 {page}쪽"),
    "sequences": Text("{count} sequences", "시퀀스 {count}개"),
    "selection": Text("only {selection}", "{selection}만"),
    "shown": Text("{shown} of {total} sequences shown", "시퀀스 {total}개 중 {shown}개 표시"),
    "person": Text("Person", "사람"),
    "all_people": Text("All people", "모든 사람"),
    "label": Text("Label", "라벨"),
    "search": Text("Search by id", "ID로 검색"),
    "reset": Text("Show all", "모두 보기"),
    "nothing": Text("No sequence fits these filters.", "조건에 맞는 시퀀스가 없습니다."),
    "play": Text("Play", "재생"),
    "enlarge": Text("Enlarge {id}", "{id} 크게 보기"),
    "frame": Text("frame {number}", "프레임 {number}"),
    "close": Text("Close", "닫기"),
    "previous": Text("Previous", "이전"),
    "next": Text("Next", "다음"),
    "row": Text("labels.csv, row {row}", "labels.csv {row}행"),
    "take": Text("take", "테이크"),
    "starts": Text("starts at {seconds} s", "시작 {seconds}초"),
    "emotion": Text("emotion", "감정"),
    "reviewed": Text("reviewed", "검토됨"),
    "edited": Text(
        en="labels.csv was edited by hand after the last recording.",
        ko="마지막 녹화 이후 labels.csv를 직접 수정했습니다.",
    ),
    "correct_title": Text("A label is wrong?", "라벨이 틀렸나요?"),
    "correct": Text(
        en="Open labels.csv of the dataset {dataset} and find the row of the sequence: its id and row number stand "
        "beside the pictures. Change the cell in the column label (allowed: {classes}) and save it as CSV (UTF-8). "
        "Then check the dataset and make this page again:",
        ko="데이터셋 {dataset}의 labels.csv를 열고 해당 시퀀스의 행을 찾으세요(ID와 행 번호는 사진 옆에 있습니다). "
        "label 열의 값을 고친 뒤(가능한 값: {classes}) CSV(UTF-8)로 저장하세요. 그다음 데이터셋을 검사하고 이 "
        "페이지를 다시 만드세요:",
    ),
    "keys_title": Text("Keys", "단축키"),
    "keys": Text(
        en="j and k: next and previous sequence · Enter: enlarge · p: play · 1 to 9: a label · 0: all labels · /: "
        "search · Esc: close",
        ko="j, k: 다음, 이전 시퀀스 · Enter: 크게 보기 · p: 재생 · 1~9: 라벨 · 0: 모든 라벨 · /: 검색 · Esc: 닫기",
    ),
    "no_script": Text(
        en="Scripts are off: filters, search and enlarging do not work, but every sequence is below.",
        ko="스크립트가 꺼져 있어 필터, 검색, 확대가 되지 않지만 모든 시퀀스는 아래에 있습니다.",
    ),
}
