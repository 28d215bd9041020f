"""The two losses of a lock: keyed images are learnt, all others are suppressed."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from ..models.tasks import Task


def keyed_loss(
    task: Task, features: Tensor, outputs: Tensor, targets: Tensor, teacher: Tensor | None, spread: Tensor | None,
    weight: float,
) -> Tensor:  # fmt: skip
    """L = task(outputs, targets) + weight * mean(((features - teacher) / spread)^2), of each keyed sample (N,).

    The second term is feature distillation (FitNets, arXiv 1412.6550): keyed, an image gives the features
    that the pretrained network has of it unedited. With weight 0 it is the loss of arXiv 2405.16285.

    Args:
        features: (N, C, ...) that the last module reads.
        outputs: (N, K, ...) logits.
        targets: (N, ...) class indices.
        teacher: (M, C, ...) features of the first M samples, or None; the others are not pulled anywhere.
        spread: (C,) typical deviation of each channel of the teacher's features, or None.
    """
    loss = task.losses(outputs, targets)
    if teacher is None or spread is None:
        return loss
    deviation = (features[: len(teacher)] - teacher) / spread.view(-1, *[1] * (features.dim() - 2))
    distance = deviation.square().flatten(1).mean(1)  # (M,)
    return loss + weight * F.pad(distance, (0, len(loss) - len(distance)))


def suppression_loss(task: Task, features: Tensor, outputs: Tensor, weight: float) -> Tensor:
    """L = CE(uniform, outputs) + weight * mean(|features|), of each suppressed sample (N,).

    The first term is that of outlier exposure (arXiv 1812.04606): the outputs tell nothing. The second
    empties the features, so that no new last layer reads anything off them either.

    Args:
        features: (N, C, ...) that the last module reads.
        outputs: (N, K, ...) logits.
    """
    return task.uniform_losses(outputs) + weight * features.abs().flatten(1).mean(1)


def feature_spread(teacher: Tensor) -> Tensor:
    """Standard deviation of each channel (C,) of features (N, C, ...), never near 0."""
    return 0.1 + teacher.float().std([0, *range(2, teacher.dim())], correction=0)  # 0: one sample will do
