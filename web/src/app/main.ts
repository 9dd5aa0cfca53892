import "../style/app.css";
import "./htmx";
