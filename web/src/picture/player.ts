/** Play, pause, speed and place of a replay. */

import { announceKeys, isShortcut } from "../app/keys";
import { element } from "../dom";
import { formatNumber } from "../language";
import type { ReplayScene } from "./replay";
import { text } from "./texts";

const LEAST_SPEED = 0.1;
const MOST_SPEED = 10_000;

export function player(scene: ReplayScene): HTMLElement {
  const play = element("button", { type: "button", class: "primary", "aria-keyshortcuts": "Space", title: "Space" }, text.play);
  const start = element("button", { type: "button" }, text.toStart);
  const speed = element("input", { id: "speed", type: "number", min: LEAST_SPEED, max: MOST_SPEED, step: "any", value: scene.speed });
  const step = Math.max(0.1, Math.round(scene.span_s / 1000));
  const moment = element("input", { id: "moment", type: "range", min: 0, max: Math.ceil(scene.span_s), step, value: 0 });
  const clock = element("output", { for: "moment", class: "clock" });

  const toggle = (): void => (scene.playing ? scene.pause() : scene.play());
  const setSpeed = (value: number): void => {
    if (value > 0) {
      scene.speed = Math.min(MOST_SPEED, Math.max(LEAST_SPEED, value));
    }
  };
  const scale = (factor: number): void => {
    setSpeed(scene.speed * factor);
    speed.value = String(Number(scene.speed.toPrecision(4)));
  };
  play.addEventListener("click", toggle);
  start.addEventListener("click", () => scene.seek(0));
  speed.addEventListener("input", () => setSpeed(speed.valueAsNumber));
  speed.addEventListener("change", () => scale(1));
  moment.addEventListener("input", () => scene.seek(moment.valueAsNumber));
  document.addEventListener("keydown", (event) => {
    const acts: Record<string, () => void> = { " ": toggle, "+": () => scale(2), "-": () => scale(0.5) };
    const act = acts[event.key];
    const onControl = event.key === " " && (event.target as Element).closest?.("button, a, summary, label, input");
    if (act && !onControl && isShortcut(event) && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      act();
    }
  });
  announceKeys(Object.entries(text.keys).map(([key, does]) => ({ key, does })));
  scene.watch(() => {
    const name = scene.playing ? text.pause : text.play;
    if (play.textContent !== name) {
      play.textContent = name;
    }
    moment.value = String(scene.time);
    const said = [scene.clock, text.ofSpan(scene.time.toFixed(0), formatNumber(Math.ceil(scene.span_s), 6))].filter((each) => each).join(" · ");
    clock.textContent = said;
    moment.setAttribute("aria-valuetext", said);
  });
  return element(
    "section",
    { class: "island player", id: "player" },
    element("div", { class: "actions" }, play, start, element("label", { for: "speed" }, text.speed), speed, text.times, clock),
    element("label", { class: "visually-hidden", for: "moment" }, text.moment),
    moment,
    ...(scene.together ? [element("p", { class: "hint" }, text.togetherNote)] : []),
  );
}
