"""What the window says, in Korean and English: stages, keys, what is wrong and how to mend it."""

from shared.text.catalogue import Catalogue, Lang, Text, Words

TEXTS: Catalogue = {
    "ready": Text("Press space to start", "스페이스 바를 누르면 시작합니다"),
    "ready_why": Text("Keep your face inside the square", "얼굴을 네모 안에 맞춰 주세요"),
    "good": Text("All is well", "좋습니다"),
    "saving": Text("One moment, saving", "저장하고 있습니다"),
    "saved": Text("Saved", "저장했습니다"),
    "aside": Text("Kept apart", "따로 두었습니다"),
    "refused": Text("Not stored", "저장하지 않았습니다"),
    "undone": Text("The last take was taken back", "마지막 촬영을 되돌렸습니다"),
    "paused": Text("A short break", "잠시 쉽니다"),
    "paused_why": Text("Nothing is being recorded", "지금은 녹화하지 않습니다"),
    "done": Text("All done, thank you!", "모두 끝났습니다. 고맙습니다!"),
    "takes": Text("takes", "촬영"),
    "keys_ready": Text(
        en="space: start     u: undo the last     p: pause     q: quit",
        ko="스페이스: 시작     u: 마지막 취소     p: 쉬기     q: 끝내기",
    ),
    "keys_take": Text("r: start over     p: pause     q: quit", "r: 처음부터     p: 쉬기     q: 끝내기"),
    "keys_review": Text(
        en="space: keep, next     k: keep     r: repeat     u: undo     q: quit",
        ko="스페이스: 좋아요, 다음     k: 좋아요     r: 다시 찍기     u: 취소     q: 끝내기",
    ),
    "keys_aside": Text(
        en="space or r: repeat     k: keep it all the same     q: quit",
        ko="스페이스 또는 r: 다시 찍기     k: 그래도 쓰기     q: 끝내기",
    ),
    "keys_after": Text(
        en="space or r: repeat     p: pause     q: quit",
        ko="스페이스 또는 r: 다시 찍기     p: 쉬기     q: 끝내기",
    ),
    "keys_paused": Text("space or p: go on     q: quit", "스페이스 또는 p: 계속하기     q: 끝내기"),
    "keys_done": Text(
        en="r: repeat the last one     u: undo     q: quit",
        ko="r: 마지막 것 다시 찍기     u: 취소     q: 끝내기",
    ),
    "keep_in": Text("kept in {n} s", "{n}초 뒤에 그대로 둡니다"),
    "n_sequences": Text("{n} sequences", "시퀀스 {n}개"),
    "curve": Text("smile", "웃음"),
    "label_smile": Text("smile", "웃음"),
    "label_non_smile": Text("no smile", "무표정"),
    # why a take is not stored
    "short": Text("The picture ended too early", "영상이 너무 일찍 끝났습니다"),
    "slow": Text("The camera is too slow: more light, please", "카메라가 너무 느립니다. 더 밝게 해 주세요"),
    "gap": Text("Frames were missing where they count", "중요한 순간의 화면이 빠졌습니다"),
    "sequence": Text("Too few frames where they count", "중요한 순간의 화면이 모자랍니다"),
    "size": Text("The picture changed its size", "화면 크기가 바뀌었습니다"),
    "clock": Text("The camera's clock went backwards", "카메라 시각이 거꾸로 갔습니다"),
    "disk": Text("The disk is full", "디스크가 가득 찼습니다"),
    "source": Text("The camera gives no picture", "카메라 화면이 없습니다"),
    # The same faults, for the command line and for programs' logs.
    "blank": Text("No picture to see: is the lens covered?", "화면이 비어 있습니다. 렌즈가 가려졌나요?"),
    "no_face": Text("No face in the square", "네모 안에 얼굴이 보이지 않습니다"),
    "many_faces": Text("One person only, please", "한 사람만 나와 주세요"),
    "small_face": Text("Come a little closer", "조금 더 가까이 와 주세요"),
    "dark": Text("Too dark: more light, please", "너무 어둡습니다. 불을 켜 주세요"),
    "bright": Text("Too bright: less light, please", "너무 밝습니다. 빛을 줄여 주세요"),
    "blurred": Text("Blurred: hold still, or wipe the lens", "흐립니다. 움직이지 말거나 렌즈를 닦아 주세요"),
    "tilted": Text("Hold your head upright", "머리를 똑바로 세워 주세요"),
    "turned": Text("Look into the camera", "카메라를 봐 주세요"),
    "uneven": Text("The frames came unevenly", "화면이 고르지 않게 들어왔습니다"),
    # the smile
    "face_lost": Text("The face was lost", "얼굴을 놓쳤습니다"),
    "no_rise": Text("No smile was seen", "웃음이 보이지 않았습니다"),
    "smile_in_neutral": Text("You smiled before you were asked to", "웃으라고 하기 전에 웃으셨습니다"),
    "smile_outside": Text("You did not smile during the whole second", "웃는 순간 내내 웃지는 않으셨습니다"),
    # consent
    "yes": Text("yes", "예"),
    "no": Text("no", "아니요"),
    "consent_keys": Text("y: yes     n: no     q: quit", "y: 예     n: 아니요     q: 끝내기"),
    "for": Text("for", "대상"),
}

# The same faults, for the command line and for programs' logs.
REASONS = {
    "blank": "the picture is blank",
    "no_face": "no face in the stored square",
    "many_faces": "more than one face",
    "small_face": "the face is too small",
    "dark": "too dark",
    "bright": "too bright",
    "blurred": "blurred",
    "tilted": "the head is tilted",
    "turned": "the head is turned away",
    "uneven": "frames came unevenly",
    "face_lost": "the face was lost in a labelled window",
    "no_rise": "no smile was seen",
    "smile_in_neutral": "a smile in the neutral window",
    "smile_outside": "the smile does not fill the smile window",
}


def name_of(label: str, lang: Lang) -> str:
    """Return what a label is called on the screen."""
    key = f"label_{label}"
    return Words(TEXTS, lang)(key) if key in TEXTS else label
