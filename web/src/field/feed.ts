/** The stream from the agent, put together to the present; it knows how old what it shows is. */

import type { Row, Told, TrackPoint } from "./contract";

/** Rows are kept as long as the agent keeps them. */
const KEPT_S = 600;
/** Without an event for so long the agent itself is silent: it sends one every second. */
const AGENT_SILENT_S = 4;

export class Feed {
  told: Told | null = null;
  rows: Row[] = [];
  track: TrackPoint[] = [];
  #heardAt = performance.now();
  #fresh = true;
  readonly #watchers: (() => void)[] = [];

  constructor(address: string) {
    const source = new EventSource(address);
    // A new connection begins with the whole picture: it may be another run of the agent.
    source.addEventListener("open", () => (this.#fresh = true));
    source.addEventListener("message", (event) => this.#take(JSON.parse(event.data as string) as Told));
    addEventListener("pagehide", () => source.close());
  }

  watch(run: () => void): void {
    this.#watchers.push(run);
  }

  /** Seconds since the instrument's last record reached the agent; null before the first. */
  get age_s(): number | null {
    const age = this.told?.age_s;
    return age == null ? null : age + this.#silence_s;
  }

  get agentSilent(): boolean {
    return this.#silence_s >= AGENT_SILENT_S;
  }

  get stale(): boolean {
    const { told, age_s } = this;
    const tooOld = age_s !== null && told !== null && age_s >= told.stale_after_s;
    return told !== null && !told.finished && (told.stale || this.agentSilent || tooOld);
  }

  /** How far the present is beyond the end of the data; 0 while records come as they should. */
  get missing_s(): number {
    return this.stale ? (this.age_s ?? 0) : 0;
  }

  get last(): Row | undefined {
    return this.rows.at(-1);
  }

  get #silence_s(): number {
    return (performance.now() - this.#heardAt) / 1000;
  }

  #take(told: Told): void {
    this.#heardAt = performance.now();
    if (this.#fresh) {
      this.rows = [];
      this.track = [];
      this.#fresh = false;
    }
    const first = this.rows[0]?.n ?? told.rows[0]?.n ?? 0;
    for (const row of told.rows) {
      // What has left the last minutes here may still have changed there.
      if (row.n >= first) {
        this.rows[row.n - first] = row;
      }
    }
    const oldest = told.measured_s - KEPT_S;
    const kept = this.rows.findIndex((row) => row.t_s >= oldest);
    this.rows.splice(0, Math.max(0, kept));
    this.track.splice(told.track.whole ? 0 : told.track.first, Infinity, ...told.track.points);
    this.told = told;
    this.#watchers.forEach((run) => run());
  }
}
