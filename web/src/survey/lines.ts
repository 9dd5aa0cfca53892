/** Reference lines: drawn into the spectrum, chosen by nuclide, listed with their origin. */

import type uPlot from "uplot";
import { element } from "../dom";
import { formatFixed, formatNumber } from "../language";
import { themeColour } from "./colours";
import type { ReferenceLines } from "./contract";
import { Refused, type Source } from "./data";
import { text } from "./texts";

type Nuclide = ReferenceLines["nuclides"][number];

/** Lines weaker than this part of their nuclide's strongest stay visible, as ticks. */
const TICK_PART = 0.05;
// Told apart without colour: each nuclide has a dash of its own beside its name.
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [5, 2, 2, 2, 2, 2]];

export function drawLines(u: uPlot, nuclides: Nuclide[]): void {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  const taken: { left: number; right: number; row: number }[] = [];
  ctx.save();
  ctx.textBaseline = "bottom";
  ctx.textAlign = "center";
  ctx.lineWidth = 1.3 * pixel;
  ctx.font = `${11 * pixel}px system-ui, sans-serif`;
  ctx.strokeStyle = themeColour("--ink");
  ctx.fillStyle = themeColour("--ink");
  for (const [i, nuclide] of nuclides.entries()) {
    const strongest = Math.max(...nuclide.lines.map((each) => each.intensity));
    ctx.setLineDash((DASHES[i % DASHES.length] as number[]).map((each) => each * pixel));
    for (const line of nuclide.lines) {
      const x = u.valToPos(line.energy_keV, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) {
        continue;
      }
      const part = line.intensity / strongest;
      const height = part < TICK_PART ? 8 * pixel : bbox.height * part;
      ctx.globalAlpha = part < TICK_PART ? 1 : 0.8;
      ctx.beginPath();
      ctx.moveTo(x, bottom);
      ctx.lineTo(x, bottom - height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      if (part >= TICK_PART) {
        label(u, `${nuclide.name} ${line.energy_keV.toFixed(0)}`, x, taken);
      }
    }
  }
  ctx.restore();
}

/** Name a line above the plot, in the first of three rows that has room; else not at all. */
function label(u: uPlot, words: string, x: number, taken: { left: number; right: number; row: number }[]): void {
  const { ctx, bbox } = u;
  const half = ctx.measureText(words).width / 2 + 2 * devicePixelRatio;
  const at = Math.min(Math.max(x, half), u.ctx.canvas.width - half);
  for (let row = 0; row < 3; row++) {
    const hit = taken.some((each) => each.row === row && at - half < each.right && at + half > each.left);
    if (!hit) {
      ctx.fillText(words, at, bbox.top - row * 11 * devicePixelRatio);
      taken.push({ left: at - half, right: at + half, row });
      return;
    }
  }
}

export class LineChooser {
  readonly element: HTMLElement;
  #nuclides: Nuclide[] = [];
  #hidden = new Set<string>();
  #boxes = element("div", { class: "nuclides", role: "group", "aria-label": text.referenceLines });
  #table = element("tbody");
  #library = element("caption");
  #error = element("p", { class: "error", role: "alert", hidden: true });

  constructor(readonly source: Source, readonly changed: () => void) {
    const input = element("input", { id: "add-nuclide", placeholder: "Cs-137", size: 10, autocomplete: "off" });
    const form = element(
      "form",
      { class: "add-nuclide" },
      element("label", { for: "add-nuclide" }, text.addNuclide),
      input,
      element("button", {}, text.add),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim()) {
        void this.load(input.value.trim());
        input.value = "";
      }
    });
    const heads = [text.nuclide, text.energyAxis, text.intensity, text.emitter, text.kind, text.origin];
    const table = element(
      "table",
      { class: "stack" },
      this.#library,
      element("thead", {}, element("tr", {}, ...heads.map((each) => element("th", { scope: "col" }, each)))),
      this.#table,
    );
    this.element = element(
      "div",
      { class: "line-chooser" },
      this.#boxes,
      form,
      this.#error,
      element("p", { class: "caption" }, text.lineHeights),
      element(
        "details",
        {},
        element("summary", {}, text.lineTable),
        element("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": text.lineTable }, table),
      ),
    );
  }

  /** Nuclides whose lines are to be drawn. */
  shown(): Nuclide[] {
    return this.#nuclides.filter((each) => !this.#hidden.has(each.name));
  }

  /** Fetch lines: of the named nuclides, or of those that the encounters name. */
  async load(nuclides?: string): Promise<void> {
    this.#error.hidden = true;
    try {
      const answer = await this.source.lines(nuclides);
      const known = new Set(this.#nuclides.map((each) => each.name));
      this.#nuclides.push(...answer.nuclides.filter((each) => !known.has(each.name)));
      this.#library.textContent = text.linesFrom(answer.library);
      answer.nuclides.forEach((each) => this.#hidden.delete(each.name));
    } catch (reason) {
      this.#error.textContent = reason instanceof Refused ? reason.message : text.notReached;
      this.#error.hidden = false;
    }
    this.#show();
  }

  #show(): void {
    this.#boxes.replaceChildren(
      ...this.#nuclides.map((each, i) => {
        const box = element("input", { type: "checkbox" });
        box.checked = !this.#hidden.has(each.name);
        box.addEventListener("change", () => {
          if (box.checked) {
            this.#hidden.delete(each.name);
          } else {
            this.#hidden.add(each.name);
          }
          this.#show();
        });
        const badge = element("span", { class: "badge", "data-class": each.class }, text.classes[each.class]);
        const sample = element("span", { class: `dash dash-${i % DASHES.length}`, "aria-hidden": "true" });
        return element("label", {}, box, sample, each.name, badge);
      }),
    );
    const cell = (label: string, value: string, number = false): HTMLElement =>
      element("td", { "data-label": label, class: number ? "number" : undefined }, value);
    this.#table.replaceChildren(
      ...this.shown().flatMap((each) =>
        each.lines.map((line) =>
          element(
            "tr",
            {},
            cell(text.nuclide, each.name),
            cell(text.energyAxis, formatFixed(line.energy_keV, 2), true),
            cell(text.intensity, formatNumber(line.intensity, 4), true),
            cell(text.emitter, line.emitter),
            cell(text.kind, text.kinds[line.kind]),
            cell(text.origin, line.origin),
          ),
        ),
      ),
    );
    this.changed();
  }
}
