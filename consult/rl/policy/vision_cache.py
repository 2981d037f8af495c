"""Cache the vision tower's features of each photograph in memory and on disk.

Drawing and encoding take longer than a decision, and the tower is not trained. Files lie under `CONSULT_CACHE` (else
`~/.cache/consult`); their keys are the weights, the scenario and the photograph. Together they take at most `MOST`
bytes: those that were used least recently are removed. A cache that cannot be written costs time and no training.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.models.model import Prompt
from consult.rl.data.dataset import Row
from consult.scenarios import Photograph
from consult.whole_files import drafted

MOST = 4 * 2**30
"""Bytes of all files together; the newest one stays in any case."""
STALE = 24 * 3600.0
"""Seconds after which an incomplete file is no longer being written."""
AT_ONCE = 200
"""Photographs that are drawn, encoded and stored together."""


class VisionCache:
    """Photographs as one model encodes them.

    Args:
        speaker: A model of the LLaVA kind: a photograph becomes a fixed number of embeddings.
    """

    def __init__(self, speaker: TransformersModel) -> None:
        self.speaker = speaker
        self._seen: dict[str, Any] = {}

    def ids(self, prompt: Prompt) -> list[int]:
        """Return a prompt's token ids, with the photograph's token expanded."""
        text = self.speaker.text(prompt)
        if self.speaker.photographs is not None:
            token = self.speaker.photographs.token
            text = text.replace(token, token * self.speaker.photographs.tokens)
        ids: list[int] = self.speaker.tokenizer.encode(text, add_special_tokens=False)
        return ids

    def features(self, photograph: Photograph) -> Any:
        """Return the vision tower's features of a photograph: (patches, width), in single precision."""
        if photograph.id not in self._seen:
            self._look([photograph])
        return self._seen[photograph.id].float()

    def look_at(self, rows: Sequence[Row], revision: str, say: Callable[[str], None]) -> None:
        """Encode the photographs of rows, or load their features from the cache.

        Args:
            rows: The rows with the photographs.
            revision: The scenario's revision.
            say: Called with each line of progress.
        """
        target = {row.view.photograph.id: row.view.photograph for row in rows if row.view.photograph}
        path = self._kept_at(revision)
        self._find(path)
        left = [photograph for name, photograph in target.items() if name not in self._seen]
        for start in range(0, len(left), AT_ONCE):
            if start % (5 * AT_ONCE) == 0:
                say(f"looking at photographs: {start:,} of {len(left):,}")
            self._look(left[start : start + AT_ONCE])
        if left:
            self._keep(path, say)

    def _look(self, photographs: Sequence[Photograph]) -> None:
        import torch

        from consult.rl.policy.shared_prompt import look

        process = self.speaker.processor.image_processor
        shown = process(images=[p.load() for p in photographs], return_tensors="pt")["pixel_values"]
        pixels = shown.to(self.speaker.model.device, self.speaker.model.dtype)
        for photograph, seen in zip(photographs, look(self.speaker.model, pixels), strict=True):
            self._seen[photograph.id] = seen.to(torch.float32)

    # -- on disk ---------------------------------------------------------------------------------------------------

    def _kept_at(self, revision: str) -> Path:
        folder = Path(os.environ.get("CONSULT_CACHE") or Path("~/.cache/consult").expanduser())
        weights = hashlib.sha256(f"{self.speaker.base.revision} {revision}".encode()).hexdigest()[:16]
        return folder / f"looks-{weights}.safetensors"

    def _find(self, path: Path) -> None:
        from safetensors.torch import load_file

        try:
            found = load_file(path)
            path.touch()
        except Exception:  # missing, truncated or read-only: the photographs are encoded again
            return
        self._seen = {**found, **self._seen}

    def _keep(self, path: Path, say: Callable[[str], None]) -> None:
        from safetensors.torch import save_file

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with drafted(path) as draft:
                save_file(self._seen, draft)
            bound(path.parent, path)
        except Exception as error:
            say(f"the cache '{path.parent}' cannot be written, so photographs are encoded again next time ({error})")


def bound(folder: Path, newest: Path) -> None:
    """Remove the files of a cache that were used least recently, and those that a killed process left incomplete.

    Args:
        folder: The cache's folder; other files in it are not touched.
        newest: The file that was just written.
    """
    for part in folder.glob("*looks-*.part*"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()
    kept = [one for one in folder.glob("looks-*.safetensors") if one != newest]
    left = MOST - newest.stat().st_size
    for one in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True):
        left -= one.stat().st_size
        if left < 0:
            one.unlink(missing_ok=True)
