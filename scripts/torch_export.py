#!/usr/bin/python3
"""Write an eagerly quantised PyTorch model as a description that `dlasim run` reads, with PyTorch's own integers.

Needs the Debian packages python3-torch and python3-numpy. As a module:

    export(model, torch_input, directory, every_layer=False)

`model` is an nn.Sequential after torch.ao.quantization.convert (static post-training or quantisation-aware, engine qnnpack) of
Quantize, Conv2d, ConvReLU2d, Flatten, Linear, LinearReLU and DeQuantize. Written are network.yaml and network.npz (form `graph`),
input.npy, expected.npy (PyTorch's answer, integers) and config.yaml with `rounding: pytorch`, by which every value is
reproduced. As a program it exports a small network with weights from a seed:

    torch_export.py --demo DIRECTORY

PyTorch's activations are uint8; here they are int8 with the zero point moved by 128, which means the same. Layouts become NHWC:
a Linear behind a Flatten has its columns reordered.
"""

import argparse
import os
import pathlib

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.ao import quantization  # noqa: E402
from torch.nn import quantized as nnq  # noqa: E402
from torch.nn.intrinsic import quantized as nniq  # noqa: E402

ZERO_POINT_SHIFT = 128


class Description:
    """Tensors and nodes of the form `graph`."""

    def __init__(self):
        self.tensors, self.nodes, self.arrays = [], [], {}

    def activation(self, name, shape, scale, zero_point):
        self.tensors.append(f'{{name: "{name}", dtype: int8, shape: {list(shape)}, scale: {float(np.float32(scale))!r}, '
                            f"zero_point: {int(zero_point) - ZERO_POINT_SHIFT}}}")

    def constant(self, name, values, scales, axis):
        if len(scales) == 1:
            affine = f"scale: {float(scales[0])!r}, zero_point: 0"
        else:
            affine = f"axis: {axis}"
            self.arrays[name + ".scale"] = scales
            self.arrays[name + ".zero_point"] = np.zeros(len(scales), np.int64)
        self.tensors.append(f'{{name: "{name}", dtype: {values.dtype}, shape: {list(values.shape)}, {affine}, constant: true}}')
        self.arrays[name] = values

    def node(self, name, op, inputs, output, attributes=""):
        names = ", ".join(f'"{i}"' for i in inputs)
        self.nodes.append(f'{{name: "{name}", op: {op}, inputs: [{names}], outputs: ["{output}"]{attributes}}}')

    def yaml(self, source, sinks):
        lines = ['name: "torch"', 'weights: "network.npz"', "graph:", "  tensors:"]
        lines += [f"    - {t}" for t in self.tensors] + ["  nodes:"] + [f"    - {n}" for n in self.nodes]
        return "\n".join(lines + [f'  inputs: ["{source}"]', "  outputs: [" + ", ".join(f'"{s}"' for s in sinks) + "]"]) + "\n"


def weight_scales(weight):
    if weight.qscheme() in (torch.per_channel_affine, torch.per_channel_symmetric):
        if torch.any(weight.q_per_channel_zero_points() != 0):
            raise ValueError("weights with a zero point other than 0 are not exported")
        return weight.q_per_channel_scales().numpy().astype(np.float32)
    if weight.q_zero_point() != 0:
        raise ValueError("weights with a zero point other than 0 are not exported")
    return np.array([weight.q_scale()], np.float32)


def quantized_bias(bias, input_scale, scales, channels):
    """As the qnnpack engine rounds it: bias / (input scale * weight scale) in float32, halves to even."""
    values = np.zeros(channels, np.float32) if bias is None else bias.detach().numpy().astype(np.float32)
    return np.rint(values / (np.float32(input_scale) * scales)).astype(np.int32)


def nhwc(array):
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


def mac(description, name, module, weight, before, after, attributes, op):
    scales = weight_scales(module.weight())
    bias = quantized_bias(module.bias(), before.q_scale(), scales, weight.shape[0])
    description.constant(name + ".weight", np.ascontiguousarray(weight), scales, 0)
    bias_scales = np.float32(before.q_scale()) * scales
    description.constant(name + ".bias", bias, bias_scales, 0)
    output = name + ".out"
    description.activation(output, nhwc(after.int_repr().numpy()).shape, after.q_scale(), after.q_zero_point())
    fused = ", activation: relu" if isinstance(module, (nniq.ConvReLU2d, nniq.LinearReLU)) else ""
    return output, op, attributes + fused


