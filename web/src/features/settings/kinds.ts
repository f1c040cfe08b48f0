// What a webhook is told of, as people choose it: an id, words, and the events that are meant.
export const KINDS: [string, string, string[]][] = [
  ['trouble', 'Trouble: drops, failures, refused encoders', ['output.state', 'ingest.interrupted', 'ingest.rejected', 'health.changed']],
  ['shows', 'Shows: begin and end', ['stream.started', 'stream.ended', 'playback.ready']],
  ['all', 'Everything', ['*']],
];

/** The words for a list of events; one that a program has made is told as it is. */
export function kindOf(events: string[]): string {
  const known = KINDS.find(([, , all]) => all.length === events.length && all.every((each) => events.includes(each)));
  return known ? known[1] : events.join(', ');
}
