"""The prompt by gradient: a thief with the public editor optimises what its text encoder says, and reads it as words.

The gradient of his few labelled images' loss goes through the stolen model, the painter and the prompt reader.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ...data.dataset import Split
from ...editing.catalogue import CATALOGUE
from ...editing.editor_space import PlannedImages, compact_editor, plan_of
from ...editing.editors.compact import CompactEditor
from ...editing.editors.compact_pipeline import EditPlan
from ...editing.key import Key
from ...work import Progress, Steps, part_of
from .editor_space import loss_of, public_settings, scored
from .labelled import PUBLIC, armed, few_labels, opened_predictions, public_performance, scores_of
from .setting import Budget, Finding, Target, over_seeds

STAGE = "Optimising the prompt"
GLIMPSED, SCORED, SLOPED = 4, 12, 4  # labelled images that a start is tried on, a prompt found, and a gradient step
WORDS = 6  # of a prompt that is read as words
STATE_RATE, WORD_RATE = 0.05, 0.05  # of Adam; token states vary by 0.5, the embeddings of words by 0.05
READ = 3  # of the prompts found from a start, which are tried in the real editor


@dataclass(frozen=True)
class PromptSearch:
    """Who searches: what he attacks, the public editor with its default settings, and his labelled images.

    Attributes:
        few: those labelled images that score what was found.
    """

    target: Target
    editor: CompactEditor
    settings: Key
    labelled: Split
    few: Split
    generator: torch.Generator

    def gradient(self, plan: EditPlan, leaf: Tensor) -> float:
        """Add the gradient of the loss of a few labelled images to a leaf of the plan's style; returns the loss."""
        rows = torch.randperm(len(self.labelled), generator=self.generator)[:SLOPED]
        loss = loss_of(self.target, self.editor, self.labelled, rows, plan, self.settings, self.settings.alpha)
        loss.backward(inputs=[leaf])
        return loss.item()

    def loss(self, plan: EditPlan) -> float:
        """The labelled images' loss with a plan."""
        return scored(self.target, self.editor, self.few, plan, self.settings).loss


