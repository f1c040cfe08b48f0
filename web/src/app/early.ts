// What an address needs is asked for before its page is drawn: its file, who is here, and its answers. A page that is drawn
// whole needs no skeleton, and React keeps a skeleton that it has once shown for 300 ms.
import type { QueryClient } from '@tanstack/react-query';
import {
  activityQuery, checksQuery, destinationsQuery, healthQuery, ingestQuery, keys, meQuery, nodesQuery, playbackQuery, projectEventsQuery,
  projectQuery, projectsQuery, reportQuery, sessionsQuery, setupQuery, statsQuery, streamKeysQuery, streamsQuery, systemQuery, tokensQuery,
  usersQuery, webhooksQuery,
} from '@/api/queries';
import { isWaiting } from '@/words/states';
import { Chart, Encoder, pages, settings } from './pages';

type Answers = (client: QueryClient, id: string) => Promise<unknown>[];
interface Need {
  page?: { ready: () => Promise<unknown> };
  answers?: Answers;
}

/** How long a page that is not there yet is waited for before its skeleton is drawn. */
const PATIENCE_MS = 350;

const room: Answers = (client, id) => [
  client.prefetchQuery(destinationsQuery(id)),
  client.prefetchQuery(projectQuery(id)),
];

/** A part of the settings is a file of its own, with one list in it. */
const part: Answers = (client, id) => {
  const lists: Partial<Record<string, () => Promise<unknown>>> = {
    account: () => Promise.all([client.prefetchQuery(sessionsQuery), client.prefetchQuery(setupQuery)]),
    tokens: () => client.prefetchQuery(tokensQuery),
    webhooks: () => Promise.all([client.prefetchQuery(webhooksQuery), client.prefetchQuery(projectsQuery)]),
    users: () => client.prefetchQuery(usersQuery),
  };
  const key = (id || 'account') as keyof typeof settings;
  return [settings[key]?.ready() ?? Promise.resolve(), lists[key]?.() ?? Promise.resolve()];
};

const NEEDS: [RegExp, Need][] = [
  [/^\/()$/, { answers: (client) => [client.prefetchQuery(projectsQuery)] }],
  [/^\/projects()$/, { page: pages.Projects, answers: (client) => [client.prefetchQuery(projectsQuery)] }],
  [
    /^\/projects\/([^/]+)$/,
    {
      page: pages.Project,
      answers: (client, id) => [
        ...room(client, id),
        client.prefetchQuery(playbackQuery(id)),
        client.prefetchQuery(projectQuery(id)).then(() => signal(client, id)),
      ],
    },
  ],
  [
    /^\/projects\/([^/]+)\/streams$/,
    { page: pages.Streams, answers: (client, id) => [client.prefetchQuery(projectQuery(id)), client.prefetchInfiniteQuery(streamsQuery(id))] },
  ],
  [
    /^\/projects\/([^/]+)\/settings$/,
    {
      page: pages.ProjectSettings,
      answers: (client, id) => [
        client.prefetchQuery(projectQuery(id)),
        client.prefetchQuery(streamKeysQuery(id)),
        client.prefetchQuery(playbackQuery(id)),
      ],
    },
  ],
  [/^\/streams\/([^/]+)$/, { page: pages.Stream, answers: (client, id) => [client.prefetchQuery(reportQuery(id))] }],
  [/^\/dock\/([^/]+)$/, { page: pages.Dock, answers: room }],
  [
    /^\/activity()$/,
    {
      page: pages.Activity,
      answers: (client) => [
        client.prefetchQuery(projectsQuery),
        // A filter stands behind the path, and its list is asked for by the page.
        ...(location.search ? [] : [client.prefetchInfiniteQuery(activityQuery({}))]),
      ],
    },
  ],
  [
    /^\/system()$/,
    {
      page: pages.System,
      answers: (client) => {
        // The checks connect to destinations, and nothing waits for them.
        void client.prefetchQuery(checksQuery);
        return [client.prefetchQuery(systemQuery), client.prefetchQuery(nodesQuery)];
      },
    },
  ],
  [/^\/settings(?:\/([a-z]+))?$/, { page: pages.Settings, answers: part }],
  [/^\/sign-in()$/, { page: pages.SignIn, answers: (client) => [client.prefetchQuery(setupQuery)] }],
  [/^\/setup()\b/, { page: pages.Setup, answers: (client) => [client.prefetchQuery(setupQuery)] }],
];

/** Where to send, while nobody does: that is closed while an encoder is there. How a broadcast goes is shown later. */
async function signal(client: QueryClient, id: string): Promise<unknown> {
  const live = client.getQueryData(projectQuery(id).queryKey)?.live;
  return live && isWaiting(live.state) ? Promise.all([Encoder.ready(), ...ways(client, id)]) : null;
}

const ways = (client: QueryClient, id: string): Promise<unknown>[] => [client.prefetchQuery(ingestQuery(id)), client.prefetchQuery(streamKeysQuery(id))];

/** The answers about the broadcast that is on the air. */
async function figures(client: QueryClient, id: string): Promise<unknown> {
  const live = client.getQueryData(projectQuery(id).queryKey)?.live;
  if (!live || isWaiting(live.state)) return null;
  const stream = live.broadcast_id;
  return Promise.all([
    ...(live.test_pattern ? ways(client, id) : []),
    ...(stream ? [client.prefetchQuery(healthQuery(stream)), client.prefetchQuery(statsQuery(stream))] : []),
  ]);
}

/** What the room shows below its first picture, or as long as that is waited for. The curve's file alone runs for 15 ms. */
export async function belowRoom(client: QueryClient, id: string): Promise<unknown> {
  const live = client.getQueryData(projectQuery(id).queryKey)?.live;
  const curve = live?.broadcast_id && !isWaiting(live.state) ? Chart.ready() : null;
  return patiently([curve, Encoder.ready(), figures(client, id), client.prefetchInfiniteQuery(projectEventsQuery(id))]);
}

const patiently = (all: unknown[]): Promise<unknown> => Promise.race([Promise.allSettled(all), new Promise((done) => setTimeout(done, PATIENCE_MS))]);

/** Who is here; for nobody, the door. */
async function person(client: QueryClient): Promise<unknown> {
  await client.prefetchQuery(meQuery);
  return client.getQueryData(keys.me) === null && Promise.all([client.prefetchQuery(setupQuery), pages.SignIn.ready()]);
}

/**
 * Asks for it all, and comes back when it is there or has been waited for long enough. What fails here is asked for again
 * where it is needed, and is said there.
 */
export async function early(client: QueryClient, path: string): Promise<void> {
  const [pattern, need] = NEEDS.find(([each]) => each.test(path)) ?? [/()/, { page: pages.NotFound }];
  // An id of ours has nothing to decode, and what a stranger wrote into an address may not be decodable.
  const id = pattern.exec(path)?.[1] ?? '';
  const all = [person(client), need.page?.ready(), ...(need.answers?.(client, id) ?? [])];
  await patiently(all);
}
