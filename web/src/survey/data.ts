/** What is fetched, and what every island derives from it in the same way. */

import type { Column, Encounter, ReferenceLines, Spectrum, Survey, Waterfall } from "./contract";
import type { Range } from "./store";

export interface Addresses {
  survey: string;
  waterfall: string;
  spectrum: string;
  lines: string;
  world: string;
  tiles: string;
}

export class Refused extends Error {}

async function json<T>(address: string, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: signal ?? null });
  const body = (await answer.json()) as T & { error?: { message?: string } };
  if (!answer.ok) {
    throw new Refused(body.error?.message ?? String(answer.status));
  }
  return body;
}

/** An address with further parameters; it may carry some already. */
function asking(address: string, parameters: Record<string, string>): string {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(parameters)) {
    url.searchParams.set(name, value);
  }
  return url.href;
}

export class Source {
  #pending: AbortController | null = null;

  constructor(readonly addresses: Addresses) {}

  survey(): Promise<Survey> {
    return json(this.addresses.survey);
  }

  waterfall(): Promise<Waterfall> {
    return json(this.addresses.waterfall);
  }

  world(): Promise<GeoJSON.FeatureCollection> {
    return json(this.addresses.world);
  }

  lines(nuclides?: string): Promise<ReferenceLines> {
    return json(asking(this.addresses.lines, nuclides ? { nuclides } : {}));
  }

  /** Only the newest request counts: an older one that is still under way is given up. */
  spectrum(range: Range | null): Promise<Spectrum> {
    this.#pending?.abort();
    this.#pending = new AbortController();
    const asked = range ? { first: String(range[0]), last: String(range[1]) } : {};
    return json(asking(this.addresses.spectrum, asked), this.#pending.signal);
  }
}

/** A survey with its time axis and rates. */
export class Records {
  /** Place on the time axis: seconds since 1970 where the file names a start, else since record 0. */
  readonly time: number[];
  readonly dated: boolean;
  readonly rate: (number | null)[];
  readonly neutronRate: (number | null)[] | null;

  constructor(readonly survey: Survey) {
    const { columns, start } = survey;
    const zoned = start !== null && !/(Z|[+-]\d\d:?\d\d)$/.test(start) ? `${start}Z` : start;
    const origin = zoned === null ? Number.NaN : Date.parse(zoned) / 1000;
    this.dated = !Number.isNaN(origin);
    const zero = this.dated ? origin : 0;
    let last = 0;
    this.time = columns.t_s.map((t, i) => zero + (last = t ?? last + (i > 0 ? 1 : 0)));
    this.rate = perSecond(columns.gross, columns.live_s, survey.records) ?? columns.count_rate_cps ?? new Array(survey.records).fill(null);
    this.neutronRate = perSecond(columns.neutron, columns.live_s, survey.records);
  }

  get count(): number {
    return this.survey.records;
  }

  /** The record that is running at a place of the time axis. */
  at(time: number): number {
    let low = 0;
    let high = this.time.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.time[middle] as number) <= time) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Where a record begins on the time axis; the one after the last begins where the last ends. */
  begin(record: number): number {
    const n = this.count;
    if (record < n) {
      return this.time[Math.max(0, record)] ?? 0;
    }
    const last = this.time[n - 1] ?? 0;
    return last + (this.survey.columns.live_s?.[n - 1] ?? 1);
  }

  whole(): Range {
    return [this.begin(0), this.begin(this.count)];
  }

  clock(record: number): string {
    const at = this.time[record] ?? 0;
    return this.dated ? new Date(at * 1000).toISOString().slice(11, 19) : `${at.toFixed(1)} s`;
  }

  position(record: number): [longitude: number, latitude: number] | null {
    const latitude = this.survey.columns.latitude?.[record];
    const longitude = this.survey.columns.longitude?.[record];
    return latitude == null || longitude == null ? null : [longitude, latitude];
  }
}

function perSecond(counts: Column, live_s: Column, n: number): (number | null)[] | null {
  if (!counts) {
    return null;
  }
  return Array.from({ length: n }, (_, i) => {
    const c = counts[i];
    const t = live_s?.[i];
    return c == null || !t ? null : c / t;
  });
}

/** Low and high end that leave out the outermost half per cent, so that one spike does not flatten all. */
export function usualSpan(values: Iterable<number | null>): Range {
  const known = [...values].filter((v): v is number => v != null).sort((a, b) => a - b);
  if (known.length === 0) {
    return [0, 1];
  }
  const pick = (part: number): number => known[Math.round(part * (known.length - 1))] as number;
  const [low, high] = [pick(0.005), pick(0.995)];
  return high > low ? [low, high] : [low, low + 1];
}

export function nuclideNames(encounter: Encounter): string {
  return encounter.nuclides.map((each) => each.name).join(", ");
}
