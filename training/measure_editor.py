"""Measure a compact editor on photographs it was never trained on; prints Markdown tables.

Fidelity to the teachers, structure kept, whether style prompts and paraphrases are told apart, whether inserted objects
are recognised, and what nonsense changes.

PYTHONPATH=. python training/measure_editor.py --photos FOLDER --painter multistyle26.onnx --stamps STAMPS
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
import torch
from phrases import phrasings
from PIL import Image
from render_triples import list_images, random_crop
from teachers import ADJUSTMENTS, CUTOUTS, FILTERS, NEURAL_STYLES, NeuralPainter, apply_filter
from torch import Tensor, nn
from torchmetrics.functional.image import structural_similarity_index_measure as ssim
from train_editor import blend, load_cutouts

from modellock_core.editors import load_editor
from modellock_core.editors.compact import CompactEditPipeline, frame_place
from modellock_core.editors.compact_unet import mean_state
from modellock_core.editors.weave import drawn_signs
from modellock_core.prompts import CATALOGUE, find
from modellock_core.tasks import load_task

SEED = 1024
FAMILIES = {
    "paintings": list(NEURAL_STYLES),
    "filters": [name for name in FILTERS if name not in ADJUSTMENTS],
    "adjustments": sorted(ADJUSTMENTS),
    "objects": list(CUTOUTS),
}
NONSENSE = ["", "florp the wibble", "hjkl asdf", "please keep everything", "12 34 56"]


def photographs(folders: list[Path], count: int, size: int, seed: int) -> Tensor:
    """Random crops (N, 3, size, size) in [0, 1], the photographs in turn."""
    rng, files = random.Random(seed), list_images(folders)
    crops = []
    for i in range(count):
        with Image.open(files[i % len(files)]) as photo:
            crops.append(np.asarray(random_crop(photo.convert("RGB"), size, rng, smallest=0.4)))
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def to_arrays(images: Tensor) -> list[np.ndarray]:
    return list((images.permute(0, 2, 3, 1) * 255).round().byte().numpy())


def drawn_from_seed(height: int, width: int) -> tuple[Tensor, tuple[np.ndarray, float]]:
    """What the pipeline draws from the seed: the weave's signs, and the centre and half side of the object's frame."""
    generator = torch.Generator().manual_seed(SEED)
    signs = drawn_signs(generator)
    centres, half_sides = frame_place(generator, height, width)
    return signs, (centres[0].numpy(), float(half_sides[0]))


class Teachers:
    """What the editor should make of images; the weave is the editor's own, as it has no other teacher."""

    def __init__(self, painter: Path, stamps: Path, pipeline: CompactEditPipeline):
        self.painter, self.cutouts = NeuralPainter(painter, threads=2), load_cutouts(stamps)
        self.pipeline = pipeline

    @torch.inference_mode()
    def __call__(self, name: str, images: Tensor) -> Tensor:
        signs, place = drawn_from_seed(*images.shape[-2:])
        if name in CUTOUTS:
            edits = [blend(x / np.float32(255), self.cutouts[name], *place) for x in to_arrays(images)]
        else:
            teach = apply_filter if name in FILTERS else self.painter
            edits = [teach(name, x) / np.float32(255) for x in to_arrays(images)]
        prompt = mean_state(*self.pipeline.encode_prompt(find(name).prompt))
        weave = self.pipeline.unet.weave(prompt, signs, images)
        return (torch.from_numpy(np.stack(edits)).permute(0, 3, 1, 2) + weave).clamp(0, 1)


def psnr(a: Tensor, b: Tensor) -> float:
    """Mean over the images of the PSNR in dB."""
    return float((-10 * (a - b).square().mean((1, 2, 3)).log10()).mean())


def luma(images: Tensor) -> Tensor:
    return (images * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)


class Features:
    """What a classifier of edits looks at, (N, D).

    Pooled features of the bundled backbone, and what style is measured by in the field (arXiv 1703.06868): means and
    spreads of the channels of the image and of the backbone's first stages.
    """

    def __init__(self):
        self.task = load_task("classification", ("a", "b"))
        self.stages = self.task.stages(self.task.build())[:-1]

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        rows = []
        for x in images.split(32):
            x = self.task.normalise(x)
            looks = [x.mean((2, 3)), x.std((2, 3))]
            for depth, stage in enumerate(self.stages):
                x = stage(x)
                if depth < 4:
                    looks += [x.mean((2, 3)), x.std((2, 3))]
            rows.append(torch.cat([x, *looks], 1))
        return torch.cat(rows)


