import json

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from timm.models._hub import save_for_hf
from torch import nn
from transformers import (
    AutoImageProcessor,
    ConvNextV2Config,
    ConvNextV2ForImageClassification,
    DeiTConfig,
    DeiTForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    SwinConfig,
    SwinForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

from modellock_core.errors import ModelLockError
from modellock_core.models.backbones import DEFAULT_BACKBONE, load_backbone
from modellock_core.models.freezing import split_model
from modellock_core.models.tasks import load_task
from modellock_core.paths import BACKBONE

TIMM = ("test_resnet", "test_efficientnet", "test_convnext", "test_vit", "test_mambaout", "test_nfnet")
TRANSFORMER = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
IMAGE = {"image_size": 32, "patch_size": 8}
HUGGING_FACE = {
    "vit": (ViTForImageClassification, ViTConfig(**TRANSFORMER, **IMAGE)),
    "deit": (DeiTForImageClassification, DeiTConfig(**TRANSFORMER, **IMAGE)),
    "swin": (
        SwinForImageClassification,
        SwinConfig(image_size=32, patch_size=2, embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=4),
    ),
    "convnextv2": (ConvNextV2ForImageClassification, ConvNextV2Config(hidden_sizes=[8] * 4, depths=[1, 1, 2, 1])),
    "resnet": (
        ResNetForImageClassification,
        ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[2, 2], layer_type="basic"),
    ),
}


def images(count=2, side=64):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def features_of(stages, x):
    with torch.inference_mode():
        return stages.pool(nn.Sequential(*stages.blocks)(x))


def disturb_batch_norms(network):
    """Statistics as after a training: with fresh ones, nearly any folding would be right."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 1.5, generator=generator)
            for tensor in (module.bias.data, module.running_mean):
                tensor.uniform_(-0.5, 0.5, generator=generator)


@pytest.fixture
def timm_folder(tmp_path):
    """Save a network of timm's with random weights: `timm_folder("test_vit")` gives it and its folder."""

    def make(name):
        torch.manual_seed(0)
        network = timm.create_model(name).eval()
        disturb_batch_norms(network)
        save_for_hf(network, tmp_path / name, safe_serialization=True)
        return network, tmp_path / name

    return make


@pytest.fixture
def transformers_folder(tmp_path):
    """Save a model of transformers' with random weights and an image processor."""

    def make(kind):
        torch.manual_seed(0)
        model_class, config = HUGGING_FACE[kind]
        model = model_class(config).eval()
        disturb_batch_norms(model)
        model.save_pretrained(tmp_path / kind)
        processor = ViTImageProcessor(
            size={"height": 32, "width": 32}, image_mean=[0.1, 0.2, 0.3], image_std=[0.4, 0.5, 0.6]
        )
        processor.save_pretrained(tmp_path / kind)
        return model, tmp_path / kind

    return make


@pytest.fixture(scope="module")
def bundled():
    return load_backbone()


@pytest.fixture(scope="module")
def reference():
    """The bundled network as timm has it, its batch norms not folded."""
    config = json.loads((BACKBONE / "config.json").read_text())
    network = timm.create_model(config["architecture"], num_classes=0).eval()
    network.load_state_dict({k: v.float() for k, v in load_file(BACKBONE / "model.safetensors").items()})
    return network


def test_the_bundled_backbone_sees_what_timms_sees(bundled, reference):
    stages, x = bundled.stages(), bundled.normalise(images())
    with torch.inference_mode():
        assert torch.allclose(features_of(stages, x), reference(x), atol=1e-3)
    assert stages.feature_dim == 1280 and len(stages.blocks) == 17
    modules = [module for block in (*stages.blocks, stages.pool) for module in block.modules()]
    assert not any(isinstance(module, nn.BatchNorm2d) for module in modules)


