// Figures as people read them. One place, so that the same bitrate looks the same everywhere.

/** `6.02 Mbit/s`; a dash where nothing flows. */
export function bitrate(bits: number | null | undefined): string {
  if (!bits || bits <= 0) return '–';
  if (bits < 1e6) return `${Math.round(bits / 1e3)} kbit/s`;
  return `${(bits / 1e6).toFixed(bits < 1e7 ? 2 : 1)} Mbit/s`;
}

export function bytes(count: number | null | undefined): string {
  if (count == null) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  const value = count / 1000 ** power;
  return `${value.toFixed(power && value < 100 ? 1 : 0)} ${units[power]}`;
}

/** `1:04:09` or `4:09`: a clock that runs. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(m).padStart(h ? 2 : 1, '0')}:${String(s).padStart(2, '0')}`;
  return h ? `${h}:${tail}` : tail;
}

/** `12 s`, `4 min`, `3 h 20 min`, `5 days`: a length of time in words. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) {
    const minutes = Math.floor(whole / 60) % 60;
    return `${Math.floor(whole / 3600)} h${minutes ? ` ${minutes} min` : ''}`;
  }
  const days = Math.floor(whole / 86400);
  return `${days} day${days === 1 ? '' : 's'}`;
}

export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  return seconds < 5 ? 'just now' : `${span(seconds)} ago`;
}

export function milliseconds(ms: number | null | undefined): string {
  if (ms == null) return '–';
  const text = Math.abs(ms) < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  return text.replace('-', '−');
}

/** A format costs milliseconds to make: it is made when first used, and not while a page is being loaded. */
function moments(options: Intl.DateTimeFormatOptions): (at: string | number) => string {
  let made: Intl.DateTimeFormat | undefined;
  return (at) => (made ??= new Intl.DateTimeFormat(undefined, options)).format(new Date(at));
}

export const timeOfDay = moments({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
export const date = moments({ day: 'numeric', month: 'short', year: 'numeric' });
export const dateTime = moments({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** `12,345`, and without a format, whose first use costs milliseconds too. */
export function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `3 viewers`, `1 viewer`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${whole(value)} ${value === 1 ? one : many}`;
}

/** `the key is not known` as a sentence of its own. */
export function sentence(words: string): string {
  return words && words[0]?.toUpperCase() + words.slice(1).replace(/\.?$/, '.');
}
