"""Lock Toybox, attack each lock with everything there is, and print what each attack reached as Markdown tables.

python -m benchmarks.robustness RESULTS.jsonl [--recipes R ...] [--prompts P ...] [--seeds 0 1 2] [--attacks A ...]
    [--budget quick] [--task segmentation] [--no-hand] [--unsealed] [--locks FOLDER]
python -m benchmarks.robustness RESULTS.jsonl --table

Every lock and every attack on it is one line of RESULTS; those that are there are not run again, so a stopped run
resumes. The tables are of the whole file, and --table prints them without a run. Locks are kept beside RESULTS, or in
FOLDER, where another run finds them. Thieves have the sealed files; with --unsealed the last layer too.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from dataclasses import asdict, replace
from operator import itemgetter
from pathlib import Path

from modellock_core import RECIPES, Dataset, Key, LockedModel, load_dataset
from modellock_core.data.options import TASKS
from modellock_core.evaluation.attacks import ATTACKS, BUDGETS, Finding, Target, run_attacks
from modellock_core.locking.recipe import DEFAULT_RECIPE, RECIPE_NAMES
from modellock_core.locking.seal import is_sealing

from .locks import PROMPTS, hand_of, lock_once, percent
from .results import add_line, read_lines

Place = tuple[str, str, int, str]  # recipe, prompt, seed, attack; the attack "" is the lock itself


def place_of(line: dict) -> Place:
    """Which lock and attack a line is of."""
    return line["recipe"], line["prompt"], line["seed"], line["attack"]


def lock_line(dataset: Dataset, key: Key, recipe: str, seed: int, folder: Path, vanilla: float | None) -> dict:
    """One lock, kept in a folder for its attacks; what is there is not locked again."""
    kept = folder / "line.json"
    if kept.exists():
        return json.loads(kept.read_text())
    made = lock_once(dataset, key, RECIPES[dataset.task][recipe], seed, vanilla=vanilla)
    made.model.save(folder, key if is_sealing(key) else None)
    made.key.save(folder / "key.json")
    report = asdict(made.report)
    names = ("unlocked_performance", "locked_performance", "vanilla_performance", "chance", "seconds")
    line = {"recipe": recipe, "prompt": key.prompt, "seed": seed, "attack": ""} | {name: report[name] for name in names}
    kept.write_text(json.dumps(line))
    return line


def _short(finding: Finding) -> dict:
    """A finding without its long list of hits."""
    return {name: value for name, value in asdict(finding).items() if name != "hits"}


def tables(lines: list[dict]) -> str:
    """A table of the locks, one of the attacks' best scores, and one of what labelled images gain, in %."""
    locks = [line for line in lines if not line["attack"]]
    parts = ["| recipe | key prompt | locks | UP | LP | vanilla | s |\n|---|---|---|---|---|---|---|"]
    groups = defaultdict(list)
    for lock in locks:
        groups[lock["recipe"], lock["prompt"]].append(lock)
        groups[lock["recipe"], "all"].append(lock)
    for (recipe, prompt), found in groups.items():
        cells = [percent([x[f"{name}_performance"] for x in found]) for name in ("unlocked", "locked", "vanilla")]
        seconds = sum(x["seconds"]["total"] for x in found) / len(found)
        parts.append(f"| {recipe} | {prompt} | {len(found)} | {' | '.join(cells)} | {seconds:.0f} |")

    parts.append("\n| recipe | attack | mean | highest | by | chance |\n|---|---|---|---|---|---|")
    scores: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    labelled: dict[tuple[str, str, int], dict[tuple[str, int], dict]] = defaultdict(dict)  # of each lock the best
    for line in lines:
        for row in line.get("findings", ()):
            if row["labels"]:
                best = labelled[line["recipe"], row["attack"], row["labels"]]
                of_lock = line["prompt"], line["seed"]
                best[of_lock] = max(row, best.get(of_lock, row), key=itemgetter("score"))
            else:
                scores[line["recipe"], row["attack"]].append((row["score"], f"{line['prompt']}: {row['variant']}"))
    chance = 100 * locks[0]["chance"] if locks else 0
    for (recipe, attack), found in scores.items():
        mean = sum(score for score, _ in found) / len(found)
        highest, by = max(found)
        parts.append(f"| {recipe} | {attack} | {100 * mean:.1f} | {100 * highest:.1f} | {by} | {chance:.1f} |")

    parts.append(
        "\n| recipe | attack | labels | stolen | highest | public | worst gain |\n|---|---|---|---|---|---|---|"
    )
    for (recipe, attack, labels), best in sorted(labelled.items()):
        stolen, public = ([row[name] for row in best.values()] for name in ("score", "reference"))
        gain = max(row["score"] - row["reference"] for row in best.values())
        best_score = 100 * max(stolen)
        cells = f"{percent(stolen)} | {best_score:.1f} | {percent(public)} | {100 * gain:+.1f}"
        parts.append(f"| {recipe} | {attack} | {labels} | {cells} |")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--recipes", nargs="+", choices=RECIPE_NAMES, default=[DEFAULT_RECIPE])
    parser.add_argument("--prompts", nargs="+", default=PROMPTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--attacks", nargs="*", choices=tuple(ATTACKS), default=tuple(ATTACKS))
    parser.add_argument("--budget", choices=tuple(BUDGETS), default="quick")
    parser.add_argument("--fractions", type=float, nargs="+", help="of labels; the default is the budget's")
    parser.add_argument("--task", choices=TASKS, default=TASKS[0], help="the same for all of RESULTS")
    parser.add_argument("--no-hand", action="store_true")
    parser.add_argument("--unsealed", action="store_true", help="the thief has the sealed last layer too")
    parser.add_argument("--locks", type=Path, metavar="FOLDER", help="where the locks are kept")
    parser.add_argument("--table", action="store_true", help="run nothing")
    args = parser.parse_args()
    if args.table:
        return print(tables(read_lines(args.results)))

    budget = BUDGETS[args.budget]
    if args.fractions:
        budget = replace(budget, label_fractions=tuple(args.fractions))
    dataset = load_dataset("toybox", task=args.task)
    models = args.locks or args.results.with_suffix(".locks")
    for seed in args.seeds:
        for prompt in args.prompts:
            for recipe in args.recipes:
                lines = read_lines(args.results)
                done = {place_of(line) for line in lines}
                folder = models / f"{recipe} {prompt} {seed}"
                key = Key.create(prompt, hand=None if args.no_hand else hand_of(seed))
                if (recipe, prompt, seed, "") not in done:
                    same = [x for x in lines if not x["attack"] and (x["recipe"], x["seed"]) == (recipe, seed)]
                    vanilla = same[0]["vanilla_performance"] if same else None
                    add_line(args.results, lock_line(dataset, key, recipe, seed, folder, vanilla))
                model, key = LockedModel.load(folder), Key.load(folder / "key.json")
                if args.unsealed:
                    model = model.unsealed(key)
                target = Target(model, key, dataset)
                for name in args.attacks:
                    if (recipe, prompt, seed, name) not in done:
                        started = time.perf_counter()
                        findings = [_short(finding) for finding in run_attacks(target, budget, (name,)).result()]
                        line = {"recipe": recipe, "prompt": prompt, "seed": seed, "attack": name}
                        line |= {"seconds": round(time.perf_counter() - started, 1), "findings": findings}
                        add_line(args.results, line)
    print(tables(read_lines(args.results)))


if __name__ == "__main__":
    main()
