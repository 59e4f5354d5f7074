#!/usr/bin/python3
"""Write a PyTorch model as a description that `dlasim run` reads: network.yaml and network.npz.

Needs the Debian packages python3-torch and python3-numpy. As a module:

    export(model, torch_input, directory, every_layer=False)

`model` is any nn.Module that torch.fx can trace and whose parts are in the table HANDLERS below:

- float, in eval mode: the network is quantised by dlasim. expected.npy is PyTorch's float answer.
- quantised by torch.ao.quantization.convert (static post-training or quantisation-aware, engine qnnpack, weights per
  tensor or per channel): written are *PyTorch's own integers*, and config.yaml asks for `rounding: pytorch`, by which every
  value is reproduced. expected.npy is PyTorch's answer as integers.

`every_layer`: every tensor is an output of the network, and expected.npz holds PyTorch's answers under the names of the
files that `dlasim run` writes (output, output1, ...). As a program:

    torch_export.py FILE.py:FUNCTION DIRECTORY [--every-layer]

where FUNCTION() returns (model, input); torch_demo.py has some (torch_demo.py:cnn, ...).

PyTorch's activations are uint8; here they are int8 with the zero point moved by 128, which means the same. Layouts become
NHWC: [N, C, T] turns into [N, 1, T, C], and a Linear behind a flattened image has its columns reordered (docs/layout.md).
What cannot be written is refused with the name of the module or function.
"""

import argparse
import importlib.util
import json
import operator
import os
import pathlib
import sys

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.fx  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch.ao import quantization  # noqa: E402
from torch.nn import quantized as nnq  # noqa: E402
from torch.nn.intrinsic import quantized as nniq  # noqa: E402

from torch_description import Description, Unsupported, Value, array_of, axis_of  # noqa: E402

OPS = torch.ops.quantized


class Tracer(torch.fx.Tracer):
    def is_leaf_module(self, module, name):
        containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
        return type(module).__module__.startswith("torch.") and not isinstance(module, containers)


def spatial(value, signal, fallback):
    """[vertical, horizontal] of a setting that is a number or one a spatial axis."""
    values = list(value) if isinstance(value, (tuple, list)) else [value] * (1 if signal else 2)
    return [fallback] + values if signal else values


