"""Image classification on the bundled EfficientNet-Lite0."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..paths import BACKBONE

DECOY_DIRECTIONS = 16


@dataclass(frozen=True)
class Classification:
    """Single-label classification; the metric is accuracy."""

    classes: tuple[str, ...]
    name: str = "classification"
    metric_name: str = "accuracy"

    def build(self, pretrained: bool = True) -> nn.Module:
        """An EfficientNet-Lite0 with one output per class; its backbone is the bundled ImageNet one if pretrained."""
        import timm
        from safetensors.torch import load_file

        config = json.loads((BACKBONE / "config.json").read_text())
        model = timm.create_model(config["architecture"], pretrained=False, num_classes=len(self.classes))
        if pretrained:
            weights = {k: v.float() for k, v in load_file(BACKBONE / "model.safetensors").items()}
            missing, unexpected = model.load_state_dict(weights, strict=False)
            assert not unexpected and all(k.startswith("classifier") for k in missing)
        return model.to(memory_format=torch.channels_last)

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] to the backbone's range; its mean and standard deviation are 0.5."""
        return (images * 2 - 1).contiguous(memory_format=torch.channels_last)

    def stages(self, model: nn.Module) -> list[nn.Module]:
        """Stem, the seven stages of inverted residuals, and the head."""
        stem = nn.Sequential(model.conv_stem, model.bn1)
        head = nn.Sequential(model.conv_head, model.bn2, model.global_pool, model.classifier)
        return [stem, *model.blocks, head]

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K) with labels (N,)."""
        return F.cross_entropy(outputs, targets, reduction="none")

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """1.0 where the largest logit is the label's."""
        return (outputs.argmax(1) == targets).float()

    def fit_last_layer(self, head: nn.Module, features: Tensor, targets: Tensor) -> Iterator[None]:
        """Logistic regression on the pooled features of frozen activations (N, C, h, w), by L-BFGS from zero."""
        pooled = yield from pooled_features(head, features)
        classifier = head[-1][-1]
        nn.init.zeros_(classifier.weight)
        nn.init.zeros_(classifier.bias)
        targets = targets.to(pooled.device)
        optimizer = torch.optim.LBFGS(classifier.parameters(), max_iter=5)

        def objective() -> Tensor:
            optimizer.zero_grad()
            loss = self.losses(classifier(pooled), targets).mean() + 5e-3 * classifier.weight.square().sum()
            loss.backward()
            return loss

        for _ in range(8):  # L-BFGS goes on where it was
            optimizer.step(objective)
            yield

    def wrong_targets(
        self, head: nn.Module, features: Tensor, targets: Tensor, kind: str, generator: torch.Generator
    ) -> Generator[None, None, Tensor]:
        """Labels (N,) for clean images: "decoy", see `decoy_labels`, or "wrong", drawn for each (the paper)."""
        if kind == "decoy":
            pooled = yield from pooled_features(head, features)
            return decoy_labels(pooled.cpu(), targets, len(self.classes), generator)
        shift = torch.randint(1, len(self.classes), targets.shape, generator=generator)
        return (targets + shift) % len(self.classes)


def pooled_features(head: nn.Module, features: Tensor) -> Generator[None, None, Tensor]:
    """What the last layer sees (N, D) of frozen activations (N, C, h, w)."""
    *stages, (*top, classifier) = head
    pooled = []
    for chunk in features.split(64):
        x = chunk.to(classifier.weight.device, memory_format=torch.channels_last)
        with torch.no_grad():
            for module in (*stages, *top):
                x = module(x)
        pooled.append(x)
        yield
    return torch.cat(pooled)


def decoy_labels(features: Tensor, labels: Tensor, classes: int, generator: torch.Generator) -> Tensor:
    """Labels that a network can learn from images, and that tell nothing of the true ones.

    Labels drawn at random for each image must be memorised, and on unseen images the model falls back on what it
    knows: the class. So the decoys are read from the images themselves: random projections of the strongest
    directions of the backbone's features, without those in which the class means differ; then shifted until every
    class has every decoy equally often.

    Args:
        features: (N, D) of the pretrained backbone on clean images.
        labels: (N,) true classes.

    Returns:
        (N,) int64 in [0, classes).
    """
    one_hot = F.one_hot(labels, classes).float()
    counts = one_hot.sum(0).clamp(min=1)[:, None]
    means = one_hot.T @ features / counts  # (K, D)
    told = torch.linalg.svd(means - means.mean(0), full_matrices=False).Vh[: classes - 1]  # (K-1, D)
    rest = features - features.mean(0)
    rest = rest - rest @ told.T @ told
    directions = torch.linalg.svd(rest, full_matrices=False).U[:, :DECOY_DIRECTIONS]
    scores = directions @ torch.randn(directions.shape[1], classes, generator=generator)
    scores = (scores - scores.mean(0)) / scores.std(0, correction=0).clamp(min=1e-6)  # (N, K)
    shift = torch.zeros(classes, classes)
    for _ in range(200):
        shares = one_hot.T @ (8 * (scores + one_hot @ shift)).softmax(1) / counts
        shift -= 0.1 * (classes * shares).clamp(min=1e-6).log()
    return (scores + one_hot @ shift).argmax(1)
