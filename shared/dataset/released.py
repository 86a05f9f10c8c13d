"""What a picture looks like in a release where its file cannot be kept: a search finds it there, too."""

import numpy as np


def encode_again(jpeg: bytes, quality: int) -> bytes | None:
    """Decode a picture and encode what it shows; None for a file that is no picture.

    The same file and quality give the same bytes, so what was published can be recognised.
    """
    import cv2

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if picture is None:
        return None
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
