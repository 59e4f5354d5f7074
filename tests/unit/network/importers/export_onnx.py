"""Exports small networks with PyTorch and saves what PyTorch computes: usage: export_onnx.py DIRECTORY.

Each case NAME gives NAME.onnx, NAME.in.npy and NAME.out.npy. Quantised cases are in QDQ form; their reference is
the fake-quantised network in float, which differs from integer arithmetic by rounding only.
"""

import sys
import warnings

import numpy
import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(1, 2))
        self.bn = nn.BatchNorm2d(8)
        self.dw = nn.Conv2d(8, 16, 3, groups=8, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.grouped = nn.Conv2d(16, 8, 1, groups=4)
        self.fc = nn.Linear(8 * 4 * 5, 7)

    def forward(self, x):
        x = F.relu(self.bn(self.a(x)))
        x = F.relu6(self.bn2(self.dw(x)))
        x = F.max_pool2d(self.grouped(x), (2, 2))
        return F.softmax(self.fc(torch.flatten(x, 1)), -1)


class Pools(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(4)
        self.up = nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1)
        self.slope = nn.PReLU(6)
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        x = self.bn(F.avg_pool2d(x, 3, 2, ceil_mode=True))
        x = self.slope(self.up(x)) / 3.0
        x = torch.cat([x[:, :3] * 2.0 - 1.0, x[:, 3:]], 1)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)).clamp(-0.25, 0.5)


class Causal(nn.Module):
    """A gated dilated stack; the splitting of channels decides which nodes are exported."""

    def __init__(self, split):
        super().__init__()
        self.split = split
        self.start = nn.Conv1d(2, 4, 1)
        self.dilated = nn.ModuleList(nn.Conv1d(4, 8, 2, dilation=2**i) for i in range(3))
        self.residual = nn.ModuleList(nn.Conv1d(4, 4, 1) for _ in range(3))
        self.end = nn.Conv1d(4, 3, 1)

    def forward(self, x):
        y = self.start(x)
        skip = 0
        for conv, residual in zip(self.dilated, self.residual):
            z = conv(F.pad(y, (conv.dilation[0], 0)))
            u, v = z.chunk(2, 1) if self.split == "chunk" else torch.split(z, [4, 4], 1)
            a = torch.tanh(u) * torch.sigmoid(v)
            skip = skip + a
            y = y + residual(a)
        return self.end(F.leaky_relu(skip, 0.2))


class Sequence(nn.Module):
    """[N, T, C] with transposes around a convolution, a mean and products of matrices."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(6, 5, 3, padding=1)
        self.fc = nn.Linear(5, 4)

    def forward(self, x):
        y = self.conv(x.transpose(1, 2)).transpose(1, 2)
        y = self.fc(y)
        z = torch.matmul(y, y.transpose(1, 2))
        return z.mean(2, keepdim=False), y


class AsImage(nn.Module):
    """One-dimensional layers written as images of one row."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, (1, 3))

    def forward(self, x):
        return F.hardtanh(self.conv(x.unsqueeze(2)).squeeze(2))


class Quantised(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv1d(2, 8, 3)
        self.b = nn.Conv1d(8, 4, 1)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))


class QuantisedImage(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 3 * 4, 5)

    def forward(self, x):
        x = F.relu(self.a(x))
        x = F.max_pool2d(F.relu(self.b(x) + x), 2)
        return self.fc(torch.flatten(x, 1))


def save(directory, name, module, shape, opset, outputs=1, **export):
    x = torch.randn(shape)
    with torch.no_grad():
        y = module(x)
    y = y if isinstance(y, tuple) else (y,)
    numpy.save(f"{directory}/{name}.in.npy", x.numpy())
    for i, value in enumerate(y):
        numpy.save(f"{directory}/{name}.out{i}.npy", value.detach().numpy())
    torch.onnx.export(module, x, f"{directory}/{name}.onnx", opset_version=opset, input_names=["x"], **export)


def randomise(module):
    for m in module.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.running_mean.uniform_(-0.5, 0.5)
            m.running_var.uniform_(0.5, 2.0)
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, -0.5, 0.5)
    return module.eval()


def fake_quantised(module, shape, backend):
    from torch.ao.quantization import disable_observer, get_default_qat_qconfig_mapping
    from torch.ao.quantization.quantize_fx import prepare_qat_fx

    mapping = get_default_qat_qconfig_mapping(backend, version=0)
    prepared = prepare_qat_fx(module.train(), mapping, torch.randn(shape))
    for _ in range(8):
        prepared(torch.randn(shape))
    return prepared.eval().apply(disable_observer)


def main():
    directory = sys.argv[1]
    torch.manual_seed(1)
    for opset in (9, 11, 13, 17):
        # training=PRESERVE keeps BatchNormalization as a node of its own
        save(directory, f"image_{opset}", randomise(Image()), (2, 3, 16, 10), opset,
             training=torch.onnx.TrainingMode.PRESERVE)
        save(directory, f"causal_chunk_{opset}", Causal("chunk").eval(), (1, 2, 20), opset)
        save(directory, f"causal_split_{opset}", Causal("split").eval(), (1, 2, 20), opset)
        save(directory, f"pools_{opset}", randomise(Pools()), (1, 4, 11, 9), opset,
             training=torch.onnx.TrainingMode.PRESERVE)
        save(directory, f"sequence_{opset}", Sequence().eval(), (2, 7, 6), opset)
        save(directory, f"as_image_{opset}", AsImage().eval(), (1, 2, 12), opset)
    for backend in ("qnnpack", "fbgemm"):
        net = fake_quantised(Quantised(), (4, 2, 16), backend)
        save(directory, f"qdq_signal_{backend}", net, (4, 2, 16), 13)
        net = fake_quantised(QuantisedImage(), (2, 3, 6, 8), backend)
        save(directory, f"qdq_image_{backend}", net, (2, 3, 6, 8), 13)


main()
