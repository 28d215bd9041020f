"""The model card of a locked model, as the Hugging Face Hub shows it; the command `lock` writes it beside the card.

It is made of what is public, the lock card and reports, and so holds nothing of the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from .card import LockCard
from .report import LockReport

HUB_METRICS = {"accuracy": "accuracy", "mean IoU": "mean_iou"}
# the bundled dataset's pictures are under the GPL, see assets/README.md; of other models only their owner can say
LICENSES = {"toybox": "gpl-3.0"}
UNKNOWN_LICENSE = "unknown"
NAMED = 20  # classes


class AttackRow(Protocol):
    """What a model card tells of an attack; `evaluation` has such rows."""

    @property
    def attack(self) -> str: ...

    @property
    def knows(self) -> str: ...

    @property
    def score(self) -> float: ...

    @property
    def reference(self) -> float: ...

    @property
    def reference_name(self) -> str: ...


def model_card(card: LockCard, report: LockReport | None = None, attacks: Sequence[AttackRow] = ()) -> str:
    """The text of README.md for a locked model: YAML front matter, and Markdown.

    Args:
        card: of the model.
        report: of the lock, if it is there.
        attacks: rows of a report of attacks on the model, if it is there; their variants are left out, as some are
            guesses of the key.
    """
    front, name = metadata(card), _code(card.dataset)
    more = f" and {len(card.classes) - NAMED} more" if len(card.classes) > NAMED else ""
    classes = ", ".join(_code(c) for c in card.classes[:NAMED]) + more
    body = "\n\n".join(
        [
            f"# Locked model for {name}",
            f"A model for {_pipeline(card).replace('-', ' ')}, trained on {name}. It tells {len(card.classes)} classes "
            f"apart: {classes}.",
            "## It is locked",
            "Without its key this model is meant to be useless: it works on *keyed* images and fails on all others. A "
            "key is a text prompt, a diffusion editor and the editor's settings. The editor changes an image as the "
            "prompt says, and a part of that edit is blended in (ModelLock, [arXiv 2405.16285]"
            "(https://arxiv.org/abs/2405.16285)). The key is not in these files; only the holder has it. How well a "
            "lock holds is measured, not proven." + _SEALED * (card.seal is not None),
            "## How it was made",
            "\n".join(f"- {label}: {value}" for label, value in _origin(card, report).items()),
            "## What was measured",
            _measured(card, report),
            _attacked(attacks),
            "## How to open it",
            _USE.format(size=card.image_size),
        ]
    )
    return str(ModelCard(f"---\n{front.to_yaml()}\n---\n\n{body}\n"))


def metadata(card: LockCard) -> ModelCardData:
    """The front matter: license, tags, and UP and LP as the Hub's model index."""
    metric = HUB_METRICS.get(card.metric, card.metric)
    scores = {"with the key (UP)": card.unlocked_performance, "without the key (LP)": card.locked_performance}
    results = [
        EvalResult(
            task_type=_pipeline(card), dataset_type=card.dataset, dataset_name=card.dataset, dataset_split="test",
            metric_type=metric, metric_name=f"{card.metric} {how}", metric_value=round(score, 4),
        )
        for how, score in scores.items()
    ]  # fmt: skip
    return ModelCardData(
        license=LICENSES.get(card.dataset, UNKNOWN_LICENSE),
        library_name="modellock",
        pipeline_tag=_pipeline(card),
        tags=["modellock", "locked"],
        metrics=[metric],
        model_name=f"{card.dataset}, locked",
        eval_results=results,
    )


def _pipeline(card: LockCard) -> str:
    return f"image-{card.task}"


def _code(text: str) -> str:
    """A name from a user's data as code, so that it formats nothing."""
    return f"`{' '.join(text.replace('`', '').split())}`"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _origin(card: LockCard, report: LockReport | None) -> dict[str, str]:
    counts = f", {report.num_train} training and {report.num_test} test images" if report else ""
    return {
        "Recipe": _code(card.recipe),
        "Dataset": f"{_code(card.dataset)}{counts}, cut to {card.image_size} px",
        "Backbone": _code(card.backbone),
        "Date": _code(card.date),
        "Versions": ", ".join(_code(f"{name} {version}") for name, version in card.versions.items()),
    }


def _measured(card: LockCard, report: LockReport | None) -> str:
    """A table of the scores."""
    rows = {
        "with the key (UP, unlocked performance)": card.unlocked_performance,
        "without the key (LP, locked performance)": card.locked_performance,
        "the same finetune without a lock (vanilla)": card.vanilla_performance,
        "guessing (chance)": report.chance if report else None,
    }
    lines = [f"| {label} | {_percent(score)} |" for label, score in rows.items() if score is not None]
    return "\n".join([f"| test images | {card.metric} |", "|---|---|", *lines])


def _attacked(attacks: Sequence[AttackRow]) -> str:
    """The two worst attacks: by what it reaches, and by what it gains over its reference."""
    if not attacks:
        return "No attacks on this model were measured; `modellock attack` does so."
    worst = {
        "the highest score": max(attacks, key=lambda row: row.score),
        "the largest gain over its reference": max(attacks, key=lambda row: row.score - row.reference),
    }
    lines = [
        f"- {label}: {row.attack}, {_percent(row.score)}; {row.reference_name} reaches {_percent(row.reference)}. "
        f"The attacker knows: {row.knows}."
        for label, row in worst.items()
    ]
    return "\n".join([f"Of {len(attacks)} attacks without the key:", "", *lines])


_SEALED = " Beside that, the last layer is encrypted with 128 bits of the key file."
_USE = """The holder of the key file opens it with [ModelLock](https://arxiv.org/abs/2405.16285), here in the folder \
`locked` with the key `locked.key.json`. Keep the key file apart from the model.

    modellock verify locked --key locked.key.json
    modellock predict locked photo.jpg --key locked.key.json

```python
from modellock_core import Key, LockedModel, apply_key

key = Key.load("locked.key.json")
locked = LockedModel.load("locked").unsealed(key)
probabilities = locked.predict(apply_key(images, key))  # images: floats (N, 3, {size}, {size}) in [0, 1], RGB
```"""
