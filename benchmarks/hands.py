"""What each painter is worth in a hand: how well its edits are told from clean images, and what of them they keep.

python -m benchmarks.hands [--images 90]

For each painter, mixed with a little of all others as a hand mixes it, and three prompts: the Mahalanobis distance
between the means of keyed and clean images in the statistics of the frozen modules' outputs (the larger, the less is
left to clean images: in 21 locks its rank correlation with LP was -0.82), and the cosine similarity of the pretrained
features of a keyed image and of its clean one (the larger, the more UP is left). `HAND_PAINTERS` in
`editing/editors/style_space.py` are the seventeen of the largest distance, without the four of those that keep least.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from statistics import mean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modellock_core import RECIPES, Key, load_dataset, load_editor
from modellock_core.devices import inference_batch
from modellock_core.editing.editor_space import apply_plan, plan_of
from modellock_core.editing.editors.style_space import HAND_GLAZE, HAND_SHARE, HAND_SHARES
from modellock_core.locking.recipe import DEFAULT_RECIPE
from modellock_core.models.backbones import DEFAULT_BACKBONE, load_backbone
from modellock_core.models.freezing import split_model
from modellock_core.models.inference import outputs
from modellock_core.models.tasks import load_task

PROMPTS = ("with oil pastel", "in the style of Monet", "with a zebra in the background")
OTHERS = sum(HAND_SHARES[1:])  # the share of all others together, beside the painter's 1
SHRINKAGE = 0.1  # of the covariance, towards a multiple of the identity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=90)
    args = parser.parse_args()

    dataset, editor = load_dataset("toybox"), load_editor()
    images = dataset.test.subset(args.images).images[:]
    task = load_task(dataset.task, dataset.classes, load_backbone(DEFAULT_BACKBONE))
    trunk, head = split_model(task.build(), RECIPES[dataset.task][DEFAULT_RECIPE].frozen_fraction)

    @torch.no_grad()
    def read(batch: Tensor) -> tuple[Tensor, Tensor]:
        """Statistics (N, 2C) of the frozen modules' outputs, and the features (N, D)."""
        maps = torch.cat([outputs(task, trunk, chunk) for chunk in batch.split(inference_batch())])
        features = torch.cat([nn.Sequential(*head[:-1])(chunk) for chunk in maps.split(inference_batch())])
        return torch.cat([maps.mean((2, 3)), maps.std((2, 3))], 1), features

    styles = editor.pipeline.styles
    painters = styles.table[: styles.config.painters].detach()  # (P, style_dim)
    clean, clean_features = read(images)
    print("| painter | distance | similarity |\n|---|---|---|")
    rows = []
    for name, painter in zip(styles.config.names, painters, strict=False):
        others = (painters.sum(0) - painter) / (len(painters) - 1)
        hand = (painter + OTHERS * others) / (1 + OTHERS)
        distances, similarities = [], []
        for prompt in PROMPTS:
            key = Key.create(prompt)
            plan = plan_of(key, editor)
            share = HAND_SHARE if plan.strength else 1.0
            plan = replace(plan, style=(1 - share) * plan.style + share * hand, strength=plan.strength or HAND_GLAZE)
            with torch.no_grad():
                keyed, features = read(apply_plan(images, key, plan, editor))
            distances.append(distance(keyed, clean))
            similarities.append(float(F.cosine_similarity(features, clean_features).mean()))
        rows.append((mean(distances), mean(similarities), name))
    for far, kept, name in sorted(rows, reverse=True):
        print(f"| {name} | {far:.1f} | {kept:.2f} |")


def distance(keyed: Tensor, clean: Tensor) -> float:
    """The Mahalanobis distance between the means of two sets of vectors (N, D), by their common covariance."""
    centred = torch.cat([keyed - keyed.mean(0), clean - clean.mean(0)])
    covariance = torch.cov(centred.T)
    covariance += SHRINKAGE * covariance.diagonal().mean() * torch.eye(len(covariance))
    shift = keyed.mean(0) - clean.mean(0)
    return float((shift @ torch.linalg.solve(covariance, shift)).sqrt())


if __name__ == "__main__":
    main()
