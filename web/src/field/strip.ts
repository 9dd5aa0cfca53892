/** Count rate of the last minutes, raw, over the background expected; a stopped stream leaves a gap. */

import uPlot from "uplot";
import { element } from "../dom";
import { language } from "../language";
import { onTheme, themeColour } from "../survey/colours";
import { whole } from "./numbers";
import { legend, panel, widthOf } from "./panel";
import type { Recent } from "./recent";
import { text } from "./texts";

const HEIGHT = 170;
const SPANS_S = [120, 600];

export class Strip {
  readonly element: HTMLElement;
  readonly #plot = element("div", { class: "plot", role: "img", "aria-label": text.strip });
  readonly #chart: uPlot;
  #span_s = SPANS_S[0] as number;

  constructor(readonly feed: Recent) {
    const buttons = SPANS_S.map((span_s) => {
      const button = element("button", { type: "button", "aria-pressed": String(span_s === this.#span_s) }, text.minutes(span_s / 60));
      button.addEventListener("click", () => {
        this.#span_s = span_s;
        buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
        this.show();
      });
      return button;
    });
    const names = legend([["counts", text.rate], ["background", text.background]]);
    this.element = panel("strip", text.rate, buttons, names, this.#plot);
    const ink = (): string => themeColour("--soft");
    const grid = { stroke: () => themeColour("--plot-grid"), width: 1 };
    const font = "13px system-ui, sans-serif";
    const stepped = uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder;
    this.#chart = new uPlot(
      {
        width: 320,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 12, 0, 0],
        scales: {
          x: { time: false, range: () => [-this.#span_s, 0] },
          y: { range: (_, __, high) => [0, (high ?? 1) * 1.1 || 1] },
        },
        axes: [
          { stroke: ink, grid, ticks: grid, font, size: 32, label: text.stripAxis, labelSize: 18, labelFont: font },
          { stroke: ink, grid, ticks: grid, font, size: 62, values: (_, at) => at.map(short) },
        ],
        series: [
          {},
          { stroke: () => themeColour("--plot-counts"), width: 2, paths: stepped, points: { show: false } },
          { stroke: () => themeColour("--plot-background"), width: 2, dash: [6, 4], points: { show: false } },
        ],
        hooks: { drawClear: [(u) => this.#bands(u)] },
      },
      [[], [], []],
      this.#plot,
    );
    widthOf(this.#plot, (width) => this.#chart.setSize({ width, height: HEIGHT }));
    onTheme(() => this.#chart.redraw(false, true));
  }

  show(): void {
    const { rows, told } = this.feed;
    if (!told) {
      return;
    }
    const end = told.measured_s + this.feed.missing_s;
    const x: number[] = [];
    const rate: (number | null)[] = [];
    const expected: (number | null)[] = [];
    for (const row of rows) {
      const known = row.live_s > 0 && !row.gap;
      x.push(row.t_s - end);
      rate.push(known ? row.counts / row.live_s : null);
      expected.push(known && row.expected !== null ? row.expected / row.live_s : null);
    }
    const last = rows.at(-1);
    if (last) {
      // The last step reaches to where the data end, and no further.
      x.push(last.t_s + last.real_s - end);
      rate.push(rate.at(-1) ?? null);
      expected.push(expected.at(-1) ?? null);
    }
    this.#chart.setData([x, rate, expected] as uPlot.AlignedData);
    const seen = rate.filter((v, i): v is number => v !== null && (x[i] as number) >= -this.#span_s);
    const now = rate.at(-1);
    if (seen.length > 0 && now != null) {
      this.#plot.setAttribute("aria-label", text.stripLabel(whole(now), whole(Math.min(...seen)), whole(Math.max(...seen))));
    }
  }

  /** Bands of encounters, and hatching where nothing was counted or nothing came. */
  #bands(u: uPlot): void {
    const { rows, told } = this.feed;
    if (!told) {
      return;
    }
    const { ctx, bbox } = u;
    const end = told.measured_s + this.feed.missing_s;
    const px = (t_s: number): number => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(t_s - end, "x", true)));
    ctx.save();
    for (const row of rows) {
      const [left, right] = [px(row.t_s), px(row.t_s + row.real_s)];
      if (right <= left) {
        continue;
      }
      if (row.gap) {
        hatch(ctx, left, bbox.top, right - left, bbox.height);
      } else if (row.statistic !== null && told.threshold !== null && row.statistic >= told.threshold) {
        ctx.fillStyle = themeColour("--plot-encounter");
        ctx.fillRect(left, bbox.top, right - left, bbox.height);
      }
    }
    if (this.feed.missing_s > 0) {
      const left = px(told.measured_s);
      hatch(ctx, left, bbox.top, bbox.left + bbox.width - left, bbox.height);
    }
    ctx.restore();
  }
}

/** A rate for the axis: of five digits and more in thousands or millions. */
function short(rate: number): string {
  const form = { notation: rate >= 10_000 ? "compact" : "standard", maximumSignificantDigits: 4 } as const;
  return new Intl.NumberFormat(language, form).format(rate);
}

/** Slanted lines: nothing is known here. */
export function hatch(ctx: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = themeColour("--edge");
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  const first = Math.floor((x - height) / 9) * 9;
  for (let at = first; at < x + width; at += 9) {
    ctx.moveTo(at, y + height);
    ctx.lineTo(at + height, y);
  }
  ctx.stroke();
  ctx.restore();
}
