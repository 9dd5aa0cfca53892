/** The one state that all islands share, with undo. */

/** Records from first to last, inclusive. */
export type Range = [first: number, last: number];

export interface State {
  selected: Range | null;
  cursor: number | null;
  /** Seconds of the time axis that are shown; null shows all. */
  time: Range | null;
  /** Energies (or channels) that the spectrum shows; null shows all. */
  energy: Range | null;
  log: boolean;
  lines: boolean;
  background: boolean;
  channels: boolean;
  perSecond: boolean;
  /** Which of the two is large: the map, the spectrum, or neither. */
  large: "both" | "map" | "spectrum";
  playing: boolean;
}

export const START: State = {
  selected: null,
  cursor: null,
  time: null,
  energy: null,
  log: true,
  lines: true,
  background: true,
  channels: false,
  perSecond: false,
  large: "both",
  playing: false,
};

type Listener = (state: State) => void;

const MOST_STEPS = 200;

export class Store {
  #state: State = START;
  #past: State[] = [];
  #listeners: { keys: (keyof State)[]; run: Listener }[] = [];

  get state(): State {
    return this.#state;
  }

  /** Change some of the state; what a person would call a step can be undone. */
  set(change: Partial<State>, step: "step" | "passing" = "passing"): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    if (step === "step") {
      this.#past = [...this.#past.slice(1 - MOST_STEPS), before];
    }
    this.#tell(before);
  }

  /** Go back one step; where the replay stands is no step. */
  undo(): void {
    const before = this.#past.pop();
    if (before) {
      const now = this.#state;
      this.#state = { ...before, cursor: now.cursor, playing: now.playing };
      this.#tell(now);
    }
  }

  /** Call `run` now and whenever one of the keys changed. */
  watch(keys: (keyof State)[], run: Listener): void {
    this.#listeners.push({ keys, run });
    run(this.#state);
  }

  #tell(before: State): void {
    for (const { keys, run } of this.#listeners) {
      if (keys.some((key) => before[key] !== this.#state[key])) {
        run(this.#state);
      }
    }
  }
}
