"""Classifiers of edits: what they look at, how they are fitted, how often they are right."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from modellock_core.models.backbones import load_backbone

SEEN = (0, 1, 3, 5)  # modules of the backbone: the stem, and the ends of its first three stages


class Features:
    """What a classifier of edits looks at: (N, D) of images (N, 3, H, W) in [0, 1].

    Pooled features of the bundled backbone, and what style is measured by in the field (arXiv 1703.06868): means and
    spreads of the channels of the image and of the backbone's first stages.
    """

    def __init__(self):
        self.backbone = load_backbone()
        stages = self.backbone.stages()
        self.modules = [*stages.blocks, stages.pool]

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        rows = []
        for x in images.split(32):
            x = self.backbone.normalise(x)
            looks = [x.mean((2, 3)), x.std((2, 3))]
            for depth, module in enumerate(self.modules):
                x = module(x)
                if depth in SEEN:
                    looks += [x.mean((2, 3)), x.std((2, 3))]
            rows.append(torch.cat([x, *looks], 1))
        return torch.cat(rows)

    @torch.inference_mode()
    def grams(self, images: Tensor) -> list[Tensor]:
        """Gram matrices (N, C, C) of the first two stages of images (N, 3, H, W), divided by C*H*W of the stage."""
        x, grams = self.backbone.normalise(images), []
        for module in self.modules[:2]:
            x = module(x)
            flat = x.flatten(2)  # (N, C, HW)
            grams.append(flat @ flat.mT / flat[0].numel())
        return grams


def fit_linear(features: Tensor, labels: Tensor, classes: int) -> nn.Module:
    """Logistic regression by L-BFGS on features (N, D), which it standardises, and labels (N) below `classes`."""
    standardise = nn.BatchNorm1d(features.shape[1], affine=False, momentum=None)
    features = standardise(features.clone())
    layer = nn.Linear(features.shape[1], classes)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=100)

    def objective():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(layer(features), labels) + 1e-3 * layer.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(objective)
    return nn.Sequential(standardise, layer).eval()


@torch.inference_mode()
def hit_rate(classifier: nn.Module, features: Tensor, label: int, top: int = 1) -> float:
    """The part of features (N, D) for which a label is among the `top` likeliest."""
    return float((classifier(features).topk(top).indices == label).any(1).float().mean())
