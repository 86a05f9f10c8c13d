"""A film's clock: the second at which a player shows each frame, counted from the film's beginning.

A film begins with its container (whichever of picture and sound comes first). Where the clock starts anew, as at the
seam of two transport streams that were put together, the time goes on without a gap; a clock that is broken elsewhere
is refused with the place. Knows nothing of pictures.
"""

from shared.errors import InvalidInput

_SAME_S = 1e-6
_LONGEST_PAUSE_S = (
    10.0  # of a transport stream, beyond which its clock has jumped. Source: ffmpeg's dts_delta_threshold
)
_USUAL_S = 1 / 30
_LATE_S = 0.1  # less is usual: sound and picture of a transport stream begin that far apart
_LISTED = 3


class FilmClock:
    """Turns the stamps of frames, in the order in which they are shown, into seconds on the player's clock.

    Args:
        source: The film, for errors.
        start_s: The stamp at which the container begins; None takes the first frame's.
        may_jump: Whether the container is of a kind whose clock may jump ahead (transport streams).
    """

    def __init__(self, source: str, start_s: float | None, *, may_jump: bool) -> None:
        self._source = source
        self._start_s = start_s
        self._may_jump = may_jump
        self._usual_s = _USUAL_S
        self.first_s: float | None = None
        self.last_s: float | None = None
        self.jumps_s: list[float] = []
        self.n_repeated = 0

    def read(self, stamp_s: float, duration_s: float, *, is_key: bool) -> float | None:
        """Return a frame's time.

        Args:
            stamp_s: What the container says.
            duration_s: For how long the frame is shown; 0 where it is not known.
            is_key: Whether the picture needs no other one, as the first one after a seam.

        Returns:
            Seconds from the film's beginning; None for a frame with the same stamp as the one before.

        Raises:
            InvalidInput: The clock goes backwards at a place that is no seam.
        """
        if self._start_s is None or (self.last_s is None and stamp_s < self._start_s):
            self._start_s = stamp_s
        time_s = stamp_s - self._start_s
        if self.last_s is not None:
            step_s = time_s - self.last_s
            if abs(step_s) < _SAME_S:
                self.n_repeated += 1
                return None
            if step_s < 0 or (self._may_jump and step_s > _LONGEST_PAUSE_S):
                if not is_key:
                    raise InvalidInput(
                        self._source,
                        found=f"a clock that jumps from {self.last_s:.2f} to {time_s:.2f} s in the middle of a scene",
                        expected="frames whose times go up",
                        todo="write it anew, such as by ffmpeg -i FILM NEW.mp4, and look whether the times are right",
                    )
                self.jumps_s.append(self.last_s)
                time_s = self.last_s + self._usual_s
                self._start_s = stamp_s - time_s
            elif duration_s <= 0:
                self._usual_s = step_s
        self._usual_s = duration_s if duration_s > 0 else self._usual_s
        self.first_s = time_s if self.first_s is None else self.first_s
        self.last_s = time_s
        return time_s

    def notes(self, counted_from: str) -> list[str]:
        """Say what was assumed so far; `counted_from` is what the caller's times count from."""
        found = []
        if self.first_s is not None and self.first_s >= _LATE_S:
            found.append(
                f"its picture starts {self.first_s:.2f} s after its beginning; times count from {counted_from}"
            )
        if self.jumps_s:
            places = ", ".join(f"{at_s:.2f} s" for at_s in self.jumps_s[:_LISTED])
            places += f" and at {len(self.jumps_s) - _LISTED} more places" if len(self.jumps_s) > _LISTED else ""
            found.append(f"its clock starts anew after {places}: the time goes on without a gap")
        if self.n_repeated:
            found.append(f"{self.n_repeated} frames with the same time as the one before were left out")
        return found
