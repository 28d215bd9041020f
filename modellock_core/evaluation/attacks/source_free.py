"""A thief adapts the stolen model to clean images without any label.

He trains it to be sure of each image and to use all classes, and to agree with clusters of its own features.
"""

from __future__ import annotations

import copy
import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical

from ...data.image_sets import ChosenImages
from ...devices import best_device, on_device
from ...locking.activations import extract, features_of
from ...work import Steps, part_of
from .finetuning import descend
from .labelled import predicted, public_trunk, scores_of
from .outputs import best_permutation
from .setting import Budget, Finding, Target

STAGE = "Adapting without labels"
RATES = (3e-4, 1e-3, 1e-4)
QUICK_IMAGES, IMAGES = 320, 2000  # unlabelled ones, at most
BATCH = 64  # the classes of a batch are to be balanced
PSEUDO = 0.3  # weight of the pseudo-labels, SHOT's


def source_free(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """SHOT (arXiv 2002.08546): information maximisation and pseudo-labels, the stolen last layer frozen.

    The learning rate that is best on the test images counts: an upper bound. A second row has the classes renamed in
    the best way by the test labels, as clusters without names are, and is compared with the public backbone, which is
    adapted and renamed in the same way from an untrained last layer. Masks have no pseudo-labels, whose clusters are of
    whole images. Methods that only re-estimate statistics of batch norms (AdaBN, TENT) find nothing to hold on to:
    backbones have theirs folded into the convolutions. A budget of one seed has one rate and fewer images.
    """
    task, train, test, quick = target.locked.task, target.dataset.train, target.dataset.test, budget.seeds == 1
    cut, epochs = public_trunk(target), max(1, budget.epochs // 2)
    trunk, starts = target.locked.model[:cut], {"stolen": target.locked.model[cut:], "public": task.build()[cut:]}
    rates = RATES[:1] if quick else RATES
    asked = (yield from extract(task, trunk, test.images, STAGE)).plain
    runs: dict[str, list[list[Tensor]]] = {name: [[] for _ in rates] for name in starts}
    for seed in range(budget.seeds):
        # not by `subset`, which would balance the classes
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
        drawn = order[: QUICK_IMAGES if quick else IMAGES]
        known = (yield from extract(task, trunk, ChosenImages(train.images, drawn), STAGE)).plain
        for i, (rate, name) in enumerate(itertools.product(rates, starts)):
            head, done = copy.deepcopy(starts[name]), seed * len(rates) * len(starts) + i
            adapting = _adapt(target, head, known, rate, epochs, seed)
            yield from part_of(adapting, STAGE, done, len(rates) * len(starts) * budget.seeds)
            runs[name][rates.index(rate)].append((yield from predicted(head, asked, STAGE)))
    score, spread, hits = max((scores_of(target, of_rate) for of_rate in runs["stolen"]), key=lambda result: result[0])
    renamed, public = (
        max(best_permutation(task, run, test.targets.values) for of_rate in runs[name] for run in of_rate)
        for name in starts
    )
    knows, cost = f"{len(drawn)} unlabelled images", f"{epochs} epochs at {len(rates)} learning rates"
    queries = len(drawn) * epochs * len(rates)
    return [
        Finding(
            attack="source-free adaptation",
            variant="SHOT",
            knows=knows,
            cost=cost,
            score=score,
            **target.reference(),
            spread=spread,
            queries=queries,
            hits=hits,
        ),
        Finding(
            attack="source-free adaptation",
            variant="SHOT, classes renamed",
            knows=f"{knows}, all labels of the test images",
            cost=cost,
            score=renamed,
            reference=public,
            reference_name="the public backbone, adapted and renamed in the same way",
            labels=len(test),
            queries=queries,
        ),
    ]


def _adapt(target: Target, head: nn.Sequential, known: Tensor, rate: float, epochs: int, seed: int) -> Steps[None]:
    """Adapt a model's last modules, in place, to cached activations (N, ...)."""
    generator = torch.Generator().manual_seed(seed)
    head[-1].requires_grad_(False)
    for epoch in range(epochs):
        features = yield from features_of(head, known, STAGE)
        labels = pseudo_labels(head[-1], features) if not target.locked.task.dense else None

        def loss_of(rows: Tensor, labels: Tensor | None = labels) -> Tensor:
            outputs = head(on_device(known[rows]))
            loss = information_loss(outputs)
            if labels is not None:
                loss = loss + PSEUDO * F.cross_entropy(outputs, labels[rows].to(best_device()))
            return loss

        training = descend(head, loss_of, len(known), rate, 1, BATCH, generator, STAGE)
        yield from part_of(training, STAGE, epoch, epochs)


def information_loss(outputs: Tensor) -> Tensor:
    """How unsure a model is of each answer, less how evenly it uses the classes, by its logits (N, K, ...)."""
    answers = Categorical(logits=outputs.movedim(1, -1).flatten(0, -2), validate_args=False)
    return answers.entropy().mean() - Categorical(probs=answers.probs.mean(0), validate_args=False).entropy()


@torch.no_grad()
def pseudo_labels(last: nn.Module, features: Tensor) -> Tensor:
    """The nearest class centroid (N,) of each sample's features (N, D), by cosine; from what the last layer answers."""
    features = on_device(features)
    directions, weights = F.normalize(features), last(features).softmax(1)
    for _ in range(2):  # the second round's centroids are of the first one's clusters
        centroids = F.normalize(weights.T @ directions)  # (K, D)
        labels = (directions @ centroids.T).argmax(1)
        weights = F.one_hot(labels, len(centroids)).to(directions)
    return labels.cpu()
