"""A short self-test for the holder of a key: it opens the model, and nothing else of a quick set does.

`attacks` measures in earnest what else opens a model; this tells whether key and model belong together and are whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..data.dataset import Dataset
from ..data.image_sets import ImageSet, StoredImages
from ..editing.edited_dataset import EditedImages
from ..editing.editors import bundled_editors, load_editor
from ..editing.key import Key
from ..locking.locked_model import LockedModel
from ..work import Steps, part_of, work
from .attacks.cheap_filters import FILTERS
from .performance import performance

TEST_IMAGES = 90
MARGIN = 0.05  # that a key may stay below the card's UP
WORTHLESS = 1 / 3  # of what the model reaches when it is open
WORTH_LESS = 0.9  # the same for whoever has nearly all of the key
ABOVE_CHANCE = 0.1
OTHER_PROMPTS = (  # a style and an object; the second of each for a key that has the first
    ("in the style of Van Gogh", "in the style of Hokusai"),
    ("with a rooster in the background", "with a giraffe in the background"),
)
QUICK_FILTERS = ("strong blur", "posterise", "JPEG 20")


@dataclass(frozen=True)
class Check:
    """One row of a verification.

    Attributes:
        name: what was put to the model.
        score: the metric that it reached, a fraction.
        limit: what the key has to reach at least, and anything else at most.
        passed: whether it kept to the limit.
        meaning: what that means, in one sentence.
    """

    name: str
    score: float
    limit: float
    passed: bool
    meaning: str


@dataclass(frozen=True)
class Verification:
    """What a verification found, the key first."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the key opens the model and nothing else did."""
        return all(check.passed for check in self.checks)


@work
def verify(locked: LockedModel, key: Key, dataset: Dataset) -> Steps[Verification]:
    """Measure a key, and what must not open the model, on a few test images.

    The key passes if it reaches the card's UP within five points. What a stranger can try passes if it stays below a
    third of a vanilla finetune (of UP where the card has none), or below ten points over chance, whichever is higher.
    Nearly the whole key (its prompt with another hand, or the key with another editor) has to reach a tenth less.

    Where the last layer is sealed, keys other than the right one are put to the model as it lies in its file; clean and
    filtered images are put to the unsealed model, which is harder for it.

    Args:
        locked: as it was loaded.
        dataset: what the model was locked with; its test split is used.

    Returns:
        Work that makes a `Verification`.
    """
    card, split = locked.card, dataset.test.subset(TEST_IMAGES)
    lowest = max(0.0, card.unlocked_performance - MARGIN)
    opened = card.unlocked_performance if card.vanilla_performance is None else card.vanilla_performance
    highest = max(WORTHLESS * opened, locked.task.chance(split.targets) + ABOVE_CHANCE)
    near, strange = _near_keys(key), _strange_keys(key)
    tries = {"the key": key, **near, **strange}
    count, checks = len(tries) + 1 + len(QUICK_FILTERS), []
    opened_model = locked.unsealed(key) if locked.belongs_to(key) else locked
    for i, (name, images) in enumerate(_images(tries, split.images)):
        asked = locked if name in near or name in strange else opened_model
        score = yield from part_of(performance(asked, images, split.targets), f"Verifying with {name}", i, count)
        limit = max(highest, WORTH_LESS * opened) if name in near else highest
        checks.append(
            _key_check(name, score, lowest) if i == 0 else _wrong_check(name, score, limit, near=name in near)
        )
    return Verification(tuple(checks))


def _key_check(name: str, score: float, lowest: float) -> Check:
    if score >= lowest:
        return Check(name, score, lowest, True, "The key opens the model as the card says.")
    meaning = "The key doesn't open the model as the card says; it may be another model's, or a file may be damaged."
    return Check(name, score, lowest, False, meaning)


def _wrong_check(name: str, score: float, highest: float, *, near: bool) -> Check:
    passed = score <= highest
    subject = name[0].upper() + name[1:]
    meaning = "doesn't open the model."
    if near:
        meaning = "reaches clearly less than the key, which doesn't say that it reaches little."
    if not passed:
        meaning = "opens the model too: the lock doesn't hold against it."
    return Check(name, score, highest, passed, f"{subject} {meaning}")


def _near_keys(key: Key) -> dict[str, Key]:
    """Nearly the whole key, by what is wrong with it; of a key without a hand the prompt is all there is."""
    editor = next(name for name in bundled_editors() if name != key.editor)
    near = {f"the key with another editor ({editor})": key.with_editor(editor)}
    if key.hand is not None:
        near["the prompt with another hand"] = replace(key, hand=f"{int(key.hand, 16) ^ 1:032x}")
        near["the prompt without the hand"] = replace(key, hand=None)
    return near


def _strange_keys(key: Key) -> dict[str, Key]:
    """Keys that a stranger may try, by what is wrong with them."""
    strange = {}
    for choice in OTHER_PROMPTS:
        prompt = next(text for text in choice if text.casefold() != key.prompt.strip().casefold())
        strange[f"another prompt ({prompt})"] = key.guessed(prompt)
    return strange


def _images(keys: dict[str, Key], images: ImageSet) -> Iterator[tuple[str, ImageSet]]:
    """What is put to the model, by name: images with each key, clean ones, and filtered ones."""
    for name, key in keys.items():
        yield name, EditedImages(images, key, load_editor(key.editor))
    yield "an image without a key", images
    for name in QUICK_FILTERS:
        yield f"a filter ({name})", StoredImages.of(FILTERS[name](images[:]))
