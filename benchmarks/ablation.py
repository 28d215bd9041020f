"""What each part of a recipe does: locks with one part changed at a time, as a Markdown table.

python -m benchmarks.ablation RESULTS.jsonl [--prompt P] [--seed 0] [--variants V ...] [--table]

Every lock is one line of RESULTS; those that are there are not made again, so a stopped run resumes.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean

from modellock_core import RECIPES, Key, Recipe, load_dataset, lock
from modellock_core.evaluation.attacks import BUDGETS, Target, run_attacks
from modellock_core.locking.recipe import DEFAULT_RECIPE

from .locks import hand_of
from .results import add_line, read_lines

STANDARD = RECIPES["classification"][DEFAULT_RECIPE]


def _changed(*, mix: dict | None = None, finetune: dict | None = None, **rest: object) -> Recipe:
    """The default recipe with some numbers changed."""
    return replace(
        STANDARD, mix=replace(STANDARD.mix, **(mix or {})), finetune=replace(STANDARD.finetune, **(finetune or {})),
        **rest,
    )  # fmt: skip


VARIANTS = {
    "standard": STANDARD,
    "four times the negatives": _changed(mix={"negatives": 4 * STANDARD.mix.negatives}),
    "no negatives": _changed(mix={"negatives": 0.0}),
    "no adversary": _changed(adversary=None),
    "no negatives, no adversary": _changed(mix={"negatives": 0.0}, adversary=None),
    "uniform targets alone": _changed(finetune={"suppression": 1e-9}),
    "twice the suppression": _changed(finetune={"suppression": 20.0}),
    "no distillation": _changed(finetune={"distillation": 0.0}),
    "training edits at 0.8 of alpha": _changed(mix={"training_alpha": 0.8}),
    "frozen: a tenth": _changed(frozen_fraction=0.1),
    "frozen: a third": _changed(frozen_fraction=0.35),
    "frozen: three quarters": _changed(frozen_fraction=0.75),
    "no augmentation": _changed(mix={"copies": 0, "keyed_fraction": 1.0, "clean_fraction": 1.0}),
    "four epochs": _changed(finetune={"epochs": 4}),
}


def line_of(name: str, prompt: str, seed: int) -> dict:
    """One lock with a variant of the recipe, and what wrong keys reach."""
    dataset = load_dataset("toybox")
    made = lock(dataset, Key.create(prompt, hand=hand_of(seed)), recipe=VARIANTS[name], seed=seed).result()
    report = asdict(made.report)
    findings = run_attacks(
        Target(made.model, made.key, dataset), BUDGETS["quick"], ("wrong_prompts", "wrong_hands")
    ).result()
    scores = {
        attack: [f.score for f in findings if f.attack == attack]
        for attack in ("wrong prompt", "wrong hand", "wrong prompt in the right hand")
    }
    return {
        "variant": name, "prompt": prompt, "seed": seed, "seconds": report["seconds"]["total"],
        "unlocked": report["unlocked_performance"], "locked": report["locked_performance"], "scores": scores,
    }  # fmt: skip


def table(lines: list[dict]) -> str:
    """A row for each variant and prompt, in %."""
    heads = [
        "UP",
        "LP",
        "wrong prompts, mean",
        "highest",
        "other hands, mean",
        "highest",
        "right hand, wrong prompt, mean",
    ]
    rows = [f"| variant | key prompt | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    for line in lines:
        prompts, hands, right = line["scores"].values()
        cells = [line["unlocked"], line["locked"], mean(prompts), max(prompts), mean(hands), max(hands), mean(right)]
        texts = [f"{100 * cell:.1f}" for cell in cells]
        rows.append(f"| {line['variant']} | {line['prompt']} | {' | '.join(texts)} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--prompt", default="in the style of Monet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", nargs="+", choices=tuple(VARIANTS), default=tuple(VARIANTS))
    parser.add_argument("--table", action="store_true", help="lock nothing")
    args = parser.parse_args()
    for name in () if args.table else args.variants:
        done = [(line["variant"], line["prompt"], line["seed"]) for line in read_lines(args.results)]
        if (name, args.prompt, args.seed) not in done:
            add_line(args.results, line_of(name, args.prompt, args.seed))
    print(table(read_lines(args.results)))


if __name__ == "__main__":
    main()
