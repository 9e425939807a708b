/**
 * Times and durations in words. One zone is used on every page; it is chosen once and shown in the top bar.
 * All functions take epoch milliseconds, so tests need no clock.
 */

/** One zone: pages are not drawn anew, and what was typed lost, because a server calls it by another name than a browser. */
const UTC_NAMES = new Set(["UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"]);
const named = (name: string) => (UTC_NAMES.has(name) ? "UTC" : name);
let zone = named(new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
const zoneListeners = new Set<() => void>();
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The zone every time on the page is shown in (an IANA name). */
export function currentZone(): string {
  return zone;
}

/** Choose the zone for every later call. Unknown names are refused and the old zone stays. */
export function setZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
  } catch {
    return false;
  }
  const plain = named(name);
  if (zone === plain) return true;
  zone = plain;
  for (const listener of zoneListeners) listener();
  return true;
}

/** Hear of a change of zone. */
export function subscribeZone(listener: () => void): () => void {
  zoneListeners.add(listener);
  return () => zoneListeners.delete(listener);
}

function formatter(kind: string, options: Intl.DateTimeFormatOptions, timeZone: string): Intl.DateTimeFormat {
  const id = `${kind}|${timeZone}`;
  let found = formatters.get(id);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone });
    formatters.set(id, found);
  }
  return found;
}

const HOUR_MINUTE: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY_MONTH: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };

/** `09:12` */
export function clock(at: number, timeZone = zone): string {
  return formatter("hm", HOUR_MINUTE, timeZone).format(at);
}

/** `09:12:04` */
export function clockSeconds(at: number, timeZone = zone): string {
  return formatter("hms", { ...HOUR_MINUTE, second: "2-digit" }, timeZone).format(at);
}

/** `09:12:04.117`; the milliseconds are zone free. */
export function clockMillis(at: number, timeZone = zone): string {
  return `${clockSeconds(at, timeZone)}.${String(((at % 1000) + 1000) % 1000).padStart(3, "0").slice(0, 3)}`;
}

/** `2013-11-19` in the zone, good for comparing days. */
export function dayKey(at: number, timeZone = zone): string {
  const parts = formatter("ymd", { year: "numeric", month: "2-digit", day: "2-digit" }, timeZone).formatToParts(at);
  const pick = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return `${pick("year")}-${pick("month")}-${pick("day")}`;
}

/** `19 Nov`, with the year when it is not the year of `now`. */
export function dayMonth(at: number, now: number, timeZone = zone): string {
  const text = formatter("dm", DAY_MONTH, timeZone).format(at);
  const year = dayKey(at, timeZone).slice(0, 4);
  return year === dayKey(now, timeZone).slice(0, 4) ? text : `${text} ${year}`;
}

/** The short form for a table cell: the clock for today, the day otherwise. */
export function shortWhen(at: number, now: number, timeZone = zone): string {
  return dayKey(at, timeZone) === dayKey(now, timeZone) ? clock(at, timeZone) : dayMonth(at, now, timeZone);
}

/** `today 10:40`, `tomorrow 05:00`, `Mon 25 Nov 06:00`: for what is still to come. */
export function upcoming(at: number, now: number, timeZone = zone): string {
  const day = dayKey(at, timeZone);
  if (day === dayKey(now, timeZone)) return clock(at, timeZone);
  if (day === dayKey(now + 86_400_000, timeZone)) return `tomorrow ${clock(at, timeZone)}`;
  const weekday = formatter("wd", { weekday: "short" }, timeZone).format(at);
  if (at - now < 6 * 86_400_000) return `${weekday} ${clock(at, timeZone)}`;
  return `${weekday} ${dayMonth(at, now, timeZone)} ${clock(at, timeZone)}`;
}

/** `just now`, `30 min ago`, `4 h ago`, `3 d ago`. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  return seconds < 10 ? "just now" : `${age(seconds)} ago`;
}

/** An age in one unit: `42 s`, `30 min`, `4 h`, `3 d`. */
export function age(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A duration in two units: `220 ms`, `9.4 s`, `2 m 14 s`, `1 h 05 m`, `2 d 04 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} m`;
  return `${Math.floor(whole / 86_400)} d ${pad(Math.floor((whole % 86_400) / 3600))} h`;
}

/** The zone for the top bar: `New York, UTC−5`. */
export function zoneLabel(at: number, timeZone = zone): string {
  const parts = formatter("off", { timeZoneName: "shortOffset" }, timeZone).formatToParts(at);
  const offset = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  const city = timeZone.split("/").at(-1)?.replaceAll("_", " ") ?? timeZone;
  const shown = offset.replace("GMT", "UTC").replace("-", "−");
  return city === "UTC" || shown === city ? "UTC" : `${city}, ${shown || "UTC"}`;
}

/** The full form for tooltips: local time with zone, then UTC. */
export function fullTime(at: number, timeZone = zone): string {
  const local = `${dayKey(at, timeZone)} ${clockSeconds(at, timeZone)} ${timeZone}`;
  return timeZone === "UTC" ? local : `${local}\n${new Date(at).toISOString().replace("T", " ").slice(0, 19)} UTC`;
}
