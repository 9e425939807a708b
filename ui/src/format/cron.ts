/** Five-field cron in words, for the patterns people write. Anything else is shown as it stands. */

const DAYS = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];
const DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const ALIASES: Record<string, string> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
};

function weekday(text: string): number | undefined {
  const named = DAY_NAMES.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  return /^[0-7]$/.test(text) ? Number(text) % 7 : undefined;
}

function ordinal(value: number): string {
  const tens = value % 100;
  const suffix = tens >= 11 && tens <= 13 ? "th" : (["th", "st", "nd", "rd"][value % 10] ?? "th");
  return `${value}${suffix}`;
}

function minutesOnly(minute: string): string | undefined {
  if (minute === "*") return "every minute";
  const step = /^\*\/(\d+)$/.exec(minute);
  if (step) return `every ${step[1]} min`;
  if (/^\d+$/.test(minute)) return minute === "0" ? "every hour" : `every hour at :${minute.padStart(2, "0")}`;
  return undefined;
}

function daysOfWeek(field: string): string | undefined {
  if (/^(1-5|mon-fri)$/i.test(field)) return "on weekdays";
  if (/^(0,6|6,0|sat,sun|6-7)$/i.test(field)) return "at weekends";
  const days = field.split(",").map(weekday);
  if (days.some((day) => day === undefined)) return undefined;
  return days.map((day) => DAYS[day ?? 0]).join(", ");
}

/** `0 5 * * *` becomes `05:00 every day`; an unknown pattern comes back unchanged. */
export function cronInWords(cron: string): string {
  const text = ALIASES[cron.trim()] ?? cron.trim();
  const fields = text.split(/\s+/);
  if (fields.length !== 5) return cron;
  const [minute = "", hour = "", day = "", month = "", week = ""] = fields;
  if (month !== "*") return cron;
  if (hour === "*" && day === "*" && week === "*") return minutesOnly(minute) ?? cron;
  if (!/^\d+$/.test(minute)) return cron;
  const everyHours = /^\*\/(\d+)$/.exec(hour);
  if (everyHours && day === "*" && week === "*") return `every ${everyHours[1]} h at :${minute.padStart(2, "0")}`;
  if (!/^\d+(,\d+)*$/.test(hour)) return cron;
  const at = hour.split(",").map((value) => `${value.padStart(2, "0")}:${minute.padStart(2, "0")}`).join(", ");
  if (day === "*" && week === "*") return `${at} every day`;
  if (day === "*") {
    const words = daysOfWeek(week);
    if (!words) return cron;
    return words.startsWith("on") || words.startsWith("at") ? `${at} ${words}` : `${words} ${at}`;
  }
  if (week === "*" && /^\d+$/.test(day)) return `${at} on the ${ordinal(Number(day))} of the month`;
  return cron;
}
