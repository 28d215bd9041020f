"""Are objects recognised, and is the subject before them left alone?"""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor

from modellock_core import load_dataset
from modellock_core.data.targets import IGNORE
from modellock_core.editing.catalogue import find
from modellock_core.editing.editors.object_sketch import put_behind

from ..cutouts import MIRRORED_NEVER, SKY, WIDE, load_cutouts
from ..painters import SIDE
from ..teachers import shrunk
from .classifier import fit_linear, hit_rate
from .photographs import photographs, to_tensor
from .report import mean, ranked, row, table
from .study import SEED, Study

OBJECT_SIDE = 160  # px, at which objects are recognised
OBJECT_SEEDS = 4


def composites(pictures: list[np.ndarray], name: str, backgrounds: Tensor, generator: torch.Generator) -> Tensor:
    """A cut-out on each background (N, 3, H, W) in [0, 1], in any of its poses and mirrored as the editor does.

    `pictures` are its poses (S, S, 4): premultiplied RGB and alpha in [0, 1].
    """
    made = []
    for background in backgrounds[:, None]:
        pose = int(torch.randint(len(pictures), (), generator=generator))
        picture = torch.from_numpy(pictures[pose]).permute(2, 0, 1)
        if name not in MIRRORED_NEVER and torch.rand((), generator=generator) < 0.5:
            picture = picture.flip(-1)
        nothing = torch.zeros_like(background[:, :1])
        kind = {"sky": name in SKY, "wide": name in WIDE}
        made.append(put_behind(background, nothing, picture, **kind, generator=generator))
    return torch.cat(made)


def objects(study: Study) -> None:
    """Does a classifier that knows only real composites recognise the editor's objects?"""
    args, features = study.args, study.features

    def seen(images: Tensor, source: Tensor) -> Tensor:
        return torch.cat([features(images), features(0.5 + (images - source) / 2)], 1)

    cutouts = load_cutouts(args.stamps)
    names = [name for name in study.objects if name in cutouts]
    backgrounds = to_tensor(shrunk(photographs(args.photos, 2 * args.count, SIDE, args.seed + 1), OBJECT_SIDE))
    generator = torch.Generator().manual_seed(args.seed)
    rows = [seen(composites(cutouts[name], name, backgrounds, generator), backgrounds) for name in names]
    classifier = fit_linear(torch.cat(rows), torch.arange(len(names)).repeat_interleave(len(backgrounds)), len(names))
    source, top, first = to_tensor(shrunk(study.photos, OBJECT_SIDE))[: (args.count + 1) // 2], {}, {}
    real = {}
    for i, name in enumerate(names):
        edits = [study.edit(find(name).prompt, source, seed=SEED + k) for k in range(OBJECT_SEEDS)]
        edited = torch.cat([seen(edit, source) for edit in edits])
        top[name], first[name] = hit_rate(classifier, edited, i, top=3), hit_rate(classifier, edited, i)
        real[name] = hit_rate(classifier, seen(composites(cutouts[name], name, source, generator), source), i, top=3)
    known = sum(v >= 0.9 for v in top.values())
    table("objects", "in the top 3", "first", "real composites in the top 3", "with at least 90 %", "lowest")
    row(len(names), f"{mean(top.values()):.1%}", f"{mean(first.values()):.1%}", f"{mean(real.values()):.1%}", known,
        ranked(top, 10, ".0%"))  # fmt: skip


def behind(study: Study) -> None:
    """Is the subject left alone where an object is put behind it?"""
    data = load_dataset("toybox", task="segmentation").limited(test=4 * study.args.count)
    images, masks = data.test.images[:], data.test.targets.values
    subject, outside = (masks > 0) & (masks < IGNORE), masks == 0
    table("object", "change inside the subject, grey levels", "outside", "ratio")
    inner, outer = [], []
    for name in random.Random(study.args.seed).sample(study.objects, 10):
        change = 255 * (study.edit(find(name).prompt, images) - images).abs().mean(1)
        inner.append(float(change[subject].mean()))
        outer.append(float(change[outside].mean()))
        row(name, f"{inner[-1]:.2f}", f"{outer[-1]:.2f}", f"{inner[-1] / max(outer[-1], 1e-6):.2f}")
    row("mean", f"{mean(inner):.2f}", f"{mean(outer):.2f}", f"{mean(inner) / max(mean(outer), 1e-6):.2f}")
