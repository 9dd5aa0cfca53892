/** What strip chart and waterfall draw: the last minutes of one instrument. */

import type { Health, Row, Told } from "./contract";

export interface Recent {
  readonly rows: Row[];
  readonly told: (Pick<Told, "measured_s" | "threshold" | "bin_edges_keV"> & { health: Pick<Health, "calibrated"> }) | null;
  /** How far the present is beyond the end of the data; 0 while records come as they should. */
  readonly missing_s: number;
}
