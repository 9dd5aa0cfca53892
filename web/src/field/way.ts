/** Which way to walk: an arrow with distance and words, and no arrow where no direction is better. */

import { element } from "../dom";
import { formatNumber } from "../language";
import type { Feed } from "./feed";
import { outline } from "./panel";
import { text } from "./texts";

const ARROW = "M50 4 84 50H64v46H36V50H16z";
const CROSS = "M50 8a42 42 0 1 0 .1 0zM50 18a32 32 0 1 1-.1 0zM45 30h10v15h15v10H55v15H45V55H30V45h15z";

export class WayToWalk {
  readonly element = element("section", { class: "way" });
  readonly #path: SVGPathElement;
  readonly #distance = element("strong", { class: "way-distance" });
  readonly #words = element("span", { class: "way-words" });
  readonly #more = element("span", { class: "way-more" });

  constructor(readonly feed: Feed) {
    const { svg, path } = outline();
    this.#path = path;
    const words = element("div", { class: "way-text" }, this.#distance, this.#words, this.#more);
    this.element.append(element("h2", { class: "visually-hidden" }, text.way), svg, words);
  }

  show(): void {
    const way = this.feed.told?.way ?? null;
    // Where the person was when the stream stopped says nothing of the way from here; and who is
    // told to go back from too much radiation is not sent on.
    this.element.hidden = way === null || this.feed.stale || this.feed.told?.state === "overload";
    if (!way) {
      return;
    }
    const metres = formatNumber(way.distance_m, way.distance_m < 100 ? 2 : 3);
    const radius = formatNumber(way.radius_m, 2);
    this.element.toggleAttribute("data-inside", way.inside);
    if (way.inside) {
      this.#path.setAttribute("d", CROSS);
      this.#path.removeAttribute("transform");
      this.#distance.textContent = "";
      this.#words.textContent = text.inside(radius);
      this.#more.textContent = "";
      return;
    }
    const compass = text.compass[sector(way.bearing_deg)] as string;
    this.#path.setAttribute("d", ARROW);
    this.#path.setAttribute("transform", `rotate(${way.turn_deg ?? way.bearing_deg} 50 50)`);
    this.#distance.textContent = text.metres(metres);
    this.#words.textContent =
      way.turn_deg === null
        ? text.goNorth(compass)
        : `${text.goWalking(text.wayWords[sector(way.turn_deg)] as string)} ${text.compassToo(compass)}`;
    this.#more.textContent = text.within(radius);
  }
}

/** Which of eight directions, 0 straight ahead (or north), clockwise. */
function sector(degrees: number): number {
  return Math.round(((degrees % 360) + 360) / 45) % 8;
}
