#!/usr/bin/python3
"""Train the amplifier model that the project ships: a WaveNet of the standard size in the .nam format.

Needs the Debian packages python3-numpy and python3-torch. Nothing is recorded or downloaded: the "guitar" is plucked strings
synthesised here, and the "amplifier" is an analytic distortion,

    high-pass 120 Hz -> tanh(8 x + 0.15) - tanh(0.15) -> low-pass 4.5 kHz -> high-pass 20 Hz -> 0.4 times

so that everybody can repeat both. The network has two layer arrays of 16 and 8 channels, kernel 3, dilations 1..512 in each,
tanh, 13802 weights; its structure and the order of its weights are those of a .nam file of version 0.5.

    make_nam_model.py --out models/nam_standard            train (some CPU minutes), write all files
    make_nam_model.py --out models/nam_standard --steps 50 a quick one

Files: nam_standard.nam; test.wav and calibration.wav (48 kHz, 16 bits), other plucks than those in training; target.wav, the
analytic distortion's answer to test.wav.
"""

import argparse
import json
import os
import pathlib
import time
import wave

# One thread: the sums of a parallel run depend on how the work was divided.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

SAMPLE_RATE = 48000
KERNEL = 3
DILATIONS = [2**i for i in range(10)]
RECEPTIVE_FIELD = 1 + 2 * (KERNEL - 1) * sum(DILATIONS)
HEAD_SCALE = 0.02  # what the format's trainer uses; the skip sum is then of the order of 10


def pluck(random, frequency, samples):
    """One string: noise that runs around a delay line and loses its highs (Karplus and Strong)."""
    period = max(2, int(round(SAMPLE_RATE / frequency)))
    line = random.uniform(-1.0, 1.0, period)
    brightness = random.uniform(0.2, 0.6)
    for i in range(1, period):  # a plectrum is not white
        line[i] = (1 - brightness) * line[i - 1] + brightness * line[i]
    line -= line.mean()
    line /= np.abs(line).max()
    decay = random.uniform(0.990, 0.999)
    out = np.empty(samples)
    for start in range(0, samples, period):
        count = min(period, samples - start)
        out[start:start + count] = line[:count]
        line = decay * 0.5 * (line + np.roll(line, 1))
    return out


def guitar(seconds, seed):
    """Chords and single notes of changing loudness, peak 0.7."""
    random = np.random.default_rng(seed)
    samples = int(seconds * SAMPLE_RATE)
    out = np.zeros(samples)
    start = 0
    while start < samples:
        length = min(int(random.uniform(0.12, 0.5) * SAMPLE_RATE), samples - start)
        root = 82.4 * 2 ** (random.integers(0, 30) / 12)
        chord = [(0,), (0, 7), (0, 7, 12), (0, 4, 7)][random.integers(0, 4)]
        loudness = 10 ** random.uniform(-1.3, 0.0)
        for semitones in chord:
            out[start:start + length] += loudness * pluck(random, root * 2 ** (semitones / 12), length)
        start += length
    return 0.7 * out / np.abs(out).max()


def low_pass(x, cutoff):
    a = 1 - np.exp(-2 * np.pi * cutoff / SAMPLE_RATE)
    y, state = np.empty_like(x), 0.0
    for i, v in enumerate(x):
        state += a * (v - state)
        y[i] = state
    return y


def distortion(x):
    x = x - low_pass(x, 120.0)
    x = np.tanh(8.0 * x + 0.15) - np.tanh(0.15)
    x = low_pass(x, 4500.0)
    return 0.4 * (x - low_pass(x, 20.0))


