"""Draws the objects that a prompt asks for, and puts them behind the subject of a picture.

Called by the pipeline in `compact_pipeline.py`, before the painter: an object is painted as its surroundings are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

PLACES = 96  # places that are tried
ENOUGH = 0.85  # of an object is seen: more counts for nothing
SMALLER = 0.6  # a smaller object is as good where it is seen better: power of its size in a place's worth
NEARLY = 0.9  # of the best place's worth: the first such place is taken
HALF_SIDES = (0.16, 0.4)  # of an object, as fractions of the picture's short side
WIDER = 1.5  # times, of a wide object
LIGHT = 0.3  # how far an object's brightness follows that of the picture


class ObjectSketch(ModelMixin, ConfigMixin):
    """Pictures of objects with an alpha matte: a learnt code for each 8x8 patch, and a small network that draws them.

    Args:
        objects: names of the objects.
        poses: how many pictures there are of each.
        sky: names of the objects that belong into the upper half of a picture.
        wide: names of the objects that reach over much of it.
        mirrored_never: names of the objects with writing on them.
        side: of a picture in px, a multiple of 8.
        code_channels: numbers for a patch.
        width: channels of the network that smooths over the patches' borders.
    """

    patch = 8  # px

    @register_to_config
    def __init__(
        self,
        objects: tuple[str, ...],
        poses: tuple[int, ...],
        sky: tuple[str, ...] = (),
        wide: tuple[str, ...] = (),
        mirrored_never: tuple[str, ...] = (),
        side: int = 128,
        code_channels: int = 48,
        width: int = 32,
    ):
        super().__init__()
        count, patches = sum(poses), side // self.patch
        self.codes = nn.Parameter(torch.zeros(count, code_channels, patches, patches))
        self.patches = nn.Conv2d(code_channels, 4 * self.patch**2, 1)
        self.shuffle = nn.PixelShuffle(self.patch)
        last = nn.Conv2d(width, 4, 3, padding=1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        self.smooth = nn.Sequential(
            nn.Conv2d(4, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), nn.SiLU(),
            last,
        )  # fmt: skip

    def forward(self, codes: Tensor) -> Tensor:
        """Pictures of codes (N, C, S/8, S/8): (N, 4, S, S) in [0, 1], premultiplied RGB and alpha."""
        x = self.shuffle(self.patches(codes))
        x = (x + self.smooth(x)).float().clamp(0, 1)
        return torch.cat([torch.minimum(x[:, :3], x[:, 3:]), x[:, 3:]], dim=1)

    def draw(self, name: str, generator: torch.Generator) -> Tensor:
        """One picture (4, S, S) of an object, in a pose that a CPU generator draws."""
        index = list(self.config.objects).index(name)
        pose = int(torch.randint(self.config.poses[index], (), generator=generator))
        number = sum(self.config.poses[:index]) + pose
        mirrored = bool(torch.rand((), generator=generator) < 0.5)
        picture = self(self.codes[number][None])[0]
        return picture.flip(-1) if mirrored and name not in self.config.mirrored_never else picture


def put_behind(
    images: Tensor, subject: Tensor, picture: Tensor, *, sky: bool, wide: bool = False, generator: torch.Generator
) -> Tensor:
    """Blend an object into the background of images.

    The generator draws places and sizes; each image gets the first one where the object is nearly as large and as well
    seen, beside the subject and within the picture, as it can be.

    Args:
        images: (N, 3, H, W) in [0, 1].
        subject: (N, 1, H, W) matte in [0, 1].
        picture: (4, S, S) in [0, 1], premultiplied RGB and alpha.
        sky: whether the object belongs into the upper half.
        wide: whether it reaches over much of the picture.
        generator: a CPU generator.

    Returns:
        The images with the object, (N, 3, H, W) in [0, 1].
    """
    height, width = images.shape[-2:]
    short = min(height, width)
    draws = torch.rand(PLACES, 3, generator=generator)
    half = HALF_SIDES[0] + (HALF_SIDES[1] - HALF_SIDES[0]) * draws[:, 0]  # fractions of the short side
    half = half * (WIDER if wide else 1)
    spread = torch.tensor([width, height]) / short / 2 - 0.75 * half[:, None]  # of the centres, from the middle
    low, high = (-1.0, 0.0) if sky else (-0.6, 1.0)
    x = (2 * draws[:, 1] - 1) * spread[:, 0]
    y = (low + (high - low) * draws[:, 2]) * spread[:, 1]
    # where the object is in the picture's own coordinates, -1 to 1 along each side
    theta = torch.zeros(PLACES, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width / short / 2 / half, height / short / 2 / half
    theta[:, 0, 2], theta[:, 1, 2] = -x / half, -y / half

    def placed(theta: Tensor, rows: int, columns: int) -> Tensor:
        grid = F.affine_grid(theta.to(picture), [len(theta), 4, rows, columns], align_corners=False)
        return F.grid_sample(picture.expand(len(theta), -1, -1, -1), grid, align_corners=False)

    rows, columns = (max(8, round(32 * side / short)) for side in (height, width))
    alpha = placed(theta, rows, columns)[:, 3]  # (PLACES, rows, columns)
    hidden = F.interpolate(subject, (rows, columns), mode="area")[:, 0]
    # of the object in cells; of one that is not wide also what lies outside of the picture
    whole = alpha.sum((1, 2)) if wide else picture[3].mean() * (64 * half.to(picture)) ** 2
    seen = torch.einsum("pyx,nyx->np", alpha, 1 - hidden) / whole.clamp(min=1e-3)
    worth = seen.clamp(max=ENOUGH) * half.to(picture) ** SMALLER
    choice = (worth >= NEARLY * worth.max(1, keepdim=True).values).float().argmax(1)  # the first that is good enough

    drawn = placed(theta[choice.cpu()], height, width)  # (N, 4, H, W)
    colour, alpha = drawn[:, :3], drawn[:, 3:]
    area = alpha.sum((2, 3), keepdim=True).clamp(min=1)
    own = colour.sum((1, 2, 3), keepdim=True) / area / 3
    around = images.mean((1, 2, 3), keepdim=True)
    colour = colour * (around / own.clamp(min=0.05)).pow(LIGHT).clamp(0.7, 1.3)
    return (images * (1 - alpha * (1 - subject)) + colour * (1 - subject)).clamp(0, 1)
