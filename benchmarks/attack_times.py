"""How long the attacks of the page take beside a lock: processor time, which other work on the machine hardly changes.

python -m benchmarks.attack_times [--write]

With --write the page tells by it how long a thief takes.
"""

from __future__ import annotations

import argparse
import json
import time

from modellock_core import Key, load_dataset, lock, run_attacks
from modellock_core.evaluation.attacks import BUDGETS, Target
from modellock_core.evaluation.thieves import EVERYBODY, attacks_of
from modellock_core.paths import ATTACK_TIMES

from .locks import hand_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    dataset = load_dataset("toybox")
    begun = time.process_time()
    made = lock(dataset, Key.create("in the style of Van Gogh", hand=hand_of(0))).result()
    whole, target, shares = time.process_time() - begun, Target(made.model, made.key, dataset), {}
    print(f"a lock takes {whole:.0f} s of processor time; as a part of that:")
    for name in attacks_of(EVERYBODY):
        begun = time.process_time()
        run_attacks(target, BUDGETS["quick"], (name,)).result()
        shares[name] = round((time.process_time() - begun) / whole, 3)
        print(f"{name} {shares[name]:.3f}", flush=True)
    print(f"all of them {sum(shares.values()):.2f}")
    if args.write:
        ATTACK_TIMES.write_text(json.dumps(shares, indent=1) + "\n")


if __name__ == "__main__":
    main()
