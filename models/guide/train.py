"""Trains the guide on the tokens that prepare.ts wrote, and leaves its raw tensors for convert.ts.

One process on the CPU (or a GPU where there is one). The same data, seed, number of steps and threads and kind of
machine give the same weights; so does `--resume`, which goes on from the last checkpoint.
"""

import argparse
import ctypes
import ctypes.util
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

BUILD = Path(__file__).parent / "build"
CHECKPOINT = BUILD / "checkpoint.pt"

PROCESSOR = Path("/proc/cpuinfo").read_text()
IS_QUICK_IN_HALF = torch.cuda.is_available() or "avx512bw" in PROCESSOR or "bf16" in PROCESSOR
PRECISION = torch.bfloat16 if IS_QUICK_IN_HALF else torch.float32
"""What is multiplied: bfloat16 is several times as fast on some processors, and ten times as slow on the others."""

ROPE_BASE = 10_000.0
NORM_EPSILON = 1e-5

WARM_UP = 60
"""Steps until the full rate."""

COPYING_AGAIN = 20
"""After the exercises at the beginning, every so-manieth step is one, so that nothing is unlearned."""

LENGTHS, GUESSES = 16, 512
"""Batches are as long, and have as many guesses, as a multiple of these."""


def normalised(x):
    """Rows of root mean square 1, ready to be multiplied."""
    return (x * torch.rsqrt((x * x).mean(-1, keepdim=True) + NORM_EPSILON)).to(PRECISION)


def rotation(length, width):
    """Cosines and sines by position, for the pairs (0, 1), (2, 3) … as llama.cpp's `llama` rotates them."""
    frequencies = ROPE_BASE ** (-torch.arange(0, width, 2).float() / width)
    angles = torch.arange(length).float()[:, None] * frequencies
    return torch.stack((angles.cos(), angles.sin()))


def rotate(x, turns):
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cosine, sine = turns
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2).to(PRECISION)


def joined(*layers):
    """The matrices of several layers with one input, to be multiplied at once."""
    return torch.cat([layer.weight.to(PRECISION) for layer in layers])


