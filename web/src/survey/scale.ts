/** Legend of a colour scale: numbers and unit always there, ends movable, `auto` visibly on or off. */

import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, rampAt, rgb } from "./colours";
import type { Range } from "./store";
import { text } from "./texts";

export class ColourScale {
  readonly element: HTMLElement;
  #auto: Range = [0, 1];
  #ends: Range | null = null;
  #bar = element("canvas", { width: 128, height: 1, class: "scale-bar", "aria-hidden": "true" });
  #low = element("input", { type: "number", step: "any", class: "scale-end" });
  #high = element("input", { type: "number", step: "any", class: "scale-end" });
  #box = element("input", { type: "checkbox" });
  #unit = element("span", { class: "scale-unit" });

  constructor(name: string, readonly changed: () => void) {
    this.#low.setAttribute("aria-label", `${name}: ${text.from}`);
    this.#high.setAttribute("aria-label", `${name}: ${text.to}`);
    this.#box.checked = true;
    const auto = element("label", {}, this.#box, ` ${text.auto}`);
    this.element = element("div", { class: "scale" }, this.#low, this.#bar, this.#high, this.#unit, auto);
    const moved = (): void => {
      const [low, high] = [this.#low.valueAsNumber, this.#high.valueAsNumber];
      if (high > low) {
        this.#ends = [low, high];
        this.#box.checked = false;
        this.changed();
      }
    };
    this.#low.addEventListener("change", moved);
    this.#high.addEventListener("change", moved);
    this.#box.addEventListener("change", () => {
      this.#ends = this.#box.checked ? null : this.ends;
      this.#show();
      this.changed();
    });
    onTheme(() => this.#show());
    this.#show();
  }

  /** What `auto` means now, and the unit of the numbers. */
  setAuto(span: Range, unit: string): void {
    this.#auto = span;
    if (this.#unit.textContent !== unit) {
      this.#unit.textContent = unit;
      this.#ends = null;
      this.#box.checked = true;
    }
    this.#show();
  }

  get ends(): Range {
    return this.#ends ?? this.#auto;
  }

  #show(): void {
    const [low, high] = this.ends;
    this.#low.value = String(Number(low.toPrecision(3)));
    this.#high.value = String(Number(high.toPrecision(3)));
    this.element.title = `${formatNumber(low)} – ${formatNumber(high)}`;
    const context = this.#bar.getContext("2d");
    for (let x = 0; context && x < this.#bar.width; x++) {
      context.fillStyle = rgb(rampAt(x / (this.#bar.width - 1)));
      context.fillRect(x, 0, 1, 1);
    }
  }
}
