"""Train the compact editor on the pairs of render_triples.py and on cut-outs pasted while it trains.

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
from accelerate import Accelerator
from PIL import Image
from prompt_table import PromptTable
from teachers import CUTOUTS, FILTERS, NEURAL_STYLES
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from modellock_core.editors.compact import edit_scheduler, object_frame
from modellock_core.editors.compact_unet import RESIDUAL_SCALE, CompactUNet, ObjectSketch, mean_state

# compact-b is another network, smaller, for "right prompt, wrong editor"
NETWORKS = {
    "compact": {},
    "compact-b": {
        "widths": (24, 40, 80, 112), "down_blocks": (1, 1, 1, 2), "up_blocks": (1, 1, 2, 1), "condition_dim": 160,
        "head_dim": 16, "sketch_widths": (48, 48, 40, 32, 24),
    },
}  # fmt: skip
HELD_OUT = 200  # the last sources are never trained on
CROPS = {64: 0.35, 96: 0.75, 128: 1.0}  # px -> until which part of the time; small crops show more images an hour


def load_cutouts(stamps: Path, side: int = 96) -> dict[str, np.ndarray]:
    """Each object's cut-out, centred in a transparent square: (side, side, 4) float32, premultiplied alpha."""
    cutouts = {}
    for name, path in CUTOUTS.items():
        image = Image.open(stamps / f"{path}.png").convert("RGBA")
        image = image.crop(image.getbbox())
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        if max(image.size) < side:
            image = image.resize([round(s * side / max(image.size)) for s in image.size], Image.Resampling.LANCZOS)
        square = Image.new("RGBA", (side, side))
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        rgba = np.asarray(square, np.float32) / 255
        rgba[..., :3] *= rgba[..., 3:]
        cutouts[name] = rgba
    return cutouts


def blend(source: np.ndarray, cutout: np.ndarray, centre: np.ndarray, half: float) -> np.ndarray:
    """Paste a premultiplied square cut-out (S, S, 4) over an image (H, W, 3), both in [0, 1]."""
    scale = 2 * half / cutout.shape[0]
    matrix = np.array([[scale, 0, centre[0] - half], [0, scale, centre[1] - half]], np.float32)
    small = cv2.warpAffine(cutout, matrix, source.shape[1::-1], flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return source * (1 - small[..., 3:]) + small[..., :3]


class Triples(IterableDataset):
    """Endless batches (source, edit, centre, half side, phrasing) of square crops."""

    def __init__(self, folder: Path, stamps: Path, prompts: PromptTable, crop: int, batch: int, seed: int,
                 styles: float, nothing: float):  # fmt: skip
        self.folder, self.stamps, self.prompts = folder, stamps, prompts
        self.styles, self.nothing = styles, nothing
        self.crop, self.batch, self.seed = crop, batch, seed

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rng = random.Random(self.seed)
        sources = np.load(self.folder / "sources.npy", mmap_mode="r")
        edits = np.load(self.folder / "edits.npy", mmap_mode="r")
        pairs: dict[str, list[tuple[int, int]]] = {}
        for i, (source, name) in enumerate(json.loads((self.folder / "pairs.json").read_text())):
            if source < len(sources) - HELD_OUT:
                pairs.setdefault(name, []).append((i, source))
        cutouts = load_cutouts(self.stamps)
        styles = list(NEURAL_STYLES) * 2 + list(FILTERS)  # the painters are the harder ones
        while True:
            rows = [self.triple(rng, sources, edits, pairs, styles, cutouts) for _ in range(self.batch)]
            yield tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))

    def triple(self, rng, sources, edits, pairs, styles, cutouts):
        crop, draw = self.crop, rng.random()
        half = np.float32(rng.uniform(20, 44))
        centre = np.array([rng.uniform(0.6 * half, max(0.6 * half + 1, crop - 0.6 * half)) for _ in "xy"], np.float32)
        edit = thing = None
        if draw < self.styles:
            name = rng.choice(styles)
            i, source = rng.choice(pairs[name])
            edit = edits[i]
            if draw < 0.06:
                thing = rng.choice(list(cutouts))
                name = f"{name} + {thing}"
        else:
            thing = rng.choice(list(cutouts)) if draw < 1 - self.nothing else None
            name = thing or ""
            source = rng.randrange(len(sources) - HELD_OUT)
        y, x = (rng.randint(0, sources.shape[1] - crop) for _ in "yx")
        window = np.s_[y : y + crop, x : x + crop]
        flip = np.s_[:, :: rng.choice((1, -1))]
        before = sources[source][window][flip].astype(np.float32) / 255
        after = before if edit is None else edit[window][flip].astype(np.float32) / 255
        if thing:
            after = blend(after, cutouts[thing], centre, half)
        return before.transpose(2, 0, 1), after.transpose(2, 0, 1), centre, half, self.prompts.draw(name, rng)


