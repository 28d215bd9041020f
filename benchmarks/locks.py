"""Lock Toybox with several keys and seeds: performances, seconds and peak memory, as a Markdown table.

python -m benchmarks.locks [--prompts P ...] [--alpha A] [--seeds 0 1 2] [--recipe standard] [--task segmentation]
    [--backbone NAME] [--image-size PX] [--no-hand] [--edit-only] [--max-train N --max-test N]

With --edit-only nothing is locked: the finetune sees keyed images alone, so that UP says what the edit itself costs.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import resource
import statistics
from dataclasses import asdict, replace

from modellock_core import RECIPES, Dataset, Key, Lock, Recipe, baseline, load_dataset, lock
from modellock_core.data.options import TASKS
from modellock_core.locking.recipe import DEFAULT_RECIPE, RECIPE_NAMES
from modellock_core.models.backbones import DEFAULT_BACKBONE

PROMPTS = (
    "with oil pastel", "in the style of Monet", "as a pencil sketch", "in the style of Van Gogh",
    "with a zebra in the background", "with a rooster in the background",
)  # fmt: skip


def lock_once(
    dataset: Dataset, key: Key, recipe: Recipe, seed: int, *, backbone: str = DEFAULT_BACKBONE,
    vanilla: float | None = None,
) -> Lock:  # fmt: skip
    """One lock and its baseline; the vanilla model is not made again where its performance is known."""
    locked = lock(dataset, key, recipe=recipe, seed=seed, backbone=backbone).result()
    if vanilla is None:
        vanilla = baseline(dataset, recipe=recipe, seed=seed, backbone=backbone).result()
    return locked.with_baseline(vanilla)


def hand_of(seed: int) -> str:
    """The hand of a benchmark's keys: the same for a seed whenever it runs."""
    return hashlib.sha256(f"benchmark {seed}".encode()).hexdigest()[:32]


def percent(values: list[float]) -> str:
    """Mean of fractions in %, with the spread of several seeds."""
    spread = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", nargs="+", default=PROMPTS)
    parser.add_argument("--alpha", type=float, help="of the keys; the default is a key's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--recipe", choices=RECIPE_NAMES, default=DEFAULT_RECIPE)
    parser.add_argument("--backbone", default=DEFAULT_BACKBONE)
    parser.add_argument("--task", choices=TASKS, default=TASKS[0])
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--no-hand", action="store_true")
    parser.add_argument("--edit-only", action="store_true")
    parser.add_argument("--max-train", type=int)
    parser.add_argument("--max-test", type=int)
    args = parser.parse_args()

    recipe = RECIPES[args.task][args.recipe]
    if args.edit_only:  # one clean image stays, with a wrong label
        recipe = Recipe(
            f"{recipe.name}, keyed images only",
            replace(recipe.mix, clean_fraction=0.0, fewest_clean=0, negatives=0.0),
            replace(recipe.finetune, suppression=0.0),
            recipe.frozen_fraction,
        )
    dataset = load_dataset("toybox", task=args.task, size=args.image_size).limited(args.max_train, args.max_test)
    print("| key prompt | UP % | LP % | vanilla % | edit s | finetune s | total s |\n|---|---|---|---|---|---|---|")
    vanilla: dict[int, float] = {}
    for prompt in args.prompts:
        reports = []
        for seed in args.seeds:
            key = Key.create(prompt, alpha=args.alpha, hand=None if args.no_hand else hand_of(seed))
            known = {"backbone": args.backbone, "vanilla": vanilla.get(seed)}
            reports.append(asdict(lock_once(dataset, key, recipe, seed, **known).report))
            vanilla[seed] = reports[-1]["vanilla_performance"]
        columns = [[r[f"{name}_performance"] for r in reports] for name in ("unlocked", "locked", "vanilla")]
        times = [[r["seconds"][name] for r in reports] for name in ("edit", "finetune", "total")]
        cells = [percent(c) for c in columns] + [f"{statistics.mean(t):.0f}" for t in times]
        print(f"| {prompt} | {' | '.join(cells)} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n{args.task}, recipe {recipe.name}, seeds {args.seeds}, peak memory {peak:.2f} GiB, {platform.machine()}")


if __name__ == "__main__":
    main()
