/** Spectrum of the selected records over its background, logarithmic with visible zeros. */

import uPlot from "uplot";
import { element } from "../dom";
import { formatFixed, formatNumber } from "../language";
import { onTheme, themeColour } from "./colours";
import type { Spectrum } from "./contract";
import type { Source } from "./data";
import { asSlider, island, onWidth, plainButton, sayValue, toggle } from "./island";
import { drawLines, LineChooser } from "./lines";
import type { Range, Store } from "./store";
import { text } from "./texts";

const HEIGHT = 340;
const LEAST_CHANNELS = 8;

export class SpectrumIsland {
  readonly section: HTMLElement;
  readonly #plot: HTMLElement;
  readonly #readout: HTMLElement;
  readonly #caption = element("p", { class: "caption" });
  readonly #chooser: LineChooser;
  readonly #store: Store;
  #chart: uPlot | null = null;
  #spectrum: Spectrum | null = null;
  #width = 600;
  #channel = 0;

  constructor(source: Source, store: Store) {
    const frame = island("spectrum", text.spectrum, text.spectrumHelp);
    this.#store = store;
    this.section = frame.section;
    this.#plot = frame.plot;
    this.#readout = frame.readout;
    this.#chooser = new LineChooser(source, () => this.#chart?.redraw(false));
    this.section.append(this.#caption, this.#chooser.element);
    this.#tools(frame.tools);
    this.#keys();
    onWidth(this.#plot, (width) => {
      this.#width = width;
      this.#chart?.setSize({ width, height: HEIGHT });
    });
    onTheme(() => this.#chart?.redraw(false, true));
    store.watch(["log", "background", "channels", "perSecond"], () => this.#build());
    store.watch(["lines"], () => this.#chart?.redraw(false));
    store.watch(["energy"], () => this.#chart && this.#chart.setData(this.#chart.data));
  }

  loadLines(): Promise<void> {
    return this.#chooser.load();
  }

  show(spectrum: Spectrum): void {
    if (spectrum.counts.length === 0) {
      this.#plot.replaceChildren(element("p", { class: "empty" }, text.noSpectra));
      this.#chooser.element.hidden = true;
      return;
    }
    this.#spectrum = spectrum;
    asSlider(this.#plot, text.spectrum, spectrum.counts.length - 1);
    this.#channel = Math.min(this.#channel, spectrum.counts.length - 1);
    this.#build();
  }

  /** Nothing is drawn rather than an older spectrum under a newer selection. */
  fail(why: string): void {
    this.#spectrum = null;
    this.#chart?.destroy();
    this.#chart = null;
    this.#readout.textContent = "";
    this.#caption.textContent = text.failed(why);
  }

  get #byChannel(): boolean {
    return this.#store.state.channels || !this.#spectrum?.edges_keV;
  }

  #edges(): number[] {
    const { counts, edges_keV } = this.#spectrum as Spectrum;
    return this.#byChannel || !edges_keV ? Array.from({ length: counts.length + 1 }, (_, i) => i) : edges_keV;
  }

  #tools(tools: HTMLElement): void {
    const flip = (key: "log" | "lines" | "background" | "channels" | "perSecond", label: string, hotkey: string | null): HTMLElement => {
      const button = toggle(label, hotkey, () => this.#store.set({ [key]: !this.#store.state[key] }));
      this.#store.watch([key], (state) => button.setAttribute("aria-pressed", String(state[key])));
      return button;
    };
    const channels = toggle(text.channels, null, () =>
      this.#store.set({ channels: !this.#store.state.channels, energy: null }, "step"),
    );
    this.#store.watch(["channels"], (state) => channels.setAttribute("aria-pressed", String(state.channels)));
    tools.append(
      flip("log", text.log, "L"),
      flip("lines", text.referenceLines, "R"),
      flip("background", text.background, "B"),
      channels,
      flip("perSecond", text.perSecond, null),
      plainButton("+", text.zoomIn, () => this.#zoom(0.5)),
      plainButton("−", text.zoomOut, () => this.#zoom(2)),
      plainButton("↔", text.zoomAll, () => this.#store.set({ energy: null }, "step")),
    );
  }

  #keys(): void {
    this.#plot.addEventListener("keydown", (event) => {
      const last = (this.#spectrum?.counts.length ?? 1) - 1;
      const page = Math.ceil(last / 20);
      const by: Record<string, number> = {
        ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: page, PageDown: -page, Home: -last, End: last,
      };
      const step = by[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) {
        return;
      }
      if (step !== undefined) {
        this.#point(Math.min(last, Math.max(0, this.#channel + step)));
      } else if (event.key === "+" || event.key === "-") {
        this.#zoom(event.key === "+" ? 0.5 : 2);
      } else if (event.key === "Escape") {
        this.#store.set({ energy: null }, "step");
      } else {
        return;
      }
      event.preventDefault();
    });
  }

  #zoom(factor: number): void {
    const edges = this.#edges();
    const whole: Range = [edges[0] as number, edges[edges.length - 1] as number];
    const [low, high] = this.#store.state.energy ?? whole;
    const at = edges[this.#channel] as number;
    const centre = at > low && at < high ? at : (low + high) / 2;
    const least = ((whole[1] - whole[0]) / edges.length) * LEAST_CHANNELS;
    const span = Math.max(least, (high - low) * factor);
    const first = Math.max(whole[0], centre - (span * (centre - low)) / (high - low));
    const last = Math.min(whole[1], first + span);
    const all = first <= whole[0] && last >= whole[1];
    this.#store.set({ energy: all ? null : [first, last] }, "step");
  }

  /** Put the cursor on a channel and tell what is there. */
  #point(channel: number, fromMouse = false): void {
    const spectrum = this.#spectrum;
    if (!spectrum || !this.#chart) {
      return;
    }
    this.#channel = channel;
    const edges = this.#edges();
    const middle = ((edges[channel] as number) + (edges[channel + 1] as number)) / 2;
    if (!fromMouse) {
      this.#chart.setCursor({ left: this.#chart.valToPos(middle, "x"), top: 0 }, false);
    }
    const counts = spectrum.counts[channel] as number;
    const rate = spectrum.live_time_s > 0 ? formatNumber(counts / spectrum.live_time_s) : "–";
    const parts = [`${text.channel} ${channel}`];
    if (spectrum.edges_keV) {
      const energy = ((spectrum.edges_keV[channel] as number) + (spectrum.edges_keV[channel + 1] as number)) / 2;
      parts.unshift(`${text.energy} ${formatFixed(energy, 1)} keV`);
    }
    parts.push(`${text.counts} ${formatNumber(counts, 8)} (${rate} /s)`);
    if (spectrum.background) {
      const under = (spectrum.background.counts[channel] as number) * this.#toBackground(spectrum);
      parts.push(`${text.background} ${formatNumber(under)}`);
    }
    const said = parts.join(" · ");
    this.#readout.textContent = said;
    sayValue(this.#plot, channel, said);
  }

  #toBackground(spectrum: Spectrum): number {
    const { background, live_time_s } = spectrum;
    return background && background.live_time_s > 0 ? live_time_s / background.live_time_s : 0;
  }

  #tellCaption(spectrum: Spectrum): void {
    const { background } = spectrum;
    const parts = [
      text.records(spectrum.first_record, spectrum.last_record),
      `${text.liveTime} ${formatNumber(spectrum.live_time_s, 4)} s`,
      background
        ? `${text.backgroundFrom[background.origin]} (${formatNumber(background.live_time_s, 4)} s), ${text.drawnUnder}`
        : text.noBackground,
    ];
    if (!spectrum.edges_keV) {
      parts.push(text.uncalibrated);
    }
    this.#caption.textContent = parts.join(" · ");
  }

  /** A new chart: scale kinds and units of uPlot are fixed when it is made. */
  #build(): void {
    const spectrum = this.#spectrum;
    if (!spectrum) {
      return;
    }
    this.#tellCaption(spectrum);
    this.#chart?.destroy();
    const { log, perSecond, background } = this.#store.state;
    const edges = this.#edges();
    const unit = perSecond && spectrum.live_time_s > 0 ? 1 / spectrum.live_time_s : 1;
    const under = this.#toBackground(spectrum) * unit;
    const close = (values: number[], factor: number): number[] => [...values.map((v) => v * factor), 0];
    const counts = close(spectrum.counts, unit);
    const behind = background && spectrum.background ? close(spectrum.background.counts, under) : counts.map(() => null);
    const stepped = uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder;
    const ink = (): string => themeColour("--soft");
    const grid = { stroke: () => themeColour("--plot-grid"), width: 1 };
    const font = "12px system-ui, sans-serif";
    const most = Math.max(unit, ...counts, ...behind.map((v) => v ?? 0));
    this.#chart = new uPlot(
      {
        width: this.#width,
        height: HEIGHT,
        legend: { show: false },
        padding: [34, 22, 0, 0],
        scales: {
          x: { time: false, range: () => this.#store.state.energy ?? [edges[0] as number, edges[edges.length - 1] as number] },
          // Linear below one count, logarithmic above: an empty channel stays to be seen.
          y: log
            ? { distr: 4, asinh: unit, range: () => [0, most * 1.6] }
            : { range: () => [0, visibleMost(this.#store.state.energy, edges, [counts, behind]) * 1.08 || unit] },
        },
        axes: [
          { stroke: ink, grid, ticks: grid, font, size: 32, label: this.#byChannel ? text.channel : text.energyAxis, labelSize: 18, labelFont: font, values: (_, at) => at.map((v) => formatNumber(v, 8)) },
          {
            stroke: ink, grid, ticks: grid, font, size: 54, label: perSecond ? text.ratesAxis : text.countsAxis, labelSize: 18, labelFont: font,
            ...(log ? { splits: () => decades(unit, most), values: (_: uPlot, at: number[]) => at.map((v) => (isDecade(v / unit) || v === 0 ? formatNumber(v, 2) : "")) } : {}),
          },
        ],
        series: [
          {},
          { label: text.background, stroke: () => themeColour("--plot-background"), fill: () => themeColour("--plot-grid"), width: 1.2, paths: stepped, points: { show: false } },
          { label: text.counts, stroke: () => themeColour("--plot-counts"), width: 1.4, paths: stepped, points: { show: false } },
        ],
        cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false }, bind: { dblclick: () => () => (this.#store.set({ energy: null }, "step"), null) } },
        hooks: {
          draw: [(u) => this.#store.state.lines && !this.#byChannel && drawLines(u, this.#chooser.shown())],
          setCursor: [
            (u) => {
              if (u.cursor.event && u.cursor.left != null && u.cursor.left >= 0) {
                const x = u.posToVal(u.cursor.left, "x");
                this.#point(Math.max(0, Math.min(spectrum.counts.length - 1, edges.findLastIndex((edge) => edge <= x))), true);
              }
            },
          ],
          setSelect: [
            (u) => {
              if (u.select.width > 4) {
                const low = u.posToVal(u.select.left, "x");
                this.#store.set({ energy: [low, u.posToVal(u.select.left + u.select.width, "x")] }, "step");
              }
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [edges, behind, counts] as uPlot.AlignedData,
      this.#plot,
    );
    this.#point(this.#channel);
  }
}

/** Zero and 1, 2, 5 times each power of ten, in the unit of one count. */
function decades(unit: number, most: number): number[] {
  const splits = [0];
  for (let decade = 1; decade * unit <= most * 1.6; decade *= 10) {
    splits.push(decade * unit, 2 * decade * unit, 5 * decade * unit);
  }
  return splits.filter((v) => v <= most * 1.6);
}

function isDecade(counts: number): boolean {
  return counts > 0 && Math.abs(Math.log10(counts) - Math.round(Math.log10(counts))) < 1e-9;
}

/** Highest value among the shown channels, so that a linear scale fits what is looked at. */
function visibleMost(energy: Range | null, edges: number[], series: (number | null)[][]): number {
  let most = 0;
  for (const values of series) {
    for (let i = 0; i < values.length; i++) {
      const edge = edges[i] as number;
      if (!energy || (edge >= energy[0] && edge <= energy[1])) {
        most = Math.max(most, values[i] ?? 0);
      }
    }
  }
  return most;
}
