"""The same finds and register through splink, for a figure beside ours.

Runs in an environment of its own that has splink 5 and pandas; Tocsin needs neither:
``SPLINK_ENV/bin/python -m benchmarks.linkage_splink --size 50000 --finds 2000 --seed 1``
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import pandas as pd
import splink.comparison_library as cl
from benchmarks.linkage_world import make_world
from splink import DuckDBAPI, Linker, SettingsCreator, block_on


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """One row of a table: the device's number, the sources' numbers, and the plain fields."""
    plain = {"device": [], "source": [], "unknown": []}
    for serial in row["serials"]:
        text = "".join(c for c in serial["value"] if c.isalnum())
        plain[serial["of"]].append(text)
    device = (plain["device"] or plain["unknown"] or [None])[0]
    sources = plain["source"] or plain["unknown"][1:]
    return {
        "unique_id": row["event_number"],
        "device": device,
        "source_one": sources[0] if sources else None,
        "source_two": sources[1] if len(sources) > 1 else None,
        "device_start": device[:3] if device else None,
        "device_end": device[-3:] if device else None,
        "maker": (row["manufacturers"] or [None])[0],
        "model": (row["models"] or [None])[0],
        "nuclides": "+".join(sorted(row["nuclides"])) or None,
        "state": row["state"],
    }


def main() -> None:
    """Train, predict, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--finds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    world = make_world(options.size, options.finds, seed=options.seed)
    register = pd.DataFrame(flat(r) for r in world.register)
    found = pd.DataFrame(flat(r) for r in world.found)
    truth = dict(zip(found["unique_id"], world.truth, strict=True))
    rules = [
        block_on("device"),
        block_on("source_one"),
        block_on("source_two"),
        block_on("device_start", "maker", "model"),
        block_on("device_end", "maker", "model"),
    ]
    serial = [
        cl.DamerauLevenshteinAtThresholds(name, [1]).configure(term_frequency_adjustments=True)
        for name in ("device", "source_one", "source_two")
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            *serial,
            cl.ExactMatch("maker").configure(term_frequency_adjustments=True),
            cl.ExactMatch("model").configure(term_frequency_adjustments=True),
            cl.ExactMatch("nuclides").configure(term_frequency_adjustments=True),
            cl.ExactMatch("state"),
        ],
        blocking_rules_to_generate_predictions=rules,
    )
    began = time.perf_counter()
    api = DuckDBAPI()
    tables = [
        api.register(found, dataset_display_name="found"),
        api.register(register, dataset_display_name="register"),
    ]
    linker = Linker(tables, settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("device"), block_on("source_one")], recall=0.9
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("device"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("source_one"))
    pairs = linker.inference.predict(threshold_match_probability=1e-4).as_pandas_dataframe()
    took = time.perf_counter() - began
    left, right = pairs["unique_id_l"].astype(str), pairs["unique_id_r"].astype(str)
    swap = left.str.startswith("R")
    pairs["find"] = np.where(swap, right, left)
    pairs["row"] = np.where(swap, left, right)
    pairs["right"] = pairs["row"] == pairs["find"].map(truth)
    best = pairs.sort_values("match_probability", ascending=False).drop_duplicates("find")
    bins = np.minimum((best["match_probability"] * 10).astype(int), 9)
    error = sum(
        (bins == b).mean()
        * abs(best["match_probability"][bins == b].mean() - best["right"][bins == b].mean())
        for b in set(bins)
    )
    members = sum(t is not None for t in world.truth)
    result: dict[str, Any] = {
        "size": options.size,
        "finds": options.finds,
        "took_s": round(took, 1),
    }
    for name, table in (("all pairs", pairs), ("best pair of each find", best)):
        for threshold in (0.5, 0.95):
            links = table[table["match_probability"] >= threshold]
            result[f"{name}, P >= {threshold}"] = {
                "links": len(links),
                "precision": round(float(links["right"].mean()), 4) if len(links) else None,
                "recall": round(float(links["right"].sum()) / members, 4),
            }
    result["calibration_error_best"] = round(float(error), 4)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