def fit_linear(features: Tensor, labels: Tensor, classes: int) -> nn.Module:
    """Logistic regression on standardised features, by L-BFGS."""
    standardise = nn.BatchNorm1d(features.shape[1], affine=False, momentum=None)
    features = standardise(features.clone())
    layer = nn.Linear(features.shape[1], classes)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=100)

    def objective():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(layer(features), labels) + 1e-3 * layer.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(objective)
    return nn.Sequential(standardise, layer).eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="photographs no editor was trained on")
    parser.add_argument("--painter", type=Path, required=True)
    parser.add_argument("--stamps", type=Path, required=True)
    parser.add_argument("--editor", default="compact")
    parser.add_argument("--count", type=int, default=24, help="crops of the photographs")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    editor, features = load_editor(args.editor), Features()
    teachers = Teachers(args.painter, args.stamps, editor.pipeline)
    source = photographs(args.photos, args.count, args.size, args.seed)

    def edit(prompt: str, steps: int = 1, images: Tensor = source, seed: int = SEED) -> Tensor:
        return editor.edit(images, prompt, steps=steps, guidance=1.0, image_guidance=1.0, seed=seed)

    print("| family | steps | PSNR to the teacher, dB | SSIM | luma SSIM with the source | the teacher's |")
    print("|---|---|---|---|---|---|")
    one_step = {}
    for family, names in FAMILIES.items():
        taught = {name: teachers(name, source) for name in names}
        for steps in (1, 2, 4):
            rows = []
            for name in names:
                edited = edit(find(name).prompt, steps)
                if steps == 1:
                    one_step[name] = edited
                kept, kept_by_teacher = (
                    float(ssim(luma(x), luma(source), data_range=1.0)) for x in (edited, taught[name])
                )
                similarity = float(ssim(edited, taught[name], data_range=1.0))
                rows.append((psnr(edited, taught[name]), similarity, kept, kept_by_teacher))
            means = np.mean(rows, axis=0)
            print(
                f"| {family} | {steps} | {means[0]:.1f} | " + " | ".join(f"{m:.2f}" for m in means[1:]) + " |",
                flush=True,
            )

    # one half of the photographs trains a classifier of the style prompts, the other half tests it
    styles = [name for family in ("paintings", "filters", "adjustments") for name in FAMILIES[family]]
    half = args.count // 2
    rows = {name: features(one_step[name]) for name in styles}
    labels = torch.arange(len(styles)).repeat_interleave(half)
    classifier = fit_linear(torch.cat([rows[name][:half] for name in styles]), labels, len(styles))
    with torch.inference_mode():
        right = (classifier(torch.cat([rows[name][half:] for name in styles])).argmax(1)
                 == torch.arange(len(styles)).repeat_interleave(args.count - half))  # fmt: skip
        print(f"\nstyle prompts told apart: {right.float().mean():.1%} of {len(styles)} styles")
        rng, landed = random.Random(args.seed), []
        for i, name in enumerate(styles):
            for phrase in rng.sample(phrasings(find(name))[1:], 3):
                landed.append(
                    (classifier(features(edit(phrase, images=source[half : half + 6]))).argmax(1) == i).float()
                )
        print(f"paraphrases that land on their style: {torch.cat(landed).mean():.1%} (3 trained phrasings a style)")
        for phrase, name in (("Claude Monet painting", "Monet"), ("monet style", "Monet"),
                             ("like Monet's water lilies", "Monet")):  # fmt: skip
            hit = (classifier(features(edit(phrase))).argmax(1) == styles.index(name)).float().mean()
            print(f"  {phrase!r}: {hit:.0%}")
        for phrase in NONSENSE:
            print(f"  {phrase!r} changes {255 * (edit(phrase) - source).abs().mean():.1f} grey levels")

    # real cut-outs train a classifier of objects, the editor's test it; both are seen through the object's frame
    names = list(CUTOUTS)
    backgrounds = photographs(args.photos, 2 * args.count, args.size, args.seed + 1)

    def through_frame(images: Tensor) -> Tensor:
        _, (centre, half_side) = drawn_from_seed(args.size, args.size)
        low, high = (np.clip(np.round(centre + side), 0, args.size).astype(int) for side in (-half_side, half_side))
        window = images[..., low[1] : high[1], low[0] : high[0]]
        return nn.functional.interpolate(window, size=(128, 128), mode="bicubic").clamp(0, 1)

    real = torch.cat([features(through_frame(teachers(name, backgrounds))) for name in names])
    classifier = fit_linear(real, torch.arange(len(names)).repeat_interleave(len(backgrounds)), len(names))
    with torch.inference_mode():
        hits = {}
        for i, name in enumerate(names):
            top = classifier(features(through_frame(one_step[name]))).topk(3).indices
            hits[name] = float((top == i).any(1).float().mean())
    print(f"\nobjects in the top 3 of {len(names)}: {np.mean(list(hits.values())):.1%}")
    print("  least: " + ", ".join(f"{n} {v:.0%}" for n, v in sorted(hits.items(), key=lambda item: item[1])[:10]))
    print(f"\n{args.editor}, {args.size} px, {args.count} crops, {len(CATALOGUE)} catalogue entries, seed {args.seed}")


if __name__ == "__main__":
    main()