def test_a_third_of_the_bundled_backbone_is_its_stem_and_its_first_three_stages(bundled, reference):
    model = load_task("classification", ("a", "b"), bundled).build()
    frozen, trained = split_model(model, 0.35)
    x = bundled.normalise(images())
    with torch.inference_mode():
        expected = reference.blocks[:3](reference.bn1(reference.conv_stem(x)))
        assert len(frozen) == 6 and torch.allclose(frozen(x), expected, atol=1e-3)
        assert torch.equal(trained(frozen(x)), model(x))


def test_the_bundled_backbone_has_feature_maps_of_every_stride(bundled):
    taps = [(tap.block, tap.channels, tap.stride) for tap in bundled.stages().taps]
    assert taps == [(1, 16, 2), (3, 24, 4), (5, 40, 8), (11, 112, 16), (16, 320, 32)]


def test_images_are_normalised_by_the_data_config_of_the_network(bundled, transformers_folder):
    x = images()
    assert torch.allclose(bundled.normalise(x), x * 2 - 1, atol=1e-6) and bundled.image_size == 224
    other = load_backbone("timm:resnet18")
    mean, std = (torch.tensor(values)[:, None, None] for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    assert torch.allclose(other.normalise(x), (x - mean) / std, atol=1e-5)
    _, folder = transformers_folder("resnet")
    mean, std = (torch.tensor(values)[:, None, None] for values in ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)))
    assert torch.allclose(load_backbone(str(folder)).normalise(x), (x - mean) / std, atol=1e-5)


@pytest.mark.parametrize("name", TIMM)
def test_the_row_of_modules_is_the_whole_network_of_timm(name, timm_folder):
    network, folder = timm_folder(name)
    backbone = load_backbone(str(folder))
    x = backbone.normalise(images())
    with torch.inference_mode():
        expected = network.forward_head(network.forward_features(x), pre_logits=True)
    stages = backbone.stages()
    assert len(stages.blocks) >= 5
    assert torch.allclose(features_of(stages, x), expected, rtol=1e-3, atol=1e-4)
    assert expected.shape[1] == stages.feature_dim


@pytest.mark.parametrize("kind", HUGGING_FACE)
def test_the_row_of_modules_is_the_whole_model_of_transformers(kind, transformers_folder):
    model, folder = transformers_folder(kind)
    backbone = load_backbone(str(folder))
    stages, x = backbone.stages(), backbone.normalise(images(side=32))
    classifier = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    with torch.inference_mode():
        assert torch.allclose(classifier(features_of(stages, x)), model(pixel_values=x).logits, rtol=1e-3, atol=1e-4)
    assert len(stages.blocks) >= 4