def soft_prompt(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Adam on the token states, and on the embeddings of words with each step projected on the nearest words.

    The second is PEZ (arXiv 2302.03668); its words, which stand in the row, go through the real editor. Both start from
    the catalogue's styles that do best on a few labelled images; the key's own is left out, as in `prompt_search`.
    Objects are left to `editor_space`, since how much of one is wanted is yes or no. No rows for editors that are not
    bundled ones.
    """
    editor = compact_editor(target.editor)
    if editor is None:
        return []
    findings: list[Finding] = []
    tested = target.tested_on(budget.test_images)
    count, done = len(budget.label_fractions) * budget.seeds, 0
    for fraction in budget.label_fractions:
        runs: dict[str, list[Tensor]] = {"token states": [], "words": []}
        public, read = [], []
        for seed in range(budget.seeds):
            labelled = few_labels(target, fraction, seed)
            few = target.dataset.train.subset(min(SCORED, len(labelled)), seed)
            generator = torch.Generator().manual_seed(seed)
            thief = yield from armed(target, labelled, seed)
            search = PromptSearch(thief, editor, public_settings(target), labelled, few, generator)
            starts = yield from part_of(_starts(search, budget, seed), STAGE, done, count)
            plans = {"token states": (yield from part_of(_softened(search, budget, starts), STAGE, done, count))}
            words, plans["words"] = yield from part_of(_worded(search, budget, starts), STAGE, done, count)
            read.append((search.loss(plans["words"]), words))
            for name, plan in plans.items():
                change = partial(PlannedImages, key=search.settings, plan=plan, editor=editor)
                predicting = opened_predictions(
                    tested, thief, labelled, change, tested.dataset.test.images, seed, STAGE
                )
                runs[name].append((yield from part_of(predicting, STAGE, done, count)))
            reading = public_performance(target, fraction, seed, STAGE)
            public.append((yield from part_of(reading, STAGE, done, count)))
            done += 1
        cost = f"{budget.gradient_steps} gradient steps from {budget.restarts} of {budget.queries} prompts"
        queries = budget.queries * GLIMPSED + budget.restarts * (budget.gradient_steps * SLOPED + READ * len(few))
        for name, answers in runs.items():
            variant = f"{name}: {min(read)[1]}" if name == "words" else name
            reached, spread, hits = scores_of(tested, answers)
            findings.append(
                Finding(
                    attack="soft prompt",
                    variant=f"{len(labelled)} labels, {variant}",
                    knows="the editor, these labelled images",
                    cost=cost,
                    score=reached,
                    reference=over_seeds(public)[0],
                    reference_name=PUBLIC,
                    spread=spread,
                    labels=len(labelled),
                    queries=queries,
                    hits=hits,
                )
            )
    return findings


def _starts(search: PromptSearch, budget: Budget, seed: int) -> Steps[list[str]]:
    """The prompts of the catalogue's styles that do best, of as many as the budget allows."""
    own = search.target.key.prompt.strip().casefold()
    prompts = [e.prompt for e in CATALOGUE if e.kind == "style" and e.prompt.casefold() != own]
    tried = random.Random(seed).sample(prompts, min(budget.queries, len(prompts)))
    glimpse, losses = replace(search, few=search.few.subset(GLIMPSED)), {}
    for i, prompt in enumerate(tried):
        losses[prompt] = glimpse.loss(plan_of(replace(search.settings, prompt=prompt), search.editor))
        yield Progress(STAGE, i + 1, len(tried))
    return sorted(tried, key=losses.__getitem__)[: budget.restarts]


def _style_of(editor: CompactEditor, states: Tensor) -> Tensor:
    """The style (1, style_dim) that token states (1, T, D) ask for, as `CompactEditPipeline.read`, but smooth."""
    pipeline = editor.pipeline
    logits, _ = pipeline.reader(states, torch.ones(states.shape[:2], dtype=torch.bool, device=states.device))
    names, painters = len(pipeline.styles.config.names), pipeline.styles.config.painters
    painted, looks = logits[:, :names].sigmoid().split([painters, names - painters], 1)
    weights = torch.cat([painted / painted.sum().clamp(min=1), looks / (looks.sum() / 2).clamp(min=1)], 1)
    return weights @ pipeline.styles.table


def _softened(search: PromptSearch, budget: Budget, starts: list[str]) -> Steps[EditPlan]:
    """The best plan that free token states lead to."""
    pipeline, plans = search.editor.pipeline, []
    for i, prompt in enumerate(starts):
        tokens = pipeline.tokenizer(prompt, return_tensors="pt").to(pipeline.device)
        with torch.no_grad():
            states = pipeline.text_encoder(**tokens).last_hidden_state
        states = states.clone().requires_grad_()
        optimizer = torch.optim.Adam([states], STATE_RATE)
        for step in range(budget.gradient_steps):
            optimizer.zero_grad()
            search.gradient(EditPlan(_style_of(search.editor, states), 1.0), states)
            optimizer.step()
            yield Progress(STAGE, i * budget.gradient_steps + step + 1, len(starts) * budget.gradient_steps)
        plans.append(EditPlan(_style_of(search.editor, states).detach(), 1.0))
    return min(plans, key=search.loss)


def _worded(search: PromptSearch, budget: Budget, starts: list[str]) -> Steps[tuple[str, EditPlan]]:
    """The best prompt in words, and what the real editor makes of it."""
    pipeline = search.editor.pipeline
    tokenizer, encoder = pipeline.tokenizer, pipeline.text_encoder
    table = encoder.get_input_embeddings().weight.detach()
    words_known = (i for word, i in tokenizer.get_vocab().items() if word.isalpha() and len(word) > 2)
    known = torch.tensor(sorted(words_known), device=table.device)
    directions = F.normalize(table[known], dim=1)
    ends = [table[i].view(1, 1, -1) for i in (tokenizer.cls_token_id, tokenizer.sep_token_id)]
    found: dict[str, float] = {}  # a prompt -> its loss on a few images
    for i, prompt in enumerate(starts):
        drawn = known[torch.randint(len(known), (WORDS,), generator=search.generator)]
        ids = torch.tensor(tokenizer(prompt, add_special_tokens=False)["input_ids"] + drawn.tolist())[:WORDS]
        words = table[ids].clone().requires_grad_()
        optimizer = torch.optim.Adam([words], WORD_RATE)
        for step in range(budget.gradient_steps):
            nearest = known[(F.normalize(words.detach(), dim=1) @ directions.T).argmax(1)]
            projected = table[nearest] + words - words.detach()  # the gradient goes to the words unprojected
            states = encoder(inputs_embeds=torch.cat([ends[0], projected[None], ends[1]], 1)).last_hidden_state
            optimizer.zero_grad()
            loss = search.gradient(EditPlan(_style_of(search.editor, states), 1.0), words)
            text = tokenizer.decode(nearest)
            found[text] = min(loss, found.get(text, loss))
            optimizer.step()
            yield Progress(STAGE, i * budget.gradient_steps + step + 1, len(starts) * budget.gradient_steps)
    best = sorted(found, key=found.__getitem__)[: len(starts) * READ]
    plans = {text: plan_of(replace(search.settings, prompt=text), search.editor) for text in best}
    text = min(best, key=lambda text: search.loss(plans[text]))
    return text, plans[text]
