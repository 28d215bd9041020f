"""The editor's own space: a thief who has the public editor, but neither prompt nor hand, searches all it can do.

He puts his few labelled images through the editor and the stolen model, and keeps what lowers the loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from ...data.dataset import Split
from ...editing.editor_space import (
    PlannedImages,
    apply_plan,
    changed_plan,
    compact_editor,
    drawn_hand,
    named_plans,
    planned_edits,
    random_plan,
    with_hand,
)
from ...editing.editors import OBJECT_ALPHA
from ...editing.editors.compact import CompactEditor
from ...editing.editors.compact_pipeline import EditPlan
from ...editing.key import Key
from ...models.inference import outputs
from ...work import Progress, Steps, part_of
from .labelled import PUBLIC, armed, few_labels, opened_predictions, public_performance, scores_of
from .setting import Budget, Finding, Target, over_seeds

STAGE = "Searching the editor's space"
GLIMPSED, SCORED, SLOPED = 2, 12, 5  # labelled images that a name is tried on, a candidate, and a gradient step
LIKELY = 6  # names that become candidates
ALPHAS = (0.2, 0.5, 0.75, 1.0)  # beside the editor's default
RANDOM_FRACTION = 0.6  # of the queries, with the likely names; the others change what was best
ELITE = 4  # candidates that are changed
STYLE_RATE, ALPHA_RATE = 0.05, 0.01  # of Adam; the numbers of a style vary by 0.26
LEAST_ALPHA = 0.05


@dataclass(frozen=True)
class Candidate:
    """A guess, and what the labelled images say of it.

    Attributes:
        plan: what the editor does.
        settings: a key whose prompt and hand count for nothing.
        loss: mean over the labelled images, none of which counts for more than a guess would: in most of the space the
            model answers nothing, and one that is right about a third of them is worth more than that.
    """

    plan: EditPlan
    settings: Key
    loss: float


def public_settings(target: Target, plan: EditPlan | None = None) -> Key:
    """The editor's defaults for a plan, but for steps, guidance and size, which hardly ever differ: the key's own."""
    names = ("steps", "guidance", "image_guidance", "size")
    settings = Key.create("unknown", target.key.editor, **{name: getattr(target.key, name) for name in names})
    return settings if plan is None or plan.strength else replace(settings, alpha=OBJECT_ALPHA)


def editor_space(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """All names that a prompt can say, random plans, changes of the best (evolution), then Adam on style and alpha.

    Key estimation (arXiv 2103.03525), with the public editor as the space. Names are tried on two images each, by the
    default settings; random plans mix styles, objects and hands, with any alpha and seed. No rows for editors that are
    not bundled ones.
    """
    editor = compact_editor(target.editor)
    if editor is None:
        return []
    findings: list[Finding] = []
    tested = target.tested_on(budget.test_images)
    searched: dict[tuple[int, int], list[Candidate]] = {}  # large fractions share the images that score candidates
    count, done = len(budget.label_fractions) * budget.seeds, 0
    for fraction in budget.label_fractions:
        runs, public = [], []
        for seed in range(budget.seeds):
            generator = torch.Generator().manual_seed(seed)
            labelled = few_labels(target, fraction, seed)
            few = target.dataset.train.subset(min(SCORED, len(labelled)), seed)  # some of the labelled ones
            thief = yield from armed(target, labelled, seed)
            if (len(few), seed) not in searched or thief is not target:
                searching = _searched(thief, editor, few, budget.queries, generator)
                searched[len(few), seed] = yield from part_of(searching, STAGE, done, count)
            starts = searched[len(few), seed][: budget.restarts]
            descending = _descended(thief, editor, starts, labelled, few, budget.gradient_steps, generator)
            best = yield from part_of(descending, STAGE, done, count)
            change = partial(PlannedImages, key=best.settings, plan=best.plan, editor=editor)
            asking = opened_predictions(tested, thief, labelled, change, tested.dataset.test.images, seed, STAGE)
            runs.append((yield from part_of(asking, STAGE, done, count)))
            reading = public_performance(target, fraction, seed, STAGE)
            public.append((yield from part_of(reading, STAGE, done, count)))
            done += 1
        reached, spread, hits = scores_of(tested, runs)
        queries = len(named_plans(editor)) * GLIMPSED + budget.queries * len(few)
        queries += budget.restarts * (budget.gradient_steps * SLOPED + len(few))
        cost = f"{budget.queries} candidates, {budget.gradient_steps} gradient steps from the best {budget.restarts}"
        findings.append(
            Finding(
                attack="editor space",
                variant=f"{len(labelled)} labels",
                knows="the editor, these labelled images",
                cost=cost,
                score=reached,
                reference=over_seeds(public)[0],
                reference_name=PUBLIC,
                spread=spread,
                labels=len(labelled),
                queries=queries,
                hits=hits,
            )
        )
    return findings


def _searched(
    target: Target, editor: CompactEditor, few: Split, queries: int, generator: torch.Generator
) -> Steps[list[Candidate]]:
    """Named candidates, random ones, and changed ones of the best; those of the least loss first."""
    default, named, glimpse = public_settings(target), list(named_plans(editor).values()), few.subset(GLIMPSED)
    count = len(named) + queries
    found: list[Candidate] = []
    for i, plan in enumerate(named):
        found.append(scored(target, editor, glimpse, plan, public_settings(target, plan)))
        yield Progress(STAGE, i + 1, count)
    likely, found = sorted(found, key=lambda c: c.loss)[:LIKELY], []
    for i in range(queries):
        settings, kind = default, float(torch.rand((), generator=generator))
        if i < len(likely):
            plan, settings = likely[i].plan, likely[i].settings
        elif i < RANDOM_FRACTION * queries:
            plan = with_hand(random_plan(editor, generator), drawn_hand(generator) if kind < 0.5 else None, editor)
            alphas = (default.alpha, *ALPHAS)
            alpha = alphas[int(torch.randint(len(alphas), (), generator=generator))]
            settings = replace(default, alpha=alpha, seed=_drawn_seed(generator))
        else:
            elite = sorted(found, key=lambda c: c.loss)[:ELITE]
            parent = elite[int(torch.randint(len(elite), (), generator=generator))]
            plan, settings = parent.plan, parent.settings
            if kind < 0.2:
                settings = settings.altered(alpha=settings.alpha * 2 ** float(torch.randn((), generator=generator)))
            elif kind < 0.4:
                settings = replace(settings, seed=_drawn_seed(generator))
            else:
                plan = changed_plan(plan, editor, generator)
        found.append(scored(target, editor, few, plan, settings))
        yield Progress(STAGE, len(named) + i + 1, count)
    return sorted(found, key=lambda c: c.loss)


def _drawn_seed(generator: torch.Generator) -> int:
    return int(torch.randint(2**31, (), generator=generator))


@torch.no_grad()
def scored(target: Target, editor: CompactEditor, few: Split, plan: EditPlan, settings: Key) -> Candidate:
    """A candidate and its loss on labelled images."""
    task = target.locked.task
    answers = outputs(task, target.locked.model, apply_plan(few.images[:], settings, plan, editor))
    losses = task.losses(answers, few.targets.values).clamp(max=math.log(len(task.classes)))
    return Candidate(plan, settings, float(losses.mean()))


def loss_of(
    target: Target, editor: CompactEditor, samples: Split, rows: Tensor, plan: EditPlan, settings: Key,
    alpha: Tensor | float,
) -> Tensor:  # fmt: skip
    """Mean loss () of some rows of labelled samples as planned; gradients reach the style and the blend ratio.

    Call `backward(inputs=...)` on it: the weights that it passes belong to the target.
    """
    images, task = samples.images[rows], target.locked.task
    edits = planned_edits(images, settings, plan, editor)
    answers = outputs(task, target.locked.model, images.lerp(edits, alpha))
    return task.losses(answers, samples.targets[rows].values).mean()


def _descended(
    target: Target, editor: CompactEditor, starts: Sequence[Candidate], labelled: Split, few: Split, steps: int,
    generator: torch.Generator,
) -> Steps[Candidate]:  # fmt: skip
    """The best of the starts and of what Adam makes of each."""
    found = list(starts)
    for i, start in enumerate(starts):
        style = start.plan.style.detach().clone().requires_grad_()
        alpha = torch.tensor(start.settings.alpha, requires_grad=True)
        optimizer = torch.optim.Adam([{"params": style, "lr": STYLE_RATE}, {"params": alpha, "lr": ALPHA_RATE}])
        for step in range(steps):
            rows = torch.randperm(len(labelled), generator=generator)[:SLOPED]
            plan = replace(start.plan, style=style)
            optimizer.zero_grad()
            loss_of(target, editor, labelled, rows, plan, start.settings, alpha).backward(inputs=[style, alpha])
            optimizer.step()
            alpha.data.clamp_(LEAST_ALPHA, 1)
            yield Progress(STAGE, i * steps + step + 1, len(starts) * steps)
        settings = replace(start.settings, alpha=alpha.item())
        found.append(scored(target, editor, few, replace(start.plan, style=style.detach()), settings))
    return min(found, key=lambda c: c.loss)
