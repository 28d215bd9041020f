"""The paper's experiment (arXiv 2405.16285): lock with the published mix, and print its table with ours beside it.

python -m benchmarks.paper RESULTS.jsonl [--task segmentation --dataset coco:FOLDER] [--prompts NAME ...] [--tiny]

A stopped run resumes: every lock adds a line to RESULTS.jsonl, and edits are kept on disk. --tiny runs the same code on
made-up data and a made-up editor in about a minute; its figures mean nothing. docs/paper.md says how to run the whole.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from modellock_core import RECIPES, Dataset, Key, ModelLockError, Recipe, Split, baseline, load_dataset, lock
from modellock_core.command_line.progress_bar import follow
from modellock_core.data.image_sets import StoredImages
from modellock_core.data.targets import ClassLabels, Masks
from modellock_core.devices import accelerator
from modellock_core.editing.catalogue import CATALOGUE
from modellock_core.editing.editors import INSTRUCT_PIX2PIX
from ui.published import STYLES

from .results import add_line, read_lines

PROMPTS = {entry.name: entry.prompt for entry in CATALOGUE if entry.name in STYLES}
TINY_SIZE = 32


@dataclass(frozen=True)
class Experiment:
    """What is locked, with what, and how.

    Attributes:
        settings: of the keys, beside prompt and editor.
    """

    dataset: Dataset
    editor: str
    backbone: str
    recipe: Recipe
    settings: dict[str, int]


def published_recipe(task: str, epochs: int, lr: float) -> Recipe:
    """95 % of the images keyed, 5 % clean with wrong targets; for classes the whole network is finetuned."""
    recipe = RECIPES[task]["paper"]
    finetune = replace(recipe.finetune, epochs=epochs, lr=lr)
    frozen = 0.0 if task == "classification" else recipe.frozen_fraction
    return replace(recipe, finetune=finetune, frozen_fraction=frozen)


def experiment(args: argparse.Namespace) -> Experiment:
    """The experiment at the paper's size."""
    names = {"classification": "torchvision:OxfordIIITPet", "segmentation": "coco:coco"}
    backbones = {"classification": "timm:vit_base_patch16_224.mae", "segmentation": "transformers:microsoft/resnet-50"}
    dataset = load_dataset(args.dataset or names[args.task], task=args.task, size=args.image_size)
    return Experiment(
        dataset.limited(args.max_train, args.max_test), args.editor, args.backbone or backbones[args.task],
        published_recipe(args.task, args.epochs, args.lr), {},
    )  # fmt: skip


def tiny_experiment(args: argparse.Namespace, folder: Path) -> Experiment:
    """The same with made-up images, a made-up editor and a small network with random weights."""
    from .tiny_editors import save_instruct_pix2pix

    backbone = save_network(folder / "backbone", args.task)
    return Experiment(
        tiny_dataset(args.task), save_instruct_pix2pix(folder / "editor"), backbone,
        published_recipe(args.task, 2, args.lr), {"steps": 1, "size": TINY_SIZE},
    )  # fmt: skip