def export(model, torch_input, directory, every_layer=False):
    """`every_layer`: the layers with weights before the last are outputs too, expected1.npy and so on."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    description, source, current, flattened, answers = Description(), None, None, None, []
    value = torch_input
    for name, module in model.named_children():
        before, value = value, module(value)
        name = "layer" + name
        if isinstance(module, nnq.Quantize):
            source = current = "input"
            description.activation(current, nhwc(value.int_repr().numpy()).shape, value.q_scale(), value.q_zero_point())
            first = value
        elif isinstance(module, nnq.Conv2d):  # ConvReLU2d too
            if module.padding_mode != "zeros":
                raise ValueError(f"padding mode {module.padding_mode} is not exported")
            weight = module.weight().int_repr().numpy().transpose(0, 2, 3, 1)
            (top, left), stride, dilation = module.padding, list(module.stride), list(module.dilation)
            attributes = (f", stride: {stride}, dilation: {dilation}, groups: {module.groups}, "
                          f"padding: {{top: {top}, left: {left}, bottom: {top}, right: {left}}}")
            output, op, attributes = mac(description, name, module, weight, before, value, attributes, "conv2d")
            description.node(name, op, [current, name + ".weight", name + ".bias"], output, attributes)
            current = output
        elif isinstance(module, nn.Flatten):
            flattened = before.shape[1:]
            output = name + ".out"
            description.activation(output, value.shape, value.q_scale(), value.q_zero_point())
            description.node(name, "reshape", [current], output)
            current = output
        elif isinstance(module, nnq.Linear):  # LinearReLU too
            weight = module.weight().int_repr().numpy()
            if flattened is not None and len(flattened) == 3:
                weight = weight.reshape(len(weight), *flattened).transpose(0, 2, 3, 1).reshape(len(weight), -1)
            flattened = None
            output, op, attributes = mac(description, name, module, weight, before, value, "", "fully_connected")
            description.node(name, op, [current, name + ".weight", name + ".bias"], output, attributes)
            current = output
        elif isinstance(module, nnq.DeQuantize):
            break  # the answer is what it reads
        else:
            raise ValueError(f"{type(module).__name__} is not exported")
        if not isinstance(module, (nnq.Quantize, nn.Flatten)):  # flattened, the order of elements is another
            answers.append((current, value))

    def codes(tensor):
        return np.ascontiguousarray(nhwc((tensor.int_repr().numpy().astype(np.int16) - ZERO_POINT_SHIFT).astype(np.int8)))

    np.savez(directory / "network.npz", **description.arrays)
    np.save(directory / "input.npy", codes(first))
    answers = answers[-1:] + (answers[:-1] if every_layer else [])
    for i, (_, answer) in enumerate(answers):
        np.save(directory / ("expected.npy" if i == 0 else f"expected{i}.npy"), codes(answer))
    (directory / "network.yaml").write_text(description.yaml(source, [name for name, _ in answers]))
    (directory / "config.yaml").write_text(
        "name: torch\nnetwork: network.yaml\nnumerics: {name: pytorch, rounding: pytorch}\ndata: {test: input.npy}\n")


def demo(directory):
    torch.manual_seed(3)
    torch.backends.quantized.engine = "qnnpack"
    model = nn.Sequential(quantization.QuantStub(), nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(),
                          nn.Conv2d(8, 12, (3, 2), stride=2, padding=(1, 0)), nn.ReLU(), nn.Conv2d(12, 6, 1), nn.Flatten(),
                          nn.Linear(6 * 6 * 5, 10), quantization.DeQuantStub()).eval()
    model = quantization.fuse_modules(model, [["1", "2"], ["3", "4"]])
    model.qconfig = quantization.QConfig(activation=quantization.HistogramObserver.with_args(reduce_range=False),
                                         weight=quantization.default_per_channel_weight_observer)
    model[7].qconfig = quantization.get_default_qconfig("qnnpack")  # one scale a tensor
    prepared = quantization.prepare(model)
    for _ in range(4):
        prepared(torch.randn(4, 3, 12, 10))
    converted = quantization.convert(prepared)
    layers = [m for m in converted if not isinstance(m, nn.Identity)]
    export(nn.Sequential(*layers), torch.randn(1, 3, 12, 10), directory, every_layer=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=pathlib.Path, required=True, metavar="DIRECTORY")
    demo(parser.parse_args().demo)


if __name__ == "__main__":
    main()
