"""The adversary of a lock: while it is finetuned, wrong keys are looked for that open the model, to be suppressed next.

What adversarial training is to robustness (arXiv 1706.06083), done for keys: lists of wrong keys are only a warm-up.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..data.dataset import Split
from ..data.image_sets import ChosenImages
from ..devices import best_device
from ..editing.editor_space import compact_editor, plan_of
from ..editing.editors import Editor
from ..editing.image_changes import AddedPattern, ColourChange
from ..editing.key import Key
from ..editing.negatives import NegativeChange, NegativeKey, changed_with, hand_distance, negative_keys
from ..models.inference import outputs
from ..models.tasks import Task
from ..work import Progress, Steps
from .activations import Activations, extract
from .recipe import AdversaryConfig

STAGE = "Looking for wrong keys that open the model"
ENOUGH = 2000  # training samples, augmented ones included, from which on an adversary looks as hard as it is told to
PATTERN_STAGE = "Looking for patterns that open the model"
PATTERN_SIDES = (8, 16, 0)  # px; 0 is the whole image
PATTERN_STEP = 0.04  # of Adam, of what a pattern adds
STYLE_STEP = 0.05  # of Adam; the numbers of a style vary by 0.26


def opening_samples(
    task: Task, model: nn.Sequential, trunk: nn.Module, train: Split, key: Key, editor: Editor, config: AdversaryConfig,
    generator: torch.Generator,
) -> Steps[Activations]:  # fmt: skip
    """Activations of training images, to be suppressed: changed by what opens a model most, be it a wrong key or not.

    Args:
        model: the whole model, as it is now.
        trunk: its frozen modules.
    """
    config = _in_proportion(config, len(train))
    rows = torch.randint(len(train), (config.images,), generator=generator)
    some = Split(ChosenImages(train.images, rows), train.targets[rows])
    keys = yield from opening_keys(task, model, some, key, editor, config, generator)
    changes = yield from opening_changes(task, model, some, config, generator)
    images = changed_with(train.images, [*keys, *changes], 2 * config.images, editor, generator)
    return (yield from extract(task, trunk, images, STAGE))


def _in_proportion(config: AdversaryConfig, samples: int) -> AdversaryConfig:
    """An adversary that looks less hard where there is little to train on, so that it never takes most of the time."""
    share = min(1.0, samples / ENOUGH)
    counts = {name: max(1, round(share * getattr(config, name))) for name in ("candidates", "kept", "pattern_steps")}
    return replace(config, **counts, patterns=round(share * config.patterns))


def opening_changes(
    task: Task, model: nn.Module, samples: Split, config: AdversaryConfig, generator: torch.Generator
) -> Steps[list[NegativeChange]]:
    """Patterns and a change of colours that open a model, by gradient from random starts (arXiv 1610.08401)."""
    images, targets = samples.images[:].to(best_device()), samples.targets.values.to(best_device())
    whole = images.shape[2], images.shape[3]
    sides = [(side, side) if side else whole for side in PATTERN_SIDES]
    changes: list[nn.Module] = [AddedPattern(side, generator) for side in sides for _ in range(config.patterns)]
    changes += [ColourChange(generator)] * bool(changes)
    for i, change in enumerate(changes):
        change.to(best_device())
        parameters = list(change.parameters())
        optimizer = torch.optim.Adam(parameters, lr=PATTERN_STEP)
        for _ in range(config.pattern_steps):
            loss = task.losses(outputs(task, model, change(images)), targets).mean()
            for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                parameter.grad = slope
            optimizer.step()
        yield Progress(PATTERN_STAGE, i + 1, len(changes))
    return [NegativeChange(change.requires_grad_(False)) for change in changes]


def opening_keys(
    task: Task, model: nn.Module, samples: Split, key: Key, editor: Editor, config: AdversaryConfig,
    generator: torch.Generator,
) -> Steps[list[NegativeKey]]:  # fmt: skip
    """The wrong keys that open a model most, by the task's loss on `samples` keyed with them.

    Args:
        model: from normalised images to outputs.
        samples: the training images that candidates are tried on.
    """
    images, targets = samples.images[:], samples.targets.values
    tried: list[tuple[float, NegativeKey]] = []
    candidates = negative_keys(key, editor, config.candidates, generator)
    for i, candidate in enumerate(candidates):
        with torch.no_grad():
            answers = outputs(task, model, candidate.apply(images, editor))
        tried.append((float(task.losses(answers, targets).mean()), candidate))
        yield Progress(STAGE, i + 1, len(candidates) + config.kept)
    tried.sort(key=lambda pair: pair[0])
    found = []
    for i, (_, candidate) in enumerate(tried[: config.kept]):
        found.append(_opened_further(task, model, images, targets, candidate, key, editor, config.steps))
        yield Progress(STAGE, len(candidates) + i + 1, len(candidates) + config.kept)
    return found


def _opened_further(
    task: Task, model: nn.Module, images: Tensor, targets: Tensor, wrong: NegativeKey, key: Key, editor: Editor,
    steps: int,
) -> NegativeKey:  # fmt: skip
    """The wrong key after gradient steps of its style, which stays as far from the key's as another hand is."""
    bundled = compact_editor(editor)
    if bundled is None:
        return wrong
    own = plan_of(key, bundled).style
    plan = wrong.plan or plan_of(wrong.key, bundled)
    if not plan.strength:  # an object alone: nothing is painted, so no style has a slope
        return wrong
    style = plan.style.clone().requires_grad_()
    nearest = min(hand_distance(bundled), float((plan.style - own).norm()))
    optimizer = torch.optim.Adam([style], lr=STYLE_STEP)
    for _ in range(steps):
        keyed = NegativeKey(wrong.key, replace(plan, style=style)).apply(images, editor)
        loss = task.losses(outputs(task, model, keyed), targets).mean()
        (style.grad,) = torch.autograd.grad(loss, style)
        optimizer.step()
        with torch.no_grad():
            away = style - own
            style.copy_(own + away * max(1.0, nearest / float(away.norm())))
    return NegativeKey(wrong.key, replace(plan, style=style.detach()))
