/** Sound and vibration: one pattern for each class, off until the person has tried them. */

import type { Encounter } from "./contract";
import type { Feed } from "./feed";
import { presentState } from "./tile";

/** Tones in hertz and milliseconds; a tone of 0 Hz is silence. Vibration follows the same lengths. */
type Tone = [hertz: number, ms: number];

export const PATTERNS: Record<string, Tone[]> = {
  snm: [[880, 160], [0, 60], [1320, 160], [0, 60], [1760, 320]],
  neutron: [[1400, 70], [1000, 70], [1400, 70], [1000, 70], [1400, 70], [1000, 70]],
  industrial: [[740, 450], [0, 150], [740, 450]],
  medical: [[660, 120], [0, 100], [660, 450]],
  unknown: [[990, 180], [0, 120], [990, 180]],
  norm: [[440, 200]],
  stale: [[500, 250], [350, 250], [250, 350]],
  overload: Array.from({ length: 12 }, (_, i): Tone => [i % 2 ? 0 : 1500, 70]),
};
const ALARM_EVERY_MS = 4000;
const STALE_EVERY_MS = 10_000;

export class Signals {
  on = false;
  #context: AudioContext | null = null;
  #lastKey = "";
  #lastAt = -Infinity;
  #seen = "";

  constructor(readonly feed: Feed) {}

  /** Called by a press of the person: browsers give sound to no page that was not touched. */
  async switchOn(): Promise<void> {
    this.#context ??= new AudioContext();
    await this.#context.resume();
    this.on = true;
    this.play("unknown");
  }

  switchOff(): void {
    this.on = false;
    navigator.vibrate?.(0);
  }

  /** The person has seen what sounds now: it is silent until something new. */
  seen(): void {
    this.#seen = this.#key()[0];
  }

  get isSeen(): boolean {
    return this.#seen === this.#key()[0];
  }

  get canBeSeen(): boolean {
    return this.#key()[0] !== "";
  }

  /** Sound what is due now; called several times a second. */
  tick(): void {
    const [key, pattern, every] = this.#key();
    if (key === "") {
      this.#seen = "";
      this.#lastKey = "";
      return;
    }
    const due = key !== this.#lastKey || (every > 0 && performance.now() - this.#lastAt >= every);
    if (this.on && due && key !== this.#seen) {
      this.#lastAt = performance.now();
      this.play(pattern);
    }
    this.#lastKey = key;
  }

  play(name: string): void {
    const tones = PATTERNS[name] ?? [];
    navigator.vibrate?.(vibration(tones));
    const context = this.#context;
    if (!context) {
      return;
    }
    let at = context.currentTime + 0.02;
    for (const [hertz, ms] of tones) {
      if (hertz > 0) {
        const oscillator = context.createOscillator();
        const volume = context.createGain();
        oscillator.type = "square";
        oscillator.frequency.value = hertz;
        // Short ramps: a tone that is cut clicks like a count.
        volume.gain.setValueAtTime(0, at);
        volume.gain.linearRampToValueAtTime(0.4, at + 0.01);
        volume.gain.setValueAtTime(0.4, at + ms / 1000 - 0.01);
        volume.gain.linearRampToValueAtTime(0, at + ms / 1000);
        oscillator.connect(volume).connect(context.destination);
        oscillator.start(at);
        oscillator.stop(at + ms / 1000);
      }
      at += ms / 1000;
    }
  }

  /** What calls for a signal now, which pattern, and how often it is repeated (0: once). */
  #key(): [key: string, pattern: string, every_ms: number] {
    const state = presentState(this.feed);
    const open = this.feed.told?.encounters.find((each) => each.open);
    if (state === "stale") {
      return ["stale", "stale", STALE_EVERY_MS];
    }
    if (state === "overload") {
      return ["overload", "overload", ALARM_EVERY_MS];
    }
    if (state === "alarm" && open) {
      const pattern = patternOf(open);
      return [`${open.number} ${pattern}`, pattern, ALARM_EVERY_MS];
    }
    return state === "natural" && open ? [`${open.number} norm`, "norm", 0] : ["", "", 0];
  }
}

function patternOf(encounter: Encounter): string {
  return encounter.neutron && encounter.class !== "snm" ? "neutron" : encounter.class;
}

/** Lengths of shaking and rest in turn: neighbouring tones shake as one. */
export function vibration(tones: Tone[]): number[] {
  const lengths: number[] = [];
  let shaking = false;
  for (const [hertz, ms] of tones) {
    if (lengths.length > 0 && hertz > 0 === shaking) {
      lengths[lengths.length - 1] = (lengths.at(-1) as number) + ms;
    } else {
      lengths.push(ms);
      shaking = hertz > 0;
    }
  }
  return lengths;
}
