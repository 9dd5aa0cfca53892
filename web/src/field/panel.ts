/** Frame of a panel: heading, buttons, picture. */

import { element } from "../dom";

export function panel(id: string, name: string, tools: HTMLElement[], ...content: HTMLElement[]): HTMLElement {
  const heading = element("h2", { id: `${id}-name` }, name);
  const head = element("div", { class: "panel-head" }, heading, element("div", { class: "tools" }, ...tools));
  return element("section", { class: "panel", id, "aria-labelledby": `${id}-name` }, head, ...content);
}

/** A drawing of one outline within 100 by 100, from the template of the page. */
export function outline(): { svg: SVGSVGElement; path: SVGPathElement } {
  const template = document.getElementById("drawing") as HTMLTemplateElement;
  const drawing = template.content.cloneNode(true) as DocumentFragment;
  const [svg, path] = [drawing.querySelector("svg"), drawing.querySelector("path")];
  if (!svg || !path) {
    throw new Error("the page has no template for drawings");
  }
  return { svg, path };
}

export function legend(names: [kind: string, name: string][]): HTMLElement {
  const items = names.map(([kind, name]) =>
    element("li", {}, element("span", { class: `sample sample-${kind}`, "aria-hidden": "true" }), name),
  );
  return element("ul", { class: "legend" }, ...items);
}

/** Tell the width of an element now and whenever it changes. */
export function widthOf(watched: HTMLElement, run: (width: number) => void): void {
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width > 0) {
      run(width);
    }
  }).observe(watched);
}

/** A canvas as large as its place, sharp on every screen; null where the browser has no canvas. */
export function prepared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context?.scale(ratio, ratio);
  return context;
}
