/** Parses a date in the format of HTML forms: `YYYY-MM-DDTHH:MM`, in UTC. */

const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

/** Returns epoch seconds; undefined for another format or an impossible date, such as the 30th of February. */
export function parseDate(text: string): number | undefined {
  if (!DATE.test(text)) return undefined;
  const date = new Date(`${text}:00.000Z`);
  // Date parses the 30th of February as the 1st of March, and 24:00 as the next day.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) return undefined;
  return date.getTime() / 1000;
}
