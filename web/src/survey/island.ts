/** The frame of an island: heading, tools, the plot that takes the keyboard, and a line of values. */

import { element } from "../dom";
import { text } from "./texts";

export interface Island {
  section: HTMLElement;
  tools: HTMLElement;
  plot: HTMLElement;
  readout: HTMLElement;
}

/** Room for the axes at the left and the right; strip chart and waterfall share it and so line up. */
export const MARGIN = { left: 70, right: 46 };

export function island(id: string, title: string, help?: string): Island {
  const tools = element("div", { class: "tools" });
  const values = element("span");
  const plot = element("div", { class: "plot" });
  const copy = element("button", { type: "button", class: "quiet copy" }, text.copy);
  copy.addEventListener("click", () => void navigator.clipboard.writeText(values.textContent ?? ""));
  const readout = element("div", { class: "readout" }, values, copy);
  const heading = element("h2", { id: `${id}-title` }, title);
  const section = element(
    "section",
    { class: "island", id, "aria-labelledby": `${id}-title` },
    element("header", {}, heading, tools),
    plot,
    readout,
  );
  if (help) {
    plot.setAttribute("title", help);
  }
  return { section, tools, plot, readout: values };
}

/** Make the plot a slider over whole numbers, the form in which readers of the screen can use it. */
export function asSlider(plot: HTMLElement, name: string, most: number): void {
  plot.tabIndex = 0;
  plot.setAttribute("role", "slider");
  plot.setAttribute("aria-label", name);
  plot.setAttribute("aria-valuemin", "0");
  plot.setAttribute("aria-valuemax", String(Math.max(0, most)));
  plot.setAttribute("aria-valuenow", "0");
}

export function sayValue(plot: HTMLElement, now: number, said: string): void {
  plot.setAttribute("aria-valuenow", String(now));
  plot.setAttribute("aria-valuetext", said);
}

/** A button that shows whether something is on. */
export function toggle(label: string, key: string | null, press: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", "aria-pressed": "false" }, label);
  if (key) {
    button.title = key;
    button.setAttribute("aria-keyshortcuts", key);
  }
  button.addEventListener("click", press);
  return button;
}

export function plainButton(label: string, name: string, press: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", "aria-label": name, title: name }, label);
  button.addEventListener("click", press);
  return button;
}

/** Call with the width of the element, now and whenever it changes. */
export function onWidth(target: HTMLElement, run: (width: number) => void): void {
  let last = 0;
  new ResizeObserver(() => {
    const width = Math.floor(target.clientWidth);
    if (width > 0 && width !== last) {
      last = width;
      run(width);
    }
  }).observe(target);
}
