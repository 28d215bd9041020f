"""The editor and the teachers under study, the photographs, and what both make of them."""

from __future__ import annotations

import argparse
from functools import cached_property

import numpy as np
from torch import Tensor

from modellock_core.editing.catalogue import CATALOGUE, find
from modellock_core.editing.editors import load_editor

from ..painters import ARTISTS, SIDE, TRAINED
from ..teachers import STYLES, Teachers, shrunk
from .classifier import Features
from .photographs import photographs, to_bytes, to_tensor

SEED = 1024
PAINTERS = (*TRAINED, *ARTISTS)


class Study:
    """What all parts share: the editor, the teachers, photographs, and what both make of them.

    Args:
        args: the arguments of measure_editor.py.
    """

    def __init__(self, args: argparse.Namespace):
        self.args, self.size = args, args.size
        self.editor = load_editor(args.editor)
        self.photos = photographs(args.photos, args.count, SIDE, args.seed)
        self.source = to_tensor(shrunk(self.photos, args.size))
        known = set(self.editor.pipeline.styles.config.names) & STYLES
        styles = [entry.name for entry in CATALOGUE if entry.kind == "style"]
        self.styles = [name for name in styles if name in known]
        self.painters = [name for name in PAINTERS if name in self.styles]
        self.objects = [e.name for e in CATALOGUE if e.name in self.editor.pipeline.sketch.config.objects]
        if left_out := [name for name in styles if name not in known]:
            print(f"no part of this, as the editor or the teachers don't know them: {', '.join(left_out)}")
        self._taught: dict[str, np.ndarray] = {}
        self._edited: dict[str, np.ndarray] = {}

    @cached_property
    def teachers(self) -> Teachers:
        return Teachers(self.args.models, self.args.artists)

    @cached_property
    def features(self) -> Features:
        return Features()

    def edit(self, prompt: str, images: Tensor | None = None, *, steps: int = 1, seed: int = SEED, **more) -> Tensor:
        """The editor's pictures of images (N, 3, H, W) in [0, 1], or of the photographs, of the same shape."""
        images = self.source if images is None else images
        return self.editor.edit(images, prompt, steps=steps, guidance=1.0, image_guidance=1.0, seed=seed, **more)

    def taught(self, name: str) -> Tensor:
        """The teacher's pictures of the photographs, (N, 3, size, size) in [0, 1]."""
        if name not in self._taught:
            self._taught[name] = self.teachers(name, self.photos, self.size, SEED)
        return to_tensor(self._taught[name])

    def edited(self, name: str) -> Tensor:
        """The editor's pictures of the photographs, in one step, (N, 3, size, size) in [0, 1]."""
        if name not in self._edited:
            self._edited[name] = to_bytes(self.edit(find(name).prompt))
        return to_tensor(self._edited[name])
