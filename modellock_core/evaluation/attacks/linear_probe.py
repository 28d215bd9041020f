"""A thief fits a new last layer to the stolen model's features of a few clean labelled images.

He reads them at every depth too, and beside the public backbone's.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor, nn

from ...data.dataset import Split
from ...locking.activations import extract
from ...models.inference import channels_second
from ...work import Steps, part_of
from ..performance import score
from .labelled import PUBLIC, best_regression, few_labels, probe_predictions, public_reference, scores_of
from .setting import Budget, Finding, Target

STAGE = "Probing features"
LAST, BLOCK, BESIDE = "the features", "the best block's outputs", "the features beside the public ones"


class _Blocks(nn.Module):
    """The outputs of all modules of a row, averaged over their positions, side by side: (N, sum of `widths`)."""

    def __init__(self, blocks: nn.Sequential):
        super().__init__()
        self.blocks = blocks
        self.widths: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), normalised."""
        pooled, x = [], images
        for block in self.blocks:
            x = block(x)
            maps = channels_second(x)
            pooled.append(maps.mean([*range(2, maps.dim())]))
        self.widths = [one.shape[1] for one in pooled]
        return torch.cat(pooled, 1)


def linear_probe(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Logistic regression on standardised features (Alain and Bengio, arXiv 1610.01644; EncoderLock, arXiv 2411.12508).

    Of the features that the model's last layer reads; of the block whose outputs are best on the test images, which is
    an upper bound; and of the features beside those of the public backbone. Of masks, a new decoder on the features
    only.
    """
    findings = []
    for i, fraction in enumerate(budget.label_fractions):
        runs: dict[str, list[Tensor]] = defaultdict(list)
        for seed in range(budget.seeds):
            probing = _probes(target, few_labels(target, fraction, seed), seed)
            done, count = i * budget.seeds + seed, len(budget.label_fractions) * budget.seeds
            for name, predictions in (yield from part_of(probing, STAGE, done, count)).items():
                runs[name].append(predictions)
        reference = yield from public_reference(target, fraction, budget.seeds, STAGE)
        labels = len(few_labels(target, fraction, 0))
        for name, predicted in runs.items():
            reached, spread, hits = scores_of(target, predicted)
            findings.append(
                Finding(
                    attack="linear probe",
                    variant=f"{name}, {100 * fraction:g}% of the labels",
                    knows="these labelled images",
                    cost="one regression",
                    score=reached,
                    reference=reference,
                    reference_name=PUBLIC,
                    spread=spread,
                    labels=labels,
                    queries=labels,
                    hits=hits,
                )
            )
    return findings


def _probes(target: Target, labelled: Split, seed: int) -> Steps[dict[str, Tensor]]:
    """Predicted classes (N, ...) of the test images by each variant."""
    task, test, labels = target.locked.task, target.dataset.test, labelled.targets.values
    if task.dense:
        return {LAST: (yield from probe_predictions(target, target.locked.model, labelled, seed, STAGE))}
    stolen, public = _Blocks(target.locked.model[:-1]), task.build()[:-1]
    known = (yield from extract(task, stolen, labelled.images, STAGE)).plain.split(stolen.widths, 1)
    asked = (yield from extract(task, stolen, test.images, STAGE)).plain.split(stolen.widths, 1)
    blocks = []
    for i, (of_known, of_asked) in enumerate(zip(known, asked, strict=True)):
        fitting = best_regression(target, of_known, labels, of_asked, STAGE)
        blocks.append((yield from part_of(fitting, STAGE, i, len(known))))
    both = []
    for features, images in ((known[-1], labelled.images), (asked[-1], test.images)):
        both.append(torch.cat([features, (yield from extract(task, public, images, STAGE)).plain], 1))
    return {
        LAST: blocks[-1],
        BLOCK: max(blocks, key=lambda predictions: score(task, predictions, test.targets)),
        BESIDE: (yield from best_regression(target, both[0], labels, both[1], STAGE)),
    }
