"""What is seen to before a lock: that there is something to learn from, and that the key changes something."""

from __future__ import annotations

from ..data.dataset import Dataset
from ..editing.editors import Editor
from ..editing.key import Key
from ..errors import ModelLockError
from ..randomness import check_seed


def check_key(key: Key, editor: Editor | None = None) -> None:
    """See that a key can lock.

    Args:
        editor: that is to be used, if it is loaded already.

    Raises:
        ModelLockError: its alpha is 0, so that keyed images are clean ones, or its editor is another one.
    """
    if editor is not None and editor.name != key.editor:
        raise ModelLockError(f"the key is for the editor {key.editor!r}, not for {editor.name!r}; load that one")
    if not key.alpha:
        raise ModelLockError("alpha is 0, so the key would change nothing; give one from 0.2 to 1")


def check_training(dataset: Dataset, seed: int) -> None:
    """See that a model can be finetuned on a dataset.

    Raises:
        ModelLockError: it has too few images, or the seed is out of its range.
    """
    check_seed(seed)
    train, test = dataset.train, dataset.test
    kinds = len(train.targets.strata().unique()) if len(train) else 0
    fewest = 2 if dataset.task == "classification" else 1  # masks may all hold the same thing
    if len(train) < 2 or kinds < fewest or not len(test):
        raise ModelLockError(
            f"there are {len(train)} training images of {kinds} classes and {len(test)} test images; "
            f"at least 2 training images of {fewest} classes and 1 test image are needed"
        )
