"""Locking again: a stolen model answers some edit, so it may be easy to teach it another one.

The thief edits his few labelled images with a key of his own, finetunes the stolen model on them, and uses that key.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ...editing.edited_dataset import EditedImages
from ...editing.editors import load_editor
from ...editing.key import Key
from ...locking.activations import extract
from ...locking.finetune import finetune
from ...locking.training_set import Labelled, TrainingSet
from ...work import Steps, part_of
from .labelled import few_labels, predicted, public_trunk, scores_of, thief_finetune
from .setting import Budget, Finding, Target

STAGE = "Locking again"
PUBLIC = "the public backbone, locked alike with the same labels"
OWN_PROMPTS = (
    "with a rooster in the background", "in the style of Van Gogh", "with a giraffe in the background", "in sepia",
)  # fmt: skip


def own_key(target: Target, seed: int) -> Key:
    """A key that the thief makes with a public editor: another prompt than the holder's, and a hand of his own."""
    prompts = [prompt for prompt in OWN_PROMPTS if prompt.casefold() != target.key.prompt.strip().casefold()]
    return Key.create(prompts[seed % len(prompts)], hand=f"{seed + 1:032x}")


def relocking(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """After the ambiguity attacks on watermarks, in which a thief embeds his own (DeepIPR, arXiv 1909.07830).

    Each seed has another key. Nothing is suppressed, which would cost the thief and gain him nothing. Trained are the
    modules that are not the public backbone's.
    """
    task, test, frozen = target.locked.task, target.dataset.test, public_trunk(target)
    trunk = target.locked.model[:frozen]
    keys = [own_key(target, seed) for seed in range(budget.seeds)]
    tests = []
    for key in keys:
        images = EditedImages(test.images, key, load_editor(key.editor))
        tests.append((yield from extract(task, trunk, images, "Editing with keys of the thief's own")).plain)
    count, done, findings = 2 * len(budget.label_fractions) * budget.seeds, 0, []
    for fraction in budget.label_fractions:
        runs: list[list[Tensor]] = [[], []]  # of the stolen model, and of the public backbone
        for seed, key in enumerate(keys):
            labelled = few_labels(target, fraction, seed)
            images = EditedImages(labelled.images, key, load_editor(key.editor))
            editing = extract(task, trunk, images, STAGE, mirror=True)
            samples = Labelled((yield from part_of(editing, STAGE, done, count)), labelled.targets)
            heads = copy.deepcopy(target.locked.model[frozen:]), task.build(seed=seed)[frozen:]
            for run, head in zip(runs, heads, strict=True):
                tuning = _locked_again(target, head, samples, tests[seed], budget.epochs, seed)
                run.append((yield from part_of(tuning, STAGE, done, count)))
                done += 1
        reached, spread, hits = scores_of(target, runs[0])
        reference, *_ = scores_of(target, runs[1])
        findings.append(
            Finding(
                attack="locking again",
                variant=f"own key, {100 * fraction:g}% of the labels",
                knows="these labelled images, the method",
                cost=f"{len(labelled)} edits and {budget.epochs} epochs",
                score=reached,
                reference=reference,
                reference_name=PUBLIC,
                spread=spread,
                labels=len(labelled),
                queries=budget.epochs * len(labelled),
                hits=hits,
            )
        )
    return findings


def _locked_again(
    target: Target, head: nn.Sequential, samples: Labelled, tests: Tensor, epochs: int, seed: int
) -> Steps[Tensor]:
    """Predicted classes (N, ...) of keyed test images, after a head was finetuned in place on keyed samples."""
    config = thief_finetune(epochs)
    generator = torch.Generator().manual_seed(seed)
    yield from finetune(target.locked.task, head, TrainingSet((samples,)), config, generator, STAGE)
    return (yield from predicted(head, tests, STAGE))
