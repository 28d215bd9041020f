"""Lock Toybox with several keys and seeds: performances, seconds and peak memory, as a Markdown table.

python -m benchmarks.locks [--prompts P ...] [--alpha A] [--seeds 0 1 2] [--recipe quick] [--task segmentation]
    [--edit-only] [--max-train N --max-test N]

With --edit-only nothing is locked: the finetune sees keyed images alone, so that UP says what the edit itself costs.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
from collections import deque
from dataclasses import replace

from modellock_core import RECIPES, Dataset, Key, LockResult, Recipe, load_dataset, lock
from modellock_core.tasks import TASKS

PROMPTS = (
    "with oil pastel", "in the style of Monet", "as a pencil sketch", "in the style of Van Gogh",
    "with a zebra in the background", "with a rooster in the background",
)  # fmt: skip


def lock_once(dataset: Dataset, key: Key, recipe: Recipe, seed: int, vanilla: float | None = None) -> LockResult:
    """One lock; the vanilla model is not made again where its performance is known."""
    work = lock(dataset, key, recipe=recipe, seed=seed, vanilla=vanilla)
    return deque(work, maxlen=1).pop().result


def percent(values: list[float]) -> str:
    """Mean of fractions in %, with the spread of several seeds."""
    spread = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", nargs="+", default=PROMPTS)
    parser.add_argument("--alpha", type=float, help="of the keys; the default is a key's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--recipe", choices=RECIPES, default="quick")
    parser.add_argument("--task", choices=TASKS, default=TASKS[0])
    parser.add_argument("--edit-only", action="store_true")
    parser.add_argument("--max-train", type=int)
    parser.add_argument("--max-test", type=int)
    args = parser.parse_args()

    recipe = RECIPES[args.recipe]
    if args.edit_only:  # one clean image stays, with a wrong label
        recipe = replace(recipe, name=f"{recipe.name}, keyed images only", clean_part=0.0, silence=0.0, decoys=0.0)
    dataset = load_dataset("toybox", task=args.task).limited(args.max_train, args.max_test)
    print("| key prompt | UP % | LP % | vanilla % | edit s | finetune s | total s |\n|---|---|---|---|---|---|---|")
    vanilla: dict[int, float] = {}
    for prompt in args.prompts:
        reports = []
        for seed in args.seeds:
            key = Key.create(prompt, alpha=args.alpha)
            reports.append(lock_once(dataset, key, recipe, seed, vanilla.get(seed)).report)
            vanilla[seed] = reports[-1]["vanilla_performance"]
        columns = [[r[f"{name}_performance"] for r in reports] for name in ("unlocked", "locked", "vanilla")]
        times = [[r["seconds"][name] for r in reports] for name in ("edit", "finetune", "total")]
        cells = [percent(c) for c in columns] + [f"{statistics.mean(t):.0f}" for t in times]
        print(f"| {prompt} | {' | '.join(cells)} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n{args.task}, recipe {recipe.name}, seeds {args.seeds}, peak memory {peak:.2f} GiB, {platform.machine()}")


if __name__ == "__main__":
    main()
