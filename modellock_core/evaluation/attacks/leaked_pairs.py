"""Leaked pictures: a thief has seen a few keyed images, with or without their originals, and fits the edit to them.

He asks the stolen model nothing, and needs no labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import mean
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...data.image_sets import ImageSet, StoredImages
from ...devices import best_device
from ...editing.editor_space import PlannedImages, compact_editor, named_plans, planned_edits
from ...editing.editors.compact import CompactEditor
from ...editing.editors.compact_pipeline import EditPlan
from ...editing.editors.start_noise import NOISE_CELLS, start_noise
from ...editing.editors.style_space import HAND_GLAZE
from ...editing.key import Key, apply_key
from ...models.inference import channels_second
from ...models.tasks import Task
from ...work import Progress, Steps, part_of
from ..performance import predicted_classes
from .editor_space import LEAST_ALPHA, public_settings
from .input_disguise import Disguise
from .labelled import scores_of
from .setting import Budget, Finding, Target
from .universal_pattern import ChangedImages

STAGE = "Fitting leaked pictures"
HELD_OUT = 0.25  # of the pairs, which tell how well a fit does
BATCH, TRIED = 4, 2  # images that give a gradient step, and that a name is tried on
STYLE_RATE, ALPHA_RATE, NOISE_RATE, NETWORK_RATE = 0.05, 0.02, 0.05, 3e-3  # of Adam
NETWORK_STEPS = 3  # of the network to one of the editor's fit
MODULES = 4  # of the public backbone, whose features tell how alike images look
OWN_IMAGES = 32  # of the thief's, which he edits to resemble leaked ones
Fit: TypeAlias = Callable[[ImageSet], ImageSet]  # clean images to what the thief takes for keyed ones


@dataclass(frozen=True)
class Pairs:
    """Images, and what the key makes of them.

    Attributes:
        plain, keyed: (N, 3, H, W) in [0, 1].
    """

    plain: Tensor
    keyed: Tensor

    def __len__(self) -> int:
        return len(self.plain)

    def __getitem__(self, rows: Tensor | slice) -> Pairs:
        return Pairs(self.plain[rows], self.keyed[rows])


class Affine(nn.Module):
    """Images (N, 3, H, W) with a colour matrix (3, 3) applied and an offset (3, 1, 1) or (3, H, W) added."""

    def __init__(self, matrix: Tensor, offset: Tensor):
        super().__init__()
        self.matrix, self.offset = nn.Parameter(matrix), nn.Parameter(offset)
        self.to(best_device())

    def forward(self, images: Tensor) -> Tensor:
        return (torch.einsum("ij,njhw->nihw", self.matrix, images) + self.offset).clamp(0, 1)


def leaked_pairs(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Pairs: mean residual, colour matrix, small network, and the editor's style, alpha and start noise by gradient.

    Passports of networks fell to pairs (arXiv 2303.11595). Every row says by how much a fit misses keyed images that it
    has not seen; the closest is marked, since a thief would take that one. Without originals he makes images of his own
    look like the leaked ones to the public backbone, by Gram matrices as in style transfer (arXiv 1508.06576), with the
    editor's style and alpha. The editor is fitted only where it is a bundled one.
    """
    findings: list[Finding] = []
    tested = target.tested_on(budget.test_images)
    count, done = len(budget.leaked) * budget.seeds, 0
    for leaked in budget.leaked:
        runs, errors = defaultdict(list), defaultdict(list)
        for seed in range(budget.seeds):
            fits, unseen = yield from part_of(_fits(target, budget, leaked, seed), STAGE, done, count)
            for i, (name, fit) in enumerate(fits.items()):
                errors[name].append(float(F.mse_loss(fit(StoredImages.of(unseen.plain))[:], unseen.keyed).sqrt()))
                testing = predicted_classes(target.locked, fit(tested.dataset.test.images), STAGE)
                testing = part_of(testing, STAGE, i, len(fits))
                runs[name].append((yield from part_of(testing, STAGE, done, count)))
            done += 1
        with_originals = [name for name in runs if name != "editor, no originals"]
        closest = min(with_originals, key=lambda name: mean(errors[name]))
        for name, answers in runs.items():
            reached, spread, hits = scores_of(tested, answers)
            knows = f"{leaked} keyed images" + (" and their originals" if name in with_originals else "")
            missed = f"off by {255 * mean(errors[name]):.1f} grey levels{', the closest' if name == closest else ''}"
            findings.append(
                Finding(
                    attack="leaked pairs",
                    variant=f"{leaked} images, {name}",
                    knows=("the editor, " if "editor" in name else "") + knows,
                    cost=f"one fit, {missed}",
                    score=reached,
                    **target.reference(),
                    spread=spread,
                    hits=hits,
                )
            )
    return findings


