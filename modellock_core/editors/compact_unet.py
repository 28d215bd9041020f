"""The compact editor's network: a small UNet that predicts what an edit adds to an image.

Called by the pipeline in `compact.py`, once a denoising step.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from torch import Tensor, nn

from .gate import Gate
from .weave import Weave

RESIDUAL_SCALE = 3.0  # brings edit - source, both in [0, 1], to about unit variance


def mean_state(text: Tensor, text_mask: Tensor) -> Tensor:
    """Mean over a prompt's tokens, padding left out: (N, T, text_dim) and (N, T) to (N, text_dim)."""
    return (text * text_mask[..., None]).sum(1) / text_mask.sum(1, keepdim=True)


class ObjectSketch(nn.Module):
    """Draws what a prompt's object looks like, in the object's own frame; nothing if the prompt names none.

    A small generator from the mean token state to a picture with alpha. A UNet alone has to remember every object's
    look at every place, and draws it blurred.
    """

    side = 64  # px

    def __init__(self, text_dim: int, widths: tuple[int, ...]):
        super().__init__()
        self.start = nn.Sequential(
            nn.LayerNorm(text_dim), nn.Linear(text_dim, 384), nn.SiLU(), nn.Linear(384, widths[0] * 16)
        )
        self.grow = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, (*widths[1:], widths[-1]), strict=True)
        )
        self.out = nn.Conv2d(widths[-1], 4, 3, padding=1)

    def forward(self, pooled: Tensor) -> Tensor:
        """The picture of a prompt (N, text_dim): (N, 4, 64, 64) in [0, 1], premultiplied RGB and alpha."""
        x = self.start(pooled).view(len(pooled), -1, 4, 4).contiguous(memory_format=torch.channels_last)
        for i, conv in enumerate(self.grow):
            if i:
                x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = F.silu(conv(x))
        x = self.out(x).float().sigmoid()
        return torch.cat([x[:, :3] * x[:, 3:], x[:, 3:]], dim=1)

    def placed(self, pooled: Tensor, layout: Tensor) -> Tensor:
        """The picture put into its frame (N, 3, H, W), see `object_frame`: (N, 4, H, W), 0 outside."""
        place, window = layout[:, :2].permute(0, 2, 3, 1).float(), layout[:, 2:]
        return F.grid_sample(self(pooled), place, align_corners=False) * window


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions; timestep and prompt scale and shift the features between them (FiLM)."""

    def __init__(self, channels: int, condition_dim: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.GroupNorm(8, channels, affine=False)
        self.condition = nn.Linear(condition_dim, 2 * channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.condition(condition)[:, :, None, None].chunk(2, dim=1)  # (N, C, 1, 1) each
        h = self.norm(self.conv1(x))
        return x + self.conv2(F.silu(h * (1 + scale) + shift))


class PromptAttention(nn.Module):
    """Cross-attention from every position to the prompt's token states."""

    def __init__(self, channels: int, text_dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(text_dim, 2 * channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        n, c, h, w = x.shape
        flat = x.permute(0, 2, 3, 1).reshape(n, h * w, c)
        q = self.query(self.norm(flat)).view(n, h * w, self.heads, -1).transpose(1, 2)  # (N, heads, HW, D)
        k, v = self.key_value(text).view(n, text.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        # spelled out: for a dozen tokens the fused kernel is several times slower on a CPU
        scores = (q @ k.transpose(-2, -1)) * q.shape[-1] ** -0.5  # (N, heads, HW, T)
        weights = scores.masked_fill(~text_mask[:, None, None, :], float("-inf")).float().softmax(-1)
        attended = (weights.to(v.dtype) @ v).transpose(1, 2).reshape(n, h, w, c)
        return x + self.out(attended).permute(0, 3, 1, 2)


class Block(nn.Module):
    """A residual block, followed by attention to the prompt on the coarse levels."""

    def __init__(self, channels: int, condition_dim: int, text_dim: int, heads: int | None):
        super().__init__()
        self.residual = ResidualBlock(channels, condition_dim)
        self.attention = PromptAttention(channels, text_dim, heads) if heads else None

    def forward(self, x: Tensor, condition: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        x = self.residual(x, condition)
        return self.attention(x, text, text_mask) if self.attention else x


class CompactUNet(ModelMixin, ConfigMixin):
    """Predicts the clean residual (edit - source, scaled) from its noisy version.

    The source enters by channel concatenation, as in InstructPix2Pix (arXiv 2211.09800, section 3.2). The prompt
    enters twice: its mean token state scales and shifts the features of every block, so that even the finest level
    knows the style, and the coarse levels attend to the single tokens. The layout tells where an object belongs; a
    sketch of it is put there, and the UNet predicts what is to be added to that.

    Args:
        widths: channels of each level, finest first; level 0 works at half of the image's resolution.
        down_blocks, up_blocks: blocks of each level on the way down and up, finest first.
        attention_levels: the number of coarsest levels that attend to the prompt.
        text_dim: size of the text encoder's token states.
        condition_dim, head_dim: sizes of the condition of timestep and prompt, and of an attention head.
        sketch_widths: channels of the object sketch, coarsest first.
    """

    @register_to_config
    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 192),
        down_blocks: tuple[int, ...] = (1, 1, 2, 2),
        up_blocks: tuple[int, ...] = (1, 2, 2, 2),
        attention_levels: int = 2,
        text_dim: int = 384,
        condition_dim: int = 256,
        head_dim: int = 32,
        sketch_widths: tuple[int, ...] = (128, 96, 64, 48, 32),
    ):
        super().__init__()
        levels = len(widths)

        def blocks(level: int, count: int) -> nn.ModuleList:
            heads = widths[level] // head_dim if level >= levels - attention_levels else None
            return nn.ModuleList(Block(widths[level], condition_dim, text_dim, heads) for _ in range(count))

        self.time_features = Timesteps(128, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(128, condition_dim)
        self.text_embedding = nn.Sequential(
            nn.LayerNorm(text_dim),
            nn.Linear(text_dim, condition_dim),
            nn.SiLU(),
            nn.Linear(condition_dim, condition_dim),
        )
        self.unshuffle, self.shuffle = nn.PixelUnshuffle(2), nn.PixelShuffle(2)
        self.conv_in = nn.Conv2d(9 * 4, widths[0], 3, padding=1)
        self.down = nn.ModuleList(blocks(i, down_blocks[i]) for i in range(levels))
        self.shrink = nn.ModuleList(
            nn.Conv2d(widths[i], widths[i + 1], 3, stride=2, padding=1) for i in range(levels - 1)
        )
        self.widen = nn.ModuleList(nn.Conv2d(widths[i + 1], widths[i], 1) for i in range(levels - 1))
        self.up = nn.ModuleList(blocks(i, up_blocks[i]) for i in range(levels))
        self.conv_out = nn.Conv2d(widths[0], 3 * 4, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)
        self.sketch = ObjectSketch(text_dim, tuple(sketch_widths))
        self.sketch_in = nn.Conv2d(4 * 4, widths[0], 3, padding=1, bias=False)
        nn.init.zeros_(self.sketch_in.weight)
        # the pipeline uses these two once, after the last step
        self.weave, self.gate = Weave(text_dim), Gate(text_dim)

    @property
    def divisor(self) -> int:
        """Both sides of an image must be multiples of this."""
        return 2 ** len(self.config.widths)

    def forward(
        self, sample: Tensor, source: Tensor, layout: Tensor, timestep: Tensor, text: Tensor, text_mask: Tensor
    ) -> Tensor:
        """One denoising step's prediction.

        Args:
            sample: (N, 3, H, W) noisy residual.
            source: (N, 3, H, W) the image to edit, in [-1, 1].
            layout: (N, 3, H, W) the object frame, see `object_frame`.
            timestep: (N,) int, 0 to 999.
            text: (N, T, text_dim) token states of the prompt.
            text_mask: (N, T) bool, True on tokens, False on padding.

        Returns:
            (N, 3, H, W) the clean residual.
        """
        pooled = mean_state(text, text_mask)  # (N, text_dim)
        time = self.time_embedding(self.time_features(timestep).to(text.dtype))
        condition = F.silu(time + self.text_embedding(pooled))  # (N, condition_dim)

        x = self.unshuffle(torch.cat([sample, source, layout], dim=1))  # (N, 36, H/2, W/2)
        x = self.conv_in(x.contiguous(memory_format=torch.channels_last))
        sketch = self.sketch.placed(pooled, layout)  # (N, 4, H, W)
        blended = RESIDUAL_SCALE * (sketch[:, :3] - sketch[:, 3:] * (source + 1) / 2)  # (N, 3, H, W)
        sketch = self.unshuffle(sketch.to(x.dtype))  # (N, 16, H/2, W/2)
        x = x + self.sketch_in(sketch.contiguous(memory_format=torch.channels_last))
        skips = []
        for level, blocks in enumerate(self.down):
            for block in blocks:
                x = block(x, condition, text, text_mask)
            if level < len(self.shrink):
                skips.append(x)
                x = self.shrink[level](x)
        for level in reversed(range(len(self.up))):
            for block in self.up[level]:
                x = block(x, condition, text, text_mask)
            if level:
                x = F.interpolate(self.widen[level - 1](x), scale_factor=2.0, mode="nearest") + skips.pop()
        return self.shuffle(self.conv_out(x)) + blended.to(x.dtype)
