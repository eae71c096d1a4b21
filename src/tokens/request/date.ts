/** Reads a date as forms give it: `YYYY-MM-DDTHH:MM`, in UTC. */

const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

/** Epoch seconds; undefined for another form, or for what no calendar or clock has, such as the 30th of February. */
export function parseDate(text: string): number | undefined {
  if (!DATE.test(text)) return undefined;
  const date = new Date(`${text}:00.000Z`);
  // Date takes the 30th of February for the 1st of March, and 24:00 for the next day.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) return undefined;
  return date.getTime() / 1000;
}