class Exporter(torch.fx.Interpreter):
    """Runs the model node by node and writes down each one."""

    def __init__(self, module, graph):
        super().__init__(torch.fx.GraphModule(module, graph))
        self.out, self.known = Description(), []
        self.sources, self.inputs, self.answers, self.final = [], [], [], None
        self.where = ""

    # --- bookkeeping
    def run_node(self, node):
        self.where = node.name
        try:
            return super().run_node(node)
        except Unsupported:
            raise
        except (KeyError, AttributeError, TypeError, NotImplementedError) as error:
            # What torch.fx says of functions, methods and arguments that this class does not have. Nothing has been
            # written yet: the model is refused at the node.
            raise Unsupported(f"{node.name} ({node.target}): {error}") from error

    def refuse(self, what):
        raise Unsupported(f"{self.where}: {what}")

    def source(self, tensor):
        name = "input" if not self.sources else f"input{len(self.sources)}"
        self.out.activation(name, tensor)
        self.sources.append(name)
        self.inputs.append(array_of(tensor))
        return Value(name, tensor)

    def emit(self, op, inputs, tensor, suffix="", shape=None, answer=True, **attributes):
        """A node that computes `tensor` from the tensors named."""
        name = self.where + suffix
        output = name + ".out"
        self.out.activation(output, tensor, shape)
        self.out.node(name, op, inputs, output, **attributes)
        if answer:
            self.answers.append((output, tensor))
        return Value(output, tensor)

    def plain(self, value):
        """The value as a tensor with everything done."""
        if not isinstance(value, Value):
            self.refuse("a number or list where a tensor is wanted")
        if value.padding is None:
            return value
        top, left, bottom, right = value.padding
        padded = self.emit("pad", [value.name], value.tensor, "_pad", before=[0, top, left, 0], after=[0, bottom, right, 0])
        return Value(padded.name, value.tensor)

    # --- torch.fx
    def value(self, x):
        """An argument; a tensor of the model's own inputs becomes an input of the network where it is read."""
        if not isinstance(x, torch.Tensor):
            return x
        for known in self.known:
            if known.tensor is x:
                return known
        self.known.append(self.source(x))
        return self.known[-1]

    def call_module(self, target, args, kwargs):
        module = self.fetch_attr(target)
        for kind, handler in MODULES.items():
            if type(module) is kind:
                return handler(self, module, *args, **kwargs)
        self.refuse(f"{type(module).__module__}.{type(module).__name__} is not exported")

    def call_function(self, target, args, kwargs):
        handler = FUNCTIONS.get(target)
        if handler is None:
            self.refuse(f"{getattr(target, '__name__', target)} is not exported")
        return handler(self, *args, **kwargs)

    def call_method(self, target, args, kwargs):
        handler = METHODS.get(target)
        if handler is None:
            self.refuse(f"the method {target} is not exported")
        return handler(self, *args, **kwargs)

    def output(self, target, args, kwargs):
        self.final = args[0] if isinstance(args[0], (tuple, list)) else [args[0]]
        self.final = [self.plain(self.value(v)) for v in self.final]
        return self.final

    # --- layers with weights
    def quantize(self, module, x):
        """The network begins with the integers behind a Quantize."""
        if not isinstance(x, torch.Tensor):
            self.refuse("Quantize inside the network is not exported")
        return self.source(module(x))

    def dequantize(self, module, x):
        return self.plain(x)

    def weights(self, module):
        """Integers and scales of a quantised layer, or float weights."""
        weight = module.weight() if callable(module.weight) else module.weight.detach()
        if not weight.is_quantized:
            return weight.numpy().astype(np.float32), None
        per_channel = weight.qscheme() in (torch.per_channel_affine, torch.per_channel_symmetric)
        zero_points = weight.q_per_channel_zero_points() if per_channel else torch.tensor(weight.q_zero_point())
        if torch.any(zero_points != 0):
            self.refuse("weights with a zero point other than 0 are not exported")
        scales = weight.q_per_channel_scales().numpy() if per_channel else [weight.q_scale()]
        return weight.int_repr().numpy(), np.asarray(scales, np.float32)

    def bias(self, module, x, scales):
        """As the qnnpack engine rounds it: bias / (input scale * weight scale) in float32, halves to even."""
        bias = module.bias() if callable(module.bias) else module.bias
        if bias is None:
            return []
        values = bias.detach().numpy().astype(np.float32)
        name = self.where + ".bias"
        if scales is None:
            return [self.out.constant(name, values)]
        factors = np.float32(x.q_scale()) * scales
        return [self.out.constant(name, np.rint(values / factors).astype(np.int32), factors)]

    def layer(self, op, module, x, weight, scales, tensor, **attributes):
        constants = [self.out.constant(self.where + ".weight", weight, scales)] + self.bias(module, x.tensor, scales)
        if isinstance(module, (nniq.ConvReLU1d, nniq.ConvReLU2d, nniq.LinearReLU)):
            attributes["activation"] = "relu"
        return self.emit(op, [x.name] + constants, tensor, **attributes)

    def conv(self, module, x):
        x = self.value(x)
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            self.refuse(f"padding {module.padding} of mode {module.padding_mode} is not exported")
        signal = x.tensor.dim() == 3
        if x.tensor.dim() not in (3, 4):
            self.refuse("an input without a batch is not exported")
        weight, scales = self.weights(module)
        weight = weight.transpose(0, 2, 1)[:, None] if signal else weight.transpose(0, 2, 3, 1)
        # nnq.Conv1d keeps pairs whose first entry speaks of the dimension that it adds.
        setting = lambda v, fallback: spatial(list(v)[-1:] if signal else v, signal, fallback)  # noqa: E731
        vertical, horizontal = setting(module.padding, 0)
        extra = x.padding or [0, 0, 0, 0]
        padding = [vertical + extra[0], horizontal + extra[1], vertical + extra[2], horizontal + extra[3]]
        tensor = module(padded(x))
        return self.layer("conv2d", module, x, weight, scales, tensor, stride=setting(module.stride, 1),
                          dilation=setting(module.dilation, 1), groups=module.groups,
                          padding="{{top: {}, left: {}, bottom: {}, right: {}}}".format(*padding))

    def linear(self, module, x):
        x = self.plain(self.value(x))
        weight, scales = self.weights(module)
        if x.flattened is not None and len(x.flattened) > 1:
            image = weight.reshape(len(weight), *x.flattened)
            weight = np.moveaxis(image, 1, -1).reshape(len(weight), -1)
        elif x.tensor.dim() not in (1, 2):
            self.refuse("a Linear over more than rows is not exported")
        return self.layer("fully_connected", module, x, weight, scales, module(x.tensor))

    def batch_norm(self, module, x):
        x = self.plain(self.value(x))
        if module.training or module.running_mean is None:
            self.refuse("a BatchNorm without running statistics is not exported; call eval()")
        if x.flattened is not None and len(x.flattened) > 1:
            self.refuse("a BatchNorm behind a flattened image is not exported")
        ones = torch.ones_like(module.running_mean)
        scale, offset, mean, variance = (
            p.detach().numpy().astype(np.float64)
            for p in (ones if module.weight is None else module.weight, 0 * ones if module.bias is None else module.bias,
                      module.running_mean, module.running_var))
        factor = scale / np.sqrt(variance + module.eps)
        factors = factor.astype(np.float32) if x.tensor.dim() == 2 else factor.astype(np.float32)[None, None, None]
        names = [self.out.constant(self.where + ".factor", factors),
                 self.out.constant(self.where + ".moved", (offset - factor * mean).astype(np.float32))]
        tensor = module(x.tensor)
        if tensor.dim() == 2:
            scaled = self.emit("mul", [x.name, names[0]], x.tensor, "_scaled", answer=False)
            return self.emit("add", [scaled.name, names[1]], tensor)
        return self.emit("depthwise_conv2d", [x.name] + names, tensor)

    # --- element by element
    def unary(self, op, function, x, **attributes):
        """On contiguous data: qnnpack's clamps (relu6, hardtanh) mix up the elements of a channels-last tensor."""
        x = self.plain(self.value(x))
        value = self.emit(op, [x.name], function(x.tensor.contiguous()), shape=self.shape(x), answer=x.flattened is None, **attributes)
        value.flattened = x.flattened
        return value

    def shape(self, x):
        return None if x.flattened is None else [x.tensor.shape[0], x.tensor[0].numel()]

    def binary(self, op, a, b, tensor, **attributes):
        a, b = self.plain(self.value(a)), self.plain(self.value(b))
        if a.flattened != b.flattened:
            self.refuse("a flattened image meets another tensor")
        if a.tensor.dim() != b.tensor.dim() or (a.tensor.is_quantized and a.tensor.shape != b.tensor.shape):
            self.refuse("broadcasting is not exported")
        value = self.emit(op, [a.name, b.name], tensor, shape=self.shape(a), answer=a.flattened is None, **attributes)
        value.flattened = a.flattened
        return value

    def arithmetic(self, op, function, a, b, scale=None, zero_point=None, relu=False):
        a, b = self.value(a), self.value(b)
        if isinstance(b, (int, float)) or isinstance(a, (int, float)):
            self.refuse("arithmetic with a number is not exported")
        numbers = (a.tensor, b.tensor) if scale is None else (a.tensor, b.tensor, scale, zero_point)
        return self.binary(op, a, b, function(*numbers), **({"activation": "relu"} if relu else {}))

    # --- windows and movement
    def pool(self, op, function, x, kernel, stride, padding, dilation=1, ceil_mode=False, counts_padding=True):
        x = self.plain(self.value(x))
        signal = x.tensor.dim() == 3
        kernel = spatial(kernel, signal, 1)
        stride = kernel if stride in (None, ()) else spatial(stride, signal, 1)
        vertical, horizontal = spatial(padding, signal, 0)
        if ceil_mode or set(spatial(dilation, signal, 1)) != {1}:
            self.refuse("ceil_mode and dilations of pools are not exported")
        tensor = function(x.tensor)
        attributes = {"kernel": kernel, "stride": stride}
        edges = f"{{top: {vertical}, left: {horizontal}, bottom: {vertical}, right: {horizontal}}}"
        if op == "avg_pool2d" and (vertical or horizontal) and counts_padding:
            wide = F.pad(x.tensor, (horizontal, horizontal) + (() if signal else (vertical, vertical)))
            x = self.emit("pad", [x.name], wide, "_pad", before=[0, vertical, horizontal, 0],
                          after=[0, vertical, horizontal, 0])
        elif vertical or horizontal:
            attributes["padding"] = edges
        return self.emit(op, [x.name], tensor, **attributes)

    def global_average(self, function, x, keep):
        x = self.plain(self.value(x))
        if x.tensor.dim() not in (3, 4):
            self.refuse("averages of anything but images and signals are not exported")
        tensor = function(x.tensor)
        shape = None if keep else [tensor.shape[0], tensor.shape[1]]
        return self.emit("mean", [x.name], tensor, shape=shape, axes=[1, 2], keep_dims="true" if keep else "false")

    def adaptive_average(self, function, x, size):
        if set(size if isinstance(size, (tuple, list)) else [size]) != {1}:
            self.refuse("adaptive pooling to more than one pixel is not exported")
        return self.global_average(function, x, True)

    def mean(self, x, dim=None, keepdim=False, **_):
        x = self.value(x)
        if sorted(d % x.tensor.dim() for d in (dim if isinstance(dim, (tuple, list)) else [dim])) != list(
                range(2, x.tensor.dim())):
            self.refuse("a mean over anything but the whole image is not exported")
        return self.global_average(lambda t: torch.mean(t, dim, keepdim), x, keepdim)

    def flatten(self, x, start=1, end=-1):
        x = self.plain(self.value(x))
        if start != 1 or end % x.tensor.dim() != x.tensor.dim() - 1:
            self.refuse("flattening of some dimensions is not exported")
        if x.flattened is not None or x.tensor.dim() == 2:
            return x
        rows = torch.flatten(x.tensor, 1)
        value = self.emit("reshape", [x.name], rows, answer=False)
        value.flattened = None if x.tensor[0, 0].numel() == 1 else list(x.tensor.shape[1:])
        return value

    def reshape(self, x, *shape):
        shape = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list, torch.Size)) else shape
        x = self.value(x)
        if len(shape) != 2 or tuple(x.tensor.reshape(*shape).shape) != (x.tensor.shape[0], x.tensor[0].numel()):
            self.refuse("a reshape to anything but rows is not exported")
        return self.flatten(x)

    def pad(self, x, widths, mode="constant", value=0.0):
        x = self.plain(self.value(x))
        if mode != "constant" or value not in (0, None) or min(widths) < 0:
            self.refuse("padding other than with zeros is not exported")
        if x.tensor.dim() not in (3, 4) or len(widths) > 2 * (x.tensor.dim() - 2):
            self.refuse("padding of channels is not exported")
        left, right, top, bottom = (list(widths) + [0, 0])[:4]
        return Value(x.name, x.tensor, [top, left, bottom, right])

    def cat(self, values, dim=0, scale=None, zero_point=None):
        values = [self.plain(self.value(v)) for v in values]
        if any(v.flattened is not None for v in values):
            self.refuse("concatenation of flattened images is not exported")
        tensors = [v.tensor for v in values]
        tensor = torch.cat(tensors, dim) if scale is None else OPS.cat(tensors, dim, scale, zero_point)
        names = []
        for i, v in enumerate(values):
            same = not v.tensor.is_quantized or (v.tensor.q_scale(), v.tensor.q_zero_point()) == (
                tensor.q_scale(), tensor.q_zero_point())
            if same:
                names.append(v.name)
            else:
                part = OPS.cat([v.tensor], dim, tensor.q_scale(), tensor.q_zero_point())
                names.append(self.emit("quantize", [v.name], part, f"_rescale{i}").name)
        return self.emit("concat", names, tensor, axis=axis_of(dim, tensor.dim()))

    def part(self, x, tensor, begins, suffix=""):
        """A slice from `begins` (PyTorch's order) with the shape of `tensor`."""
        rank = x.tensor.dim()
        shape = list(array_of(tensor).shape)
        begin = [0] * len(shape)
        for dim, first in enumerate(begins):
            begin[axis_of(dim, rank)] = first
        return self.emit("slice", [x.name], tensor, suffix, begin=begin, size=shape, stride=[1] * len(shape))

    def parts(self, x, cut, dim):
        """The slices that `cut` makes of the tensor along `dim`, one behind the other."""
        x = self.plain(self.value(x))
        parts, begin = [], 0
        for i, tensor in enumerate(cut(x.tensor)):
            begins = [0] * x.tensor.dim()
            begins[dim] = begin
            begin += tensor.shape[dim]
            parts.append(self.part(x, tensor, begins, f"_{i}"))
        return parts

    def chunk(self, x, chunks, dim=0):
        return self.parts(x, lambda tensor: torch.chunk(tensor, chunks, dim), dim)

    def split(self, x, sizes, dim=0):
        return self.parts(x, lambda tensor: torch.split(tensor, sizes, dim), dim)

    def getitem(self, x, index):
        if isinstance(x, (list, tuple)):
            return x[index]
        x = self.plain(self.value(x))
        index = list(index) if isinstance(index, tuple) else [index]
        if Ellipsis in index:
            at = index.index(Ellipsis)
            index[at:at + 1] = [slice(None)] * (x.tensor.dim() - len(index) + 1)
        if any(not isinstance(i, slice) or i.step not in (None, 1) for i in index):
            self.refuse("indexing other than slices is not exported")
        begins = [i.indices(n)[0] for i, n in zip(index, x.tensor.shape)]
        return self.part(x, x.tensor[tuple(index)].contiguous(), begins)

    def nothing(self, module, x):
        if module.training and isinstance(module, (nn.Dropout, nn.Dropout2d)):
            self.refuse("a Dropout in training mode is not exported; call eval()")
        return x