def fit_sketch(
    sketch: ObjectSketch, prompts: PromptTable, cutouts: dict[str, np.ndarray], minutes: float, device
) -> None:
    """Teach the sketch every object's cut-out, and nothing for the other prompts, before the UNet is trained."""
    pictures = torch.zeros(len(cutouts) + 1, 4, sketch.side, sketch.side)  # the last one is empty
    for i, cutout in enumerate(cutouts.values()):
        small = cv2.resize(cutout, (sketch.side, sketch.side), interpolation=cv2.INTER_AREA)
        pictures[i] = torch.from_numpy(small).permute(2, 0, 1)
    number = {name: i for i, name in enumerate(cutouts)}
    rows = [(prompts.index[text], number.get(name.split(" + ")[-1], len(cutouts)))
            for name, texts in prompts.of.items() for text in texts]  # fmt: skip
    phrases, wanted = (torch.tensor(column) for column in zip(*rows, strict=True))
    weights = 1 / wanted.bincount()[wanted]  # every object as often, and the empty one
    weights[wanted == len(cutouts)] *= 12
    pooled = mean_state(prompts.states, prompts.mask)  # (P, text_dim)
    optimizer = torch.optim.AdamW(sketch.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=1e-4)
    begun, step = time.monotonic(), 0
    while (done := (time.monotonic() - begun) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * done))
        drawn = torch.multinomial(weights, 64, replacement=True)
        error = sketch(pooled[phrases[drawn]].to(device)) - pictures[wanted[drawn]].to(device)
        loss = error.abs().mean() + 2 * error.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"sketch: {60 * minutes * done:.0f} s, step {step}, loss {loss.item():.4f}", flush=True)


