/** The drawings: 16 px, 1.5 px stroke. The sprite is mounted once by the shell; everything else refers to it. */

/** Names of the line icons. */
export type IconName =
  | "now"
  | "assets"
  | "graph"
  | "runs"
  | "auto"
  | "checks"
  | "system"
  | "search"
  | "bell"
  | "down"
  | "right"
  | "filter"
  | "calendar"
  | "clock"
  | "play"
  | "retry"
  | "pause"
  | "stop"
  | "copy"
  | "link"
  | "open"
  | "columns"
  | "close"
  | "plus"
  | "user"
  | "key"
  | "agent"
  | "code"
  | "queue"
  | "more"
  | "star"
  | "download"
  | "moon"
  | "sun"
  | "left"
  | "up"
  | "panel"
  | "keyboard";

/** A line icon. It is decoration: the control around it carries the name. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="i" aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

/** The product mark. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={className}>
      <g fill="none" stroke="currentColor" strokeLinecap="round">
        <path d="M1.5 14h13M4.5 11h7" strokeWidth="2" />
        <path d="M5.5 7 13 1.75" strokeWidth="1.5" />
      </g>
      <circle cx="5" cy="7.25" r="1.75" fill="currentColor" />
    </svg>
  );
}

/** All symbols, hidden. */
export function Sprite() {
  return (
    <svg width="0" height="0" className="sprite" aria-hidden="true">
      <symbol id="i-now" viewBox="0 0 16 16"><path d="M2 8h2.5l2-4.5 3 9 2-4.5H14"/></symbol>
      <symbol id="i-assets" viewBox="0 0 16 16"><path d="M8 2 14 5 8 8 2 5zM2 8l6 3 6-3M2 11l6 3 6-3"/></symbol>
      <symbol id="i-graph" viewBox="0 0 16 16"><rect x="2" y="6" width="4" height="4" rx="1"/><rect x="10" y="2" width="4" height="4" rx="1"/><rect x="10" y="10" width="4" height="4" rx="1"/><path d="M6 8c3 0 1-4 4-4M6 8c3 0 1 4 4 4"/></symbol>
      <symbol id="i-runs" viewBox="0 0 16 16"><path d="M2 4h7M2 8h11M2 12h5"/><path d="M12 2.5v3M10 10.5v3"/></symbol>
      <symbol id="i-auto" viewBox="0 0 16 16"><path d="M5.5 2h5L13 14H3zM3.8 10h8.4M8 10l4-6.5"/></symbol>
      <symbol id="i-checks" viewBox="0 0 16 16"><path d="m2 4.5 1.25 1.25L5.5 3.5M2 11.5l1.25 1.25L5.5 10.5M8.5 4.75H14M8.5 11.75H14"/></symbol>
      <symbol id="i-system" viewBox="0 0 16 16"><path d="M2 5h6M12 5h2M2 11h2M8 11h6"/><circle cx="10" cy="5" r="2"/><circle cx="6" cy="11" r="2"/></symbol>
      <symbol id="i-search" viewBox="0 0 16 16"><circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/></symbol>
      <symbol id="i-bell" viewBox="0 0 16 16"><path d="M3 11.5h10c-1-1-1.25-2-1.25-4.5a3.75 3.75 0 0 0-7.5 0C4.25 9.5 4 10.5 3 11.5zM6.75 14h2.5"/></symbol>
      <symbol id="i-down" viewBox="0 0 16 16"><path d="m4.5 6.5 3.5 3.5 3.5-3.5"/></symbol>
      <symbol id="i-right" viewBox="0 0 16 16"><path d="m6.5 4.5 3.5 3.5-3.5 3.5"/></symbol>
      <symbol id="i-filter" viewBox="0 0 16 16"><path d="M2 4h12M4.5 8h7M6.5 12h3"/></symbol>
      <symbol id="i-calendar" viewBox="0 0 16 16"><rect x="2" y="3" width="12" height="11" rx="1.5"/><path d="M2 6.5h12M5 1.5V4M11 1.5V4"/></symbol>
      <symbol id="i-clock" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/></symbol>
      <symbol id="i-play" viewBox="0 0 16 16"><path d="M5 3v10l8-5z"/></symbol>
      <symbol id="i-retry" viewBox="0 0 16 16"><path d="M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5"/></symbol>
      <symbol id="i-pause" viewBox="0 0 16 16"><path d="M5.5 3.5v9M10.5 3.5v9"/></symbol>
      <symbol id="i-stop" viewBox="0 0 16 16"><rect x="3.5" y="3.5" width="9" height="9" rx="1"/></symbol>
      <symbol id="i-copy" viewBox="0 0 16 16"><rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5"/></symbol>
      <symbol id="i-link" viewBox="0 0 16 16"><path d="M7 9a2.75 2.75 0 0 0 4 0l2-2a2.8 2.8 0 0 0-4-4l-.75.75M9 7a2.75 2.75 0 0 0-4 0L3 9a2.8 2.8 0 0 0 4 4l.75-.75"/></symbol>
      <symbol id="i-open" viewBox="0 0 16 16"><path d="M6 3.5H3.5v9h9V10M9 2.5h4.5V7M13 3 7.5 8.5"/></symbol>
      <symbol id="i-columns" viewBox="0 0 16 16"><rect x="2" y="3" width="12" height="10" rx="1.5"/><path d="M6 3v10M10 3v10"/></symbol>
      <symbol id="i-close" viewBox="0 0 16 16"><path d="m4 4 8 8M12 4l-8 8"/></symbol>
      <symbol id="i-plus" viewBox="0 0 16 16"><path d="M8 3v10M3 8h10"/></symbol>
      <symbol id="i-user" viewBox="0 0 16 16"><circle cx="8" cy="5.5" r="3"/><path d="M2.5 14c.5-3 2.5-4.5 5.5-4.5s5 1.5 5.5 4.5"/></symbol>
      <symbol id="i-key" viewBox="0 0 16 16"><circle cx="5" cy="11" r="3"/><path d="m7.25 8.75 6.25-6.25M11 5l2 2"/></symbol>
      <symbol id="i-agent" viewBox="0 0 16 16"><rect x="2" y="3" width="12" height="4" rx="1"/><rect x="2" y="9" width="12" height="4" rx="1"/><path d="M4.5 5h.01M4.5 11h.01"/></symbol>
      <symbol id="i-code" viewBox="0 0 16 16"><path d="M5 4.5 1.5 8 5 11.5M11 4.5 14.5 8 11 11.5"/></symbol>
      <symbol id="i-queue" viewBox="0 0 16 16"><path d="M2 4h12M2 8h12M2 12h6M11 12h3"/></symbol>
      <symbol id="i-more" viewBox="0 0 16 16"><path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2"/></symbol>
      <symbol id="i-star" viewBox="0 0 16 16"><path d="m8 2 1.85 3.9 4.15.55-3.05 2.95.75 4.2L8 11.55 4.3 13.6l.75-4.2L2 6.45l4.15-.55z"/></symbol>
      <symbol id="i-download" viewBox="0 0 16 16"><path d="M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11"/></symbol>
      <symbol id="i-moon" viewBox="0 0 16 16"><path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z"/></symbol>
      <symbol id="g-ok" viewBox="0 0 16 16"><circle className="ground" cx="8" cy="8" r="6.5"/><path d="m5 8.250 2 2 4-4.250" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round"/></symbol>
      <symbol id="g-failed" viewBox="0 0 16 16"><rect x="3.100" y="3.100" width="9.8" height="9.8" rx="1.5" transform="rotate(45 8 8)" fill="currentColor"/><path className="mark" d="m6 6 4 4m0-4-4 4" strokeWidth="1.5" strokeLinecap="round"/></symbol>
      <symbol id="g-running" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.75" fill="none" stroke="currentColor" strokeWidth="1.5"/><path d="M8 4.500a3.500 3.500 0 0 1 0 7z" fill="currentColor"/></symbol>
      <symbol id="g-queued" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" strokeWidth="1.5"/></symbol>
      <symbol id="g-cancelled" viewBox="0 0 16 16"><g fill="none" stroke="currentColor" strokeWidth="1.5"><circle cx="8" cy="8" r="5.25"/><path d="m4.500 11.500 7-7"/></g></symbol>
      <symbol id="g-skipped" viewBox="0 0 16 16"><path d="M4 8h8" stroke="currentColor" strokeWidth="2" strokeLinecap="round"/></symbol>
      <symbol id="g-late" viewBox="0 0 16 16"><path d="M8 2.500 14 13H2z" fill="currentColor" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round"/><path className="mark" d="M8 6.500v3M8 11.500v.01" strokeWidth="1.5" strokeLinecap="round"/></symbol>
      <symbol id="g-stale" viewBox="0 0 16 16"><path d="m8 2 6 6-6 6-6-6z" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round"/></symbol>
      <symbol id="g-unknown" viewBox="0 0 16 16"><path d="M5.500 6A2.500 2.500 0 1 1 8 8.500v1M8 12.500v.01" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round"/></symbol>
      <symbol id="i-sun" viewBox="0 0 16 16"><circle cx="8" cy="8" r="3" /><path d="M8 1.5v1.25M8 13.25v1.25M1.5 8h1.25M13.25 8h1.25M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9" /></symbol>
      <symbol id="i-left" viewBox="0 0 16 16"><path d="m9.5 4.500-3.500 3.500 3.500 3.500" /></symbol>
      <symbol id="i-up" viewBox="0 0 16 16"><path d="m4.500 9.500 3.500-3.500 3.500 3.500" /></symbol>
      <symbol id="i-panel" viewBox="0 0 16 16"><rect x="2" y="3" width="12" height="10" rx="1.5" /><path d="M10 3v10" /></symbol>
      <symbol id="i-keyboard" viewBox="0 0 16 16"><rect x="1.500" y="4" width="13" height="8.500" rx="1.5" /><path d="M4.500 7h.01M8 7h.01M11.500 7h.01M5 10h6" /></symbol>
    </svg>
  );
}
