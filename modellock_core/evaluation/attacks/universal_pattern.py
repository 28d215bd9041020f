"""One change for all images: by gradient, the thief looks for a pattern or a colour filter that opens the stolen model.

The search itself also serves `input_disguise.py`, whose change is a small network.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torchvision.transforms.v2.functional import resized_crop

from ...data.augmentation import crop_boxes
from ...data.dataset import Split
from ...data.image_sets import ChangedWhenRead
from ...data.targets import Targets
from ...devices import best_device
from ...editing.image_changes import AddedPattern, ColourChange
from ...models.inference import outputs
from ...work import Progress, Steps, part_of
from .labelled import PUBLIC, armed, few_labels, opened_predictions, public_reference, scores_of
from .setting import Budget, Finding, Target

STAGE = "Searching one pattern for all images"
BATCH = 16  # images that give a gradient step
RATE = 0.02  # of Adam; it falls to zero
CROPPED = 0.5  # fraction of the steps whose images are cropped, so that a change doesn't fit single images
TRIAL = 0.25  # fraction of the steps that every start gets; the best one takes the rest
# (target, labelled images, generator): the change found, and how many images the search put to the stolen model
Search: TypeAlias = Callable[[Target, Split, torch.Generator], Steps[tuple[nn.Module, int]]]


@dataclass(frozen=True)
class ChangedImages(ChangedWhenRead):
    """Images that are changed when they are asked for, an `ImageSet`."""

    change: nn.Module

    @torch.no_grad()
    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        images = self.source[rows]
        return self.change(images.to(best_device())).to(images.device)


def universal_pattern(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Adam on the task loss of labelled images, through the stolen model, from several random starts.

    So triggers of backdoored models are found (Neural Cleanse, Wang et al., IEEE S&P 2019), and with the sign of the
    loss changed universal perturbations (arXiv 1610.08401; `UniversalPerturbation` of ART).
    """
    makers: dict[str, Callable[[torch.Generator], nn.Module]] = {
        "pattern of 8 x 8 px, tiled": partial(AddedPattern, (8, 8)),
        "pattern of 16 x 16 px, tiled": partial(AddedPattern, (16, 16)),
        "pattern of the image's size": partial(AddedPattern, target.dataset.train.images.shape[1:]),
        "affine colour change": ColourChange,
    }

    def search(
        maker: Callable[[torch.Generator], nn.Module], thief: Target, labelled: Split, generator: torch.Generator
    ) -> Steps[tuple[nn.Module, int]]:
        starts = [maker(generator).to(best_device()) for _ in range(budget.restarts)]
        return (yield from best_start(thief, starts, labelled, budget.gradient_steps, RATE, generator, STAGE))

    searches: dict[str, Search] = {variant: partial(search, maker) for variant, maker in makers.items()}
    knows, cost = "these labelled images", f"{budget.gradient_steps} gradient steps, starts: {budget.restarts}"
    return (yield from changes_found("universal pattern", searches, knows, cost, STAGE, target, budget))


def changes_found(
    attack: str, searches: Mapping[str, Search], knows: str, cost: str, stage: str, target: Target, budget: Budget
) -> Steps[list[Finding]]:
    """A row for each search and fraction of labels: the metric on test images after the change that was found."""
    findings, test = [], target.dataset.test
    done, count = 0, len(searches) * len(budget.label_fractions) * budget.seeds

    def run(search: Search, labelled: Split, seed: int) -> Steps[tuple[Tensor, int]]:
        thief = yield from armed(target, labelled, seed)
        change, queries = yield from search(thief, labelled, torch.Generator().manual_seed(seed))
        changed = partial(ChangedImages, change=change)
        answers = yield from opened_predictions(target, thief, labelled, changed, test.images, seed, stage)
        return answers, queries

    for fraction in budget.label_fractions:
        reference = yield from public_reference(target, fraction, budget.seeds, "Probing the public backbone")
        for variant, search in searches.items():
            runs = []
            for seed in range(budget.seeds):
                labelled = few_labels(target, fraction, seed)
                predictions, queries = yield from part_of(run(search, labelled, seed), stage, done, count)
                runs.append(predictions)
                done += 1
            reached, spread, hits = scores_of(target, runs)
            findings.append(
                Finding(
                    attack=attack,
                    variant=f"{len(labelled)} labels, {variant}",
                    knows=knows,
                    cost=cost,
                    score=reached,
                    reference=reference,
                    reference_name=PUBLIC,
                    spread=spread,
                    labels=len(labelled),
                    queries=queries,
                    hits=hits,
                )
            )
    return findings


def best_start(
    target: Target, starts: Sequence[nn.Module], labelled: Split, steps: int, rate: float,
    generator: torch.Generator, stage: str, confidence: float = 0.0,
) -> Steps[tuple[nn.Module, int]]:  # fmt: skip
    """Train changes of images before the stolen model, which is frozen; the best start by the labelled loss goes on.

    Args:
        starts: changes of images (N, 3, H, W) in [0, 1], on the best device, trained in place.
        confidence: weight of the outputs' entropy in the loss.

    Returns:
        The best change, and how many images were put to the stolen model.
    """
    task, device = target.locked.task, best_device()
    model = copy.deepcopy(target.locked.model).requires_grad_(False)
    optimizers = [torch.optim.Adam(change.parameters(), rate) for change in starts]
    schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps) for optimizer in optimizers]
    trial = steps if len(starts) == 1 else max(1, round(TRIAL * steps))
    queries, done, total = 0, 0, len(starts) * trial + steps - trial

    def loss(change: nn.Module, images: Tensor, targets: Targets) -> Tensor:
        nonlocal queries
        queries += len(images)
        logits = outputs(task, model, change(images.to(device)))
        entropy = -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()
        return task.losses(logits, targets.values.to(device)).mean() + confidence * entropy

    def trained(i: int, steps: int) -> Steps[None]:
        nonlocal done
        for _ in range(steps):
            optimizers[i].zero_grad()
            loss(starts[i], *_drawn(labelled, generator)).backward()
            optimizers[i].step()
            schedules[i].step()
            done += 1
            yield Progress(stage, done, total)

    @torch.no_grad()
    def labelled_loss(i: int) -> float:
        return sum(
            len(rows) * float(loss(starts[i], labelled.images[rows], labelled.targets[rows]))
            for rows in torch.arange(len(labelled)).split(BATCH)
        )

    for i in range(len(starts)):
        yield from trained(i, trial)
    best = min(range(len(starts)), key=labelled_loss) if len(starts) > 1 else 0
    yield from trained(best, steps - trial)
    return starts[best].requires_grad_(False), queries


def _drawn(labelled: Split, generator: torch.Generator) -> tuple[Tensor, Targets]:
    """Labelled images (N, 3, H, W) in [0, 1] and their targets for one step, some flipped, all or none cropped."""
    rows = torch.randperm(len(labelled), generator=generator)[:BATCH]
    images, targets, size = labelled.images[rows], labelled.targets[rows], labelled.images.shape[1:]
    if torch.rand((), generator=generator) < CROPPED:
        box = crop_boxes(1, *size, generator)
        images = resized_crop(images, *box[0].tolist(), list(size), antialias=True)
        targets = targets.cropped(box.expand(len(rows), 4))
    flips = torch.rand(len(rows), generator=generator) < 0.5
    return torch.where(flips[:, None, None, None], images.flip(-1), images), targets.flipped(flips)
