"""Lock Toybox with every recipe, attack each lock, and print how robust the recipes are as a Markdown table.

python -m benchmarks.presets RESULTS.jsonl [--recipes R ...] [--prompts P ...] [--seeds 0 1 2] [--task segmentation]
python -m benchmarks.presets RESULTS.jsonl --table

Every lock is one line of RESULTS; those that are there are not run again, so a stopped run resumes. The
table is of the whole file, and --table prints it without a run. A lock and its attacks take 3 to 6 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import asdict, replace
from pathlib import Path

from modellock_core import RECIPES, Dataset, Key, load_dataset
from modellock_core.data.options import TASKS
from modellock_core.evaluation.attacks import BUDGETS, Target, run_attacks, summary
from modellock_core.evaluation.attacks.cheap_filters import cheap_filters
from modellock_core.evaluation.attacks.few_labels import full_finetune, linear_probe
from modellock_core.evaluation.attacks.outputs import label_permutation, logit_probe
from modellock_core.evaluation.attacks.wrong_keys import wrong_editor, wrong_prompts
from modellock_core.locking.recipe import RECIPE_NAMES

from .locks import PROMPTS, lock_once, percent
from .results import add_lock, read_locks

ATTACKS = (label_permutation, logit_probe, wrong_prompts, wrong_editor, cheap_filters, linear_probe, full_finetune)
BUDGET = replace(BUDGETS["quick"], prompts=None)  # all of the catalogue


def row(dataset: Dataset, prompt: str, recipe: str, seed: int, vanilla: float | None = None) -> dict:
    """One lock: its performances, and of every attack the mean and the highest score."""
    locked = lock_once(dataset, Key.create(prompt), RECIPES[dataset.task][recipe], seed, vanilla=vanilla)
    target, report = Target(locked.model, locked.key, dataset), asdict(locked.report)
    findings = run_attacks(target, BUDGET, ATTACKS).result()
    few = [finding for finding in findings if finding.attack in ("linear probe", "finetune")]
    return {
        **{name: report[name] for name in ("task", "recipe", "seed", "chance")},
        "prompt": prompt,
        **{name: report[f"{name}_performance"] for name in ("unlocked", "locked", "vanilla")},
        "attacks": {name: asdict(figures) for name, figures in summary(findings).items()},
        "gained": {finding.attack: finding.score - finding.reference for finding in few},
    }


def table(rows: list[dict]) -> str:
    """Of every recipe and key prompt the mean over the seeds in %; of a recipe with several keys also that of all."""
    columns = {
        "UP": lambda r: r["unlocked"],
        "LP": lambda r: r["locked"],
        "vanilla": lambda r: r["vanilla"],
        "label permutation": lambda r: r["attacks"]["label permutation"]["max"],
        "logit probe": lambda r: r["attacks"]["logit probe"]["max"],
        "unseen prompts": lambda r: r["attacks"]["wrong prompt"]["mean"],
        "highest": lambda r: r["attacks"]["wrong prompt"]["max"],
        "wrong editor": lambda r: r["attacks"]["wrong editor"]["max"],
        "best filter": lambda r: r["attacks"]["cheap filter"]["max"],
        "probe, above public": lambda r: r["gained"]["linear probe"],
        "finetune, above public": lambda r: r["gained"]["finetune"],
    }
    lines = [f"| recipe | key prompt | locks | {' | '.join(columns)} |", "|---" * (len(columns) + 3) + "|"]
    for recipe in sorted({r["recipe"] for r in rows}):
        of_recipe = [r for r in rows if r["recipe"] == recipe]
        groups = defaultdict(list)
        for r in of_recipe:
            groups[r["prompt"]].append(r)
        if len(groups) > 1:
            groups[f"all {len(groups)} keys"] = of_recipe
        for name, chosen in groups.items():
            cells = [percent([read(r) for r in chosen]) for read in columns.values()]
            lines.append(f"| {recipe} | {name} | {len(chosen)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--recipes", nargs="+", choices=RECIPE_NAMES, default=list(RECIPE_NAMES))
    parser.add_argument("--prompts", nargs="+", default=PROMPTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--task", choices=TASKS, default=TASKS[0], help="the same for all of RESULTS")
    parser.add_argument("--table", action="store_true", help="lock nothing")
    args = parser.parse_args()
    if args.table:
        return print(table(read_locks(args.results)))

    dataset = load_dataset("toybox", task=args.task)
    locks = read_locks(args.results)
    done = {(r["prompt"], r["recipe"], r["seed"]) for r in locks}
    vanilla = {(r["recipe"], r["seed"]): r["vanilla"] for r in locks}  # no matter what the key is
    for seed in args.seeds:
        for prompt in args.prompts:
            for recipe in args.recipes:
                if (prompt, recipe, seed) not in done:
                    new = row(dataset, prompt, recipe, seed, vanilla.get((recipe, seed)))
                    vanilla[recipe, seed] = new["vanilla"]
                    add_lock(args.results, new)
    print(table(read_locks(args.results)))


if __name__ == "__main__":
    main()
