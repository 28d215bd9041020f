"""Teach a compact editor each prompt's weave, after training: none if it asks for nothing. Takes two minutes.

PYTHONPATH=. python training/fit_weave.py [--editor assets/editors/compact]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from prompt_table import PromptTable
from tqdm import trange
from weave_design import best_patterns, spread_out

from modellock_core.editors.compact_unet import CompactUNet, mean_state
from modellock_core.editors.weave import Weave


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--editor", type=Path, default=Path("assets/editors/compact"))
    parser.add_argument("--text-encoder", type=Path, default=Path("assets/text_encoder"))
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0, help="of the fit, and which prompt has which dyes")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    prompts = PromptTable(args.text_encoder)
    names = [name for name in prompts.of if name and " + " not in name]
    patterns, seen = best_patterns()
    dyes = spread_out(len(names), seen, args.seed)
    number = {name: i for i, name in enumerate(names)} | {"": len(names)}  # nothing is the last
    wanted = torch.cat([dyes, torch.zeros(1, len(patterns))])
    # a composition has the weave of its style
    rows = [(prompts.index[text], number[name.split(" + ")[0]]) for name, texts in prompts.of.items() for text in texts]
    phrases, goals = (torch.tensor(column) for column in zip(*rows, strict=True))
    weights = 1 / goals.bincount()[goals]  # every entry as often
    weights[goals == len(names)] *= 12

    unet = CompactUNet.from_pretrained(args.editor / "unet", torch_dtype=torch.float32)
    unet.weave = Weave(prompts.states.shape[-1])
    unet.weave.patterns.copy_(patterns)
    pooled = mean_state(prompts.states, prompts.mask)
    optimizer = torch.optim.AdamW(unet.weave.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=args.steps)
    for step in (bar := trange(args.steps)):
        drawn = torch.multinomial(weights, 128, replacement=True)
        loss = (unet.weave.dyes(pooled[phrases[drawn]]) - wanted[goals[drawn]]).square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            bar.set_postfix(loss=f"{loss.item():.4f}")
    unet.half().save_pretrained(args.editor / "unet")


if __name__ == "__main__":
    main()
