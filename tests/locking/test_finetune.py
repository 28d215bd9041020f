import math
from dataclasses import replace

import pytest
import torch
from accelerate.state import AcceleratorState
from torch import nn

from modellock_core.__main__ import main
from modellock_core.data.targets import ClassLabels, Masks
from modellock_core.devices import accelerator
from modellock_core.locking import finetune as module
from modellock_core.locking.activations import Activations
from modellock_core.locking.finetune import finetune
from modellock_core.locking.recipe import FinetuneConfig
from modellock_core.locking.training_set import Labelled, TrainingSet, batch_of
from modellock_core.models.backbones import load_backbone
from modellock_core.models.tasks import load_task
from modellock_core.work import Work

CONFIG = FinetuneConfig(epochs=3, lr=1e-2, batch=16, suppression=5.0, distillation=0.0)


@pytest.fixture(scope="module")
def task():
    return load_task("classification", ("left", "right"), load_backbone())


def head() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def samples(suppressed: int = 40) -> TrainingSet:
    """Two classes told apart by the first number; what is suppressed has another last number."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 4, generator=generator)
    x[:, 3] = 2
    other = torch.randn(suppressed, 4, generator=generator)
    other[:, 3] = -2
    labelled = Labelled(Activations(x.half()), ClassLabels((x[:, 0] > 0).long()))
    return TrainingSet((labelled,), (Activations(other.half()),) if suppressed else ())


def trained(task, data: TrainingSet, config: FinetuneConfig = CONFIG, seed: int = 0) -> nn.Sequential:
    model = head()
    Work(finetune(task, model, data, config, torch.Generator().manual_seed(seed), "Training")).result()
    return model


@pytest.fixture
def mixed_precision(monkeypatch):
    """Ask for a mixed precision as `accelerate launch` does: `mixed_precision("bf16")`."""

    def start_anew() -> None:
        accelerator.cache_clear()
        AcceleratorState._reset_state()

    def ask(name: str) -> None:
        monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", name)
        start_anew()

    yield ask
    monkeypatch.undo()
    start_anew()


def test_labelled_samples_are_learnt_and_suppressed_ones_tell_nothing(task):
    data = samples()
    model = trained(task, data, replace(CONFIG, epochs=12))
    with torch.inference_mode():
        x, other = data.labelled[0].activations.plain.float(), data.suppressed[0].plain.float()
        assert (model(x).argmax(1) == data.labelled[0].targets.values).float().mean() > 0.9
        assert model[:-1](other).mean() < 0.2 * model[:-1](x).mean()


def test_few_suppressed_samples_weigh_as_much_as_many_labelled_ones(task):
    data = samples(suppressed=6)
    model = trained(task, data, replace(CONFIG, epochs=12))
    with torch.inference_mode():
        x, other = data.labelled[0].activations.plain.float(), data.suppressed[0].plain.float()
        assert model[:-1](other).mean() < 0.4 * model[:-1](x).mean()


def test_the_same_generator_makes_the_same_weights_whatever_is_drawn_meanwhile(task):
    first, data, again = trained(task, samples()), samples(), head()
    for _ in finetune(task, again, data, CONFIG, torch.Generator().manual_seed(0), "Training"):
        torch.rand(5)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    other = trained(task, samples(), seed=1)
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_without_mixed_precision_weights_are_those_of_plain_torch(task, monkeypatch):
    class Plain(torch.optim.AdamW):
        step_was_skipped = False

    prepared = trained(task, samples())
    monkeypatch.setattr(torch.optim, "AdamW", Plain)
    monkeypatch.setattr(module, "prepared", lambda model, optimizer: (model, optimizer))
    plain = trained(task, samples())
    assert all(torch.equal(a, b) for a, b in zip(prepared.parameters(), plain.parameters(), strict=True))


def test_bf16_trains_the_same_but_for_its_rounding_and_leaves_weights_in_fp32(task, mixed_precision):
    full = trained(task, samples(), replace(CONFIG, epochs=12))
    mixed_precision("bf16")
    mixed = trained(task, samples(), replace(CONFIG, epochs=12))
    weights = list(zip(full.parameters(), mixed.parameters(), strict=True))
    assert all(b.dtype == torch.float32 and torch.allclose(a, b, atol=0.05) for a, b in weights)
    assert not all(torch.equal(a, b) for a, b in weights), "it was not asked for in vain"
    x, labels = samples().labelled[0].activations.plain.float(), samples().labelled[0].targets.values
    assert (mixed(x).argmax(1) == labels).float().mean() > 0.9 and mixed(x).dtype == torch.float32


def test_a_step_whose_scaled_gradients_overflow_is_skipped_and_does_not_advance_the_schedule(task, monkeypatch):
    schedules = []

    class Schedule(torch.optim.lr_scheduler.OneCycleLR):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            schedules.append(self)

    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)  # halved until nothing overflows
    monkeypatch.setattr(accelerator(), "scaler", scaler)  # as Accelerate's with fp16
    monkeypatch.setattr(torch.optim.lr_scheduler, "OneCycleLR", Schedule)
    model = trained(task, samples(), replace(CONFIG, suppression=500.0))
    skipped = 127 - round(math.log2(scaler.get_scale()))
    assert 1 <= skipped < 21 and schedules[0].last_epoch == 21 - skipped  # 7 steps in each of 3 epochs
    assert all(p.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    ("name", "message"), [("fp16", "fp16 needs a GPU; change"), ("fp8", "is no, bf16 or fp16, got 'fp8'")]
)
def test_a_precision_that_this_machine_lacks_is_refused_before_any_work(
    name, message, mixed_precision, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    mixed_precision(name)
    assert main(["lock", "--prompt", "in sepia", "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("epochs", range(1, 7))
def test_any_number_of_steps_can_be_scheduled(task, epochs):
    trained(task, samples(), replace(CONFIG, epochs=epochs, batch=200))


def test_depthwise_filters_stay_and_can_be_trained_again_afterwards(task):
    depthwise, full = nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Conv2d(4, 4, 1)
    model = nn.Sequential(depthwise, full, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(4, 2))
    before, mixed = depthwise.weight.clone(), full.weight.clone()
    data = Labelled(Activations(torch.randn(20, 4, 5, 5).half()), ClassLabels(torch.arange(20) % 2))
    Work(finetune(task, model, TrainingSet((data,)), CONFIG, torch.Generator().manual_seed(0), "Training")).result()
    assert torch.equal(depthwise.weight, before) and not torch.equal(full.weight, mixed)
    assert all(p.requires_grad for p in model.parameters())


def test_a_batch_has_the_labelled_samples_first_and_flips_what_it_should():
    plain, mirrored = torch.arange(6.0)[:, None], -torch.arange(6.0)[:, None]
    masks = torch.zeros(4, 2, 2, dtype=torch.uint8)
    masks[:, :, 1] = 1
    labelled = Labelled(Activations(plain[:4], mirrored[:4]), Masks(masks), teacher=plain[:4])
    data = TrainingSet((labelled,), (Activations(plain[4:], mirrored[4:]),))
    batch = batch_of(data, torch.tensor([5, 2, 0]), torch.tensor([True, True, False]))
    assert batch.activations.flatten().tolist() == [-2, 0, -5] and batch.teacher.flatten().tolist() == [2, 0]
    assert torch.equal(batch.targets[0], masks[0].flip(-1)) and torch.equal(batch.targets[1], masks[0])


@pytest.mark.parametrize("mirror", [False, True])
def test_masks_are_flipped_with_their_images_and_never_alone(mirror):
    task = load_task("segmentation", ("left", "right"), load_backbone())
    masks = torch.zeros(40, 8, 8, dtype=torch.uint8)
    masks[:, :, 4:] = 1
    x = torch.stack([masks, 1 - masks], 1).half()  # (40, 2, 8, 8), one channel a class
    data = TrainingSet((Labelled(Activations(x, x.flip(-1) if mirror else None), Masks(masks)),))
    model = nn.Sequential(nn.Identity(), nn.Conv2d(2, 2, 1))
    config = replace(CONFIG, mirror=mirror, epochs=20, lr=0.1)
    Work(finetune(task, model, data, config, torch.Generator().manual_seed(0), "Training")).result()
    with torch.inference_mode():
        assert task.losses(model(x.float()), masks).max() < 0.1
