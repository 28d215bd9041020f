"""The method: finetune a model that works on keyed images and on nothing else (arXiv 2405.16285, section 3)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

import torch

from ..data.dataset import Dataset
from ..editing.edited_dataset import edit_dataset
from ..editing.editors import Editor, load_editor
from ..editing.key import Key
from ..models.backbones import DEFAULT_BACKBONE, load_backbone
from ..models.freezing import split_model
from ..models.tasks import load_task
from ..work import Steps, work
from .activations import extract_activations, head_scores
from .adversary import opening_samples
from .card import new_card
from .checks import check_key, check_training
from .finetune import finetune
from .locked_model import LockedModel
from .recipe import DEFAULT_RECIPE, RECIPES, Recipe
from .report import LockReport, new_report
from .training_set import training_set


@dataclass(frozen=True)
class Lock:
    """What a lock made."""

    model: LockedModel
    key: Key
    report: LockReport

    def with_baseline(self, performance: float) -> Lock:
        """The lock with what `baseline` measured, in its card and in its report."""
        card = replace(self.model.card, vanilla_performance=performance)
        report = replace(self.report, vanilla_performance=performance)
        return replace(self, model=replace(self.model, card=card), report=report)


@work
def lock(
    dataset: Dataset, key: Key, *, recipe: Recipe | None = None, backbone: str = DEFAULT_BACKBONE, seed: int = 0,
    editor: Editor | None = None,
) -> Steps[Lock]:  # fmt: skip
    """Lock a model with a key.

    Args:
        recipe: one of `RECIPES[dataset.task]`; "standard" if not given.
        backbone: name of the pretrained network, see `load_backbone`.
        seed: of the mix and the finetune; the key has its own.
        editor: the key's editor, if it is loaded already.

    Returns:
        Work that makes a `Lock`.

    Raises:
        ModelLockError: there is no such editor or backbone, the editor is not the key's, the dataset is too small, or
            the key's alpha is 0.
    """
    check_key(key, editor)
    check_training(dataset, seed)
    started, generator = time.perf_counter(), torch.Generator().manual_seed(seed)
    recipe = recipe or RECIPES[dataset.task][DEFAULT_RECIPE]
    task = load_task(dataset.task, dataset.classes, load_backbone(backbone))
    model = task.build(seed=seed)
    trunk, head = split_model(model, recipe.frozen_fraction)
    mirror = recipe.finetune.mirror

    editor = editor or load_editor(key.editor)
    edited = edit_dataset(dataset, key, editor, recipe.mix, generator)
    cached = yield from extract_activations(task, trunk, edited, mirror=mirror)
    seconds = {"edit": time.perf_counter() - started}
    samples = yield from training_set(task, head, edited, cached, recipe.finetune, generator)
    evaluate = partial(head_scores, task, head, cached.keyed_test, cached.clean_test, dataset.test.targets)
    search = None
    if recipe.adversary is not None:
        search = partial(opening_samples, task, model, trunk, edited.train, key, editor, recipe.adversary, generator)
    stage = "Finetuning the locked model"
    yield from finetune(task, head, samples, recipe.finetune, generator, stage, evaluate, search)
    model.half().float()  # rounded as in the saved file, which card and report describe
    scores = yield from evaluate()

    seconds["total"] = time.perf_counter() - started
    seconds["finetune"] = seconds["total"] - seconds["edit"]
    card = new_card(dataset, task, key, recipe, scores)
    return Lock(
        LockedModel(task, model, card), key.pinned(editor), new_report(dataset, task, recipe, seed, scores, seconds)
    )
