/** The large tile: what is going on, in colour, shape and words, and never older than it says. */

import { element } from "../dom";
import { formatNumber } from "../language";
import type { Encounter } from "./contract";
import type { Feed } from "./feed";
import { outline } from "./panel";
import { text } from "./texts";

/** One outline for each state, so that it is told without colour. */
const SHAPES: Record<string, string> = {
  alarm: "M30 5h40l25 25v40L70 95H30L5 70V30zM45 22v34h10V22zM45 66v12h10V66z",
  natural: "M50 5 95 50 50 95 5 50zM45 30v40h10V30z",
  overload: "M50 5 97 92H3zM45 36v28h10V36zM45 72v12h10V72z",
  quiet: "M50 5a45 45 0 1 0 .1 0zM50 15a35 35 0 1 1-.1 0zM30 50l14 15 27-30-7-6-20 22-7-8z",
  learning: "M20 5h60v12L58 50l22 33v12H20V83l22-33L20 17zM32 17l18 26 18-26zM50 57 32 83h36z",
  stale: "M5 5h90v90H5zM15 15v70h70V15zM30 23l20 20 20-20 7 7-20 20 20 20-7 7-20-20-20 20-7-7 20-20-20-20z",
  ended: "M10 10h80v80H10z",
};
const SHAPE_OF: Record<string, string> = { waiting: "learning", "rates only": "ended", gap: "stale" };
const TONE_OF: Record<string, string> = {
  alarm: "alarm", overload: "alarm", quiet: "calm", natural: "info", stale: "stale", gap: "stale",
};

function shape(name: string): SVGSVGElement {
  const { svg, path } = outline();
  path.setAttribute("d", SHAPES[name] ?? (SHAPES["ended"] as string));
  return svg;
}

/** Nuclides and class of an encounter; how sure, where something is named. */
export function what(encounter: Encounter): string {
  const named = encounter.nuclides
    .slice(0, 3)
    .map((each) => `${each.name} (${text.sure(formatNumber(100 * each.confidence, 2))})`)
    .join(", ");
  const unnamed = encounter.open ? text.notYetIdentified : text.notIdentified;
  const parts = [named || unnamed];
  if (encounter.class !== "unknown") {
    parts.push(text.classes[encounter.class]);
  }
  if (encounter.neutron) {
    parts.push(text.neutrons);
  }
  return parts.join(" · ");
}

/** What the tile shows: the state of the agent, or that it is over or too old to be believed. */
export function presentState(feed: Feed): string {
  const { told } = feed;
  if (!told) {
    return "waiting";
  }
  return feed.stale ? "stale" : told.finished ? "ended" : told.state;
}

export class Tile {
  readonly element = element("section", { class: "tile", "aria-label": text.name });
  readonly #word = element("strong", { class: "tile-word" });
  readonly #what = element("span", { class: "tile-what" });
  readonly #more = element("span", { class: "tile-more" });
  readonly #icon = element("span", { class: "tile-icon" });
  // Read out when the state or what is named changes, not with every number.
  readonly #said = element("p", { class: "visually-hidden", role: "alert" });
  #shown = "";

  constructor(readonly feed: Feed) {
    this.element.append(this.#icon, element("div", { class: "tile-words" }, this.#word, this.#what, this.#more), this.#said);
  }

  show(): void {
    const { told } = this.feed;
    const state = presentState(this.feed);
    const [word, sentence] = text.states[state] as [string, string];
    if (this.#shown !== state) {
      this.#icon.replaceChildren(shape(SHAPE_OF[state] ?? state));
    }
    this.element.dataset["state"] = state;
    this.element.dataset["tone"] = TONE_OF[state] ?? "plain";
    this.#shown = state;
    const open = told?.encounters.find((each) => each.open);
    let first = sentence;
    let more = "";
    if (!told) {
      first = text.connecting;
    } else if (state === "stale") {
      first = this.feed.agentSilent ? `${text.agentSilent} ` : "";
      first += this.feed.age_s === null ? "" : text.lastRecord(formatNumber(Math.floor(this.feed.age_s), 6));
      more = open ? text.alarmBefore(what(open)) : "";
    } else if ((state === "alarm" || state === "natural") && open) {
      first = what(open);
      more = state === "natural" ? sentence : text.significance(formatNumber(open.statistic), formatNumber(open.threshold));
    } else if (state === "learning") {
      more = text.learningLeft(formatNumber(Math.max(0, Math.ceil(told.learning_s - told.measured_s)), 6));
    } else if (state === "quiet" && told.threshold !== null) {
      more = text.significance(formatNumber(this.feed.last?.statistic ?? 0, 2), formatNumber(told.threshold, 2));
    }
    this.#word.textContent = word;
    this.#what.textContent = first;
    this.#more.textContent = more;
    const said = state === "alarm" ? `${word}: ${first}` : state === "stale" ? word : `${word}. ${sentence}`;
    if (this.#said.textContent !== said) {
      this.#said.textContent = said;
    }
  }
}