def padded(x):
    if x.padding is None:
        return x.tensor
    top, left, bottom, right = x.padding
    return F.pad(x.tensor, (left, right) + ((top, bottom) if x.tensor.dim() == 4 else ()))


def unary_of(op, function=None, **settings):
    """A module without settings, or with some of its own that the description takes over."""
    def handler(self, module, x):
        attributes = {key: read(module) for key, read in settings.items()}
        return self.unary(op, function or module, x, **attributes)
    return handler


def function_of(op, function):
    return lambda self, x, inplace=False: self.unary(op, function, x)


def clip(self, module, x):
    limits = (module.min_val, module.max_val)
    names = {(-1.0, 1.0): "hardtanh", (0.0, 6.0): "relu6"}
    if limits not in names:
        self.refuse(f"a Hardtanh of {limits} is not exported")
    return self.unary(names[limits], module, x)


def max_pool(self, module, x):
    return self.pool("max_pool2d", module, x, module.kernel_size, module.stride, module.padding, module.dilation,
                     module.ceil_mode)


def avg_pool(self, module, x):
    if getattr(module, "divisor_override", None) is not None:
        self.refuse("divisor_override is not exported")
    return self.pool("avg_pool2d", module, x, module.kernel_size, module.stride, module.padding, 1, module.ceil_mode,
                     module.count_include_pad)


