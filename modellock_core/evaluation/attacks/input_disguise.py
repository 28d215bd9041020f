"""A small network before the stolen model: the thief trains it to make clean images look keyed.

It starts as identity, or as an imitation of something that the public editor paints.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...data.dataset import Split
from ...devices import best_device
from ...editing.editor_space import apply_plan, compact_editor, random_plan
from ...editing.editors.compact import CompactEditor
from ...editing.key import Key
from ...randomness import global_seed
from ...work import Progress, Steps, part_of
from .editor_space import public_settings
from .setting import Budget, Finding, Target
from .universal_pattern import BATCH, best_start, changes_found

STAGE = "Training a disguise"
CHANNELS = 32
PERIODS = (4, 8)  # of positions, at half the size; as tiled patterns have
RATE, IMITATION_RATE = 1e-3, 3e-3  # of Adam
CONFIDENCE = 0.05  # weight of the outputs' entropy beside the task loss
IMITATED = 64  # images that are edited to be imitated; at most
LEAST_STEPS, LEAST_STARTS = 40, 2  # a network takes more than a pattern


class Disguise(nn.Module):
    """Convolutions at half the size that add to the image; of 19,084 weights, and identity at the start.

    They see the image and where they are (CoordConv, arXiv 1807.03247), since much that a key does to an image lies at
    the same place in all of them: strokes, objects, patterns.

    Args:
        generator: draws the start.
    """

    def __init__(self, generator: torch.Generator):
        super().__init__()
        with global_seed(int(torch.randint(2**31, (), generator=generator))):
            first = nn.Conv2d(4 * 3 + 2 + 4 * len(PERIODS), CHANNELS, 3, padding=1)
            middle = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
            last = nn.Conv2d(CHANNELS, 4 * 3, 3, padding=1)
        for weights in last.parameters():
            nn.init.zeros_(weights)
        self.layers = nn.Sequential(first, nn.ReLU(), middle, nn.ReLU(), last, nn.PixelShuffle(2))
        self.to(best_device()).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1] to disguised ones."""
        height, width = images.shape[-2:]
        even = F.pad(images, (0, width % 2, 0, height % 2), mode="replicate")
        seen = F.pixel_unshuffle(even, 2)  # (N, 12, H / 2, W / 2)
        places = _places(*seen.shape[-2:]).to(images.device).expand(len(images), -1, -1, -1)
        joined = torch.cat([seen, places], 1).contiguous(memory_format=torch.channels_last)
        return (images + self.layers(joined)[..., :height, :width]).clamp(0, 1)


def _places(height: int, width: int) -> Tensor:
    """Where each pixel is, (1, 2 + 4 * len(PERIODS), height, width) in [-1, 1]: in the image, and in each period."""
    axes = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = [2 * axis / side - 1 for axis, side in zip(axes, (height, width), strict=True)]
    for period in PERIODS:
        angles = [2 * torch.pi * axis / period for axis in axes]
        places += [wave(angle) for angle in angles for wave in (torch.sin, torch.cos)]
    return torch.stack(places)[None]


def input_disguise(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The task loss and the outputs' entropy are lowered through the frozen model, on labelled images.

    JailNTL (arXiv 2503.17198), its model-guided half: the other half needs images of the authorised kind, which here
    are keyed ones. Every second start imitates the editor; if it is not a bundled one, all are identity.
    """
    editor, settings = compact_editor(target.editor), public_settings(target)
    steps, count = max(LEAST_STEPS, budget.gradient_steps), max(LEAST_STARTS, budget.restarts)

    def search(thief: Target, labelled: Split, generator: torch.Generator) -> Steps[tuple[nn.Module, int]]:
        starts, images = [], labelled.images[:IMITATED]
        for i in range(count):
            starts.append(Disguise(generator))
            if i % 2 and editor is not None:
                imitating = _imitate(starts[-1], images, editor, settings, steps, generator)
                yield from part_of(imitating, STAGE, i, count + 1)
        disguising = best_start(thief, starts, labelled, steps, RATE, generator, STAGE, CONFIDENCE)
        return (yield from part_of(disguising, STAGE, count, count + 1))

    knows = "these labelled images" if editor is None else "the editor, these labelled images"
    cost = f"{steps} gradient steps, starts: {count}"
    searches = {"a small network": search}
    return (yield from changes_found("input disguise", searches, knows, cost, STAGE, target, budget))


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
