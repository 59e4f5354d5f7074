"""Tensors and nodes of a network description (form `graph`, docs/network_yaml.md) and the way of PyTorch's tensors there:
the part of torch_export.py that knows no layers."""

import json

import numpy as np

ZERO_POINT_SHIFT = 128


class Unsupported(ValueError):
    pass


def channels_last(array):
    """[N, C, H, W] to [N, H, W, C], [N, C, T] to [N, 1, T, C]; others stay."""
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1))
    if array.ndim == 3:
        return np.ascontiguousarray(array.transpose(0, 2, 1)[:, None])
    return np.ascontiguousarray(array)


def axis_of(dim, rank):
    """Where a dimension of PyTorch's order lies after channels_last."""
    dim = dim % rank
    return {4: [0, 3, 1, 2], 3: [0, 3, 2]}.get(rank, list(range(rank)))[dim]


def codes_of(tensor):
    return (tensor.int_repr().numpy().astype(np.int16) - ZERO_POINT_SHIFT).astype(np.int8)


def array_of(tensor):
    """What a tensor holds, in the layout of the description."""
    if tensor.is_quantized:
        return channels_last(codes_of(tensor))
    return channels_last(tensor.detach().numpy().astype(np.float32))


class Value:
    """A tensor of the description: its name, PyTorch's value and what has still to be done to it."""

    def __init__(self, name, tensor, padding=None, flattened=None):
        self.name, self.tensor = name, tensor
        self.padding = padding  # zeros around it that a convolution takes along: [top, left, bottom, right]
        self.flattened = flattened  # [C, H, W] of the image that lies behind a row


class Description:
    """Tensors and nodes of the form `graph`."""

    def __init__(self):
        self.tensors, self.nodes, self.arrays = [], [], {}

    def activation(self, name, tensor, shape=None):
        shape = list(array_of(tensor).shape if shape is None else shape)
        if tensor.is_quantized:
            kind = (f"int8, shape: {shape}, scale: {float(np.float32(tensor.q_scale()))!r}, "
                    f"zero_point: {tensor.q_zero_point() - ZERO_POINT_SHIFT}")
        else:
            kind = f"float32, shape: {shape}"
        self.tensors.append(f"{{name: {json.dumps(name)}, dtype: {kind}}}")

    def constant(self, name, values, scales=None):
        values = np.ascontiguousarray(values)
        affine = ""
        if scales is not None and len(scales) == 1:
            affine = f", scale: {float(scales[0])!r}, zero_point: 0"
        elif scales is not None:
            affine = ", axis: 0"
            self.arrays[name + ".scale"] = scales
            self.arrays[name + ".zero_point"] = np.zeros(len(scales), np.int64)
        self.tensors.append(f"{{name: {json.dumps(name)}, dtype: {values.dtype}, shape: {list(values.shape)}{affine}, constant: true}}")
        self.arrays[name] = values
        return name

    def node(self, name, op, inputs, output, **attributes):
        extra = "".join(f", {key}: {text}" for key, text in attributes.items())
        names = ", ".join(json.dumps(i) for i in inputs)
        self.nodes.append(f"{{name: {json.dumps(name)}, op: {op}, inputs: [{names}], outputs: [{json.dumps(output)}]{extra}}}")

    def yaml(self, sources, sinks):
        lines = ['name: "torch"', 'weights: "network.npz"', "graph:", "  tensors:"]
        lines += [f"    - {t}" for t in self.tensors] + ["  nodes:"] + [f"    - {n}" for n in self.nodes]
        lines += [f"  inputs: {json.dumps(sources)}", f"  outputs: {json.dumps(sinks)}"]
        return "\n".join(lines) + "\n"
