/** Counts over energy for the last minutes: the newest row at the top, rows without counts hatched. */

import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, rampAt, rgb, themeColour } from "../survey/colours";
import { panel, prepared, widthOf } from "./panel";
import type { Recent } from "./recent";
import { hatch } from "./strip";
import { text } from "./texts";

const HEIGHT = 230;
const LEFT = 54;
const FOOT = 24;
const SPAN_S = 180;
const STEP_S = 60;

export class Waterfall {
  readonly element: HTMLElement;
  readonly #canvas = element("canvas", { class: "drawing", role: "img", "aria-label": text.waterfall });
  readonly #empty = element("p", { class: "empty", hidden: true }, text.noEnergies);
  readonly #scale = element("canvas", { class: "ramp", width: 96, height: 1, "aria-hidden": "true" });
  readonly #high = element("span");
  readonly #foot: HTMLElement;
  #width = 320;

  constructor(readonly feed: Recent) {
    this.#foot = element("p", { class: "caption" }, "0 ", this.#scale, " ", this.#high, ` ${text.waterfallScale}`);
    const place = element("div", { class: "plot" }, this.#canvas);
    this.element = panel("waterfall", text.waterfall, [], this.#empty, place, this.#foot);
    widthOf(place, (width) => {
      this.#width = width;
      this.show();
    });
    onTheme(() => this.show());
  }

  show(): void {
    const { told, rows } = this.feed;
    const edges = told?.bin_edges_keV ?? null;
    this.#empty.hidden = told?.health.calibrated !== false;
    this.#canvas.hidden = edges === null;
    this.#foot.hidden = edges === null;
    const context = edges && told ? prepared(this.#canvas, this.#width, HEIGHT) : null;
    if (!context || !edges || !told) {
      return;
    }
    const end = told.measured_s + this.feed.missing_s;
    const inner = this.#width - LEFT - 12;
    const tall = HEIGHT - FOOT - 4;
    const y = (t_s: number): number => 4 + (tall * (end - t_s)) / SPAN_S;
    const shown = rows.filter((row) => end - row.t_s <= SPAN_S);
    // For each keV: bins of different widths would show as stripes.
    const width = edges.slice(1).map((edge, i) => edge - (edges[i] as number));
    const rates = shown.map((row) => row.bins?.map((v, i) => v / (row.live_s || 1) / (width[i] as number)) ?? null);
    const most = highest(rates.map((each) => each ?? []));
    context.fillStyle = themeColour("--raised");
    context.fillRect(LEFT, 4, inner, tall);
    context.save();
    context.beginPath();
    context.rect(LEFT, 4, inner, tall);
    context.clip();
    shown.forEach((row, i) => {
      const [top, foot] = [y(row.t_s + row.real_s), y(row.t_s)];
      const cells = rates[i];
      if (row.gap || !cells) {
        hatch(context, LEFT, top, inner, foot - top);
        return;
      }
      cells.forEach((rate, bin) => {
        context.fillStyle = rgb(rampAt(Math.sqrt(rate / most)));
        context.fillRect(LEFT + (inner * bin) / cells.length, top, inner / cells.length + 0.5, foot - top + 0.5);
      });
    });
    if (this.feed.missing_s > 0) {
      hatch(context, LEFT, 4, inner, y(told.measured_s) - 4);
    }
    context.restore();
    this.#axes(context, edges, inner, tall);
    this.#legend(most);
    this.#canvas.setAttribute("aria-label", text.waterfallLabel(formatNumber(SPAN_S)));
  }

  #axes(context: CanvasRenderingContext2D, edges: number[], inner: number, tall: number): void {
    context.fillStyle = themeColour("--soft");
    context.font = "13px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let ago = 0; ago <= SPAN_S; ago += STEP_S) {
      const at = 4 + (tall * ago) / SPAN_S;
      context.fillText(`−${ago} s`.replace("−0", "0"), LEFT - 4, Math.min(Math.max(at, 10), HEIGHT - FOOT - 8));
    }
    context.textAlign = "center";
    const last = edges.at(-1) as number;
    let free = LEFT;
    for (const energy of [100, 300, 600, 1000, 1500, 2000, 2500]) {
      const bin = edges.findIndex((edge) => edge > energy);
      const at = LEFT + (inner * bin) / (edges.length - 1);
      const half = context.measureText(String(energy)).width / 2 + 3;
      if (bin > 0 && energy < last && at - half > free && at + half < this.#width) {
        free = at + half;
        context.fillRect(at, HEIGHT - FOOT, 1, 4);
        context.fillText(String(energy), at, HEIGHT - 10);
      }
    }
    context.textAlign = "right";
    context.fillText("keV", LEFT - 6, HEIGHT - 10);
  }

  #legend(most: number): void {
    this.#high.textContent = formatNumber(most, 2);
    const context = this.#scale.getContext("2d");
    for (let x = 0; context && x < this.#scale.width; x++) {
      context.fillStyle = rgb(rampAt(Math.sqrt(x / (this.#scale.width - 1))));
      context.fillRect(x, 0, 1, 1);
    }
  }
}

/** A rate that all but the brightest few cells stay below: one flash must not darken the rest. */
function highest(rates: number[][]): number {
  const all = rates.flat().sort((a, b) => a - b);
  return all[Math.floor(0.998 * (all.length - 1))] || 1;
}
