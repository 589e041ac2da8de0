"""How far a pull has come, from what the engine streams of each layer.

The words are those of moby's ``distribution/pull_v2.go`` and ``xfer/download.go``; engines that
store images with containerd send the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_WAITING = frozenset({"Pulling fs layer", "Waiting", "Retrying"})
_FETCHED = frozenset({"Verifying Checksum", "Download complete", "Extracting"})
_DONE = frozenset({"Pull complete", "Already exists"})
_MB = 1_000_000


@dataclass(slots=True)
class Layers:
    """The layers of one image: which are done, and how many bytes have been fetched of them.

    Sizes become known when a layer's turn comes, so the sum grows for a while.
    """

    done: dict[str, bool] = field(default_factory=dict)
    bytes: dict[str, tuple[int, int]] = field(default_factory=dict)
    unpacks: bool = False

    def add(self, message: Mapping[str, Any]) -> None:
        """Take in one message; what is about no layer is passed over."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        word = "Retrying" if status.startswith("Retrying") else status
        if not layer or word not in {*_WAITING, "Downloading", *_FETCHED, *_DONE}:
            return
        self.done[layer] = word in _DONE
        self.unpacks = word == "Extracting"
        detail = message.get("progressDetail") or {}
        current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
        if word == "Downloading":
            self.bytes[layer] = current, max(current, total)
        elif word in _WAITING:
            self.bytes.pop(layer, None)
        elif layer in self.bytes:
            whole = self.bytes[layer][1]
            self.bytes[layer] = whole, whole

    def text(self) -> str:
        """``2 of 5 layers, 12.4 of 80.1 MB``; empty before anything is known."""
        if not self.done:
            return ""
        made = f"{sum(self.done.values())} of {len(self.done)} layers"
        fetched = sum(current for current, _ in self.bytes.values())
        total = sum(whole for _, whole in self.bytes.values())
        if total:
            made += f", {fetched / _MB:.1f} of {total / _MB:.1f} MB"
        return f"{made}, unpacking" if self.unpacks and fetched == total else made
