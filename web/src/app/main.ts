/** What every page carries. */

import "../style/app.css";
import "./htmx";
import { startForms } from "./forms";
import { startKeys } from "./keys";
import { startMenu } from "./menu";
import { startScans } from "./scan";
import { startStreams } from "./streams";
import { startTheme } from "./theme";
import { startTimes } from "./times";
import { startUploads } from "./upload";

startTheme();
startMenu();
startKeys();
startForms();
startUploads();
startScans();
startTimes();
startStreams();
