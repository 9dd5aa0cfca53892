/** Strip chart: raw rates over time, what the detector expected, its statistic, the encounters. */

import uPlot from "uplot";
import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, themeColour } from "./colours";
import type { Records } from "./data";
import { asSlider, island, MARGIN, onWidth, plainButton, sayValue } from "./island";
import type { Store } from "./store";
import { text } from "./texts";
import { extendTo, timeKeys, zoomTime } from "./time-keys";

const HEIGHT = 210;
const CLICK_PX = 4;

interface Line {
  name: string;
  kind: "counts" | "background" | "statistic" | "neutron";
  values: (number | null)[];
  scale: "y" | "s" | "n";
  dash?: number[];
}

function linesOf(records: Records): Line[] {
  const { background_cps, statistic } = records.survey.columns;
  const found: Line[] = [{ name: text.rate, kind: "counts", values: records.rate, scale: "y" }];
  if (background_cps) {
    found.push({ name: text.backgroundRate, kind: "background", values: background_cps, scale: "y", dash: [6, 4] });
  }
  if (statistic) {
    const name = statisticName(records);
    found.push({ name, kind: "statistic", values: statistic, scale: "s", dash: [2, 2] });
  }
  if (records.neutronRate?.some((v) => v)) {
    found.push({ name: text.neutronRate, kind: "neutron", values: records.neutronRate, scale: "n" });
  }
  return found;
}

export function statisticName(records: Records): string {
  const name = records.survey.statistic_name;
  return name ? `${text.statistic} (${name})` : text.statistic;
}

function legend(lines: Line[]): HTMLElement {
  const items = lines.map((each) =>
    element("li", {}, element("span", { class: `sample sample-${each.kind}`, "aria-hidden": "true" }), each.name),
  );
  return element("ul", { class: "legend" }, ...items);
}

export function stripChart(records: Records, store: Store): HTMLElement {
  const { section, tools, plot, readout } = island("strip", text.strip, text.stripHelp);
  const lines = linesOf(records);
  tools.append(
    legend(lines),
    plainButton("+", text.zoomIn, () => zoomTime(records, store, "in")),
    plainButton("−", text.zoomOut, () => zoomTime(records, store, "out")),
    plainButton("↔", text.zoomAll, () => store.set({ time: null }, "step")),
  );
  asSlider(plot, text.strip, records.count - 1);
  timeKeys(plot, records, store);

  const ink = (): string => themeColour("--soft");
  const grid = (): { stroke: () => string; width: number } => ({ stroke: () => themeColour("--plot-grid"), width: 1 });
  const font = "12px system-ui, sans-serif";
  const chart = new uPlot(
    {
      width: 600,
      height: HEIGHT,
      legend: { show: false },
      padding: [14, lines.some((l) => l.scale === "s") ? 0 : MARGIN.right, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: {
        x: { time: records.dated, range: () => store.state.time ?? records.whole() },
        y: { range: (_, __, high) => [0, (high ?? 1) * 1.08 || 1] },
        s: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 0, (records.survey.threshold ?? 1) * 1.3)] },
        // Neutrons stand at the foot, out of the way of the other lines.
        n: { range: (_, __, high) => [0, Math.max(1, high ?? 1) * 4] },
      },
      axes: [
        {
          stroke: ink, grid: grid(), ticks: grid(), font, size: 32, label: timeLabel(records), labelSize: 18, labelFont: font,
          ...(records.dated ? { values: (_: uPlot, at: number[]) => at.map((s) => new Date(s * 1000).toISOString().slice(11, 19)), space: 70 } : {}),
        },
        { stroke: ink, grid: grid(), ticks: grid(), font, size: MARGIN.left - 18, label: text.rateAxis, labelSize: 18, labelFont: font },
        ...(lines.some((l) => l.scale === "s")
          ? [{ scale: "s", side: 1 as const, stroke: () => themeColour("--plot-statistic"), grid: { show: false }, font, size: MARGIN.right }]
          : []),
      ],
      series: [
        {},
        ...lines.map((each) => ({
          label: each.name,
          scale: each.scale,
          width: each.kind === "counts" ? 1.5 : 1.2,
          dash: each.dash ?? [],
          stroke: () => themeColour(`--plot-${each.kind}`),
          points: { show: false },
          ...pathOf(each.kind),
        })),
      ],
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false }, bind: { dblclick: () => null } },
      hooks: {
        drawClear: [(u) => drawBands(u, records, store)],
        draw: [(u) => drawLabels(u, records, lines)],
        setCursor: [
          (u) => {
            if (u.cursor.event && u.cursor.left != null && u.cursor.left >= 0) {
              store.set({ cursor: records.at(u.posToVal(u.cursor.left, "x")) });
            }
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width > CLICK_PX) {
              const first = records.at(u.posToVal(u.select.left, "x"));
              const last = records.at(u.posToVal(u.select.left + u.select.width, "x"));
              store.set({ selected: [first, last] }, "step");
            }
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    [records.time, ...lines.map((each) => each.values)] as uPlot.AlignedData,
    plot,
  );

  let pressedAt = 0;
  chart.over.addEventListener("mousedown", (event) => (pressedAt = event.clientX));
  chart.over.addEventListener("click", (event) => {
    if (Math.abs(event.clientX - pressedAt) > CLICK_PX) {
      return;
    }
    const record = records.at(chart.posToVal(event.offsetX, "x"));
    if (event.shiftKey) {
      extendTo(store, record, store.state.selected?.[1] ?? record);
    } else {
      store.set({ selected: [record, record], cursor: record }, "step");
    }
  });

  onWidth(plot, (width) => chart.setSize({ width, height: HEIGHT }));
  onTheme(() => chart.redraw(false, true));
  store.watch(["time"], () => chart.setData(chart.data));
  store.watch(["selected"], () => chart.redraw(false));
  store.watch(["cursor", "time"], ({ cursor }) => {
    const record = cursor ?? 0;
    const left = cursor === null ? -10 : chart.valToPos(records.begin(record), "x");
    chart.setCursor({ left, top: 0 }, false);
    readout.textContent = cursor === null ? text.stripHelp : describe(records, record, lines);
    sayValue(plot, record, describe(records, record, lines));
  });
  return section;
}

