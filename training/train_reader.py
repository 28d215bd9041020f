"""Teach the prompt reader which styles and objects a prompt asks for; takes three minutes, without any picture."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from modellock_core.editing.catalogue import CATALOGUE, find
from modellock_core.editing.editors.compact_pipeline import MAX_TOKENS
from modellock_core.editing.editors.prompt_reader import PromptReader

from .nearby import NEARBY
from .nonsense import IDENTITY_PROMPTS, nonsense
from .phrases import STRENGTHS, modified, phrasings

JOINTS = ("{0} {1}", "{0}, {1}", "{0} and {1}", "{1}, {0}", "{0} but {1}")
MIXES = ("{0} and {1}", "a mix of {0} and {1}", "{0} meets {1}", "half {0}, half {1}", "{0} with a bit of {1}",
         "between {0} and {1}", "{0} + {1}")  # fmt: skip


def prompt_of(name: str, rng: random.Random) -> str:
    texts = phrasings(find(name))
    return texts[0] if rng.random() < 0.2 else rng.choice(texts)


def draw_phrase(rng: random.Random, painters: list[str], looks: list[str], objects: list[str], idle: list[str]):
    """A prompt, the names it asks for with their parts, and the factor of its strength."""
    wanted: dict[str, float] = {}
    kind = rng.random()
    if kind < 0.42:  # one name
        name = rng.choice(rng.choice((painters, looks, objects)))
        text, wanted[name] = prompt_of(name, rng), 1.0
    elif kind < 0.62:  # a style and an object, or a painter under a look
        first, second = rng.choice(((painters, objects), (painters, looks), (painters, looks), (looks, objects)))
        one, two = rng.choice(first), rng.choice(second)
        named = rng.choice(("{0}", "a {0}", "the {0}", "like a {0}", "make it look like a {0}")).format(one)
        style = named if first is painters and rng.random() < 0.3 else prompt_of(one, rng)
        text = rng.choice(JOINTS).format(style, prompt_of(two, rng))
        wanted |= {one: 1.0, two: 1.0}
    elif kind < 0.7:  # two painters
        one, two = rng.sample(painters, 2)
        short = [rng.choice((name, prompt_of(name, rng))) for name in (one, two)]
        text = rng.choice(MIXES).format(*short)
        wanted |= {one: 1.0, two: 1.0}
    elif kind < 0.73:  # two objects
        one, two = rng.sample(objects, 2)
        text = rng.choice(("{0} and {1}", "{0}, {1}")).format(prompt_of(one, rng), prompt_of(two, rng))
        wanted |= {one: 1.0, two: 1.0}
    elif kind < 0.79:
        near = rng.choice(list(NEARBY))
        text = rng.choice(("{0}", "in {0} style", "make it {0}", "as {0}", "{0} look", "like {0}")).format(near)
        wanted |= NEARBY[near]
    else:
        text = rng.choice(idle)
    factor = 1.0
    if any(find(name).kind == "style" for name in wanted) and rng.random() < 0.12:
        word = rng.choice(list(STRENGTHS))
        text, factor = modified(text, word, rng), STRENGTHS[word]
    if rng.random() < 0.3:
        text = rng.choice((text.lower, text.capitalize))()
    return text, wanted, factor


@torch.inference_mode()
def encode(texts: list[str], encoder, tokenizer) -> tuple[Tensor, Tensor]:
    """Token states (N, T, 384) in half precision and masks (N, T)."""
    states, masks = [], []
    for i in range(0, len(texts), 256):
        batch = tokenizer(texts[i : i + 256], truncation=True, padding="max_length", max_length=MAX_TOKENS,
                          return_tensors="pt")  # fmt: skip
        width = int(batch["attention_mask"].sum(1).max())
        batch = {key: value[:, :width] for key, value in batch.items()}
        made = encoder(**batch).last_hidden_state.half()
        states.append(F.pad(made, (0, 0, 0, MAX_TOKENS - width)))
        masks.append(F.pad(batch["attention_mask"].bool(), (0, MAX_TOKENS - width)))
    return torch.cat(states), torch.cat(masks)


def main() -> None:
    from transformers import AutoModel, AutoTokenizer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--styles", type=Path, required=True, help="styles/config.json of train_painter.py")
    parser.add_argument("--text-encoder", type=Path, default=Path("assets/text_encoder"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24_000, help="phrases")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    known = json.loads(args.styles.read_text())
    painters, looks = known["names"][: known["painters"]], known["names"][known["painters"] :]
    objects = [entry.name for entry in CATALOGUE if entry.kind == "object" and entry.trained]
    names = [*painters, *looks, *objects]
    idle = [*IDENTITY_PROMPTS * 20, *nonsense(6000, args.seed)]
    drawn = [draw_phrase(rng, painters, looks, objects, idle) for _ in range(args.count)]
    encoder = AutoModel.from_pretrained(args.text_encoder, dtype=torch.float32, add_pooling_layer=False)
    tokenizer = AutoTokenizer.from_pretrained(args.text_encoder)
    states, masks = encode([text for text, *_ in drawn], encoder, tokenizer)
    print(f"{len(drawn)} phrases encoded", flush=True)
    index = {name: i for i, name in enumerate(names)}
    wanted = torch.zeros(len(drawn), len(names))
    for row, (_, mix, _) in enumerate(drawn):
        for name, part in mix.items():
            wanted[row, index[name]] = part
    factors = torch.tensor([factor for *_, factor in drawn])
    held = len(drawn) // 20

    reader = PromptReader(tuple(painters), tuple(looks), tuple(objects))
    torch.nn.init.constant_(reader.votes[-1].bias, -4.0)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=1e-2)
    steps = args.epochs * ((len(drawn) - held) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for epoch in range(args.epochs):
        order = torch.randperm(len(drawn) - held) + held
        for rows in order[: len(order) // 128 * 128].split(128):
            batch = states[rows].float()
            batch = batch + 0.03 * batch.std() * torch.randn_like(batch)
            logits, strength = reader(batch, masks[rows])
            told = wanted[rows].any(1)
            loss = F.binary_cross_entropy_with_logits(logits, wanted[rows], reduction="none").sum(1).mean()
            loss = loss + 3 * (strength - factors[rows])[told].square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        with torch.inference_mode():
            logits, strength = reader(states[:held].float(), masks[:held])
            right = ((logits > 0) == (wanted[:held] > 0.5)).all(1)
            told = wanted[:held].any(1)
            print(f"epoch {epoch + 1}: held-out phrases read wholly right {right[told].float().mean():.3f}, "
                  f"left alone {right[~told].float().mean():.3f}", flush=True)  # fmt: skip
    reader.half().save_pretrained(args.out)


if __name__ == "__main__":
    main()
