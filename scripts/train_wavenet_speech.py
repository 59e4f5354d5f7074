#!/usr/bin/python3
"""Train the WaveNets that the project ships, on speech synthesised here.

Needs the Debian packages

    espeak-ng python3-numpy python3-scipy python3-torch libopenblas0-pthread

(the last one is optional: it replaces the slow reference BLAS). Nothing is downloaded: espeak-ng speaks the sentences
below in several voices, and this audio is all that the networks ever see.

    train_wavenet_speech.py --size speech      models/wavenet_speech, 256 classes, about 16 minutes
    train_wavenet_speech.py --size tiny        models/wavenet_tiny, 32 classes, less than a minute
    train_wavenet_speech.py --size speech --evaluate
                                               recompute the figures of the model card from the files written above

`--evaluate` needs numpy only: it reads the files, runs the network by a separate implementation in numpy, and fails when
the result is not the one in expected.npz.

The network (van den Oord et al., "WaveNet", 2016), at time t, from codes up to t, for the code at t + 1:

    y = start(code)                                  one-hot: 1x1, a table look-up; scalar: two taps on (code - Q/2)/(Q/2)
    for each layer:
        a = tanh(u) * sigmoid(v)                     u, v = the two halves of dilated(y), two taps
        k = k + skip(a)
        y = y + residual(a)                          not in the last layer: nothing would read it
    logits = end2(relu(end1(relu(k))))

Every convolution sees zeros before the first sample. Files, in a directory for each size:

    weights.npz       float32; convolution weights in the order [O, 1, K, I], the last tap is the newest sample
    test.npy          uint8 codes of the test clip: codes[1:] are predicted from codes[:-1]
    calibration.npy   uint8 codes for choosing quantisation scales, from the validation sentences
    expected.npz      logits_first: float32 logits of the first positions of the test clip; cross_entropy: of all of it
    bigram.npz        pairs: how often code j follows code i in the training audio, for the unigram and bigram baselines
"""

import argparse
import copy
import dataclasses
import itertools
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# One thread, for torch and for the BLAS, which read this when they are loaded: the sums of a parallel run depend on how the
# work was divided, and the result would not be repeatable.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

SAMPLE_RATE = 8000
SPEECH_LEVEL = 0.05  # root mean square of a sentence: 26 dB below full scale, the usual level in telephony
EXPECTED_POSITIONS = 64

# The sentences were written for this script. The split is by sentence, so that no test word sequence was heard in training.
TRAINING_SENTENCES = """
The morning train was late again, so we walked along the river instead.
Every Thursday the baker leaves a warm loaf beside our door.
Please check the pressure before you open the second valve.
A yellow kite got stuck in the old chestnut tree.
She measured the voltage twice and wrote both numbers down.
Nobody in the village could remember such a heavy frost.
Our neighbour plays the trumpet whenever the moon is full.
The library closes at half past seven on winter evenings.
Fourteen geese flew over the harbour without making a sound.
He promised to return the borrowed ladder before Sunday.
When the fog lifts, you can see the mountains from here.
Too much salt will spoil even the finest vegetable soup.
The children painted a purple whale on the garage wall.
I would rather choose the shorter path through the forest.
Which of these jars contains the ginger biscuits?
The clock in the hallway runs five minutes fast.
Our first experiment failed because the battery was empty.
They shipped a box of oranges to the northern islands.
A thin layer of dust covered the unused piano.
Could you measure the width of that window for me?
The engine coughed, shook, and finally began to turn.
Birds gather on the wire just before the thunder starts.
Her uncle repairs watches in a tiny shop near the bridge.
We counted thirty six steps from the cellar to the attic.
The judge listened carefully and then asked one more question.
Fresh paint and sawdust were the smells of that summer.
Turn left at the pharmacy, then follow the cobbled street.
The ferry carries bicycles, sheep, and now and then a bus.
Without his glasses he mistook the coat for a visitor.
Copper wire is easy to bend but costs more every year.
The football rolled down the hill and into the duck pond.
Both brothers study the language of the southern valleys.
Leave the keys under the flower pot by the back gate.
The soup of the day is pumpkin with a touch of chilli.
A computer that never sleeps still needs a quiet room.
Seven candles burned on the shelf behind the counter.
The bridge was measured, drawn, and rebuilt stone by stone.
Yesterday's newspaper says that the strike is over.
Thick clouds rolled in, and the picnic moved to the barn.
He whistled the same five notes all the way to school.
The telescope showed us the rings of Saturn quite clearly.
Cheap umbrellas rarely survive a storm on this coast.
My grandmother kept her recipes in a blue tin box.
The judge of the dog show had a terrible cold.
Push the lever gently until you hear a second click.
Old maps show a road where there is only marsh today.
Zero, one, two, three, four, five, six, seven, eight, nine.
The orchestra tuned for a while, then silence fell.
Good evening, and welcome to the weather for tomorrow.
Rough water kept the fishing boats in port all week.
A very small mouse had eaten a hole in the cheese.
The office on the ground floor sells stamps and string.
Do you usually take the stairs or wait for the lift?
Fifty years ago, this whole suburb was an apple orchard.
The pilot thanked us for our patience and began to descend.
Young foxes play beneath the hedge when nobody is watching.
Join the two edges with glue and press for an hour.
What a strange thing to keep inside a refrigerator!
The mayor opened the new swimming pool with a huge splash.
Under the carpet they discovered a door made of oak.
Rain water is collected in barrels behind the greenhouse.
A good joke should never need a longer explanation.
The radio played softly while the mechanics had their lunch.
Quickly, hand me the towel, the kettle is boiling over.
""".strip().splitlines()

