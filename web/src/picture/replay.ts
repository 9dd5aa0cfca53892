/** The replay of past surveys on one clock: the same scene as live, at the moment that is chosen. */

import type { Row } from "../field/contract";
import type { Recent } from "../field/recent";
import type { Encounter, Survey, Waterfall } from "../survey/contract";
import { Records } from "../survey/data";
import { decode } from "../survey/waterfall";
import type { Alarm, Candidate, Device, Point } from "./contract";
import { Scene } from "./scene";

/** Shorter records are put together: ten of 0.1 s must not fall short of one second. */
const ROW_S = 0.996;
const ROWS_S = 600;
/** Surveys further apart than this begin together: nobody plays a night without records. */
const LONGEST_SPAN_S = 12 * 3600;
/** So long after its first record an encounter is told, as the agent tells it. */
const TOLD_AFTER_S = 3;

interface Step {
  time: number;
  end: number;
  place: [longitude: number, latitude: number] | null;
  row: Row;
}

export class Part {
  readonly survey: string;
  readonly title: string;
  readonly instrument: string;
  readonly address: string;
  readonly dated: boolean;
  readonly origin: number;
  readonly steps: Step[];
  readonly edges: number[] | null;
  readonly encounters: { at: number; alarm: Alarm }[];
  readonly points: Point[] = [];
  /** For each step, how many points of the track there are then. */
  readonly #pointsAt: number[] = [];
  readonly threshold: number | null;

  /** `candidates` are what is missing and may be what alarmed, by the address of the alarm. */
  constructor(id: string, address: string, known: Survey, table: Waterfall | null, candidates: Map<string, Candidate[]>) {
    const records = new Records(known);
    this.survey = id;
    this.title = known.title;
    this.instrument = known.instrument;
    this.address = address;
    this.dated = records.dated;
    this.origin = records.time[0] ?? 0;
    this.threshold = known.threshold;
    const energies = table?.axis === "energy_keV" && table.rows > 0 ? table : null;
    this.edges = energies?.edges ?? null;
    this.steps = stepsOf(records, energies);
    for (const { place, row } of this.steps) {
      if (place) {
        this.points.push([place[1], place[0], row.statistic]);
      }
      this.#pointsAt.push(this.points.length);
    }
    this.encounters = known.encounters
      .filter((each) => each.class !== "norm" || each.neutron || each.alarm !== null)
      .map((each) => ({ at: records.begin(each.first_record) + TOLD_AFTER_S, alarm: alarmOf(id, each, records, candidates.get(each.alarm ?? "") ?? []) }));
  }

  get end(): number {
    return this.steps.at(-1)?.end ?? this.origin;
  }

  /** The last step that has ended at a time of this survey; -1 before the first. */
  at(time: number): number {
    let [low, high] = [-1, this.steps.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.steps[middle] as Step).end <= time + 1e-6) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  pointsAt(step: number): number {
    return this.#pointsAt[step] ?? 0;
  }
}

function stepsOf(records: Records, table: Waterfall | null): Step[] {
  const { columns } = records.survey;
  const counts = table ? decode(table) : null;
  const steps: Step[] = [];
  let open: Step | null = null;
  for (let i = 0; i < records.count; i++) {
    const begin = records.begin(i);
    const live_s = columns.live_s?.[i] ?? 0;
    const next = records.begin(i + 1);
    // A gap between records stays a gap.
    const real_s = Math.max(0, next - begin > 1.5 * live_s && live_s > 0 ? live_s : next - begin);
    if (!open) {
      const t_s = begin - records.begin(0);
      const row: Row = { n: i, t_s, real_s: 0, live_s: 0, counts: 0, expected: null, statistic: null, neutrons: null, gap: "", bins: null };
      open = { time: begin, end: begin, place: null, row };
    }
    const { row } = open;
    row.real_s = begin + real_s - open.time;
    row.live_s += live_s;
    row.counts += columns.gross?.[i] ?? 0;
    const background = columns.background_cps?.[i];
    if (background != null) {
      row.expected = (row.expected ?? 0) + background * live_s;
    }
    const statistic = columns.statistic?.[i];
    if (statistic != null) {
      row.statistic = Math.max(row.statistic ?? -Infinity, statistic);
    }
    open.place = records.position(i) ?? open.place;
    if (table && counts) {
      addBins(row, table, counts, i, live_s);
    }
    if (row.real_s >= ROW_S || i === records.count - 1) {
      row.gap = row.live_s > 0 ? "" : "gap";
      open.end = open.time + row.real_s;
      steps.push(open);
      open = null;
    }
  }
  return steps;
}

/** A record's share, by live time, of the row of the waterfall that it lies in. */
function addBins(row: Row, table: Waterfall, counts: Uint16Array, record: number, live_s: number): void {
  const line = Math.floor(record / table.records_per_row);
  const whole_s = table.live_s[line];
  if (!whole_s) {
    return;
  }
  row.bins ??= new Array<number>(table.bins).fill(0);
  for (let bin = 0; bin < table.bins; bin++) {
    row.bins[bin] = (row.bins[bin] as number) + ((counts[line * table.bins + bin] as number) * live_s) / whole_s;
  }
}