class Block(nn.Module):
    """
    The residual stream is kept in 32 bits, everything inside a block in `PRECISION`. The norms have no weights of their
    own: the matrices behind them hold them.
    """

    def __init__(self, shape):
        super().__init__()
        width, hidden = shape["embedding"], shape["feedForward"]
        self.heads = shape["heads"]
        self.attn_q = nn.Linear(width, width, bias=False)
        self.attn_k = nn.Linear(width, width, bias=False)
        self.attn_v = nn.Linear(width, width, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_gate = nn.Linear(width, hidden, bias=False)
        self.ffn_up = nn.Linear(width, hidden, bias=False)
        self.ffn_down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, turns, mask):
        rows, length, width = x.shape
        mixed = F.linear(normalised(x), joined(self.attn_q, self.attn_k, self.attn_v))
        q, k, v = mixed.view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, turns / math.sqrt(width // self.heads)), rotate(k, turns)
        scores = q @ k.transpose(-1, -2) + mask
        heard = (scores.softmax(-1) @ v).transpose(1, 2).reshape(rows, length, width)
        x = x + F.linear(heard, joined(self.attn_output)).float()
        gate, up = F.linear(normalised(x), joined(self.ffn_gate, self.ffn_up)).chunk(2, -1)
        return x + F.linear(F.silu(gate.float()).to(PRECISION) * up, joined(self.ffn_down)).float()


class Llama(nn.Module):
    """Embedding and output share one matrix."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape["vocabulary"], shape["embedding"])
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape["layers"]))
        self.output_norm = nn.Parameter(torch.ones(shape["embedding"]))
        self.register_buffer("turns", rotation(shape["contextLength"], shape["embedding"] // shape["heads"]), persistent=False)
        nn.init.normal_(self.token_embd.weight, std=0.02)
        for block in self.blk:
            for name, matrix in block.named_parameters():
                scale = 1 / math.sqrt(2 * shape["layers"]) if "output" in name or "down" in name else 1.0
                nn.init.normal_(matrix, std=scale / math.sqrt(matrix.shape[1]) * 0.6)

    def forward(self, tokens, wanted):
        """Logits at the flat positions `wanted` only: the others are never learned from."""
        length = tokens.shape[1]
        mask = torch.full((length, length), float("-inf"), dtype=PRECISION, device=tokens.device).triu(1)
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, self.turns[:, :length], mask)
        x = normalised(x.flatten(0, 1)[wanted])
        return F.linear(x, (self.token_embd.weight * self.output_norm).to(PRECISION))

    def loss(self, tokens, targets, wanted, weights):
        guesses = F.cross_entropy(self(tokens, wanted).float(), targets, reduction="none")
        return (guesses * weights).sum() / weights.sum()


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal by Newton-Schulz (Jordan 2024), for the matrices inside the blocks."""

    def __init__(self, matrices, lr, momentum=0.95):
        super().__init__(matrices, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = {}
            for matrix in group["params"]:
                held = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
                held.lerp_(matrix.grad, 1 - group["momentum"])
                direction = matrix.grad.lerp(held, group["momentum"])
                alike.setdefault(matrix.shape, []).append((matrix, direction))
            for pairs in alike.values():
                steps = orthogonal(torch.stack([direction for _, direction in pairs]))
                for (matrix, _), step in zip(pairs, steps):
                    rows, columns = matrix.shape
                    matrix.mul_(1 - 0.01 * group["lr"])
                    matrix.add_(step, alpha=-group["lr"] * math.sqrt(max(1.0, rows / columns)))


def orthogonal(matrices, steps=5):
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrices.shape[1] <= matrices.shape[2]
    x = matrices if wide else matrices.transpose(1, 2)
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(PRECISION)
    for _ in range(steps):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * (square @ square)) @ x
    return (x if wide else x.transpose(1, 2)).float()


class Data:
    """
    Samples of different lengths, in batches of samples of about the same length. There are few shapes of batches: for
    each new one, the kernels that multiply are made anew, which takes longer than to use them.
    """

    def __init__(self, tokens_per_batch, seed):
        self.tokens = np.fromfile(BUILD / "tokens.u16", dtype=np.uint16)
        self.weights = np.fromfile(BUILD / "weights.u8", dtype=np.uint8)
        self.lengths = np.fromfile(BUILD / "lengths.u32", dtype=np.uint32).astype(np.int64)
        self.starts = np.concatenate(([0], np.cumsum(self.lengths)[:-1]))
        self.budget = tokens_per_batch
        self.random = np.random.default_rng(seed)

    def batches(self):
        """Without end: one pass over the samples after the other, from the second on in an order of its own."""
        order = np.arange(len(self.lengths))
        groups = {}
        while True:
            for sample in order:
                length = rounded_up(int(self.lengths[sample]) - 1, LENGTHS)
                group = groups.setdefault(length, [])
                group.append(sample)
                if len(group) == max(1, self.budget // length):
                    yield self.batch(group, length)
                    group.clear()
            order = self.random.permutation(len(self.lengths))

    def batch(self, samples, length):
        tokens = np.zeros((len(samples), length + 1), dtype=np.int64)
        weights = np.zeros((len(samples), length + 1), dtype=np.float32)
        for row, sample in enumerate(samples):
            start, count = self.starts[sample], self.lengths[sample]
            tokens[row, :count] = self.tokens[start : start + count]
            weights[row, :count] = self.weights[start : start + count]
        return lesson(torch.from_numpy(tokens), torch.from_numpy(weights))


def rounded_up(number, step):
    return -(-number // step) * step


def lesson(tokens, weights):
    """
    What is read, what is to be guessed, at which flat positions (before the token that is guessed), and how much each
    guess counts; filled up with guesses that do not count.
    """
    weights = weights[:, 1:].flatten()
    wanted = weights.nonzero().squeeze(1)
    targets = tokens[:, 1:].flatten()[wanted]
    missing = (0, rounded_up(len(wanted), GUESSES) - len(wanted))
    return tokens[:, :-1], F.pad(targets, missing), F.pad(wanted, missing), F.pad(weights[wanted], missing)


def said_twice(tokens_per_batch, vocabulary, random):
    """
    Tokens drawn at random, said twice. Nothing but looking back helps there, and the heads that learn to, in a few
    hundred steps, are the ones that copy names and values into a call. Without these exercises they took longer
    than all the rest of the training.
    """
    half = int(random.choice([12, 24, 48, 96]))
    once = random.integers(0, vocabulary, (tokens_per_batch // (2 * half), half))
    tokens = torch.from_numpy(np.concatenate([once, once], 1))
    weights = torch.zeros(tokens.shape)
    weights[:, half + 1 :] = 1
    return lesson(tokens, weights)


def schedule(step, steps, cool_down):
    """The share of the full rate: up, level, and down to a twentieth over the last share of the steps."""
    if step < WARM_UP:
        return step / WARM_UP
    return min(1.0, max(0.05, (steps - step) / (steps * cool_down)))


def in_file_order(model):
    """All tensors, in the order in which the GGUF file has them."""
    no_norm = torch.ones_like(model.output_norm)
    yield model.token_embd.weight
    for block in model.blk:
        yield no_norm
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield getattr(block, name).weight
        yield no_norm
        for name in ("ffn_gate", "ffn_up", "ffn_down"):
            yield getattr(block, name).weight
    yield model.output_norm


def begin_with(model, path):
    """Takes over what `export` left, or begin.ts made of a file."""
    flat = torch.from_numpy(np.fromfile(path, dtype="<f4"))
    with torch.no_grad():
        for tensor in in_file_order(model):
            tensor.copy_(flat[: tensor.numel()].view(tensor.shape))
            flat = flat[tensor.numel() :]
    assert not len(flat), f"{path} has {len(flat)} weights more than the model"


def export(model, path):
    """One run of 32-bit floats."""
    flat = torch.cat([tensor.detach().cpu().reshape(-1) for tensor in in_file_order(model)])
    draft = path.with_suffix(".part")
    flat.numpy().astype("<f4").tofile(draft)
    draft.rename(path)


def keep(model, optimisers, step):
    draft = CHECKPOINT.with_suffix(".part")
    states = [optimiser.state_dict() for optimiser in optimisers]
    torch.save({"step": step, "model": model.state_dict(), "optimisers": states}, draft)
    draft.rename(CHECKPOINT)


def restore(model, optimisers):
    """Returns the step that the last checkpoint was made after."""
    kept = torch.load(CHECKPOINT)
    model.load_state_dict(kept["model"])
    for optimiser, state in zip(optimisers, kept["optimisers"]):
        optimiser.load_state_dict(state)
    return kept["step"]


def kernels_of(function):
    """
    The same function in kernels made for it. Debian's PyTorch does not name the library of vector functions that they
    call; so it is loaded first, here and in the processes that try whether such kernels work on this machine.
    """
    if sleef := ctypes.util.find_library("sleef"):
        os.environ["LD_PRELOAD"] = sleef
        ctypes.CDLL(sleef, ctypes.RTLD_GLOBAL)
    return torch.compile(function, dynamic=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8200)
    parser.add_argument("--until", type=int, help="end after this step, at the rate that it has of --steps")
    parser.add_argument("--tokens", type=int, default=8192, help="tokens per step")
    parser.add_argument("--copying", type=int, default=300, help="how many of the steps copy random tokens first")
    parser.add_argument("--cool-down", type=float, default=0.6, help="share of the steps in which the rate falls")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--matrix-rate", type=float, default=0.02)
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--embedding", type=int, default=256)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--feed-forward", type=int, default=640)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save-every", type=int, default=100)
    parser.add_argument("--begin", type=Path, help="raw weights to begin with, in place of random ones or those of the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--compile", action="store_true", help="make kernels of this model first, which takes minutes")
    given = parser.parse_args()
    given.until = given.until or given.steps
    return given


def main():
    given = arguments()
    # Gradients come close to nothing, and numbers below the smallest normal one cost tens of times as much.
    torch.set_flush_denormal(True)
    # Threads that add to the same rows would do so in an order of their own each time.
    torch.use_deterministic_algorithms(True)
    # On a GPU, its matrix library is asked for the same this way, and refuses to work otherwise.
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    vocabulary = json.loads((Path(__file__).parent / "vocabulary.json").read_text())
    shape = {
        "layers": given.layers,
        "embedding": given.embedding,
        "heads": given.heads,
        "kvHeads": given.heads,
        "feedForward": given.feed_forward,
        "contextLength": 2048,
        "vocabulary": vocabulary["size"],
    }
    (BUILD / "shape.json").write_text(json.dumps(shape, indent=2) + "\n")
    model = Llama(shape)
    model = model.to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)
    matrices = [p for p in model.blk.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    optimisers = [
        Muon(matrices, lr=given.matrix_rate),
        torch.optim.Adam(others, lr=given.rate, betas=(0.9, 0.98)),
    ]
    rates = [given.matrix_rate, given.rate]
    data = Data(given.tokens, given.seed)
    batches = data.batches()
    done = restore(model, optimisers) if given.resume else 0
    if given.begin:
        begin_with(model, given.begin)
    loss_of = kernels_of(model.loss) if given.compile else model.loss
    began, tokens_seen, losses = time.time(), 0, []
    for step in range(1, given.until + 1):
        exercise = step <= given.copying or step % COPYING_AGAIN == 0
        batch = said_twice(given.tokens, vocabulary["size"], data.random) if exercise else next(batches)
        # What was learned from before is drawn again all the same: chance goes on from there.
        if step <= done:
            continue
        loss = loss_of(*(part.to(device) for part in batch))
        model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(others, 1.0)
        for optimiser, rate in zip(optimisers, rates):
            optimiser.param_groups[0]["lr"] = rate * schedule(step, given.steps, given.cool_down)
            optimiser.step()
        tokens_seen += batch[0].numel()
        losses.append(loss.item())
        if step % 20 == 0:
            seconds = time.time() - began
            mean = sum(losses[-20:]) / 20
            print(f"step {step} loss {mean:.4f} tokens {tokens_seen} {tokens_seen / seconds:.0f}/s {seconds:.0f} s", flush=True)
        if step % given.save_every == 0 or step == given.until:
            keep(model, optimisers, step)
            export(model, BUILD / "weights.f32")


if __name__ == "__main__":
    main()
