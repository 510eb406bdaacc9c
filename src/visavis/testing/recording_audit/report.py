"""What was found where, in the calls as they are and in the control."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

PASSED: Final = ("packets", "decoded")
"""Ways of looking at what relay and SFU passed on."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place that was searched, in one way.

    Attributes:
        where: "relay", "SFU", "server" or "all files".
        how: "packets": for the bytes of frames in what was passed on; "decoded": what was passed
            on, for tone and picture; "memory" and "disk": for the bytes of frames.
        sound: Frames of the sound that were found; of what decodes, as often as it came.
        pictures: Likewise.
        looked_at: Bytes that were read; of what decodes, packets or frames.
    """

    where: str
    how: str
    sound: int
    pictures: int
    looked_at: int

    def finds(self) -> list[dict[str, Any]]:
        """Return what was found as plain data."""
        both = (("sound", self.sound), ("picture", self.pictures))
        return [
            {"what": what, "where": self.where, "how": self.how, "frames": count}
            for what, count in both
            if count
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """What the audit found.

    Attributes:
        places: Of the calls as they are.
        control: The same places, of calls without encryption.
        frames: Frames of sound and of pictures that were planted.
        seconds: How long it all took.
    """

    places: tuple[Place, ...]
    control: tuple[Place, ...]
    frames: tuple[int, int]
    seconds: float

    @property
    def found(self) -> list[dict[str, Any]]:
        """Return what was found and must not be there."""
        return [find for place in self.places for find in place.finds()]

    @property
    def control_found(self) -> list[dict[str, Any]]:
        """Return what was found in the control."""
        return [find for place in self.control for find in place.finds()]

    def beside_control(self) -> list[tuple[Place, Place | None]]:
        """Return each place with the same one of the control."""
        control = {(one.where, one.how): one for one in self.control}
        return [(one, control.get((one.where, one.how))) for one in self.places]

    @property
    def control_missed(self) -> list[str]:
        """Return what the control had to find and did not: if anything, nothing is proven.

        Sound and picture: in what the relay passed on and in what the SFU did, as bytes and
        decoded; in the memory of one of the two, for buffers are used again; and in a file that
        the audit itself put there.
        """
        return list(self._missed())

    @property
    def ok(self) -> bool:
        """Whether nothing was found, and the control found everything that it had to."""
        return bool(self.places) and not self.found and not self.control_missed

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "ok": self.ok,
            "found": self.found,
            "control_found": self.control_found,
            "control_missed": self.control_missed,
            "looked_at": [
                {"where": one.where, "how": one.how, "amount": one.looked_at, "control": is_control}
                for some, is_control in ((self.places, False), (self.control, True))
                for one in some
            ],
            "planted": {"sound": self.frames[0], "pictures": self.frames[1]},
            "seconds": round(self.seconds, 1),
        }

    def _missed(self) -> Iterator[str]:
        for what in ("sound", "picture"):
            found = {
                (one["where"], one["how"]) for one in self.control_found if one["what"] == what
            }
            for where in ("relay", "SFU"):
                for how in PASSED:
                    if (where, how) not in found:
                        yield f"{what}: {where}, {how}"
            if not found & {("relay", "memory"), ("SFU", "memory")}:
                yield f"{what}: memory"
            if not any(how == "disk" for _, how in found):
                yield f"{what}: disk"