function alarmOf(survey: string, each: Encounter, records: Records, candidates: Candidate[]): Alarm {
  return {
    id: `${survey}-${each.number}`,
    name: "",
    title: "",
    class: each.class,
    class_name: "",
    nuclides: each.nuclides.map((n) => n.name),
    neutron: each.neutron,
    grave: each.nuclear_material,
    state: "",
    state_name: "",
    raised_at: records.clock(each.first_record),
    latitude: each.position?.latitude ?? null,
    longitude: each.position?.longitude ?? null,
    radius_m_95: each.position?.radius_m_95 ?? null,
    survey,
    address: each.alarm ?? "",
    candidates,
  };
}

export class ReplayScene extends Scene {
  /** Seconds since the start of the replay. */
  time = 0;
  playing = false;
  speed = 10;
  /** Whether surveys of different times begin together. */
  readonly together: boolean;
  readonly #starts: number[];
  readonly span_s: number;
  #frame = 0;
  #last = 0;

  constructor(readonly parts: Part[]) {
    super();
    const first = Math.min(...parts.map((each) => each.origin));
    const last = Math.max(...parts.map((each) => each.end));
    this.together = parts.length > 1 && (parts.some((each) => !each.dated) || last - first > LONGEST_SPAN_S);
    this.#starts = parts.map((each) => (this.together ? 0 : each.origin - first));
    this.span_s = Math.max(...parts.map((each, i) => (this.#starts[i] as number) + each.end - each.origin));
    this.chosen = parts[0]?.survey ?? null;
    this.seek(0);
  }

  /** Time of the day of the moment that is shown, where the surveys name one. */
  get clock(): string {
    const first = this.parts[0];
    if (!first || this.together || !first.dated) {
      return "";
    }
    const origin = Math.min(...this.parts.map((each) => each.origin));
    return `${new Date((origin + this.time) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  }

  readonly recent: Recent = (() => {
    const scene = this;
    const shown = (): { part: Part; step: number; time: number } | null => {
      const i = scene.parts.findIndex((each) => each.survey === scene.chosen);
      const part = scene.parts[i];
      return part ? { part, step: part.at(scene.#timeOf(i)), time: scene.#timeOf(i) - part.origin } : null;
    };
    return {
      get rows() {
        const now = shown();
        if (!now || now.step < 0) {
          return [];
        }
        const { part, step } = now;
        const oldest = (part.steps[step] as Step).row.t_s - ROWS_S;
        let first = step;
        while (first > 0 && (part.steps[first - 1] as Step).row.t_s >= oldest) {
          first--;
        }
        return part.steps.slice(first, step + 1).map((each) => each.row);
      },
      get told() {
        const now = shown();
        if (!now || now.step < 0) {
          return null;
        }
        const last = (now.part.steps[now.step] as Step).row;
        const told = { measured_s: last.t_s + last.real_s, threshold: now.part.threshold, bin_edges_keV: now.part.edges };
        return { ...told, health: { calibrated: now.part.edges !== null } };
      },
      missing_s: 0,
    };
  })();

  #timeOf(part: number): number {
    return (this.parts[part] as Part).origin + this.time - (this.#starts[part] as number);
  }

  seek(time: number): void {
    this.time = Math.min(this.span_s, Math.max(0, time));
    this.devices = [];
    this.alarms = [];
    for (const [i, part] of this.parts.entries()) {
      const now = this.#timeOf(i);
      const step = part.at(now);
      this.devices.push(deviceOf(part, step, now));
      const points = part.points.slice(0, part.pointsAt(step));
      const before = this.tracks.get(part.survey)?.points.length ?? -1;
      if (points.length !== before) {
        this.tracks.set(part.survey, { survey: part.survey, points });
        this.tracksVersion++;
      }
      this.alarms.push(...part.encounters.filter((each) => each.at <= now).map((each) => each.alarm));
    }
    this.alarms.reverse();
    if (this.time >= this.span_s) {
      this.playing = false;
    }
    this.changed();
  }

  play(): void {
    if (this.playing) {
      return;
    }
    this.playing = true;
    if (this.time >= this.span_s) {
      this.time = 0;
    }
    this.#last = performance.now();
    this.#next();
    this.changed();
  }

  pause(): void {
    this.playing = false;
    cancelAnimationFrame(this.#frame);
    this.changed();
  }

  #next(): void {
    this.#frame = requestAnimationFrame((now) => {
      const passed_s = (now - this.#last) / 1000;
      // Ten pictures a second are fluid enough, and leave the machine time for everything else.
      if (passed_s >= 0.1) {
        this.#last = now;
        this.seek(this.time + passed_s * this.speed);
      }
      if (this.playing) {
        this.#next();
      }
    });
  }

  protected chose(): void {
    // All is here already.
  }
}

function deviceOf(part: Part, step: number, now: number): Device {
  const row = part.steps[step]?.row;
  const places = part.points[part.pointsAt(step) - 1];
  const rate = row && row.live_s > 0 ? row.counts / row.live_s : null;
  const expected = row && row.live_s > 0 && row.expected !== null ? row.expected / row.live_s : null;
  const last = part.steps[step];
  return {
    id: part.survey,
    survey: part.survey,
    name: part.title,
    instrument: part.instrument,
    state: now >= part.end ? "ended" : "live",
    age_s: last ? Math.max(0, now - last.end) : null,
    stale_after_s: Infinity,
    behind_s: null,
    records: step + 1,
    faults: 0,
    rate_cps: rate,
    expected_cps: expected,
    significance: row?.statistic ?? null,
    dose_rate_uSv_h: null,
    latitude: places?.[0] ?? null,
    longitude: places?.[1] ?? null,
    address: part.address,
  };
}
