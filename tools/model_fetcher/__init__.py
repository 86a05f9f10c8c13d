"""Fetches third-party model files by pinned hash: YuNet and MediaPipe's Face Landmarker."""
