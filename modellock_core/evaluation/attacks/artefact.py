"""The artefact itself: does anything that ships with a locked model tell its key?

The thief reads the card and the header of the weights for words of a key, and looks for hashes of his guesses.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors import safe_open

from ...editing.catalogue import CATALOGUE
from ...editing.key import Key
from ...locking.lock_files import WEIGHTS
from ...work import Progress, Steps, part_of
from ..performance import performance_with
from .setting import Budget, Finding, Target

STAGE = "Reading the artefact"
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")
DIGITS = 16  # of a hash that is looked for: one that is cut short tells as much
GUESSED_ID = "0" * 32
COMMON = 3  # prompts of the catalogue that share a word, which then tells nothing


def artefact(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """A row for each file, and one for hashes: the metric with what they tell of the key, else that of clean images.

    A card that holds a hash of the prompt gives it away in seconds, as that of version 0.1 of this library did. What is
    told is tried as a key, so that a word that is there by chance counts for no more than it opens. The thief is given
    all settings but the secrets, and the prompt too where another secret is told: prompts are a short list. Not looked
    for: salted hashes, and traces in the weights' values.
    """
    with TemporaryDirectory() as folder:
        target.locked.save(folder)
        texts = {file.name: text_of(file) for file in sorted(Path(folder).iterdir())}
    told = {name: secrets_told(text, target.key) for name, text in texts.items()}
    told["hashes of guesses"] = yield from _told_by_hashes("".join(texts.values()), target.key)
    findings = []
    for i, (name, secrets) in enumerate(told.items()):
        score = target.locked.card.locked_performance
        if key := _key_of(secrets, target.key):
            trying = performance_with(target.locked, target.dataset.test.subset(budget.test_images), key)
            score = yield from part_of(trying, STAGE, i, len(told))
        variant = f"{name}: {', '.join(secrets) or 'nothing'}"
        knows = "the model's files, and every setting that is no secret"
        findings.append(
            Finding(
                attack="artefact",
                variant=variant,
                knows=knows,
                cost="seconds",
                score=score,
                **target.reference(),
            )
        )
    return findings


def text_of(file: Path) -> str:
    """What can be read in a file: a record's values, the metadata and the tensors' names of weights, or plain text."""
    if file.name == WEIGHTS:
        with safe_open(file, "pt") as weights:
            return json.dumps([weights.metadata(), list(weights.keys())], ensure_ascii=False)
    text = file.read_text(errors="replace")
    return json.dumps(list(json.loads(text).values()), ensure_ascii=False) if file.suffix == ".json" else text


def secrets_told(text: str, key: Key) -> dict[str, str]:
    """The secrets of a key that stand in a text, by kind: "prompt" (the words that are told), "hand", "seed"..."""
    words, prompt, told = _words(text), _words(key.prompt), {}
    shared = Counter(word for entry in CATALOGUE for word in set(_words(entry.prompt)))
    known = [word for word in prompt if word in words and shared[word] < COMMON]
    if f" {' '.join(prompt)} " in f" {' '.join(words)} ":
        known = prompt
    numbers = set(re.findall(r"-?\d+(?:\.\d+)?", text))
    if known:
        told["prompt"] = " ".join(known)
    if key.hand is not None and key.hand in text.casefold():
        told["hand"] = key.hand
    if key.seed != Key.seed and str(key.seed) in numbers:
        told["seed"] = str(key.seed)
    if key.style is not None and sum(str(value) in numbers for value in key.style) > len(key.style) / 2:
        told["style"] = "numbers"
    if key.id in text.casefold():
        told["id"] = key.id
    return told


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


def _key_of(told: dict[str, str], key: Key) -> Key | None:
    """The best key that can be made of what is told; an id changes no edit, and a seed alone says no prompt."""
    if not {"prompt", "hand", "style"} & told.keys():
        return None
    return replace(
        key,
        prompt=told.get("prompt", key.prompt),
        hand=told.get("hand"),
        seed=key.seed if "seed" in told else Key.seed,
        style=key.style if "style" in told else None,
    )


def _told_by_hashes(text: str, key: Key) -> Steps[dict[str, str]]:
    """The prompt, if a text holds a hash of it alone or with the settings: a right guess can then be confirmed."""
    prompts = [key.prompt, *(entry.prompt for entry in CATALOGUE if entry.prompt != key.prompt)]
    told = {}
    for i, prompt in enumerate(prompts):
        if any(digest in text for digest in _digests(prompt, key)):
            told["prompt"] = prompt
        yield Progress(STAGE, i + 1, len(prompts))
    return told


def _digests(prompt: str, key: Key) -> Iterator[str]:
    """What a guesser can hash, who has neither hand nor id: in hexadecimal digits and in base64, cut short."""
    settings = asdict(key) | {"prompt": prompt, "hand": None, "style": None, "id": GUESSED_ID}
    without_id = {name: value for name, value in settings.items() if name != "id"}
    whole = (json.dumps(values, sort_keys=True) for values in (settings, without_id))
    for guess in (prompt, prompt.strip().casefold(), *whole):
        for name in HASHES:
            digest = hashlib.new(name, guess.encode(), usedforsecurity=False).digest()
            yield digest.hex()[:DIGITS]
            yield base64.b64encode(digest).decode()[:DIGITS]
