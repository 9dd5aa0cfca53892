/** Spectrum since the start, or of an encounter over the background expected; logarithmic, zeros seen. */

import uPlot from "uplot";
import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, themeColour } from "../survey/colours";
import type { Spectrum as Counted } from "./contract";
import type { Feed } from "./feed";
import { legend, panel, widthOf } from "./panel";
import { text } from "./texts";

const HEIGHT = 220;

export class Spectrum {
  readonly element: HTMLElement;
  readonly #plot = element("div", { class: "plot", role: "img", "aria-label": text.spectrum });
  readonly #caption = element("p", { class: "caption" });
  readonly #empty = element("p", { class: "empty", hidden: true }, text.noEnergies);
  readonly #long = element("button", { type: "button", "aria-pressed": "true" }, text.longTerm);
  readonly #near = element("button", { type: "button", "aria-pressed": "false", hidden: true });
  readonly #names: HTMLElement;
  #chart: uPlot | null = null;
  #width = 320;
  #most = 0;
  #least = 0;
  #aroundAlarm = false;
  #followed = 0;

  constructor(readonly feed: Feed) {
    this.#names = legend([["counts", text.counts], ["background", text.background]]);
    this.element = panel("spectrum", text.spectrum, [this.#long, this.#near], this.#names, this.#empty, this.#plot, this.#caption);
    this.#long.addEventListener("click", () => this.#choose(false));
    this.#near.addEventListener("click", () => this.#choose(true));
    widthOf(this.#plot, (width) => {
      this.#width = width;
      this.#chart?.setSize({ width, height: HEIGHT });
    });
    onTheme(() => this.#chart?.redraw(false, true));
  }

  #choose(aroundAlarm: boolean): void {
    this.#aroundAlarm = aroundAlarm;
    this.#long.setAttribute("aria-pressed", String(!aroundAlarm));
    this.#near.setAttribute("aria-pressed", String(aroundAlarm));
    this.show();
  }

  show(): void {
    const { told } = this.feed;
    if (!told) {
      return;
    }
    const near = told.alarm_spectrum;
    this.#near.hidden = near === null;
    if (near && near.number !== this.#followed) {
      // A new encounter shows its spectrum by itself, once: after that the person has chosen.
      this.#followed = near.number;
      this.#near.textContent = text.aroundAlarm(near.number);
      this.#choose(true);
      return;
    }
    const chosen = this.#aroundAlarm && near ? near : told.long_term;
    this.#empty.hidden = told.health.calibrated !== false;
    this.#plot.hidden = chosen === null;
    this.#names.hidden = chosen === null;
    this.#long.hidden = chosen === null;
    this.#caption.textContent = "";
    if (chosen) {
      this.#draw(chosen, this.#aroundAlarm && near ? text.aroundAlarm(near.number) : text.longTerm);
    }
  }

  #draw(spectrum: Counted, name: string): void {
    const { edges_keV: edges, counts, background, live_s } = spectrum;
    const width = counts.map((_, i) => (edges[i + 1] as number) - (edges[i] as number));
    const perKeV = (values: number[]): number[] => [...values.map((v, i) => v / (width[i] as number)), 0];
    const shown = perKeV(counts);
    const under = background ? perKeV(background) : shown.map(() => null);
    this.#most = Math.max(1e-6, ...shown, ...under.map((v) => v ?? 0));
    // One count in the widest channel: below it the scale is linear, so that zeros are seen.
    this.#least = Math.min(this.#most / 10, 1 / Math.max(...width));
    this.#chart ??= this.#made();
    this.#chart.setData([edges, under, shown] as uPlot.AlignedData);
    const seconds = formatNumber(Math.round(live_s), 6);
    this.#caption.textContent = `${name} · ${text.liveTime(seconds)}`;
    this.#plot.setAttribute("aria-label", text.spectrumLabel(name, seconds));
  }

  #made(): uPlot {
    const ink = (): string => themeColour("--soft");
    const grid = { stroke: () => themeColour("--plot-grid"), width: 1 };
    const font = "13px system-ui, sans-serif";
    const stepped = uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder;
    const scaled = (v: number): number => Math.asinh(v / this.#least);
    const back = (v: number): number => Math.sinh(v) * this.#least;
    return new uPlot(
      {
        width: this.#width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 14, 0, 0],
        scales: {
          x: { time: false, distr: 100, fwd: (v) => Math.sqrt(Math.max(0, v)), bwd: (v) => v * v, range: (_, low, high) => [low ?? 0, high ?? 3000] },
          y: { distr: 100, fwd: scaled, bwd: back, range: () => [0, this.#most * 1.5] },
        },
        axes: [
          { stroke: ink, grid, ticks: grid, font, size: 32, label: text.spectrumAxis, labelSize: 18, labelFont: font, splits: () => energies(this.#chart), filter: (_, at) => at, values: (_, at) => at.map(String) },
          { stroke: ink, grid, ticks: grid, font, size: 62, label: text.countsAxis, labelSize: 18, labelFont: font, splits: () => decades(this.#least, this.#most), filter: (_, at) => at, values: (_, at) => at.map((v) => formatNumber(v, 2)) },
        ],
        series: [
          {},
          { stroke: () => themeColour("--plot-background"), fill: () => themeColour("--plot-grid"), width: 1.5, paths: stepped, points: { show: false } },
          { stroke: () => themeColour("--plot-counts"), width: 1.8, paths: stepped, points: { show: false } },
        ],
      },
      [[], [], []],
      this.#plot,
    );
  }
}

/** Energies that divide an axis in the root of the energy about evenly. */
function energies(chart: uPlot | null): number[] {
  const high = chart?.scales["x"]?.max ?? 3000;
  return [100, 300, 700, 1300, 2000, 2800].filter((each) => each <= high);
}

/** Zero and the powers of ten in sight. */
function decades(least: number, most: number): number[] {
  const splits = [0];
  for (let power = Math.ceil(Math.log10(least)); 10 ** power <= most * 1.5; power++) {
    splits.push(10 ** power);
  }
  return splits;
}