VALIDATION_SENTENCES = """
The carpenter sharpened his chisel and looked at the clock.
Three sailors shared a bench outside the customs house.
Why would anybody bury such a beautiful spoon?
Warm air rises, and the paper lantern floats away.
The theatre was empty except for a sleeping cat.
You should join us for coffee when the meeting ends.
A broken fence is an invitation to every goat.
The last page of the diary had been torn out.
""".strip().splitlines()

TEST_SENTENCES = """
Early visitors to the island found only seals and sand.
The gardener planted four rows of beans before noon.
How many languages does your new teacher speak?
A silver coin rolled under the jeweller's heavy desk.
The night bus goes around the lake, not through the town.
My cousin fixed the washing machine with a bent fork.
Nothing cheers a tired hiker like the smell of frying onions.
The choir rehearses in the old power station now.
Please remove your shoes before you walk on the ice.
Some bridges hum quietly when the wind is strong.
""".strip().splitlines()

# espeak-ng voice and variant, words per minute, pitch (0 .. 99). The MBROLA voices are not used: they need other packages.
VOICES = (
    ("en-us", 150, 45),
    ("en-us+f3", 160, 55),
    ("en-gb", 140, 35),
    ("en-gb+f2", 150, 60),
    ("en-gb-scotland+m3", 165, 40),
    ("en-us+m7", 145, 50),
)


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of training with its own learning-rate schedule."""

    steps: int
    learning_rate: float
    # Bounds that make the network easy to quantise; None: unbounded. Left alone, training pushes the logits of codes that
    # hardly ever occur to several hundred below zero. That gains nothing, and an eight-bit scale that must reach so far has
    # no steps left for the logits that decide.
    weight_limit: float = None
    logit_limit: float = None


@dataclasses.dataclass(frozen=True)
class Size:
    """A network and how it is trained."""

    directory: str
    classes: int
    input: str  # "one_hot" or "scalar"
    stacks: int
    dilations: tuple
    residual: int
    gate: int
    skip: int
    end: int
    test_codes: int
    calibration_codes: int
    voices: int  # how many of VOICES
    phases: tuple
    batch: int
    segment: int  # samples
    weight_decay: float
    averaging: float  # of the weights: how much of the average survives a step

    @property
    def layer_dilations(self):
        """The dilation of each layer, in order."""
        return self.dilations * self.stacks


SIZES = {
    "speech": Size(
        directory="wavenet_speech", classes=256, input="one_hot", stacks=2, dilations=(1, 2, 4, 8, 16, 32, 64, 128),
        residual=32, gate=32, skip=64, end=64, test_codes=8001, calibration_codes=4001,
        voices=6, batch=1, segment=2048,
        phases=(Phase(9000, 1e-2), Phase(1000, 3e-3, weight_limit=6, logit_limit=32)),
        weight_decay=0.01, averaging=0.998,
    ),
    "tiny": Size(
        directory="wavenet_tiny", classes=32, input="scalar", stacks=1, dilations=(1, 2, 4, 8),
        residual=8, gate=8, skip=8, end=8, test_codes=129, calibration_codes=1025,
        voices=2, batch=4, segment=1024,
        phases=(Phase(1500, 1e-2), Phase(500, 3e-3, weight_limit=6, logit_limit=32)),
        weight_decay=0.01, averaging=0.99,
    ),
}


# ---------------------------------------------------------------------------------------------------------------- audio


def encode_mu_law(signal, classes):
    """Codes 0 .. classes - 1 of samples in [-1, 1]; silence is classes / 2."""
    mu = classes - 1
    compressed = np.sign(signal) * np.log1p(mu * np.abs(signal)) / np.log1p(mu)
    return np.floor((compressed + 1) / 2 * mu + 0.5).astype(np.uint8)


def synthesise(sentence, voice):
    """One sentence in one voice: free of DC, at SPEECH_LEVEL, without the silence at both ends."""
    from scipy import signal
    from scipy.io import wavfile

    name, speed, pitch = voice
    with tempfile.TemporaryDirectory() as directory:
        # By way of a file, because the header is wrong when espeak-ng writes to a pipe: it does not know the length yet.
        file = pathlib.Path(directory) / "speech.wav"
        command = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch), "-w", str(file), sentence]
        subprocess.run(command, check=True)
        rate, samples = wavfile.read(file)
    common = math.gcd(SAMPLE_RATE, rate)
    samples = signal.resample_poly(samples.astype(np.float64), SAMPLE_RATE // common, rate // common)
    # A high-pass rather than subtracting the mean: the offset wanders with the vowels.
    samples = signal.sosfilt(signal.butter(2, 40, "highpass", fs=SAMPLE_RATE, output="sos"), samples)
    audible = np.flatnonzero(np.abs(samples) > 0.01 * np.max(np.abs(samples)))
    samples = samples[audible[0] : audible[-1] + 1]
    return np.clip(samples * SPEECH_LEVEL / np.sqrt(np.mean(samples**2)), -1, 1)


def speak(sentences, voices):
    """All sentences in all voices, one after the other."""
    return np.concatenate([synthesise(sentence, voice) for sentence in sentences for voice in voices])


def first_busy_window(signal, length):
    """The first stretch of `length` samples of which four fifths are loud.

    Pauses are easy to predict, so a clip with long ones would flatter every predictor; seven tenths of all the speech here
    is loud. The choice looks at nothing but the loudness: no model takes part in it.
    """
    frame = 80
    loud = np.sqrt(np.mean(signal[: len(signal) // frame * frame].reshape(-1, frame) ** 2, axis=1)) > SPEECH_LEVEL / 4
    frames = math.ceil(length / frame)
    for start in range(len(loud) - frames + 1):
        if np.mean(loud[start : start + frames]) >= 0.8:
            return signal[start * frame : start * frame + length]
    raise ValueError(f"no {length} samples of speech without long pauses")


# ------------------------------------------------------------------------------------------------------------- training


def build_network(size):
    """The network as a torch module: codes [B, T] to logits [B, T, Q]; submodules are named like the arrays in the file."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Layer(nn.Module):
        def __init__(self, dilation, is_last):
            super().__init__()
            self.dilation = dilation
            self.dilated = nn.Conv1d(size.residual, 2 * size.gate, 2, dilation=dilation)
            self.skip = nn.Conv1d(size.gate, size.skip, 1)
            self.residual = None if is_last else nn.Conv1d(size.gate, size.residual, 1)

        def forward(self, y):
            u, v = self.dilated(functional.pad(y, (self.dilation, 0))).chunk(2, dim=1)
            a = torch.tanh(u) * torch.sigmoid(v)
            return None if self.residual is None else y + self.residual(a), self.skip(a)

    class WaveNet(nn.Module):
        def __init__(self):
            super().__init__()
            one_hot = size.input == "one_hot"
            self.start = nn.Conv1d(size.classes if one_hot else 1, size.residual, 1 if one_hot else 2)
            if one_hot:
                # The default range is that of a sum over Q inputs, but only one of them is ever 1.
                nn.init.normal_(self.start.weight, std=0.3)
            dilations = size.layer_dilations
            for i, dilation in enumerate(dilations):
                self.add_module(f"layer{i}", Layer(dilation, i == len(dilations) - 1))
            self.end1 = nn.Conv1d(size.skip, size.end, 1)
            self.end2 = nn.Conv1d(size.end, size.classes, 1)

        def forward(self, codes):
            if size.input == "one_hot":
                # Same numbers as the convolution over one-hot vectors, without the multiplications by zero.
                y = functional.embedding(codes, self.start.weight[:, :, 0].t()).transpose(1, 2).contiguous()
                y = y + self.start.bias[:, None]
            else:
                x = (codes[:, None, :] - size.classes // 2).float() / (size.classes // 2)
                y = self.start(functional.pad(x, (1, 0)))
            k = 0
            for i in range(len(size.layer_dilations)):
                y, skip = getattr(self, f"layer{i}")(y)
                k = k + skip
            o = self.end2(functional.relu(self.end1(functional.relu(k))))
            return o.transpose(1, 2)

    return WaveNet()


def cross_entropy_of_stream(network, codes, segment=8000):
    """Nats per sample over a long recording, in independent segments that each start from silence."""
    import torch
    from torch.nn import functional

    count = (len(codes) - 1) // segment
    inputs = torch.from_numpy(codes[: count * segment].astype(np.int64)).view(count, segment)
    targets = torch.from_numpy(codes[1 : count * segment + 1].astype(np.int64)).view(count, segment)
    with torch.no_grad():
        losses = [
            functional.cross_entropy(network(x[None])[0], y).item() for x, y in zip(inputs, targets)
        ]
    return float(np.mean(losses))


def segment_starts(length, segment, generator):
    """Endless starts of training segments: the recording is covered evenly, from another offset in each pass."""
    while True:
        offset = int(generator.integers(segment))
        starts = np.arange(offset, length - segment, segment)
        yield from generator.permutation(starts)


def train(size, codes, validation, seed):
    """A network trained on `codes`."""
    import torch

    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    network = build_network(size)
    for i, phase in enumerate(size.phases):
        network = train_phase(network, size, phase, codes, validation, np.random.default_rng(seed + i))
    return network


def train_phase(network, size, phase, codes, validation, generator):
    """The network after one phase: its weights are the moving average over the last steps."""
    import torch
    from torch.nn import functional

    averaged = copy.deepcopy(network)
    steps = phase.steps
    parameters = list(network.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=phase.learning_rate, betas=(0.9, 0.99), weight_decay=size.weight_decay)
    warm_up = max(1, min(100, steps // 10))

    def rate(step):
        if step < warm_up:
            return (step + 1) / warm_up
        return 0.01 + 0.99 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    starts = segment_starts(len(codes), size.segment + 1, generator)
    report_every = max(1, steps // 10)
    running = 0.0
    for step in range(steps):
        batch = np.stack([codes[s : s + size.segment + 1] for s in itertools.islice(starts, size.batch)])
        batch = torch.from_numpy(batch.astype(np.int64))
        logits = network(batch[:, :-1])
        loss = functional.cross_entropy(logits.reshape(-1, size.classes), batch[:, 1:].reshape(-1))
        running += loss.item()
        if phase.logit_limit is not None:
            excess = functional.relu(logits.abs() - phase.logit_limit)
            loss = loss + 0.002 * excess.square().sum(dim=-1).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            if phase.weight_limit is not None:
                for value in parameters:
                    value.clamp_(-phase.weight_limit, phase.weight_limit)
            # A shorter memory at first, so that the initial weights are forgotten.
            kept = min(size.averaging, (1 + step) / (10 + step))
            for mean, value in zip(averaged.parameters(), parameters):
                mean.lerp_(value, 1 - kept)
        if (step + 1) % report_every == 0:
            held_out = cross_entropy_of_stream(averaged, validation[: 20 * SAMPLE_RATE + 1])
            print(
                f"step {step + 1:5d}  training {running / report_every:.3f}  validation {held_out:.3f} nats"
                f"  {time.process_time():.0f} s",
                flush=True,
            )
            running = 0.0
    return averaged


# ---------------------------------------------------------------------------------------------------------------- files


def weights_of(network):
    """The arrays of weights.npz: torch's [O, I, K] becomes [O, 1, K, I]."""
    arrays = {}
    for name, value in network.state_dict().items():
        array = value.numpy().astype(np.float32)
        arrays[name] = np.ascontiguousarray(array.transpose(0, 2, 1)[:, None]) if array.ndim == 3 else array
    return arrays


def count_pairs(codes, classes):
    """How often code j follows code i."""
    pairs = np.bincount(codes[:-1].astype(np.int64) * classes + codes[1:], minlength=classes * classes)
    return pairs.reshape(classes, classes).astype(np.uint32)


def write_files(directory, network, test, calibration, training):
    """Everything but the model card."""
    import torch

    directory.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        logits = network(torch.from_numpy(test[None, :-1].astype(np.int64)))[0].double().numpy()
    np.savez(directory / "weights.npz", **weights_of(network))
    np.save(directory / "test.npy", test)
    np.save(directory / "calibration.npy", calibration)
    np.savez(
        directory / "expected.npz",
        logits_first=logits[:EXPECTED_POSITIONS].astype(np.float32),
        cross_entropy=np.float64(cross_entropy(logits, test)),
    )
    np.savez_compressed(directory / "bigram.npz", pairs=count_pairs(training, network.end2.out_channels))


# ----------------------------------------------------------------------------------------------------------- evaluation


def cross_entropy(logits, codes):
    """Mean of -ln p(codes[t + 1]), row t of the logits being the prediction of it."""
    peak = logits.max(axis=1)
    log_sum = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1))
    return float(np.mean(log_sum - logits[np.arange(len(logits)), codes[1:]]))


def convolve(weights, name, x, dilation=1):
    """Causal convolution of x [T, I] by an OHWI weight, zeros before the start."""
    weight = weights[name + ".weight"]
    taps = weight.shape[2]
    total = np.zeros((len(x), weight.shape[0])) + weights[name + ".bias"]
    for tap in range(taps):
        delay = min((taps - 1 - tap) * dilation, len(x))
        total[delay:] += x[: len(x) - delay] @ weight[:, 0, tap, :].T
    return total


def run_network(weights, codes, size):
    """The network in numpy, in double precision: logits [T, Q] for codes [T]. Shares nothing with the torch module."""
    if size.input == "one_hot":
        y = convolve(weights, "start", np.eye(size.classes)[codes])
    else:
        half = size.classes // 2
        y = convolve(weights, "start", (codes[:, None].astype(np.float64) - half) / half)
    k = 0
    for i, dilation in enumerate(size.layer_dilations):
        z = convolve(weights, f"layer{i}.dilated", y, dilation)
        u, v = z[:, : size.gate], z[:, size.gate :]
        a = np.tanh(u) / (1 + np.exp(-v))
        k = k + convolve(weights, f"layer{i}.skip", a)
        if f"layer{i}.residual.weight" in weights:
            y = y + convolve(weights, f"layer{i}.residual", a)
    return convolve(weights, "end2", np.maximum(convolve(weights, "end1", np.maximum(k, 0)), 0))


def baselines(pairs, codes):
    """Cross-entropy of the unigram and of the bigram predictor that were counted on the training audio.

    Unseen codes: the unigram counts each code once more; the bigram mixes in the unigram with the weight of 16 samples.
    """
    pairs = pairs.astype(np.float64)
    unigram = pairs.sum(axis=0) + 1
    unigram /= unigram.sum()
    bigram = (pairs + 16 * unigram) / (pairs.sum(axis=1, keepdims=True) + 16)
    return (
        float(-np.mean(np.log(unigram[codes[1:]]))),
        float(-np.mean(np.log(bigram[codes[:-1], codes[1:]]))),
    )


def evaluate(directory, size):
    """Prints the figures of the model card from the files, and returns whether they match expected.npz."""
    with np.load(directory / "weights.npz") as file:
        weights = dict(file)
    test = np.load(directory / "test.npy")
    expected = np.load(directory / "expected.npz")
    pairs = np.load(directory / "bigram.npz")["pairs"]

    logits = run_network(weights, test[:-1], size)
    measured = cross_entropy(logits, test)
    unigram, bigram = baselines(pairs, test)
    print(f"parameters                    {sum(array.size for array in weights.values())}")
    print(f"largest logit, either sign    {np.abs(logits).max():.1f}")
    print(f"largest weight                {max(float(np.abs(array).max()) for array in weights.values()):.2f}")
    print(f"predictions on test.npy       {len(test) - 1}, of {len(np.unique(test[1:]))} different codes")
    print(f"cross-entropy, unigram        {unigram:.3f} nats per sample")
    print(f"cross-entropy, bigram         {bigram:.3f}")
    print(f"cross-entropy, network        {measured:.3f}")
    difference = np.abs(logits[:EXPECTED_POSITIONS] - expected["logits_first"]).max()
    agree = difference < 1e-2 and abs(measured - expected["cross_entropy"]) < 1e-4
    print(
        f"expected.npz                  {'agrees' if agree else 'DIFFERS'}: logits within {difference:.1e},"
        f" cross-entropy {float(expected['cross_entropy']):.6f} for {measured:.6f}"
    )
    return agree


def main():
    parser = argparse.ArgumentParser(description="Train the shipped WaveNets on synthesised speech.")
    parser.add_argument("--size", choices=sorted(SIZES), required=True)
    parser.add_argument("--evaluate", action="store_true", help="recompute the figures from the files, do not train")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shorten", type=int, default=1, help="divide the training steps by this, to try something out")
    parser.add_argument(
        "--models", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "models",
        help="directory that holds, or receives, the directory of the model (default: models of this repository)",
    )
    arguments = parser.parse_args()
    size = SIZES[arguments.size]
    directory = arguments.models / size.directory
    if arguments.evaluate:
        return 0 if evaluate(directory, size) else 1

    phases = tuple(dataclasses.replace(phase, steps=phase.steps // arguments.shorten) for phase in size.phases)
    size = dataclasses.replace(size, phases=phases)
    voices = VOICES[: size.voices]
    signals = [speak(sentences, voices) for sentences in (TRAINING_SENTENCES, VALIDATION_SENTENCES, TEST_SENTENCES)]
    training, validation, test = (encode_mu_law(signal, size.classes) for signal in signals)
    print("seconds of speech: " + ", ".join(f"{len(codes) / SAMPLE_RATE:.0f}" for codes in (training, validation, test)))
    network = train(size, training, validation, arguments.seed)
    write_files(
        directory,
        network,
        test=encode_mu_law(first_busy_window(signals[2], size.test_codes), size.classes),
        calibration=encode_mu_law(first_busy_window(signals[1], size.calibration_codes), size.classes),
        training=training,
    )
    print(f"trained in {time.process_time():.0f} s of CPU time")
    unigram, bigram = baselines(count_pairs(training, size.classes), test)
    print(
        f"all test sentences: unigram {unigram:.3f}, bigram {bigram:.3f},"
        f" network {cross_entropy_of_stream(network, test):.3f} nats per sample"
    )
    return 0 if evaluate(directory, size) else 1


if __name__ == "__main__":
    sys.exit(main())
