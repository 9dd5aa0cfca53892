/** Waterfall: counts over time and energy on a canvas, its time axis under that of the strip chart. */

import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, rampAt, themeColour } from "./colours";
import type { Waterfall } from "./contract";
import { type Records, usualSpan } from "./data";
import { asSlider, island, MARGIN, onWidth, sayValue } from "./island";
import { ColourScale } from "./scale";
import type { Range, Store } from "./store";
import { describe } from "./strip";
import { text } from "./texts";
import { extendTo, timeKeys } from "./time-keys";

const HEIGHT = 240;
const CLICK_PX = 4;

/** The table of the contract as numbers. */
export function decode(table: Waterfall): Uint16Array {
  const bytes = Uint8Array.from(atob(table.counts), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: table.rows * table.bins }, (_, i) => view.getUint16(2 * i, true));
}

export function waterfall(records: Records, table: Waterfall, store: Store): HTMLElement {
  const { section, tools, plot, readout } = island("waterfall", text.waterfall, text.stripHelp);
  const counts = decode(table);
  const rates = new Float32Array(counts.length);
  for (let row = 0; row < table.rows; row++) {
    const live_s = table.live_s[row] || 1;
    for (let bin = 0; bin < table.bins; bin++) {
      // For each keV: bins hold different numbers of channels, which would show as stripes.
      const width = (table.edges[bin + 1] as number) - (table.edges[bin] as number);
      rates[row * table.bins + bin] = (counts[row * table.bins + bin] as number) / live_s / width;
    }
  }
  const picture = element("canvas", { class: "waterfall-picture", "aria-hidden": "true" });
  const over = element("canvas", { class: "waterfall-over", "aria-hidden": "true" });
  plot.append(picture, over);
  asSlider(plot, text.waterfall, records.count - 1);
  timeKeys(plot, records, store);

  const unit = table.axis === "energy_keV" ? text.perEnergy : text.perChannel;
  const scale = new ColourScale(text.waterfall, () => paint());
  scale.setAuto([0, usualSpan(rates)[1]], unit);
  tools.append(scale.element);

  const small = element("canvas", { width: table.rows, height: table.bins });
  let width = 600;
  const shown = (): Range => store.state.time ?? records.whole();
  const inner = (): number => Math.max(1, width - MARGIN.left - MARGIN.right);
  const toX = (time: number): number => MARGIN.left + (inner() * (time - shown()[0])) / (shown()[1] - shown()[0]);
  const toRecord = (x: number): number =>
    records.at(shown()[0] + ((x - MARGIN.left) / inner()) * (shown()[1] - shown()[0]));
  const toY = (bin: number): number => HEIGHT - (HEIGHT * bin) / table.bins;

  /** Colour every cell; low rates are spread out by a square root, as their noise is. */
  function paint(): void {
    const context = small.getContext("2d");
    if (!context) {
      return;
    }
    const image = context.createImageData(table.rows, table.bins);
    const [low, high] = scale.ends;
    const palette = Array.from({ length: 256 }, (_, i) => rampAt(i / 255));
    for (let row = 0; row < table.rows; row++) {
      for (let bin = 0; bin < table.bins; bin++) {
        const part = ((rates[row * table.bins + bin] as number) - low) / (high - low);
        const step = Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, part))));
        image.data.set([...(palette[step] as number[]), 255], 4 * ((table.bins - 1 - bin) * table.rows + row));
      }
    }
    context.putImageData(image, 0, 0);
    stretch();
  }

  function prepare(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
    canvas.width = width * devicePixelRatio;
    canvas.height = HEIGHT * devicePixelRatio;
    const context = canvas.getContext("2d");
    context?.scale(devicePixelRatio, devicePixelRatio);
    return context;
  }

  /** Draw the shown part of the table; rows sit where their records lie in time. */
  function stretch(): void {
    const context = prepare(picture);
    if (!context) {
      return;
    }
    context.imageSmoothingEnabled = false;
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, 0, inner(), HEIGHT);
    context.clip();
    context.fillStyle = themeColour("--raised");
    context.fillRect(MARGIN.left, 0, inner(), HEIGHT);
    for (let row = 0; row < table.rows; row++) {
      const first = row * table.records_per_row;
      const last = Math.min(records.count - 1, first + table.records_per_row - 1);
      const left = toX(records.begin(first));
      // A gap between records stays a gap.
      const end = records.begin(last) + 1.5 * (records.survey.columns.live_s?.[last] ?? 1);
      const right = toX(Math.min(records.begin(last + 1), end));
      context.drawImage(small, row, 0, 1, table.bins, left, 0, Math.max(right - left, 0.5), HEIGHT);
    }
    context.restore();
    axis(context);
    mark();
  }

  function axis(context: CanvasRenderingContext2D): void {
    context.fillStyle = themeColour("--soft");
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    const last = table.edges[table.bins] as number;
    let free = HEIGHT + 9;
    for (let bin = 0; bin <= table.bins; bin++) {
      const y = toY(bin);
      const edge = table.edges[bin] as number;
      const before = table.edges[bin - 1] ?? edge;
      const step = niceStep(last);
      if (bin > 0 && Math.floor(edge / step) === Math.floor(before / step)) {
        continue;
      }
      const value = Math.floor(edge / step) * step;
      if (y < free - 9 && y > 8) {
        context.fillText(String(value), MARGIN.left - 6, Math.min(y, HEIGHT - 6));
        context.fillRect(MARGIN.left - 4, y, 4, 1);
        free = y - 9;
      }
    }
    context.save();
    context.translate(11, HEIGHT / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(table.axis === "energy_keV" ? text.energyAxis : text.channel, 0, 0);
    context.restore();
  }

  /** Encounters, selection, cursor and the energies that the spectrum shows, over the picture. */
  function mark(): void {
    const context = prepare(over);
    if (!context) {
      return;
    }
    context.beginPath();
    context.rect(MARGIN.left, 0, inner(), HEIGHT);
    context.clip();
    const { selected, cursor, energy } = store.state;
    const light = themeColour("--plot-mark");
    const frame = (first: number, last: number, dash: number[]): void => {
      const left = toX(records.begin(first));
      context.setLineDash(dash);
      context.lineWidth = 3;
      context.strokeStyle = "#000";
      context.strokeRect(left, 1.5, toX(records.begin(last + 1)) - left, HEIGHT - 3);
      context.lineWidth = 1.5;
      context.strokeStyle = light;
      context.strokeRect(left, 1.5, toX(records.begin(last + 1)) - left, HEIGHT - 3);
    };
    for (const each of records.survey.encounters) {
      frame(each.first_record, each.last_record, [5, 4]);
    }
    if (selected) {
      frame(selected[0], selected[1], []);
    }
    if (cursor !== null) {
      context.fillStyle = "#000";
      context.fillRect(toX(records.begin(cursor)) - 1.5, 0, 3, HEIGHT);
      context.fillStyle = light;
      context.fillRect(toX(records.begin(cursor)) - 0.5, 0, 1, HEIGHT);
    }
    if (energy && store.state.channels === (table.axis === "channel")) {
      context.fillStyle = light;
      for (const edge of energy) {
        const bin = table.edges.findIndex((each) => each >= edge);
        context.fillRect(MARGIN.left, toY(Math.max(0, bin)), inner(), 1);
      }
    }
  }

  let pressed: number | null = null;
  over.addEventListener("pointerdown", (event) => {
    pressed = event.offsetX;
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener("pointermove", (event) => {
    const cursor = toRecord(event.offsetX);
    store.set({ cursor });
    const bin = Math.floor(((HEIGHT - event.offsetY) / HEIGHT) * table.bins);
    const row = Math.floor(cursor / table.records_per_row);
    const rate = rates[row * table.bins + bin];
    const edges = [table.edges[bin], table.edges[bin + 1]];
    if (rate !== undefined && edges[0] !== undefined && edges[1] !== undefined) {
      readout.textContent = `${describe(records, cursor)} · ${edges.map((e) => formatNumber(e as number)).join("–")} ${table.axis === "energy_keV" ? "keV" : text.channel}: ${formatNumber(rate)} ${unit}`;
    }
  });
  over.addEventListener("pointerup", (event) => {
    const from = pressed;
    pressed = null;
    if (from === null) {
      return;
    }
    const [a, b] = [toRecord(from), toRecord(event.offsetX)];
    if (event.shiftKey) {
      extendTo(store, b, store.state.selected?.[1] ?? b);
    } else if (Math.abs(from - event.offsetX) <= CLICK_PX) {
      store.set({ selected: [b, b], cursor: b }, "step");
    } else {
      store.set({ selected: [Math.min(a, b), Math.max(a, b)], cursor: b }, "step");
    }
  });

  onWidth(plot, (now) => {
    width = now;
    stretch();
  });
  onTheme(paint);
  paint();
  store.watch(["time"], stretch);
  store.watch(["selected", "cursor", "energy", "channels"], mark);
  store.watch(["cursor"], ({ cursor }) => {
    const said = describe(records, cursor ?? 0);
    readout.textContent = cursor === null ? text.stripHelp : said;
    sayValue(plot, cursor ?? 0, said);
  });
  return section;
}

/** A step of 1, 2 or 5 times a power of ten that divides an axis into at most about six parts. */
function niceStep(span: number): number {
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (([1, 2, 5].find((each) => each * power >= rough) ?? 10));
}
