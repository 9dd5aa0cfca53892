/** The way walked on a plain plan, north up, with a scale bar: no tile and no network is needed. */

import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, rampAt, rgb, themeColour } from "../survey/colours";
import type { Feed } from "./feed";
import { whole } from "./numbers";
import { panel, prepared, widthOf } from "./panel";
import { text } from "./texts";

const HEIGHT = 280;
const EARTH_RADIUS_M = 6_371_008.8; // mean radius, IUGG 1980 (Moritz 2000)
const LEAST_SPAN_M = 40;
/** Half of what is in view when the map follows the person. */
const FOLLOW_M = 80;
const BAR_PX = 90;

type Xy = [x: number, y: number];
interface View {
  centre: [latitude: number, longitude: number];
  metresPerPx: number;
}

export class Plan {
  readonly element: HTMLElement;
  readonly #canvas = element("canvas", { class: "drawing", role: "img", "aria-label": text.map });
  readonly #empty = element("p", { class: "empty" }, text.noPlaces);
  readonly #caption = element("p", { class: "caption" });
  readonly #follow: HTMLButtonElement;
  readonly #all: HTMLButtonElement;
  #following = false;
  #zoom = 1;
  #width = 320;

  constructor(readonly feed: Feed) {
    const button = (name: string, label: string, run: () => void): HTMLButtonElement => {
      const made = element("button", { type: "button", "aria-label": label, title: label }, name);
      made.addEventListener("click", run);
      return made;
    };
    this.#all = button(text.fit, text.fit, () => this.#set(false));
    this.#follow = button(text.follow, text.follow, () => this.#set(true));
    const tools = [button("+", text.zoomIn, () => this.zoom(2)), button("−", text.zoomOut, () => this.zoom(0.5)), this.#all, this.#follow];
    const place = element("div", { class: "plot" }, this.#canvas);
    this.element = panel("map", text.map, tools, this.#empty, place, this.#caption);
    widthOf(place, (width) => {
      this.#width = width;
      this.show();
    });
    onTheme(() => this.show());
    this.#set(false);
  }

  zoom(factor: number): void {
    this.#zoom = Math.min(32, Math.max(1 / 8, this.#zoom * factor));
    this.show();
  }

  #set(following: boolean): void {
    this.#following = following;
    this.#zoom = 1;
    this.#follow.setAttribute("aria-pressed", String(following));
    this.#all.setAttribute("aria-pressed", String(!following));
    this.show();
  }

  show(): void {
    const { told, track } = this.feed;
    const here = told?.here ?? null;
    const some = here !== null && track.length > 0;
    this.#empty.hidden = some;
    this.#canvas.hidden = !some;
    const context = some ? prepared(this.#canvas, this.#width, HEIGHT) : null;
    if (!context || !told || !here) {
      return;
    }
    const places = told.encounters.flatMap((each) => (each.place ? [{ number: each.number, alarm: each.alarm, ...each.place }] : []));
    const view = this.#view([...track.map(([a, b]): Xy => [a, b]), ...places.map((p): Xy => [p.latitude, p.longitude])], [here.latitude, here.longitude]);
    const at = (latitude: number, longitude: number): Xy => {
      const [east, north] = metres(view.centre, latitude, longitude);
      return [this.#width / 2 + east / view.metresPerPx, HEIGHT / 2 - north / view.metresPerPx];
    };
    context.fillStyle = themeColour("--map-land");
    context.fillRect(0, 0, this.#width, HEIGHT);
    this.#way(context, at);
    for (const place of places) {
      circle(context, at(place.latitude, place.longitude), place.radius_m / view.metresPerPx, place.alarm);
    }
    for (const place of places) {
      marker(context, at(place.latitude, place.longitude), here.latitude > place.latitude, String(place.number), place.alarm);
    }
    person(context, at(here.latitude, here.longitude), here.heading_deg);
    north(context, this.#width);
    bar(context, view.metresPerPx);
    this.#canvas.setAttribute("aria-label", text.mapLabel(track.length));
  }

  #view(all: Xy[], here: Xy): View {
    if (this.#following) {
      return { centre: here, metresPerPx: (2 * FOLLOW_M) / Math.min(this.#width, HEIGHT) / this.#zoom };
    }
    const first = all[0] as Xy;
    const ends = [Infinity, -Infinity, Infinity, -Infinity] as [number, number, number, number];
    for (const [latitude, longitude] of all) {
      const [east, up] = metres(first, latitude, longitude);
      ends[0] = Math.min(ends[0], east);
      ends[1] = Math.max(ends[1], east);
      ends[2] = Math.min(ends[2], up);
      ends[3] = Math.max(ends[3], up);
    }
    const [wide, tall] = [Math.max(LEAST_SPAN_M, ends[1] - ends[0]), Math.max(LEAST_SPAN_M, ends[3] - ends[2])];
    const metresPerPx = Math.max(wide / (this.#width - 70), tall / (HEIGHT - 110));
    const middle = degrees(first, (ends[0] + ends[1]) / 2, (ends[2] + ends[3]) / 2);
    // Nearer than the whole, the person stays in the middle.
    return { centre: this.#zoom > 1 ? here : middle, metresPerPx: metresPerPx / this.#zoom };
  }

  /** The track on a dark bed, coloured by the rate above the background. */
  #way(context: CanvasRenderingContext2D, at: (latitude: number, longitude: number) => Xy): void {
    const { track } = this.feed;
    const net = track.flatMap(([, , value]) => (value === null ? [] : [value])).sort((a, b) => a - b);
    const most = Math.max(1, net[Math.floor(0.99 * (net.length - 1))] ?? 1);
    const points = track.map(([latitude, longitude]) => at(latitude, longitude));
    context.lineJoin = "round";
    context.lineCap = "round";
    context.strokeStyle = themeColour("--ink");
    context.lineWidth = 7;
    context.beginPath();
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
    context.lineWidth = 5;
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1] as Xy, points[i] as Xy];
      context.strokeStyle = rgb(rampAt(Math.max(0, track[i]?.[2] ?? 0) / most));
      context.beginPath();
      context.moveTo(...a);
      context.lineTo(...b);
      context.stroke();
    }
    this.#caption.textContent = `0 – ${whole(most)} /s ${text.netScale}`;
  }
}

/** East and north of a place in metres, across 180 degrees too. */
function metres(from: Xy, latitude: number, longitude: number): Xy {
  const perDegree = (Math.PI / 180) * EARTH_RADIUS_M;
  const turn = ((longitude - from[1] + 540) % 360) - 180;
  return [turn * perDegree * Math.cos((from[0] * Math.PI) / 180), (latitude - from[0]) * perDegree];
}

function degrees(from: Xy, east: number, up: number): Xy {
  const perDegree = (Math.PI / 180) * EARTH_RADIUS_M;
  return [from[0] + up / perDegree, from[1] + east / perDegree / Math.cos((from[0] * Math.PI) / 180)];
}

/** The circle that holds the source with 95 % probability. */
function circle(context: CanvasRenderingContext2D, [x, y]: Xy, radius: number, alarm: boolean): void {
  context.strokeStyle = themeColour(alarm ? "--alarm" : "--soft");
  context.fillStyle = themeColour("--plot-encounter");
  context.lineWidth = 2;
  context.setLineDash([6, 5]);
  context.beginPath();
  context.arc(x, y, Math.max(radius, 3), 0, 2 * Math.PI);
  if (alarm) {
    context.fill();
  }
  context.stroke();
  context.setLineDash([]);
}

/** Number of the encounter on a stem: an octagon for an alarm, a square for what is natural. */
function marker(context: CanvasRenderingContext2D, [x, foot]: Xy, below: boolean, number: string, alarm: boolean): void {
  const corners = alarm ? 8 : 4;
  // Off its place and away from the person, who would hide it.
  const y = foot + (below ? 32 : -32);
  context.strokeStyle = themeColour(alarm ? "--alarm" : "--soft");
  context.lineWidth = 3;
  context.beginPath();
  context.moveTo(x, foot);
  context.lineTo(x, y);
  context.stroke();
  context.beginPath();
  for (let i = 0; i < corners; i++) {
    const angle = (2 * Math.PI * (i + 0.5)) / corners;
    const [px, py] = [x + 13 * Math.cos(angle), y + 13 * Math.sin(angle)];
    if (i) {
      context.lineTo(px, py);
    } else {
      context.moveTo(px, py);
    }
  }
  context.closePath();
  context.fillStyle = themeColour("--card");
  context.fill();
  context.lineWidth = 3;
  context.strokeStyle = themeColour(alarm ? "--alarm" : "--soft");
  context.stroke();
  context.fillStyle = themeColour("--ink");
  context.font = "bold 14px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(number, x, y + 1);
}

/** The person: a dart in the direction of walking, a disc for one who stands. */
function person(context: CanvasRenderingContext2D, [x, y]: Xy, heading_deg: number | null): void {
  context.save();
  context.translate(x, y);
  context.beginPath();
  if (heading_deg === null) {
    context.arc(0, 0, 8, 0, 2 * Math.PI);
  } else {
    context.rotate((heading_deg * Math.PI) / 180);
    context.moveTo(0, -15);
    context.lineTo(10, 11);
    context.lineTo(0, 5);
    context.lineTo(-10, 11);
    context.closePath();
  }
  context.fillStyle = themeColour("--action");
  context.strokeStyle = themeColour("--action-ink");
  context.lineWidth = 2.5;
  context.stroke();
  context.fill();
  context.restore();
}

function north(context: CanvasRenderingContext2D, width: number): void {
  context.fillStyle = themeColour("--ink");
  context.beginPath();
  context.moveTo(width - 20, 8);
  context.lineTo(width - 12, 28);
  context.lineTo(width - 20, 23);
  context.lineTo(width - 28, 28);
  context.fill();
  context.font = "bold 14px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(text.north, width - 20, 31);
}

/** A bar of a round length. */
function bar(context: CanvasRenderingContext2D, metresPerPx: number): void {
  const rough = BAR_PX * metresPerPx;
  const power = 10 ** Math.floor(Math.log10(rough));
  const length = power * ([5, 2, 1].find((each) => each * power <= rough) ?? 1);
  const px = length / metresPerPx;
  context.fillStyle = themeColour("--ink");
  context.fillRect(10, HEIGHT - 14, px, 3);
  context.fillRect(10, HEIGHT - 20, 2, 9);
  context.fillRect(10 + px - 2, HEIGHT - 20, 2, 9);
  context.font = "13px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(length >= 1000 ? `${formatNumber(length / 1000)} km` : `${formatNumber(length)} m`, 10, HEIGHT - 20);
}
