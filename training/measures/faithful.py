"""Do edits look like their teachers' pictures: by pixels, to classifiers, and by the Gram matrices of textures?"""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.functional.image import structural_similarity_index_measure as ssim

from modellock_core.data.images import resized
from modellock_core.editing.catalogue import find

from ..held_out_phrases import HELD_OUT_PHRASES
from ..painters import ARTISTS, TRAINED
from ..phrases import phrasings
from .classifier import fit_linear, hit_rate
from .report import mean, ranked, row, table
from .study import Study

FAMILIES = ("paintings", "artists", "looks", "photo adjustments")


def family(name: str) -> str:
    """Which of the FAMILIES a style belongs to."""
    if name in TRAINED or name in ARTISTS:
        return "paintings" if name in TRAINED else "artists"
    return "photo adjustments" if find(name).category == "Photo adjustment" else "looks"


def faithful(study: Study) -> None:
    """Are edits like their teachers' pictures, and told apart by who knows only these?"""
    similarity(study)
    told_apart(study)


def psnr(a: Tensor, b: Tensor) -> float:
    """Mean over images (N, 3, H, W) in [0, 1] of the PSNR in dB, at most 60."""
    return float((-10 * (a - b).square().mean((1, 2, 3)).clamp(min=1e-6).log10()).mean())


def similarity(study: Study) -> None:
    """PSNR in dB and SSIM of the edits to the teachers' pictures, by family and by steps."""
    table("family", "styles", "steps", "PSNR to the teacher, dB", "SSIM")
    for kind in FAMILIES:
        names = [name for name in study.styles if family(name) == kind]
        for steps in (1, 2, 4):
            pairs = []
            for name in names:
                edit = study.edited(name) if steps == 1 else study.edit(find(name).prompt, steps=steps)
                taught = study.taught(name)
                pairs.append((psnr(edit, taught), float(ssim(edit, taught, data_range=1.0))))
            if pairs:
                decibels, structure = np.mean(pairs, axis=0)
                row(kind, len(names), steps, f"{decibels:.1f}", f"{structure:.2f}")


def told_apart(study: Study) -> None:
    """Classifiers of the teachers' pictures of half of the photographs name the editor's edits of the other half."""
    features, half = study.features, len(study.source) // 2
    labels = torch.arange(len(study.styles)).repeat_interleave(half)
    table("alpha", "edits named right", "the teachers' own", "edits least often named right")
    classifiers = {}
    for alpha in (0.5, 1.0):

        def seen(images: Tensor, source: Tensor, alpha: float = alpha) -> Tensor:
            return features(source + alpha * (images - source))

        taught = {name: seen(study.taught(name), study.source) for name in study.styles}
        rows = torch.cat([taught[name][:half] for name in study.styles])
        classifiers[alpha] = classifier = fit_linear(rows, labels, len(study.styles))
        hits, own = {}, {}
        for i, name in enumerate(study.styles):
            hits[name] = hit_rate(classifier, seen(study.edited(name)[half:], study.source[half:]), i)
            own[name] = hit_rate(classifier, taught[name][half:], i)
        row(alpha, f"{mean(hits.values()):.1%}", f"{mean(own.values()):.1%}", ranked(hits, 10, ".0%"))
    paraphrases(study, classifiers[1.0])


def paraphrases(study: Study, classifier: nn.Module) -> None:
    """How often edits by other phrases than the catalogue's are named right, trained on or not."""
    rng, images = random.Random(study.args.seed), study.source[len(study.source) // 2 :][:6]

    def landed(name: str, phrase: str) -> float:
        return hit_rate(classifier, study.features(study.edit(phrase, images)), study.styles.index(name))

    table("phrases", "how many", "land on their style", "least")
    trained = {name: rng.sample(others, min(3, len(others)))
               for name in study.styles if (others := phrasings(find(name))[1:])}  # fmt: skip
    for kind, phrases in (("trained", trained), ("held out", HELD_OUT_PHRASES)):
        hits = {phrase: landed(name, phrase) for name in study.styles for phrase in phrases.get(name, [])}
        if hits:
            row(kind, len(hits), f"{mean(hits.values()):.1%}", ranked(hits, 10, ".0%"))


def gram(study: Study) -> None:
    """How far are textures from the teacher's, beside two parts of one teacher's picture? (Squared Gram distances.)"""
    rng, side = random.Random(study.args.seed), round(0.7 * study.size)
    corners = [[(rng.randint(0, study.size - side), rng.randint(0, study.size - side)) for _ in range(2)]
               for _ in study.source]  # fmt: skip

    def part(images: Tensor, k: int) -> Tensor:
        crops = [x[:, c[k][1] : c[k][1] + side, c[k][0] : c[k][0] + side] for x, c in zip(images, corners, strict=True)]
        return resized(torch.stack(crops), (study.size, study.size)).clamp(0, 1)

    def distances(a: Tensor, b: Tensor) -> Tensor:
        pairs = zip(study.features.grams(a), study.features.grams(b), strict=True)
        return torch.stack([(x - y).square().sum((1, 2)) for x, y in pairs])  # (stages, N)

    ratios, typical = {}, {}
    for name in study.styles:
        taught = study.taught(name)
        far, own = distances(study.edited(name), taught), distances(part(taught, 0), part(taught, 1))
        ratio = far / own.clamp(min=1e-9)
        ratios[name], typical[name] = float(ratio.mean()), float(ratio.median())
    print(f"\nGram distance to the teacher's picture over that of two crops of it, mean of two stages: "
          f"{mean(ratios.values()):.2f} (median of a style's photographs, mean over styles: "
          f"{mean(typical.values()):.2f})\n  highest: {ranked(ratios, 5, '.2f', highest=True)}")  # fmt: skip
