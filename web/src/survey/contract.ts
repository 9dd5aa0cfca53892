/** What the server sends to a survey page: docs/guide/measurement-api.md in types. */

export type SourceClass = "snm" | "unknown" | "industrial" | "medical" | "norm";
export type Column = (number | null)[] | null;

export interface Encounter {
  number: number;
  first_record: number;
  last_record: number;
  peak_record: number;
  class: SourceClass;
  neutron: boolean;
  nuclear_material: boolean;
  statistic: number | null;
  threshold: number | null;
  dose_rate_uSv_h: number | null;
  nuclides: { name: string; class: SourceClass; confidence: number }[];
  position: { latitude: number; longitude: number; radius_m_95: number } | null;
  alarm: string | null;
}

export interface Survey {
  schema: "tocsin.survey/1";
  measurement: string;
  title: string;
  file: string;
  sha256: string;
  realm: "LIVE" | "EXERCISE" | "SYNTHETIC" | "PUBLIC";
  marking: string;
  kind: "survey" | "static" | "track";
  instrument: string;
  start: string | null;
  records: number;
  columns: {
    t_s: (number | null)[];
    live_s: Column;
    gross: Column;
    count_rate_cps?: Column;
    background_cps: Column;
    statistic: Column;
    neutron: Column;
    dose_rate_uSv_h: Column;
    latitude: Column;
    longitude: Column;
  };
  statistic_name: string | null;
  threshold: number | null;
  encounters: Encounter[];
}

export interface Waterfall {
  schema: "tocsin.waterfall/1";
  rows: number;
  bins: number;
  records_per_row: number;
  axis: "energy_keV" | "channel";
  edges: number[];
  live_s: (number | null)[];
  encoding: "uint16-le-base64";
  counts: string;
}

export interface Spectrum {
  schema: "tocsin.spectrum/1";
  first_record: number;
  last_record: number;
  live_time_s: number;
  real_time_s: number | null;
  counts: number[];
  edges_keV: number[] | null;
  background: {
    origin: "file" | "record" | "tracked";
    live_time_s: number;
    counts: number[];
    first_record: number | null;
    last_record: number | null;
  } | null;
}

export interface ReferenceLine {
  energy_keV: number;
  intensity: number;
  emitter: string;
  kind: "gamma" | "x-ray" | "annihilation";
  origin: string;
}

export interface ReferenceLines {
  schema: "tocsin.reference-lines/1";
  library: string;
  nuclides: { name: string; class: SourceClass; lines: ReferenceLine[] }[];
}