def pool_function(op, function):
    def handler(self, x, kernel_size, stride=None, padding=0, **rest):
        if any(rest.get(key, plain) != plain for key, plain in (("dilation", 1), ("ceil_mode", False))):
            self.refuse("dilations and ceil_mode of pools are not exported")
        return self.pool(op, lambda t: function(t, kernel_size, stride, padding), x, kernel_size, stride, padding)
    return handler


def module_pad(self, module, x):
    return self.pad(x, module.padding, "constant", getattr(module, "value", 0.0))


SLOPE = {"parameters": lambda m: [float(np.float32(m.negative_slope))]}
MODULES = {
    **{kind: Exporter.conv for kind in (nn.Conv1d, nn.Conv2d, nnq.Conv1d, nnq.Conv2d, nniq.ConvReLU1d, nniq.ConvReLU2d)},
    **{kind: Exporter.linear for kind in (nn.Linear, nnq.Linear, nniq.LinearReLU)},
    **{kind: Exporter.batch_norm for kind in (nn.BatchNorm1d, nn.BatchNorm2d)},
    **{kind: Exporter.nothing for kind in (nn.Identity, nn.Dropout, nn.Dropout2d, quantization.QuantStub,
                                           quantization.DeQuantStub)},
    nnq.Quantize: Exporter.quantize, nnq.DeQuantize: Exporter.dequantize,
    nn.ReLU: unary_of("relu"), nn.ReLU6: unary_of("relu6"), nnq.ReLU6: unary_of("relu6"), nn.Hardtanh: clip,
    nn.LeakyReLU: unary_of("leaky_relu", **SLOPE), nnq.LeakyReLU: unary_of("leaky_relu", **SLOPE),
    nn.Tanh: unary_of("tanh"), nn.Sigmoid: unary_of("sigmoid"), nnq.Sigmoid: unary_of("sigmoid"),
    nn.Hardswish: unary_of("hardswish"), nnq.Hardswish: unary_of("hardswish"),
    nn.SiLU: unary_of("silu"), nn.Softsign: unary_of("softsign"),
    nn.MaxPool1d: max_pool, nn.MaxPool2d: max_pool, nn.AvgPool1d: avg_pool, nn.AvgPool2d: avg_pool,
    nn.AdaptiveAvgPool1d: lambda self, m, x: self.adaptive_average(m, x, m.output_size),
    nn.AdaptiveAvgPool2d: lambda self, m, x: self.adaptive_average(m, x, m.output_size),
    nn.Flatten: lambda self, m, x: self.flatten(x, m.start_dim, m.end_dim),
    nn.ConstantPad1d: module_pad, nn.ConstantPad2d: module_pad, nn.ZeroPad2d: module_pad,
}


