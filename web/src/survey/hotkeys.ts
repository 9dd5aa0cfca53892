/** L, R, B, Space, A, M, Z: one key each, listed behind `?`. */

import { announceKeys, isShortcut } from "../app/keys";
import type { Records } from "./data";
import type { Store } from "./store";
import { enlargeNext, nextEncounter } from "./summary";
import { text } from "./texts";

export function startHotkeys(records: Records, store: Store): void {
  const acts: Record<string, () => void> = {
    l: () => store.set({ log: !store.state.log }),
    r: () => store.set({ lines: !store.state.lines }),
    b: () => store.set({ background: !store.state.background }),
    a: () => nextEncounter(records, store),
    m: () => enlargeNext(store),
    z: () => store.undo(),
    " ": () => store.set({ playing: !store.state.playing }),
  };
  document.addEventListener("keydown", (event) => {
    const act = acts[event.key.toLowerCase()];
    const onControl = event.key === " " && (event.target as Element).closest?.("button, a, summary, label");
    if (act && !onControl && isShortcut(event) && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      act();
    }
  });
  announceKeys(Object.entries(text.keys).map(([key, does]) => ({ key, does })));
}

const EVERY_MS = 100;

/** Replay: the cursor walks over the records, ten a second; at the end it stops. */
export function startReplay(records: Records, store: Store): void {
  let timer = 0;
  store.watch(["playing"], ({ playing }) => {
    clearInterval(timer);
    if (!playing) {
      return;
    }
    if ((store.state.cursor ?? 0) >= records.count - 1) {
      store.set({ cursor: 0 });
    }
    timer = window.setInterval(() => {
      const next = (store.state.cursor ?? -1) + 1;
      store.set(next < records.count ? { cursor: next } : { playing: false });
    }, EVERY_MS);
  });
}
