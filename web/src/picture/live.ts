/** The live picture: the stream put together to the present. It knows how old what it shows is. */

import type { Row } from "../field/contract";
import type { Recent } from "../field/recent";
import type { Device, Picture, RecentRows } from "./contract";
import { Scene } from "./scene";

/** Without a message for so long nothing on the page is now. */
const STREAM_STALE_S = 5;
/** Time between two pictures of a server that has much to do. */
const SHED_S = 5;
const ROWS_S = 600;
const TICK_MS = 500;

export type StreamState = "connecting" | "live" | "stale" | "ended";

export class LiveScene extends Scene {
  at: Date | null = null;
  /** Whether the server draws the picture less often, since too much comes at once. */
  shed = false;
  /** When anything came, and when a picture came. */
  #heardAt = performance.now();
  #toldAt = performance.now();
  #heard = false;
  #ended = false;
  #source: EventSource | null = null;
  #rows: Row[] = [];
  #measured_s = 0;
  #edges: number[] | null = null;
  #known = -1;
  #reading = 0;
  #records = -1;
  #asking: AbortController | null = null;

  constructor(
    readonly address: string,
    readonly recentAddress: string,
  ) {
    super();
    this.#open();
    setInterval(() => this.#tick(), TICK_MS);
    addEventListener("pagehide", () => this.#source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.#open());
  }

  get silence_s(): number {
    return (performance.now() - this.#heardAt) / 1000;
  }

  get stream(): StreamState {
    if (this.#ended) {
      return "ended";
    }
    if (this.silence_s >= STREAM_STALE_S) {
      return "stale";
    }
    return this.#heard ? "live" : "connecting";
  }

  /** Age of a device's newest record, counted on while no message comes. */
  age_s(device: Device): number | null {
    return device.age_s === null ? null : device.age_s + (performance.now() - this.#toldAt) / 1000;
  }

  readonly recent: Recent = (() => {
    const scene = this;
    return {
      get rows() {
        return scene.#rows;
      },
      get told() {
        const told = { measured_s: scene.#measured_s, threshold: null, bin_edges_keV: scene.#edges };
        return scene.#rows.length ? { ...told, health: { calibrated: scene.#edges !== null } } : null;
      },
      get missing_s() {
        const device = scene.chosenDevice;
        const old = device !== null && (device.state === "stale" || device.state === "silent");
        return old ? (scene.age_s(device) ?? 0) : 0;
      },
    };
  })();

  #open(): void {
    this.#source?.close();
    const source = new EventSource(this.address);
    this.#source = source;
    // A new connection begins with the whole picture.
    source.addEventListener("open", () => this.tracks.clear());
    source.addEventListener("message", (event) => this.#take(JSON.parse(event.data as string) as Picture));
    source.addEventListener("alive", () => (this.#heardAt = performance.now()));
    source.addEventListener("ended", () => {
      source.close();
      this.#ended = true;
      this.#heardAt = -Infinity;
      this.#forget();
    });
  }

  /** Who may hear no more sees no more. */
  #forget(): void {
    this.devices = [];
    this.alarms = [];
    this.moreAlarms = 0;
    this.moreDevices = 0;
    this.tracks.clear();
    this.tracksVersion++;
    this.#rows = [];
    this.chosen = null;
    this.changed();
  }

  #take(told: Picture): void {
    this.#heardAt = performance.now();
    this.#toldAt = this.#heardAt;
    this.#heard = true;
    this.at = new Date(told.at);
    this.devices = told.devices;
    this.alarms = told.alarms;
    this.moreAlarms = told.more_alarms;
    this.moreDevices = told.more_devices;
    this.shed = told.shed;
    for (const { survey, first, points } of told.tracks) {
      const track = this.tracks.get(survey) ?? { survey, points: [] };
      track.points.splice(first, Infinity, ...points);
      this.tracks.set(survey, track);
      this.tracksVersion++;
    }
    const shown = new Set(told.devices.map((each) => each.survey));
    for (const survey of this.tracks.keys()) {
      if (!shown.has(survey)) {
        this.tracks.delete(survey);
        this.tracksVersion++;
      }
    }
    this.chooseUnlessChosen();
    this.#ask();
    this.changed();
  }

  /** Time passes without a message too: what was live grows old. */
  #tick(): void {
    const between_s = this.shed ? SHED_S : 0;
    for (const device of this.devices) {
      const age_s = this.age_s(device);
      if (device.state === "live" && age_s !== null && age_s > device.stale_after_s + between_s) {
        device.state = "stale";
      }
    }
    this.changed();
  }

  protected chose(): void {
    this.#asking?.abort();
    this.#asking = null;
    this.#rows = [];
    this.#edges = null;
    this.#measured_s = 0;
    this.#known = -1;
    this.#records = -1;
    this.#ask();
  }

  /** Fetch what is new of the chosen device: one request at a time, and only after new records. */
  #ask(): void {
    const device = this.chosenDevice;
    if (!device || this.#asking || device.records === this.#records) {
      return;
    }
    const asking = new AbortController();
    const { records, survey } = device;
    this.#asking = asking;
    const options = { signal: asking.signal, headers: { Accept: "application/json" } };
    fetch(`${this.recentAddress}${survey}/recent?after=${this.#known}`, options)
      .then((answer) => (answer.ok ? (answer.json() as Promise<RecentRows>) : null))
      .then((found) => {
        if (found && this.chosen === found.survey) {
          this.#records = records;
          this.#add(found);
          this.changed();
        }
      })
      .catch(() => null)
      .finally(() => {
        if (this.#asking === asking) {
          this.#asking = null;
        }
      });
  }

  #add(found: RecentRows): void {
    if (found.reading !== this.#reading || found.measured_s < this.#measured_s) {
      // The server has begun anew, or what came late was put where it belongs: so do the numbers of its rows.
      const part = this.#known >= 0;
      this.#rows = [];
      this.#reading = found.reading;
      if (part) {
        // What came is the end alone: the next asking brings the whole.
        this.#measured_s = 0;
        this.#known = -1;
        this.#records = -1;
        return;
      }
    }
    this.#measured_s = found.measured_s;
    this.#edges = found.bin_edges_keV ?? this.#edges;
    this.#rows.push(...found.rows);
    this.#known = this.#rows.at(-1)?.n ?? -1;
    const oldest = found.measured_s - ROWS_S;
    this.#rows.splice(0, Math.max(0, this.#rows.findIndex((row) => row.t_s >= oldest)));
  }
}
