"""The key designer (arXiv 2405.16285, stage 1): ranks key prompts for a dataset, without any cloud model.

The paper asks GPT-4V for styles and objects least related to the data; here the text encoder measures the relation,
and the editor shows how visibly and how distinctly each prompt changes sample images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.stats import rankdata
from torch import Tensor

from ..data.dataset import Dataset
from ..work import Progress, Steps, work
from .catalogue import CATALOGUE, KeyPrompt
from .editors import Editor, load_editor
from .key import Key, apply_key
from .text import embed

SAMPLES = 4


@dataclass(frozen=True)
class Suggestion:
    """A ranked key prompt.

    Attributes:
        entry: the catalogue's entry.
        score: mean of the entry's percentiles in the three measures, in [0, 1].
        relatedness: cosine similarity of the entry's name to the nearest class name.
        visibility: mean absolute change of the keyed images, in grey levels (0 to 255).
        distinctness: mean absolute difference to the most similar other entry's images, in grey levels.
        why: the reasons in one sentence.
    """

    entry: KeyPrompt
    score: float
    relatedness: float
    visibility: float
    distinctness: float
    why: str


@work
def design(
    dataset: Dataset,
    *,
    editor: str = "compact",
    entries: Sequence[KeyPrompt] | None = None,
    alpha: float | None = None,
    seed: int = 0,
) -> Steps[list[Suggestion]]:
    """Rank key prompts for a dataset, the whole catalogue if none are named.

    Returns:
        Work that makes a list of suggestions, the best first.
    """
    entries = entries or CATALOGUE
    samples = dataset.train.subset(SAMPLES, seed).images[:]
    the_editor: Editor = load_editor(editor)
    previews = []
    for i, entry in enumerate(entries):
        previews.append(apply_key(samples, Key.create(entry.prompt, editor, alpha=alpha), the_editor))
        yield Progress("Trying key prompts", i + 1, len(entries), preview=previews[-1])
    edits = torch.stack(previews).flatten(1)  # (E, pixels)

    visibility = 255 * (edits - samples.flatten()).abs().mean(1)
    distances = 255 * torch.cdist(edits, edits, p=1) / edits.shape[1]
    distinctness, twin = distances.fill_diagonal_(float("inf")).min(1)
    similarity = embed([entry.name for entry in entries]) @ embed(dataset.classes).T  # (E, K)
    relatedness, nearest = similarity.max(1)
    score = (_percentile(visibility) + _percentile(distinctness) + _percentile(-relatedness)) / 3

    suggestions = []
    for i in score.argsort(descending=True).tolist():
        why = (
            f"changes images by {visibility[i]:.0f} grey levels; nearest look-alike {entries[int(twin[i])].name}, "
            f"{distinctness[i]:.0f} levels away; nearest class {dataset.classes[int(nearest[i])]}, "
            f"similarity {relatedness[i]:.2f}"
        )
        measures = {"relatedness": relatedness, "visibility": visibility, "distinctness": distinctness}
        values = {name: float(values[i]) for name, values in measures.items()}
        suggestions.append(Suggestion(entries[i], float(score[i]), **values, why=why))
    return suggestions


def _percentile(values: Tensor) -> Tensor:
    """Rank of each value, from 0 for the smallest to 1 for the largest; equal values share theirs."""
    return torch.from_numpy(rankdata(values) - 1).float() / max(1, len(values) - 1)
