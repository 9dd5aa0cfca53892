/** Ages and deadlines that stay true while the page is open. */

import { formatSpan } from "../language";
import { text } from "./texts";

const EVERY_MS = 1000;

function show(time: HTMLTimeElement, now: number): void {
  const moment = Date.parse(time.dateTime);
  if (Number.isNaN(moment)) {
    return;
  }
  const seconds = (now - moment) / 1000;
  const overdue = "countdown" in time.dataset && seconds > 0;
  time.title = time.dateTime;
  time.toggleAttribute("data-overdue", overdue);
  const said =
    "age" in time.dataset
      ? text.ago(formatSpan(Math.max(0, seconds)))
      : overdue
        ? text.overdue(formatSpan(seconds))
        : text.left(formatSpan(-seconds));
  if (time.textContent !== said) {
    time.textContent = said;
  }
}

export function startTimes(): void {
  const all = document.getElementsByTagName("time");
  const tick = (): void => {
    const now = Date.now();
    for (const time of all) {
      if ("age" in time.dataset || "countdown" in time.dataset) {
        show(time, now);
      }
    }
  };
  tick();
  setInterval(tick, EVERY_MS);
}
