"""Writes the page of scripts/precision_study from the results of its runs: RESULTS SAMPLES CYCLE_SAMPLES BUDGET_SAMPLES."""

import json
import pathlib
import statistics
import sys

ORDER = ["int8", "int16x8", "dfp8", "dfp16", "fp8", "fp16", "bf16", "ristretto_e5m2", "mxfp8", "mxfp6", "mxfp4",
         "mxint8", "narrow_accumulator"]
WHAT = {
    "int8": "affine, a scale a channel",
    "int16x8": "affine, int16 activations",
    "dfp8": "8-bit fixed point, wide sums",
    "dfp16": "16-bit fixed point, wide sums",
    "fp8": "E4M3, fp16 sums",
    "fp16": "half precision throughout",
    "bf16": "bfloat16, fp32 sums",
    "ristretto_e5m2": "Ristretto minifloat, fp32 sums",
    "mxfp8": "MXFP8 E4M3, fp32 sums",
    "mxfp6": "MXFP6 E2M3, fp32 sums",
    "mxfp4": "MXFP4 E2M1, fp32 sums",
    "mxint8": "MXINT8, fp32 sums",
    "narrow_accumulator": "8-bit fixed point, 16-bit sums",
}


def decibels(value):
    return "exact" if value == "exact" else "" if value is None else f"{value:.1f}"


def layer_total(layers, key):
    return sum(layer.get(key, 0) for layer in layers)


def rate(part, whole):
    if whole == 0:
        return "-"
    return "0" if part == 0 else f"{100.0 * part / whole:.3f} %"


def names(results):
    """The numerics that were run, in the page's order."""
    found = {path.parent.name.removeprefix("cycle_") for path in results.glob("*/summary.json")}
    return [n for n in ORDER if n in found] + sorted(found - set(ORDER))


def cycle_table(results):
    rows = ["| numerics | hardware | cycles a sample | values that differ from golden |", "|---|---|---:|---:|"]
    for name in names(results):
        run = json.loads((results / f"cycle_{name}" / "summary.json").read_text())
        compared = sum(layer["values"] for layer in run["layers"])
        rows.append("| `{}` | {} | {:,.0f} | {} of {:,} |".format(
            name, "{name}, {ic_lanes} x {oc_lanes}".format(**run["hardware"]), run["cycles_per_sample"], run["differing"], compared))
    return rows


def accuracy_table(results):
    rows = ["| numerics | what | cross entropy | change | SQNR of the logits | overflow | underflow |",
            "|---|---|---:|---:|---:|---:|---:|"]
    for name in names(results):
        run = json.loads((results / name / "summary.json").read_text())
        figure = run["figures"]["cross-entropy"]
        layers = run["layers"]
        conversions = layer_total(layers, "conversions")
        rows.append("| `{}` | {} | {:.4f} | {:+.4f} | {} dB | {} | {} |".format(
            name, WHAT.get(name, ""), figure["integer"], figure["integer"] - figure["float"],
            decibels(layers[-1].get("sqnr_db")), rate(layer_total(layers, "overflow"), conversions),
            rate(layer_total(layers, "underflow"), conversions)))
    return rows


def budget_table(study):
    """Median SQNR of a layer with one point truncated, over the layers that have the point."""
    order = ["product", "accumulator", "tree", "block", "partial_sum", "bias", "output", "all"]
    rows = ["| point | format | layers | median SQNR | worst | in layer | overflow | underflow |",
            "|---|---|---:|---:|---:|---|---:|---:|"]
    for point in order:
        found = [row for row in study["points"] if row["point"] == point and "sqnr_db" in row]
        if not found:
            continue
        value = [float("inf") if row["sqnr_db"] == "exact" else row["sqnr_db"] for row in found]
        worst = min(range(len(value)), key=value.__getitem__)
        show = lambda v: "exact" if v == float("inf") else f"{v:.1f} dB"
        formats = sorted({row["format"] for row in found})
        text = formats[0] if len(formats) == 1 else formats[0].split(",")[0] + ", ..)"
        count = sum(row["count"] for row in found)
        rows.append("| {} | {} | {} | {} | {} | {} | {} | {} |".format(
            point, text, len(found), show(statistics.median(value)), show(value[worst]), found[worst]["layer"],
            rate(sum(row["overflow"] for row in found), count), rate(sum(row["underflow"] for row in found), count)))
    return rows


def main():
    results = pathlib.Path(sys.argv[1])
    samples, cycle_samples, budget = (int(argument) for argument in sys.argv[2:5])
    int8 = json.loads((results / "int8" / "summary.json").read_text())
    lines = [
        "# Precision of the speech WaveNet",
        "",
        "Made by `scripts/precision_study`; run it again after a change, do not edit this page.",
        "",
        f"`configs/wavenet_speech.yaml`, the first {samples} samples of the test clip, golden model with "
        f"{int8['reduction_lanes']} reduction lanes (a block of 32 for MX). Cross entropy in nats a sample; float has "
        f"{int8['figures']['cross-entropy']['float']:.4f}. On a short clip a coarser "
        "format can come out with the lower cross entropy: read the SQNR for the arithmetic.",
        "",
        *accuracy_table(results),
        "",
        "SQNR compares with the float network. Overflow and underflow are shares of all conversions of all "
        "truncation units; the affine numerics have none.",
        "",
        "## On the accelerator",
        "",
        f"The first {cycle_samples} samples on the cycle engine, every layer compared with golden. So short a clip spends "
        "most of its cycles on loading weights and tables; `configs/hardware/` has the arrays.",
        "",
        *cycle_table(results),
        "",
        "## Error budget",
        "",
        f"`dlasim study`, {budget} samples: the output of each layer with only one point truncated, against exact "
        "arithmetic on the same operands. `all` has every point truncated.",
    ]
    for name in ["fp8", "narrow_accumulator"]:
        study = json.loads((results / f"study_{name}" / "study.json").read_text())
        lines += ["", f"### {name}", "", *budget_table(study)]
    print("\n".join(lines))


main()
