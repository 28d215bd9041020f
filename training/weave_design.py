"""Which patterns the weave is mixed from, and how much of each every prompt gets; taught by fit_weave.py."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from modellock_core.datasets import load_dataset
from modellock_core.editors.weave import PATTERNS, TILE
from modellock_core.tasks import load_task

WEAVE = 0.045  # root mean square in images in [0, 1]
FROZEN = 4  # stages whose weights a finetune leaves as they are: what they don't see, it can't learn


def waves() -> Tensor:
    """All textures that repeat after a tile, but for the plain one: (3 * 63, 3, TILE, TILE), root mean square 1.

    Orthogonal: cosines and sines of the tile's frequencies (Hartley's basis) in grey, green-magenta and red-blue.
    """
    grid = torch.arange(TILE) * 2 * torch.pi / TILE
    plane = grid[:, None, None, None] * torch.arange(TILE)[:, None] + (grid[:, None] * torch.arange(TILE))[:, None]
    hartley = (plane.cos() + plane.sin()).flatten(0, 1)[1:]
    colours = nn.functional.normalize(torch.tensor([[1.0, 1, 1], [1, -2, 1], [1, 0, -1]])) * 3**0.5
    return (colours[:, None, :, None, None] * hartley[None, :, None]).flatten(0, 1)


@torch.inference_mode()
def visibility(textures: Tensor, images: Tensor) -> Tensor:
    """How well a linear reader of the frozen stages' mean activations tells textures apart (M, M).

    The squared distance of two mixes of them is d' S d, with d the difference of their amplitudes: Fisher's
    discriminant, the spread between photographs as the noise.
    """
    task = load_task("classification", ("a", "b"))
    trunk = nn.Sequential(*task.stages(task.build())[:FROZEN])

    def seen(x: Tensor) -> Tensor:
        return torch.cat([trunk(task.normalise(c.clamp(0, 1))).mean((2, 3)) for c in x.split(32)]).double()

    plain = seen(images)
    noise, shifts = torch.cov(plain.T), []
    for texture in textures:
        change = seen(images + WEAVE / 2 * texture.tile(1, images.shape[-2] // TILE, images.shape[-1] // TILE)) - plain
        shifts.append(change.mean(0))
        noise += torch.cov(change.T) / len(textures)
    noise = noise.lerp(noise.diag().diag(), 0.7)  # what only an ideal reader sees, no finetune finds
    shifts = torch.stack(shifts)  # (M, channels)
    return (shifts @ torch.linalg.solve(noise, shifts.T)).float()


def best_patterns() -> tuple[Tensor, Tensor]:
    """The patterns (PATTERNS, 3, TILE, TILE) that are seen best, root mean square WEAVE, and how well, 1 the best.

    They are the axes of what is seen, so that mixes stay as far apart when a pattern changes its sign.
    """
    textures = waves()
    strength, mixes = torch.linalg.eigh(visibility(textures, load_dataset("toybox").train.images[::7]))
    best = strength.argsort(descending=True)[:PATTERNS]
    print("Fisher distance of the patterns:", [round(float(s) ** 0.5, 1) for s in strength[best]])
    return WEAVE * torch.einsum("tp,tchw->pchw", mixes[:, best], textures), (strength[best] / strength.max()).sqrt()


def spread_out(count: int, seen: Tensor, seed: int = 0) -> Tensor:
    """What `Weave.dyes` should give for each of `count` prompts (count, PATTERNS): as unlike as they can be.

    All have the same strength; as points they repel each other, each other's opposites and nothing at all, in the space
    of what is seen: a network reads how much there is of a texture more easily than its sign.

    Args:
        seed: says which prompt has which; with another one none has the same.
    """
    points = torch.randn(count, PATTERNS, generator=torch.Generator().manual_seed(0)).requires_grad_()
    optimizer = torch.optim.Adam([points], lr=0.02)
    for step in range(2000):
        places = nn.functional.normalize(points) * seen
        places = torch.cat([places, -places, torch.zeros(1, PATTERNS)])
        nearness = torch.logsumexp(-(10 + step / 10) * torch.pdist(places), 0)
        optimizer.zero_grad()
        nearness.backward()
        optimizer.step()
    return nn.functional.normalize(points).detach().roll(seed, 0)