class LayerArray(nn.Module):
    def __init__(self, inputs, channels, head_size, head_bias):
        super().__init__()
        self.rechannel = nn.Conv1d(inputs, channels, 1, bias=False)
        self.conv = nn.ModuleList(nn.Conv1d(channels, channels, KERNEL, dilation=d) for d in DILATIONS)
        self.mixin = nn.ModuleList(nn.Conv1d(1, channels, 1, bias=False) for _ in DILATIONS)
        self.layer1x1 = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in DILATIONS)
        self.head = nn.Conv1d(channels, head_size, 1, bias=head_bias)

    def forward(self, y, condition, h):
        y = self.rechannel(y)
        for conv, mixin, layer1x1 in zip(self.conv, self.mixin, self.layer1x1):
            z = conv(y)
            a = torch.tanh(z + mixin(condition)[..., -z.shape[-1]:])
            h = a if h is None else h[..., -a.shape[-1]:] + a
            y = y[..., -a.shape[-1]:] + layer1x1(a)
        return y, self.head(h)

    def flat(self):
        """The weights in the order of the .nam format."""
        parts = [self.rechannel.weight]
        for conv, mixin, layer1x1 in zip(self.conv, self.mixin, self.layer1x1):
            parts += [conv.weight, conv.bias, mixin.weight, layer1x1.weight, layer1x1.bias]
        parts.append(self.head.weight)
        if self.head.bias is not None:
            parts.append(self.head.bias)
        return torch.cat([p.detach().flatten() for p in parts])


class WaveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.arrays = nn.ModuleList([LayerArray(1, 16, 8, False), LayerArray(16, 8, 1, True)])

    def forward(self, x):
        y, h = x, None
        for array in self.arrays:
            y, h = array(y, x, h)
        return HEAD_SCALE * h

    def nam(self):
        weights = torch.cat([array.flat() for array in self.arrays] + [torch.tensor([HEAD_SCALE])])
        layers = [{"input_size": i, "condition_size": 1, "channels": c, "head_size": s, "kernel_size": KERNEL,
                   "dilations": DILATIONS, "activation": "Tanh", "gated": False, "head_bias": b}
                  for i, c, s, b in ((1, 16, 8, False), (16, 8, 1, True))]
        return {"version": "0.5.0", "architecture": "WaveNet",
                "config": {"layers": layers, "head": None, "head_scale": HEAD_SCALE},
                "weights": [float(f"{w:.7g}") for w in weights.tolist()], "sample_rate": SAMPLE_RATE}


def esr(target, got):
    return float(np.sum((target - got) ** 2) / np.sum(target**2))


def train(steps, seed, seconds):
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    dry = guitar(seconds, seed)
    wet = distortion(dry)
    x, y = (torch.tensor(v, dtype=torch.float32) for v in (dry, wet))
    model = WaveNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=1e-4)
    batch, length = 4, 4096
    start_time = time.time()
    for step in range(steps):
        starts = random.integers(RECEPTIVE_FIELD, len(x) - length, batch)
        inputs = torch.stack([x[s - RECEPTIVE_FIELD + 1:s + length] for s in starts])[:, None]
        target = torch.stack([y[s:s + length] for s in starts])[:, None]
        error = model(inputs) - target
        loss = (error**2).sum() / (target**2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 25 == 0 or step == steps - 1:
            print(f"step {step}: ESR {loss.item():.4f}, {time.time() - start_time:.0f} s", flush=True)
    return model


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("models/nam_standard"))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    test, calibration = guitar(0.5, options.seed + 100), guitar(1.0, options.seed + 200)
    test[:480] = 0.0  # a moment of silence: the start-up of the biases is heard before the first pluck
    target = distortion(test)
    for name, samples in (("test", test), ("calibration", calibration), ("target", target)):
        write_wav(options.out / f"{name}.wav", samples)

    model = train(options.steps, options.seed, 30.0)
    with torch.no_grad():
        padded = torch.nn.functional.pad(torch.tensor(test, dtype=torch.float32)[None, None], (RECEPTIVE_FIELD - 1, 0))
        print(f"ESR on the test clip against the analytic distortion: {esr(target, model(padded)[0, 0].numpy()):.4f}")
    (options.out / "nam_standard.nam").write_text(json.dumps(model.nam(), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
