/** What the server sends to the live picture (see src/tocsin/server/picture/api.py). */

import type { Row, SourceClass } from "../field/contract";

export type DeviceState = "live" | "stale" | "silent" | "ended";
export type Point = [latitude: number, longitude: number, significance: number | null];

export interface Device {
  id: string;
  survey: string;
  name: string;
  instrument: string;
  state: DeviceState;
  age_s: number | null;
  stale_after_s: number;
  behind_s: number | null;
  records: number;
  faults: number;
  rate_cps: number | null;
  expected_cps: number | null;
  significance: number | null;
  dose_rate_uSv_h: number | null;
  latitude: number | null;
  longitude: number | null;
  address: string;
}

export interface Candidate {
  name: string;
  title: string;
  probability: number;
  address: string;
}

export interface Alarm {
  id: string;
  name: string;
  title: string;
  class: SourceClass | "";
  class_name: string;
  nuclides: string[];
  neutron: boolean;
  grave: boolean;
  state: string;
  state_name: string;
  raised_at: string;
  latitude: number | null;
  longitude: number | null;
  radius_m_95: number | null;
  survey: string | null;
  address: string;
  candidates: Candidate[];
}

export interface Picture {
  schema: "tocsin.picture/1";
  at: string;
  devices: Device[];
  tracks: { survey: string; first: number; points: Point[] }[];
  alarms: Alarm[];
  more_alarms: number;
  more_devices: number;
  shed: boolean;
}

export interface RecentRows {
  schema: "tocsin.picture-recent/1";
  survey: string;
  /** When it differs, the rows are numbered anew. */
  reading: number;
  measured_s: number;
  bin_edges_keV: number[] | null;
  rows: Row[];
}
