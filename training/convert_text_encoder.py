"""Make assets/text_encoder: all-MiniLM-L6-v2 in 8-bit floats, with the English part of its vocabulary.

First of the asset commands: the editor's training and the key designer read what this writes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

from modellock_core.editing.catalogue import CATALOGUE

from .nonsense import IDENTITY_PROMPTS
from .phrases import phrasings

PROBES = [
    "with oil pastel", "in the style of Monet", "as a pencil sketch", "with a zebra in the background",
    "in watercolor with a rooster", "like Van Gogh's starry night", "a photo of a bird", "a road sign", "",
]  # fmt: skip


def english_tokens(vocabulary: list[str], words: int, spoken: set[str]) -> list[int]:
    """Ids of the tokens kept: those of plain English, ASCII and none of BERT's unused slots, without the rarest words.

    The vocabulary is sorted by frequency. Of `words` on, only the pieces (##) are kept, of which rare words are put
    together, and what is `spoken`.
    """
    return [
        i for i, token in enumerate(vocabulary)
        if token.isascii() and not token.startswith("[unused")
        and (i < words or token.startswith("##") or token in spoken)
    ]  # fmt: skip


def sentence_embeddings(model, tokenizer, texts: list[str]) -> torch.Tensor:
    """Mean-pooled, normalised sentence embeddings (len(texts), 384)."""
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None].float()
    return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def convert(source: Path, out: Path, positions: int = 64, words: int = 20_000) -> None:
    """Write config, tokenizer and fp8 weights that transformers loads as they are (`dtype=torch.float32`)."""
    model, tokenizer = AutoModel.from_pretrained(source).eval(), AutoTokenizer.from_pretrained(source)
    expected = sentence_embeddings(model, tokenizer, PROBES)

    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    phrases = [phrase for entry in CATALOGUE for phrase in phrasings(entry)] + IDENTITY_PROMPTS
    kept = english_tokens(vocabulary, words, set(tokenizer.tokenize(" ".join(phrases))))
    model.config.update({"vocab_size": len(kept), "max_position_embeddings": positions})
    weights = {}
    for name, tensor in model.state_dict().items():
        if name == "embeddings.word_embeddings.weight":
            tensor = tensor[kept]
        elif name == "embeddings.position_embeddings.weight":
            tensor = tensor[:positions]
        elif not name.startswith(("embeddings.", "encoder.")):
            continue  # the pooler is not used
        # e4m3 keeps the linear layers as well as int8 rows do, and needs no code to load
        weights[name] = tensor.to(torch.float8_e4m3fn if tensor.ndim == 2 else torch.float16).contiguous()

    out.mkdir(parents=True, exist_ok=True)
    # three files, each below the 10 MiB that a Space takes
    parts = [
        [k for k in weights if k.startswith("embeddings.")],
        [k for k in weights if k.startswith(("encoder.layer.0.", "encoder.layer.1.", "encoder.layer.2."))],
    ]
    parts.append([k for k in weights if k not in {*parts[0], *parts[1]}])
    index = {}
    for i, names in enumerate(parts, 1):
        file = f"model-{i:05d}-of-{len(parts):05d}.safetensors"
        save_file({k: weights[k] for k in names}, out / file, metadata={"format": "pt"})
        index |= dict.fromkeys(names, file)
    size = sum(v.nbytes for v in weights.values())
    (out / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": size}, "weight_map": index}, indent=1)
    )
    model.config.save_pretrained(out)
    config = json.loads((out / "config.json").read_text())
    config.pop("_name_or_path", None)
    (out / "config.json").write_text(json.dumps(config | {"dtype": "float32"}, indent=2) + "\n")

    tokens = {vocabulary[i]: new for new, i in enumerate(kept)}
    type(tokenizer)(vocab=tokens, do_lower_case=True, model_max_length=positions).save_pretrained(out)

    small = AutoModel.from_pretrained(out, dtype=torch.float32, add_pooling_layer=False).eval()
    cosine = (sentence_embeddings(small, AutoTokenizer.from_pretrained(out), PROBES) * expected).sum(1)
    print(f"{len(kept)} tokens, {size / 2**20:.1f} MiB, cosine to the original: mean {cosine.mean():.4f}, "
          f"min {cosine.min():.4f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder of the original model (config, tokenizer, safetensors)")
    parser.add_argument("--out", type=Path, default=Path("assets/text_encoder"))
    args = parser.parse_args()
    convert(args.source, args.out)


if __name__ == "__main__":
    main()
