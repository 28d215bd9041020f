"""Attack the example lock, and store the report that the page shows before anything is pressed.

python -m training.attack_example [--thief everybody] [--budget quick]
"""

from __future__ import annotations

import argparse
import json

from tqdm import tqdm

from modellock_core import run_attacks
from modellock_core.evaluation.attacks import BUDGETS, Target, attack_report
from modellock_core.evaluation.thieves import EVERYBODY, THIEF_NAMES, attacks_of
from modellock_core.paths import EXAMPLE_ATTACKS
from modellock_core.records import to_json
from ui.unlock import example, test_images_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thief", choices=THIEF_NAMES, default=EVERYBODY)
    parser.add_argument("--budget", choices=tuple(BUDGETS), default="quick")
    args = parser.parse_args()
    locked, key = example(sealed=True)
    target, findings, made_by = Target(locked, key, test_images_of(locked)), [], {}
    for name in tqdm(attacks_of(args.thief)):
        found = run_attacks(target, BUDGETS[args.budget], (name,)).result()
        made_by |= {finding.attack: name for finding in found}
        findings += found
    report = attack_report(target, findings, args.budget, attacks_of(args.thief))
    stored = {"thief": args.thief, "made_by": made_by, "report": to_json(report)}
    EXAMPLE_ATTACKS.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
