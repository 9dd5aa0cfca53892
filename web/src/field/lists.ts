/** Encounters so far, and whether the instrument can be believed. */

import { element } from "../dom";
import { formatFixed, formatNumber } from "../language";
import type { Encounter } from "./contract";
import type { Feed } from "./feed";
import { panel } from "./panel";
import { text } from "./texts";
import { what } from "./tile";

export class Encounters {
  readonly element: HTMLElement;
  readonly #list = element("ol", { class: "encounters" });
  readonly #empty = element("p", { class: "empty" }, text.noEncounters);
  #shown = "";

  constructor(readonly feed: Feed) {
    this.element = panel("encounters", text.encounters, [], this.#empty, this.#list);
  }

  show(): void {
    const all = this.feed.told?.encounters ?? [];
    this.#empty.hidden = all.length > 0;
    const now = JSON.stringify(all);
    if (now !== this.#shown) {
      // Opened reasons stay open while the list is renewed.
      const opened = new Set([...this.#list.querySelectorAll("details[open]")].map((each) => each.getAttribute("data-number")));
      this.#shown = now;
      this.#list.replaceChildren(...all.map((each) => entry(each, opened.has(String(each.number)))));
    }
  }
}

function entry(each: Encounter, opened: boolean): HTMLElement {
  const parts = [text.significance(formatNumber(each.statistic), formatNumber(each.threshold))];
  if (each.start) {
    parts.push(each.start.slice(11, 19));
  }
  if (each.open) {
    parts.push(text.going);
  }
  const item = element(
    "li",
    { "data-alarm": each.alarm },
    element("span", { class: "encounter-number" }, text.encounter(each.number)),
    element("strong", {}, `${(text.states[each.alarm ? "alarm" : "natural"] as [string, string])[0]} · ${what(each)}`),
    element("span", { class: "encounter-more" }, parts.join(" · ")),
  );
  if (each.reasons.length > 0) {
    const reasons = each.reasons.map((reason) => element("li", {}, reason));
    // The detector gives its reasons in English.
    item.append(element("details", { "data-number": each.number, open: opened }, element("summary", {}, text.reasons), element("ul", { lang: "en" }, ...reasons)));
  }
  return item;
}

type Line = [name: string, state: "ok" | "watchIt" | "unknown" | "off", words: string];

export class HealthList {
  readonly element: HTMLElement;
  readonly #rows = element("dl", { class: "health" });
  #shown = "";

  constructor(readonly feed: Feed) {
    this.element = panel("health", text.health, [], this.#rows);
  }

  show(): void {
    const lines = this.#lines();
    const now = JSON.stringify(lines);
    if (now === this.#shown) {
      return;
    }
    this.#shown = now;
    this.#rows.replaceChildren(
      ...lines.map(([name, state, words]) =>
        element("div", { "data-state": state }, element("dt", {}, name), element("dd", {}, element("span", { class: "health-mark" }, text[state]), words)),
      ),
    );
  }

  #lines(): Line[] {
    const { told, age_s, stale } = this.feed;
    if (!told) {
      return [];
    }
    const { health } = told;
    const names = text.healthNames;
    const lines: Line[] = [];
    if (age_s !== null) {
      lines.push([names.record, stale ? "watchIt" : "ok", text.recordAge(formatNumber(Math.floor(age_s), 6))]);
    }
    if (health.calibrated === false) {
      lines.push([names.gain, "watchIt", text.uncalibrated]);
    } else if (health.gain) {
      const { value, uncertainty, off } = health.gain;
      lines.push([names.gain, off ? "watchIt" : "ok", text.gain(formatFixed(value, 3), formatFixed(uncertainty, 3))]);
    } else {
      lines.push([names.gain, "unknown", text.gainUnknown]);
    }
    lines.push(
      health.dead_time === null
        ? [names.dead, "unknown", text.deadUnknown]
        : [names.dead, health.dead_time_high ? "watchIt" : "ok", text.dead(formatFixed(100 * health.dead_time, 1))],
    );
    const gpsState = health.gps === "good" ? "ok" : health.gps === "none" ? "unknown" : "watchIt";
    const accuracy = health.gps === "good" && health.gps_accuracy_m !== null ? ` ${text.accuracy(formatNumber(health.gps_accuracy_m, 2))}` : "";
    lines.push([names.gps, gpsState, text.gps[health.gps] + accuracy]);
    const clockState = health.clock === "none" ? "unknown" : health.clock === "good" ? "ok" : "watchIt";
    const faults = health.clock_faults > 0 ? ` · ${text.faults(formatNumber(health.clock_faults))}` : "";
    const says = health.clock_says ? ` · ${health.clock_says.slice(0, 19).replace("T", " ")}` : "";
    lines.push([names.clock, clockState, text.clock[health.clock] + says + faults]);
    lines.push(
      health.waiting_to_send === null
        ? [names.spool, "off", text.spoolNone]
        : [names.spool, "ok", text.spool(formatNumber(health.waiting_to_send, 9))],
    );
    if (health.not_kept_why !== "") {
      const why = text.notKeptWhy[health.not_kept_why](health.not_kept_error);
      lines.push([names.kept, "watchIt", text.notKept(why, formatNumber(health.in_memory, 9), formatNumber(health.lost, 9))]);
    } else if (health.lost > 0) {
      lines.push([names.kept, "watchIt", text.lost(formatNumber(health.lost, 9))]);
    }
    return lines;
  }
}
