"""What people read on sheets and page, in English and Korean. Reads and writes nothing.

``{name}`` parts are filled in by `str.format` on sheets, and by the page's script there.
"""

from shared.dataset.protocol import EMOTIONS

EMOTION_WORDS = {
    "en": {emotion: emotion for emotion in EMOTIONS},
    "ko": dict(zip(EMOTIONS, ("분노", "혐오", "공포", "행복", "슬픔", "놀람", "중립"), strict=True)),
}

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "{dataset}: all sequences",
        "synthetic": "SYNTHETIC",
        "synthetic_long": "SYNTHETIC: drawn faces, no people",
        "page": "page {page} of {pages}",
        "sequences": "{count} sequences",
        "selection": "only {selection}",
        "shown": "{shown} of {total} sequences shown",
        "person": "Person",
        "all_people": "All people",
        "label": "Label",
        "search": "Search by id",
        "reset": "Show all",
        "nothing": "No sequence fits these filters.",
        "play": "Play",
        "enlarge": "Enlarge {id}",
        "frame": "frame {number}",
        "close": "Close",
        "previous": "Previous",
        "next": "Next",
        "row": "labels.csv, row {row}",
        "take": "take",
        "starts": "starts at {seconds} s",
        "emotion": "emotion",
        "reviewed": "reviewed",
        "edited": "labels.csv was edited by hand after the last recording.",
        "correct_title": "A label is wrong?",
        "correct": (
            "Open labels.csv of the dataset {dataset} and find the row of the sequence: its id and row number stand "
            "beside the pictures. Change the cell in the column label (allowed: {classes}) and save it as CSV (UTF-8). "
            "Then check the dataset and make this page again:"
        ),
        "keys_title": "Keys",
        "keys": "j and k: next and previous sequence · Enter: enlarge · p: play · 1 to 9: a label · 0: all labels · "
        "/: search · Esc: close",
        "no_script": "Scripts are off: filters, search and enlarging do not work, but every sequence is below.",
    },
    "ko": {
        "title": "{dataset}: 모든 시퀀스",
        "synthetic": "합성 데이터",
        "synthetic_long": "합성 데이터: 그려진 얼굴이며 실제 사람이 아닙니다",
        "page": "{pages}쪽 중 {page}쪽",
        "sequences": "시퀀스 {count}개",
        "selection": "{selection}만",
        "shown": "시퀀스 {total}개 중 {shown}개 표시",
        "person": "사람",
        "all_people": "모든 사람",
        "label": "라벨",
        "search": "ID로 검색",
        "reset": "모두 보기",
        "nothing": "조건에 맞는 시퀀스가 없습니다.",
        "play": "재생",
        "enlarge": "{id} 크게 보기",
        "frame": "프레임 {number}",
        "close": "닫기",
        "previous": "이전",
        "next": "다음",
        "row": "labels.csv {row}행",
        "take": "테이크",
        "starts": "시작 {seconds}초",
        "emotion": "감정",
        "reviewed": "검토됨",
        "edited": "마지막 녹화 이후 labels.csv를 직접 수정했습니다.",
        "correct_title": "라벨이 틀렸나요?",
        "correct": (
            "데이터셋 {dataset}의 labels.csv를 열고 해당 시퀀스의 행을 찾으세요(ID와 행 번호는 사진 옆에 있습니다). "
            "label 열의 값을 고친 뒤(가능한 값: {classes}) CSV(UTF-8)로 저장하세요. "
            "그다음 데이터셋을 검사하고 이 페이지를 다시 만드세요:"
        ),
        "keys_title": "단축키",
        "keys": "j, k: 다음, 이전 시퀀스 · Enter: 크게 보기 · p: 재생 · 1~9: 라벨 · 0: 모든 라벨 · /: 검색 · Esc: 닫기",
        "no_script": "스크립트가 꺼져 있어 필터, 검색, 확대가 되지 않지만 모든 시퀀스는 아래에 있습니다.",
    },
}