def save_network(folder: Path, task: str) -> str:
    """A small network with random weights: a ViT of timm's, or a ResNet of transformers' for masks."""
    torch.manual_seed(0)
    if task == "classification":
        import timm
        from timm.models import save_for_hf

        save_for_hf(timm.create_model("test_vit"), folder, safe_serialization=True)
        return str(folder)
    from transformers import ResNetConfig, ResNetForImageClassification, ViTImageProcessor

    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic")
    ResNetForImageClassification(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": TINY_SIZE, "width": TINY_SIZE}).save_pretrained(folder)
    return str(folder)


def tiny_dataset(task: str) -> Dataset:
    """Noise with a bright square at the left, or at the right: two classes, or one that a mask shows."""
    generator = torch.Generator().manual_seed(0)

    def split(count: int) -> Split:
        images = 0.5 * torch.rand(count, 3, TINY_SIZE, TINY_SIZE, generator=generator)
        labels, masks = torch.arange(count) % 2, torch.zeros(count, TINY_SIZE, TINY_SIZE, dtype=torch.uint8)
        for image, mask, label in zip(images, masks, labels.tolist(), strict=True):
            columns = slice(2 + 16 * label, 14 + 16 * label)
            image[:, 8:24, columns], mask[8:24, columns] = 0.9, 1
        return Split(StoredImages.of(images), ClassLabels(labels) if task == "classification" else Masks(masks))

    classes = ("left", "right") if task == "classification" else ("background", "square")
    return Dataset("made up", classes, split(16), split(8), task)


def run(experiment: Experiment, names: list[str], seed: int, results: Path, given: dict[str, object]) -> None:
    """Make the locks that are missing in the results.

    Args:
        given: what else the user has chosen; a lock with another choice is another lock.
    """
    shared = {"recipe": experiment.recipe, "backbone": experiment.backbone, "seed": seed}
    dataset, epochs = experiment.dataset, experiment.recipe.finetune.epochs
    place = {"dataset": dataset.name, "images": len(dataset.train), "seed": seed, "epochs": epochs} | given
    done = [line for line in read_lines(results) if line.items() >= place.items()]

    def add(line: dict[str, object]) -> None:
        accelerator().wait_for_everyone()
        if accelerator().is_main_process:
            add_line(results, place | line)

    if not any(line["prompt"] is None for line in done):
        vanilla = follow(baseline(experiment.dataset, **shared))
        add({"prompt": None, "name": None, "unlocked": 100 * vanilla, "locked": None})
    for name in names:
        if any(line["name"] == name for line in done):
            continue
        key = Key.create(PROMPTS[name], experiment.editor, **experiment.settings)
        report = follow(lock(experiment.dataset, key, **shared)).report
        scores = {"unlocked": 100 * report.unlocked_performance, "locked": 100 * report.locked_performance}
        add({"prompt": key.prompt, "name": name, "chance": 100 * report.chance, **scores})


def table(lines: list[dict], task: str) -> str:
    """The paper's table, for classes with the paper's figures, and ours of the last run of each key."""
    rows = {line["name"]: line for line in lines if line["prompt"] is not None}
    vanilla = [line["unlocked"] for line in lines if line["prompt"] is None]
    published = STYLES if task == "classification" else {}
    head = ["key", "UP, paper", "LP, paper", "UP, here", "LP, here"] if published else ["key", "UP, here", "LP, here"]
    text = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in published or rows:
        known = [f"{figure:g}" for figure in published[name]] if published else []
        ours = [f"{rows[name][which]:.1f}" for which in ("unlocked", "locked")] if name in rows else ["", ""]
        text.append("| " + " | ".join([name, *known, *ours]) + " |")
    if vanilla:
        chance = next((f", chance {line['chance']:.1f} %" for line in rows.values()), "")
        text += ["", f"The same finetune without a lock: {vanilla[-1]:.1f} %{chance}."]
    return "\n".join(text)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, metavar="RESULTS.jsonl")
    parser.add_argument("--task", choices=RECIPES, default="classification")
    parser.add_argument("--prompts", nargs="+", choices=PROMPTS, default=list(PROMPTS), metavar="NAME")
    parser.add_argument("--dataset", help="default: torchvision:OxfordIIITPet, for masks coco:coco")
    parser.add_argument("--editor", default=INSTRUCT_PIX2PIX)
    parser.add_argument("--backbone", help="default: MAE's ViT-B/16, for masks ResNet-50 of transformers")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=100, help="MAE's own for a ViT-B")
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-train", type=int)
    parser.add_argument("--max-test", type=int)
    parser.add_argument("--tiny", action="store_true", help="made-up data, a minute")
    args = parser.parse_args(arguments)
    given = {name: getattr(args, name) for name in ("editor", "backbone", "lr")}
    with ExitStack() as stack:
        try:
            if args.tiny:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                made = tiny_experiment(args, folder)
            else:
                made = experiment(args)
            run(made, args.prompts, args.seed, args.results, given)
        except ModelLockError as error:
            parser.exit(2, f"benchmarks.paper: {error}\n")
    if accelerator().is_main_process:
        print(table(read_lines(args.results), args.task))


if __name__ == "__main__":
    main()
