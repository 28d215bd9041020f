"""A small network before the stolen model: the thief trains it to make clean images look keyed.

It starts as identity, or as an imitation of something the public editor paints.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...data.dataset import Split
from ...devices import best_device
from ...editing.editor_space import apply_plan, compact_editor, random_plan
from ...editing.editors.compact import CompactEditor
from ...editing.key import Key
from ...models.inference import BATCH
from ...randomness import global_seed
from ...work import Progress, Steps, part_of
from .editor_space import public_settings
from .setting import Budget, Finding, Target
from .universal_pattern import best_start, changes_found

STAGE = "Training a disguise"
CHANNELS = 32
RATE, IMITATION_RATE = 1e-3, 3e-3  # of Adam
CONFIDENCE = 0.1  # weight of the outputs' entropy beside the task loss
IMITATED = 64  # images that are edited to be imitated; at most
IMITATION = 2  # steps of the imitation to one of the attack


class Disguise(nn.Module):
    """Convolutions at half the size that add to the image; of 16,204 weights, and identity at the start.

    Args:
        generator: draws the start.
    """

    def __init__(self, generator: torch.Generator):
        super().__init__()
        with global_seed(int(torch.randint(2**31, (), generator=generator))):
            first = nn.Conv2d(4 * 3, CHANNELS, 3, padding=1)
            middle = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
            last = nn.Conv2d(CHANNELS, 4 * 3, 3, padding=1)
        for weights in last.parameters():
            nn.init.zeros_(weights)
        self.layers = nn.Sequential(nn.PixelUnshuffle(2), first, nn.ReLU(), middle, nn.ReLU(), last, nn.PixelShuffle(2))
        self.to(best_device()).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1] to disguised ones."""
        height, width = images.shape[-2:]
        even = F.pad(images, (0, width % 2, 0, height % 2), mode="replicate")
        change = self.layers(even.contiguous(memory_format=torch.channels_last))[..., :height, :width]
        return (images + change).clamp(0, 1)


def input_disguise(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The task loss and the outputs' entropy are lowered through the frozen model, on labelled images.

    JailNTL (arXiv 2503.17198), its model-guided half: the other half needs images of the authorised kind, which here
    are keyed ones. Starts that imitate an editor are left out where it is not a bundled one.
    """
    editor, settings = compact_editor(target.editor), public_settings(target)

    def search(imitate: bool, labelled: Split, generator: torch.Generator) -> Steps[tuple[nn.Module, int]]:
        starts, count = [], budget.restarts * imitate + 1
        for i in range(budget.restarts):
            starts.append(Disguise(generator))
            if imitate and editor is not None:
                images, steps = labelled.images[:IMITATED], IMITATION * budget.gradient_steps
                imitating = _imitate(starts[-1], images, editor, settings, steps, generator)
                yield from part_of(imitating, STAGE, i, count)
        disguising = best_start(target, starts, labelled, budget.gradient_steps, RATE, generator, STAGE, CONFIDENCE)
        return (yield from part_of(disguising, STAGE, count - 1, count))

    def found(variant: str, imitate: bool, knows: str) -> Steps[list[Finding]]:
        searches = {variant: partial(search, imitate)}
        return changes_found("input disguise", searches, knows, STAGE, target, budget)

    findings = yield from found("from identity", False, "these labelled images")
    if editor is not None:
        variant = "from an imitation of the editor"
        findings += yield from found(variant, True, "the editor, these labelled images")
    return findings


def _imitate(
    network: Disguise, images: Tensor, editor: CompactEditor, settings: Key, steps: int, generator: torch.Generator
) -> Steps[None]:
    """Train a network to edit images (N, 3, H, W) as the public editor does, in a style drawn at random.

    Objects, which stand behind the subject, are beyond it.
    """
    plan, edits = random_plan(editor, generator, objects=False), list[Tensor]()
    for chunk in images.split(BATCH):
        with torch.no_grad():
            edits.append(apply_plan(chunk, settings, plan, editor))
        yield Progress(STAGE, 0, steps)
    sources, edited = images.to(best_device()), torch.cat(edits).to(best_device())
    optimizer = torch.optim.Adam(network.parameters(), IMITATION_RATE)
    for step in range(steps):
        rows = torch.randperm(len(images), generator=generator)[:BATCH]
        optimizer.zero_grad()
        F.mse_loss(network(sources[rows]), edited[rows]).backward()
        optimizer.step()
        yield Progress(STAGE, step + 1, steps)