def sum_of(op, function, relu=False):
    return lambda self, a, b, scale=None, zero_point=None: self.arithmetic(op, function, a, b, scale, zero_point, relu)


FUNCTIONS = {
    **{f: sum_of("add", torch.add) for f in (operator.add, operator.iadd, torch.add)},
    **{f: sum_of("mul", torch.mul) for f in (operator.mul, operator.imul, torch.mul)},
    **{f: sum_of("sub", torch.sub) for f in (operator.sub, torch.sub)},
    OPS.add: sum_of("add", OPS.add), OPS.add_relu: sum_of("add", OPS.add_relu, True),
    OPS.mul: sum_of("mul", OPS.mul), OPS.mul_relu: sum_of("mul", OPS.mul_relu, True),
    **{f: function_of("relu", torch.relu) for f in (torch.relu, F.relu)},
    **{f: function_of("tanh", torch.tanh) for f in (torch.tanh, F.tanh)},
    **{f: function_of("sigmoid", torch.sigmoid) for f in (torch.sigmoid, F.sigmoid)},
    F.relu6: function_of("relu6", F.relu6),
    F.max_pool1d: pool_function("max_pool2d", F.max_pool1d), F.max_pool2d: pool_function("max_pool2d", F.max_pool2d),
    F.avg_pool1d: pool_function("avg_pool2d", F.avg_pool1d), F.avg_pool2d: pool_function("avg_pool2d", F.avg_pool2d),
    F.adaptive_avg_pool1d: lambda self, x, size: self.adaptive_average(lambda t: F.adaptive_avg_pool1d(t, size), x, size),
    F.adaptive_avg_pool2d: lambda self, x, size: self.adaptive_average(lambda t: F.adaptive_avg_pool2d(t, size), x, size),
    torch.cat: Exporter.cat, OPS.cat: Exporter.cat, torch.flatten: Exporter.flatten, torch.mean: Exporter.mean,
    torch.chunk: Exporter.chunk, torch.split: Exporter.split, operator.getitem: Exporter.getitem, F.pad: Exporter.pad,
    F.dropout: lambda self, x, *args, **kwargs: x,
}

