/** Strip chart and waterfall of the detector that was chosen: those of the screen on the device. */

import { element } from "../dom";
import { Strip } from "../field/strip";
import { Waterfall } from "../field/waterfall";
import type { Scene } from "./scene";
import { text } from "./texts";

export function charts(scene: Scene): HTMLElement {
  const strip = new Strip(scene.recent);
  const fall = new Waterfall(scene.recent);
  const title = element("h2", { id: "charts-title" });
  const open = element("a", {}, text.open);
  const empty = element("p", { class: "empty" }, text.noRows);
  const drawn = element("div", { class: "picture-charts" }, strip.element, fall.element);
  const section = element("section", { class: "island", id: "charts", "aria-labelledby": "charts-title" }, element("header", {}, title, open), empty, drawn);
  let before = "";
  scene.watch(() => {
    const device = scene.chosenDevice;
    const { rows } = scene.recent;
    const name = device ? text.charts(device.name) : text.chartsOf;
    if (title.textContent !== name) {
      title.textContent = name;
    }
    open.hidden = device === null;
    if (device && open.getAttribute("href") !== device.address) {
      open.href = device.address;
    }
    empty.hidden = rows.length > 0;
    drawn.hidden = rows.length === 0;
    // Drawn anew when there are other rows, and while silence grows.
    const now = `${scene.chosen} ${rows.at(-1)?.n} ${rows.length} ${Math.floor(scene.recent.missing_s)}`;
    if (now !== before && rows.length > 0) {
      before = now;
      strip.show();
      fall.show();
    }
  });
  return section;
}
