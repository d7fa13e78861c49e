"""Leaves the mean of several trainings' weights for convert.ts: it answers better than any of them.

`python3 average.py <weights.f32> <weights.f32> …`
"""

import sys
from pathlib import Path

import numpy as np

parts = [np.fromfile(path, dtype="<f4") for path in sys.argv[1:]]
mean = np.mean(parts, axis=0, dtype=np.float64)
mean.astype("<f4").tofile(Path(__file__).parent / "build" / "weights.f32")
