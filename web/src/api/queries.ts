// What can be asked, each with its key. Nothing here polls: events say when an answer is old (`live/apply`).
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ApiError, api, ok } from './client';
import { nextLook } from './look';

/** Keys are nested by what they belong to, so that one change can make a whole branch old. */
export const keys = {
  setup: ['setup'] as const,
  me: ['me'] as const,
  projects: ['projects'] as const,
  project: (id: string) => ['project', id] as const,
  projectPart: (id: string, part: string) => ['project', id, part] as const,
  stream: (id: string) => ['stream', id] as const,
  streamPart: (id: string, part: string) => ['stream', id, part] as const,
  destinationTest: (id: string) => ['destination-test', id] as const,
  platforms: ['platforms'] as const,
  events: ['events'] as const,
  system: ['system'] as const,
  users: ['users'] as const,
  tokens: ['tokens'] as const,
  sessions: ['sessions'] as const,
  webhooks: ['webhooks'] as const,
  connections: ['connections'] as const,
};

/** The most that one page may hold; lists that people keep short are read whole. */
const WHOLE = 100;

const path = (id: string) => ({ params: { path: { id } } });

export const setupQuery = queryOptions({ queryKey: keys.setup, queryFn: () => ok(api.GET('/setup')) });

/** What a one-time link is for; one that does not work is refused. */
export const linkQuery = (link: string) =>
  queryOptions({ queryKey: ['setup', 'link', link], queryFn: () => ok(api.POST('/setup/link', { body: { link } })), retry: false, staleTime: 0, throwOnError: false });

/** Who is signed in; null for nobody, which is an answer and not an error. */
export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: async () => {
    try {
      return await ok(api.GET('/me'));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
});

export const projectsQuery = queryOptions({
  queryKey: keys.projects,
  queryFn: async () => {
    const items = [];
    let cursor: string | undefined;
    do {
      const page = await ok(api.GET('/projects', { params: { query: { limit: WHOLE, ...(cursor && { cursor }) } } }));
      items.push(...page.items);
      cursor = page.next_cursor ?? undefined;
    } while (cursor && items.length < 1000);
    return items;
  },
});

export const projectQuery = (id: string) =>
  queryOptions({ queryKey: keys.project(id), queryFn: () => ok(api.GET('/projects/{id}', path(id))) });

export const destinationsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.projectPart(id, 'destinations'),
    refetchInterval: ({ state }) => nextLook(state.data ?? []),
    queryFn: async () => (await ok(api.GET('/projects/{id}/destinations', path(id)))).items,
  });

export const streamKeysQuery = (id: string) =>
  queryOptions({
    queryKey: keys.projectPart(id, 'stream-keys'),
    queryFn: async () => (await ok(api.GET('/projects/{id}/stream-keys', path(id)))).items,
  });

export const playbackQuery = (id: string) =>
  queryOptions({
    queryKey: keys.projectPart(id, 'playback'),
    queryFn: () => ok(api.GET('/projects/{id}/playback', path(id))),
  });

export const ingestQuery = (id: string) =>
  queryOptions({
    queryKey: keys.projectPart(id, 'ingest'),
    queryFn: async () => {
      const ingest = await ok(api.GET('/projects/{id}/ingest', path(id)));
      return { ...ingest, servers: [...ingest.rtmps, ...ingest.rtmp].map(({ server }) => server) };
    },
  });

export const connectionsQuery = queryOptions({
  queryKey: keys.connections,
  queryFn: async () => (await ok(api.GET('/ingest/connections'))).items,
});

export const platformsQuery = queryOptions({
  queryKey: keys.platforms,
  queryFn: async () => (await ok(api.GET('/platforms'))).items,
  staleTime: Infinity,
});

export const testQuery = (id: string) =>
  queryOptions({
    queryKey: keys.destinationTest(id),
    queryFn: async () => {
      try {
        return await ok(api.GET('/destinations/{id}/test', path(id)));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });

export const streamQuery = (id: string) =>
  queryOptions({ queryKey: keys.stream(id), queryFn: () => ok(api.GET('/streams/{id}', path(id))) });

export const healthQuery = (id: string) =>
  queryOptions({
    queryKey: keys.streamPart(id, 'health'),
    queryFn: () => ok(api.GET('/streams/{id}/health', path(id))),
  });

/** The last five minutes of a broadcast; what follows comes by events (`live/samples`). */
export const statsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.streamPart(id, 'stats'),
    queryFn: () => ok(api.GET('/streams/{id}/stats', { params: { path: { id }, query: { step_s: 1 } } })),
  });

export const reportQuery = (id: string) =>
  queryOptions({
    queryKey: keys.streamPart(id, 'report'),
    queryFn: () => ok(api.GET('/streams/{id}/report', path(id))),
  });

const NEXT = { initialPageParam: '', getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor };

export const streamsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: keys.projectPart(id, 'streams'),
    queryFn: ({ pageParam }) =>
      ok(api.GET('/projects/{id}/streams', { params: { path: { id }, query: cursor(pageParam) } })),
    ...NEXT,
  });

export interface EventFilter {
  project_id?: string;
  stream_id?: string;
  type?: string;
}

export const eventsQuery = (filter: EventFilter, limit = 25) =>
  infiniteQueryOptions({
    queryKey: [...keys.events, filter, limit],
    queryFn: ({ pageParam }) =>
      ok(api.GET('/events', { params: { query: { ...filter, limit, ...cursor(pageParam) } } })),
    ...NEXT,
  });

/** What happened in a project, as its room shows it. */
export const projectEventsQuery = (id: string) => eventsQuery({ project_id: id }, 12);

/** What happened, as the page of it shows it. */
export const activityQuery = (filter: EventFilter) => eventsQuery(filter, 50);

export const systemQuery = queryOptions({ queryKey: keys.system, queryFn: () => ok(api.GET('/system')) });

export const nodesQuery = queryOptions({
  queryKey: [...keys.system, 'nodes'],
  queryFn: async () => (await ok(api.GET('/system/nodes'))).items,
});

export const checksQuery = queryOptions({
  queryKey: [...keys.system, 'checks'],
  queryFn: async () => (await ok(api.GET('/system/checks'))).items,
});

export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: async () => (await ok(api.GET('/users', { params: { query: { limit: WHOLE } } }))).items,
});

export const tokensQuery = queryOptions({
  queryKey: keys.tokens,
  queryFn: async () => (await ok(api.GET('/tokens', { params: { query: { limit: WHOLE } } }))).items,
});

export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: async () => (await ok(api.GET('/me/sessions', { params: { query: { limit: WHOLE } } }))).items,
});

export const webhooksQuery = queryOptions({
  queryKey: keys.webhooks,
  queryFn: async () => (await ok(api.GET('/webhooks', { params: { query: { limit: WHOLE } } }))).items,
});

export const deliveriesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.webhooks, id, 'deliveries'],
    queryFn: ({ pageParam }) =>
      ok(api.GET('/webhooks/{id}/deliveries', { params: { path: { id }, query: cursor(pageParam) } })),
    ...NEXT,
  });

function cursor(page: string): { cursor?: string } {
  return page ? { cursor: page } : {};
}