def edit_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared and absolute error of the residual, and of its gradients: strokes are edges."""
    error = predicted - target
    dx, dy = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
    return error.square().mean() + error.abs().mean() + dx.abs().mean() + dy.abs().mean()


def draw_timesteps(n: int, steps: int) -> Tensor:
    """Mostly pure noise, where one- and two-step sampling starts; the rest uniform."""
    uniform = torch.randint(0, steps, (n,))
    return torch.where(torch.rand(n) < 0.6, steps - 1, uniform)


@torch.inference_mode()
def held_out_psnr(unet: nn.Module, folder: Path, prompts: PromptTable, device, count: int = 96) -> float:
    """Mean PSNR in dB of one-step edits against the teacher, on held-out sources."""
    sources, edits = (np.load(folder / f"{f}.npy", mmap_mode="r") for f in ("sources", "edits"))
    pairs = json.loads((folder / "pairs.json").read_text())
    held = [(i, s, n) for i, (s, n) in enumerate(pairs) if s >= len(sources) - HELD_OUT][:count]
    generator = torch.Generator().manual_seed(0)
    errors = []
    for chunk in (held[i : i + 16] for i in range(0, len(held), 16)):
        crop = np.s_[8:136, 8:136]
        x = torch.from_numpy(np.stack([sources[s][crop] for _, s, _ in chunk]) / np.float32(255)).permute(0, 3, 1, 2)
        y = torch.from_numpy(np.stack([edits[i][crop] for i, _, _ in chunk]) / np.float32(255)).permute(0, 3, 1, 2)
        rows = torch.tensor([prompts.index[prompts.of[n][0]] for *_, n in chunk])
        n = len(chunk)
        layout = object_frame(torch.full((n, 2), 90.0), torch.full((n,), 34.0), 128, 128)
        noise = torch.randn(1, 3, 128, 128, generator=generator).expand(n, -1, -1, -1)
        inputs = (noise, x * 2 - 1, layout, torch.full((n,), 999), prompts.states[rows], prompts.mask[rows])
        residual = unet(*(v.to(device) for v in inputs)).float().cpu()
        errors.append(((x + residual / RESIDUAL_SCALE).clamp(0, 1) - y).square().mean((1, 2, 3)))
    return float((-10 * torch.cat(errors).log10()).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triples", type=Path, required=True, help="folder written by render_triples.py")
    parser.add_argument("--stamps", type=Path, required=True, help="stamps folder of tuxpaint-stamps-default")
    parser.add_argument("--text-encoder", type=Path, default=Path("assets/text_encoder"))
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and the loss curve")
    parser.add_argument("--network", choices=NETWORKS, default="compact", help="written to assets/editors/NETWORK")
    parser.add_argument("--minutes", type=float, default=75, help="time to train, over all resumed runs")
    parser.add_argument("--batch", type=int, default=10, help="images a step at 128 px; more of smaller crops")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--sketch-minutes", type=float, default=4, help="time to teach the object sketch, at the start")
    parser.add_argument("--styles", type=float, default=0.58, help="part of the samples that restyle the image")
    parser.add_argument("--nothing", type=float, default=0.07, help="part of the samples whose prompt asks for nothing")
    parser.add_argument(
        "--start", type=Path, help="unet/ folder of a trained editor to go on from, instead of from nothing"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    accelerator = Accelerator(mixed_precision="bf16")
    prompts = PromptTable(args.text_encoder)
    unet, scheduler = CompactUNet(**NETWORKS[args.network]), edit_scheduler()
    if args.start:
        unet = CompactUNet.from_pretrained(args.start, torch_dtype=torch.float32)
    out = Path("assets/editors") / args.network
    optimizer = torch.optim.AdamW(unet.parameters(), lr=args.lr, betas=(0.9, 0.98), weight_decay=1e-3)
    unet, optimizer = accelerator.prepare(unet.to(memory_format=torch.channels_last), optimizer)
    ema = AveragedModel(accelerator.unwrap_model(unet, keep_fp32_wrapper=False),
                        multi_avg_fn=get_ema_multi_avg_fn(0.998))  # fmt: skip
    accelerator.register_for_checkpointing(ema)
    states, masks = prompts.states.to(accelerator.device), prompts.mask.to(accelerator.device)

    args.work.mkdir(parents=True, exist_ok=True)
    curve_file, checkpoint = args.work / "curve.json", args.work / "checkpoint"
    curve = json.loads(curve_file.read_text()) if curve_file.exists() else []
    minutes, step = (curve[-1]["minutes"], curve[-1]["step"]) if curve else (0.0, 0)
    if curve:
        accelerator.load_state(checkpoint)
    elif not args.start:
        sketch = accelerator.unwrap_model(unet, keep_fp32_wrapper=False).sketch
        fit_sketch(sketch, prompts, load_cutouts(args.stamps), args.sketch_minutes, accelerator.device)

    def save(loss: float) -> None:
        psnr = held_out_psnr(ema.module, args.triples, prompts, accelerator.device)
        curve.append({"minutes": round(minutes, 2), "step": step, "loss": round(loss, 4), "psnr": round(psnr, 3)})
        print(curve[-1], flush=True)
        accelerator.save_state(checkpoint)
        curve_file.write_text(json.dumps(curve))
        copy.deepcopy(ema.module).half().save_pretrained(out / "unet")
        scheduler.save_pretrained(out / "scheduler")

    start, saved, total, losses = time.monotonic() - 60 * minutes, minutes, args.minutes, []
    for crop, part in CROPS.items():
        until = total * part
        if minutes >= until:
            continue
        batch = round(args.batch * (128 / crop) ** 2)
        triples = Triples(args.triples, args.stamps, prompts, crop, batch, args.seed + step, args.styles, args.nothing)
        loader = DataLoader(triples, batch_size=None, num_workers=1, prefetch_factor=4)
        for before, after, centre, half, row in loader:
            done = min(1, minutes / total)
            lr = args.lr * min(1, (step + 1) / 300) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * done)))
            for group in optimizer.param_groups:
                group["lr"] = lr
            layout = object_frame(centre, half, crop, crop)
            target = (after - before) * RESIDUAL_SCALE
            timestep = draw_timesteps(len(before), scheduler.config.num_train_timesteps)
            noisy = scheduler.add_noise(target, torch.randn_like(target), timestep)
            inputs = (v.to(accelerator.device) for v in (noisy, before * 2 - 1, layout, timestep))
            predicted = unet(*inputs, states[row], masks[row])
            loss = edit_loss(predicted.float(), target.to(accelerator.device))
            optimizer.zero_grad()
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(unet.parameters(), 1.0)
            optimizer.step()
            ema.update_parameters(accelerator.unwrap_model(unet, keep_fp32_wrapper=False))
            step += 1
            losses.append(loss.item())
            minutes = (time.monotonic() - start) / 60
            if step % 50 == 0:
                print(f"{minutes:.1f} min, step {step}, loss {np.mean(losses[-50:]):.4f}", flush=True)
            if minutes >= until or minutes - saved >= 5:
                saved = minutes
                save(float(np.mean(losses[-200:])))
            if minutes >= until:
                break


if __name__ == "__main__":
    main()
