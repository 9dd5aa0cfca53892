/** Streams that say whether they are alive: what stopped is marked STALE and never looks quiet. */

import { element, forEach } from "../dom";
import { formatSpan } from "../language";
import { text } from "./texts";

const DEFAULT_S = 5;

function watch(stream: HTMLElement): void {
  const limit_s = Number(stream.dataset["staleAfter"]) || DEFAULT_S;
  const state = element("p", { class: "stream-state", role: "status" }, text.waiting);
  stream.before(state);
  let last = performance.now();
  let heard = false;
  stream.addEventListener("htmx:sse:after:message", () => {
    last = performance.now();
    heard = true;
    tick();
  });
  const tick = (): void => {
    const quiet_s = (performance.now() - last) / 1000;
    const stale = quiet_s >= limit_s;
    if (!stale && !heard) {
      return;
    }
    stream.dataset["stream"] = stale ? "stale" : "live";
    if (stale) {
      state.dataset["tone"] = "alarm";
    } else {
      delete state.dataset["tone"];
    }
    const said = stale ? text.stale(formatSpan(quiet_s)) : text.live;
    if (state.textContent !== said) {
      state.textContent = said;
    }
  };
  const timer = setInterval(() => {
    if (stream.isConnected) {
      tick();
    } else {
      state.remove();
      clearInterval(timer);
    }
  }, 500);
}

export function startStreams(): void {
  forEach<HTMLElement>("[data-stale-after]", watch);
}
