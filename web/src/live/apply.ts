// What an event makes old. The server says that something changed; the queries that show it ask again.
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { isOverdue } from '../api/look';
import { keys } from '../api/queries';
import type { Destination, Event, Output, Stats } from '../api/types';
import { link } from './link';
import { samples } from './samples';

/** Events come in bursts; what they make old is asked for once. */
const GATHER_MS = 120;

type Old = (event: Event) => QueryKey[];

/** In a key: whichever project. */
const ANY = '*';

const project = (id: string | null, ...parts: string[]): QueryKey[] =>
  id ? parts.map((part) => keys.projectPart(id, part)) : [];
const stream = (id: string | null, ...parts: string[]): QueryKey[] =>
  id ? parts.map((part) => keys.streamPart(id, part)) : [];

/** The project itself (not its parts) and every list that shows it. */
const face = (id: string | null): QueryKey[] => (id ? [keys.projects, keys.project(id)] : [keys.projects]);

const RULES: [RegExp, Old][] = [
  // A key that nobody has belongs to no project; it is news to all that wait.
  [/^ingest\.rejected/, (e) => (e.project_id ? [] : [keys.projectPart(ANY, 'ingest')])],
  [/^ingest\./, (e) => [...face(e.project_id), keys.connections, ...project(e.project_id, 'ingest', 'playback')]],
  [/^stream\./, (e) => [
    ...face(e.project_id),
    ...project(e.project_id, 'streams', 'playback', 'destinations', 'ingest'),
    ...(e.stream_id ? [keys.stream(e.stream_id)] : []),
    ...stream(e.stream_id, 'health', 'stats', 'report'),
  ]],
  [/^playback\.ready/, (e) => [...face(e.project_id), ...project(e.project_id, 'playback')]],
  [/^health\.changed/, (e) => [...face(e.project_id), ...stream(e.stream_id, 'health')]],
  [/^output\.state/, (e) => [...face(e.project_id), ...project(e.project_id, 'destinations')]],
  [/^destination\.tested/, (e) => [keys.destinationTest(String(e.data.destination_id ?? ''))]],
  [/^destination\./, (e) => [...face(e.project_id), ...project(e.project_id, 'destinations')]],
  // It is said of the project, its keys and its destinations alike.
  [/^project\./, (e) => [...face(e.project_id), ...project(e.project_id, 'playback', 'ingest', 'destinations', 'stream-keys')]],
  [/^stream_key\./, (e) => project(e.project_id, 'stream-keys')],
  [/^user\.|^session\./, () => [keys.users, keys.sessions]],
  [/^node\./, () => [keys.system]],
];

/** The queries that show what this event is about. */
export function madeOld(event: Event): QueryKey[] {
  return [...RULES.flatMap(([type, old]) => (type.test(event.type) ? old(event) : [])), keys.events];
}

/** Keys that are matched whole: their children are other questions. */
function isWhole(key: QueryKey): boolean {
  return (key[0] === 'project' || key[0] === 'stream') && key.length === 2;
}

/** The queries that a key stands for. */
function under(key: QueryKey): { queryKey: QueryKey; exact: boolean } | { predicate: (query: { queryKey: QueryKey }) => boolean } {
  if (!key.includes(ANY)) return { queryKey: key, exact: isWhole(key) };
  return { predicate: ({ queryKey }) => key.every((part, index) => part === ANY || part === queryKey[index]) };
}

/** An output's state is in the event: the row need not wait for an answer. */
function putOutput(client: QueryClient, event: Event): void {
  const told = (event.data.output ?? event.data) as Partial<Output>;
  if (!event.project_id || !told.destination_id || !told.state) return;
  client.setQueryData<Destination[]>(keys.projectPart(event.project_id, 'destinations'), (all) =>
    all?.map((each) => (each.id === told.destination_id ? { ...each, output: { ...each.output, ...told } } : each)),
  );
}

/** A list that was asked for just now has no younger answer. */
const FRESH_MS = 2000;

/**
 * The list of destinations, where one is in another state than is shown, or its countdown is over: not every turn has an
 * event, and the figures of each second have them all.
 */
function turned(client: QueryClient, { project_id, outputs }: Stats): QueryKey[] {
  const key = keys.projectPart(project_id, 'destinations');
  const query = client.getQueryState<Destination[]>(key);
  const isOld = Date.now() - (query?.dataUpdatedAt ?? 0) > FRESH_MS;
  const isOther = outputs.some(({ destination_id, state }) => {
    const known = state && query?.data?.find((each) => each.id === destination_id);
    return known && (known.output.state !== state || (isOld && isOverdue(known)));
  });
  return isOther ? [key] : [];
}

/** Ties the link to the cache; the answer unties it. */
export function applyEvents(client: QueryClient): () => void {
  const old = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    for (const key of old.values()) void client.invalidateQueries(under(key));
    old.clear();
  };
  const unlisten = link.listen((message) => {
    if (message.kind === 'stats') {
      samples.push(message.stats);
      for (const key of turned(client, message.stats)) void client.invalidateQueries({ queryKey: key });
      return;
    }
    if (message.kind === 'open') {
      // What happened meanwhile is told, as far back as the server remembers; asking again covers what is in no event.
      if (message.missed) void client.invalidateQueries();
      return;
    }
    const { event } = message;
    if (event.type === 'output.state') putOutput(client, event);
    if (event.type === 'stream.started' && event.project_id) samples.forget(event.project_id);
    for (const key of madeOld(event)) old.set(JSON.stringify(key), key);
    timer ??= setTimeout(flush, GATHER_MS);
  });
  return () => {
    clearTimeout(timer);
    unlisten();
  };
}
