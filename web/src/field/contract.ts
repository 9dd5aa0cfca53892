/** What the agent tells once a second (see src/tocsin/field/screen/picture.py). */

export type State = "waiting" | "learning" | "rates only" | "quiet" | "alarm" | "natural" | "overload" | "gap";
export type SourceClass = "snm" | "unknown" | "industrial" | "medical" | "norm";

export interface Row {
  n: number;
  t_s: number;
  real_s: number;
  live_s: number;
  counts: number;
  expected: number | null;
  statistic: number | null;
  neutrons: number | null;
  gap: "" | "gap" | "overload" | "timeless";
  bins: number[] | null;
}

export interface Place {
  latitude: number;
  longitude: number;
  radius_m: number;
}

export interface Encounter {
  number: number;
  open: boolean;
  class: SourceClass;
  alarm: boolean;
  neutron: boolean;
  nuclear_material: boolean;
  statistic: number;
  threshold: number;
  start: string | null;
  dose_rate_uSv_h: number | null;
  nuclides: { name: string; class: SourceClass; confidence: number }[];
  place: Place | null;
  reasons: string[];
}

export interface Spectrum {
  edges_keV: number[];
  counts: number[];
  background: number[] | null;
  live_s: number;
}

export interface Way {
  number: number;
  distance_m: number;
  bearing_deg: number;
  turn_deg: number | null;
  radius_m: number;
  inside: boolean;
}

export interface Health {
  calibrated: boolean | null;
  gain: { value: number; uncertainty: number; off: boolean } | null;
  dead_time: number | null;
  dead_time_high: boolean;
  gps: "none" | "good" | "lost" | "not believed";
  gps_accuracy_m: number | null;
  clock: "none" | "good" | "no zone" | "backwards" | "jump" | "stands still" | "wrong";
  clock_faults: number;
  clock_says: string | null;
  waiting_to_send: number | null;
  not_kept_why: "" | "full" | "busy" | "disk" | "closed" | "other";
  not_kept_error: string;
  in_memory: number;
  lost: number;
}

export type TrackPoint = [latitude: number, longitude: number, net_cps: number | null];

export interface Told {
  state: State;
  finished: boolean;
  stale: boolean;
  age_s: number | null;
  stale_after_s: number;
  records: number;
  measured_s: number;
  learning_s: number;
  threshold: number | null;
  false_alarms_per_h: number;
  dose_rate_uSv_h: number | null;
  shown_rate_cps: number | null;
  rows: Row[];
  bin_edges_keV: number[] | null;
  encounters: Encounter[];
  long_term: Spectrum | null;
  alarm_spectrum: (Spectrum & { number: number }) | null;
  way: Way | null;
  here: { latitude: number; longitude: number; heading_deg: number | null } | null;
  track: { whole: boolean; first: number; points: TrackPoint[] };
  health: Health;
}