@pytest.mark.parametrize(
    ("name", "channels"), [("test_resnet", [32, 48, 192, 96]), ("test_convnext", [24, 32, 48, 64])]
)
def test_feature_maps_have_the_channels_and_strides_that_are_told(name, channels):
    backbone = load_backbone(f"timm:{name}")
    stages = backbone.stages(pretrained=False)
    assert [tap.channels for tap in stages.taps] == channels
    x = backbone.normalise(images(side=96))
    for i, block in enumerate(stages.blocks):
        with torch.inference_mode():
            x = block(x)
        for tap in stages.taps:
            if tap.block == i:
                assert x.shape == (2, tap.channels, 96 // tap.stride, 96 // tap.stride)


def test_a_plain_vision_transformer_has_no_feature_maps_and_takes_images_of_any_size():
    backbone = load_backbone("timm:test_vit")
    assert backbone.stages(pretrained=False).taps == ()
    assert backbone.normalise(images(side=64)).shape == (2, 3, 160, 160)


def test_a_batch_norm_whose_convolution_is_read_elsewhere_stays():
    backbone = load_backbone("timm:densenet121")
    torch.manual_seed(0)
    network = backbone.load(False)
    disturb_batch_norms(network)
    x = backbone.normalise(images())
    with torch.inference_mode():
        _, expected = network(x)
        assert torch.allclose(features_of(backbone.plan.stages(network), x), expected, rtol=1e-3, atol=1e-4)
    assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("name", ["timm:test_vit", "timm:test_convnext", "timm:test_resnet"])
def test_the_part_after_the_split_learns_and_the_part_before_stays(name):
    backbone = load_backbone(name)
    model = load_task("classification", ("a", "b"), backbone).build(pretrained=False)
    frozen, trained = split_model(model, 0.5)
    before = [[p.detach().clone() for p in part.parameters()] for part in (frozen, trained)]
    optimizer = torch.optim.AdamW(trained.parameters(), lr=1e-3)
    with torch.no_grad():
        activations = frozen(backbone.normalise(images(4)))
    nn.functional.cross_entropy(trained(activations), torch.tensor([0, 1, 0, 1])).backward()
    optimizer.step()
    assert all(torch.equal(old, new) for old, new in zip(before[0], frozen.parameters(), strict=True))
    for old, new in zip(before[1], trained.parameters(), strict=True):
        assert (new.grad is not None) == new.requires_grad
        assert torch.equal(old, new) != (new.requires_grad and bool(new.any()))


def test_a_backbone_has_its_name():
    assert load_backbone().name == DEFAULT_BACKBONE
    assert load_backbone("timm:test_resnet").name == "timm:test_resnet"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet18", "timm:NAME"),
        ("timm:", "timm:NAME"),
        ("timm:resnet81", "did you mean resnet"),
        ("timm:resnet18.no_such_weights", "resnet18"),
        ("timm:crossvit_9_240", "cannot be cut into blocks"),
        ("no/such/folder", "local folder"),
    ],
)
def test_what_is_no_backbone_is_refused_with_a_mend(name, message):
    with pytest.raises(ModelLockError, match=message) as error:
        load_backbone(name)
    assert "\n" not in str(error.value)


def test_folders_without_a_model_are_refused(tmp_path):
    with pytest.raises(ModelLockError, match=r"no readable config.json"):
        load_backbone(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelLockError, match="names no model"):
        load_backbone(str(tmp_path))
    (tmp_path / "config.json").write_text('{"architecture": "no_such_net"}')
    with pytest.raises(ModelLockError, match="no_such_net"):
        load_backbone(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "no_such_type"}')
    with pytest.raises(ModelLockError, match="no_such_type"):
        load_backbone(str(tmp_path))


def test_damaged_weights_are_refused(timm_folder):
    _, folder = timm_folder("test_resnet")
    backbone, weights = load_backbone(str(folder)), folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(weights).items()}  # the file is written anew
    save_file({k: v for k, v in tensors.items() if not k.startswith("layer3")}, weights)
    with pytest.raises(ModelLockError, match=r"lacks .* tensors such as layer3"):
        backbone.stages()
    save_file(tensors | {"conv1.0.weight": torch.zeros(1)}, weights)
    with pytest.raises(ModelLockError, match="does not fit") as error:
        backbone.stages()
    assert "\n" not in str(error.value)
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelLockError, match="damaged"):
        backbone.stages()
    weights.unlink()
    with pytest.raises(ModelLockError, match="is not there"):
        backbone.stages()


def test_missing_weights_of_transformers_are_refused(transformers_folder):
    _, folder = transformers_folder("vit")
    backbone, weights = load_backbone(str(folder)), folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(weights).items()}  # the file is written anew
    save_file(
        {k: v for k, v in tensors.items() if "layers.1" not in k and "layer.1." not in k}, weights, {"format": "pt"}
    )
    with pytest.raises(ModelLockError, match=r"lack .* tensors"):
        backbone.stages()
    weights.unlink()
    with pytest.raises(ModelLockError, match=r"model.safetensors"):
        backbone.stages()


def test_an_image_processor_without_a_size_is_refused(transformers_folder, monkeypatch):
    _, folder = transformers_folder("vit")
    monkeypatch.setattr(AutoImageProcessor, "from_pretrained", lambda source: object())
    load_backbone.cache_clear()
    with pytest.raises(ModelLockError, match="no image classification model"):
        load_backbone(str(folder))