function timeLabel(records: Records): string {
  return records.dated ? `${new Date((records.time[0] ?? 0) * 1000).toISOString().slice(0, 10)}, ${text.utc}` : text.elapsed;
}

/** Counts in steps, neutrons as bars, the others as plain lines. */
function pathOf(kind: Line["kind"]): Pick<uPlot.Series, "paths" | "fill"> {
  if (kind === "counts") {
    return { paths: uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder };
  }
  if (kind === "neutron") {
    const paths = uPlot.paths.bars?.({ size: [0.5, 4], align: 1 }) as uPlot.Series.PathBuilder;
    return { paths, fill: () => themeColour("--plot-neutron") };
  }
  return {};
}

/** One record in words, with units. */
export function describe(records: Records, record: number, lines: Line[] = linesOf(records)): string {
  const parts = [`${text.record} ${record}`, records.clock(record)];
  for (const each of lines) {
    const value = each.values[record];
    if (value != null) {
      parts.push(`${each.name} ${formatNumber(value)}${each.scale === "s" ? "" : " /s"}`);
    }
  }
  const dose = records.survey.columns.dose_rate_uSv_h?.[record];
  if (dose != null) {
    parts.push(`${text.dose} ${formatNumber(dose)} µSv/h`);
  }
  return parts.join(" · ");
}

function drawBands(u: uPlot, records: Records, store: Store): void {
  const { ctx, bbox } = u;
  const x = (record: number): number => u.valToPos(records.begin(record), "x", true);
  const clip = (at: number): number => Math.min(bbox.left + bbox.width, Math.max(bbox.left, at));
  const band = (first: number, last: number, colour: string): [number, number] => {
    const [left, right] = [clip(x(first)), clip(x(last + 1))];
    ctx.fillStyle = colour;
    ctx.fillRect(left, bbox.top, Math.max(right - left, 0), bbox.height);
    return [left, right];
  };
  for (const each of records.survey.encounters) {
    band(each.first_record, each.last_record, themeColour("--plot-encounter"));
  }
  const selected = store.state.selected;
  if (selected) {
    const [left, right] = band(selected[0], selected[1], themeColour("--plot-select"));
    ctx.fillStyle = themeColour("--action");
    ctx.fillRect(left - 1, bbox.top, 2, bbox.height);
    ctx.fillRect(right - 1, bbox.top, 2, bbox.height);
  }
}

function drawLabels(u: uPlot, records: Records, lines: Line[]): void {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio;
  ctx.save();
  ctx.font = `bold ${12 * pixel}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  ctx.fillStyle = themeColour("--alarm");
  for (const each of records.survey.encounters) {
    const at = u.valToPos((records.begin(each.first_record) + records.begin(each.last_record + 1)) / 2, "x", true);
    if (at >= bbox.left && at <= bbox.left + bbox.width) {
      ctx.fillText(`▼${each.number}`, at, bbox.top);
    }
  }
  const threshold = records.survey.threshold;
  if (threshold !== null && lines.some((each) => each.scale === "s")) {
    const y = u.valToPos(threshold, "s", true);
    ctx.strokeStyle = themeColour("--plot-statistic");
    ctx.setLineDash([10 * pixel, 6 * pixel]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textAlign = "right";
    ctx.font = `${11 * pixel}px system-ui, sans-serif`;
    const words = `${text.threshold} ${formatNumber(threshold)}`;
    const right = bbox.left + bbox.width - 4 * pixel;
    ctx.fillStyle = themeColour("--card");
    ctx.fillRect(right - ctx.measureText(words).width - 3 * pixel, y - 15 * pixel, ctx.measureText(words).width + 6 * pixel, 13 * pixel);
    ctx.fillStyle = themeColour("--plot-statistic");
    ctx.fillText(words, right, y - 2 * pixel);
  }
  ctx.restore();
}
