"""The compact editor's network: a small UNet that paints, in any style of a space of styles.

Called by the pipeline in `compact_pipeline.py`, once a denoising step.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.embeddings import Timesteps
from torch import Tensor, nn

RESIDUAL_SCALE = 2.0  # brings edit - source, both in [0, 1], to about unit variance


class StyledNorm(nn.Module):
    """Conditional instance normalisation: the style scales and shifts each channel (arXiv 1610.07629, section 3)."""

    def __init__(self, channels: int, condition_dim: int):
        super().__init__()
        self.affine = nn.Linear(condition_dim, 2 * channels)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Features (N, C, H, W) in the style of a condition (N, D), or of one (1, D) for all of them."""
        scale, shift = self.affine(condition).chunk(2, dim=1)  # (N, C) each
        # a group a channel is instance norm, and several times faster in channels_last
        if len(condition) == 1:
            return F.group_norm(x, x.shape[1], 1 + scale[0], shift[0], eps=1e-3)
        x = F.group_norm(x, x.shape[1], eps=1e-3)
        return torch.addcmul(shift[:, :, None, None], x, 1 + scale[:, :, None, None])


class StyledConv(nn.Module):
    """A convolution whose output channels the style scales and shifts.

    Unlike a norm it keeps the features' own mean and spread, which changes of colour need.
    """

    def __init__(self, inputs: int, outputs: int, side: int, condition_dim: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, padding=side // 2)
        self.affine = nn.Linear(condition_dim, 2 * outputs)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """See `StyledNorm.forward`."""
        scale, shift = self.affine(condition).chunk(2, dim=1)  # (N, C) each
        if len(condition) == 1:  # the same, folded into the weights
            weight = self.conv.weight * (1 + scale[0])[:, None, None, None]
            return F.conv2d(x, weight, self.conv.bias * (1 + scale[0]) + shift[0], padding=self.conv.padding)
        return torch.addcmul(shift[:, :, None, None], self.conv(x), 1 + scale[:, :, None, None])


class PaintLayer(nn.Module):
    """A convolution with conditional instance normalisation."""

    def __init__(self, inputs: int, outputs: int, side: int, condition_dim: int, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)
        self.norm = StyledNorm(outputs, condition_dim)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.norm(self.conv(x), condition)


class ShrinkingLayer(nn.Module):
    """A 3x3 paint layer of stride 2 on two feature maps joined: the same, without the copy of joining them."""

    def __init__(self, inputs: tuple[int, int], outputs: int, condition_dim: int):
        super().__init__()
        self.conv = nn.Conv2d(sum(inputs), outputs, 3, bias=False)
        self.norm = StyledNorm(outputs, condition_dim)
        self.inputs = inputs

    def forward(self, x: Tensor, beside: Tensor, condition: Tensor) -> Tensor:
        """(N, C, H, W) and (N, D, H, W) to (N, outputs, H / 2, W / 2)."""
        kernels = self.conv.weight.split(self.inputs, dim=1)
        first, second = (
            F.conv2d(part, kernel.contiguous(memory_format=torch.channels_last), stride=2, padding=1)
            for part, kernel in zip((x, beside), kernels, strict=True)
        )
        return self.norm(first.add_(second), condition)


# what each tap of a 3x3 kernel reads before upsampling: (phase, tap before, tap after)
PHASES = torch.tensor([[[1.0, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]])


class WideningLayer(PaintLayer):
    """A 3x3 paint layer on features enlarged twice (nearest): the same, computed at the small size.

    A pixel of each 2x2 block has its own kernel (sub-pixel convolution, arXiv 1609.05158), so nothing is enlarged.
    """

    def __init__(self, inputs: int, outputs: int, condition_dim: int):
        super().__init__(inputs, outputs, 3, condition_dim)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(N, C, H, W) to (N, outputs, 2 H, 2 W)."""
        phases = PHASES.to(self.conv.weight)
        kernels = torch.einsum("pai,ocij,qbj->opqcab", phases, self.conv.weight, phases)
        blocks = F.conv2d(x, kernels.flatten(0, 2).contiguous(memory_format=torch.channels_last), padding=1)
        return self.norm(F.pixel_shuffle(blocks, 2), condition)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with conditional instance normalisation."""

    def __init__(self, channels: int, condition_dim: int):
        super().__init__()
        self.first = PaintLayer(channels, channels, 3, condition_dim)
        self.second = PaintLayer(channels, channels, 3, condition_dim)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.second(F.relu_(self.first(x, condition)), condition).add_(x)


class CompactUNet(ModelMixin, ConfigMixin):
    """Predicts the clean residual (edit - source, scaled) from its noisy version, in a given style.

    The painter is a feed-forward style network (arXiv 1603.08155) with skip connections: convolutions down to a quarter
    of the resolution, residual blocks, and up again. The style is a vector that scales and shifts the features of every
    layer, linearly: what lies between two styles is a mix of both. Beside it a small path without norms changes tones
    and colours. As in InstructPix2Pix (arXiv 2211.09800, section 3.2) noise and source enter at the same place.

    Args:
        widths: channels at the image's resolution, at a half and at a quarter of it.
        up_widths: channels on the way up at a half and at the image's resolution.
        tone_width: channels of the path without norms.
        blocks: residual blocks at a quarter of the resolution.
        style_dim: size of the style vector.
        pace_dim: size of the embedding of timestep and scale.
    """

    divisor = 4  # both sides of an image must be multiples of this

    @register_to_config
    def __init__(
        self,
        widths: tuple[int, int, int] = (32, 40, 56),
        up_widths: tuple[int, int] = (32, 12),
        tone_width: int = 12,
        blocks: int = 6,
        style_dim: int = 96,
        pace_dim: int = 48,
    ):
        super().__init__()
        fine, middle, coarse = widths
        up_middle, up_fine = up_widths
        condition_dim = 2 * style_dim + pace_dim
        self.time_features = Timesteps(32, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.pace = nn.Sequential(
            nn.Linear(32 + 3, 64), nn.SiLU(), nn.Linear(64, pace_dim + style_dim)
        )  # how far the denoising is, and how large the picture's strokes are in pixels
        self.stir = nn.Linear(condition_dim, 3)  # how much noise is mixed into the source
        self.paint_in = PaintLayer(3, fine, 9, condition_dim)
        self.tone_in = StyledConv(3 + 3 + 2, tone_width, 3, condition_dim)
        self.shrink_middle = ShrinkingLayer((fine, tone_width), middle, condition_dim)
        self.shrink_coarse = PaintLayer(middle, coarse, 3, condition_dim, stride=2)
        self.trunk = nn.ModuleList(ResidualBlock(coarse, condition_dim) for _ in range(blocks))
        self.widen_middle = WideningLayer(coarse, up_middle, condition_dim)
        self.skip_middle = nn.Conv2d(middle, up_middle, 1)
        self.refine_middle = ResidualBlock(up_middle, condition_dim)
        self.widen_fine = WideningLayer(up_middle, up_fine, condition_dim)
        self.skip_fine = nn.Conv2d(fine, up_fine, 1)
        self.paint_out = PaintLayer(up_fine, 3, 9, condition_dim)
        self.tone_out = StyledConv(tone_width, 3, 3, condition_dim)
        self.colours = nn.Linear(condition_dim, 12)  # a 3x3 matrix and an offset
        for layer in (self.stir, self.skip_middle, self.skip_fine, self.colours):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)
        nn.init.constant_(self.stir.bias, 0.08)

    def forward(
        self, sample: Tensor, source: Tensor, place: Tensor, unit: Tensor, timestep: Tensor, style: Tensor
    ) -> Tensor:
        """One denoising step's prediction.

        Args:
            sample: (N, 3, H, W) noisy residual.
            source: (N, 3, H, W) the image to edit, in [-1, 1].
            place: (2, H, W) or (N, 2, H, W) where a pixel is in its picture, see `picture_place`.
            unit: (N,) or (1,) float, pixels per 1/128 of the picture's short side.
            timestep: (N,) or (1,) int, 0 to 999.
            style: (N, style_dim), or (1, style_dim) for all images, which is faster.

        Returns:
            (N, 3, H, W) the clean residual.
        """
        scale = unit.float().log2()[:, None]
        pace = torch.cat([self.time_features(timestep), scale, scale**2, scale**3], dim=1).to(style.dtype)
        pace, modulation = self.pace(pace).split([self.config.pace_dim, self.config.style_dim], dim=1)
        condition = torch.cat([style, style * modulation, pace.expand(len(style), -1)], dim=1)  # linear in the style

        stirred = torch.addcmul(source, sample, self.stir(condition)[:, :, None, None])
        fine = F.relu_(self.paint_in(stirred.contiguous(memory_format=torch.channels_last), condition))
        inputs = torch.cat([sample, source, place.expand(len(source), -1, -1, -1)], dim=1)
        tones = F.relu_(self.tone_in(inputs.contiguous(memory_format=torch.channels_last), condition))
        middle = F.relu_(self.shrink_middle(fine, tones, condition))
        x = F.relu_(self.shrink_coarse(middle, condition))
        for block in self.trunk:
            x = block(x, condition)
        x = F.relu_(self.widen_middle(x, condition))
        x = self.refine_middle(self.skip_middle(middle).add_(x), condition)
        x = F.relu_(self.widen_fine(x, condition))
        x = self.paint_out(self.skip_fine(fine).add_(x), condition) + self.tone_out(tones, condition)
        matrix, offset = self.colours(condition).split([9, 3], dim=1)
        toned = matrix.view(-1, 3, 3) @ source.flatten(2) + offset[:, :, None]  # (N, 3, HW)
        edit = (x + toned.view_as(source)).sigmoid()
        return RESIDUAL_SCALE * (edit - (source + 1) / 2)


def picture_place(height: int, width: int) -> Tensor:
    """Where each pixel is in its picture: (2, height, width), x and y, 0 at the middle, the short side from -1 to 1."""
    short = min(height, width)
    y = (2 * torch.arange(height) + 1 - height) / short
    x = (2 * torch.arange(width) + 1 - width) / short
    return torch.stack(torch.broadcast_tensors(x[None, :], y[:, None]))
