"""Lock Toybox with every key prompt that the compact editor knows, as the paper's prompt study does with Pets.

python -m benchmarks.catalogue RESULTS.jsonl [--recipe standard] [--seed 0] [--prompts P ...]

Every lock is one line of RESULTS; those that are there are not run again, so a stopped run resumes. Prints
UP and LP by kind of prompt. A lock takes a minute on 2 cores. `docs/figures/catalogue.py` draws the file.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict
from pathlib import Path

from modellock_core import CATALOGUE, RECIPES, Key, load_dataset
from modellock_core.locking.recipe import DEFAULT_RECIPE, RECIPE_NAMES

from .locks import hand_of, lock_once
from .results import add_line, read_lines


def summary(locks: list[dict]) -> str:
    """A Markdown table: of styles and of objects, the mean and the worst UP and LP in %."""
    lines = ["| key prompts | locks | UP, mean | lowest | LP, mean | highest |", "|---|---|---|---|---|---|"]
    for kind in ("style", "object"):
        chosen = [lock for lock in locks if lock["kind"] == kind]
        if chosen:
            unlocked, locked = ([100 * lock[name] for lock in chosen] for name in ("unlocked", "locked"))
            cells = (statistics.mean(unlocked), min(unlocked), statistics.mean(locked), max(locked))
            lines.append(f"| {kind}s | {len(chosen)} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--recipe", choices=RECIPE_NAMES, default=DEFAULT_RECIPE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prompts", nargs="+", help="only these")
    args = parser.parse_args()

    dataset = load_dataset("toybox")
    for entry in CATALOGUE:
        same = [lock for lock in read_lines(args.results) if (lock["recipe"], lock["seed"]) == (args.recipe, args.seed)]
        unwanted = not entry.trained or (args.prompts and entry.prompt not in args.prompts)
        if unwanted or entry.prompt in [lock["prompt"] for lock in same]:
            continue
        vanilla = same[0]["vanilla"] if same else None
        recipe = RECIPES[dataset.task][args.recipe]
        report = asdict(
            lock_once(
                dataset, Key.create(entry.prompt, hand=hand_of(args.seed)), recipe, args.seed, vanilla=vanilla
            ).report
        )
        line = {name: getattr(entry, name) for name in ("name", "prompt", "kind")}
        line |= {name: report[name] for name in ("recipe", "seed", "chance")}
        line |= {name: report[f"{name}_performance"] for name in ("unlocked", "locked", "vanilla")}
        add_line(args.results, line)
    print(summary(read_lines(args.results)))


if __name__ == "__main__":
    main()