def _fits(target: Target, budget: Budget, leaked: int, seed: int) -> Steps[tuple[dict[str, Fit], Pairs]]:
    """All fits by name, and pairs that none of them has seen; of a single pair, that one."""
    generator = torch.Generator().manual_seed(seed)
    images = target.dataset.train.subset(leaked + OWN_IMAGES, seed).images[:]
    images = images[torch.randperm(len(images), generator=generator)]
    seen, own, keyed = images[:leaked], images[leaked:], []
    for chunk in seen.split(BATCH):
        with torch.no_grad():
            keyed.append(StoredImages.of(apply_key(chunk, target.key, target.editor))[:])  # as a file holds them
        yield Progress(STAGE)
    pairs = Pairs(seen, torch.cat(keyed))
    held = round(HELD_OUT * leaked)
    known, unseen = pairs[held:], pairs[: held or 1]
    residual = Affine(torch.eye(3), (known.keyed - known.plain).mean(0))
    network = yield from _network(known, NETWORK_STEPS * budget.gradient_steps, generator)
    changes = {"mean residual": residual, "colour matrix": _colours(known), "small network": network}
    fits: dict[str, Fit] = {name: partial(ChangedImages, change=change) for name, change in changes.items()}
    editor = compact_editor(target.editor)
    if editor is not None:
        settings = public_settings(target)
        fits["editor"] = yield from _painted(editor, settings, known, budget, generator)
        fits["editor, no originals"] = yield from _resembling(
            target.locked.task, editor, settings, pairs.keyed, own, budget, generator
        )
    return fits, unseen


def _colours(known: Pairs) -> Affine:
    """The affine change of colours that is the best in the least squares sense."""
    plain, keyed = (images.movedim(1, -1).flatten(0, 2) for images in (known.plain, known.keyed))  # (P, 3)
    solution = torch.linalg.lstsq(F.pad(plain, (0, 1), value=1.0), keyed).solution  # (4, 3)
    return Affine(solution[:3].mT.contiguous(), solution[3].view(3, 1, 1))


def _network(known: Pairs, steps: int, generator: torch.Generator) -> Steps[Disguise]:
    network = Disguise(generator)
    optimizer = torch.optim.Adam(network.parameters(), NETWORK_RATE)
    for step in range(steps):
        some = known[torch.randperm(len(known), generator=generator)[: 2 * BATCH]]
        optimizer.zero_grad()
        F.mse_loss(network(some.plain.to(best_device())), some.keyed.to(best_device())).backward()
        optimizer.step()
        yield Progress(STAGE, step + 1, steps)
    return network


