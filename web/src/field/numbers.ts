/** The count rate in large figures, raw, with what the background predicts. */

import { element } from "../dom";
import { formatFixed, formatNumber } from "../language";
import type { Feed } from "./feed";
import { text } from "./texts";

export class Numbers {
  readonly element = element("section", { class: "rate" });
  readonly #value = element("output", { class: "rate-value" });
  readonly #notes = element("p", { class: "rate-notes" });

  constructor(readonly feed: Feed) {
    this.element.append(element("h2", { class: "visually-hidden" }, text.rate), this.#value, this.#notes);
  }

  show(): void {
    const { told, last, stale } = this.feed;
    this.element.toggleAttribute("data-old", stale);
    if (!told || !last) {
      this.#value.textContent = "–";
      this.#notes.textContent = "";
      return;
    }
    const notes: string[] = [];
    const rate = last.live_s > 0 && !last.gap ? last.counts / last.live_s : null;
    if (stale) {
      // An old number in large figures would be read as the present.
      this.#value.textContent = "–";
      notes.push(...(rate === null ? [] : [`${whole(rate)} ${text.perSecond} ${text.old(formatNumber(Math.floor(this.feed.age_s ?? 0), 6))}`]));
    } else if (told.state === "rates only" && told.shown_rate_cps !== null) {
      this.#value.textContent = `${whole(told.shown_rate_cps)} ${text.perSecond}`;
      notes.push(text.shownRate);
    } else if (rate === null) {
      this.#value.textContent = "–";
    } else {
      this.#value.textContent = `${whole(rate)} ${text.perSecond}`;
      notes.push(text.over(formatFixed(last.live_s, 1)));
      if (last.expected !== null) {
        const expected = last.expected / last.live_s;
        const above = rate - expected;
        notes.push(text.expected(whole(expected)), text.above(`${above >= 0 ? "+" : "−"}${whole(Math.abs(above))}`));
      }
      if (last.neutrons !== null) {
        notes.push(text.neutronRate(formatFixed(last.neutrons / last.live_s, 1)));
      }
      if (told.dose_rate_uSv_h !== null) {
        notes.push(text.dose(formatNumber(told.dose_rate_uSv_h, 2)));
      }
    }
    this.#notes.textContent = notes.join(" · ");
  }
}

/** A rate as people read it: whole, or with one place where it is small. */
export function whole(rate: number): string {
  return rate < 10 ? formatFixed(rate, 1) : formatNumber(Math.round(rate), 9);
}
