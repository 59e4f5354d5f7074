"""Small PyTorch models with weights from a seed, float and quantised, for torch_export.py and its test:

    torch_export.py torch_demo.py:cnn DIRECTORY

Each function at the end returns (model, input). The quantised ones were calibrated, or trained for a few steps, on noise.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch.ao import quantization  # noqa: E402
from torch.nn import quantized as nnq  # noqa: E402


def qconfig(per_channel, qat=False):
    """qnnpack's settings, with weights per tensor or per channel."""
    if qat:
        name = "default_per_channel_weight_fake_quant" if per_channel else "default_weight_fake_quant"
        activation = quantization.FakeQuantize.with_args(observer=quantization.MovingAverageMinMaxObserver, quant_min=0,
                                                         quant_max=255, reduce_range=False)
        return quantization.QConfig(activation=activation, weight=getattr(quantization, name))
    name = "default_per_channel_weight_observer" if per_channel else "default_weight_observer"
    return quantization.QConfig(activation=quantization.HistogramObserver.with_args(reduce_range=False),
                                weight=getattr(quantization, name))


class Cnn(nn.Module):
    """Convolutions with batch norm, a depthwise one, a residual sum, pools, a product, and a flattened image into Linear."""

    def __init__(self):
        super().__init__()
        self.quant, self.dequant = quantization.QuantStub(), quantization.DeQuantStub()
        self.conv1, self.bn1, self.relu1 = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()
        self.conv2, self.bn2, self.relu2 = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8), nn.ReLU()
        self.conv3, self.bn3 = nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8)
        self.add, self.gate, self.sigmoid = nnq.FloatFunctional(), nnq.FloatFunctional(), nn.Sigmoid()
        self.average, self.max = nn.AvgPool2d((2, 3), stride=2), nn.MaxPool2d(2)
        self.conv4, self.relu6 = nn.Conv2d(8, 6, 1), nn.ReLU6()
        self.flatten, self.linear = nn.Flatten(), nn.Linear(6 * 3 * 2, 10)

    def forward(self, x):
        x = self.relu1(self.bn1(self.conv1(self.quant(x))))
        y = self.bn3(self.conv3(self.relu2(self.bn2(self.conv2(x)))))
        x = self.add.add(x, y)
        x = self.gate.mul(x, self.sigmoid(y))
        x = self.max(self.average(x))
        return self.dequant(self.linear(self.flatten(self.relu6(self.conv4(x)))))

    FUSED = [["conv1", "bn1", "relu1"], ["conv2", "bn2", "relu2"], ["conv3", "bn3"]]
    INPUT = (3, 12, 10)


class WaveNetLayer(nn.Module):
    """A gated layer: causal dilated convolutions, tanh times sigmoid, residual and skip."""

    def __init__(self, channels, skip, dilation):
        super().__init__()
        self.pad = nn.ConstantPad1d((dilation, 0), 0.0)
        self.filter = nn.Conv1d(channels, channels, 2, dilation=dilation)
        self.gate = nn.Conv1d(channels, channels, 2, dilation=dilation)
        self.residual, self.skip = nn.Conv1d(channels, channels, 1), nn.Conv1d(channels, skip, 1)
        self.tanh, self.sigmoid = nn.Tanh(), nn.Sigmoid()
        self.product, self.sum = nnq.FloatFunctional(), nnq.FloatFunctional()

    def forward(self, x):
        padded = self.pad(x)
        z = self.product.mul(self.tanh(self.filter(padded)), self.sigmoid(self.gate(padded)))
        return self.sum.add(self.residual(z), x), self.skip(z)


class WaveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant, self.dequant = quantization.QuantStub(), quantization.DeQuantStub()
        self.start = nn.Conv1d(1, 8, 1)
        self.layers = nn.ModuleList(WaveNetLayer(8, 12, d) for d in (1, 2, 4))
        self.sums = nn.ModuleList(nnq.FloatFunctional() for _ in range(2))
        self.relu, self.end1, self.end1_relu, self.end2 = nn.ReLU(), nn.Conv1d(12, 12, 1), nn.ReLU(), nn.Conv1d(12, 6, 1)

    def forward(self, x):
        x = self.start(self.quant(x))
        x, skip = self.layers[0](x)
        for layer, total in zip(list(self.layers)[1:], self.sums):
            x, part = layer(x)
            skip = total.add(skip, part)
        return self.dequant(self.end2(self.end1_relu(self.end1(self.relu(skip)))))

    FUSED = [["end1", "end1_relu"]]
    INPUT = (1, 96)


class Layers(nn.Module):
    """Every other kind of layer that has a quantised form."""

    def __init__(self):
        super().__init__()
        self.quant, self.dequant = quantization.QuantStub(), quantization.DeQuantStub()
        self.conv1, self.conv2 = nn.Conv2d(2, 6, (3, 2), stride=(1, 2), dilation=(2, 1)), nn.Conv2d(2, 6, 1)
        self.leaky, self.swish, self.tanh, self.hardtanh = nn.LeakyReLU(0.1), nn.Hardswish(), nn.Tanh(), nn.Hardtanh()
        self.sum, self.product, self.join = nnq.FloatFunctional(), nnq.FloatFunctional(), nnq.FloatFunctional()
        self.pool, self.narrow = nn.AvgPool2d(3, stride=1, padding=1), nn.AvgPool2d(2, stride=1)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(6, 4)

    def forward(self, x):
        x = self.quant(x)
        y = self.leaky(self.conv1(F.pad(x, (1, 0, 2, 2))))
        z = F.max_pool2d(self.swish(self.conv2(x)), (1, 2), stride=(1, 2))
        halves = torch.chunk(self.pool(y), 2, 1)
        u, v = halves[0], halves[1]
        w = self.join.cat([self.hardtanh(u), self.product.mul(v, self.tanh(u)), z[:, 1:4]], 1)
        s = self.sum.add_relu(w[:, 3:], y)
        s = self.narrow(s)
        return self.dequant(self.linear(torch.flatten(self.average(F.relu6(s)), 1)))

    FUSED = []
    INPUT = (2, 8, 10)


def quantised(kind, per_channel, qat, scale=1.0):
    """A network of class `kind` with weights from a seed, calibrated or trained for a few steps on noise."""
    torch.manual_seed(3)
    torch.backends.quantized.engine = "qnnpack"
    model = kind()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.3)
            nn.init.normal_(module.running_mean, 0.0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    model.train(qat)
    fuse = quantization.fuse_modules_qat if qat else quantization.fuse_modules
    model = fuse(model, kind.FUSED) if kind.FUSED else model
    model.qconfig = qconfig(per_channel, qat)
    model = (quantization.prepare_qat if qat else quantization.prepare)(model)
    optimiser = torch.optim.SGD(model.parameters(), 0.01)
    for _ in range(4):
        answer = model(scale * torch.randn(4, *kind.INPUT))
        if qat:
            optimiser.zero_grad()
            answer.square().mean().backward()
            optimiser.step()
    return quantization.convert(model.eval()), scale * torch.randn(1, *kind.INPUT)


def float_model(kind):
    torch.manual_seed(3)
    model = kind().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.running_mean, 0.0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return model, torch.randn(1, *kind.INPUT)


def cnn():
    return quantised(Cnn, per_channel=True, qat=False)


def cnn_tensor():
    return quantised(Cnn, per_channel=False, qat=False)


def cnn_qat():
    return quantised(Cnn, per_channel=True, qat=True)


def cnn_qat_tensor():
    return quantised(Cnn, per_channel=False, qat=True)


def wavenet():
    return quantised(WaveNet, per_channel=True, qat=False)


def wavenet_tensor():
    return quantised(WaveNet, per_channel=False, qat=False)


def wavenet_qat():
    return quantised(WaveNet, per_channel=True, qat=True)


def layers():
    return quantised(Layers, per_channel=True, qat=False)


def float_cnn():
    return float_model(Cnn)


def float_wavenet():
    return float_model(WaveNet)