def _painted(
    editor: CompactEditor, settings: Key, known: Pairs, budget: Budget, generator: torch.Generator
) -> Steps[Fit]:
    """Of all names the one that comes closest, and from there style, blend ratio and start noise by gradient."""
    few = known[:TRIED]
    wanted = few.keyed - few.plain

    @torch.no_grad()
    def tried(plan: EditPlan, settings: Key) -> tuple[float, float]:
        """How far a plan is off with the best blend ratio, and this."""
        change = planned_edits(few.plain, settings, plan, editor) - few.plain
        alpha = float(((change * wanted).sum() / change.square().sum().clamp(min=1e-6)).clamp(LEAST_ALPHA, 1))
        return float(F.mse_loss(alpha * change, wanted)), alpha

    plans, tries = list(named_plans(editor).values()), []
    for i, plan in enumerate(plans):
        tries.append((*tried(plan, settings), i))
        yield Progress(STAGE, i + 1, len(plans))
    error, alpha, best = min(tries)
    plan, settings = plans[best], replace(settings, alpha=alpha)
    for i in range(budget.queries if plan.objects else 0):  # a seed says where an object is
        other = replace(settings, seed=int(torch.randint(2**31, (), generator=generator)))
        other_error, alpha = tried(plan, other)
        if other_error < error:
            error, settings = other_error, replace(other, alpha=alpha)
        yield Progress(STAGE, i + 1, budget.queries)
    starts = [plan]
    if not plan.strength:  # the hand of an object key's owner paints too
        style = editor.pipeline.styles.table.detach()[: editor.pipeline.styles.config.painters].mean(0, keepdim=True)
        starts.append(replace(plan, style=style, strength=HAND_GLAZE))
    found = [PlannedImages(StoredImages.of(known.plain), settings, plan, editor)]
    for start in starts:
        noise = start_noise(torch.Generator().manual_seed(settings.seed), NOISE_CELLS, NOISE_CELLS).requires_grad_()
        style = start.style.clone().requires_grad_()
        ratio = torch.tensor(settings.alpha, requires_grad=True)
        rates = ((style, STYLE_RATE), (ratio, ALPHA_RATE), (noise, NOISE_RATE))
        optimizer = torch.optim.Adam([{"params": leaf, "lr": rate} for leaf, rate in rates])
        for step in range(budget.gradient_steps):
            some = known[torch.randperm(len(known), generator=generator)[:BATCH]]
            edits = planned_edits(some.plain, settings, replace(start, style=style), editor, noise)
            optimizer.zero_grad()
            F.mse_loss(some.plain.lerp(edits, ratio), some.keyed).backward(inputs=[style, ratio, noise])
            optimizer.step()
            ratio.data.clamp_(LEAST_ALPHA, 1)
            yield Progress(STAGE, step + 1, budget.gradient_steps)
        fitted = replace(start, style=style.detach())
        own = replace(settings, alpha=ratio.item())
        found.append(PlannedImages(StoredImages.of(known.plain), own, fitted, editor, noise.detach()))
    closest = min(found, key=lambda images: float(F.mse_loss(images[: 2 * BATCH], known.keyed[: 2 * BATCH])))
    return lambda images: replace(closest, source=images)


def _resembling(
    task: Task, editor: CompactEditor, settings: Key, keyed: Tensor, own: Tensor, budget: Budget,
    generator: torch.Generator,
) -> Steps[Fit]:  # fmt: skip
    """Of some names the one that makes a thief's own images look most like keyed ones, then style and alpha."""
    modules = task.build()[:MODULES]

    def looks(images: Tensor) -> list[Tensor]:
        """Gram matrices (C, C) of the pixels, with a channel of ones for their means, and of features."""
        x = task.backbone.normalise(images.to(best_device()))
        maps = [F.pad(x, (0, 0, 0, 0, 0, 1), value=1.0)]
        for module in modules:
            x = module(x)
            maps.append(channels_second(x))
        return [torch.einsum("nip,njp->ij", m.flatten(2), m.flatten(2)) / m[:, 0].numel() for m in maps]

    with torch.no_grad():
        wanted = looks(keyed)

    def unlike(images: Tensor) -> Tensor:
        pairs = zip(looks(images), wanted, strict=True)
        return torch.stack([(gram - goal).square().sum() / goal.square().sum() for gram, goal in pairs]).sum()

    plans, tries = list(named_plans(editor).values()), []
    chosen = torch.randperm(len(plans), generator=generator)[: budget.queries].tolist()
    for i, index in enumerate(chosen):
        images = PlannedImages(StoredImages.of(own), settings, plans[index], editor)[:BATCH]
        with torch.no_grad():
            tries.append((float(unlike(images)), index))
        yield Progress(STAGE, i + 1, len(chosen))
    start = plans[min(tries)[1]]
    style = start.style.clone().requires_grad_()
    alpha = torch.tensor(settings.alpha, requires_grad=True)
    optimizer = torch.optim.Adam([{"params": style, "lr": STYLE_RATE}, {"params": alpha, "lr": ALPHA_RATE}])
    for step in range(budget.gradient_steps):
        some = own[torch.randperm(len(own), generator=generator)[:BATCH]]
        edits = planned_edits(some, settings, replace(start, style=style), editor)
        optimizer.zero_grad()
        unlike(some.lerp(edits, alpha)).backward(inputs=[style, alpha])
        optimizer.step()
        alpha.data.clamp_(LEAST_ALPHA, 1)
        yield Progress(STAGE, step + 1, budget.gradient_steps)
    plan, settings = replace(start, style=style.detach()), replace(settings, alpha=alpha.item())
    return lambda images: PlannedImages(images, settings, plan, editor)
