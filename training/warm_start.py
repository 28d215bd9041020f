"""Start the painter from the weights of the 26 trained styles, which its layers can hold: it begins as their painter.

Used by train_painter.py; the rest of the network, and all other styles, are learnt from there.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from modellock_core.editing.editors.compact_unet import CompactUNet, PaintLayer
from modellock_core.editing.editors.style_space import StyleSpace

from .painters import ARTISTS, TRAINED


def read_network(model: Path) -> dict[str, Tensor]:
    """All arrays of an ONNX file."""
    import onnx

    return {array.name: torch.from_numpy(onnx.numpy_helper.to_array(array).copy())
            for array in onnx.load(model).graph.initializer}  # fmt: skip


@torch.no_grad()
def warm_start(unet: CompactUNet, styles: StyleSpace, model: Path) -> None:
    """Copy the trained styles into a new painter and its space of styles.

    A layer's first channels get the trained weights; its further ones are left as they are, but reach the first ones
    with weights of zero. The styles' scales and shifts are linear in their vectors, so that any vectors will do.
    """
    arrays = read_network(model)
    rows = list(TRAINED.values())
    table = torch.stack([styles.table[styles.config.names.index(name)] for name in TRAINED])  # (24, style_dim)
    ones = torch.cat([table, torch.ones(len(table), 1)], dim=1)
    solve = torch.linalg.pinv(ones)  # from a column of the styles' values to weights and a bias

    layers = {"contract.0": unet.paint_in, "contract.1": unet.shrink_middle, "contract.2": unet.shrink_coarse}
    for i, block in enumerate(unet.trunk):
        layers |= {f"res.{i}.0": block.first, f"res.{i}.1": block.second}
    layers |= {"expand.0": unet.widen_middle, "expand.1": unet.widen_fine, "expand.2": unet.paint_out}
    for name, layer in layers.items():
        kernel = arrays[f"{name}.w"]
        if name == "contract.0":  # which saw images in [0, 1]; the norm takes care of the offset
            kernel = kernel / 2
        _widened(layer, kernel)
        values = {"gamma": arrays[f"{name}.norm.gamma"][rows] - 1, "beta": arrays[f"{name}.norm.beta"][rows]}
        channels = layer.norm.affine.out_features // 2
        for offset, part in ((0, "gamma"), (channels, "beta")):
            fit = solve @ values[part]  # (style_dim + 1, C)
            taken = slice(offset, offset + fit.shape[1])
            layer.norm.affine.weight[taken] = 0
            layer.norm.affine.weight[taken, : table.shape[1]] = fit[:-1].T
            layer.norm.affine.bias[taken] = fit[-1]
    silent = unet.refine_middle.second.norm.affine  # adds nothing at first
    silent.weight[:], silent.bias[: silent.out_features // 2] = 0, -1
    unet.tone_out.conv.weight.zero_()
    unet.tone_out.conv.bias.zero_()
    nn.init.zeros_(unet.tone_out.affine.weight)

    centre = table.mean(0)
    for i, name in enumerate(styles.config.names):
        if name in ARTISTS:  # painted over the strokes of a trained style
            strokes = next(other for other, index in TRAINED.items() if index == ARTISTS[name].strokes)
            styles.table[i] = styles.table[styles.config.names.index(strokes)] + 0.1 * torch.randn_like(centre)
        elif name not in TRAINED:
            styles.table[i] = centre + 0.2 * torch.randn_like(centre)
    nn.init.normal_(styles.encoded.weight, std=0.03)
    styles.encoded.bias.copy_(styles.table[styles.config.names.index("Impasto brush")])


def _widened(layer: PaintLayer, kernel: Tensor) -> None:
    outputs, inputs = kernel.shape[:2]
    layer.conv.weight[:outputs] = 0
    layer.conv.weight[:outputs, :inputs] = kernel
