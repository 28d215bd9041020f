"""What attacks have in common: their target, their budget, and the row that each writes into the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import mean, stdev
from typing import Protocol, TypedDict

from ...data.dataset import Dataset
from ...editing.editors import Editor, load_editor
from ...editing.key import Key
from ...locking.locked_model import LockedModel
from ...work import Steps


class Reference(TypedDict):
    """What a finding is compared with, see `Finding`."""

    reference: float
    reference_name: str


@dataclass(frozen=True)
class Target:
    """What is attacked, and what the thief is measured with.

    Attributes:
        locked: the stolen model.
        key: its key; attacks use it to build wrong ones.
        dataset: the test split measures; the thief's few labelled images come from the training split.
        public: what labelled images reach without the stolen model, see `labelled.public_performance`.
        partly: whether some of the test images were left out, so that hits can't be joined with those of other attacks.
    """

    locked: LockedModel
    key: Key
    dataset: Dataset
    public: dict[tuple[int, int], float] = field(default_factory=dict)
    partly: bool = False

    @cached_property
    def editor(self) -> Editor:
        """The key's editor."""
        return load_editor(self.key.editor)

    def tested_on(self, count: int) -> Target:
        """The same target, but measured with at most so many test images."""
        few = self.dataset.limited(test=count)
        return replace(self, dataset=few, partly=len(few.test) < len(self.dataset.test))

    def reference(self) -> Reference:
        """What most attacks are compared with: the vanilla performance of the card, else chance."""
        vanilla = self.locked.card.vanilla_performance
        if vanilla is not None:
            return {"reference": vanilla, "reference_name": "a vanilla finetune"}
        return {"reference": self.chance, "reference_name": "guessing"}

    @property
    def chance(self) -> float:
        """What whoever guesses reaches."""
        return self.locked.task.chance(self.dataset.test.targets)


@dataclass(frozen=True)
class Budget:
    """How much an attack may take.

    Attributes:
        test_images: at most so many test images measure one wrong key or filter.
        prompts: at most so many wrong prompts of the catalogue; None for all.
        label_fractions: fractions of the training images that the thief has labels of.
        epochs: of the thief's finetunes.
        seeds: runs of what is drawn at random.
        queries: candidates that a search may score with the thief's labelled images.
        gradient_steps: of an attack that optimises its input.
        restarts: of an attack that optimises its input from a random start.
        leaked: numbers of keyed images that the thief has seen.
    """

    test_images: int
    prompts: int | None
    label_fractions: tuple[float, ...]
    epochs: int
    seeds: int
    queries: int
    gradient_steps: int
    restarts: int
    leaked: tuple[int, ...]


BUDGETS = {
    "quick": Budget(
        test_images=90, prompts=24, label_fractions=(0.05,), epochs=12, seeds=1, queries=30, gradient_steps=20,
        restarts=1, leaked=(10,),
    ),
    "full": Budget(
        test_images=396, prompts=None, label_fractions=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2), epochs=20, seeds=3,
        queries=400, gradient_steps=100, restarts=3, leaked=(1, 10, 50),
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A row of the report.

    Attributes:
        attack, variant: what was done ("wrong prompt", "in the style of Monet").
        knows: what the attacker has beside the stolen model.
        cost: what it takes.
        score: the metric it reaches, a fraction.
        reference, reference_name: what to compare it with.
        spread: standard deviation over the seeds, where there are several.
        labels: labelled images that the thief has.
        queries: how many times the stolen model, or a service of its holder, was asked about those images.
        hits: rows of the test images that were right, of attacks on a classifier that kept them.
    """

    attack: str
    variant: str
    knows: str
    cost: str
    score: float
    reference: float
    reference_name: str
    spread: float | None = None
    labels: int = 0
    queries: int = 0
    hits: tuple[int, ...] | None = None


class Attack(Protocol):
    """Every attack has this signature."""

    __name__: str

    def __call__(self, target: Target, budget: Budget) -> Steps[list[Finding]]:
        """Attack the target; yields progress and returns rows of the report."""
        ...


def over_seeds(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean of several runs, and their standard deviation; None of a single one."""
    return mean(values), stdev(values) if len(values) > 1 else None