METHODS = {
    "relu": FUNCTIONS[torch.relu], "tanh": FUNCTIONS[torch.tanh], "sigmoid": FUNCTIONS[torch.sigmoid],
    "add": FUNCTIONS[torch.add], "mul": FUNCTIONS[torch.mul], "flatten": Exporter.flatten, "view": Exporter.reshape,
    "reshape": Exporter.reshape, "mean": Exporter.mean, "chunk": Exporter.chunk, "split": Exporter.split,
    "contiguous": lambda self, x, *args: x,
}


def export(model, torch_input, directory, every_layer=False):
    """Writes network.yaml, network.npz, input.npy, expected.npy and config.yaml; returns the number of answers."""
    directory = pathlib.Path(directory)
    inputs = torch_input if isinstance(torch_input, (tuple, list)) else [torch_input]
    try:
        graph = Tracer().trace(model)
    except (RuntimeError, TypeError, IndexError) as error:
        raise Unsupported(f"torch.fx cannot follow {type(model).__name__}.forward: {error}; tuples that functions return are "
                          "taken apart by index, not by unpacking") from error
    exporter = Exporter(model, graph)
    with torch.no_grad():
        exporter.run(*inputs)
    sinks = [(v.name, v.tensor) for v in exporter.final]
    if every_layer:
        names = {name for name, _ in sinks}
        sinks += [(name, tensor) for name, tensor in exporter.answers if name not in names]
    quantised = sinks[0][1].is_quantized
    directory.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(directory / "network.npz", **exporter.out.arrays)
    for i, array in enumerate(exporter.inputs):
        np.save(directory / ("input.npy" if i == 0 else f"input{i}.npy"), array)
    np.save(directory / "expected.npy", array_of(sinks[0][1]))
    if every_layer:
        answers = {"output" if i == 0 else f"output{i}": array_of(tensor) for i, (_, tensor) in enumerate(sinks)}
        np.savez_compressed(directory / "expected.npz", **answers)
    (directory / "network.yaml").write_text(exporter.out.yaml(exporter.sources, [name for name, _ in sinks]))
    files = ["input.npy" if i == 0 else f"input{i}.npy" for i in range(len(exporter.inputs))]
    data = files[0] if len(files) == 1 else json.dumps(files)
    numerics = "numerics: {name: pytorch, rounding: pytorch}\n" if quantised else ""
    calibration = "" if quantised else f", calibration: {data}"
    (directory / "config.yaml").write_text(
        f"name: torch\nnetwork: network.yaml\n{numerics}data: {{test: {data}{calibration}}}\n")
    return len(sinks)


def load(where):
    file, _, function = where.rpartition(":")
    if not pathlib.Path(file).is_file():
        raise Unsupported(f"{where}: there is no file '{file}'; FILE.py:FUNCTION is wanted")
    spec = importlib.util.spec_from_file_location("model", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="FILE.py:FUNCTION", help="a function that returns (model, input)")
    parser.add_argument("--every-layer", action="store_true", help="every tensor becomes an output")
    parser.add_argument("directory", type=pathlib.Path)
    options = parser.parse_args()
    try:
        model, example = load(options.model)
        answers = export(model, example, options.directory, options.every_layer)
    except Unsupported as error:
        sys.exit(f"torch_export.py: {error}")
    print(f"{answers} expected tensors in {options.directory}")


if __name__ == "__main__":
    main()
